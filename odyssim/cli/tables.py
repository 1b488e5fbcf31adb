"""What commands print: tables of results. Text from data is printed as it is, never read as markup."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from odyssim.report.shown import (
    NONE,
    against_chance,
    dollars,
    duration,
    gap_interval,
    number,
    percent,
    percent_interval,
)
from odyssim.types import Json, Message, Profile

if TYPE_CHECKING:
    from odyssim.human_likeness.compare import MeasureResult
    from odyssim.recipe.config import Recipe
    from odyssim.recipe.run import RunResult
    from odyssim.soul.next_turn import NextTurnResult
    from odyssim.soul.result import EvalResult, FailureCount
    from odyssim.tasks.base import Item, Task
    from odyssim.tasks.validate import Validation

_LARGEST_GAPS: Final = 5
_WORDS: Final = 12


class Planned(Protocol):
    """A stage before a run: what it will do, about how long, and whether it is 'done' or 'to do'."""

    @property
    def stage(self) -> str: ...
    @property
    def work(self) -> str: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def status(self) -> str: ...


def plan_table(recipe: Recipe, plan: Iterable[Planned]) -> RenderableType:
    """What a run of `recipe` will do, stage by stage."""
    table = plain_table("Stage", "Work", "About >", "Status")
    left = 0.0
    for row in plan:
        left += row.seconds or 0.0 if row.status != "done" else 0.0
        text_row(
            table, row.stage, row.work, duration(row.seconds), row.status, style="dim" if row.status == "done" else ""
        )
    title = Text.assemble((f"Recipe {recipe.name}", "bold"), f"  {recipe.about}")
    return Group(title, table, *([Text(f"About {duration(left)} to go.")] if left else []))


def run_table(result: RunResult) -> RenderableType:
    """A run in at most a screen: the verdict, the largest gaps before and after, and what failed."""
    # These load what reads a corpus and compares texts, which the other tables can do without.
    from odyssim.report.records import earlier, latest, read_run
    from odyssim.report.verdict import verdict

    run = read_run(result.folder)
    parts: list[RenderableType] = [Text("• " + sentence) for sentence in verdict(run)]
    if run.likeness:
        (_, now), before = latest(run.likeness), earlier(run.likeness)
        parts.append(_largest_gaps(now.likeness.measures, before.likeness.measures if before else ()))
    failures = [count for evaluation in run.evals.values() for task in evaluation.tasks for count in task.failures]
    failures += [count for spoken in run.likeness.values() for count in spoken.failures]
    parts += [*_failures(failures), Text(f"Wall time {duration(result.wall_s)}.", style="dim")]
    return Group(*parts)


def eval_table(result: EvalResult) -> RenderableType:
    """Scores with intervals beside chance, what was excluded, failures, and the cost."""
    columns = ("Task", "Score >", "95 % interval >", "Chance >", "People >", "Scored >", "Excluded >", "Dropped >")
    table = plain_table(*columns, "Against guessing")
    for task in result.tasks:
        text_row(
            table,
            task.title,
            percent(task.score),
            percent_interval(task.interval).strip() or NONE,
            percent(task.chance),
            percent(task.human.score) if task.human else NONE,
            str(task.n_scored),
            str(task.n_excluded),
            str(sum(count.n for count in task.dropped)),
            against_chance(task),
        )
    titles: dict[str, list[str]] = defaultdict(list)
    for task in result.tasks:
        if task.note:
            titles[task.note].append(task.title)
    notes = [Text(f"{', '.join(tasks)}: {note}", style="yellow") for note, tasks in titles.items()]
    dropped = [
        Text(f"{task.title}: {count.n} rows dropped, for example {count.example}", style="yellow")
        for task in result.tasks
        for count in task.dropped
    ]
    left_out = [
        Text(
            f"Not run, {hint}: {', '.join(name for name, help in result.left_out.items() if help == hint)}",
            style="yellow",
        )
        for hint in dict.fromkeys(result.left_out.values())
    ]
    people = [
        Text(f"{task.title}, people: {percent(task.human.score)} of {task.human.n} answers, {task.human.source}")
        for task in result.tasks
        if task.human
    ]
    published = [
        Text(f"{task.title}, published: " + ", ".join(f"{one.model} {percent(one.score)}" for one in task.published))
        for task in result.tasks
        if task.published
    ]
    if published:
        published.append(Text("Published numbers used other prompts, judges and items: not ranked.", style="dim"))
    cost = result.cost
    tokens = f"{number(cost.prompt_tokens)} + {number(cost.completion_tokens)} tokens"
    spent = f"{cost.calls} calls ({cost.cached_calls} cached), {tokens}, {dollars(cost.usd)}, {duration(result.wall_s)}"
    return Group(
        Text.assemble((result.model, "bold"), f"  profile {result.profile}, seeds {', '.join(map(str, result.seeds))}"),
        table,
        *left_out,
        *(Text(warning, style="yellow") for warning in result.warnings),
        *notes,
        *dropped,
        *people,
        *published,
        *_failures(count for task in result.tasks for count in task.failures),
        Text(spent, style="dim"),
    )


def likeness_table(result: NextTurnResult) -> RenderableType:
    """The measures on which the model differs most from people, its pet words, and the one number."""
    likeness = result.likeness
    table = plain_table("Measure", "People >", "Model >", "Gap >", "People's own gap >", "Human noise")
    shown = [one for one in _by_effect(likeness.measures) if one.verdict == "outside"] or _by_effect(likeness.measures)
    for measure in shown[: 2 * _LARGEST_GAPS]:
        text_row(
            table,
            f"{measure.name} ({measure.unit})",
            number(measure.human),
            number(measure.model),
            number(measure.gap, sign=True) + gap_interval(measure.interval),
            number(measure.ceiling),
            measure.verdict,
        )
    outside = sum(measure.verdict == "outside" for measure in likeness.measures)
    words = likeness.words["word"]
    return Group(
        Text.assemble((result.model, "bold"), f"  {likeness.n_turns} turns in {likeness.n_dialogues} dialogues"),
        table,
        Text(f"{outside} of {len(likeness.measures)} measures outside human noise."),
        Text("Over-used: " + (", ".join(shift.word for shift in words.overused[:_WORDS]) or "nothing beyond chance")),
        Text("Under-used: " + (", ".join(shift.word for shift in words.underused[:_WORDS]) or "nothing beyond chance")),
        Text(f"Excess over human noise: {number(likeness.excess)} (0: as close to people as people are)", style="bold"),
        *_failures(result.failures),
    )


def tasks_table(rows: Sequence[Json]) -> Table:
    """All tasks; `rows` have name, title, axis, version, licence and roles."""
    table = plain_table("Task", "Title", "Axis", "Version", "Licence", "Models it needs")
    for row in rows:
        keys = ("name", "title", "axis", "version", "licence")
        text_row(table, *(str(row[key]) for key in keys), ", ".join(row["roles"]))
    return table


def validation_table(found: Sequence[Validation]) -> RenderableType:
    """Items by task and profile, and every item that is dropped or cannot be won."""
    table = plain_table("Task", "Split", "Profile", "Items >", "Stories >", "Dropped >", "Unsound >", "Origin")
    for one in found:
        counts = (one.items, one.clusters, len(one.dropped), len(one.unsound))
        text_row(table, one.task, one.split, one.profile, *map(str, counts), ", ".join(one.origins) or NONE)
    dropped = [Text(f"dropped in {one.profile}: {problem}") for one in found for problem in one.dropped]
    unsound = [Text(f"unsound in {one.profile}: {item.problem}") for one in found for item in one.unsound]
    return Group(table, *dropped, *unsound)


def show_item(task: Task[Any], item: Item, profile: Profile, console: Console) -> None:
    """Print what the policy is shown, and what it should say; for a task with partners and judges, how it begins."""
    from odyssim.models.base import Cast, Role
    from odyssim.models.scripted import Scripted
    from odyssim.tasks.generative import GenerativeTask

    if isinstance(task, GenerativeTask):
        _head(task, item, profile, console)
        _show_messages(task.opening(item, profile), console)
        return

    gold = Scripted(lambda messages, sampling: task.gold_reply(item, profile), name="gold")
    episode = asyncio.run(task.play(item, Cast(policy=gold), profile))
    _head(task, item, profile, console)
    for call in episode.calls:
        _show_messages(call.messages, console)
        console.print(Text(f"\n{Role.POLICY.value}, for full marks", style="bold green"))
        console.print(Text(call.reply.text))


def _head(task: Task[Any], item: Item, profile: Profile, console: Console) -> None:
    facts = {"origin": item.origin.value, "chance": percent(task.chance(item)), **task.facets(item)}
    console.print(Text.assemble((f"{task.title}, item {item.id}", "bold"), f"  profile {profile}"))
    console.print(Text("  ".join(f"{name}: {value}" for name, value in facts.items()), style="dim"))


def _show_messages(messages: Iterable[Message], console: Console) -> None:
    for message in messages:
        console.print(Text(f"\n{message.role}", style="bold cyan"))
        console.print(Text(message.content))


def _largest_gaps(now: Iterable[MeasureResult], before: Iterable[MeasureResult]) -> Table:
    """The measures on which the model is furthest from people, and where they stood before training."""
    gaps_before = {measure.name: measure.gap for measure in before}
    table = plain_table("Largest gaps to people", "Before >", "Now >", "Human noise")
    for measure in _by_effect(now)[:_LARGEST_GAPS]:
        text_row(
            table,
            f"{measure.name} ({measure.unit})",
            number(gaps_before.get(measure.name), sign=True),
            number(measure.gap, sign=True),
            measure.verdict,
        )
    return table


def _by_effect(measures: Iterable[MeasureResult]) -> list[MeasureResult]:
    return sorted(measures, key=lambda measure: -abs(measure.effect or 0.0))


def _failures(counts: Iterable[FailureCount]) -> Iterator[Text]:
    """A line per kind of failure, or one that says that there was none."""
    none = True
    for count in counts:
        none = False
        hint = f" → {count.hint}" if count.hint else ""
        yield Text(f"{count.n} x {count.party} {count.kind}: {count.example}{hint}", style="red")
    if none:
        yield Text("Nothing failed.", style="dim")


def plain_table(*columns: str) -> Table:
    """A plain table; a column whose title ends in ' >' is aligned to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        title = column.removesuffix(" >")
        table.add_column(Text(title), justify="right" if title != column else "left", overflow="fold")
    return table


def text_row(table: Table, *cells: str, style: str = "") -> None:
    table.add_row(*(Text(cell) for cell in cells), style=style)
