"""The items that several runs have in common, with everybody's scores: what a fair comparison may look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from odyssim.soul.finished import FinishedRun
from odyssim.soul.index import index_tasks, scored
from odyssim.soul.interval import Estimate, estimate_mean, stratified_mean
from odyssim.soul.result import ScoredSample
from odyssim.types import Origin


@dataclass(frozen=True)
class SharedTask:
    """A task on the n items that all of R runs scored.

    `scores` (R, n) are means over the seeds of an item; `samples` (R, n) what they are means of. `unpaired` items were
    scored by some runs only.
    """

    task: str
    axis: str
    items: tuple[str, ...]
    clusters: tuple[str, ...]
    strata: tuple[str, ...]
    scores: tuple[tuple[float, ...], ...]
    samples: tuple[tuple[tuple[tuple[ScoredSample, float], ...], ...], ...]
    unpaired: int

    def mean(self, run: int) -> float:
        return stratified_mean(self.scores[run], self.strata)

    def estimate(self, values: Sequence[float]) -> Estimate:
        """Mean and error of one value per item."""
        found = estimate_mean(values, self.clusters, self.strata)
        assert found is not None  # `shared_tasks` leaves out tasks with fewer than two clusters
        return found

    def differences(self, first: int, second: int) -> list[float]:
        """First minus second by item: (n,), in -1..1."""
        return [one - other for one, other in zip(self.scores[first], self.scores[second], strict=True)]

    def wins(self, first: int, second: int) -> list[float]:
        """By item 1 where the first scores higher, 0 where the second does, and half for a tie: (n,)."""
        return [0.5 + 0.5 * ((gap > 0) - (gap < 0)) for gap in self.differences(first, second)]


def shared_tasks(runs: Sequence[FinishedRun], names: Sequence[str]) -> tuple[dict[str, SharedTask], dict[str, str]]:
    """The tasks on which the runs can be compared, and why not on the others; tasks of the index come first."""
    known = dict.fromkeys(row.task for run in runs for row in run.result.tasks)
    order = {task: place for place, task in enumerate(index_tasks())}
    shared, left_out = {}, {}
    for task in sorted(known, key=lambda task: order.get(task, len(order))):
        found = _shared(task, runs, names)
        if isinstance(found, str):
            left_out[task] = found
        else:
            shared[task] = found
    return shared, left_out


def _shared(task: str, runs: Sequence[FinishedRun], names: Sequence[str]) -> SharedTask | str:
    """The task on the items in common, or why it cannot be compared."""
    for run, name in zip(runs, names, strict=True):
        row = run.row(task)
        if row is None:
            return f"not run by {name}"
        if row.score is None or Origin.FIXTURE in row.origins:
            return f"{name}: {row.note or 'no score'}"
    differing = _differing([run.conditions(task) for run in runs])
    if differing:
        return differing
    by_item = [_by_item(run.samples[task]) for run in runs]
    items = [item for item in by_item[0] if all(item in found for found in by_item)]
    if not items:
        return "no item in common"
    first = {item: by_item[0][item][0][0] for item in items}
    for found in by_item[1:]:
        if any(_place(found[item][0][0]) != _place(first[item]) for item in items):
            return "items of one name are not the same items: the runs read different data"
    clusters = tuple(first[item].cluster for item in items)
    if len(set(clusters)) < 2:
        return "fewer than two independent items in common"
    return SharedTask(
        task=task,
        axis=next(row.axis for row in runs[0].result.tasks if row.task == task),
        items=tuple(items),
        clusters=clusters,
        strata=tuple(first[item].stratum for item in items),
        scores=tuple(tuple(fmean(score for _, score in found[item]) for item in items) for found in by_item),
        samples=tuple(tuple(tuple(found[item]) for item in items) for found in by_item),
        unpaired=len(set().union(*by_item)) - len(items),
    )


def _by_item(samples: Sequence[ScoredSample]) -> dict[str, list[tuple[ScoredSample, float]]]:
    found: dict[str, list[tuple[ScoredSample, float]]] = defaultdict(list)
    for sample, score in scored(samples):
        found[sample.item_id].append((sample, score))
    return dict(found)


def _place(sample: ScoredSample) -> tuple[object, ...]:
    return sample.cluster, sample.stratum, sample.origin, sample.chance


def _differing(conditions: Sequence[Mapping[str, str]]) -> str:
    """Every condition that is not the same in all runs, with what it is in each; empty if there is none."""
    names = dict.fromkeys(name for found in conditions for name in found)
    values = {name: [found.get(name, "none") for found in conditions] for name in names}
    return "; ".join(f"{name} differs: {' / '.join(each)}" for name, each in values.items() if len(set(each)) > 1)
