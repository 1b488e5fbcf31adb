"""The SOUL-Index of a run: axis scores, the index in two weightings, and everything that does not count in it.

An axis score is the mean of its tasks. The index gives every task the same weight, or every axis the same weight; both
are printed, because published tables differ in which they mean. Fixtures never count, and an index over fewer than
all tasks is called partial.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import Final

from odyssim.soul.index_interval import score_interval, weighted_sum
from odyssim.soul.interval import Estimate, Interval, estimate_mean
from odyssim.soul.result import EvalResult, ScoredSample
from odyssim.soul.taxonomy import INDEX_TASKS
from odyssim.types import Axis, Origin, Record

N_TASKS: Final = sum(map(len, INDEX_TASKS.values()))
MOST_EXCLUDED: Final = 0.05
"""Above this share of samples without a score, the mean of the others may be that of the easier ones."""


class IndexScore(Record):
    """A weighted mean of task scores in 0..1. No interval: one of the tasks has fewer than two independent items."""

    score: float
    interval: Interval | None


class AxisScore(Record):
    """The mean over those `tasks` of an axis that count, out of `of`; none if none of them does."""

    axis: Axis
    value: IndexScore | None
    tasks: tuple[str, ...]
    of: int


class SoulIndex(Record):
    """The index of one run. `uncounted` says of every other task of the index why it does not count."""

    tasks_equal: IndexScore | None
    axes_equal: IndexScore | None
    axes: tuple[AxisScore, ...]
    uncounted: dict[str, str]
    n_scored: int
    n_excluded: int
    warnings: tuple[str, ...]

    @property
    def counted(self) -> tuple[str, ...]:
        """The tasks that count, axis by axis."""
        return tuple(task for axis in self.axes for task in axis.tasks)

    @property
    def title(self) -> str:
        """What the number may be called."""
        return "SOUL-Index" if not self.uncounted else f"Partial SOUL-Index, {len(self.counted)} of {N_TASKS} tasks"


def soul_index(result: EvalResult, samples: Mapping[str, Sequence[ScoredSample]]) -> SoulIndex:
    """The index of an evaluation, from its result and its samples by task.

    Tasks that are not part of the index are left aside.
    """
    uncounted = {task: reason for task in index_tasks() if (reason := _why_not(result, task))}
    counted = [task for task in index_tasks() if task not in uncounted]
    scores = {row.task: row.score for row in result.tasks if row.score is not None}
    estimates = {task: _estimate(samples[task]) for task in counted}
    rows = [row for row in result.tasks if row.task in counted]
    return SoulIndex(
        tasks_equal=_value(tasks_equal(counted), scores, estimates),
        axes_equal=_value(axes_equal(counted), scores, estimates),
        axes=tuple(
            AxisScore(axis=axis, value=_value(tasks_equal(own), scores, estimates), tasks=tuple(own), of=len(tasks))
            for axis, tasks in INDEX_TASKS.items()
            for own in [[task for task in tasks if task in counted]]
        ),
        uncounted=uncounted,
        n_scored=sum(row.n_scored for row in rows),
        n_excluded=sum(row.n_excluded for row in rows),
        warnings=(*run_warnings(result), *_task_warnings(result, estimates)),
    )


def index_tasks() -> tuple[str, ...]:
    """The tasks of the index, axis by axis."""
    return tuple(task for tasks in INDEX_TASKS.values() for task in tasks)


def tasks_equal(counted: Sequence[str]) -> dict[str, float]:
    """Weights that give every task the same; they add up to 1."""
    return {task: 1 / len(counted) for task in counted}


def axes_equal(counted: Sequence[str]) -> dict[str, float]:
    """Weights that give every axis with a counted task the same, and the tasks of an axis the same share of it."""
    axes = [own for tasks in INDEX_TASKS.values() if (own := [task for task in tasks if task in counted])]
    return {task: 1 / (len(axes) * len(own)) for own in axes for task in own}


def scored(samples: Sequence[ScoredSample]) -> list[tuple[ScoredSample, float]]:
    """The samples that have a score, with it."""
    return [(sample, sample.outcome.score) for sample in samples if sample.outcome.score is not None]


def tasks_by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """The tasks that share a reason, from the reason of each."""
    tasks: dict[str, list[str]] = defaultdict(list)
    for task, reason in reasons.items():
        tasks[reason].append(task)
    return dict(tasks)


def run_warnings(result: EvalResult) -> Iterator[str]:
    """What whoever reads any number of the run should know."""
    if result.model in result.judges:
        yield f"{result.model} judged itself: scores of judged tasks are not to be trusted"
    if len(set(result.seeds)) == 1:
        yield "one seed: the intervals hold the chance of a single reply to each item, but cannot tell how large it is"
    yield from result.warnings


def _why_not(result: EvalResult, task: str) -> str:
    row = next((row for row in result.tasks if row.task == task), None)
    if row is None:
        return f"not run: {result.left_out[task]}" if task in result.left_out else "not run"
    if row.score is None or Origin.FIXTURE in row.origins:
        return row.note or "no score"
    return ""


def _estimate(samples: Sequence[ScoredSample]) -> Estimate | None:
    pairs = scored(samples)
    return estimate_mean(
        [score for _, score in pairs],
        [sample.cluster for sample, _ in pairs],
        [sample.stratum for sample, _ in pairs],
    )


def _value(
    weights: Mapping[str, float], scores: Mapping[str, float], estimates: Mapping[str, Estimate | None]
) -> IndexScore | None:
    if not weights:
        return None
    parts = [(weight, estimate) for task, weight in weights.items() if (estimate := estimates[task])]
    return IndexScore(
        score=fsum(weight * scores[task] for task, weight in weights.items()),
        interval=score_interval(weighted_sum(parts)) if len(parts) == len(weights) else None,
    )


def _task_warnings(result: EvalResult, estimates: Mapping[str, Estimate | None]) -> Iterator[str]:
    rows = [row for row in result.tasks if row.task in estimates]
    tasks = {
        "fewer than two independent items, so there is no interval": [
            task for task, estimate in estimates.items() if estimate is None
        ],
        "no variance, so the exact bound stands for the error": [
            task for task, estimate in estimates.items() if estimate and not estimate.error
        ],
        "items made up by rules, not comparable with published scores": [
            row.task for row in rows if Origin.GENERATED in row.origins
        ],
        f"more than {MOST_EXCLUDED:.0%} of the samples have no score": [
            f"{row.task} ({row.n_excluded} of {row.n_samples})"
            for row in rows
            if row.n_excluded > MOST_EXCLUDED * row.n_samples
        ],
    }
    yield from (f"{what}: {', '.join(names)}" for what, names in tasks.items() if names)
