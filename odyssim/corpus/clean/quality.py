"""Reasons not to learn from a conversation. Length alone is none: people talk as long as they like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import regex

from odyssim.corpus.clean.rules import CleanRules
from odyssim.types import Interaction

# Digits and emoji are text: an answer may be a number or a heart.
_TEXT: Final = regex.compile(r"[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Modifier}\N{ZERO WIDTH JOINER}]+")
_LOST: Final = "\N{REPLACEMENT CHARACTER}"

TOO_LONG: Final = "a turn of absurd length"

Check = Callable[[Interaction, CleanRules], bool]


def overlong(interaction: Interaction, rules: CleanRules) -> bool:
    """Some turn is longer than anybody types: a pasted file, or a whole log in one field. Asked before any repair."""
    return any(len(turn.text) > rules.max_turn_chars for turn in interaction.turns)


def reject_reason(interaction: Interaction, rules: CleanRules) -> str | None:
    """Why a repaired conversation is not worth learning from, a key of `REASONS`; none if it is."""
    return next((reason for reason, broken in REASONS.items() if broken(interaction, rules)), None)


def silent(interaction: Interaction, rules: CleanRules) -> bool:
    """The turns worth imitating held no text."""
    return not interaction.imitated_speakers


def wordless(interaction: Interaction, rules: CleanRules) -> bool:
    """The people say nothing that could be read: no letter, digit or emoji."""
    return not any(_TEXT.search(text) for text in _human(interaction))


def looping(interaction: Interaction, rules: CleanRules) -> bool:
    """One human speaker says the same long thing over and over: a script, or a broken recording."""
    if len(interaction.turns) <= rules.max_repeats:
        return False
    said = Counter((turn.speaker, " ".join(turn.text.casefold().split())) for turn in interaction.turns if turn.human)
    return any(
        times > rules.max_repeats and _text_chars(text) >= rules.repeat_chars for (_, text), times in said.items()
    )


def undecodable(interaction: Interaction, rules: CleanRules) -> bool:
    """Too many characters were lost before the text reached us."""
    texts = [turn.text for turn in interaction.turns]
    return sum(text.count(_LOST) for text in texts) > rules.max_lost_share * sum(map(len, texts))


def unreadable(interaction: Interaction, rules: CleanRules) -> bool:
    """What the people wrote is mostly marks: rules, drawings, keyboard mashing."""
    text = "".join(_human(interaction))
    ink = sum(map(len, text.split()))
    return ink >= rules.text_share_from and _text_chars(text) < rules.min_text_share * ink


REASONS: Final[dict[str, Check]] = {
    "nothing left to imitate": silent,
    "no words on the human side": wordless,
    "one turn on loop": looping,
    "text lost in decoding": undecodable,
    "mostly not text": unreadable,
}


def _human(interaction: Interaction) -> Iterator[str]:
    return (turn.text for turn in interaction.turns if turn.human)


def _text_chars(text: str) -> int:
    return sum(map(len, _TEXT.findall(text)))
