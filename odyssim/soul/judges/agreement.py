"""Agreement, as pure functions: between raters, between a rater and a known order, and between two numbers beyond a
third thing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations
from typing import Final, TypeVar

import numpy as np
from scipy import stats

from odyssim.soul.interval import Interval

ValueT = TypeVar("ValueT", bound=Hashable)

_LEAST_VARIATION: Final = 1e-9
"""What least squares leaves over of a column that the controls explain whole, relative to the column."""


def interval_alpha(ratings: Sequence[Sequence[float | None]]) -> float | None:
    """Krippendorff's alpha for numbers whose differences mean something.

    `ratings` has a row per rater and a column per unit; none where a rater said nothing. 1 is perfect agreement, 0
    what chance gives, below 0 systematic disagreement. None if no unit has two ratings, or if all ratings are equal:
    then nothing was told apart. Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", sections D-E.
    """
    return _alpha(ratings, lambda values: 2 * len(values) ** 2 * float(np.var(values)))


def nominal_alpha(ratings: Sequence[Sequence[ValueT | None]]) -> float | None:
    """Krippendorff's alpha for labels, which agree or do not; the rest as for `interval_alpha`."""
    return _alpha(ratings, lambda values: len(values) ** 2 - sum(n**2 for n in Counter(values).values()))


def _alpha(
    ratings: Sequence[Sequence[ValueT | None]], disagreement: Callable[[Sequence[ValueT]], float]
) -> float | None:
    """alpha = 1 - D_o / D_e; `disagreement` is the sum of squared differences over all ordered pairs of some values."""
    units = [[value for value in unit if value is not None] for unit in zip(*ratings, strict=True)]
    units = [values for values in units if len(values) > 1]
    pooled = [value for values in units for value in values]
    if len(set(pooled)) < 2:
        return None
    observed = sum(disagreement(values) / (len(values) - 1) for values in units)
    return 1 - (len(pooled) - 1) * observed / disagreement(pooled)


def kendall_tau(values: Sequence[float]) -> float:
    """Kendall's tau-a of `values`, which should fall from first to last: -1..1, a tie counts as half right.

    Raises `ValueError` for fewer than two values. Source: Kendall 1938, "A New Measure of Rank Correlation".
    """
    signs = [float(np.sign(earlier - later)) for earlier, later in combinations(values, 2)]
    if not signs:
        raise ValueError("an order needs two values")
    return sum(signs) / len(signs)


def partial_correlation(
    first: Sequence[float], second: Sequence[float], *controls: Sequence[str], level: float = 0.95
) -> tuple[float, Interval] | None:
    """Pearson correlation of what is left of two columns once their means per label of every control are taken out.

    None if nothing varies any more, or if too few rows are left over for an interval. The interval is Fisher's z with
    one degree of freedom less per control parameter (Fisher 1924, "The Distribution of the Partial Correlation
    Coefficient").
    """
    columns = np.column_stack([first, second]).astype(np.float64)
    design = np.column_stack(
        [np.ones(len(columns))]
        + [np.array([each == label for each in labels], float) for labels in controls for label in sorted(set(labels))]
    )
    fitted, _, rank, _ = np.linalg.lstsq(design, columns, rcond=None)
    left = columns - design @ fitted
    lengths = np.linalg.norm(left, axis=0)
    freedom = len(columns) - int(rank) - 2
    if freedom < 1 or (lengths <= _LEAST_VARIATION * np.linalg.norm(columns, axis=0)).any():
        return None
    correlation = float(np.clip(left[:, 0] @ left[:, 1] / lengths.prod(), -1.0, 1.0))
    z = math.atanh(min(max(correlation, -1 + 1e-12), 1 - 1e-12))
    half = float(stats.norm.ppf((1 + level) / 2)) / math.sqrt(freedom)
    method = f"Fisher z, {freedom} degrees of freedom"
    return correlation, Interval(low=math.tanh(z - half), high=math.tanh(z + half), level=level, method=method)
