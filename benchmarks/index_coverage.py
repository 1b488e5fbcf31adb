"""Do the intervals hold what they promise, and which differences can a run tell?

    python benchmarks/index_coverage.py                      2,000 simulations, about four minutes on one core
    python benchmarks/index_coverage.py --simulations 200

Coverage: scores are drawn with a known mean, 100 items per task in 20 clusters of 5, and the share of 95 % intervals
that hold this mean is counted; right are 93 to 97 %. The chance of an item to be solved is drawn by cluster and then
by item, so that items of a cluster are alike (intra-cluster correlation about 0.1 for one reply). Graded scores come
in tenths. Power: the smallest difference of two runs on the same items that is found in 80 % of comparisons at 5 %.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from odyssim.soul.index import axes_equal, index_tasks, tasks_equal
from odyssim.soul.index_interval import LEVEL, difference_interval, p_value, score_interval, weighted_sum
from odyssim.soul.interval import Estimate, Interval, estimate_mean, mean_interval, t_quantile

Floats = NDArray[np.float64]

CLUSTER: Final = 5
BETWEEN_CLUSTERS: Final = 4.0
BETWEEN_ITEMS: Final = 2.0
"""Concentrations of the two beta distributions: the lower, the more clusters and items differ."""
GAP: Final = 0.05
POWER: Final = 0.8


@dataclass(frozen=True)
class Kind:
    """How scores of a task are drawn: their mean, and whether they are graded or right and wrong."""

    mean: float
    graded: bool = False

    def __str__(self) -> str:
        return f"{'graded' if self.graded else 'right or wrong'}, mean {self.mean}"


KINDS: Final = (Kind(0.5), Kind(0.7), Kind(0.9), Kind(0.6, graded=True))


def chances(kind: Kind, items: int, rng: np.random.Generator) -> Floats:
    """The expected score of every item, (items,), cluster after cluster; its own expectation is `kind.mean`."""
    cluster = rng.beta(BETWEEN_CLUSTERS * kind.mean, BETWEEN_CLUSTERS * (1 - kind.mean), size=items // CLUSTER)
    each = np.clip(np.repeat(cluster, CLUSTER), 1e-6, 1 - 1e-6)
    return rng.beta(BETWEEN_ITEMS * each, BETWEEN_ITEMS * (1 - each))


def drawn(kind: Kind, chance: Floats, seeds: int, rng: np.random.Generator) -> Floats:
    """Scores (items, seeds) with the expectation `chance`."""
    steps = 10 if kind.graded else 1
    return rng.binomial(steps, chance[:, None], size=(len(chance), seeds)) / steps


def names(items: int, seeds: int) -> list[str]:
    """The cluster of every sample of `drawn`, in its order."""
    return [str(item // CLUSTER) for item in range(items) for _ in range(seeds)]


def known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def task_holds(kind: Kind, seeds: int, rng: np.random.Generator) -> bool:
    """Whether the interval of one task's score holds its mean."""
    scores = drawn(kind, chances(kind, 100, rng), seeds, rng).ravel().tolist()
    return holds(mean_interval(scores, names(100, seeds)), kind.mean)


def index_holds(weights: dict[str, float], rng: np.random.Generator) -> bool:
    """Whether the interval of an index over tasks of all kinds, in turn, holds its mean."""
    kinds = [KINDS[place % len(KINDS)] for place in range(len(weights))]
    clusters = names(100, 1)
    parts = [
        (weight, known(estimate_mean(drawn(kind, chances(kind, 100, rng), 1, rng).ravel().tolist(), clusters)))
        for kind, weight in zip(kinds, weights.values(), strict=True)
    ]
    truth = math.fsum(weight * kind.mean for kind, weight in zip(kinds, weights.values(), strict=True))
    return holds(score_interval(weighted_sum(parts)), truth)


