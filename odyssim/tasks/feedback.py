"""Verbal feedback: what a writer is asked for after a wrong answer, and what a hint may never tell.

policy   ... <answer>A</answer>                                             wrong
writer   "Noah had left before the plum was moved."                         one sentence, no letter, no gold text
policy   sees the prompt again, with the sentence above the question        and tries a second time
"""

from __future__ import annotations

import re
from enum import StrEnum

from odyssim.tasks.extraction import contains_word, plain_words
from odyssim.types import Record


class Arm(StrEnum):
    """What the second attempt is given. The three are trained and reported apart: two of them use the gold answer."""

    CRITIQUE = "critique"
    """A hint by a writer that sees the draft and not the gold answer."""
    CRITIQUE_AND_GOLD = "critique+gold"
    """A hint by a writer that sees the gold answer too, and must not tell it."""
    GOLD = "gold"
    """The gold answer itself, and no writer: what is gained by privileged data alone."""


class Brief(Record):
    """What a task's writer is asked for.

    `ask` says what to write, `never` what not to reveal. The hint stands behind `lead`, in front of the prompt section
    `before` (last if empty). Published details: whether the writer sees the draft, the training step from which on no
    hints are given, and whether the hinted prompt is trained on as well.
    """

    ask: str
    never: str
    before: str = ""
    lead: str = "Keep in mind:"
    published_sees_draft: bool = True
    published_until_step: int | None = None
    published_trains_hinted: bool = True


class Secret(Record):
    """The gold answer as a hint could give it away: the option letter (if there are letters) and its texts."""

    letter: str | None = None
    texts: tuple[str, ...] = ()


_WORDS = r"(?:answer|option|choice|letter|pick|choose|select|correct|right)"


def leaks(hint: str, secret: Secret) -> bool:
    """Whether a hint names the gold letter as an option, or holds a gold text (also with other case or signs)."""
    if secret.letter:
        letter = re.escape(secret.letter)
        named = (
            rf"\b{_WORDS}\b(?:\s+(?:is|was|should\s+be|would\s+be|the|letter|option))*\s*[:=]?\s*[(\[*\"']*{letter}\b"
        )
        tagged = (
            rf"<answer>\s*{letter}\s*</answer>|\[\[\s*{letter}\s*\]\]|\({letter}\)|\b{letter}\s+is\s+(?:right|correct)"
        )
        if re.search(f"{named}|{tagged}", hint, re.IGNORECASE):
            return True
    plain = plain_words(hint)
    return any(contains_word(plain, plain_words(text)) for text in secret.texts if plain_words(text))
