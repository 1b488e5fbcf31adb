"""The original files of ToMi, brought into the envelope: repaired answers as JSONL, and the bAbI-style file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from odyssim.errors import DataError
from odyssim.tasks.extraction import contains_word
from odyssim.tasks.records import read_jsonl
from odyssim.tasks.rows import Row
from odyssim.types import Json, Origin

FIXED_FILE: Final = "bench/tomi_fixed/data/fixedtomi/test_balanced.jsonl"
ORIGINAL_FILE: Final = "bench/tomi/tomi_balanced_story_types/fb_all_test.txt"
_PLACED: Final = re.compile(r"(?:The (\w+) (?:is|are) in the (\w+)|\w+ moved the (\w+) to the (\w+))\.")


def fixed_rows(path: Path) -> Iterator[Row]:
    """One row a line of the repaired file; its two containers are the candidates."""
    for line, record in read_jsonl(path):
        story = re.sub(r"^\d+ ", "", str(record.get("story") or ""), flags=re.MULTILINE)
        yield _row(
            "tomi_fixed",
            line,
            {
                "story": story.splitlines(),
                "question": record.get("question"),
                "correct_answer": record.get("answer"),
                "cands": list(record.get("containers") or []),
                "qType": record.get("question_type"),
                "qTypeRaw": record.get("story_type"),
            },
            path,
            line,
        )


def original_rows(path: Path) -> Iterator[Row]:
    """All questions of a bAbI-style file; types come from the `.trace` file beside it, one line a question.

    Candidates are the places that the story puts the asked thing into.
    """
    traces = path.with_suffix(".trace").read_text(encoding="utf-8").splitlines()
    asked = 0
    story: list[str] = []
    for line, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        number, _, rest = raw.partition(" ")
        if not number.isdigit():
            raise DataError("expected 'N sentence'", path=path, line=line)
        if number == "1":
            story = []
        if "\t" not in rest:
            story.append(rest)
            continue
        question, answer, *_ = rest.split("\t")
        if asked >= len(traces):
            raise DataError("more questions than trace lines", path=path, line=line)
        *_, question_type, story_type = traces[asked].split(",")
        info = {
            "story": list(story),
            "question": question,
            "correct_answer": answer,
            "cands": _places_of_asked_thing(story, question),
            "qType": question_type,
            "qTypeRaw": story_type,
        }
        yield _row("tomi", asked, info, path, line)
        asked += 1


def _places_of_asked_thing(story: list[str], question: str) -> list[str]:
    found = [match for match in map(_PLACED.fullmatch, story) if match]
    places = [(match[1] or match[3], match[2] or match[4]) for match in found]
    return sorted({place for thing, place in places if contains_word(question, thing)})


def _row(source: str, index: int, info: Json, path: Path, line: int) -> Row:
    return Row(data_source=source, index=index, info=info, origin=Origin.PUBLISHED, path=path, line=line)
