"""How hard a task is for the agent, and the error of its success rate at equal difficulty (arXiv 2603.11245).

The difficulty of a task is how often the agent succeeds on it over many simulators, so higher is easier; only the
fifth of 0..1 it falls in counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Final

import numpy as np

from odyssim.human_likeness.stats import Floats
from odyssim.soul.tau_usi.dialogue import Outcomes
from odyssim.types import Record

MIN_SAMPLES: Final = 10
"""Pooled dialogues that a task needs to have a difficulty."""
_CUTS: Final = (0.2, 0.4, 0.6, 0.8)
N_BINS: Final = len(_CUTS) + 1

_RETAIL: Final = (
    "34 54 105",
    "21 28 38 39 59 71 74 76 79 99 101 104 109",
    "16 19 20 29 30 33 37 41 43 60 62 64 66 72 81 91 93-96 100 110 111",
    "2-9 14 15 18 22-25 31 32 35 36 42 45-47 49 55-57 63 67 69 70 82-84 86-90 92 97 98 102 103 106-108 112 113",
    "0 1 10-13 17 26 27 40 44 48 50-53 58 61 65 68 73 75 77 78 80 85 114",
)
_AIRLINE: Final = (
    "9",
    "10 15 19 47",
    "2 3 8 11 17 21-23 30-34 45",
    "0 1 4-7 12 14 16 25-28 35 39 46 48",
    "13 18 20 24 29 36-38 40-44 49",
)


class Difficulty(Record):
    """The bin of every task, 0 (hardest) to 4, with the success it comes from where that is known."""

    source: str
    bins: dict[str, int]
    success: dict[str, float] | None = None

    @classmethod
    def of(cls, source: str, success: Mapping[str, float]) -> Difficulty:
        """From the agent's mean success by task, each in 0..1."""
        return cls(source=source, bins={task: bin_of(mean) for task, mean in success.items()}, success=dict(success))


def bin_of(success: float) -> int:
    """The fifth of 0..1; a value on a cut belongs to the easier side."""
    return bisect_right(_CUTS, success)


def frozen_difficulty() -> Difficulty:
    """The published map, pooled from 31 simulators on all 165 tasks of τ-bench, as the bins it comes to."""
    bins = {
        f"{domain}_{task}": number
        for domain, table in (("retail", _RETAIL), ("airline", _AIRLINE))
        for number, listed in enumerate(table)
        for task in _tasks(listed)
    }
    return Difficulty(source="published, pooled from 31 simulators", bins=bins)


def pooled_difficulty(source: str, runs: Iterable[Outcomes]) -> Difficulty:
    """From the runs of a set of simulators: every task with at least `MIN_SAMPLES` dialogues."""
    samples: dict[str, list[int]] = defaultdict(list)
    for outcomes in runs:
        for task, success in outcomes.items():
            samples[task].append(success)
    return Difficulty.of(source, {task: fmean(found) for task, found in samples.items() if len(found) >= MIN_SAMPLES})


def success_gaps(one: Outcomes, human: Outcomes, bins: Mapping[str, int], tasks: Mapping[str, int]) -> Floats:
    """Success with `one` less success with people, and a count of 1, by task and bin: (tasks, 2, `N_BINS`).

    Tasks that a side lacks, or that have no difficulty, are 0 throughout. `tasks` numbers the rows.
    """
    gaps = np.zeros((len(tasks), 2, N_BINS))
    for task in one.keys() & human.keys() & bins.keys():
        gaps[tasks[task], :, bins[task]] = one[task] - human[task], 1
    return gaps


def calibration_error(gaps: Floats, weights: Floats) -> Floats:
    """Expected calibration error in 0..1 under each row of task weights (D, tasks): (D,); NaN without any task.

    It is the mean of the bins' absolute gaps in success, weighted by their tasks.
    """
    summed = np.tensordot(weights, gaps, axes=1)
    total = summed[:, 1].sum(axis=1)
    undefined = np.full_like(total, np.nan)
    error: Floats = np.divide(np.abs(summed[:, 0]).sum(axis=1), total, out=undefined, where=total > 0)
    return error


def _tasks(listed: str) -> Iterable[int]:
    for entry in listed.split():
        first, _, last = entry.partition("-")
        yield from range(int(first), int(last or first) + 1)
