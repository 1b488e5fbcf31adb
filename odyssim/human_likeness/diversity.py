"""How varied a body of text is, and how much speakers repeat each other and themselves.

Such figures depend on the size of the text. `in_sets` therefore deals independent units (dialogues, people) out to
equally many sets on both sides, cuts all sets to one size, and measures set by set: what comes out are ratios like
those of single turns, with the same intervals, effects and ceilings.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, TypeAlias

import numpy as np

from odyssim.human_likeness.lexical import hdd, mattr, mtld, yules_k
from odyssim.human_likeness.stats import MIN_UNITS, Ints, Ratios
from odyssim.types import Record, derive_seed

Tokens: TypeAlias = Sequence[str]

MOST_SETS: Final = 20
MOST_TURNS: Final = 50
MOST_TOKENS: Final = 1000
_FEWEST_TURNS: Final = 4
_FEWEST_TOKENS: Final = 50
_UNITS_PER_SET: Final = 2
"""A set of a single person would say how varied that person is, not how varied people are."""

_SMOOTHING: Final = 0.1
_ALIKE: Final = 0.6
_MEMORY: Final = 100


def distinct(tokens: Sequence[Hashable], n: int) -> float:
    """Distinct n-grams over n-grams, 0..1 (Li et al. 2016); 0 if there is none."""
    grams = _grams(tokens, n)
    return len(set(grams)) / len(grams) if grams else 0.0


def self_bleu(texts: Sequence[Sequence[Hashable]], n: int = 4) -> float:
    """Mean BLEU of each text against all others, 0..1; higher: less varied (Zhu et al. 2018).

    Uniform weights over 1..n-grams, the closest reference length, and 0.1 in place of zero matches (method 1 of Chen
    and Cherry 2014). 0 for fewer than two texts.
    """
    if len(texts) < 2:
        return 0.0
    counts = [[Counter(_grams(text, order)) for text in texts] for order in range(1, n + 1)]
    clips = [_two_largest(one_order) for one_order in counts]
    lengths = Counter(map(len, texts))
    return fmean(
        _bleu([_matches(counts[order][index], clips[order], index) for order in range(n)], len(text), lengths)
        for index, text in enumerate(texts)
    )


def _grams(tokens: Sequence[Hashable], n: int) -> list[tuple[Hashable, ...]]:
    return list(zip(*(tokens[start:] for start in range(n)), strict=False))


_Clips = dict[tuple[Hashable, ...], tuple[int, int, int]]


def _two_largest(counts: Sequence[Counter[tuple[Hashable, ...]]]) -> _Clips:
    """For each n-gram its largest count in a text, which text that is, and the largest count elsewhere."""
    clips: _Clips = {}
    for index, one in enumerate(counts):
        for gram, count in one.items():
            most, owner, second = clips.get(gram, (0, -1, 0))
            clips[gram] = (count, index, most) if count > most else (most, owner, max(second, count))
    return clips


def _matches(counts: Counter[tuple[Hashable, ...]], clips: _Clips, index: int) -> tuple[int, int]:
    """N-grams of a text that another text has too, each as often as there, and all its n-grams."""
    shared = 0
    for gram, count in counts.items():
        most, owner, second = clips[gram]
        shared += min(count, second if owner == index else most)
    return shared, max(1, counts.total())


def _bleu(matches: Sequence[tuple[int, int]], length: int, lengths: Counter[int]) -> float:
    if not matches[0][0]:
        return 0.0
    others = lengths - Counter([length])
    reference = min(others, key=lambda other: (abs(other - length), other))
    brevity = 1.0 if length > reference else math.exp(1 - reference / length)
    return brevity * math.exp(fmean(math.log((shared or _SMOOTHING) / total) for shared, total in matches))


def compressed(tokens: Tokens) -> float:
    """Size of the text compressed by DEFLATE over its size in bytes; lower: more repetitive (Shaib et al. 2024)."""
    raw = " ".join(tokens).encode()
    return len(zlib.compress(raw, 9)) / len(raw) if raw else 0.0


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Shared over all words of two texts, 0..1; 1 for two empty ones."""
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def closest_other(texts: Sequence[Tokens]) -> float:
    """Mean word overlap (Jaccard) of each text with the one most like it, 0..1; 0 for fewer than two texts."""
    words = [frozenset(text) for text in texts]
    if len(words) < 2:
        return 0.0
    overlap = np.array([[jaccard(one, other) for other in words] for one in words])
    np.fill_diagonal(overlap, 0.0)
    return float(overlap.max(axis=1).mean())


@dataclass(frozen=True)
class Described:
    """Name, meaning and unit of a figure that is not a ratio of single turns."""

    name: str
    what: str
    unit: str


SELF_REPETITION: Final = Described(
    "repeats_self", "six words of ten or more shared with an earlier turn of the speaker", "share of later turns"
)
"""What `repeats` measures."""


