"""The original files of ToMBench, brought into the envelope: an English and a Chinese row for each record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from odyssim.tasks.records import digest, read_jsonl, text_of
from odyssim.tasks.rows import Row
from odyssim.types import Json, Origin

FOLDER: Final = "bench/tombench/data"
_COLUMNS: Final = {"en": ("STORY", "QUESTION", "OPTION-"), "zh": ("故事", "问题", "选项")}


def tombench_rows(folder: Path) -> Iterator[Row]:
    """The rows of every file, two a record: English at an even index, Chinese at the odd one after it.

    `story_id` is the same in all rows of a story.
    """
    records = [(path, *found) for path in sorted(folder.glob("*.jsonl")) for found in read_jsonl(path)]
    stories = _story_ids(record for _, _, record in records)
    index = 0
    for path, line, record in records:
        shared = {
            "story_id": stories[text_of(record, "STORY")],
            "task": path.stem,
            "ability": text_of(record, "能力\nABILITY"),
            "number": record.get("序号\nINDEX"),
            "correct_letter": text_of(record, "答案\nANSWER"),
        }
        for language in _COLUMNS:
            info = shared | _told_in(record, language)
            yield Row("tombench", index, info, Origin.PUBLISHED, path=path, line=line)
            index += 1


def _story_ids(records: Iterable[Json]) -> dict[str, str]:
    """A name for the story that a text tells, by text.

    Every record repeats its story, and now and then one of the two tellings differs by a word from that in the record
    before: records are about one story if they share either telling.
    """
    earlier: dict[str, str] = {}

    def first(telling: str) -> str:
        while earlier.setdefault(telling, telling) != telling:
            telling = earlier[telling]
        return telling

    for record in records:
        earlier[first(text_of(record, "STORY"))] = first(text_of(record, "故事"))
    return {telling: digest(first(telling)) for telling in earlier}


def _told_in(record: Json, language: str) -> Json:
    story, question, option = _COLUMNS[language]
    options = {letter: record.get(f"{option}{letter}") for letter in "ABCD"}
    return {
        "language": language,
        "story": text_of(record, story),
        "question": text_of(record, question),
        # The files write an option that is not there as NaN, which alone differs from itself.
        "options_dict": {letter: text for letter, text in options.items() if text == text},
    }
