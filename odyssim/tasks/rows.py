"""Rows of the published files: one envelope for all tasks, and one way to read a field of it.

    {"data_source": "twinvoice", "prompt": [...], "extra_info": {"index": 7, "anchor_post": "...", ...}}

`extra_info` holds what the task reads. In a file that joins several tasks, fields that a task lacks are present with
value null; so absent, null and (for text) blank are the same everywhere.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from odyssim.errors import DataError, UsageError
from odyssim.storage import writing
from odyssim.tasks.records import read_jsonl
from odyssim.types import Json, Message, Origin

_BATCH = 256


@dataclass(frozen=True)
class Row:
    """One row: its routing key, its number in the file, the task's own fields, and the messages it was published with.

    `path` and `line` (from 1) say where it stands, for messages to people.
    """

    data_source: str
    index: int
    info: Mapping[str, Any]
    origin: Origin
    prompt: tuple[Message, ...] = ()
    path: Path | None = None
    line: int | None = None

    def text(self, *keys: str) -> str:
        """The first field of `keys` that is not blank, as text; an empty string if there is none."""
        for key in keys:
            value = self.info.get(key)
            if value is not None and str(value).strip():
                return str(value)
        return ""

    def need(self, *keys: str) -> str:
        """As `text`; `DataError` if all are blank."""
        return self.text(*keys) or self.fail(f"'{keys[0]}' is missing or blank")

    def whole(self, key: str) -> int | None:
        """A whole number, written as a number or in digits; none if the field is absent. `DataError` for others."""
        value = self.info.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.fail(f"'{key}' is {value!r}, not a whole number")
        if not number.is_integer():
            self.fail(f"'{key}' is {value!r}, not a whole number")
        return int(number)

    def texts(self, *keys: str) -> tuple[str, ...]:
        """The first non-empty list of `keys` as texts. A string that holds a JSON or Python list counts as one."""
        for key in keys:
            members = as_list(self.info.get(key))
            if members:
                return tuple("" if member is None else str(member) for member in members)
        return ()

    def objects(self, *keys: str) -> tuple[Json, ...]:
        """The first non-empty list of `keys`, its members that are objects."""
        for key in keys:
            members = as_list(self.info.get(key))
            if members:
                return tuple(member for member in members if isinstance(member, dict))
        return ()

    def identity(self, cluster: str) -> dict[str, Any]:
        """The fields that every item has: id, origin, and the cluster that it shares with dependent items."""
        return {"id": f"{self.data_source}-{self.index}", "origin": self.origin, "cluster": cluster}

    def fail(self, message: str) -> NoReturn:
        """Raise `DataError`: what is wrong with this row, with its place."""
        raise DataError(f"{self.data_source} {self.index}: {message}", path=self.path, line=self.line)


def as_list(value: Any) -> list[Any]:
    """A list as it is; the list that a string holds in JSON or Python notation; otherwise an empty list.

    Strings are read as literals and never evaluated.
    """
    if isinstance(value, (list, tuple)):
        return list(value)
    if not isinstance(value, str):
        return []
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return list(found) if isinstance(found, (list, tuple)) else []
    return []


def read_rows(path: Path, origin: Origin) -> Iterator[Row]:
    """All rows of an envelope file, Parquet or JSONL; `origin` unless a row says its own, as those we write do.

    Raises `DataError` with the line if one is no envelope.
    """
    for line, record in _records(path):
        source, info = record.get("data_source"), record.get("extra_info")
        if not isinstance(source, str) or not isinstance(info, dict):
            raise DataError("a row needs 'data_source' and 'extra_info'", path=path, line=line)
        index = info.get("index")
        yield Row(
            data_source=source,
            index=line - 1 if index is None else int(index),
            info=info,
            origin=Origin(record["origin"]) if record.get("origin") else origin,
            prompt=_messages(record.get("prompt") or [], path, line),
            path=path,
            line=line,
        )


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as a new envelope file in Parquet, `extra_info` as a struct; returns how many.

    Raises `UsageError` if `path` exists, `StorageError` if it cannot be written.
    """
    import pyarrow as pa  # takes a third of a second: only when a Parquet file is really met
    import pyarrow.parquet as pq

    if path.exists():
        raise UsageError(f"{path} exists already.", hint="choose a new file, or remove the old one")
    records: list[Json] = [
        {
            "data_source": row.data_source,
            "origin": row.origin.value,
            "prompt": [{"role": message.role, "content": message.content} for message in row.prompt],
            "extra_info": dict(row.info) | {"index": row.index},
        }
        for row in rows
    ]
    temporary = path.with_name(f".{path.name}.part")
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(records), temporary, compression="zstd")
        temporary.replace(path)
    return len(records)


def _records(path: Path) -> Iterator[tuple[int, Json]]:
    if path.suffix != ".parquet":
        yield from read_jsonl(path)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"not a Parquet file: {error}", path=path) from error
    line = 0
    with file:
        for batch in file.iter_batches(_BATCH):
            for record in batch.to_pylist():
                line += 1
                yield line, record


def _messages(given: list[Any], path: Path, line: int) -> tuple[Message, ...]:
    try:
        return tuple(Message.model_validate(message) for message in given)
    except ValidationError as error:
        raise DataError("'prompt' is not a list of messages with role and content", path=path, line=line) from error
