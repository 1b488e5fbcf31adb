"""Pieces of a context that nobody goes on to say.

What a person is the first to say must not stand in that person's context (`odyssim.corpus.leak`). So a context is put
together piece by piece, and a piece that would give a turn away is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from odyssim.corpus.leak import leaks
from odyssim.types import Turn

_SENTENCE_END: Final = re.compile(r"\s*\n\s*|(?<!Dr\.)(?<!e\.g\.)(?<=[.!?])\s+")


def unsaid(pieces: Iterable[str], turns: Sequence[Turn], *shown_to: str, beside: str = "") -> list[str]:
    """The `pieces` that none of the speakers `shown_to` goes on to say in `turns`, in order.

    `beside` is what else stands in their contexts; the limit of `leaks` holds for all of it together.
    """
    spoken = [[turn.text for turn in turns if turn.speaker == speaker] for speaker in shown_to]

    def told(context: Sequence[str]) -> bool:
        return any(leaks(" ".join((beside, *context)), said) for said in spoken)

    whole = list(pieces)
    if not told(whole):
        return whole
    kept: list[str] = []
    for piece in whole:
        if not told([*kept, piece]):
            kept.append(piece)
    return kept


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, as pieces of a context."""
    return [sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence]
