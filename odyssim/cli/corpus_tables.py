"""Tables about sources and corpora."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from odyssim.cli.tables import plain_table, text_row
from odyssim.report.shown import NONE, dollars, duration
from odyssim.types import Cost, Json

if TYPE_CHECKING:
    from odyssim.corpus.ground.estimate import Estimate
    from odyssim.corpus.plan import CorpusPlan
    from odyssim.corpus.sources.base import SourceCard
    from odyssim.corpus.summary import CorpusSummary


def sources_table(rows: Sequence[Json]) -> RenderableType:
    """The catalogue; `rows` as `odyssim corpus list --json` prints them."""
    table = plain_table("Source", "Axis", "Licence", "Published 62", "At hand", "Interactions >", "What it is")
    for row in rows:
        text_row(
            table,
            row["id"],
            " ".join(row["axis"]),
            row["licence"],
            "yes" if row["in_paper"] else "",
            "yes" if row["at_hand"] else "",
            _count(row["interactions"] or row["rows_upstream"]),
            row["title"],
            style="" if row["at_hand"] else "dim",
        )
    in_paper, at_hand = (sum(bool(row[key]) for row in rows) for key in ("in_paper", "at_hand"))
    return Group(table, Text(f"{len(rows)} sources, {in_paper} of the published 62, {at_hand} at hand.", style="dim"))


def card_table(card: SourceCard) -> RenderableType:
    """Every field of a card."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, value in card.model_dump(mode="json").items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        text_row(table, name.replace("_", " "), NONE if shown in ("", None) else str(shown))
    return table


def summary_table(summary: CorpusSummary) -> RenderableType:
    """A corpus: one line per source, then what was left out, who wrote the contexts, and how long it took."""
    table = plain_table("Source", "Interactions >", "Turns >", "Imitated >", "Words >", "Left out >", "Licence")
    for source in summary.sources:
        tallies = source.figures.tallies
        text_row(
            table,
            source.card.id,
            *(
                _count(sum(getattr(tally, name) for tally in tallies))
                for name in ("interactions", "turns", "imitated_turns", "words")
            ),
            _count(sum(source.rejects.values()) + sum(skip.count for skip in source.skips)),
            ", ".join(source.figures.licences) or source.card.licence,
            style="red" if source.failures else "",
        )
    return Group(
        table,
        Text(f"{summary.interactions:,} interactions in {duration(sum(summary.seconds.values()))}.", style="bold"),
        _counts("Left out", [source.rejects for source in summary.sources]),
        _counts("Skipped", [{skip.reason: skip.count for skip in source.skips} for source in summary.sources]),
        _counts("Contexts", [source.figures.contexts for source in summary.sources]),
        _counts("Personal data replaced", [source.pii for source in summary.sources]),
    )


def failure_lines(summary: CorpusSummary) -> Text:
    """What is missing of each source, and what helps."""
    lines = [
        Text.assemble(
            ("incomplete: ", "bold red"), f"{name}: {failure.message}", ("\nwhat helps: ", "bold"), failure.hint or NONE
        )
        for name, failures in summary.failures.items()
        for failure in failures
    ]
    return Text("\n").join(lines)


def overlap_table(summary: CorpusSummary) -> RenderableType:
    """Sources in rows, tasks in columns; only those that share anything."""
    tasks = sorted({task for source in summary.sources for task in source.overlap})
    if not tasks:
        return Text("No conversation shares text with an evaluation item that was at hand.")
    table = plain_table("Source", *(f"{task} >" for task in tasks))
    for source in summary.sources:
        if source.overlap:
            text_row(table, source.card.id, *(_count(source.overlap.get(task)) for task in tasks))
    return table


def estimate_line(expected: Estimate) -> str:
    """What writing contexts will take, in one line."""
    return (
        f"About {expected.conversations:,} contexts to write: {expected.calls:,} calls, {expected.prompt_tokens:,} + "
        f"{expected.completion_tokens:,} tokens, {dollars(expected.usd)}, {duration(expected.seconds)} "
        f"(rates {expected.basis})."
    )


def grounding_lines(summary: CorpusSummary) -> RenderableType:
    """What grounding did: contexts by writer, what was left out, and the cost."""
    reports = list(summary.grounding.values())
    cost = sum((report.cost for report in reports), start=Cost())
    seconds = sum(report.seconds for report in reports)
    spent = f"{cost.calls:,} calls ({cost.cached_calls:,} cached), {cost.prompt_tokens:,} + {cost.completion_tokens:,}"
    return Group(
        Text(f"{summary.interactions:,} interactions, {sum(report.written for report in reports):,} contexts written."),
        _counts("Contexts", [source.figures.contexts for source in summary.sources]),
        _counts("Answers turned down", [report.rejected for report in reports]),
        _counts("Left out for lack of a context", [report.dropped for report in reports]),
        _counts("Calls failed", [report.failed for report in reports]),
        Text(f"{spent} tokens, {dollars(cost.usd)}, {duration(seconds)}", style="dim"),
    )


def corpus_plan_table(plan: CorpusPlan) -> RenderableType:
    """Hours, gigabytes and dollars of a planned corpus."""
    table = plain_table(f"On {plan.nodes} x {plan.workers // plan.nodes} workers", "How much >")
    for step, hours in plan.hours.items():
        text_row(table, step, duration(3600 * hours))
    text_row(table, "wall time", duration(3600 * plan.wall_hours), style="bold")
    for kind, gigabytes in plan.gigabytes.items():
        text_row(table, f"disk: {kind}", f"{gigabytes:,.0f} GB")
    text_row(table, "machines", dollars(plan.node_usd) if plan.node_usd is not None else "give --node-price")
    text_row(table, "contexts", dollars(plan.contexts_usd) if plan.contexts_usd is not None else "give --context-price")
    size = f"{plan.interactions:,} interactions, {plan.tokens:,} tokens, about {plan.words:,} words"
    return Group(Text(size, style="bold"), table)


def _counts(title: str, counts: Sequence[dict[str, int]]) -> Text:
    total: dict[str, int] = {}
    for count in counts:
        for name, value in count.items():
            total[name] = total.get(name, 0) + value
    listed = ", ".join(f"{name} {value:,}" for name, value in sorted(total.items(), key=lambda item: -item[1]))
    return Text.assemble((f"{title}: ", "bold"), listed or "none")


def _count(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"
