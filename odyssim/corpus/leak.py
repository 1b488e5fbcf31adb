"""Does a context give away what a person is about to say?

A model that finds its target in its prompt learns to copy, not to behave. So nothing that first appears in a target
turn may stand verbatim in the context: at most 2 % of the target's word 4-grams.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MAX_LEAK: Final = 0.02
_GRAM: Final = 4
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def leak_share(context_text: str, turns: Iterable[str]) -> float:
    """The share, 0 to 1, of the word 4-grams of `turns` that occur in `context_text`; 0 where turns have none.

    Words are compared without case and punctuation; 4-grams do not cross the border between two turns.
    """
    known = set(_grams(context_text))
    grams = [gram for turn in turns for gram in _grams(turn)]
    return sum(gram in known for gram in grams) / len(grams) if grams else 0.0


def leaks(context_text: str, turns: Iterable[str]) -> bool:
    """Whether `context_text` gives away more of `turns` than `MAX_LEAK`."""
    return leak_share(context_text, turns) > MAX_LEAK


def _grams(text: str) -> list[tuple[str, ...]]:
    words = _WORD.findall(text.casefold().replace("’", "'"))
    return [tuple(words[start : start + _GRAM]) for start in range(len(words) - _GRAM + 1)]
