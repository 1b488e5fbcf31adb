"""ToMBench: social tests made for people, as multiple choice in Chinese and in English. Outside the index.

    story      Lena puts her scarf into the drawer and goes out. Omar moves it to the wardrobe.
    question   Where will Lena look for the scarf first?
    options    A. In the wardrobe, B. In the drawer, C. On the chair, D. In her bag        (or two: A. Yes, B. No)
    policy     She did not see Omar move it. <answer>B</answer>
    score      1, because B is the published letter

Source: Chen et al., ACL 2024 (arXiv 2402.15052); data zhchen18/ToMBench, MIT, and not meant for training. Splits 'en'
and 'zh' hold the rows of 'test' in one language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from odyssim.errors import DataError
from odyssim.tasks.letters import ASK_FOR_LETTER, LETTERS, LetterItem, LetterTask, checked_options, option_lines
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import TEST, PublishedFiles
from odyssim.tasks.records import digest, text_of
from odyssim.tasks.rows import Row
from odyssim.tasks.tombench_files import FOLDER, tombench_rows
from odyssim.types import Axis, Profile

CHINESE: Final = "zh"
_SYSTEM: Final = f"A short story and a question about the people in it follow. {ASK_FOR_LETTER}"
_SYSTEM_ZH: Final = (
    "下面是一个小故事和一个关于故事中人物的问题。请先一步一步地推理，"
    "最后只把你所选选项的字母写在答案标签里，例如 <answer>A</answer>。"
)


class ToMBenchItem(LetterItem):
    """One question in one language. `task` and `ability` are the published names, blank where a row has none."""

    language: str
    story: str
    question: str
    task: str = ""
    ability: str = ""


class ToMBench(LetterTask[ToMBenchItem]):
    """Theory-of-mind tests in two languages."""

    name: ClassVar[str] = "tombench"
    title: ClassVar[str] = "ToMBench"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "MIT"
    published: ClassVar[PublishedFiles] = PublishedFiles(keys=("tombench",))
    reference_strips_thoughts: ClassVar[bool] = False

    def read(self, row: Row, profile: Profile) -> ToMBenchItem:
        story = row.text("story")
        item = ToMBenchItem(
            **row.identity(row.text("story_id") or digest(story)),
            options=_options(row),
            gold=row.text("correct_letter").strip().upper(),
            language=row.need("language"),
            story=story,
            question=row.text("question"),
            task=row.text("task"),
            ability=row.text("ability"),
        )
        if profile is Profile.IMPROVED:
            row.need("question")
            checked_options(item)
        return item

    def original(self, data: Path) -> Iterable[Row] | None:
        folder = data / FOLDER
        return tombench_rows(folder) if any(folder.glob("*.jsonl")) else None

    def further_splits(self) -> tuple[str, ...]:
        return ("en", CHINESE)

    def other_rows(self, split: str, data: Path | None, seed: int) -> Iterator[Row]:
        return (row for row in self.rows(TEST, data=data) if row.text("language") == split)

    def prompt(self, item: ToMBenchItem, profile: Profile) -> Prompt:
        chinese = item.language == CHINESE
        story, question, options = ("故事：", "问题：", "选项：") if chinese else ("Story:", "Question:", "Options:")
        return Prompt(
            system=_SYSTEM_ZH if chinese else _SYSTEM,
            sections=(
                Section(heading=story, text=item.story, cut=Cut.MIDDLE),
                Section(heading=question, text=item.question),
                Section(heading=options, text=option_lines(self.shown(item, profile))),
            ),
        )

    def letter(self, item: ToMBenchItem, text: str | None, profile: Profile) -> str | None:
        if profile is Profile.IMPROVED:
            return super().letter(item, _with_ascii_signs(text or ""), profile)
        if text is None:
            raise DataError(f"{item.id}: no completion; as published, this task cannot score that")
        return super().letter(item, text, profile)

    def facets(self, item: ToMBenchItem) -> dict[str, str]:
        facets = {"language": item.language, "task": item.task, "ability": item.ability}
        return {facet: value for facet, value in facets.items() if value}


def _options(row: Row) -> tuple[str, ...]:
    """The texts of the options, first A; from a struct by letter or a list."""
    for key in ("options_dict", "options"):
        given = row.info.get(key)
        options = [text_of(given, letter) for letter in LETTERS] if isinstance(given, dict) else row.texts(key)
        found = without_labels(options)
        if found:
            return found
    return ()


def without_labels(options: Sequence[str]) -> tuple[str, ...]:
    """The options without their own letters in front ('A. yes', 'B：否') if all have them; blank ones at the end go."""
    labelled = [
        re.fullmatch(rf"\s*{letter}\s*[.:)．：）、](.*)", option, re.DOTALL)
        for letter, option in zip(LETTERS, options, strict=False)
    ]
    if all(label or not option.strip() for label, option in zip(labelled, options, strict=False)):
        options = [label[1] if label else "" for label in labelled]
    texts = [option.strip() for option in options]
    return tuple(texts[: max((place for place, text in enumerate(texts, start=1) if text), default=0)])


def _with_ascii_signs(text: str) -> str:
    """Full-width letters and signs as ASCII, so that `Ｂ`, `（B）` and `B、` are read like B."""
    return unicodedata.normalize("NFKC", text).replace("。", ".").replace("、", ",")
