"""A store gives back what was written, in any order, and says when it cannot."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import Documents, DocumentStore, id_type, spans, write_documents
from odyssim.errors import DataError, StorageError, UsageError
from tests.corpus.made import MAX_TOKENS, make_chatml, make_documents, make_store


@pytest.fixture(scope="module")
def chatml(tmp_path_factory: pytest.TempPathFactory) -> ChatML:
    return make_chatml(tmp_path_factory.mktemp("documents"))


def split(documents: Documents) -> list[tuple[list[int], list[bool], int, int]]:
    """Ids, loss, opening and cluster of each document."""
    return [
        (documents.ids[a:b].tolist(), documents.loss[a:b].tolist(), int(opening), int(cluster))
        for a, b, opening, cluster in zip(
            documents.starts, documents.starts[1:], documents.openings, documents.clusters, strict=False
        )
    ]


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_documents_come_back_in_any_order(chatml: ChatML, tmp_path: Path, batch: int) -> None:
    written = [make_documents(chatml, min(batch, 50 - first), first, first=first) for first in range(0, 50, batch)]
    store = write_documents(iter(written), tmp_path / "s", source="a", chatml=chatml, max_tokens=MAX_TOKENS)
    expected = [document for one in written for document in split(one)]
    numbers = np.random.default_rng(0).permutation(50)[:30]
    found = store.read(numbers)
    assert split(found) == [expected[number] for number in numbers]
    assert store.lengths(numbers).tolist() == found.lengths.tolist()
    assert len(store) == store.index.documents == 50
    assert store.index.tokens == sum(len(ids) for ids, *_ in expected)
    assert store.index.loss_tokens == sum(sum(loss) for _, loss, *_ in expected)
    store.release()
    assert split(store.read(numbers)) == split(found)
    store.verify()


def test_the_same_documents_in_other_batches_are_the_same_bytes(chatml: ChatML, tmp_path: Path) -> None:
    documents = make_documents(chatml, 20, 0)
    together = write_documents([documents], tmp_path / "one", source="a", chatml=chatml, max_tokens=MAX_TOKENS)
    numbers = [np.array([number]) for number in range(20)]
    alone = [together.read(number) for number in numbers]
    parts = write_documents(alone, tmp_path / "many", source="a", chatml=chatml, max_tokens=MAX_TOKENS)
    assert parts.index == together.index


def test_an_empty_store_is_one(chatml: ChatML, tmp_path: Path) -> None:
    store = write_documents([], tmp_path / "s", source="a", chatml=chatml, max_tokens=MAX_TOKENS)
    assert len(store) == 0
    assert len(store.read(np.empty(0, dtype=np.int64))) == 0
    store.release()


def test_ids_take_two_bytes_where_the_vocabulary_allows() -> None:
    assert (id_type(1 << 16).itemsize, id_type((1 << 16) + 1).itemsize) == (2, 4)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"loss": np.array([True, True])}, "first token"),
        ({"loss": np.array([False, False])}, "no trained token"),
        ({"ids": np.array([9, 99_999], dtype=np.uint32)}, "beyond the vocabulary"),
        ({"starts": np.array([0, 0])}, "empty"),
    ],
)
def test_impossible_documents_are_refused_by_number(
    chatml: ChatML, tmp_path: Path, change: dict[str, np.ndarray], complaint: str
) -> None:
    good = Documents(
        ids=np.array([9, 9], dtype=np.uint32),
        loss=np.array([False, True]),
        starts=np.array([0, 2]),
        openings=np.array([0]),
        clusters=np.array([1], dtype=np.uint64),
    )
    batches = [make_documents(chatml, 5, 0), good, replace(good, **change)]
    with pytest.raises(DataError, match=f"document 6 of chats .*{complaint}"):
        write_documents(batches, tmp_path / "s", source="chats", chatml=chatml, max_tokens=MAX_TOKENS)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_store_leaves_nothing_and_an_old_one_is_kept(chatml: ChatML, tmp_path: Path) -> None:
    def broken() -> Iterator[Documents]:
        yield make_documents(chatml, 5, 0)
        raise FileNotFoundError("raw/chats.jsonl")

    with pytest.raises(FileNotFoundError, match="raw"):
        write_documents(broken(), tmp_path / "a", source="a", chatml=chatml, max_tokens=MAX_TOKENS)
    assert list(tmp_path.iterdir()) == []
    make_store(tmp_path, chatml, "a", 5)
    with pytest.raises(UsageError, match="exists already"):
        make_store(tmp_path, chatml, "a", 6)


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(chatml: ChatML, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError):
            make_store(tmp_path, chatml, "a", 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["ids.bin", "loss.bin", "documents.bin"])
def test_damage_is_found(chatml: ChatML, tmp_path: Path, name: str) -> None:
    store = make_store(tmp_path, chatml, "a", 50)
    file = tmp_path / "a" / name
    intact = file.read_bytes()
    file.write_bytes(bytes([intact[0] ^ 1]) + intact[1:])
    with pytest.raises(DataError, match=name):
        store.verify()
    file.write_bytes(intact[:-1])
    with pytest.raises(DataError, match=name):
        DocumentStore(tmp_path / "a")
    (tmp_path / "a/index.json").write_text("{}")
    with pytest.raises(DataError, match=r"index\.json"):
        DocumentStore(tmp_path / "a")
    with pytest.raises(DataError, match=r"index\.json"):
        DocumentStore(tmp_path / "nowhere")


@given(stretches=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9))))
def test_spans_are_ranges_laid_end_to_end(stretches: list[tuple[int, int]]) -> None:
    starts, lengths = np.array([list(pair) for pair in stretches], dtype=np.int64).reshape(-1, 2).T
    expected = [place for start, length in stretches for place in range(start, start + length)]
    assert spans(starts, lengths).tolist() == expected
