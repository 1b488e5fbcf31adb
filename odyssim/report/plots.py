"""The plots of a report: inline SVG whose colours are those of the page, the same bytes for the same numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from odyssim.human_likeness.compare import MeasureResult
from odyssim.report.records import VARIANTS, Step, Training, Validation, Variant
from odyssim.soul.result import TaskResult

Floats = NDArray[np.float64]

WIDTH: Final = 5.4
"""Inches at 72 to the inch: narrow enough that a phone, which scales the plot down, leaves the labels readable."""

# Matplotlib wants colours, the page has variables: each stands in for one, and is replaced in the finished SVG.
INK, MUTED, GRID = "#010101", "#010102", "#010103"
COLOUR: Final[dict[str, str]] = {"human": "#010201", "trained": "#010202", "untrained": "#010203"}
SERIES: Final = tuple(f"#0103{number:02x}" for number in range(1, 9))
_VARIABLES: Final = {
    INK: "ink",
    MUTED: "muted",
    GRID: "line",
    **{colour: name for name, colour in COLOUR.items()},
    **{colour: f"series-{number}" for number, colour in enumerate(SERIES, start=1)},
}

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a source's name is a dollar sign
    "font.family": "DejaVu Sans",  # what widths are computed with; the page shows its own
    "font.size": 11.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 11.0,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "lines.solid_capstyle": "round",
}
POINTS: Final = 600
"""Points of a drawn curve at most."""


def learning_curve(steps: Sequence[Step], validations: Sequence[Validation], training: Training | None) -> Markup:
    """Loss per step, raw and smoothed, validation loss from the untrained model on, and the unigram as a line."""

    def draw(axes: Axes) -> None:
        if steps:
            at, loss = _thinned([one.step for one in steps], [one.loss for one in steps])
            axes.plot(at, loss, color=COLOUR["trained"], alpha=0.28, linewidth=0.8)
            axes.plot(at, _smoothed(loss), color=COLOUR["trained"], linewidth=1.8, label="training, smoothed")
        if validations:
            nll = [one.nll.overall.nll for one in validations]
            axes.plot([one.step for one in validations], nll, "o-", color=INK, markersize=4, label="validation")
        if training is not None:
            unigram = training.unigram.overall.nll
            axes.axhline(unigram, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, label="unigram model")
        axes.set(xlabel="step", ylabel="nats per human token")
        axes.legend(loc="upper right")

    return _svg("learning-curve", "Training and validation loss by step", 4.25, draw)


def validation_by_source(validations: Sequence[Validation]) -> Markup:
    """Validation loss of each source by step, without the untrained model, which would flatten the rest."""
    trained = [one for one in validations if one.step > 0]

    def draw(axes: Axes) -> None:
        for number, source in enumerate(sorted(trained[-1].nll.by_source)):
            points = [(one.step, one.nll.by_source[source].nll) for one in trained if source in one.nll.by_source]
            colour = SERIES[number % len(SERIES)]
            axes.plot(*zip(*points, strict=True), "o-", color=colour, markersize=3.5, label=source)
        axes.set(xlabel="step", ylabel="nats per human token")
        axes.legend(loc="upper right", ncols=2)

    return _svg("validation-by-source", "Validation loss of each source by step", 2.3, draw)


def learning_rate(steps: Sequence[Step]) -> Markup:
    """The learning rate of each step."""

    def draw(axes: Axes) -> None:
        at, rate = _thinned([one.step for one in steps], [one.learning_rate for one in steps])
        axes.plot(at, rate, color=MUTED, linewidth=1.5)
        axes.set(xlabel="step", ylabel="rate")
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.set_ylim(bottom=0)

    return _svg("learning-rate", "Learning rate by step", 1.4, draw)


def task_scores(results: dict[Variant, TaskResult]) -> Markup:
    """Our scores of one task with whiskers, chance as a dashed line, published numbers as hollow marks below."""
    any_result = next(iter(results.values()))
    ours = [name for name in VARIANTS if name in results]
    published = {(one.model, one.source): one.score for result in results.values() for one in result.published}

    def draw(axes: Axes) -> None:
        for row, name in enumerate(ours):
            score, interval = results[name].score, results[name].interval
            if interval is not None:
                axes.plot([interval.low, interval.high], [row, row], color=COLOUR[name], linewidth=2.4)
            if score is not None:
                axes.plot(score, row, "o", color=COLOUR[name], markersize=8)
        for row, score in enumerate(published.values(), start=len(ours)):
            axes.plot(score, row, "D", markerfacecolor="none", markeredgecolor=MUTED, markersize=6)
        if any_result.chance is not None:
            axes.axvline(any_result.chance, color=INK, linestyle=(0, (4, 3)), linewidth=1.1)
            axes.annotate(
                "chance", (any_result.chance, 1), (4, 2), xycoords=("data", "axes fraction"), textcoords="offset points"
            )
        rows = len(ours) + len(published)
        axes.set(xlim=(-0.02, 1.02), ylim=(rows - 0.4, -0.6))
        axes.set_yticks(range(rows), [*ours, *(f"{model} (published)" for model, _ in published)])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        _rows_only(axes)

    height = 0.75 + 0.26 * (len(ours) + len(published))
    return _svg(f"score-{any_result.task}", f"Scores on {any_result.title} with 95 % intervals", height, draw)


def all_scores(tasks: Sequence[TaskResult]) -> Markup:
    """One row per task: our score with its whiskers, chance, people, and published numbers as hollow marks."""

    def draw(axes: Axes) -> None:
        for row, task in enumerate(tasks):
            if task.interval is not None:
                axes.plot([task.interval.low, task.interval.high], [row, row], color=COLOUR["trained"], linewidth=2.2)
            if task.score is not None:
                axes.plot(task.score, row, "o", color=COLOUR["trained"], markersize=6.5)
            if task.chance is not None:
                axes.plot(task.chance, row, "|", color=INK, markersize=11, markeredgewidth=1.6)
            if task.human is not None:
                axes.plot(task.human.score, row, "o", markerfacecolor="none", markeredgecolor=COLOUR["human"])
            for one in task.published:
                axes.plot(one.score, row, "D", markerfacecolor="none", markeredgecolor=MUTED, markersize=4.5)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(tasks) - 0.4, -0.6))
        axes.set_yticks(range(len(tasks)), [task.title for task in tasks])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        _rows_only(axes)

    return _svg("scores", "Scores of all tasks with 95 % intervals", 0.6 + 0.27 * len(tasks), draw)


class EffectRow(NamedTuple):
    """One measure: Cliff's delta of each variant's turns over people's, and what halves of the people show."""

    name: str
    people: float
    effects: dict[Variant, float]


