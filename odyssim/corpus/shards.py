"""Packed shards: documents in rows of equal length, as memory-mapped files of bounded size.

    index.json              ShardIndex: sizes, sources, settings; written last
    00000/shard.json        Shard: sizes and SHA-256 of the two files beside it
    00000/rows.bin          one record per row: ids, loss bits, bits that mark where a document begins
    00000/documents.bin     one record per document, in row order: row, start, length, source, cluster

A shard's folder appears under its name only when it is complete. Row numbers in its records count from its own first
row. What is left of a row is padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from odyssim.corpus.binary import MappedArray, check_sha256
from odyssim.corpus.documents import id_type
from odyssim.corpus.rows import PackCounts
from odyssim.errors import DataError
from odyssim.types import Record

INDEX: Final = "index.json"
SHARD: Final = "shard.json"
ROWS: Final = "rows.bin"
DOCUMENTS: Final = "documents.bin"
HINT: Final = "remove the folder and pack again"

_MAPPED_ROWS: Final = 8192
"""Rows that may stay mapped; the system maps up to 64 KiB around a byte that is touched."""

DOCUMENT: Final = np.dtype([("cluster", "<u8"), ("row", "<u4"), ("start", "<u4"), ("length", "<u4"), ("source", "<u2")])
"""`source` indexes `ShardIndex.sources`; `cluster` is equal for documents of the same interaction."""


def row_type(seq_len: int, vocab_size: int) -> np.dtype[Any]:
    """A row on disk: its first document in the shard, its tokens that are not padding, ids and two bits per token."""
    bits = ("u1", (-(-seq_len // 8),))
    fields = [("first", "<u4"), ("used", "<u4"), ("ids", id_type(vocab_size), (seq_len,)), ("loss", *bits)]
    return np.dtype([*fields, ("begins", *bits)], align=True)


class SourceCounts(Record):
    """What one source contributed, context and repeats included."""

    name: str
    documents: int
    tokens: int
    loss_tokens: int


class Shard(Record):
    """One shard. `packing` is the hash of everything that decides its bytes; `sources` are all of the mixture, by name;
    `sha256` is by file name."""

    packing: str
    rows: int
    sources: tuple[SourceCounts, ...]
    counts: PackCounts
    sha256: dict[str, str]

    @property
    def documents(self) -> int:
        return sum(source.documents for source in self.sources)


class ShardIndex(Record):
    """The table of contents of a folder of shards.

    `tokenizer` is the fingerprint of the one that made the ids, `packing` the hash of everything that decides the
    bytes, `counts` what became of the documents.
    """

    format: int = Field(default=2, ge=2, le=2)
    packing: str
    seq_len: int
    vocab_size: int
    tokenizer: str
    shards: tuple[Shard, ...]

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @property
    def sources(self) -> tuple[SourceCounts, ...]:
        return tuple(
            SourceCounts(
                name=parts[0].name,
                documents=sum(part.documents for part in parts),
                tokens=sum(part.tokens for part in parts),
                loss_tokens=sum(part.loss_tokens for part in parts),
            )
            for parts in zip(*(shard.sources for shard in self.shards), strict=True)
        )

    @property
    def documents(self) -> int:
        return sum(source.documents for source in self.sources)

    @property
    def tokens(self) -> int:
        return sum(source.tokens for source in self.sources)

    @property
    def loss_tokens(self) -> int:
        return sum(source.loss_tokens for source in self.sources)

    @property
    def counts(self) -> PackCounts:
        return PackCounts.sum(shard.counts for shard in self.shards)

    @property
    def fill(self) -> float:
        """Share of the ids that are not padding, 0..1."""
        return self.tokens / (self.rows * self.seq_len)

    @property
    def sha256(self) -> dict[str, str]:
        """Of every file, by name."""
        return {
            f"{shard_name(number)}/{name}": digest
            for number, shard in enumerate(self.shards)
            for name, digest in shard.sha256.items()
        }


@dataclass(frozen=True, slots=True)
class Rows:
    """Some packed rows; all arrays are B x `seq_len`.

    `position_ids` restart at 0 with each document; `documents` are numbers as in `PackedShards.documents`. Padding
    counts as one more document, number -1, without loss.
    """

    input_ids: NDArray[np.int64]
    loss_mask: NDArray[np.bool_]
    position_ids: NDArray[np.int64]
    documents: NDArray[np.int64]


class PackedShards:
    """Read access to a folder of shards; only what is read is in memory.

    Raises `DataError` if the folder is missing, malformed or cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.index = ShardIndex.model_validate_json((path / INDEX).read_bytes())
        except FileNotFoundError as error:
            raise DataError("no packed shards here", path=path / INDEX, hint="pack the corpus first") from error
        except ValidationError as error:
            raise DataError(f"not a shard index: {error}", path=path / INDEX, hint=HINT) from error
        record = row_type(self.index.seq_len, self.index.vocab_size)
        shards = self.index.shards
        names = [shard_name(number) for number in range(len(shards))]
        self._rows = [
            MappedArray(path / name / ROWS, record, shard.rows, hint=HINT)
            for name, shard in zip(names, shards, strict=True)
        ]
        self._documents = [
            MappedArray(path / name / DOCUMENTS, DOCUMENT, shard.documents, hint=HINT)
            for name, shard in zip(names, shards, strict=True)
        ]
        self._first_row = np.cumsum([0, *(shard.rows for shard in shards)])
        self._first_document = np.cumsum([0, *(shard.documents for shard in shards)])
        self._record = record
        self._unreleased = 0

    def __len__(self) -> int:
        return int(self._first_row[-1])

    def rows(self, numbers: Sequence[int] | NDArray[np.int64]) -> Rows:
        """The rows with these numbers, 0-based, in this order."""
        chosen = np.asarray(numbers, dtype=np.int64)
        shards = np.searchsorted(self._first_row, chosen, side="right") - 1
        records = np.empty(len(chosen), dtype=self._record)
        for shard in np.unique(shards).tolist():
            here = shards == shard
            records[here] = self._rows[shard].elements[chosen[here] - self._first_row[shard]]
        self._release(len(chosen))
        seq_len = self.index.seq_len
        begins = np.unpackbits(records["begins"], axis=1, count=seq_len)
        starts = np.flatnonzero(begins)
        rows, columns = np.divmod(starts, seq_len)
        before = np.flatnonzero(columns == 0)[rows]  # every row begins with a document
        documents = self._first_document[shards][rows] + records["first"][rows] + np.arange(len(starts)) - before
        documents[columns == records["used"][rows]] = -1
        lengths = np.diff(starts, append=begins.size)
        return Rows(
            input_ids=records["ids"].astype(np.int64),
            loss_mask=np.unpackbits(records["loss"], axis=1, count=seq_len).view(np.bool_),
            position_ids=(np.arange(begins.size) - np.repeat(starts, lengths)).reshape(begins.shape),
            documents=np.repeat(documents, lengths).reshape(begins.shape),
        )

    def row(self, number: int) -> Rows:
        """One row; its arrays have length `seq_len`."""
        rows = self.rows([number])
        return Rows(rows.input_ids[0], rows.loss_mask[0], rows.position_ids[0], rows.documents[0])

    @cached_property
    def documents(self) -> NDArray[Any]:
        """The records of all documents, of type `DOCUMENT`, with row numbers of the whole folder; held in memory."""
        documents = np.concatenate([file.elements for file in self._documents])
        documents["row"] += np.repeat(self._first_row[:-1], np.diff(self._first_document)).astype(np.uint32)
        return documents

    def verify(self) -> None:
        """Read every file once. Raises `DataError` for the first whose content is not what was written."""
        for name, expected in self.index.sha256.items():
            check_sha256(self.path / name, expected, hint=HINT)

    def _release(self, rows: int) -> None:
        """Count rows that were read, and now and then give the memory of the touched pages back to the system."""
        self._unreleased += rows
        if self._unreleased > _MAPPED_ROWS:
            self._unreleased = 0
            for file in self._rows:
                file.release()


def shard_name(number: int) -> str:
    """The folder of a shard."""
    return f"{number:05}"
