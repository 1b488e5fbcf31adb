"""A prompt made of named sections, so that a hint finds its place and a budget cuts only what may be cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from odyssim.errors import PromptTooLong
from odyssim.types import Message, Profile, Record

SLACK_TOKENS = 12
"""Room for what a chat template puts around a message (spec of the published data flow)."""

SplitTokens = Callable[[str], Sequence[str]]
"""Splits a text into token pieces; joined again they are the text."""


class Cut(StrEnum):
    """Where words leave a section that is too long."""

    NEVER = "never"
    START = "start"
    MIDDLE = "middle"
    END = "end"


class Section(Record):
    """One block of the user message. `name` is where a hint can be put in front of it."""

    text: str
    heading: str = ""
    name: str = ""
    cut: Cut = Cut.NEVER

    def render(self) -> str:
        return f"{self.heading}\n{self.text}" if self.heading else self.text


class Prompt(Record):
    """System text (may be empty) and the sections of the user message, in order; empty sections are left out."""

    sections: tuple[Section, ...]
    system: str = ""

    @property
    def user(self) -> str:
        """The user message: sections separated by a blank line."""
        return "\n\n".join(section.render() for section in self.sections if section.text.strip())

    def with_hint(self, hint: str, *, before: str, lead: str) -> Prompt:
        """The prompt with one more section, `lead` and the hint: before section `before`, or last if that is ''."""
        note = Section(text=f"{lead} {hint}")
        places = [place for place, section in enumerate(self.sections) if before and section.name == before]
        if before and not places:
            raise ValueError(f"no section '{before}' to put the hint before")
        place = places[0] if places else len(self.sections)
        return self.model_copy(update={"sections": (*self.sections[:place], note, *self.sections[place:])})

    def messages(self, profile: Profile) -> tuple[Message, ...]:
        """The published data flow always has a system message; `improved` has none where it would be empty."""
        user = Message(role="user", content=self.user)
        if not self.system and profile is Profile.IMPROVED:
            return (user,)
        return (Message(role="system", content=self.system), user)


def fitted(prompt: Prompt, tokens: int, split: SplitTokens, profile: Profile) -> tuple[Message, ...]:
    """The messages of `prompt` in at most `tokens` tokens.

    `reference` cuts from the left, as published: first the system text, then the head of the user text. `improved`
    shortens only sections that may be cut, the longest first, and raises `PromptTooLong` if that is not enough.
    """
    messages = prompt.messages(profile)
    excess = sum(len(split(message.content)) for message in messages) + SLACK_TOKENS - tokens
    if excess <= 0:
        return messages
    if profile is Profile.REFERENCE:
        return _cut_from_the_left(messages, excess, split)
    return _shortened(prompt, excess, tokens, split).messages(profile)


def _cut_from_the_left(messages: Sequence[Message], excess: int, split: SplitTokens) -> tuple[Message, ...]:
    kept = []
    for message in messages:
        pieces = split(message.content)
        gone = min(excess, len(pieces))
        excess -= gone
        kept.append(message.model_copy(update={"content": "".join(pieces[gone:])}))
    return tuple(kept)


def _shortened(prompt: Prompt, excess: int, tokens: int, split: SplitTokens) -> Prompt:
    sections = list(prompt.sections)
    mark = len(split(_CUT_MARK))
    while excess > 0:
        sizes = {place: len(split(section.text)) for place, section in enumerate(sections) if section.cut != Cut.NEVER}
        place = max(sizes, key=lambda place: sizes[place], default=None)
        if place is None:
            raise PromptTooLong(
                f"The prompt is {excess} tokens over the budget of {tokens} without its long parts.",
                hint="raise --prompt-tokens if the model reads more",
            )
        kept = sizes[place] - excess - mark
        shorter = _keep(split(sections[place].text), max(kept, 0), sections[place].cut)
        sections[place] = sections[place].model_copy(update={"text": shorter, "cut": Cut.NEVER})
        excess = max(excess - sizes[place] + len(split(shorter)), 0)
    return prompt.model_copy(update={"sections": tuple(sections)})


_CUT_MARK = " [...] "


def _keep(pieces: Sequence[str], kept: int, cut: Cut) -> str:
    if not kept:
        return _CUT_MARK.strip()
    head = {Cut.START: 0, Cut.MIDDLE: kept // 2, Cut.END: kept}[cut]
    tail = kept - head
    return f"{''.join(pieces[:head])}{_CUT_MARK}{''.join(pieces[len(pieces) - tail :])}".strip()
