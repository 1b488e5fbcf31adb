"""The page of a run: what is shown, in which order, from its records. Its looks are in `templates/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml
from markupsafe import Markup

from odyssim import __version__
from odyssim.human_likeness.compare import MeasureResult
from odyssim.report import plots, shown
from odyssim.report.calls import calls_of_run
from odyssim.report.examples import Examples
from odyssim.report.records import RunRecords, Variant, earlier, latest
from odyssim.report.template import templates
from odyssim.report.verdict import verdict, word_excess

TEMPLATE: Final = "report.html.jinja"
_FIRST_MEASURES: Final = 10


def render(run: RunRecords, examples: Examples) -> str:
    """The whole page. All text from data is escaped by the template engine."""
    return (
        templates()
        .get_template(TEMPLATE)
        .render(
            version=__version__,
            run=run,
            examples=examples,
            verdict=verdict(run),
            tiles=_tiles(run),
            plots=_plots(run, examples),
            measures=_measures(run),
            first_measures=_FIRST_MEASURES,
            calls=calls_of_run(run),
            recipe=yaml.safe_dump(run.recipe, sort_keys=False, allow_unicode=True),
            environment=yaml.safe_dump(run.environment, sort_keys=False, allow_unicode=True),
        )
    )


@dataclass(frozen=True)
class Tile:
    """One figure at the top: what it is, its value, and what it stood at before training."""

    name: str
    value: str
    beside: str


def _tiles(run: RunRecords) -> list[Tile]:
    tiles = []
    if run.training is not None:
        best, untrained = (one.overall.nll for one in (run.training.best, run.training.untrained))
        tiles.append(Tile("nats per human token", shown.number(best), f"untrained {shown.number(untrained)}"))
    for results in run.tasks.values():
        _, task = latest(results)
        tiles.append(Tile(task.title, shown.percent(task.score), f"chance {shown.percent(task.chance)}"))
    if run.likeness:
        _, result = latest(run.likeness)
        before = earlier(run.likeness)
        for name, excess in (("form", lambda one: one.likeness.excess), ("words (bits)", word_excess)):
            beside = f"untrained {shown.number(excess(before))}" if before else ""
            tiles.append(Tile(f"{name} beyond human noise", shown.number(excess(result)), beside))
    return tiles


def _plots(run: RunRecords, examples: Examples) -> dict[str, Markup]:
    """The plots for which there are numbers, by name; a task's score plot is named after the task."""
    drawn: dict[str, Markup] = {}
    if run.steps or run.validations:
        drawn["learning_curve"] = plots.learning_curve(run.steps, run.validations, run.training)
    if any(one.step > 0 for one in run.validations):
        drawn["validation_by_source"] = plots.validation_by_source(run.validations)
    if run.steps:
        drawn["learning_rate"] = plots.learning_rate(run.steps)
    for name, results in run.tasks.items():
        drawn[f"score_{name}"] = plots.task_scores(results)
    rows = plots.effect_rows({name: result.likeness.measures for name, result in run.likeness.items()})
    if rows:
        drawn["effects"] = plots.effects(rows)
    if examples.lengths:
        drawn["turn_lengths"] = plots.turn_lengths(examples.lengths)
    return drawn


def _measures(run: RunRecords) -> list[dict[Variant, MeasureResult]]:
    """Every measure with the results of the variants, largest effect of the most trained variant first."""
    if not run.likeness:
        return []
    by_name: dict[str, dict[Variant, MeasureResult]] = {}
    for variant, result in run.likeness.items():
        for measure in result.likeness.measures:
            by_name.setdefault(measure.name, {})[variant] = measure
    return sorted(by_name.values(), key=lambda results: -abs(latest(results)[1].effect or 0.0))