def gap(kind: Kind, items: int, difference: float, rng: np.random.Generator) -> Estimate:
    """The paired difference of two runs with one seed on the same items, `difference` being the true one."""
    chance = chances(kind, items, rng)
    worse = drawn(kind, chance * (1 - difference / kind.mean), 1, rng)
    return known(estimate_mean((drawn(kind, chance, 1, rng) - worse).ravel().tolist(), names(items, 1)))


def gap_holds(kind: Kind, tasks: int, rng: np.random.Generator) -> bool:
    """Whether the interval of a difference over `tasks` tasks holds the true one."""
    parts = [(1 / tasks, gap(kind, 100, GAP, rng)) for _ in range(tasks)]
    return holds(difference_interval(weighted_sum(parts, least=-1.0)), GAP)


def holds(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval.low <= truth <= interval.high


def report(what: str, simulations: int, once: Callable[[np.random.Generator], bool]) -> bool:
    """Print the coverage with the error of the simulation itself; whether it lies within 93 to 97 %."""
    rng = np.random.default_rng(0)
    share = sum(once(rng) for _ in range(simulations)) / simulations
    error = math.sqrt(share * (1 - share) / simulations)
    right = 0.93 <= share <= 0.97
    print(f"  {what:<44} {100 * share:5.1f} % ± {100 * error:.1f}{'' if right else '  OUTSIDE 93-97'}", flush=True)
    return right


def coverage(simulations: int) -> bool:
    """Print all coverages; whether all are right."""
    print(f"Coverage of 95 % intervals, 100 items in clusters of {CLUSTER}, {simulations} simulations")
    right = [
        report(f"task, {kind}, {seeds} seed(s)", simulations, partial(task_holds, kind, seeds))
        for kind, seeds in product(KINDS, (1, 3))
    ]
    right += [
        report(f"index of 23 tasks, {title} equal", simulations, partial(index_holds, weights(index_tasks())))
        for title, weights in (("tasks", tasks_equal), ("axes", axes_equal))
    ]
    right += [
        report(f"difference, {kind}, {tasks} task(s)", simulations, partial(gap_holds, kind, tasks))
        for kind, tasks in product(KINDS, (1, 5))
    ]
    return all(right)


def power(simulations: int) -> None:
    """Print which differences are found: for one task, and for an index of 23 such tasks."""
    print(f"\nDifference in points found in {POWER:.0%} of comparisons, paired, two-sided 5 %, one seed")
    print(f"  {'items of a task':<36} {'100':>15} {'500':>15} {'2,000':>15}")
    for (tasks, title), kind in product(((1, "task"), (len(index_tasks()), "index")), KINDS):
        cells = [found(kind, items, tasks, max(simulations // tasks, 100)) for items in (100, 500, 2000)]
        print(f"  {f'{title}, {kind}':<36} {' '.join(cells)}", flush=True)


def found(kind: Kind, items: int, tasks: int, simulations: int) -> str:
    """The difference, and in how many simulated comparisons it was indeed found."""
    rng = np.random.default_rng(0)

    def compared(difference: float) -> Estimate:
        return weighted_sum([(1 / tasks, gap(kind, items, difference, rng)) for _ in range(tasks)], least=-1.0)

    difference = 0.0
    for _ in range(3):  # the error grows a little with the difference
        pilot = [compared(difference) for _ in range(30)]
        error = float(np.sqrt(np.mean([estimate.error**2 for estimate in pilot])))
        degrees = float(np.mean([estimate.degrees for estimate in pilot]))
        difference = error * (t_quantile(degrees, LEVEL) + float(stats.t.ppf(POWER, degrees)))
    hits = sum(p_value(compared(difference)) < 1 - LEVEL for _ in range(simulations))
    return f"{100 * difference:6.1f} ({100 * hits / simulations:3.0f} %)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2000)
    options = parser.parse_args()
    right = coverage(options.simulations)
    power(options.simulations // 4)
    raise SystemExit(0 if right else 1)


if __name__ == "__main__":
    main()
