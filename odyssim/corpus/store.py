"""Interactions on disk: Parquet files with typed nested columns, written and read in row groups.

A file of rejects has two columns more: why the interaction was left out (`reason`, a few fixed words) and `detail`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from odyssim.errors import DataError
from odyssim.storage import writing
from odyssim.types import Interaction

ROWS_PER_GROUP: Final = 1024
CHARACTERS_PER_GROUP: Final = 8_000_000
"""A group is closed early when its texts are this long, so that memory does not grow with the conversations."""

_HINT: Final = "build the corpus again: odyssim corpus build"
_TEXT_BY_SPEAKER: Final = pa.map_(pa.string(), pa.string())
SCHEMA: Final = pa.schema(
    [
        pa.field(
            "turns",
            pa.list_(
                pa.struct(
                    [("speaker", pa.string()), ("text", pa.string()), ("human", pa.bool_()), ("train", pa.bool_())]
                )
            ),
            nullable=False,
        ),
        pa.field(
            "context",
            pa.struct(
                [
                    ("scenario", pa.string()),
                    ("profiles", _TEXT_BY_SPEAKER),
                    ("relationship", pa.string()),
                    ("goals", _TEXT_BY_SPEAKER),
                    ("author", pa.string()),
                    ("model", pa.string()),
                    ("prompt_version", pa.string()),
                ]
            ),
        ),
        pa.field(
            "source",
            pa.struct(
                [
                    ("dataset", pa.string()),
                    ("licence", pa.string()),
                    ("split", pa.string()),
                    ("original_id", pa.string()),
                    ("place", pa.string()),
                ]
            ),
            nullable=False,
        ),
        pa.field("axis", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
    ]
)


REJECT_SCHEMA: Final = SCHEMA.append(pa.field("reason", pa.string())).append(pa.field("detail", pa.string()))


class InteractionWriter:
    """Writes one Parquet file; it appears under its name only when everything is on disk.

    A context manager: leaving it through an error removes what was written. Raises `StorageError` if writing fails.
    """

    def __init__(self, path: Path, schema: pa.Schema = SCHEMA) -> None:
        self.path = path
        self.schema = schema
        self._partial = path.with_name(f".{path.name}.partial")
        self._rows: list[dict[str, Any]] = []
        self._characters = 0

    def __enter__(self) -> Self:
        with writing(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._partial, self.schema, compression="zstd")
        return self

    def add(self, interaction: Interaction, **columns: str) -> None:
        """Append one row; `columns` are those that the schema has beyond an interaction's own."""
        self._rows.append(_to_row(interaction) | columns)
        self._characters += sum(len(turn.text) for turn in interaction.turns)
        if len(self._rows) == ROWS_PER_GROUP or self._characters > CHARACTERS_PER_GROUP:
            self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with writing(self.path.parent):
                if kind is None and self._rows:
                    self._flush()
                self._writer.close()
                if kind is None:
                    os.replace(self._partial, self.path)
        finally:
            self._partial.unlink(missing_ok=True)

    def _flush(self) -> None:
        with writing(self.path.parent):
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self.schema))
        self._rows, self._characters = [], 0


def read_interactions(path: Path) -> Iterator[Interaction]:
    """Stream the interactions of a Parquet file. Raises `DataError` if it is missing, broken or of another shape."""
    for row in _rows(path, SCHEMA):
        yield _from_row(row)


def count_interactions(path: Path) -> int:
    """How many interactions a Parquet file holds. Raises `DataError` if it is missing or broken."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot be read: {error}", path=path, hint=_HINT) from error


def read_rejects(path: Path) -> Iterator[tuple[Interaction, str, str]]:
    """Stream the (interaction, reason, detail) of a file of rejects. Raises as `read_interactions` does."""
    for row in _rows(path, REJECT_SCHEMA):
        reason, detail = row.pop("reason"), row.pop("detail")
        yield _from_row(row), reason, detail


def _rows(path: Path, schema: pa.Schema) -> Iterator[dict[str, Any]]:
    try:
        file = pq.ParquetFile(path)
        if not file.schema_arrow.equals(schema):
            raise DataError("these are not the columns of a corpus file", path=path, hint=_HINT)
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot be read: {error}", path=path, hint=_HINT) from error


def _to_row(interaction: Interaction) -> dict[str, Any]:
    row = interaction.model_dump(mode="json")
    if context := row["context"]:
        context["profiles"] = list(context["profiles"].items())
        context["goals"] = list(context["goals"].items())
    return row


def _from_row(row: dict[str, Any]) -> Interaction:
    if context := row["context"]:
        context["profiles"] = dict(context["profiles"])
        context["goals"] = dict(context["goals"])
    return Interaction.model_validate(row)
