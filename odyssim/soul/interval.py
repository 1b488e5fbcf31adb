"""Intervals for a mean of scores in 0..1 whose items come in clusters (questions about one story, seeds of an item)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from scipy import stats

from odyssim.types import Record


class Interval(Record):
    """A two-sided confidence interval and how it was made."""

    low: float
    high: float
    level: float
    method: str


def stratified_mean(scores: Sequence[float], strata: Sequence[str]) -> float:
    """The mean of the strata's means. Raises `ValueError` for no scores."""
    return sum(weight * score for weight, score in zip(_weights(strata), scores, strict=True))


def mean_interval(
    scores: Sequence[float], clusters: Sequence[str], strata: Sequence[str] | None = None, level: float = 0.95
) -> Interval | None:
    """Interval of the mean of `scores`, or of the mean of the strata's means; None for fewer than two clusters.

    Items of one cluster may depend on each other in any way. Independent items that are right or wrong get Wilson's
    interval. Otherwise logit-t: a t interval with (clusters - 1) degrees of freedom and the cluster-robust standard
    error, made on the logit scale so that it stays inside 0..1 and covers near the ends; if every score is 0, or every
    score is 1, the exact binomial bound with one trial per cluster. Differences between strata count as noise, which
    is right where strata are drawn (studies) and cautious where they are fixed (splits).
    """
    strata = [""] * len(scores) if strata is None else strata
    if not len(scores) == len(clusters) == len(strata):
        raise ValueError(f"{len(scores)} scores, {len(clusters)} clusters, {len(strata)} strata")
    groups = len(set(clusters))
    if groups < 2:
        return None
    mean = stratified_mean(scores, strata)
    if groups == len(scores) and len(set(strata)) == 1 and set(scores) <= {0.0, 1.0}:
        found = stats.binomtest(round(sum(scores)), groups).proportion_ci(level, method="wilson")
        return Interval(low=float(found.low), high=float(found.high), level=level, method=f"Wilson, {groups} items")
    sums: dict[str, float] = defaultdict(float)
    for weight, score, cluster in zip(_weights(strata), scores, clusters, strict=True):
        sums[cluster] += weight * (score - mean)
    if not 0.0 < mean < 1.0:
        bound = 1.0 - ((1.0 - level) / 2) ** (1 / groups)
        low, high = (0.0, bound) if mean <= 0.0 else (1.0 - bound, 1.0)
        return Interval(low=low, high=high, level=level, method=f"exact binomial, {groups} clusters")
    variance = groups / (groups - 1) * sum(value**2 for value in sums.values())
    half = float(stats.t.ppf((1 + level) / 2, groups - 1)) * math.sqrt(variance) / (mean * (1 - mean))
    centre = math.log(mean / (1 - mean))
    return Interval(
        low=_expit(centre - half), high=_expit(centre + half), level=level, method=f"logit-t, {groups} clusters"
    )


def _weights(strata: Sequence[str]) -> list[float]:
    sizes = Counter(strata)
    return [1 / (len(sizes) * sizes[stratum]) for stratum in strata]


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
