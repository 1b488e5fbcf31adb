"""Effects, intervals and the human ceiling, all by independent unit: a turn is never treated as independent.

Turns are rows of matrices with one column per measure. A unit is a dialogue, or all dialogues of one person; rows
are summed within units once, and every draw of a resampling is then one row of a matrix product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Label = TypeVar("Label", str, tuple[str, str])

MIN_UNITS: Final = 6
"""With fewer units not even a unanimous result is significant at 5 % (sign test), so none is reported."""


def numbering(labels: Iterable[Label]) -> dict[Label, int]:
    """Distinct labels in sorted order, numbered from 0."""
    return {label: number for number, label in enumerate(sorted(set(labels)))}


def units_of(dialogues: Sequence[str], persons: Sequence[str | None]) -> Ints:
    """The unit of every turn, numbered from 0 in an order that does not depend on the order of the turns.

    A unit is a person with all dialogues that are theirs alone; a dialogue of several or unknown people is a unit by
    itself. So no dialogue is ever split between units.
    """
    people: dict[str, set[str | None]] = defaultdict(set)
    for dialogue, person in zip(dialogues, persons, strict=True):
        people[dialogue].add(person)
    owner = {dialogue: next(iter(who)) if len(who) == 1 else None for dialogue, who in people.items()}
    labels = [("dialogue", name) if owner[name] is None else ("person", str(owner[name])) for name in dialogues]
    number = numbering(labels)
    return np.array([number[label] for label in labels], dtype=np.int64)


def unit_sums(values: Floats, unit: Ints, n_units: int) -> Floats:
    """Rows (n, M) summed within units: (U, M). NaN counts as nothing."""
    sums = np.zeros((n_units, values.shape[1]))
    np.add.at(sums, unit, np.nan_to_num(values))
    return sums


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise, NaN where the denominator is zero."""
    undefined = np.full_like(denominator, np.nan)
    quotient: Floats = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return quotient


@dataclass(frozen=True)
class Ratios:
    """Numerators and denominators of M ratios in U rows (turns, or their sums by unit or position): both (U, M)."""

    count: Floats
    base: Floats

    def by(self, label: Ints, n_labels: int) -> Ratios:
        """One row per label, from one row per turn: `label` (U,) numbers the new row of each old one."""
        return Ratios(unit_sums(self.count, label, n_labels), unit_sums(self.base, label, n_labels))

    @property
    def each(self) -> Floats:
        """The ratios of each row: (U, M); NaN where the base is zero."""
        return _quotient(self.count, self.base)

    def weighted(self, weights: Floats) -> Floats:
        """The ratios (D, M) under each row of unit weights (D, U)."""
        return Ratios(weights @ self.count, weights @ self.base).each

    @property
    def total(self) -> Floats:
        """The ratios over all units: (M,)."""
        return _quotient(self.count.sum(axis=0), self.base.sum(axis=0))

    @property
    def units_with_base(self) -> Ints:
        """In how many units each ratio is defined: (M,)."""
        units: Ints = (self.base > 0).sum(axis=0)
        return units


def bootstrap_weights(n_units: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each unit is drawn in each bootstrap sample: (draws, U), every row sums to U."""
    return rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=draws).astype(np.float64)


def stratified_weights(stratum: Ints, draws: int, rng: np.random.Generator) -> Floats:
    """As `bootstrap_weights`, within each stratum: `stratum` (U,) numbers that of every unit."""
    weights = np.empty((draws, len(stratum)))
    for number in np.unique(stratum):
        inside = stratum == number
        weights[:, inside] = bootstrap_weights(int(inside.sum()), draws, rng)
    return weights


def bootstrap_gaps(human: Ratios, model: Ratios, weights: Floats) -> Floats:
    """Model ratio minus human ratio (draws, M), both sides from the same drawn units, so pairs stay together."""
    return model.weighted(weights) - human.weighted(weights)


def mean(values: Floats) -> float | None:
    """Mean of the values that are defined (not NaN); none if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else None


def quantile(values: Floats, q: float) -> float | None:
    """Quantile (linear) of the values that are defined (not NaN); none if there are none."""
    defined = values[~np.isnan(values)]
    return float(np.quantile(defined, q)) if defined.size else None


def percentile_interval(draws: Floats, level: float = 0.95) -> tuple[float, float] | None:
    """Percentile interval of the draws (D,) that are defined; none if there are none."""
    low, high = quantile(draws, (1 - level) / 2), quantile(draws, (1 + level) / 2)
    return None if low is None or high is None else (low, high)


def random_halves(n_units: int, splits: int, rng: np.random.Generator) -> Bools:
    """Membership in the first of two random halves of the units: (splits, U), every row with U // 2 true."""
    return rng.permuted(np.tile(np.arange(n_units) < n_units // 2, (splits, 1)), axis=1)


def stratified_halves(stratum: Ints, splits: int, rng: np.random.Generator) -> Bools:
    """As `random_halves`, within each stratum: `stratum` (U,) numbers that of every unit."""
    first = np.empty((splits, len(stratum)), dtype=np.bool_)
    for number in np.unique(stratum):
        inside = stratum == number
        first[:, inside] = random_halves(int(inside.sum()), splits, rng)
    return first


def split_gaps(ratios: Ratios, first: Bools) -> Floats:
    """First half's ratio minus the other half's (splits, M), for halves given by `first` (splits, U)."""
    one, other = ratios.weighted(first.astype(np.float64)), ratios.weighted((~first).astype(np.float64))
    return one - other


def split_effects(values: Floats, unit: Ints, first: Bools) -> Floats:
    """Cliff's delta of the first half's rows over the other half's: (splits, M), NaN where a half has no value.

    `values` (n, M) may contain NaN (not measurable in that turn). The two halves together are always all rows, so
    one ranking serves every split: delta = 2 U / (n1 n2) - 1, with U the Mann-Whitney statistic from rank sums.
    """
    n_units, membership = first.shape[1], first.astype(np.float64)
    defined = unit_sums((~np.isnan(values)).astype(np.float64), unit, n_units)
    ranks = unit_sums(rankdata(values, axis=0, nan_policy="omit"), unit, n_units)
    n_first = membership @ defined
    pairs = n_first * (defined.sum(axis=0) - n_first)
    u_statistic = membership @ ranks - n_first * (n_first + 1) / 2
    return 2 * _quotient(u_statistic, pairs) - 1


def cliffs_delta(first: Floats, second: Floats) -> Floats:
    """Cliff's delta per column of (n1, M) over (n2, M): mean sign of all differences first - second, in -1..1.

    The area under the ROC curve is (1 + delta) / 2; 0.147, 0.33 and 0.474 are the usual marks of a small, medium and
    large effect (Romano et al. 2006). NaN where a side has no value.
    """
    side = np.repeat(np.array([0, 1], dtype=np.int64), (len(first), len(second)))
    delta: Floats = split_effects(np.vstack([first, second]), side, np.array([[True, False]]))[0]
    return delta
