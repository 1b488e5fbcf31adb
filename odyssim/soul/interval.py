"""Intervals for a mean of scores in 0..1 whose items come in clusters (questions about one story, seeds of an item)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from scipy import stats

from odyssim.types import Record


class Interval(Record):
    """A two-sided confidence interval and how it was made."""

    low: float
    high: float
    level: float
    method: str


def mean_interval(scores: Sequence[float], clusters: Sequence[str], level: float = 0.95) -> Interval | None:
    """Interval of the mean of `scores`; items of one cluster may depend on each other in any way.

    Logit-t: a t interval with (clusters - 1) degrees of freedom and the cluster-robust standard error, made on the
    logit scale so that it stays inside 0..1 and covers near the ends. If every score is 0, or every score is 1, the
    exact binomial bound with one trial per cluster. None for fewer than two clusters.
    """
    if len(scores) != len(clusters):
        raise ValueError(f"{len(scores)} scores but {len(clusters)} clusters")
    sums: dict[str, float] = defaultdict(float)
    n, mean = len(scores), sum(scores) / max(len(scores), 1)
    for score, cluster in zip(scores, clusters, strict=True):
        sums[cluster] += score - mean
    groups = len(sums)
    if groups < 2:
        return None
    if mean <= 0.0 or mean >= 1.0:
        bound = 1.0 - ((1.0 - level) / 2) ** (1 / groups)
        low, high = (0.0, bound) if mean <= 0.0 else (1.0 - bound, 1.0)
        return Interval(low=low, high=high, level=level, method=f"exact binomial, {groups} clusters")
    variance = groups / (groups - 1) * sum(value**2 for value in sums.values()) / n**2
    half = float(stats.t.ppf((1 + level) / 2, groups - 1)) * math.sqrt(variance) / (mean * (1 - mean))
    centre = math.log(mean / (1 - mean))
    return Interval(
        low=_expit(centre - half), high=_expit(centre + half), level=level, method=f"logit-t, {groups} clusters"
    )


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
