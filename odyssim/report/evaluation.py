"""The page of one evaluation: scores, transcripts with the verdicts beside them, cost and failures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml
from markupsafe import Markup

from odyssim import __version__
from odyssim.report import plots
from odyssim.report.calls import calls_of
from odyssim.report.episodes import ShownEpisode
from odyssim.report.page import Tile
from odyssim.report.shown import against_chance, dollars, duration, number
from odyssim.report.template import templates
from odyssim.report.verdict import task_sentence
from odyssim.soul.result import EvalResult

TEMPLATE: Final = "evaluation.html.jinja"
_FEW_TASKS: Final = 5
_SETTINGS: Final = ("model", "judges", "judge_samples", "company", "profile", "sampling", "seeds", "item_seed", "limit")


def render_evaluation(evaluation: EvalResult, episodes: dict[str, list[ShownEpisode]]) -> str:
    """The whole page. All text from data is escaped by the template engine."""
    settings = evaluation.model_dump(mode="json", include=set(_SETTINGS))
    return (
        templates()
        .get_template(TEMPLATE)
        .render(
            version=__version__,
            evaluation=evaluation,
            verdict=list(_verdict(evaluation)),
            tiles=_tiles(evaluation),
            tasks={task.task: {"": task} for task in evaluation.tasks},
            plots=_plots(evaluation),
            by_axis=_by_axis(evaluation, episodes),
            calls=calls_of(evaluation),
            settings=yaml.safe_dump({name: settings[name] for name in _SETTINGS}, sort_keys=False, allow_unicode=True),
            environment=yaml.safe_dump(evaluation.environment, sort_keys=False, allow_unicode=True),
        )
    )


def _verdict(evaluation: EvalResult) -> Iterator[str]:
    """How many tasks have a score and why none has; a few scores one by one, many by how they stand to guessing."""
    scored = [task for task in evaluation.tasks if task.score is not None]
    yield f"{len(scored)} of {len(evaluation.tasks) + len(evaluation.left_out)} tasks have a score."
    if not scored:
        yield from sorted({f"{task.note.capitalize()}." for task in evaluation.tasks if task.note})
    if len(scored) <= _FEW_TASKS:
        yield from (task_sentence(task.title, task) for task in scored)
    else:
        guessable = [task for task in scored if task.chance is not None]
        better = sum(against_chance(task) == "better than guessing" for task in guessable)
        yield f"{better} of the {len(guessable)} tasks that can be guessed at are answered better than by guessing."
    excluded = sum(task.n_excluded for task in evaluation.tasks)
    if excluded:
        samples = sum(task.n_samples for task in evaluation.tasks)
        yield f"{number(excluded)} of {number(samples)} samples failed and are in no score."


def _tiles(evaluation: EvalResult) -> list[Tile]:
    cost = evaluation.cost
    scored = sum(task.n_scored for task in evaluation.tasks)
    excluded = sum(task.n_excluded for task in evaluation.tasks)
    cached = f"{number(cost.cached_calls)} cached" if cost.cached_calls else ""
    tokens = f"{number(cost.prompt_tokens)} + {number(cost.completion_tokens)} tokens"
    return [
        Tile("samples scored", number(scored), f"{number(excluded)} excluded"),
        Tile("model calls", number(cost.calls), cached),
        Tile("price", dollars(cost.usd), tokens),
        Tile("wall time", duration(evaluation.wall_s), ""),
    ]


def _plots(evaluation: EvalResult) -> dict[str, Markup]:
    scored = [task for task in evaluation.tasks if task.score is not None]
    return {"scores": plots.all_scores(scored)} if scored else {}


def _by_axis(
    evaluation: EvalResult, episodes: dict[str, list[ShownEpisode]]
) -> dict[str, dict[str, list[ShownEpisode]]]:
    by_axis: dict[str, dict[str, list[ShownEpisode]]] = {}
    for task in evaluation.tasks:
        if task.task in episodes:
            by_axis.setdefault(task.axis, {})[task.title] = episodes[task.task]
    return by_axis
