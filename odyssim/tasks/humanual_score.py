"""Humanual's arithmetic: six ratings, a length factor, key points, group means. Pure functions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final

import regex

from odyssim.types import Record

SHORT: Final = 20
"""A person's message of fewer words or characters than this says nothing about how long an answer must be."""
SHARE: Final = 0.3
"""The smallest share of the person's length that costs nothing; in `length_band` its inverse is the largest."""
MALFORMED: Final = 0.5

_TAG: Final = re.compile(r"</?(?:response|(?:seed:)?think)>", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_UNIT: Final = regex.compile(rf"[{_UNSPACED}]|[\w--[{_UNSPACED}]]+", regex.VERSION1)


class Grade(Record):
    """A score in 0..1 and what it was made from, none without a verdict."""

    score: float
    dim_mean: float | None = None
    length_factor: float | None = None


class Graded(Record):
    """A scored row and the groups that it belongs to; `score` is none for a row without one."""

    score: float | None = None
    dimension: str = "response"
    dataset: str = "unknown"
    category: str = "unknown"


def clipped(value: float) -> float:
    """`value`, or the nearer end of 0..1."""
    return min(max(value, 0.0), 1.0)


def word_tokens(text: str) -> list[str]:
    """Lower-cased runs of word characters, as published: a text without spaces is one token."""
    return _WORD.findall(text.lower())


def token_f1(generated: str, reference: str) -> float:
    """F1 of two bags of word tokens, 0..1; 0 if either is empty."""
    said, meant = Counter(word_tokens(generated)), Counter(word_tokens(reference))
    total = said.total() + meant.total()
    return 2 * (said & meant).total() / total if said and meant else 0.0


def length_factor(generated: str, reference: str) -> float:
    """The published factor, 0..1: only a text far shorter than a reference of `SHORT` tokens and more is punished."""
    enough = len(word_tokens(reference))
    return 1.0 if enough < SHORT else min(1.0, len(word_tokens(generated)) / (SHARE * enough))


def length_band(generated: str, reference: str) -> float:
    """As `length_factor`, and as strict with what is far too long; counts characters where words have no spaces.

    A text of more than 1 / SHARE times the reference (at least `SHORT`) loses in proportion.
    """
    said, meant = len(_UNIT.findall(generated)), len(_UNIT.findall(reference))
    too_short = 1.0 if meant < SHORT else said / (SHARE * meant)
    too_long = max(meant, SHORT) / (SHARE * max(said, 1))
    return min(1.0, too_short, too_long)


def published_grade(generated: str, reference: str, ratings: Mapping[str, float] | None) -> Grade:
    """The mean of the ratings (not clipped one by one) times the length factor; 0 without a verdict, as published."""
    if ratings is None:
        return Grade(score=0.0)
    mean, factor = fmean(ratings.values()), length_factor(generated, reference)
    return Grade(score=clipped(mean * factor), dim_mean=mean, length_factor=factor)


def improved_grade(generated: str, reference: str, ratings: Mapping[str, tuple[bool, float]]) -> Grade:
    """`open_mean` of the ratings in 0..1, times `length_band`, and half of that for a text with left-over tags."""
    mean, factor = open_mean(ratings), length_band(generated, reference)
    return Grade(
        score=mean * factor * (MALFORMED if _TAG.search(generated) else 1.0), dim_mean=mean, length_factor=factor
    )


def open_mean(ratings: Mapping[str, tuple[bool, float]]) -> float:
    """The mean over the respects that a person expressed (true, rating): at least one.

    A respect that the person left open (false, rating) earns nothing and enters the denominator only as far as the
    text fills it with something else (1 - rating): silence about it is free, and no addition can raise the mean.
    """
    earned = [score for expressed, score in ratings.values() if expressed]
    added = sum(1.0 - score for expressed, score in ratings.values() if not expressed)
    return sum(earned) / (len(earned) + added)


def key_point_score(scores: Sequence[float], penalty: float) -> float:
    """Coverage of the key points (their mean, 0 without any) minus the penalty, clipped to 0..1."""
    return clipped((fmean(scores) if scores else 0.0) - penalty)


def group_means(rows: Iterable[Graded]) -> dict[str, float]:
    """Mean and count over all rows with a score, by dimension, by data set and by category.

    As published, the groupings share one set of names: where they coincide, the later one overwrites.
    """
    scored = [(row, row.score) for row in rows if row.score is not None]
    figures: dict[str, float] = {}
    for in_percent, name_of in _GROUPINGS:
        groups: dict[str, list[float]] = defaultdict(list)
        for row, score in scored:
            groups[name_of(row)].append(score)
        for name, scores in groups.items():
            figures |= {f"{name}/score": fmean(scores), f"{name}/count": float(len(scores))}
            if in_percent:
                figures[f"{name}/score_x100"] = 100.0 * fmean(scores)
    return figures


_GROUPINGS: Final[tuple[tuple[bool, Callable[[Graded], str]], ...]] = (
    (True, lambda row: "overall"),
    (True, lambda row: row.dimension),
    (False, lambda row: row.dataset),
    (False, lambda row: row.category),
)
