"""Tokenised interactions on disk: written once, then read by every epoch, mixture and restart.

    index.json      DocumentIndex: what was tokenised, with what, and a SHA-256 of each file below
    ids.bin         all token ids, uint16 or uint32 by vocabulary, little-endian, one document after the other
    loss.bin        one bit per token in the same order, 1 = trained
    documents.bin   one record per document: start, cluster, length, opening

A store holds one part of one source and one split. It appears under its name only when it is complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from odyssim.corpus.binary import BinaryWriter, MappedArray, check_sha256
from odyssim.corpus.chatml import ChatML
from odyssim.errors import DataError
from odyssim.storage import new_folder, writing
from odyssim.types import Record

INDEX: Final = "index.json"
IDS: Final = "ids.bin"
LOSS: Final = "loss.bin"
DOCUMENTS: Final = "documents.bin"

_DOCUMENT: Final = np.dtype([("start", "<u8"), ("cluster", "<u8"), ("length", "<u4"), ("opening", "<u4")])
_HINT: Final = "remove the folder and tokenise again"


@dataclass(frozen=True, slots=True)
class Documents:
    """Some token documents, one after another: document n is `ids[starts[n] : starts[n + 1]]`.

    `ids` are unsigned, `loss` (bool, as long as `ids`) says which are trained. One entry per document have `openings`,
    the number of its first tokens that belong before every part of it, and `clusters` (uint64), the same for documents
    of the same interaction, by which tokens are traced to it.
    """

    ids: NDArray[np.unsignedinteger[Any]]
    loss: NDArray[np.bool_]
    starts: NDArray[np.int64]
    openings: NDArray[np.int64]
    clusters: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.clusters)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document."""
        return np.diff(self.starts)


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of several stretches of an array, laid end to end."""
    ends = np.cumsum(lengths)
    first = np.repeat(starts - (ends - lengths), lengths)
    return first + np.arange(len(first))


class DocumentIndex(Record):
    """The table of contents of a store.

    `key` names what was tokenised; `tokenizer` is the fingerprint of the `ChatML` that made the ids, `turn_start` the
    id with which it begins a turn, `pad` its padding id. The documents serve rows of up to `max_tokens`.
    """

    format: int = Field(default=1, ge=1, le=1)
    source: str
    key: str
    max_tokens: int
    documents: int
    tokens: int
    loss_tokens: int
    vocab_size: int
    turn_start: int
    pad: int
    tokenizer: str
    sha256: dict[str, str]


class DocumentStore:
    """Read access to a store; what is read is all that is held in memory.

    Raises `DataError` if the folder is missing, malformed or cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.index = DocumentIndex.model_validate_json((path / INDEX).read_bytes())
        except FileNotFoundError as error:
            raise DataError("no tokenised documents here", path=path / INDEX, hint="tokenise the corpus") from error
        except ValidationError as error:
            raise DataError(f"not an index of tokenised documents: {error}", path=path / INDEX, hint=_HINT) from error
        tokens = self.index.tokens
        self._ids = MappedArray(path / IDS, id_type(self.index.vocab_size), tokens, hint=_HINT)
        self._loss = MappedArray(path / LOSS, np.dtype(np.uint8), -(-tokens // 8), hint=_HINT)
        self._documents = MappedArray(path / DOCUMENTS, _DOCUMENT, self.index.documents, hint=_HINT)

    def __len__(self) -> int:
        return self.index.documents

    def lengths(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens of the documents with these numbers, 0-based."""
        return self._documents.elements["length"][numbers].astype(np.int64)

    def read(self, numbers: NDArray[np.int64]) -> Documents:
        """The documents with these numbers, 0-based, in this order."""
        records = self._documents.elements[numbers]
        lengths = records["length"].astype(np.int64)
        places = spans(records["start"].astype(np.int64), lengths)
        return Documents(
            ids=self._ids.elements[places],
            loss=(self._loss.elements[places >> 3] >> (7 - (places & 7)) & 1).astype(np.bool_),
            starts=np.concatenate([[0], np.cumsum(lengths)]),
            openings=records["opening"].astype(np.int64),
            clusters=records["cluster"].astype(np.uint64),
        )

    def release(self) -> None:
        """Give the memory of what was read back to the system."""
        for file in (self._ids, self._loss, self._documents):
            file.release()

    def verify(self) -> None:
        """Read every file once. Raises `DataError` for the first whose content is not what was written."""
        for name, expected in self.index.sha256.items():
            check_sha256(self.path / name, expected, hint=_HINT)


def write_documents(
    batches: Iterable[Documents], out: Path, *, source: str, chatml: ChatML, max_tokens: int, key: str = ""
) -> DocumentStore:
    """Stream documents made with `chatml` for rows of up to `max_tokens` into the new folder `out`.

    Raises `UsageError` if `out` exists, `StorageError` if it cannot be written, and `DataError` for a document that is
    empty, asks for loss nowhere or on its first token (nothing predicts it), or holds an id outside the vocabulary.
    """
    documents = tokens = loss_tokens = 0
    unwritten = np.empty(0, dtype=np.bool_)
    with new_folder(out) as folder:
        with (
            BinaryWriter(folder / IDS) as ids,
            BinaryWriter(folder / LOSS) as loss,
            BinaryWriter(folder / DOCUMENTS) as places,
        ):
            for batch in batches:
                if not len(batch):
                    continue
                _check(batch, source, chatml.vocab_size, first=documents)
                records = np.zeros(len(batch), dtype=_DOCUMENT)
                records["start"] = tokens + batch.starts[:-1]
                records["cluster"] = batch.clusters
                records["length"] = batch.lengths
                records["opening"] = batch.openings
                bits = np.concatenate([unwritten, batch.loss])
                whole = len(bits) // 8 * 8
                unwritten = bits[whole:]
                ids.append(batch.ids.astype(id_type(chatml.vocab_size)))
                loss.append(np.packbits(bits[:whole]))
                places.append(records)
                documents += len(batch)
                tokens += len(batch.ids)
                loss_tokens += int(batch.loss.sum())
            loss.append(np.packbits(unwritten))
        index = DocumentIndex(
            source=source,
            key=key,
            max_tokens=max_tokens,
            documents=documents,
            tokens=tokens,
            loss_tokens=loss_tokens,
            vocab_size=chatml.vocab_size,
            turn_start=chatml.turn_start,
            pad=chatml.pad,
            tokenizer=chatml.fingerprint,
            sha256={writer.path.name: writer.sha256 for writer in (ids, loss, places)},
        )
        with writing(folder):
            (folder / INDEX).write_text(index.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return DocumentStore(out)


def id_type(vocab_size: int) -> np.dtype[Any]:
    """The smallest type on disk that holds every id below `vocab_size`."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


def _check(batch: Documents, source: str, vocab_size: int, *, first: int) -> None:
    """Raise `DataError` for the first document of `batch` that cannot be trained on; `first` is the batch's number."""
    if batch.lengths.min() == 0:
        raise DataError(f"document {first + int(batch.lengths.argmin())} of {source} is empty")
    complaints = (
        (batch.loss[batch.starts[:-1]], "asks for loss on its first token, which nothing predicts"),
        (
            ~np.logical_or.reduceat(batch.loss, batch.starts[:-1]),
            "has no trained token, so nothing would learn from it",
        ),
        (
            np.maximum.reduceat(batch.ids, batch.starts[:-1]) >= vocab_size,
            f"holds ids beyond the vocabulary of {vocab_size}",
        ),
    )
    for wrong, complaint in complaints:
        if wrong.any():
            raise DataError(f"document {first + int(wrong.argmax())} of {source} {complaint}")
