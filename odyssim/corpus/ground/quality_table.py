"""The quality report as Markdown: one row per writer, and whether the scale behind it holds."""

from __future__ import annotations

from collections.abc import Iterable

from odyssim.corpus.ground.quality import QualityReport, WriterQuality
from odyssim.corpus.ground.specificity import Rate

_COLUMNS = (
    "writer",
    "contexts",
    "rows leaking",
    "leak share",
    "right picks",
    "place",
    "right picks, nothing shared",
    "place",
    "distinct 1/2/3",
    "4-grams shared",
    "compression",
    "dropped",
    "refused",
    "failed",
)


def quality_table(report: QualityReport) -> str:
    """The whole report as Markdown text, ending in a newline."""
    sources = ", ".join(f"{source} {count:,}" for source, count in report.conversations.items())
    lines = [
        f"Matcher: {report.matcher}, 1 of {report.candidates}; seed {report.seed}. Conversations: {sources}.",
        "Intervals are 95 %. Place: 0 = another dialogue's context, 1 = the dataset's own.",
        "",
        _row(_COLUMNS),
        _row(["---"] * len(_COLUMNS)),
        *(_row(_cells(writer)) for writer in report.writers),
        "",
    ]
    for scale in report.calibration:
        verdict = "disjoint" if scale.holds else "NOT disjoint: no scale"
        lines.append(f"- {scale.view}: ceiling {_rate(scale.ceiling)}, floor {_rate(scale.floor)}, {verdict}")
    for kind in report.planted:
        lines.append(f"- planted, {kind.kind}: {kind.found:,} of {kind.planted:,} found")
    lines += [
        "",
        _row(("right picks by source", *report.conversations)),
        _row(["---"] * (1 + len(report.conversations))),
    ]
    for writer in report.writers:
        rates = writer.specificity[0].by_source
        lines.append(_row((writer.writer, *(_rate(rates.get(source)) for source in report.conversations))))
    return "\n".join(lines) + "\n"


def _cells(writer: WriterQuality) -> list[str]:
    cells = [
        writer.writer,
        f"{writer.contexts:,} of {writer.conversations:,}",
        _rate(writer.leaking),
        f"{writer.leak_share:.2%}",
    ]
    for view in writer.specificity:
        where = view.place
        cells += [_rate(view.rate), f"{where.value:.2f} ({where.low:.2f} to {where.high:.2f})" if where else "-"]
    spread = writer.diversity
    if spread:
        cells += ["/".join(f"{share:.2f}" for share in spread.distinct), f"{spread.shared:.0%}"]
        cells += [f"{spread.compression:.2f}"]
    else:
        cells += ["-"] * 3
    return [*cells, _counts(writer.dropped), str(writer.refused), _counts(writer.failed)]


def _rate(rate: Rate | None) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})" if rate else "-"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in counts.items()) or "0"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