def repeats(turns: Sequence[Tokens], speaker: Sequence[str | None]) -> Ratios:
    """Which turns nearly repeat an earlier one of their speaker (n, 1): word overlap of at least 0.6.

    Base 1 where the speaker, if known, spoke before; the latest 100 turns are looked at.
    """
    heard: dict[str, deque[frozenset[str]]] = defaultdict(lambda: deque(maxlen=_MEMORY))
    count, base = np.zeros((len(turns), 1)), np.zeros((len(turns), 1))
    for index, (tokens, who) in enumerate(zip(turns, speaker, strict=True)):
        if who is None:
            continue
        words, earlier = frozenset(tokens), heard[who]
        base[index] = bool(earlier)
        count[index] = any(jaccard(words, other) >= _ALIKE for other in earlier)
        earlier.append(words)
    return Ratios(count, base)


@dataclass(frozen=True)
class SetMeasure(Described):
    """A figure of a set, from its turns and from its running text, each cut to size."""

    of: Callable[[Sequence[Tokens], Tokens], float]


SET_MEASURES: Final[tuple[SetMeasure, ...]] = (
    SetMeasure("distinct_1", "distinct words among all", "share of words", lambda turns, text: distinct(text, 1)),
    SetMeasure("distinct_2", "distinct bigrams among all", "share of bigrams", lambda turns, text: distinct(text, 2)),
    SetMeasure("distinct_3", "distinct trigrams among all", "share of trigrams", lambda turns, text: distinct(text, 3)),
    SetMeasure("mattr_50", "distinct words in windows of 50", "share of words", lambda turns, text: mattr(text)),
    SetMeasure("hdd_42", "distinct words in random draws of 42", "share of words", lambda turns, text: hdd(text)),
    SetMeasure("mtld", "stretch over which words stay varied", "tokens", lambda turns, text: mtld(text)),
    SetMeasure("yules_k", "repetition of words, Yule's K", "0..10,000", lambda turns, text: yules_k(text)),
    SetMeasure("compression", "compressed size over size", "share of bytes", lambda turns, text: compressed(text)),
    SetMeasure("self_bleu_4", "BLEU of a turn against the others", "0..1", lambda turns, text: self_bleu(turns)),
    SetMeasure(
        "closest_other",
        "word overlap of a turn with the most similar other turn",
        "0..1",
        lambda turns, text: closest_other(turns),
    ),
)
"""Diversity and repetition across speakers."""


class SetSizes(Record):
    """How many sets each side was dealt into, and to how many turns and tokens each was cut."""

    sets: int
    turns: int
    tokens: int


def in_sets(
    sides: tuple[Sequence[Tokens], Sequence[Tokens]], units: tuple[Ints, Ints], stratum: Ints, seed: int
) -> tuple[SetSizes, tuple[Ratios, Ratios]] | None:
    """The set measures of both sides, a row per set (sets, M), or none if units or text do not suffice.

    `units` numbers the unit of every turn on each side, `stratum` (U,) tells on which sides a unit speaks. A unit that
    speaks on both goes to the same set of both.
    """
    enough_units = (len(np.unique(unit)) // _UNITS_PER_SET for unit in units)
    enough_text = (sum(map(len, turns)) // (2 * _FEWEST_TOKENS) for turns in sides)
    n_sets = min(MOST_SETS, *enough_units, *enough_text)
    if n_sets < MIN_UNITS:
        return None
    rng = np.random.default_rng(derive_seed(seed, "sets"))
    order = rng.permutation(len(stratum))
    order = order[np.argsort(stratum[order], kind="stable")]
    home = np.empty(len(stratum), dtype=np.int64)
    home[order] = np.arange(len(stratum)) % n_sets
    shuffle = derive_seed(seed, "order")  # the same on both sides, so that equal sides differ by exactly nothing
    dealt = [_dealt(turns, home[unit], n_sets, shuffle) for turns, unit in zip(sides, units, strict=True)]
    every = [turns for side in dealt for turns in side]
    sizes = SetSizes(
        sets=n_sets,
        turns=min(MOST_TURNS, *map(len, every)),
        tokens=min(MOST_TOKENS, *(sum(map(len, turns)) for turns in every)),
    )
    if sizes.turns < _FEWEST_TURNS or sizes.tokens < _FEWEST_TOKENS:
        return None
    human, model = (np.array([_measured(turns, sizes) for turns in side]) for side in dealt)
    return sizes, (Ratios(human, np.ones_like(human)), Ratios(model, np.ones_like(model)))


def _dealt(turns: Sequence[Tokens], home: Ints, n_sets: int, seed: int) -> list[list[Tokens]]:
    """The turns of each set in random order, those without a word left out."""
    sets: list[list[Tokens]] = [[] for _ in range(n_sets)]
    for index in np.random.default_rng(seed).permutation(len(turns)):
        if turns[index]:
            sets[home[index]].append(turns[index])
    return sets


def _measured(turns: Sequence[Tokens], sizes: SetSizes) -> list[float]:
    text = [token for turn in turns for token in turn][: sizes.tokens]
    return [measure.of(turns[: sizes.turns], text) for measure in SET_MEASURES]
