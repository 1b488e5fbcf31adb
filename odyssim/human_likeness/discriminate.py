"""One number for human-likeness: how well a classifier that saw none of the speakers tells a model from people.

The classifier of `odyssim.human_likeness.classifier` with a fixed penalty is cross-validated over independent units,
and the areas under its ROC curve are taken within folds: scores of different folds come from different classifiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from odyssim.human_likeness.classifier import Features, TurnClassifier, strongest
from odyssim.human_likeness.stats import (
    Bools,
    Floats,
    Ints,
    percentile_interval,
    random_halves,
    stratified_weights,
)
from odyssim.progress import Progress, Silent
from odyssim.types import Record, derive_seed

FOLDS: Final = 5
FEWEST_UNITS: Final = 2 * FOLDS
"""On each side; with fewer, a fold would hold one person or none."""
MOST_TURNS: Final = 2000
"""On each side: a classifier that learns from more tells more, so the number is capped and equal on both sides."""

_L2: Final = 1e-3
_DRAWS: Final = 1000
_CEILING_SPLITS: Final = 4
_CURVE: Final = 41
_SHOWN: Final = 10


class Auc(Record):
    """Probability that a random turn of people looks more human than a random one of the model, ties half.

    0.5: cannot be told apart; 1: always. `low` and `high` bound the 95 % bootstrap interval over units.
    """

    estimate: float
    low: float
    high: float


class Discrimination(Record):
    """How well the two sides are told apart, from `turns` of each side.

    `ceiling` is the mean AUC of the same procedure between random halves of the people (half the turns), none with
    too few people. `curve` has points (share of people's turns taken for the model's, share of the model's turns
    recognised). `cues` are the measures of style that count most; positive weights, per standard deviation, speak for
    a person.
    """

    auc: Auc
    ceiling: float | None
    turns: int
    folds: int
    curve: tuple[tuple[float, float], ...]
    cues: tuple[tuple[str, float], ...]


def tell_apart(
    human: Sequence[str],
    model: Sequence[str],
    units: tuple[Ints, Ints],
    *,
    seed: int = 0,
    progress: Progress = Silent(),
) -> Discrimination | None:
    """Cross-validate the classifier; none if a side has fewer than ten units or turns.

    `units` (n) numbers the unit of each turn on both sides; a unit that speaks on both stays in one fold.
    """
    rng = np.random.default_rng(derive_seed(seed, "turns"))
    size = min(MOST_TURNS, len(human), len(model))
    rows = [np.sort(rng.choice(len(side), size, replace=False)) for side in (human, model)]
    unit = np.concatenate([numbers[some] for numbers, some in zip(units, rows, strict=True)])
    side = np.repeat([True, False], size)
    if min(len(np.unique(unit[side])), len(np.unique(unit[~side]))) < FEWEST_UNITS:
        return None
    texts = [texts[row] for texts, some in zip((human, model), rows, strict=True) for row in some]
    fits = FOLDS * (1 + _CEILING_SPLITS) + 1
    with progress.work("telling people from the model", total=fits) as work:
        features = Features.of(texts)
        fold = _folds(unit, side, seed)
        scores = _held_out(features, side, fold)
        work.advance(FOLDS)
        ceiling = _ceiling(features.take(side), unit[side], seed)
        work.advance(FOLDS * _CEILING_SPLITS)
        whole = TurnClassifier.fit(features, side, l2=_L2)
        work.advance()
    return Discrimination(
        auc=_interval(scores, side, fold, unit, seed),
        ceiling=ceiling,
        turns=size,
        folds=FOLDS,
        curve=_curve(scores, side, fold),
        cues=tuple(strongest(whole, _SHOWN)),
    )


def _folds(unit: Ints, human: Bools, seed: int) -> Ints:
    """The fold of each turn: units are dealt out from the largest, those of people, of the model, and of both apart."""
    stratum = _strata(unit, human)
    sizes = np.bincount(unit, minlength=len(stratum))
    lot = np.random.default_rng(derive_seed(seed, "folds")).random(len(stratum))
    order = np.lexsort((lot, -sizes, stratum))
    order = order[stratum[order] > 0]
    fold = np.zeros(len(stratum), dtype=np.int64)
    fold[order] = np.arange(len(order)) % FOLDS
    return fold[unit]


def _strata(unit: Ints, human: Bools) -> Ints:
    """Of each unit number: 0 nobody's, 1 people's, 2 the model's, 3 both."""
    people, machine = (np.bincount(unit[side], minlength=unit.max() + 1) > 0 for side in (human, ~human))
    return people + 2 * machine.astype(np.int64)


def _held_out(features: Features, human: Bools, fold: Ints) -> Floats:
    """The probability that a person wrote each turn, by a classifier that did not see its fold."""
    scores = np.empty(len(human))
    for number in range(FOLDS):
        inside = fold == number
        classifier = TurnClassifier.fit(features.take(~inside), human[~inside], l2=_L2)
        scores[inside] = classifier.probability(features.take(inside))
    return scores


def _interval(scores: Floats, human: Bools, fold: Ints, unit: Ints, seed: int) -> Auc:
    weights = np.ones((_DRAWS + 1, unit.max() + 1))
    rng = np.random.default_rng(derive_seed(seed, "bootstrap"))
    weights[1:] = stratified_weights(_strata(unit, human), _DRAWS, rng)
    estimate, *draws = within_folds(scores, human, fold, weights[:, unit])
    low, high = percentile_interval(np.array(draws)) or (estimate, estimate)
    return Auc(estimate=float(estimate), low=low, high=high)


def within_folds(scores: Floats, human: Bools, fold: Ints, weights: Floats) -> Floats:
    """AUC over pairs of turns of one fold, under each row of turn weights (D, n): (D,), NaN where there is no pair."""
    won, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for number in np.unique(fold):
        inside = np.flatnonzero(fold == number)
        order = inside[np.argsort(scores[inside], kind="stable")]
        starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
        people, machine = (np.add.reduceat(weights[:, order] * side[order], starts, axis=1) for side in (human, ~human))
        below = np.cumsum(machine, axis=1) - machine / 2
        won += (people * below).sum(axis=1)
        pairs += people.sum(axis=1) * machine.sum(axis=1)
    auc: Floats = np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return auc


def _ceiling(features: Features, unit: Ints, seed: int) -> float | None:
    """Mean AUC between random halves of the people."""
    present, unit = np.unique(unit, return_inverse=True)
    if len(present) < 2 * FEWEST_UNITS:
        return None
    rng = np.random.default_rng(derive_seed(seed, "ceiling"))
    halves = random_halves(len(present), _CEILING_SPLITS, rng)
    found = []
    for split, first in enumerate(halves):
        half = first[unit]
        fold = _folds(unit, half, derive_seed(seed, "ceiling", split))
        scores = _held_out(features, half, fold)
        found.append(within_folds(scores, half, fold, np.ones((1, len(half))))[0])
    return float(np.mean(found))


def _curve(scores: Floats, human: Bools, fold: Ints) -> tuple[tuple[float, float], ...]:
    """The ROC curve of the model's turns, averaged over folds at equal shares of false alarms."""
    alarms = np.linspace(0, 1, _CURVE)
    curves = []
    for number in range(FOLDS):
        inside = fold == number
        suspicion = np.concatenate([[np.inf], np.unique(-scores[inside])[::-1]])
        shares = [(-scores[inside & side][:, None] >= suspicion).mean(axis=0) for side in (human, ~human)]
        curves.append(np.interp(alarms, *shares))
    return tuple(zip(alarms.tolist(), np.mean(curves, axis=0).tolist(), strict=True))
