"""The card of a corpus, as Markdown and as one HTML page: what is in it, what was left out, what may be done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from odyssim.corpus.figures import LENGTHS
from odyssim.corpus.licences import terms
from odyssim.corpus.look import sample
from odyssim.corpus.render import messages_before
from odyssim.corpus.shards import ShardIndex
from odyssim.corpus.summary import CorpusSummary, SourceSummary, read_corpus, read_summary
from odyssim.report import shown
from odyssim.storage import write_text
from odyssim.types import Interaction

_TEMPLATE = "corpus_card.md.jinja"
_COUNTED = ("interactions", "turns", "imitated_turns", "words")
_LONGEST_EXAMPLE = 1200
_MARKUP = "\\`*_{}[]<>|#&~$!"


def write_corpus_card(
    corpus: Path,
    out: Path,
    *,
    name: str | None = None,
    tokens: ShardIndex | None = None,
    examples: int = 5,
    seed: int = 0,
) -> tuple[Path, Path]:
    """Write the card of a corpus folder to `out`.md and `out`.html and return both paths.

    `tokens` is the index of the corpus packed, `examples` the number of conversations shown, all from sources that may
    be passed on. The same corpus gives the same bytes. Raises `DataError` if there is no complete corpus.
    """
    summary = read_summary(corpus)
    text = _markdown(summary, name or corpus.name, tokens, _examples(corpus, examples, seed), seed)
    markdown, page = out.with_suffix(".md"), out.with_suffix(".html")
    write_text(markdown, text)
    write_text(page, _page(text, name or corpus.name))
    return markdown, page


def _markdown(
    summary: CorpusSummary, name: str, tokens: ShardIndex | None, examples: Sequence[dict[str, Any]], seed: int
) -> str:
    total = _total(summary.sources)
    axes, languages, contexts, safety = (Counter[str]() for _ in range(4))
    lengths = Counter[int]()
    for source in summary.sources:
        for tally in source.figures.tallies:
            axes[tally.axis] += tally.interactions
            languages[tally.language or "not recognised"] += tally.interactions
        lengths.update(source.figures.lengths)
        contexts.update(source.figures.contexts)
        safety.update({tag: count for tag, count in source.figures.tags.items() if tag.startswith("safety:")})
    tasks = sorted({task for source in summary.sources for task in source.overlap})
    kinds = sorted({kind for source in summary.sources for kind in source.pii})
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            name=name,
            summary=summary,
            total=total,
            tokens=tokens,
            compared=_compared(summary),
            sources=[_source(source) for source in summary.sources],
            tables=[
                ("By axis", "Axis", _shares(axes.most_common(), total["interactions"])),
                ("By language", "Language", _shares(languages.most_common(), total["interactions"])),
                ("By length", "Turns", _shares(_by_length(lengths), total["interactions"])),
                ("Social contexts", "Written by", _shares(contexts.most_common(), total["interactions"])),
                ("Safety notes", "Note", _shares(safety.most_common(), total["interactions"])),
            ],
            left_out=summary.left_out,
            overlap_tasks=tasks,
            overlap=_matrix(summary, tasks, "overlap"),
            pii_kinds=kinds,
            pii=_matrix(summary, kinds, "pii"),
            examples=examples,
            seed=seed,
        )
    )


def _page(markdown: str, title: str) -> str:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    body = reader.render(markdown)
    css = files("odyssim.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    main = f'<main class="document">\n{body}</main>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{css}</style></head><body>{main}</body></html>\n'


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("odyssim.report"), undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True
    )
    environment.filters |= {
        "count": lambda value: f"{value:,}",
        "cell": _cell,
        "code": _code,
        "fenced": _fenced,
        "duration": shown.duration,
    }
    return environment


def _cell(text: str) -> str:
    """Text in one line that stays in its table cell, and in which markup stays text."""
    escaped = "".join(f"\\{one}" if one in _MARKUP else one for one in text)
    return " ".join(escaped.split())


def _code(text: str) -> str:
    """Text in one line as code that stays in its table cell, whatever signs are in it."""
    fence = "`" * (_longest_run_of_backticks(text) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{' '.join(text.split())}{pad}{fence}".replace("|", "\\|")


def _fenced(text: str) -> str:
    """Text as a block of its own that nothing in it can end."""
    fence = "`" * max(3, _longest_run_of_backticks(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run_of_backticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _compared(summary: CorpusSummary) -> str:
    if summary.config["decontaminate"] == "off":
        return "It was not compared with evaluation items."
    items = sum(summary.compared.items.values())
    return f"Compared with {items:,} evaluation items of {len(summary.compared.items)} tasks."


def _total(sources: Iterable[SourceSummary]) -> dict[str, int]:
    tallies = [tally for source in sources for tally in source.figures.tallies]
    return {name: sum(getattr(tally, name) for tally in tallies) for name in _COUNTED}


def _source(source: SourceSummary) -> dict[str, Any]:
    """What the template shows of one source."""
    licences = list(source.figures.licences) or [source.card.licence]
    contexts = source.figures.contexts
    with_context = sum(count for writer, count in contexts.items() if writer != "none")
    return {
        "card": source.card,
        "total": _total([source]),
        "axes": " ".join(sorted({tally.axis for tally in source.figures.tallies})) or shown.NONE,
        "licences": ", ".join(licences),
        "terms": "; ".join(dict.fromkeys(map(_conditions, licences))),
        "contexts": shown.percent(with_context / (sum(contexts.values()) or 1)),
    }


def _conditions(licence: str) -> str:
    said = terms(licence)
    if not said.redistribution:
        return "no"
    conditions = [*(["same licence"] if said.share_alike else []), *(["not for profit"] if said.non_commercial else [])]
    return f"yes, {' and '.join(conditions)}" if conditions else "yes"


def _by_length(lengths: Counter[int]) -> Iterator[tuple[str, int]]:
    """The classes of `LENGTHS` in words, shortest first: '2', '3 to 5', '1,001 or more'."""
    for first, beyond in zip(LENGTHS, (*LENGTHS[1:], None), strict=True):
        if count := lengths[first]:
            last = " or more" if beyond is None else "" if beyond == first + 1 else f" to {beyond - 1:,}"
            yield f"{first:,}{last}", count


def _shares(counts: Iterable[tuple[str, int]], total: int) -> list[tuple[str, int, str]]:
    return [(name, count, shown.percent(count / total if total else None)) for name, count in counts]


def _matrix(summary: CorpusSummary, columns: Sequence[str], field: str) -> list[tuple[str, list[str]]]:
    return [
        (source.card.id, [f"{counts[column]:,}" if column in counts else shown.NONE for column in columns])
        for source in summary.sources
        if (counts := getattr(source, field))
    ]


def _examples(corpus: Path, count: int, seed: int) -> list[dict[str, Any]]:
    if not count:
        return []
    free = (one for one in read_corpus(corpus, "train") if terms(one.source.licence).redistribution)
    return [
        {
            "source": one.source,
            "facts": f"{one.axis}, {one.source.licence}, {one.source.place}",
            "text": shown.clipped(_transcript(one), _LONGEST_EXAMPLE),
        }
        for one in sample(free, count, seed)
    ]


def _transcript(interaction: Interaction) -> str:
    """What the first imitated person knows, then who said what."""
    person = interaction.imitated_speakers[0]
    place = next(i for i, turn in enumerate(interaction.turns) if turn.speaker == person)
    known = [message.content for message in messages_before(interaction, place) if message.role == "system"]
    said = [
        f"{'▶ ' if turn.speaker == person and turn.train else '  '}{turn.speaker}: {turn.text}"
        for turn in interaction.turns
    ]
    return "\n".join([*known, "", *said] if known else said)
