"""Riddles: a choice task of its own package, with everything that such a task needs.

riddle     What has a bed and never sleeps?
options    A. a river   B. a cat   C. a king
policy     Rivers have beds. <answer>A</answer>
score      1
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from odyssim.tasks.feedback import Brief
from odyssim.tasks.letters import ASK_FOR_LETTER, LetterItem, LetterTask, checked_options
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Profile


class Riddle(LetterItem):
    """One riddle with its options."""

    riddle: str


class Riddles(LetterTask[Riddle]):
    """Which of these is meant?"""

    name: ClassVar[str] = "riddles"
    title: ClassVar[str] = "Riddles"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "CC0-1.0"
    published: ClassVar[PublishedFiles] = PublishedFiles(keys=("riddles",), test=("riddles_val.parquet",))
    fixtures: ClassVar[Path] = Path(__file__).parent
    feedback: ClassVar[Brief | None] = Brief(
        ask="Say in one sentence which word of the riddle has two meanings.",
        never="Name neither an option nor its letter.",
        before="options",
    )

    def read(self, row: Row, profile: Profile) -> Riddle:
        text = row.need("riddle")
        item = Riddle(**row.identity(digest(text)), riddle=text, options=row.texts("options"), gold=row.text("gold"))
        checked_options(item)
        return item

    def prompt(self, item: Riddle, profile: Profile) -> Prompt:
        options = "\n".join(f"{letter}. {text}" for letter, text in self.shown(item, profile).items())
        return Prompt(
            sections=(Section(text=item.riddle), Section(name="options", text=options), Section(text=ASK_FOR_LETTER))
        )