def effect_rows(measures: Mapping[Variant, Sequence[MeasureResult]]) -> list[EffectRow]:
    """The measures that tell anybody apart, largest effect of the most trained variant first."""
    by_name: dict[str, dict[Variant, float]] = {}
    people: dict[str, float] = {}
    for name in reversed(VARIANTS):
        for measure in measures.get(name, ()):
            if measure.effect is not None:
                by_name.setdefault(measure.name, {})[name] = measure.effect
                people.setdefault(measure.name, measure.human_effect or 0.0)
    rows = [EffectRow(name, people[name], effects) for name, effects in by_name.items() if any(effects.values())]
    return sorted(rows, key=lambda row: (-abs(next(iter(row.effects.values()))), row.name))


def effects(rows: Sequence[EffectRow]) -> Markup:
    """Each measure's effect before and after training beside the band that halves of the people span."""

    def draw(axes: Axes) -> None:
        for row, measure in enumerate(rows):
            axes.barh(row, 2 * measure.people, left=-measure.people, height=0.78, color=COLOUR["human"], alpha=0.3)
            if len(measure.effects) > 1:
                axes.plot(list(measure.effects.values()), [row, row], color=GRID, linewidth=2, zorder=1.5)
            for name, effect in measure.effects.items():
                hollow = "none" if name == "untrained" else COLOUR[name]
                axes.plot(effect, row, "o", markersize=6, markerfacecolor=hollow, markeredgecolor=COLOUR[name])
        axes.axvline(0, color=MUTED, linewidth=0.9)
        axes.set(xlim=(-1.03, 1.03), ylim=(len(rows) - 0.4, -0.6), xlabel="← people more · model more →")
        axes.set_yticks(range(len(rows)), [row.name.replace("_", " ") for row in rows])
        _rows_only(axes)

    return _svg("effects", "Effect of each measure, model against people", 0.9 + 0.235 * len(rows), draw)


def turn_lengths(lengths: Mapping[str, Sequence[int]]) -> Markup:
    """Share of turns of at most so many characters, on a logarithmic scale; keys are 'human' and the variants."""

    def draw(axes: Axes) -> None:
        for name, characters in lengths.items():
            at = np.sort(np.maximum(np.array(characters), 1))
            share = np.arange(1, len(at) + 1) / len(at)
            axes.step(*_thinned(at, share), where="post", color=COLOUR[name], linewidth=2, label=name)
        axes.set(xscale="log", xlabel="characters in a turn", ylabel="share of turns", ylim=(0, 1.02))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.0f} %"))
        axes.legend(loc="upper left")

    return _svg("turn-lengths", "Distribution of turn length in characters", 2.8, draw)


def _rows_only(axes: Axes) -> None:
    """A labelled row per mark needs neither axis line nor tick marks on the left."""
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)


def _smoothed(values: Floats) -> Floats:
    """Centred moving mean over a twentieth of the curve; near the ends over what there is."""
    window = np.ones(2 * (len(values) // 40) + 1)
    weights = np.convolve(np.ones(len(values)), window, mode="same")
    return np.convolve(values, window, mode="same") / weights


def _thinned(at: Sequence[float] | Floats, values: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    """At most `POINTS` points of a curve, evenly chosen, both ends among them: more would only make the file large."""
    chosen = np.unique(np.linspace(0, len(at) - 1, POINTS).round().astype(np.int64))
    return np.asarray(at, dtype=np.float64)[chosen], np.asarray(values, dtype=np.float64)[chosen]


def _svg(name: str, label: str, height: float, draw: Callable[[Axes], None]) -> Markup:
    """What `draw` draws, as an SVG element with a name for screen readers. `name` keeps its ids apart on the page."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    svg = file.getvalue()
    inside = svg[svg.index("</defs>") + len("</defs>") :]
    inside = re.sub(r' id="[\w.]+_\d+"', "", inside)  # matplotlib's running numbers are the same in every plot
    for colour, variable in _VARIABLES.items():
        inside = inside.replace(colour, f"var(--{variable})")
    size = f"0 0 {72 * WIDTH:g} {72 * height:g}"
    return Markup(f'<svg class="plot" role="img" aria-label="{escape(label)}" viewBox="{size}">') + Markup(inside)
