"""Which format a log is in, from its name and its first record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from odyssim.corpus.sources.files import RawFile
from odyssim.corpus.sources.records import json_keys, text_lines
from odyssim.errors import DataError


class LogFormat(StrEnum):
    """The formats of logs that are understood."""

    OPENAI = "openai"
    SHAREGPT = "sharegpt"
    TAU2 = "tau2"
    CSV = "csv"
    INTERACTIONS = "interactions"


class Container(StrEnum):
    """How the records lie in the file: one to a line, as a list, or the file is one record."""

    LINES = "lines"
    LIST = "list"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Layout:
    """A format and how its records lie in the file."""

    format: LogFormat
    container: Container


_FORMAT_OF_KEY: Final = {
    "simulations": LogFormat.TAU2,
    "turns": LogFormat.INTERACTIONS,
    "messages": LogFormat.OPENAI,
    "conversations": LogFormat.SHAREGPT,
}
_FORMAT_OF_TURN: Final = {"role": LogFormat.OPENAI, "from": LogFormat.SHAREGPT}
_SHOWN_KEYS: Final = 8


def layout_of(file: RawFile) -> Layout:
    """The layout of a log. Raises `DataError` if it is none that is understood."""
    if file.name.removesuffix(".gz").endswith((".csv", ".tsv")):
        return Layout(LogFormat.CSV, Container.LINES)
    opening = file.opening()
    if opening == b"[":
        return _known(file, json_keys(file, at="item"), Container.LIST)
    if opening == b"{":
        record = _first_line_as_record(file)
        if record is None:
            return _known(file, json_keys(file), Container.DOCUMENT)
        return _known(file, record, Container.LINES)
    raise _unknown(file, "it begins with neither '{' nor '['" if opening else "it is empty")


def _first_line_as_record(file: RawFile) -> dict[str, object] | None:
    line = next(line for _, line in text_lines(file) if line.strip())
    try:
        record: dict[str, object] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return record


def _known(file: RawFile, keys: Iterable[str], container: Container) -> Layout:
    """The layout by the first telling key."""
    seen: dict[str, None] = {}
    for key in keys:
        if key == "turns" and container is not Container.LINES:
            raise _unknown(file, "interactions stand one to a line")
        if key in _FORMAT_OF_KEY:
            return Layout(_FORMAT_OF_KEY[key], container)
        if container is Container.LIST and key in _FORMAT_OF_TURN:
            return Layout(_FORMAT_OF_TURN[key], Container.DOCUMENT)
        seen[key] = None
    listed = ", ".join(list(seen)[:_SHOWN_KEYS]) or "none"
    raise _unknown(file, f"the keys of its records are: {listed}")


def _unknown(file: RawFile, why: str) -> DataError:
    return DataError(
        f"not a log that is understood: {why}",
        path=file.path,
        hint="give OpenAI messages, ShareGPT, tau2 results, interactions (.json or .jsonl), or a table (.csv)",
    )
