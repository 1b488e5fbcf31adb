"""How much a writer's contexts differ from one another."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from odyssim.corpus.leak import grams
from odyssim.types import Record

SAMPLE: Final = 100
"""All figures depend on the number of texts, so that many are looked at, where there are as many."""


class Diversity(Record):
    """Of `texts` contexts, all figures between 0 and 1.

    `distinct`: different words, bigrams and trigrams over all of them (Li et al. 2016); `shared`: the mean share of
    a context's 4-grams that stand in another context as well; `compression`: size after deflate over size before.
    """

    texts: int
    distinct: tuple[float, float, float]
    shared: float
    compression: float


def diversity(texts: Sequence[str]) -> Diversity | None:
    """The diversity of the first `SAMPLE` texts, which should come in random order; none for fewer than two."""
    sample = texts[:SAMPLE]
    if len(sample) < 2:
        return None
    whole = "\n".join(sample).encode()
    return Diversity(
        texts=len(sample),
        distinct=(_distinct(sample, 1), _distinct(sample, 2), _distinct(sample, 3)),
        shared=_shared(sample),
        compression=len(zlib.compress(whole, level=9)) / max(len(whole), 1),
    )


def _distinct(texts: Sequence[str], size: int) -> float:
    used = [gram for text in texts for gram in grams(text, size)]
    return len(set(used)) / len(used) if used else 0.0


def _shared(texts: Sequence[str]) -> float:
    each = [set(grams(text)) for text in texts]
    holders = Counter(gram for found in each for gram in found)
    shares = [sum(holders[gram] > 1 for gram in found) / len(found) for found in each if found]
    return sum(shares) / len(shares) if shares else 0.0
