"""Answers on a scale: what a prediction of one earns, and what predictions are worth beyond that.

One person's answer is mostly noise, and on an ordinal scale every guess near the middle earns most of the points. The
figures here say how far predictions are ahead of guesses that know nothing of the person, and whether the predicted
answers are spread as people's answers are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from odyssim.tasks.choice import ChoiceItem
from odyssim.types import Outcome

Kind = Literal["ordinal", "binary", "categorical"]


class Scale(NamedTuple):
    """What may be answered: amounts (ordinal), yes or no as 1 or 0, or options that go by a number."""

    kind: Kind
    low: float
    high: float

    @property
    def span(self) -> float:
        return self.high - self.low

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


class Cell(NamedTuple):
    """What answers share that are draws from one distribution: the question, and how people were treated before it."""

    study: str
    condition: str
    outcome: str
    scale: Scale


class SurveyItem(ChoiceItem):
    """One person's answer (`response`) to one question in one condition of a study; the names may be blank."""

    scale: Scale
    response: float
    study: str = ""
    condition: str = ""
    outcome: str = ""

    @property
    def cell(self) -> Cell:
        return Cell(self.study, self.condition, self.outcome, self.scale)

    def closeness(self, value: float) -> float:
        """What a prediction earns, 0..1, as published.

        Ordinal: 1 - distance / span, the prediction clamped into the scale. Binary and categorical: 1 for the
        response (its whole part), else 0. A scale without width: 1 for the response, else 0.
        """
        kind, low, high = self.scale
        if kind != "ordinal":
            return float(value == int(self.response))
        if high <= low:
            return float(value == self.response)
        return min(max(1 - abs(min(max(value, low), high) - self.response) / (high - low), 0.0), 1.0)

    def chance(self) -> float | None:
        """What a random whole number of the scale earns on average; none unless scale and response are whole."""
        below, above = self.response - self.scale.low, self.scale.high - self.response
        if min(below, above) < 0 or not (below.is_integer() and above.is_integer()):
            return None
        points = self.scale.span + 1
        if self.scale.kind != "ordinal" or points == 1:
            return 1 / points
        return 1 - (below * (below + 1) + above * (above + 1)) / 2 / points / self.scale.span


def survey_figures(scored: Sequence[tuple[SurveyItem, Outcome]]) -> dict[str, float]:
    """Figures over scored predictions; one that they do not allow is left out.

    `score_over_best_constant`: mean score minus that of the best single answer for each scale, chosen in hindsight.
    `cells`: how many cells have at least two people, in studies that are named. Over these, the next two:
    `score_over_cell_mean`: mean score minus that of the mean answer (binary and categorical: the most frequent one)
    of the other people in the cell.
    `wasserstein`: 1-Wasserstein distance between predicted and human answers in units of the scale's span, 0..1, mean
    over cells; ordinal and binary; without predictions that could not be read or are off the scale.
    """
    if not scored:
        return {}
    by_scale: dict[Scale, list[SurveyItem]] = defaultdict(list)
    answers: dict[Cell, Counter[float]] = defaultdict(Counter)
    for person in {item.id: item for item, _ in scored}.values():  # once each, however often they were predicted
        by_scale[person.scale].append(person)
        answers[person.cell][person.response] += 1
    cells = {cell: humans for cell, humans in answers.items() if cell.study and humans.total() > 1}
    best = {scale: _best_constant(members) for scale, members in by_scale.items()}
    figures = {
        "cells": float(len(cells)),
        "score_over_best_constant": fmean((outcome.score or 0.0) - best[item.scale] for item, outcome in scored),
    }
    in_cells = [(item, outcome) for item, outcome in scored if item.cell in cells]
    if in_cells:
        figures["score_over_cell_mean"] = fmean(
            (outcome.score or 0.0) - item.closeness(_typical(item.scale, cells[item.cell] - Counter([item.response])))
            for item, outcome in in_cells
        )
    distances = _distances(in_cells, cells)
    if distances:
        figures["wasserstein"] = fmean(distances)
    return figures


def _best_constant(members: Sequence[SurveyItem]) -> float:
    """The best mean score of one answer for all: the median or the most frequent answer has it."""
    return max(fmean(item.closeness(guess) for item in members) for guess in {item.response for item in members})


def _typical(scale: Scale, answers: Counter[float]) -> float:
    """The mean of amounts; of answers that are names, the most frequent one (the lowest of several)."""
    if scale.kind == "ordinal":
        return fmean(answers.elements())
    return max(sorted(answers), key=answers.__getitem__)


def _distances(predictions: Sequence[tuple[SurveyItem, Outcome]], cells: Mapping[Cell, Counter[float]]) -> list[float]:
    from scipy.stats import wasserstein_distance  # takes half a second: only when an evaluation has ended

    predicted: dict[Cell, list[float]] = defaultdict(list)
    for item, outcome in predictions:
        if outcome.answer is not None and item.scale.kind != "categorical" and item.scale.span > 0:
            value = float(outcome.answer)
            if item.scale.holds(value):
                predicted[item.cell].append(value)
    return [
        float(wasserstein_distance(values, list(cells[cell].elements()))) / cell.scale.span
        for cell, values in predicted.items()
    ]
