"""Shards: training sequences packed into rows of equal length, as memory-mapped files.

    index.json      ShardIndex: sizes, sources, settings, SHA-256 of each file below
    ids.bin         rows x seq_len token ids, uint16 or uint32 by vocabulary, little-endian
    loss.bin        rows x ceil(seq_len / 8) bytes, one bit per token, 1 = trained
    documents.bin   one record per document, in row order: row, start, length, source, cluster

Packing holds one buffer of documents in memory and places the longest first, each into the first row with room
(first-fit-decreasing). What is left of a row is padding. Rows are written as they are made and the folder appears
under its name only when complete.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from odyssim.corpus.chatml import ChatML
from odyssim.errors import DataError
from odyssim.storage import new_folder, writing
from odyssim.types import Record, TrainingSequence

INDEX = "index.json"
IDS = "ids.bin"
LOSS = "loss.bin"
DOCUMENTS = "documents.bin"

DOCUMENT = np.dtype([("row", "<u4"), ("start", "<u4"), ("length", "<u4"), ("source", "<u2"), ("cluster", "<u8")])
"""`source` indexes `ShardIndex.sources`; `cluster` is equal for documents of the same interaction."""


class SourceCounts(Record):
    """What one dataset contributed."""

    name: str
    documents: int
    tokens: int
    loss_tokens: int


class ShardIndex(Record):
    """The table of contents of a shard folder. `tokenizer` is the fingerprint of the one that made the ids."""

    format: int = Field(default=1, ge=1, le=1)
    seq_len: int
    rows: int
    documents: int
    tokens: int
    loss_tokens: int
    vocab_size: int
    tokenizer: str
    seed: int
    sources: tuple[SourceCounts, ...]
    sha256: dict[str, str]

    @property
    def fill(self) -> float:
        """Share of the ids that are not padding, 0..1."""
        return self.tokens / (self.rows * self.seq_len)


@dataclass(frozen=True, slots=True)
class Row:
    """One packed row; all arrays have length `seq_len`. Padding counts as one more document, number -1, no loss.

    `position_ids` restart at 0 with each document; `documents` are indices into `PackedShards.documents`.
    """

    input_ids: NDArray[np.int64]
    loss_mask: NDArray[np.bool_]
    position_ids: NDArray[np.int64]
    documents: NDArray[np.int64]


class PackedShards:
    """Read access to a shard folder; nothing but the index and the documents touched is held in memory.

    Raises `DataError` if the folder is missing, malformed or cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.index = ShardIndex.model_validate_json((path / INDEX).read_bytes())
        except FileNotFoundError as error:
            raise DataError("no packed shards here", path=path / INDEX, hint="pack the corpus first") from error
        except ValidationError as error:
            raise DataError(f"not a shard index: {error}", path=path / INDEX) from error
        rows, seq_len = self.index.rows, self.index.seq_len
        self.ids = self._open(IDS, id_type(self.index.vocab_size), (rows, seq_len))
        self.loss_bits = self._open(LOSS, np.dtype(np.uint8), (rows, -(-seq_len // 8)))
        self.documents = self._open(DOCUMENTS, DOCUMENT, (self.index.documents,))
        self._first_document = np.searchsorted(self.documents["row"], np.arange(rows + 1))

    def __len__(self) -> int:
        return self.index.rows

    def row(self, number: int) -> Row:
        seq_len = self.index.seq_len
        start, stop = self._first_document[number : number + 2]
        placed = self.documents[start:stop]
        used = int(placed["length"].sum())
        lengths = [*placed["length"].tolist(), seq_len - used]
        return Row(
            input_ids=self.ids[number].astype(np.int64),
            loss_mask=np.unpackbits(self.loss_bits[number], count=seq_len).astype(np.bool_),
            position_ids=np.concatenate([np.arange(length) for length in lengths]),
            documents=np.repeat([*range(start, stop), -1], lengths),
        )

    def verify(self) -> None:
        """Read every file once. Raises `DataError` for the first whose content is not what was written."""
        for name, expected in self.index.sha256.items():
            with (self.path / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != expected:
                raise DataError("the file has changed since it was packed", path=self.path / name, hint="pack again")

    def _open(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        path = self.path / name
        expected = int(np.prod(shape)) * dtype.itemsize
        if not path.is_file() or path.stat().st_size != expected:
            raise DataError(f"missing or not {expected} bytes long", path=path, hint="pack the corpus again")
        return np.memmap(path, dtype=dtype, mode="r", shape=shape)


def pack(
    sequences: Iterable[tuple[str, TrainingSequence]],
    out: Path,
    *,
    seq_len: int,
    chatml: ChatML,
    seed: int,
    buffer: int = 16_384,
) -> ShardIndex:
    """Pack (source name, sequence) pairs into rows of `seq_len` ids, written to the new folder `out`.

    `chatml` is what made the ids, `buffer` the number of documents in memory at a time. Documents whose `prompt_uid`
    is equal form a cluster. The same input and seed give the same bytes.

    Raises `DataError` if nothing is given, or if a sequence is longer than `seq_len`, asks for loss nowhere or on its
    first token (nothing predicts it), or holds an id outside the vocabulary; `StorageError` if `out` cannot be written.
    """
    stream = iter(sequences)
    random = np.random.default_rng(seed)
    with new_folder(out) as folder, _Writer(folder, seq_len, chatml) as writer:
        while documents := [writer.document(source, sequence) for source, sequence in islice(stream, buffer)]:
            shuffled = [documents[i] for i in random.permutation(len(documents))]
            rows = first_fit_decreasing([len(document.ids) for document in shuffled], seq_len)
            for number in random.permutation(len(rows)):
                writer.add_row([shuffled[i] for i in rows[number]])
        if not writer.rows:
            raise DataError("there is no sequence to pack", path=out, hint="check the counts of the rendering step")
        return writer.finish(seed)


def first_fit_decreasing(lengths: list[int], capacity: int) -> list[list[int]]:
    """Bins of indices into `lengths`, each with a total of at most `capacity`; equal lengths keep their order."""
    room = np.full(len(lengths), capacity)
    bins: list[list[int]] = []
    for item in np.argsort(-np.asarray(lengths), kind="stable").tolist():
        place = int(np.argmax(room[: len(bins) + 1] >= lengths[item]))
        if place == len(bins):
            bins.append([])
        bins[place].append(item)
        room[place] -= lengths[item]
    return bins


def id_type(vocab_size: int) -> np.dtype[Any]:
    """The smallest type on disk that holds every id below `vocab_size`."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


@dataclass(frozen=True, slots=True)
class _Document:
    ids: NDArray[Any]
    loss: NDArray[np.bool_]
    source: int
    cluster: int


class _Writer:
    """Appends rows to the three files, and keeps the sums and digests for the index."""

    def __init__(self, folder: Path, seq_len: int, chatml: ChatML) -> None:
        self.folder, self.seq_len, self.chatml = folder, seq_len, chatml
        self.rows = 0
        self._source_numbers: dict[str, int] = {}
        self._sums: dict[str, NDArray[np.int64]] = {}
        with writing(folder):
            self._files = {name: (folder / name).open("wb") for name in (IDS, LOSS, DOCUMENTS)}
        self._digests = {name: hashlib.sha256() for name in self._files}
        self._id_type = id_type(chatml.vocab_size)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        with writing(self.folder):
            for file in self._files.values():
                file.close()

    def document(self, source: str, sequence: TrainingSequence) -> _Document:
        length = len(sequence.token_ids)
        name = f"sequence of {source} ({sequence.prompt_uid})"
        if not 0 < length <= self.seq_len:
            raise DataError(
                f"{name} has {length} tokens, a row {self.seq_len}", hint="render with a smaller max_tokens"
            )
        if sequence.loss_mask[0]:
            raise DataError(f"{name} asks for loss on its first token, which nothing predicts")
        if not any(sequence.loss_mask):
            raise DataError(f"{name} has no trained token, so nothing would learn from it")
        if max(sequence.token_ids) >= self.chatml.vocab_size:
            raise DataError(f"{name} holds ids beyond the vocabulary of {self.chatml.vocab_size}")
        loss = np.array(sequence.loss_mask, dtype=np.bool_)
        number = self._source_numbers.setdefault(source, len(self._source_numbers))
        self._sums.setdefault(source, np.zeros(3, dtype=np.int64))
        self._sums[source] += (1, length, int(loss.sum()))
        digest = hashlib.blake2b(f"{source}\x1f{sequence.prompt_uid}".encode(), digest_size=8).digest()
        return _Document(
            ids=np.array(sequence.token_ids, dtype=self._id_type),
            loss=loss,
            source=number,
            cluster=int.from_bytes(digest, "little"),
        )

    def add_row(self, documents: list[_Document]) -> None:
        ids = np.full(self.seq_len, self.chatml.pad, dtype=self._id_type)
        loss = np.zeros(self.seq_len, dtype=np.bool_)
        records = np.zeros(len(documents), dtype=DOCUMENT)
        start = 0
        for record, document in enumerate(documents):
            stop = start + len(document.ids)
            ids[start:stop] = document.ids
            loss[start:stop] = document.loss
            records[record] = (self.rows, start, stop - start, document.source, document.cluster)
            start = stop
        self._append(IDS, ids.tobytes())
        self._append(LOSS, np.packbits(loss).tobytes())
        self._append(DOCUMENTS, records.tobytes())
        self.rows += 1

    def finish(self, seed: int) -> ShardIndex:
        sources = tuple(
            SourceCounts(name=name, documents=documents, tokens=tokens, loss_tokens=loss_tokens)
            for name, (documents, tokens, loss_tokens) in ((name, sums.tolist()) for name, sums in self._sums.items())
        )
        index = ShardIndex(
            seq_len=self.seq_len,
            rows=self.rows,
            documents=sum(source.documents for source in sources),
            tokens=sum(source.tokens for source in sources),
            loss_tokens=sum(source.loss_tokens for source in sources),
            vocab_size=self.chatml.vocab_size,
            tokenizer=self.chatml.fingerprint,
            seed=seed,
            sources=sources,
            sha256={name: digest.hexdigest() for name, digest in self._digests.items()},
        )
        with writing(self.folder):
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            (self.folder / INDEX).write_text(index.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return index

    def _append(self, name: str, data: bytes) -> None:
        with writing(self.folder / name):
            self._files[name].write(data)
        self._digests[name].update(data)
