"""LifeChoices: what would this character of a novel decide? A long biography, one turning point, four ways on (ROLE).

    biography  Ilse Brandt grew up in a lighthouse ... She has never left a lamp unlit, not even ...
    scenario   A gale is up, and the ferry that would take her to her sister's wedding sails in ten minutes.
    question   What does Ilse do?
    options    A. She boards the ferry.   B. She stays with the lamp.   C. ...   D. ...
    policy     The lamp comes first with her. <answer>B</answer>
    score      1: B is the letter of the gold answer

Source: LifeChoice (Xu et al. 2024, "Character is Destiny"), 1,462 decisions of 388 novels; its licence is not stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

from odyssim.tasks.choice import Mark
from odyssim.tasks.extraction import final_text, first_words, reference_strip_thoughts
from odyssim.tasks.feedback import Brief
from odyssim.tasks.letters import ASK_FOR_LETTER, LetterItem, LetterTask, checked_options, option_lines
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Profile

HINTED_BIOGRAPHY_WORDS: Final = 2000

_REFERENCE_RULES: Final = tuple(
    re.compile(rule)
    for rule in (
        r"\A([A-D])\Z",
        r"<ANSWER>\s*([A-D])\s*</ANSWER>",
        r"\A([A-D])\s*[.):,]",
        r"CHOICE[:\s]+([A-D])",
        r"ANSWER[:\s]+([A-D])",
        r"\(([A-D])\)",
        r"([A-D])\s*\Z",
        r"([A-D])",
    )
)
_ALONE: Final = re.compile(r"[\s(*\[\"']*([A-Za-z])[\s.):,*\]\"']*")
# A small letter in running text is rather the article 'a' than an option, unless something ends behind it.
_NAMED: Final = re.compile(
    r"\b(?i:choice|answer)\b(?:\s+(?i:is|would be))?[\s:(*\[\"']+([A-Z]\b|[a-z](?=[.),;*\]\"']|\s*$))", re.MULTILINE
)
_MARKED: Final = re.compile(r"^[ \t]*\(?([A-Za-z])\s*[.):,]|\(([A-Za-z])\)", re.MULTILINE)


class LifeChoicesItem(LetterItem):
    """One decision of a character."""

    character: str
    biography: str
    scenario: str
    question: str


class LifeChoices(LetterTask[LifeChoicesItem]):
    """The decision that a character would take."""

    name: ClassVar[str] = "lifechoices"
    title: ClassVar[str] = "LifeChoices"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.ROLE
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("lifechoices",), test=("lifechoices_val.parquet",), train=("lifechoices_hard_rl.parquet",)
    )
    feedback: ClassVar[Brief | None] = Brief(
        ask="Write one sentence that names a trait, a value or a memory of the character which the answer overlooked.",
        never="Neither state nor imply which option is right, by its letter or by its words.",
        before="output",
    )

    def read(self, row: Row, profile: Profile) -> LifeChoicesItem:
        struct = row.info.get("Multiple Choice Question")
        asked = replace(row, info=struct if isinstance(struct, Mapping) else {})
        answer = asked.text("Correct Answer").strip().upper()
        item = LifeChoicesItem(
            **row.identity(digest(row.text("book", "input_text"))),
            options=asked.texts("Options"),
            gold=answer[:1],
            character=row.text("character_name"),
            biography=row.text("input_text"),
            scenario=asked.text("Scenario"),
            question=asked.text("Question"),
        )
        if profile is Profile.IMPROVED:
            if not (item.character and item.biography and item.question):
                row.fail("a character, a biography and a question are needed")
            if answer[1:2].isalnum():
                row.fail(f"the gold answer '{answer}' does not begin with an option letter")
            checked_options(item)
        return item

    def prompt(self, item: LifeChoicesItem, profile: Profile) -> Prompt:
        reference = profile is Profile.REFERENCE
        slots = dict.fromkeys("ABCD", "") if reference else {}
        options = slots | self.shown(item, profile)
        # Rows bring no description: as published, the name stands in for it.
        description = f"Description: {item.character}\n" if reference else ""
        return Prompt(
            sections=(
                Section(
                    text=f"You are {item.character}, a character of a novel. Below are your life so far and a moment "
                    "at which you have to decide. Choose as this person would, not as you find wise or right yourself."
                ),
                Section(
                    heading=f"1. Profile of {item.character}\n{description}Memory:", text=item.biography, cut=Cut.START
                ),
                Section(heading="2. Scenario:", text=item.scenario),
                Section(heading="3. Question:", text=item.question),
                Section(heading="4. Options:", text=option_lines(options)),
                Section(name="output", heading="Output:", text=ASK_FOR_LETTER),
            )
        )

    def hinted(self, item: LifeChoicesItem, hint: str, profile: Profile) -> Prompt:
        """As published, the second attempt reads only the beginning of the biography."""
        if profile is Profile.REFERENCE:
            biography = first_words(item.biography, HINTED_BIOGRAPHY_WORDS)
            item = item.model_copy(update={"biography": biography})
        return super().hinted(item, hint, profile)

    def mark(self, item: LifeChoicesItem, text: str | None, profile: Profile) -> Mark:
        """Metric `fallback`: 1 if the letter was not read from an answer tag."""
        mark = super().mark(item, text, profile)
        fallback = mark.answer is not None and super().letter(item, text, profile) is None
        return mark.model_copy(update={"metrics": {"fallback": float(fallback)}})

    def letter(self, item: LifeChoicesItem, text: str | None, profile: Profile) -> str | None:
        if profile is Profile.REFERENCE:
            return reference_letter(reference_strip_thoughts(text) or "")
        options = "".join(self.shown(item, profile))
        return super().letter(item, text, profile) or stated_letter(final_text(text or "") or "", options)


def reference_letter(text: str) -> str | None:
    """The letter of the first published rule that fires. The last two fire on almost any text."""
    shouted = text.strip().upper()
    return next((match[1] for rule in _REFERENCE_RULES if (match := rule.search(shouted))), None)


def stated_letter(text: str, letters: str) -> str | None:
    """A letter of `letters` that a text without an answer tag states beyond doubt; none if it states none.

    The letter is all of the text; or the last one that 'choice' or 'answer' introduces; or the only one that is set
    apart as `C)` at the start of a line or as `(C)`.
    """
    alone = _ALONE.fullmatch(text)
    named = [match[1] for match in _NAMED.finditer(text)]
    marked = {(match[1] or match[2]).upper() for match in _MARKED.finditer(text)}
    stated = alone[1] if alone else named[-1] if named else marked.pop() if len(marked) == 1 else ""
    return stated.upper() if stated and stated.upper() in letters else None
