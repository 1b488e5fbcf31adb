"""How a villager writes: sentence patterns with slots, and the personal hand that a pattern passes through."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Lines = tuple[str, ...]
Slots = Mapping[str, Sequence[str]]

_SLOT = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[^\W\d_]{4,}")

SHORTHAND: dict[str, str] = {
    "you": "u",
    "your": "ur",
    "are": "r",
    "going to": "gonna",
    "want to": "wanna",
    "got to": "gotta",
    "though": "tho",
    "because": "cause",
    "please": "pls",
    "thanks": "thx",
    "people": "ppl",
    "probably": "prob",
    "really": "rly",
    "tomorrow": "tmrw",
    "tonight": "2nite",
    "about": "abt",
    "right now": "rn",
    "I don't know": "idk",
    "to be honest": "tbh",
    "minutes": "mins",
    "okay": "k",
}
OPENERS = ("well", "hm", "haha", "lol", "eh", "oh", "look,", "honestly", "right,", "uh")
EMOJI = ("🙂", "😅", "😂", "🙄", "👍", "🤷", "😬", "❤️")


@dataclass(frozen=True)
class Style:
    """One person's hand, the same in every text they write. Rates are per sentence, `typos` per longer word."""

    lower: bool
    apostrophes: bool
    ending: str
    typos: float
    shorthand: tuple[str, ...]
    opener: str
    opener_rate: float
    emoji: str
    emoji_rate: float

    def write(self, text: str, rng: random.Random) -> str:
        """`text`, one or more plain sentences, as this person would type it."""
        for phrase in self.shorthand:
            text = re.sub(rf"(?<![\w'])(?i:{re.escape(phrase)})(?![\w'])", SHORTHAND[phrase], text)
        text = _WORD.sub(lambda match: _slip(match[0], rng) if rng.random() < self.typos else match[0], text)
        if text.endswith("."):
            text = text[:-1] + self.ending
        if rng.random() < self.opener_rate:
            text = f"{self.opener} " + (text if text.startswith(("I ", "I'")) else text[:1].lower() + text[1:])
            text = text if self.lower else text[:1].upper() + text[1:]
        if not self.apostrophes:
            text = text.replace("'", "")
        if rng.random() < self.emoji_rate:
            text = f"{text} {self.emoji}"
        return text.lower() if self.lower else text


def draw_style(rng: random.Random) -> Style:
    """A hand at random: from careful letter writers to people who type with one thumb."""
    hasty = rng.random()
    return Style(
        lower=rng.random() < 0.25 + 0.5 * hasty,
        apostrophes=rng.random() > 0.7 * hasty,
        ending=rng.choice(("", "", ".", "..", "!") if hasty > 0.3 else (".", ".", "!", "")),
        typos=0.06 * max(0.0, hasty - 0.35),
        shorthand=tuple(phrase for phrase in SHORTHAND if rng.random() < 0.6 * (hasty - 0.4)),
        opener=rng.choice(OPENERS),
        opener_rate=rng.choice((0.0, 0.08, 0.15)),
        emoji=rng.choice(EMOJI),
        emoji_rate=rng.choice((0.0, 0.0, 0.03, 0.08)),
    )


def lines(text: str) -> Lines:
    """The phrases of a table entry, written in one string with slashes between them."""
    return tuple(text.split(" / "))


def fill(pattern: str, slots: Slots, rng: random.Random) -> str:
    """`pattern` with each `{slot}` replaced by a random choice, which may itself have slots; first letter raised."""
    text = pattern
    while match := _SLOT.search(text):
        text = text[: match.start()] + rng.choice(slots[match[1]]) + text[match.end() :]
    return text[:1].upper() + text[1:]


def say(patterns: Sequence[str], slots: Slots, style: Style, rng: random.Random) -> str:
    """One of `patterns`, filled in and written in a person's hand."""
    return style.write(fill(rng.choice(patterns), slots, rng), rng)


def _slip(word: str, rng: random.Random) -> str:
    """One slip of the finger inside a word: two letters swapped, one lost, or one doubled."""
    at = rng.randrange(1, len(word) - 2)
    kind = rng.choice(("swap", "lose", "double"))
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == "lose" else word[:at] + word[at] + word[at:]
