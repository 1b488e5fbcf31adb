"""Packing: a mixture of tokenised documents becomes shards of rows.

Every shard is a function of the documents, the settings and its number. So shards can be written in any order and by
any number of workers, and one that is there already is never written again: an interrupted packing goes on, and the
bytes are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from odyssim import __version__
from odyssim.corpus.binary import BinaryWriter
from odyssim.corpus.documents import DocumentStore
from odyssim.corpus.mix import EVERYTHING_ONCE, Draws, MixConfig, Mixture, SourceSize
from odyssim.corpus.rows import Piece, Placed, RowBuilder
from odyssim.corpus.shards import (
    DOCUMENT,
    DOCUMENTS,
    HINT,
    INDEX,
    ROWS,
    SHARD,
    Shard,
    ShardIndex,
    SourceCounts,
    row_type,
    shard_name,
)
from odyssim.errors import DataError, UsageError
from odyssim.progress import Progress, Silent
from odyssim.storage import new_folder, write_text

SHARD_TOKENS: Final = 1 << 26
"""Tokens of a shard, about: 128 or 256 MiB of ids by vocabulary."""

_PART_DRAWS: Final = 8192
_READ_TOKENS: Final = 1 << 18
_WRITE_TOKENS: Final = 1 << 18


def pack(
    stores: Sequence[DocumentStore],
    out: Path,
    *,
    seq_len: int,
    seed: int,
    mix: MixConfig = EVERYTHING_ONCE,
    epoch: int = 0,
    shard_tokens: int = SHARD_TOKENS,
    progress: Progress = Silent(),
) -> ShardIndex:
    """Pack an epoch of a mixture of `stores` into rows of `seq_len` ids in the folder `out`.

    What is packed there already with the same settings is kept. Raises as `Packing` does, `UsageError` if `out` holds
    shards of other settings, `StorageError` if it cannot be written.
    """
    packing = Packing(stores, seq_len=seq_len, seed=seed, mix=mix, epoch=epoch, shard_tokens=shard_tokens)
    with progress.work("pack", total=packing.shards) as work:
        for number in range(packing.shards):
            shard = packing.write(number, out)
            work.advance(rows=shard.rows)
    return packing.finish(out)


class Packing:
    """One epoch of a mixture, divided into `shards`; `key` is the hash of everything that decides their bytes.

    Raises `DataError` without documents, `UsageError` for stores of different tokenizers or made for shorter rows,
    `UnknownName` or `ConfigError` for a mixture that does not fit the stores.
    """

    def __init__(
        self,
        stores: Sequence[DocumentStore],
        *,
        seq_len: int,
        seed: int,
        mix: MixConfig = EVERYTHING_ONCE,
        epoch: int = 0,
        shard_tokens: int = SHARD_TOKENS,
    ) -> None:
        if not any(len(store) for store in stores):
            raise DataError("there is no document to pack", hint="check what the tokenised corpus holds")
        for store in stores:
            if store.index.tokenizer != stores[0].index.tokenizer:
                raise UsageError(f"{store.path} was tokenised with another tokenizer.", hint="tokenise it again")
            if store.index.max_tokens < seq_len:
                raise UsageError(
                    f"{store.path} was tokenised for rows of up to {store.index.max_tokens} tokens, not {seq_len}.",
                    hint="tokenise again with a larger max_tokens, or pack shorter rows",
                )
        self.seq_len = seq_len
        self._library = _Library(stores, capacity=seq_len)
        self._mixture = Mixture(mix, self._library.sizes, seed=seed, epoch=epoch)
        self.shards = max(1, round(self._library.expected_tokens(self._mixture) / shard_tokens))
        self._parts = -(-len(self._mixture) // (self.shards * _PART_DRAWS))
        contents = [(store.index.source, store.index.sha256) for store in self._library.stores]
        decides = [__version__, seq_len, seed, epoch, shard_tokens, mix.model_dump(), contents]
        self.key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()

    def write(self, number: int, out: Path) -> Shard:
        """Shard `number` (0-based) in the folder `out`, written unless it is there."""
        folder = out / shard_name(number)
        if folder.exists():
            shard = Shard.model_validate_json((folder / SHARD).read_bytes())
            if shard.packing != self.key:
                raise UsageError(f"{out} holds shards of other data or settings.", hint=HINT)
            return shard
        builder = RowBuilder(self._pieces(number), self.seq_len)
        with new_folder(folder) as partial:
            with BinaryWriter(partial / ROWS) as rows, BinaryWriter(partial / DOCUMENTS) as documents:
                writer = _ShardWriter(rows, documents, self.seq_len, self._library)
                for row in builder:
                    writer.add(row)
                writer.flush()
            shard = Shard(
                packing=self.key,
                rows=writer.rows,
                sources=writer.sources(self._mixture.names),
                counts=builder.counts,
                sha256={file.path.name: file.sha256 for file in (rows, documents)},
            )
            write_text(partial / SHARD, shard.model_dump_json(indent=2) + "\n")
        return shard

    def finish(self, out: Path) -> ShardIndex:
        """Write the index over all shards, every one of which must be there."""
        index = ShardIndex(
            packing=self.key,
            seq_len=self.seq_len,
            vocab_size=self._library.vocab_size,
            tokenizer=self._library.tokenizer,
            shards=tuple(self.write(number, out) for number in range(self.shards)),
        )
        if not index.rows:
            raise DataError(f"no document fits into rows of {self.seq_len} tokens", path=out, hint="pack longer rows")
        write_text(out / INDEX, index.model_dump_json(indent=2) + "\n")
        return index

    def _pieces(self, shard: int) -> Iterator[Piece]:
        for part in range(shard * self._parts, (shard + 1) * self._parts):
            yield from self._library.pieces(self._mixture.part(part, self.shards * self._parts))


class _Library:
    """All stores, sorted by source; documents of one source are numbered through its stores."""

    def __init__(self, stores: Sequence[DocumentStore], *, capacity: int) -> None:
        self.stores = sorted(stores, key=lambda store: store.index.source)
        index = self.stores[0].index
        self.vocab_size, self.tokenizer = index.vocab_size, index.tokenizer
        self.turn_start, self.pad = index.turn_start, index.pad
        self._capacity = capacity
        names = sorted({store.index.source for store in stores})
        self.sizes = [
            SourceSize(
                name=name,
                documents=sum(len(store) for store in stores if store.index.source == name),
                tokens=sum(store.index.tokens for store in stores if store.index.source == name),
            )
            for name in names
        ]
        self._first_of_source = np.cumsum([0, *(size.documents for size in self.sizes)])
        self._first_of_store = np.cumsum([0, *(len(store) for store in self.stores)])

    def expected_tokens(self, mixture: Mixture) -> float:
        return sum(
            count * size.tokens / size.documents
            for count, size in zip(mixture.counts, self.sizes, strict=True)
            if size.documents
        )

    def pieces(self, draws: Draws) -> Iterator[Piece]:
        """The drawn documents, read in portions of bounded size."""
        numbers = self._first_of_source[draws.sources] + draws.documents
        stores = np.searchsorted(self._first_of_store, numbers, side="right") - 1
        numbers -= self._first_of_store[stores]
        lengths = np.zeros(len(numbers), dtype=np.int64)
        for store in np.unique(stores).tolist():
            lengths[stores == store] = self.stores[store].lengths(numbers[stores == store])
        borders = np.flatnonzero(np.diff(np.cumsum(lengths) // _READ_TOKENS)) + 1
        for portion in np.split(np.arange(len(numbers)), borders):
            yield from self._read(draws.sources[portion], stores[portion], numbers[portion])

    def _read(
        self, sources: NDArray[np.int64], stores: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> Iterator[Piece]:
        pieces: dict[int, Piece] = {}  # by place, in the order of the stores
        for store in np.unique(stores).tolist():
            places = np.flatnonzero(stores == store)
            documents = self.stores[store].read(numbers[places])
            self.stores[store].release()
            starts = documents.starts.tolist()
            for number, place in enumerate(places.tolist()):
                body = slice(starts[number], starts[number + 1])
                pieces[place] = Piece(
                    documents.ids[body],
                    documents.loss[body],
                    int(documents.openings[number]),
                    int(sources[place]),
                    int(documents.clusters[number]),
                    turn_start=self.turn_start,
                    capacity=self._capacity,
                )
        yield from (pieces[place] for place in range(len(numbers)))


class _ShardWriter:
    """Appends rows to the two files of a shard, some at a time, and adds up what each source contributed."""

    def __init__(self, rows: BinaryWriter, documents: BinaryWriter, seq_len: int, library: _Library) -> None:
        self.rows = 0
        self._files = (rows, documents)
        self._seq_len, self._pad = seq_len, library.pad
        self._type = row_type(seq_len, library.vocab_size)
        self._waiting: list[list[Placed]] = []
        self._documents = 0
        self._sums = np.zeros((len(library.sizes), 3), dtype=np.int64)

    def sources(self, names: Sequence[str]) -> tuple[SourceCounts, ...]:
        return tuple(
            SourceCounts(name=name, documents=documents, tokens=tokens, loss_tokens=loss_tokens)
            for name, (documents, tokens, loss_tokens) in zip(names, self._sums.tolist(), strict=True)
        )

    def add(self, row: list[Placed]) -> None:
        self._waiting.append(row)
        if len(self._waiting) * self._seq_len >= _WRITE_TOKENS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        rows = np.zeros(len(self._waiting), dtype=self._type)
        rows["ids"] = self._pad
        loss = np.zeros((len(rows), self._seq_len), dtype=np.bool_)
        begins = np.zeros_like(loss)
        records: list[tuple[int, ...]] = []
        for number, row in enumerate(self._waiting):
            rows["first"][number] = self._documents + len(records)
            start = 0
            for placed in row:
                stop = start + len(placed.ids)
                rows["ids"][number, start:stop] = placed.ids
                loss[number, start:stop] = placed.loss
                begins[number, start] = True
                records.append((placed.cluster, self.rows + number, start, stop - start, placed.source))
                self._sums[placed.source] += (1, stop - start, np.count_nonzero(placed.loss))
                start = stop
            rows["used"][number] = start
            begins[number, start : start + 1] = True  # padding is a document of its own
        rows["loss"], rows["begins"] = np.packbits(loss, axis=1), np.packbits(begins, axis=1)
        for file, content in zip(self._files, (rows, np.array(records, dtype=DOCUMENT)), strict=True):
            file.append(content)
        self.rows += len(rows)
        self._documents += len(records)
        self._waiting = []
