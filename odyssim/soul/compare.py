"""Compare finished evaluations, item by item: who is better, by how much, and where it cannot be told.

All runs are compared on the items that all of them scored, under the same task version, profile, split, judges and
partners. Differences are paired by item, so what makes an item hard for everybody cancels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, zip_longest
from pathlib import Path
from typing import Final

from odyssim import __version__
from odyssim.errors import UsageError
from odyssim.progress import Progress, Silent
from odyssim.soul.comparison import (
    Comparison,
    Contrast,
    Difference,
    FirstPlaces,
    Pair,
    Ranked,
    ShownSample,
    TaskDifference,
    WinRate,
)
from odyssim.soul.finished import FinishedRun
from odyssim.soul.index import IndexScore, axes_equal, index_tasks, run_warnings, tasks_by_reason, tasks_equal
from odyssim.soul.index_interval import difference_interval, p_value, score_interval, weighted_sum
from odyssim.soul.interval import Estimate
from odyssim.soul.paired import SharedTask, shared_tasks
from odyssim.soul.rank_groups import alike_groups, holm
from odyssim.soul.result import ScoredSample

ALPHA: Final = 0.05
TIE: Final = 0.0005
"""Scores closer than this are printed alike, to a tenth of a point: they share a first place."""

Shared = Mapping[str, SharedTask]
Runs = tuple[int, int]


def compare(folders: Sequence[Path], *, contrasts: int = 5, progress: Progress = Silent()) -> Comparison:
    """Compare the evaluations in two or more folders; of each pair, show the `contrasts` items they differ at most.

    Raises `UsageError` for fewer than two different folders, or if the runs have no task that can be compared, and
    `DataError` for a folder without a readable evaluation.
    """
    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        raise UsageError("A comparison needs two or more different result folders.", hint="odyssim compare A B")
    with progress.work("read evaluations", len(folders)) as work:
        runs = []
        for folder in folders:
            runs.append(FinishedRun.read(folder))
            work.advance(1)
    names = _names(runs)
    shared, left_out = shared_tasks(runs, names)
    if not shared:
        reasons = "; ".join(f"{reason} ({', '.join(tasks)})" for reason, tasks in tasks_by_reason(left_out).items())
        raise UsageError(
            f"These runs have no task that can be compared: {reasons}.",
            hint="evaluate both alike, or give both the same judges with odyssim rescore",
        )
    gaps = _task_gaps(shared, len(runs))
    in_index = [task for task in shared if task in index_tasks()]
    by_tasks, by_axes = tasks_equal(in_index), axes_equal(in_index)
    gaps_by_tasks, gaps_by_axes = (_index_gaps(shared, weights, len(runs)) for weights in (by_tasks, by_axes))
    values = [_index_value(shared, by_tasks, run) for run in range(len(runs))]
    order = sorted(range(len(runs)), key=lambda run: -value.score if (value := values[run]) else 0.0)
    groups = _groups(order, gaps_by_tasks)
    return Comparison(
        odyssim_version=__version__,
        profile=runs[0].result.profile,
        runs=tuple(
            Ranked(
                name=names[run],
                model=runs[run].result.model,
                folder=str(runs[run].folder),
                tasks_equal=values[run],
                axes_equal=_index_value(shared, by_axes, run),
                groups=tuple(number for number, group in enumerate(groups, start=1) if run in group),
                first_places=_first_places(shared, gaps, run, len(runs)),
            )
            for run in order
        ),
        pairs=tuple(
            Pair(
                first=names[pair[0]],
                second=names[pair[1]],
                tasks=tuple(_task_difference(task, pair, gaps[task.task, pair]) for task in shared.values()),
                tasks_equal=gaps_by_tasks.get(pair),
                axes_equal=gaps_by_axes.get(pair),
                wins=_wins([(task, task.wins(*pair)) for task in shared.values()]),
                contrasts=tuple(_contrasts(shared, pair, contrasts)),
            )
            for pair in _pairs(len(runs))
        ),
        partial=set(in_index) != set(index_tasks()),
        left_out=left_out,
        unpaired={name: task.unpaired for name, task in shared.items() if task.unpaired},
        warnings=tuple(_warnings(runs, names)),
    )


def _names(runs: Sequence[FinishedRun]) -> list[str]:
    """Runs by model, with the folder where that is not enough."""
    models = Counter(run.result.model for run in runs)
    return [run.result.model if models[run.result.model] == 1 else f"{run.result.model} ({run.folder})" for run in runs]


def _pairs(runs: int) -> Iterator[Runs]:
    return combinations(range(runs), 2)


def _task_gaps(shared: Shared, runs: int) -> dict[tuple[str, Runs], Difference]:
    """Every pair on every task."""
    sums = {
        (name, pair): weighted_sum([(1.0, task.estimate(task.differences(*pair)))], least=-1.0)
        for name, task in shared.items()
        for pair in _pairs(runs)
    }
    corrected = holm({key: p_value(estimate) for key, estimate in sums.items()})
    return {key: _difference(estimate, corrected[key]) for key, estimate in sums.items()}


def _index_gaps(shared: Shared, weights: Mapping[str, float], runs: int) -> dict[Runs, Difference]:
    """Every pair in the index; nothing without a task of the index."""
    if not weights:
        return {}
    sums = {
        pair: weighted_sum(
            ((weight, shared[task].estimate(shared[task].differences(*pair))) for task, weight in weights.items()),
            least=-1.0,
        )
        for pair in _pairs(runs)
    }
    corrected = holm({pair: p_value(estimate) for pair, estimate in sums.items()})
    return {pair: _difference(estimate, corrected[pair]) for pair, estimate in sums.items()}


def _difference(estimate: Estimate, p_corrected: float) -> Difference:
    return Difference(
        difference=estimate.mean,
        interval=difference_interval(estimate),
        p=p_value(estimate),
        p_corrected=p_corrected,
    )


def _index_value(shared: Shared, weights: Mapping[str, float], run: int) -> IndexScore | None:
    if not weights:
        return None
    estimate = weighted_sum(
        (weight, shared[task].estimate(shared[task].scores[run])) for task, weight in weights.items()
    )
    return IndexScore(score=estimate.mean, interval=score_interval(estimate))


def _task_difference(task: SharedTask, pair: Runs, gap: Difference) -> TaskDifference:
    first, second = map(task.mean, pair)
    return TaskDifference(
        task=task.task,
        axis=task.axis,
        n_items=len(task.items),
        first=first,
        second=second,
        gap=gap,
        wins=_wins([(task, task.wins(*pair))]),
    )


def _wins(tasks: Sequence[tuple[SharedTask, list[float]]]) -> WinRate:
    """The mean win rate of tasks, each counting the same."""
    estimate = weighted_sum([(1 / len(tasks), task.estimate(wins)) for task, wins in tasks])
    return WinRate(rate=estimate.mean, interval=score_interval(estimate))


def _groups(order: Sequence[int], gaps: Mapping[Runs, Difference]) -> list[set[int]]:
    """Runs that cannot be told apart, the best group first; no group without an index."""
    if not gaps:
        return []
    place = {run: rank for rank, run in enumerate(order)}
    different = {(place[one], place[other]) for (one, other), gap in gaps.items() if gap.p_corrected < ALPHA}
    return [{order[rank] for rank in group} for group in alike_groups(len(order), different)]


def _first_places(shared: Shared, gaps: Mapping[tuple[str, Runs], Difference], run: int, runs: int) -> FirstPlaces:
    """First places as scored, and how many are sure and possible.

    Holm's correction makes all differences that it leaves below 5 % true together, and so the counts that follow from
    them (Mogstad et al. 2024 bound ranks in this way).
    """
    first = low = high = 0
    for name, task in shared.items():
        own = [(pair, gaps[name, pair]) for pair in _pairs(runs) if run in pair]
        sure = [(gap.difference > 0) == (pair[0] == run) for pair, gap in own if gap.p_corrected < ALPHA]
        first += task.mean(run) >= max(map(task.mean, range(runs))) - TIE
        low += len(sure) == len(own) and all(sure)
        high += all(sure)
    return FirstPlaces(tasks=first, low=low, high=high, of=len(shared))


def _contrasts(shared: Shared, pair: Runs, limit: int) -> list[Contrast]:
    """Items with the largest gaps; the tasks take turns, so that no single one fills the list."""
    ranked = []
    for task in shared.values():
        gaps = [(abs(gap), item) for item, gap in enumerate(task.differences(*pair)) if gap]
        ranked.append([(gap, task, item) for gap, item in sorted(gaps, key=lambda row: -row[0])])
    in_turns = [row for turn in zip_longest(*ranked) for row in turn if row is not None]
    chosen = sorted(in_turns[:limit], key=lambda row: -row[0])
    return [_contrast(task, item, pair) for _, task, item in chosen]


def _contrast(task: SharedTask, item: int, pair: Runs) -> Contrast:
    gap = task.differences(*pair)[item]
    first, second = (task.samples[run][item] for run in pair)
    best, worst = (max, min) if gap > 0 else (min, max)
    return Contrast(
        task=task.task,
        item_id=task.items[item],
        gap=gap,
        first=_shown(*best(first, key=lambda row: row[1])),
        second=_shown(*worst(second, key=lambda row: row[1])),
    )


def _shown(sample: ScoredSample, score: float) -> ShownSample:
    return ShownSample(
        seed=sample.seed,
        score=score,
        answer=sample.outcome.answer,
        critique=sample.outcome.critique,
        turns=sample.episode.turns,
    )


def _warnings(runs: Sequence[FinishedRun], names: Sequence[str]) -> Iterator[str]:
    for run, name in zip(runs, names, strict=True):
        yield from (f"{name}: {warning}" for warning in run_warnings(run.result))
    for what, values in (
        ("sampling", {run.result.sampling.model_dump_json(exclude={"seed"}) for run in runs}),
        ("seeds", {run.result.seeds for run in runs}),
    ):
        if len(values) > 1:
            yield f"the runs differ in their {what}, which is part of what is compared here"
