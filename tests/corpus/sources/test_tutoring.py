"""Readers of lessons: CIMA and MathDial."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.cima import Cima
from odyssim.corpus.sources.mathdial import MathDial
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import (
    assert_an_archive_reads_alike,
    read,
    said,
    write_csv,
    write_json,
    write_jsonl,
    write_text,
)
from tests.corpus.sources.published_counts import assert_reads_whole

OPENING = ["Please fill in the blank. ", "il cane e rosso?"]
EXERCISE: dict[str, Any] = {
    "past_convo": OPENING,
    "img": '"pictures/dog_behind_red_box.png"',
    "engPrep": "is right behind the",
    "engObj": "box",
    "engColor": "red",
    "tutorResponses": ["Almost! ", "No."],
    "grammarRules": "[]",
}
LATER = EXERCISE | {"past_convo": [*OPENING, "box is scatola", "is right behind the scatola?\n"]}


def cima(root: Path) -> None:
    exercises = {"4": LATER, "7": EXERCISE, "9": EXERCISE | {"past_convo": [], "tutorResponses": []}}
    write_json(root / "dataset.json", {"prepDataset": exercises, "shapeDataset": {}})


def test_a_students_turn_is_trained_once_and_a_tutors_where_a_person_answers(tmp_path: Path) -> None:
    cima(tmp_path)
    (longer, shorter), report = read(Cima(), tmp_path)
    assert [(turn.speaker, turn.human, turn.train) for turn in longer.turns] == [
        ("tutor", False, False),
        ("student", True, True),
        ("tutor", False, False),
        ("student", True, True),
        ("tutor", True, True),
    ]
    assert [(turn.text, turn.train) for turn in shorter.turns[1:]] == [("il cane e rosso?", False), ("Almost!", True)]
    assert longer.source.split == shorter.source.split
    assert (longer.source.original_id, shorter.source.original_id) == ("4", "7")
    assert report.records == {"dataset.json": 3}
    assert report.skips["no human turn worth imitating"].first == "dataset.json, entry 9"


def test_the_exercise_is_told_without_what_the_student_says_of_it(tmp_path: Path) -> None:
    cima(tmp_path)
    (longer, shorter), _ = read(Cima(), tmp_path)
    assert longer.context is not None
    assert shorter.context is not None
    assert shorter.context.scenario.endswith(
        "A picture shows a dog; where it is must be said in Italian. "
        'In English: where: "is right behind the"; what else: "box"; its colour: "red".'
    )
    assert "right behind" not in longer.context.scenario


SESSION: dict[str, Any] = {
    "qid": 5,
    "scenario": 1,
    "question": "Two pens cost 3 dollars each. What do they cost?",
    "ground_truth": "2 * 3 = 6\n 6",
    "student_incorrect_solution": "2 + 3 = 5\n 5",
    "student_profile": "Kim is a 7th grade student. She has problem with products.",
    "conversation": "Teacher: (generic)Hi Kim: how much is it?|EOM|Kim: 2 + 3 = 5.|EOM|Teacher: (focus)|EOM|"
    "Teacher: (telling)two pens cost 3 dollars each\nso?",
}


def mathdial(root: Path) -> None:
    write_jsonl(root / "data/test.jsonl", [SESSION, SESSION])
    write_jsonl(root / "data/example.jsonl", [SESSION | {"qid": "6", "conversation": "Teacher: (generic)|EOM|Kim: 5"}])
    columns = list(SESSION)
    write_csv(root / "data/test.csv", [columns, *[[str(SESSION[column]) for column in columns]] * 2])


def test_the_teacher_is_imitated_without_labels_and_empty_turns(tmp_path: Path) -> None:
    mathdial(tmp_path)
    (first, second), report = read(MathDial(), tmp_path)
    assert said(first) == [
        ("teacher", "Hi Kim: how much is it?"),
        ("pupil", "2 + 3 = 5."),
        ("teacher", "two pens cost 3 dollars each\nso?"),
    ]
    assert [(turn.human, turn.train) for turn in first.turns] == [(True, True), (False, False), (True, True)]
    assert (first.source.original_id, second.source.original_id) == ("5-1", "5-2")
    assert first.source.split == "validation"
    assert report.records == {"data/example.jsonl": 1, "data/test.jsonl": 2, "data/test.csv": 2}
    assert {reason: skip.count for reason, skip in report.skips.items()} == {
        "a copy of a session of the JSONL file": 2,
        "no human turn worth imitating": 1,
    }


def test_the_teacher_knows_problem_and_wrong_solution_but_not_the_answer(tmp_path: Path) -> None:
    mathdial(tmp_path)
    (interaction, _), _ = read(MathDial(), tmp_path)
    assert interaction.context is not None
    assert interaction.context.profiles["teacher"] == 'The problem: "What do they cost?" What Kim wrote: "2 + 3 = 5 5"'
    assert "called Kim" in interaction.context.relationship
    assert "= 6" not in interaction.model_dump_json()


BUILT: list[tuple[SourceReader, Callable[[Path], None]]] = [(Cima(), cima), (MathDial(), mathdial)]


@pytest.mark.parametrize(("reader", "build"), BUILT)
def test_a_folder_and_an_archive_read_alike(
    reader: SourceReader, build: Callable[[Path], None], tmp_path: Path
) -> None:
    build(tmp_path / "folder")
    assert_an_archive_reads_alike(reader, tmp_path / "folder")


def test_a_cut_off_object_is_a_data_error_with_its_line(tmp_path: Path) -> None:
    write_text(tmp_path / "dataset.json", '{"prepDataset":\n {"1": {"past_convo": [')
    with pytest.raises(DataError, match="broken JSON") as caught:
        read(Cima(), tmp_path)
    assert (caught.value.path, caught.value.line) == (tmp_path / "dataset.json", 2)


def test_a_session_without_text_is_counted_as_malformed_and_the_rest_is_read(tmp_path: Path) -> None:
    mathdial(tmp_path)
    lines = [json.dumps(SESSION)] * 199 + [json.dumps(SESSION | {"conversation": None})]
    write_text(tmp_path / "data/test.jsonl", "\n".join(lines))
    interactions, report = read(MathDial(), tmp_path)
    assert len(interactions) == 199
    assert report.skips["malformed record"].first.startswith("data/test.jsonl, line 200: conversation")


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in BUILT], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)


@pytest.mark.data
def test_no_student_of_cima_is_trained_twice_on_one_conversation(data_root: Path) -> None:
    seen = set()
    for interaction in assert_reads_whole(Cima(), data_root):
        texts = tuple(turn.text for turn in interaction.turns)
        for index, turn in enumerate(interaction.turns, start=1):
            if turn.train and turn.speaker == "student":
                assert texts[:index] not in seen
                seen.add(texts[:index])
