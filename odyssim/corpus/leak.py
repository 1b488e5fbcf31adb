"""Does a context give away what a person is about to say?

A model that finds its target in its prompt learns to copy, not to behave. So nothing that first appears in a target
turn may stand verbatim in the context: at most 2 % of the target's word 4-grams. Names and numbers that the person
brings along are no leak: a 4-gram that, function words apart, consists mostly of them does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from typing import Final

import regex

MAX_LEAK: Final = 0.02
_GRAM: Final = 4

# Scripts without spaces are read as overlapping pieces of five characters, so that a 4-gram spans eight characters,
# which is about four words.
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_PIECE: Final = 5
_RUN: Final = regex.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:'[^\W_{_UNSPACED}]+)*")
_ASCII_RUN: Final = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")  # ten times as fast
_UNSPACED_RUN: Final = regex.compile(rf"[{_UNSPACED}]")

FUNCTION_WORDS: Final = frozenset(
    """
    a about after again all also am an and any are aren't as at back be because been before being but by can can't
    could couldn't did didn't do does doesn't doing don't down for from get go going got had has hasn't have haven't
    he he's her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its just let's like me more most
    much my no not now of off oh ok okay on one only or other our out over really she she's so some than that that's
    the their them then there there's these they they're this those to too up us very was wasn't we we'd we'll we're
    we've well were what what's when where which while who why will with won't would wouldn't yeah yes you you'd
    you'll you're you've your
    """.split()
)
"""English words that carry no content of their own."""


def words(text: str) -> list[str]:
    """The words of a text without case and punctuation, with straight apostrophes."""
    found = runs(text)
    if text.isascii():
        return found
    return [word for run in found for word in (_pieces(run) if has_no_spaces(run) else (run,))]


def runs(text: str) -> list[str]:
    """Like `words`, but what is written without spaces stays whole."""
    folded = text.casefold().replace("’", "'")
    found: list[str] = (_ASCII_RUN if folded.isascii() else _RUN).findall(folded)
    return found


def has_no_spaces(run: str) -> bool:
    """Whether a run is of a script without spaces."""
    return bool(_UNSPACED_RUN.match(run))


def grams(text: str, size: int = _GRAM) -> list[tuple[str, ...]]:
    """The runs of `size` consecutive words of a text, in order."""
    said = words(text)
    return [tuple(said[start : start + size]) for start in range(len(said) - size + 1)]


def leak_share(context_text: str, turns: Iterable[str], known: Set[str] = frozenset()) -> float:
    """The share, 0 to 1, of the word 4-grams of `turns` that occur in `context_text`; 0 where turns have none.

    `known` are the names and numbers, as `words` gives them, that the speaker knows before the first turn. 4-grams do
    not cross the border between two turns.
    """
    shown = set(grams(context_text))
    spoken = [gram for turn in turns for gram in grams(turn)]
    return sum(gram in shown and not _brought(gram, known) for gram in spoken) / len(spoken) if spoken else 0.0


def leaks(context_text: str, turns: Iterable[str], known: Set[str] = frozenset()) -> bool:
    """Whether `context_text` gives away more of `turns` than `MAX_LEAK`."""
    return leak_share(context_text, turns, known) > MAX_LEAK


def _brought(gram: tuple[str, ...], known: Set[str]) -> bool:
    carrying = [word for word in gram if word not in FUNCTION_WORDS]
    return 2 * sum(word in known for word in carrying) > len(carrying)


def _pieces(run: str) -> list[str]:
    return [run[start : start + _PIECE] for start in range(max(1, len(run) - _PIECE + 1))]
