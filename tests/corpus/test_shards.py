"""Packing keeps every token once, fills rows, repeats itself exactly, and leaves nothing half-written."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.shards import PackedShards, first_fit_decreasing, pack
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.errors import DataError, StorageError, UsageError
from odyssim.types import TrainingSequence

SEQ_LEN = 100


@pytest.fixture(scope="module")
def chatml(tmp_path_factory: pytest.TempPathFactory) -> ChatML:
    folder = tmp_path_factory.mktemp("shards") / "tokenizer"
    train_tokenizer(["some words"], 280, folder)
    return ChatML(load_tokenizer(folder))


def sequence(length: int, uid: str, rng: random.Random) -> TrainingSequence:
    mask = (0, *(rng.randint(0, 1) for _ in range(length - 2)), 1)
    return TrainingSequence(
        token_ids=tuple(rng.randrange(8, 264) for _ in range(length)), loss_mask=mask, prompt_uid=uid
    )


def corpus(count: int, seed: int = 0) -> list[tuple[str, TrainingSequence]]:
    """Log-normal lengths, as dialogues have them; two sequences per interaction."""
    rng = random.Random(seed)
    lengths = [min(SEQ_LEN, max(2, int(rng.lognormvariate(3.3, 0.7)))) for _ in range(count)]
    return [(f"source-{i % 3}", sequence(length, str(i // 2), rng)) for i, length in enumerate(lengths)]


def documents(shards: PackedShards) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Source, ids and mask of every document, read row by row."""
    for number in range(len(shards)):
        row = shards.row(number)
        for document in np.unique(row.documents[row.documents >= 0]):
            place = row.documents == document
            assert row.position_ids[place].tolist() == list(range(int(place.sum())))
            name = shards.index.sources[shards.documents[document]["source"]].name
            yield name, tuple(row.input_ids[place].tolist()), tuple(row.loss_mask[place].astype(int).tolist())


@pytest.mark.parametrize("buffer", [17, 10_000])
def test_every_document_comes_back_once(chatml: ChatML, tmp_path: Path, buffer: int) -> None:
    given_sequences = corpus(300)
    index = pack(iter(given_sequences), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=1, buffer=buffer)
    shards = PackedShards(tmp_path / "s")
    expected = sorted((source, s.token_ids, s.loss_mask) for source, s in given_sequences)
    assert sorted(documents(shards)) == expected
    assert index == shards.index
    assert index.tokens == sum(len(s.token_ids) for _, s in given_sequences)
    assert index.loss_tokens == sum(sum(s.loss_mask) for _, s in given_sequences)
    assert len(np.unique(shards.documents["cluster"])) == len({(source, s.prompt_uid) for source, s in given_sequences})
    shards.verify()


def test_padding_is_a_document_of_its_own_without_loss(chatml: ChatML, tmp_path: Path) -> None:
    pack([("a", sequence(30, "x", random.Random(0)))], tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)
    row = PackedShards(tmp_path / "s").row(0)
    assert row.documents.tolist() == [0] * 30 + [-1] * 70
    assert row.position_ids.tolist() == [*range(30), *range(70)]
    assert set(row.input_ids[30:]) == {chatml.pad}
    assert not row.loss_mask[30:].any()


def test_rows_are_full(chatml: ChatML, tmp_path: Path) -> None:
    index = pack(corpus(4000), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0, buffer=2000)
    assert index.fill >= 0.95


def test_the_seed_decides_the_bytes(chatml: ChatML, tmp_path: Path) -> None:
    digests = [
        pack(corpus(200), tmp_path / str(i), seq_len=SEQ_LEN, chatml=chatml, seed=seed).sha256
        for i, seed in enumerate((4, 4, 5))
    ]
    assert digests[0] == digests[1] != digests[2]


@given(lengths=st.lists(st.integers(1, 50), max_size=80))
def test_first_fit_decreasing_is_a_partition_that_wastes_no_open_bin(lengths: list[int]) -> None:
    bins = first_fit_decreasing(lengths, 50)
    assert sorted(item for items in bins for item in items) == list(range(len(lengths)))
    loads = [sum(lengths[item] for item in items) for items in bins]
    assert all(load <= 50 for load in loads)
    # The first item of a bin fitted into none of the earlier ones.
    assert all(load + lengths[bins[later][0]] > 50 for i, load in enumerate(loads) for later in range(i + 1, len(bins)))


@pytest.mark.parametrize(
    ("ids", "mask", "complaint"),
    [
        ((9,) * 101, (0, *(1,) * 100), "101 tokens"),
        ((9, 9), (1, 1), "first token"),
        ((9, 9), (0, 0), "no trained token"),
        ((9, 99_999), (0, 1), "beyond the vocabulary"),
    ],
)
def test_impossible_sequences_are_refused(
    chatml: ChatML, tmp_path: Path, ids: tuple[int, ...], mask: tuple[int, ...], complaint: str
) -> None:
    bad = TrainingSequence(token_ids=ids, loss_mask=mask, prompt_uid="no-17")
    with pytest.raises(DataError, match=complaint) as caught:
        pack([*corpus(5), ("chats", bad)], tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)
    assert "no-17" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_pack_leaves_nothing_and_an_old_one_is_kept(chatml: ChatML, tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, TrainingSequence]]:
        yield from corpus(30)
        raise FileNotFoundError("raw/chats.jsonl")

    with pytest.raises(FileNotFoundError, match="raw"):
        pack(broken(), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0, buffer=10)
    assert list(tmp_path.iterdir()) == []
    pack(corpus(5), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)
    with pytest.raises(UsageError, match="exists already"):
        pack(corpus(6), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(chatml: ChatML, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError):
            pack(corpus(1000), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_pack_is_an_error(chatml: ChatML, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sequence"):
        pack([], tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)


def test_damage_is_found(chatml: ChatML, tmp_path: Path) -> None:
    pack(corpus(50), tmp_path / "s", seq_len=SEQ_LEN, chatml=chatml, seed=0)
    loss = tmp_path / "s/loss.bin"
    intact = loss.read_bytes()
    loss.write_bytes(bytes([intact[0] ^ 1]) + intact[1:])
    with pytest.raises(DataError, match=r"loss\.bin"):
        PackedShards(tmp_path / "s").verify()
    loss.write_bytes(intact[:-1])
    with pytest.raises(DataError, match=r"loss\.bin"):
        PackedShards(tmp_path / "s")
    with pytest.raises(DataError, match=r"index\.json"):
        PackedShards(tmp_path / "nowhere")
