"""Intervals for weighted sums over tasks: an axis, the index, a difference of two indices.

Tasks are drawn independently of each other; within a task, items come in clusters and an item's seeds belong to its
cluster. So the variance of the sum is the weighted sum of the tasks' cluster-robust variances, and its degrees of
freedom are those of Satterthwaite (1946), which Welch's test uses for two means.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from scipy import stats

from odyssim.soul.interval import Estimate, Interval, logit_t, t_quantile, unseen_share

LEVEL: Final = 0.95


def weighted_sum(parts: Iterable[tuple[float, Estimate]], least: float = 0.0) -> Estimate:
    """The sum of weight times mean, with its error; `least` is the lowest value a task can have, the highest is 1.

    A task whose clusters all agree has no error of its own: it counts with the exact bound on clusters that were not
    seen, put as an error. Raises `ValueError` for no parts.
    """
    known = [(weight, _with_error(estimate, least)) for weight, estimate in parts]
    if not known:
        raise ValueError("a sum over no tasks")
    variances = [(weight * estimate.error) ** 2 for weight, estimate in known]
    squares = sum(variance**2 / estimate.degrees for variance, (_, estimate) in zip(variances, known, strict=True))
    return Estimate(
        mean=math.fsum(weight * estimate.mean for weight, estimate in known),
        error=math.sqrt(sum(variances)),
        degrees=sum(variances) ** 2 / squares,
    )


def score_interval(estimate: Estimate) -> Interval:
    """Interval of a score in 0..1: logit-t, or at the very ends t cut off there."""
    method = f"logit-t, {estimate.degrees:.1f} degrees of freedom"
    if 0.0 < estimate.mean < 1.0:
        low, high = logit_t(estimate, LEVEL)
        return Interval(low=low, high=high, level=LEVEL, method=method)
    half = t_quantile(estimate.degrees, LEVEL) * estimate.error
    low, high = max(0.0, estimate.mean - half), min(1.0, estimate.mean + half)
    return Interval(low=low, high=high, level=LEVEL, method=method.removeprefix("logit-"))


def difference_interval(estimate: Estimate) -> Interval:
    """Interval of a difference of two scores, inside -1..1: t."""
    half = t_quantile(estimate.degrees, LEVEL) * estimate.error
    return Interval(
        low=max(-1.0, estimate.mean - half),
        high=min(1.0, estimate.mean + half),
        level=LEVEL,
        method=f"t, {estimate.degrees:.1f} degrees of freedom",
    )


def p_value(estimate: Estimate) -> float:
    """Two-sided p-value of a difference of 0, by the same t distribution as `difference_interval`."""
    return float(2 * stats.t.sf(abs(estimate.mean) / estimate.error, estimate.degrees))


def _with_error(estimate: Estimate, least: float) -> Estimate:
    if estimate.error:
        return estimate
    reach = max(estimate.mean - least, 1.0 - estimate.mean)
    bound = unseen_share(round(estimate.degrees) + 1, LEVEL) * reach
    return replace(estimate, error=bound / t_quantile(estimate.degrees, LEVEL))
