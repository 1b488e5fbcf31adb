"""Two sides of τ-USI under any weights of tasks: rows of features, dimensions, success (arXiv 2603.11245).

Everything is a function of task weights, so that the numbers themselves (every weight 1) and every draw of a bootstrap
over tasks go the same way. Axes: D draws, T tasks, M columns of a row (`COLUMNS`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from odyssim.human_likeness.stats import Floats, Ratios
from odyssim.soul.tau_usi.dialogue import Dialogues, Outcomes, task_of
from odyssim.soul.tau_usi.difficulty import calibration_error, success_gaps
from odyssim.soul.tau_usi.features import DIMENSIONS, FEATURES, Side, dialogue_features

COLUMNS: Final = (*FEATURES, "success")
_SCORED: Final = {name: [COLUMNS.index(feature) for feature in features] for name, features in DIMENSIONS.items()}


@dataclass(frozen=True)
class Measured:
    """One kept dialogue as a row (M,); its features are NaN where the customer says nothing."""

    task: str
    row: Floats


Run = Mapping[str, Measured]
"""Dialogues by id."""


def measured(dialogues: Dialogues, side: Side) -> Run:
    """The dialogues that are kept."""
    nothing = dict.fromkeys(FEATURES, np.nan)
    return {
        name: Measured(task_of(name), _row(dialogue_features(dialogue.conversation, side) or nothing, dialogue.reward))
        for name, dialogue in dialogues.items()
        if dialogue.kept
    }


def numbered_tasks(runs: Iterable[Run], outcomes: Iterable[Outcomes]) -> dict[str, int]:
    """Every task of some dialogues and outcomes, numbered in sorted order."""
    tasks = {dialogue.task for run in runs for dialogue in run.values()}
    return {task: number for number, task in enumerate(sorted(tasks.union(*outcomes)))}


@dataclass(frozen=True)
class Comparison:
    """One side, which may have several runs, against one human batch, on the dialogues that both have."""

    n_human: int
    n_other: float
    human: Ratios
    others: tuple[Ratios, ...]
    gaps: tuple[Floats, ...]

    @classmethod
    def of(
        cls,
        batch: Run,
        batch_outcomes: Outcomes,
        runs: Sequence[Run],
        outcomes: Sequence[Outcomes],
        bins: Mapping[str, int],
        tasks: Mapping[str, int],
    ) -> Comparison | None:
        """None where the two sides share no dialogue. A run that shares none is left out."""
        shared = [names for run in runs if (names := run.keys() & batch.keys())]
        overlap = set[str]().union(*shared)
        if not overlap:
            return None
        return cls(
            n_human=len(overlap),
            n_other=fmean(map(len, shared)),
            human=_sums(batch, overlap, tasks),
            others=tuple(_sums(run, names, tasks) for run in runs if (names := run.keys() & batch.keys())),
            gaps=tuple(success_gaps(run, batch_outcomes, bins, tasks) for run in outcomes),
        )

    def human_row(self, weights: Floats) -> Floats:
        """Means over the batch's dialogues: (D, M)."""
        return self.human.weighted(weights)

    def other_row(self, weights: Floats) -> Floats:
        """Means over each run's dialogues, then over the runs: (D, M)."""
        rows: Floats = np.mean([run.weighted(weights) for run in self.others], axis=0)
        return rows

    def dimensions(self, weights: Floats) -> Floats:
        """D1–D4 on 0..100: (D, 4); NaN where no dialogue has features."""
        alike = similarity(self.human_row(weights), self.other_row(weights))
        return 100 * np.stack([alike[:, columns].mean(axis=1) for columns in _SCORED.values()], axis=1)

    def errors(self, weights: Floats) -> Floats:
        """ECE by run: (runs, D); NaN for a run without a task that both sides have and whose difficulty is known."""
        return np.reshape([calibration_error(gaps, weights) for gaps in self.gaps], (len(self.gaps), len(weights)))

    def ece(self, weights: Floats) -> Floats:
        """Mean ECE of the runs that have one: (D,)."""
        return defined_mean(self.errors(weights))


def similarity(human: Floats, other: Floats) -> Floats:
    """Sørensen–Dice of two sizes, elementwise: 2·min / (sum), and 1 where both are 0."""
    low, total = np.minimum(np.abs(human), np.abs(other)), np.abs(human) + np.abs(other)
    alike: Floats = np.divide(2 * low, total, out=np.ones_like(total), where=total != 0)
    return alike


def defined_mean(values: Floats) -> Floats:
    """Mean over the first axis of what is not NaN; NaN where nothing is."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    undefined = np.full(values.shape[1:], np.nan)
    mean: Floats = np.divide(np.nansum(values, axis=0), count, out=undefined, where=count > 0)
    return mean


def _row(features: Mapping[str, float], reward: float | None) -> Floats:
    return np.array([*(features[feature] for feature in FEATURES), int(reward or 0.0)], dtype=np.float64)


def _sums(run: Run, names: Iterable[str], tasks: Mapping[str, int]) -> Ratios:
    """Sums and counts of the rows by task."""
    rows = np.zeros((len(tasks), len(COLUMNS)))
    counts = np.zeros_like(rows)
    for name in names:
        dialogue = run[name]
        place = tasks[dialogue.task]
        rows[place] += np.nan_to_num(dialogue.row)
        counts[place] += ~np.isnan(dialogue.row)
    return Ratios(rows, counts)
