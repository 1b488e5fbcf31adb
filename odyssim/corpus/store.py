"""Interactions on disk: Parquet files with typed nested columns, written and read in row groups."""

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
                ]
            ),
            nullable=False,
        ),
        pa.field("axis", pa.string(), nullable=False),
    ]
)


class InteractionWriter:
    """Writes one Parquet file; it appears under its name only when everything is on disk.

    A context manager: leaving it through an error removes what was written. Raises `StorageError` if writing fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        with writing(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="zstd")
        return self

    def add(self, interaction: Interaction) -> None:
        self._rows.append(_to_row(interaction))
        if len(self._rows) == ROWS_PER_GROUP:
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
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
        self._rows = []


def read_interactions(path: Path) -> Iterator[Interaction]:
    """Stream the interactions of a Parquet file. Raises `DataError` if it is missing, broken or of another shape."""
    hint = "build the corpus again: odyssim run RECIPE --until corpus"
    try:
        file = pq.ParquetFile(path)
        if not file.schema_arrow.equals(SCHEMA):
            raise DataError("these are not the columns of a corpus file", path=path, hint=hint)
        for batch in file.iter_batches(batch_size=ROWS_PER_GROUP):
            for row in batch.to_pylist():
                yield _from_row(row)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot be read: {error}", path=path, hint=hint) from error


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
