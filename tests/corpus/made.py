"""Generated documents for the tests of stores, packing and loading, and the tokenizer that they pretend to be from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import Documents, DocumentStore, write_documents
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer

MAX_TOKENS = 400


def make_chatml(folder: Path) -> ChatML:
    train_tokenizer(["some words"], 280, folder / "tokenizer")
    return ChatML(load_tokenizer(folder / "tokenizer"))


def make_documents(chatml: ChatML, count: int, seed: int, *, first: int = 0, longest: int = 9) -> Documents:
    """Documents of one to `longest` exchanges behind an opening, as `render` gives them; two to a cluster."""
    rng = random.Random(seed)
    ids: list[int] = []
    loss: list[bool] = []
    starts, openings = [0], []
    for _ in range(count):
        openings.append(rng.choice([0, 8]))
        lengths = [4 + int(rng.lognormvariate(1.6, 0.7)) for _ in range(2 * rng.randint(1, longest))]
        for trained, length in [(False, openings[-1]), *((bool(n % 2), length) for n, length in enumerate(lengths))]:
            if length:
                ids += [chatml.turn_start, *(rng.randrange(8, 264) for _ in range(length - 1))]
                loss += [False, False, *[trained] * (length - 2)]
        starts.append(len(ids))
    return Documents(
        ids=np.array(ids, dtype=np.uint32),
        loss=np.array(loss, dtype=np.bool_),
        starts=np.array(starts),
        openings=np.array(openings),
        clusters=np.arange(first, first + count, dtype=np.uint64) // np.uint64(2),
    )


def make_store(
    folder: Path, chatml: ChatML, source: str, count: int, seed: int = 0, *, batch: int = 1000, longest: int = 9
) -> DocumentStore:
    """A store of generated documents, written in batches."""

    def batches() -> Iterator[Documents]:
        for first in range(0, count, batch):
            yield make_documents(chatml, min(batch, count - first), seed * 1000 + first, first=first, longest=longest)

    return write_documents(batches(), folder / source, source=source, chatml=chatml, max_tokens=MAX_TOKENS)
