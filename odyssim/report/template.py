"""The template engine of the report pages: everything from data is escaped, and a missing value is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from odyssim.report import shown
from odyssim.report.records import earlier, latest
from odyssim.soul.result import TaskResult


@lru_cache
def templates() -> Environment:
    """The environment with our filters."""
    environment = Environment(
        loader=PackageLoader("odyssim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": shown.number,
        "percent": shown.percent,
        "percent_interval": shown.percent_interval,
        "gap_interval": shown.gap_interval,
        "duration": shown.duration,
        "size": shown.size,
        "dollars": shown.dollars,
        "spent": shown.spent,
        "clipped": shown.clipped,
        "shortened": shown.shortened,
        "against_chance": shown.against_chance,
        "notes": _notes,
        "latest": lambda results: latest(results)[1],
        "latest_variant": lambda results: latest(results)[0],
        "earlier": earlier,
    }
    return environment


def _notes(tasks: Mapping[str, Mapping[str, TaskResult]]) -> list[tuple[str, list[str]]]:
    """Every note once, with the titles of the tasks to which it applies."""
    titles: dict[str, list[str]] = {}
    for results in tasks.values():
        for result in results.values():
            named = titles.setdefault(result.note, [])
            if result.title not in named:
                named.append(result.title)
    return [(note, named) for note, named in titles.items() if note]
