"""Social-R1: what do people mean, feel, want or know in a short scene? Adversarial multiple choice (COG).

    story      Lena hands Ravi the scarf that she knitted. He says it is just what he needed, puts it into a drawer
               and never wears it.
    question   Why does Ravi say that it is just what he needed?
    options    A. He has no scarf.   B. He does not want to hurt her.   C. He plans to sell it.
    policy     He never wears it, so he is being kind. <answer>B</answer>
    score      1, because B is the published answer

Source: SocialR1 in microsoft/AnthropomorphicIntelligence (arXiv 2603.09249), questions made harder from ToMBench.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from odyssim.errors import DataError
from odyssim.tasks.base import Items, failure_of
from odyssim.tasks.extraction import plain_words
from odyssim.tasks.feedback import Brief
from odyssim.tasks.letters import LETTERS, LetterItem, LetterTask, checked_options
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import TEST, TRAIN, PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row, as_list
from odyssim.types import Axis, Profile

SYSTEM: Final = (
    "You get a multiple-choice question about a social situation. Think about it, but be brief. End with the letter of "
    "the one best option in answer tags, like <answer>A</answer>."
)
LEAKING: Final = Brief(
    ask="Write one or two sentences that solve the task, and end with the right letter in answer tags, like "
    "<answer>A</answer>.",
    never="",
    lead="Here is a model answer; answer in the same way:",
    published_sees_draft=False,
    published_trains_hinted=False,
)
_OPTION = re.compile(r"^[ \t]*([A-Z])[.)][ \t]*(\S.*)$", re.MULTILINE)
_LEADING_LETTER = re.compile(r"\(?([A-Z])(?:[.)]|\Z)", re.IGNORECASE)


class SocialR1Item(LetterItem):
    """One question; `text` is the published message with story, question and options."""

    text: str


class SocialR1(LetterTask[SocialR1Item]):
    """Reasoning about a social scene."""

    name: ClassVar[str] = "social_r1"
    title: ClassVar[str] = "Social-R1"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "unknown"
    reference_letters: ClassVar[str] = LETTERS
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("social_r1",), test=("social_r1_val.parquet",), train=("social_r1_rl.parquet",)
    )
    feedback: ClassVar[Brief | None] = Brief(
        ask="Write one sentence on what they overlooked in the scene: a wish, a feeling, a belief or an intention.",
        never="Do not name an option letter, and neither quote nor paraphrase the right option.",
        published_trains_hinted=False,
    )

    def read(self, row: Row, profile: Profile) -> SocialR1Item:
        text = message_text(row) or row.fail("there is no question: 'prompt_text' is missing or blank")
        found = tuple(line[2].strip() for line in option_lines(text))
        derived = published_letter if profile is Profile.REFERENCE else partial(letter_of_text, options=found)
        item = SocialR1Item(
            **row.identity(digest(story_and_question(text)[0] or text)),
            options=found,
            gold=row.text("answer_letter").strip().upper() or derived(row.text("answer_text")),
            text=text,
        )
        if profile is Profile.IMPROVED:
            checked_options(item)
        return item

    def items(
        self, split: str = TEST, *, data: Path | None = None, profile: Profile = Profile.IMPROVED, seed: int = 0
    ) -> Items[SocialR1Item]:
        """As in `Task`. `improved` drops test questions that stand in the training file too, where that is at hand."""
        items = super().items(split, data=data, profile=profile, seed=seed)
        trained = self._trained(data) if split == TEST and profile is Profile.IMPROVED else frozenset()
        repeated = [item for item in items if plain_words(item.text) in trained]
        if not repeated:
            return items
        fresh = [item for item in items if plain_words(item.text) not in trained]
        failures = (failure_of(DataError(f"{item.id}: the training file has the same question")) for item in repeated)
        return Items(self.arranged(fresh, profile, seed), (*items.dropped, *failures))

    def _trained(self, data: Path | None) -> frozenset[str]:
        if set(self.published.find(TRAIN, data)) <= set(self.published.find(TEST, data)):
            return frozenset()
        return frozenset(plain_words(message_text(row)) for row in self.rows(TRAIN, data=data))

    def prompt(self, item: SocialR1Item, profile: Profile) -> Prompt:
        if profile is Profile.REFERENCE:
            return Prompt(system=SYSTEM, sections=(Section(text=item.text),))
        story, question = story_and_question(with_options(item.text, tuple(self.shown(item, profile).values())))
        return Prompt(system=SYSTEM, sections=(Section(text=story, cut=Cut.MIDDLE), Section(text=question)))

    def chance(self, item: SocialR1Item) -> float | None:
        return super().chance(item) if item.options else None

    def brief(self, profile: Profile) -> Brief | None:
        return LEAKING if profile is Profile.REFERENCE else self.feedback

    def facets(self, item: SocialR1Item) -> dict[str, str]:
        return {"options": str(len(item.options))}


def message_text(row: Row) -> str:
    """The published message: `prompt_text`, the first message of the first conversation, or `prompt`; '' without."""
    conversation = next(iter(row.objects("conversations")), {})
    message = next((part for part in as_list(conversation.get("messages")) if isinstance(part, dict)), {})
    found = (row.text("prompt_text"), str(message.get("content") or ""), row.text("prompt"))
    return next((text for text in found if text.strip()), "")


def option_lines(text: str) -> list[re.Match[str]]:
    """The lines 'A. ...', 'B. ...' of the options: the last that count up from A. Group 2 is the option's text."""
    run: list[re.Match[str]] = []
    for line in _OPTION.finditer(text):
        if line[1] == "A":
            run = [line]
        elif run and line[1] == LETTERS[len(run) : len(run) + 1]:
            run.append(line)
    return run


def with_options(text: str, options: Sequence[str]) -> str:
    """The text with other options in the places of its own."""
    for line, option in reversed(list(zip(option_lines(text), options, strict=True))):
        text = f"{text[: line.start(2)]}{option}{text[line.end(2) :]}"
    return text


def story_and_question(text: str) -> tuple[str, str]:
    """The story, and everything from the question on.

    The question starts at its mark 'Question:', or is the last line above the options and their heading.
    """
    lines = option_lines(text)
    head = (text[: lines[0].start()] if lines else text).rstrip()
    start = head.rfind("Question:")
    if start < 0:
        above, _, last = head.rpartition("\n")
        start = (above.rstrip() if "options" in last.lower() else head).rfind("\n") + 1
    return text[:start].strip(), text[start:].strip()


def published_letter(answer_text: str) -> str:
    """The gold letter that the published code takes from a gold text: its first character, whatever it is."""
    return answer_text.strip()[:1].upper()


def letter_of_text(answer_text: str, options: Sequence[str]) -> str:
    """The letter of the option that a gold text repeats, or that it begins with ('B. ...', '(B) ...'); '' without."""
    texts = [plain_words(option) for option in options]
    if plain_words(answer_text) in texts:
        return LETTERS[texts.index(plain_words(answer_text))]
    leading = _LEADING_LETTER.match(answer_text.strip())
    return leading[1].upper() if leading else ""
