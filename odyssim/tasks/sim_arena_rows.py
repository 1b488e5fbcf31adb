"""Rows of the SimulatorArena tasks: the published envelope, and the files of the original benchmark.

The original files are those of microsoft/SimulatorArena (MIT). Its profiles of writing and interaction style are not
read: rows made from them have no target features. It does not hold the problems of the MATH data set: each is looked
up below `MATH`, and a row without one says so in its field `unusable`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from odyssim.tasks.records import read_json, record_of, text_of
from odyssim.tasks.rows import Row
from odyssim.tasks.sim_arena import render, turn
from odyssim.tasks.sim_arena_judges import Feature
from odyssim.types import Json, Origin, Profile

_FOLDER: Final = "bench/simulator_arena/data"
_PROFILES: Final = "user_simulator_profiles"
DOCUMENTS: Final = f"{_FOLDER}/document_creation_annotations_for_benchmarking.json"
LESSONS: Final = f"{_FOLDER}/math_tutoring_annotations_redacted_for_benchmarking.json"
MATH: Final = "bench/MATH"


# --- the envelope -----------------------------------------------------------------------------------------------


def unpacked(row: Row, profile: Profile, *required: str) -> Row:
    """The row with the fields of the JSON object in `raw`, if any, in place of its own.

    Raises `DataError` if a `required` field is missing, or blank in `improved`.
    """
    if row.text("raw"):
        try:
            fields = json.loads(row.text("raw"))
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            row.fail("'raw' is not a JSON object")
        row = replace(row, info={**row.info, **fields})
    for key in required:
        if row.info.get(key) is None or (profile is Profile.IMPROVED and not row.text(key)):
            row.fail(f"'{key}' is missing or blank")
    return row


def queries(row: Row, profile: Profile) -> tuple[str, ...]:
    """What the person really wrote, message by message; `improved` takes no blank ones and needs at least one."""
    value = row.info["human_user_queries"]
    said = row.texts("human_user_queries") or ((value,) if isinstance(value, str) else ())
    if profile is Profile.REFERENCE:
        return said
    return tuple(text for text in said if text.strip()) or row.fail("'human_user_queries' is empty")


def human_talk(row: Row, person: str, helper: str, profile: Profile) -> str:
    """The real conversation, rendered unless it comes as text; `improved` needs one."""
    value = row.info["human_public_conversation"]
    names = {"user": person, "assistant": helper}
    turns = [
        turn(names[said["role"]], text_of(said, "content"))
        for said in row.objects("human_public_conversation")
        if said.get("role") in names
    ]
    talk = render(turns, profile) if turns or not isinstance(value, str) else value
    return talk if talk or profile is Profile.REFERENCE else row.fail("'human_public_conversation' is empty")


def features(row: Row, key: str, profile: Profile) -> tuple[Feature, ...]:
    """The usable features of a list: with a name and an answer; as published, a bare question is as good."""
    targets = ("Feature Question Answer", "Feature Question")[: 2 if profile is Profile.REFERENCE else 1]
    found = []
    for feature in row.objects(key):
        name, target = text_of(feature, "Feature Name"), next(filter(None, (text_of(feature, t) for t in targets)), "")
        if name and target:
            found.append(Feature(name=name, target=target))
    return tuple(found)


# --- the original files -----------------------------------------------------------------------------------------


def document_rows(data: Path) -> Iterator[Row]:
    """One row for each annotated conversation about a document, with the person's own notes and preferences."""
    notes = read_json(data / _FOLDER / "document_creation_user_simulator_background.json")
    preferences = read_json(data / _FOLDER / _PROFILES / "document_creation/preferences.json")
    for index, record in enumerate(read_json(data / DOCUMENTS)):
        with record_of(data / DOCUMENTS, index):
            key = "_".join(record[part] for part in ("model", "workerId", "document_type", "intent"))
            liked = _bullets(preferences.get(key, ()), "Preference Name", "Preference Question Answer")
            info = {
                "document_type": record["document_type"],
                "intent": record["intent"],
                "pre_writing_materials_text": _bullets(notes.get(key, ()), "question", "answer"),
                "user_profile_text": liked,
                "target_document_preferences": liked,
                **_talk(record, len(record["user_queries"])),
            }
        yield _row("sim_arena_doc", index, info, data / DOCUMENTS)


def lesson_rows(data: Path) -> Iterator[Row]:
    """One row for each annotated lesson: the talk about its first problem, and what the student knew before it."""
    known = read_json(data / _FOLDER / _PROFILES / "math_tutoring/knowledge_state.json")
    for index, record in enumerate(read_json(data / LESSONS)):
        with record_of(data / LESSONS, index):
            key = str((record["problem_id"], record["workerId"], record["model"]))
            problem = data / MATH / record["question_location"]
            absent = "" if problem.is_file() else f"the text of its problem is not in the data: no file {problem}"
            info = {
                "problem": None if absent else read_json(problem)["problem"],
                "unusable": absent,
                "user_profile_text": _bullets(known.get(key, {}).get("concepts", ()), "Concept Name", "Status"),
                **_talk(record, record["problem_1_turns"]),
            }
        yield _row("sim_arena_math", index, info, data / LESSONS)


def _talk(record: Json, n_queries: int) -> Json:
    said, answers = record["user_queries"][:n_queries], record["ai_responses"][:n_queries]
    return {
        "worker_id": record["workerId"],
        "human_user_queries": said,
        "human_public_conversation": [
            {"role": role, "content": text}
            for pair in zip(said, answers, strict=True)
            for role, text in zip(("user", "assistant"), pair, strict=True)
        ],
    }


def _bullets(records: Sequence[Json], name: str, text: str) -> str:
    return "\n".join(f"- {record[name]}: {_joined(record[text])}" for record in records)


def _joined(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _row(key: str, index: int, info: Json, path: Path) -> Row:
    return Row(data_source=key, index=index, info=info, origin=Origin.PUBLISHED, path=path)
