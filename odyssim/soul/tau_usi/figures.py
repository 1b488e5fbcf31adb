"""One row of the table of τ-USI: its numbers under every drawn weighting of tasks, and the cells made of them.

Axes: B human batches (or pairs of them), W weightings of the tasks, of which the first is the estimate itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from odyssim.human_likeness.stats import MIN_UNITS, Floats, Ratios, mean, percentile_interval
from odyssim.soul.interval import Interval
from odyssim.soul.tau_usi.compare import COLUMNS, Comparison, similarity
from odyssim.soul.tau_usi.dialogue import task_of
from odyssim.soul.tau_usi.features import DIMENSIONS
from odyssim.soul.tau_usi.result import BatchRow, Cell, FeatureRow, UsiRow
from odyssim.soul.tau_usi.survey import Agreement

LEVEL: Final = 0.95
_FULL: Final = 100.0
_NOTHING: Final = Cell(mean=None, sd=None)


@dataclass(frozen=True)
class Figures:
    """One side against people. `dimensions` (B, W, 4), `ece` (B, W) and `survey` (W,), which is none without one."""

    comparisons: tuple[Comparison, ...]
    weights: Floats
    dimensions: Floats
    ece: Floats
    survey: Floats | None
    survey_sd: float | None

    @classmethod
    def of(
        cls,
        comparisons: Sequence[Comparison | None],
        agreement: Agreement | None,
        tasks: Mapping[str, int],
        weights: Floats,
    ) -> Figures:
        """From the comparisons with each batch, none where nothing is shared."""
        shared = tuple(one for one in comparisons if one is not None)
        cells = (len(shared), len(weights))
        return cls(
            comparisons=shared,
            weights=weights,
            dimensions=np.reshape([one.dimensions(weights) for one in shared], (*cells, len(DIMENSIONS))),
            ece=np.reshape([one.ece(weights) for one in shared], cells),
            survey=None if agreement is None else _mean_agreement(agreement, tasks, weights),
            survey_sd=None if agreement is None else agreement.sd,
        )

    @property
    def has_intervals(self) -> bool:
        """Whether the sides share enough tasks."""
        shared = sum((one.human.base[:, -1] for one in self.comparisons), np.zeros(self.weights.shape[1]))
        return int((shared > 0).sum()) >= MIN_UNITS

    def index(self, *, survey: bool) -> Floats:
        """The index (B', W) against the batches that have an ECE, with or without the term of the survey."""
        batches = ~np.isnan(self.ece[:, 0])
        terms = [*np.moveaxis(self.dimensions[batches], 2, 0), 100 * (1 - self.ece[batches])]
        if survey and self.survey is not None:
            terms.append(np.broadcast_to(self.survey, terms[-1].shape))
        index: Floats = np.mean(terms, axis=0)
        return index

    def row(self, name: str, n_runs: int, notes: Sequence[str], ceiling: Figures | None = None) -> UsiRow:
        """The row; beside people's ceiling, with the distance to it."""
        usi5 = self._cell(self.index(survey=False))
        usi6 = None if self.survey is None else self._cell(self.index(survey=True))
        return UsiRow(
            name=name,
            n_runs=n_runs,
            dimensions={
                dimension: self._cell(self.dimensions[:, :, place]) for place, dimension in enumerate(DIMENSIONS)
            },
            eval_agree=None
            if self.survey is None
            else Cell(mean=float(self.survey[0]), sd=self.survey_sd, interval=self._interval(self.survey, 0.0, _FULL)),
            ece=self._cell(self.ece[~np.isnan(self.ece[:, 0])], top=1.0),
            usi5=usi5,
            usi6=usi6,
            form="usi5" if usi6 is None else "usi6",
            usi=usi6 or usi5,
            below_people=None if ceiling is None else self._below(ceiling),
            features=tuple(self._features()),
            batches=tuple(_batch(one) for one in self.comparisons),
            notes=tuple(notes),
        )

    def _below(self, ceiling: Figures) -> Cell:
        survey = self.survey is not None and ceiling.survey is not None
        own, people = self.index(survey=survey), ceiling.index(survey=survey)
        if not len(own) or not len(people):
            return _NOTHING
        gap = people.mean(axis=0) - own.mean(axis=0)
        return Cell(mean=known(gap[0]), sd=None, interval=self._interval(gap, -_FULL, _FULL))

    def _features(self) -> list[FeatureRow]:
        if not self.comparisons:
            return []
        human = np.mean([one.human_row(self.weights) for one in self.comparisons], axis=0)
        other = np.mean([one.other_row(self.weights) for one in self.comparisons], axis=0)
        alike = np.mean(
            [similarity(one.human_row(self.weights[:1]), one.other_row(self.weights[:1])) for one in self.comparisons],
            axis=0,
        )
        return [
            FeatureRow(
                feature=feature,
                dimension=dimension,
                human=known(human[0, column]),
                other=known(other[0, column]),
                similarity=known(alike[0, column]),
                human_interval=self._interval(human[:, column], 0.0, np.inf),
                other_interval=self._interval(other[:, column], 0.0, np.inf),
            )
            for dimension, features in DIMENSIONS.items()
            for feature in features
            for column in [COLUMNS.index(feature)]
        ]

    def _cell(self, values: Floats, top: float = _FULL) -> Cell:
        """The mean over batches of values (B, W) in 0..`top`."""
        if not len(values):
            return _NOTHING
        means = values.mean(axis=0)
        return Cell(mean=known(means[0]), sd=known(values[:, 0].std()), interval=self._interval(means, 0.0, top))

    def _interval(self, values: Floats, lowest: float, highest: float) -> Interval | None:
        """Of an estimate and its draws (W,): the draws' percentiles, moved so that their mean falls on the estimate.

        Drawing tasks again adds noise, which makes two sides less alike: most draws lie below the estimate. Unmoved
        percentiles would miss the mean index of other sets of as many tasks in every fourth case.
        """
        estimate, drawn = values[0], values[1:]
        centre = mean(drawn)
        ends = percentile_interval(drawn, LEVEL)
        if not self.has_intervals or np.isnan(estimate) or ends is None or centre is None:
            return None
        low, high = np.clip(np.array(ends) + estimate - centre, lowest, highest)
        method = f"percentiles of {len(drawn)} bootstrap samples of the tasks, centred on the estimate"
        return Interval(low=float(low), high=float(high), level=LEVEL, method=method)


def known(value: float) -> float | None:
    """A number, or none for NaN."""
    return None if np.isnan(value) else float(value)


def _mean_agreement(agreement: Agreement, tasks: Mapping[str, int], weights: Floats) -> Floats:
    """Mean over the batches of the mean over their dialogues: (W,)."""
    means = []
    for batch in agreement.batches:
        sums = np.zeros((2, len(tasks), 1))
        for name, value in batch.items():
            sums[:, tasks[task_of(name)], 0] += value, 1
        means.append(Ratios(*sums).weighted(weights)[:, 0])
    averaged: Floats = np.mean(means, axis=0)
    return averaged


def _batch(one: Comparison) -> BatchRow:
    estimate = np.ones((1, len(one.human.base)))
    return BatchRow(
        n_overlap=one.n_human,
        human=_named(one.human_row(estimate), one.n_human),
        other=_named(one.other_row(estimate), one.n_other),
        dimensions=dict(zip(DIMENSIONS, map(known, one.dimensions(estimate)[0]), strict=True)),
        ece_by_run=tuple(known(error) for error in one.errors(estimate)[:, 0]),
    )


def _named(row: Floats, n: float) -> dict[str, float | None]:
    return {"n": n, **dict(zip(COLUMNS, map(known, row[0]), strict=True))}
