"""Real short dialogues fill their rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from odyssim.corpus.catalog import source
from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import DocumentStore, write_documents
from odyssim.corpus.pack import pack
from odyssim.corpus.render import render
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.types import Interaction

SOURCES = ("casino", "empathetic_dialogues", "persuasionforgood", "taskmaster")
LONGEST = 4096


def sample(name: str, data_root: Path) -> Iterator[Interaction]:
    """Every fourth interaction of a source."""
    reader = source(name)
    return islice(reader.read(reader.files(data_root), ReadReport()), 0, None, 4)


@pytest.fixture(scope="module")
def stores(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[DocumentStore]:
    folder = tmp_path_factory.mktemp("fill")
    texts = (turn.text for name in SOURCES for one in islice(sample(name, data_root), 300) for turn in one.turns)
    train_tokenizer(texts, 4096, folder / "tokenizer")
    chatml = ChatML(load_tokenizer(folder / "tokenizer"))
    return [
        write_documents(
            render(sample(name, data_root), chatml, max_tokens=LONGEST),
            folder / name,
            source=name,
            chatml=chatml,
            max_tokens=LONGEST,
        )
        for name in SOURCES
    ]


@pytest.mark.data
@pytest.mark.parametrize(("seq_len", "fill"), [(512, 0.98), (1024, 0.99), (4096, 0.99)])
def test_rows_of_four_corpora_are_full(stores: list[DocumentStore], tmp_path: Path, seq_len: int, fill: float) -> None:
    index = pack(stores, tmp_path / "s", seq_len=seq_len, seed=0)
    assert index.fill >= fill
    assert index.loss_tokens == sum(store.index.loss_tokens for store in stores)
    assert index.counts.dropped_turns == 0
