"""Intervals for a mean of scores in 0..1 whose items come in clusters (questions about one story, seeds of an item)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from scipy import stats

from odyssim.types import Record

_ROUNDING: Final = 1e-9
"""A standard error below this is a sum of rounding errors."""


class Interval(Record):
    """A two-sided confidence interval and how it was made."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Estimate:
    """A mean, its standard error and the error's degrees of freedom. An error of 0: all clusters agree."""

    mean: float
    error: float
    degrees: float


def stratified_mean(scores: Sequence[float], strata: Sequence[str]) -> float:
    """The mean of the strata's means. Raises `ValueError` for no scores."""
    parts: dict[str, list[float]] = defaultdict(list)
    for stratum, score in zip(strata, scores, strict=True):
        parts[stratum].append(score)
    return fmean(map(fmean, parts.values()))


def estimate_mean(
    scores: Sequence[float], clusters: Sequence[str], strata: Sequence[str] | None = None
) -> Estimate | None:
    """The mean of `scores`, or of the strata's means, with the cluster-robust error; None for fewer than two clusters.

    Items of one cluster may depend on each other in any way. Differences between strata count as noise, which is
    right where strata are drawn (studies) and cautious where they are fixed (splits).
    """
    strata = [""] * len(scores) if strata is None else strata
    if not len(scores) == len(clusters) == len(strata):
        raise ValueError(f"{len(scores)} scores, {len(clusters)} clusters, {len(strata)} strata")
    groups = len(set(clusters))
    if groups < 2:
        return None
    mean = stratified_mean(scores, strata)
    sizes = Counter(strata)
    sums: dict[str, float] = defaultdict(float)
    for score, cluster, stratum in zip(scores, clusters, strata, strict=True):
        sums[cluster] += (score - mean) / (len(sizes) * sizes[stratum])
    error = math.sqrt(groups / (groups - 1) * sum(value**2 for value in sums.values()))
    return Estimate(mean, error if error > _ROUNDING else 0.0, groups - 1)


def mean_interval(
    scores: Sequence[float], clusters: Sequence[str], strata: Sequence[str] | None = None, level: float = 0.95
) -> Interval | None:
    """Interval of the mean of `scores`, or of the mean of the strata's means; None for fewer than two clusters.

    Independent items that are right or wrong get Wilson's interval. Otherwise logit-t: a t interval with
    (clusters - 1) degrees of freedom and the cluster-robust standard error, made on the logit scale so that it stays
    inside 0..1 and covers near the ends; if all clusters agree, the exact bound with one trial per cluster.
    """
    estimate = estimate_mean(scores, clusters, strata)
    if estimate is None:
        return None
    groups, mean = round(estimate.degrees) + 1, estimate.mean
    if groups == len(scores) and len(set(strata or "")) <= 1 and set(scores) <= {0.0, 1.0}:
        found = stats.binomtest(round(sum(scores)), groups).proportion_ci(level, method="wilson")
        return Interval(low=float(found.low), high=float(found.high), level=level, method=f"Wilson, {groups} items")
    if not estimate.error:
        others = unseen_share(groups, level)
        low, high = mean * (1 - others), mean + (1 - mean) * others
        return Interval(low=low, high=high, level=level, method=f"exact binomial, {groups} clusters")
    low, high = logit_t(estimate, level)
    return Interval(low=low, high=high, level=level, method=f"logit-t, {groups} clusters")


def logit_t(estimate: Estimate, level: float) -> tuple[float, float]:
    """Ends of the t interval made on the logit scale, for a mean strictly inside 0..1."""
    mean = estimate.mean
    half = t_quantile(estimate.degrees, level) * estimate.error / (mean * (1 - mean))
    centre = math.log(mean / (1 - mean))
    return _expit(centre - half), _expit(centre + half)


def t_quantile(degrees: float, level: float) -> float:
    """Half the width, in standard errors, of a two-sided t interval."""
    return float(stats.t.ppf((1 + level) / 2, degrees))


def unseen_share(clusters: int, level: float) -> float:
    """The share of all clusters that may differ from those seen though all of these agree: the exact binomial bound
    (Clopper and Pearson 1934) for none of `clusters` trials."""
    return float(1.0 - ((1.0 - level) / 2) ** (1 / clusters))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
