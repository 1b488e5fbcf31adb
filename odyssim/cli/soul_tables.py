"""What `odyssim soul` and `odyssim compare` print, and the index of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from odyssim.cli.tables import plain_table, text_row
from odyssim.report.shown import NONE, clipped, percent, percent_interval, shortened
from odyssim.types import Json, Turn

if TYPE_CHECKING:
    from odyssim.soul.comparison import Comparison, Contrast, Difference, Pair, ShownSample
    from odyssim.soul.index import IndexScore, SoulIndex

_SHOWN: Final = 600
"""Characters of a turn in a terminal; `--json` has them all."""


def taxonomy_table(rows: Sequence[Json]) -> RenderableType:
    """Axes, tasks and datasets; `rows` as `odyssim soul list --json` prints them."""
    parts: list[RenderableType] = []
    for row in rows:
        tasks = ", ".join(f"{task['title']} ({task['name']})" for task in row["tasks"])
        parts += [Text.assemble((row["axis"], "bold"), f"  {row['definition']}"), Text(f"Tasks: {tasks}")]
        table = plain_table("  Dataset", "Why here", "")
        for dataset in row["datasets"]:
            text_row(table, f"  {dataset['id']}", dataset["reason"], "ours" if dataset["ours"] else "")
        parts += [table, Text()]
    note = "ours: the axis of this dataset is not published and is our judgement."
    return Group(*parts, Text(note, style="dim"))


def index_table(index: SoulIndex) -> RenderableType:
    """The index in both weightings, the axes, and what does not count."""
    table = plain_table(index.title, "Score >", "95 % interval >", "Tasks >")
    text_row(table, "tasks equal", *_score(index.tasks_equal), str(len(index.counted)), style="bold")
    text_row(table, "axes equal", *_score(index.axes_equal), str(len(index.counted)), style="bold")
    for axis in index.axes:
        text_row(table, f"  {axis.axis.value}", *_score(axis.value), f"{len(axis.tasks)} of {axis.of}")
    samples = f"{index.n_scored} samples scored, {index.n_excluded} excluded."
    notes = [*_by_reason("Does not count", index.uncounted), *index.warnings]
    return Group(table, Text(samples, style="dim"), *(Text(note, style="yellow") for note in notes))


def comparison_table(found: Comparison) -> RenderableType:
    """Ranks, then every pair task by task with the items that differ most."""
    table = plain_table(
        "Run", "Tasks equal >", "95 % >", "Axes equal >", "95 % >", "Group", "First on >", "Surely to possibly"
    )
    for run in found.runs:
        first = run.first_places
        text_row(
            table,
            run.name,
            *_score(run.tasks_equal),
            *_score(run.axes_equal),
            " ".join(map(str, run.groups)) or NONE,
            f"{first.tasks} of {first.of}",
            f"{first.low} to {first.high}",
        )
    notes = ["Items that all runs scored; runs that share a group cannot be told apart by the index, tasks equal."]
    if found.partial:
        notes.append("Partial index: not all of its tasks could be compared.")
    notes += [f"{task}: {n} items were not scored by all and are left aside" for task, n in found.unpaired.items()]
    notes += [*_by_reason("Not compared", found.left_out), *found.warnings]
    parts: list[RenderableType] = [table, *(Text(note, style="yellow") for note in notes)]
    for pair in found.pairs:
        parts += [Text(), *_pair(pair)]
    return Group(*parts)


def _pair(pair: Pair) -> Iterator[RenderableType]:
    yield Text(f"{pair.first} against {pair.second}", style="bold")
    table = plain_table(
        "Task", "First >", "Second >", "Difference >", "95 % >", "p >", "corrected >", "Wins >", "Items >"
    )
    for task in pair.tasks:
        scores = percent(task.first), percent(task.second)
        style = "bold" if task.gap.p_corrected < 0.05 else ""
        text_row(table, task.task, *scores, *_gap(task.gap), percent(task.wins.rate), str(task.n_items), style=style)
    for name, gap in (("index, tasks equal", pair.tasks_equal), ("index, axes equal", pair.axes_equal)):
        if gap is not None:
            text_row(table, name, "", "", *_gap(gap), "", "")
    yield table
    yield Text(f"Wins over the tasks: {percent(pair.wins.rate)}{percent_interval(pair.wins.interval)}, ties half.")
    for contrast in pair.contrasts:
        yield from _contrast(contrast, pair)


def _contrast(contrast: Contrast, pair: Pair) -> Iterator[Text]:
    yield Text(f"{contrast.task}, item {contrast.item_id}: {_points(contrast.gap)} points apart", style="bold")
    for name, shown in ((pair.first, contrast.first), (pair.second, contrast.second)):
        yield Text(f"  {name}: {percent(shown.score)}{_read(shown)}")
    common = 0
    for one, other in zip(contrast.first.turns, contrast.second.turns, strict=False):
        if one != other:
            break
        common += 1
    yield from _turns(contrast.first.turns[:common], "both")
    yield from _turns(contrast.first.turns[common:], pair.first)
    yield from _turns(contrast.second.turns[common:], pair.second)


def _turns(turns: Sequence[Turn], run: str) -> Iterator[Text]:
    for turn in turns:
        yield Text.assemble((f"    [{run}] {turn.speaker}: ", "dim"), " ".join(shortened(turn.text, _SHOWN).split()))


def _read(shown: ShownSample) -> str:
    return "" if shown.answer is None else f", answer read: {clipped(shown.answer, 60)}"


def _score(value: IndexScore | None) -> tuple[str, str]:
    return (NONE, NONE) if value is None else (percent(value.score), percent_interval(value.interval).strip() or NONE)


def _gap(gap: Difference) -> tuple[str, str, str, str]:
    interval = f"[{_points(gap.interval.low)}, {_points(gap.interval.high)}]"
    return _points(gap.difference), interval, _p(gap.p), _p(gap.p_corrected)


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _by_reason(what: str, reasons: Mapping[str, str]) -> Iterator[str]:
    from odyssim.soul.index import tasks_by_reason  # brings scipy along

    for reason, tasks in tasks_by_reason(reasons).items():
        yield f"{what}, {reason}: {', '.join(tasks)}"
