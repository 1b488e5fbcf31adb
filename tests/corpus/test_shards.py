"""Packing: every trained token once, full rows, the same bytes however often it is interrupted."""

from __future__ import annotations

import os
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from odyssim.corpus import pack as module
from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import DocumentStore, write_documents
from odyssim.corpus.mix import MixConfig, SourceMix
from odyssim.corpus.pack import Packing, pack
from odyssim.corpus.rows import Placed
from odyssim.corpus.shards import PackedShards
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.errors import ConfigError, DataError, StorageError, UsageError
from tests.corpus.made import MAX_TOKENS, make_chatml, make_store

SEQ_LEN = 100
SMALL = 10_000  # tokens of a shard


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packing")


@pytest.fixture(scope="module")
def chatml(folder: Path) -> ChatML:
    return make_chatml(folder)


@pytest.fixture(scope="module")
def stores(folder: Path, chatml: ChatML) -> list[DocumentStore]:
    return [
        make_store(folder, chatml, "chats", 500, seed=1, longest=3),
        make_store(folder, chatml, "talks", 40, seed=2),
        make_store(folder, chatml, "words", 300, seed=3, longest=1),
    ]


Trained = Counter[tuple[str, int, tuple[int, ...]]]


def given_tokens(stores: list[DocumentStore]) -> Trained:
    """The trained tokens of each document with its source and cluster."""
    found: Trained = Counter()
    for store in stores:
        for number in range(len(store)):
            document = store.read(np.array([number]))
            trained = tuple(document.ids[document.loss].tolist())
            found[store.index.source, int(document.clusters[0]), trained] += 1
    return found


def packed_documents(shards: PackedShards) -> Iterator[tuple[str, int, list[int], list[bool]]]:
    """Source, cluster, ids and loss of every packed document, read row by row and checked against its record."""
    rows = shards.rows(range(len(shards)))
    for number in range(len(shards)):
        documents = rows.documents[number]
        for document in np.unique(documents[documents >= 0]).tolist():
            record = shards.documents[document]
            place = slice(record["start"], record["start"] + record["length"])
            assert record["row"] == number
            assert np.flatnonzero(documents == document).tolist() == list(range(place.start, place.stop))
            assert rows.position_ids[number, place].tolist() == list(range(record["length"]))
            source = shards.index.sources[record["source"]].name
            ids, loss = rows.input_ids[number, place].tolist(), rows.loss_mask[number, place].tolist()
            yield source, int(record["cluster"]), ids, loss


@pytest.mark.parametrize("shard_tokens", [SMALL, 1_000_000])
def test_every_trained_token_comes_back_once(stores: list[DocumentStore], tmp_path: Path, shard_tokens: int) -> None:
    index = pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=1, shard_tokens=shard_tokens)
    shards = PackedShards(tmp_path / "s")
    assert index == shards.index
    assert (len(index.shards) > 1) == (shard_tokens == SMALL)
    found: dict[tuple[str, int], list[int]] = {}
    tokens = 0
    for source, cluster, ids, loss in packed_documents(shards):
        tokens += len(ids)
        found.setdefault((source, cluster), []).extend(np.array(ids)[loss].tolist())
    expected: dict[tuple[str, int], list[int]] = {}
    for source, cluster, trained in given_tokens(stores):
        expected.setdefault((source, cluster), []).extend(trained)
    assert {key: Counter(ids) for key, ids in found.items()} == {key: Counter(ids) for key, ids in expected.items()}
    assert index.tokens == tokens
    assert index.loss_tokens == sum(map(len, expected.values()))
    assert index.documents == index.counts.windows == len(shards.documents)
    assert index.counts.sequences == sum(map(len, stores))
    assert index.counts.dropped_turns == 0
    shards.verify()


def test_documents_of_a_row_are_marked_and_padding_is_one_more(stores: list[DocumentStore], tmp_path: Path) -> None:
    pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0)
    shards = PackedShards(tmp_path / "s")
    rows = shards.rows(range(len(shards)))
    padding = rows.documents == -1
    assert padding.any()
    assert set(rows.input_ids[padding].tolist()) == {stores[0].index.pad}
    assert not rows.loss_mask[padding].any()
    assert shards.index.fill == 1 - padding.mean()
    for number in np.flatnonzero(padding.any(axis=1)).tolist():
        first = int(padding[number].argmax())
        assert padding[number, first:].all()
        assert rows.position_ids[number, first:].tolist() == list(range(SEQ_LEN - first))


def test_rows_can_be_read_in_any_order_and_alone(stores: list[DocumentStore], tmp_path: Path) -> None:
    pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL)
    shards = PackedShards(tmp_path / "s")
    numbers = np.random.default_rng(0).integers(0, len(shards), 40)
    together = shards.rows(numbers)
    for place, number in enumerate(numbers.tolist()):
        alone = shards.row(number)
        assert alone.input_ids.tolist() == together.input_ids[place].tolist()
        assert alone.loss_mask.tolist() == together.loss_mask[place].tolist()
        assert alone.position_ids.tolist() == together.position_ids[place].tolist()
        assert alone.documents.tolist() == together.documents[place].tolist()


def test_shards_are_of_bounded_size_and_full(folder: Path, chatml: ChatML, tmp_path: Path) -> None:
    store = make_store(tmp_path, chatml, "many", 6000, seed=5, longest=4)
    index = pack([store], tmp_path / "s", seq_len=256, seed=0, shard_tokens=100_000)
    assert len(index.shards) == round(store.index.tokens / 100_000)
    assert all(80_000 < shard.rows * 256 < 130_000 for shard in index.shards)
    assert index.fill >= 0.98


def test_the_mixture_decides_what_is_packed(stores: list[DocumentStore], tmp_path: Path) -> None:
    mix = MixConfig(sources={"chats": SourceMix(ratio=1.5), "talks": SourceMix(ratio=0.0)})
    once = pack(stores, tmp_path / "once", seq_len=SEQ_LEN, seed=0)
    index = pack(stores, tmp_path / "mixed", seq_len=SEQ_LEN, seed=0, mix=mix)
    assert index.counts.sequences == 750 + 300
    trained = {source.name: source.loss_tokens for source in once.sources}
    mixed = {source.name: source.loss_tokens for source in index.sources}
    assert mixed["words"] == trained["words"]
    assert mixed["talks"] == 0
    assert mixed["chats"] == pytest.approx(1.5 * trained["chats"], rel=0.05)


def test_seed_and_epoch_decide_the_bytes_and_the_order_of_sources_does_not(
    stores: list[DocumentStore], tmp_path: Path
) -> None:
    def digests(name: str, given_stores: list[DocumentStore], seed: int, epoch: int) -> dict[str, str]:
        return pack(given_stores, tmp_path / name, seq_len=SEQ_LEN, seed=seed, epoch=epoch).sha256

    first = digests("first", stores, 4, 0)
    assert digests("again", stores[::-1], 4, 0) == first
    assert digests("seed", stores, 5, 0) != first
    assert digests("epoch", stores, 4, 1) != first


def test_a_source_in_parts_is_one_source(chatml: ChatML, stores: list[DocumentStore], tmp_path: Path) -> None:
    halves = [np.arange(0, 200), np.arange(200, 500)]
    parts = [
        write_documents(
            [stores[0].read(half)], tmp_path / str(number), source="chats", chatml=chatml, max_tokens=MAX_TOKENS
        )
        for number, half in enumerate(halves)
    ]
    whole = pack(stores[:1], tmp_path / "whole", seq_len=SEQ_LEN, seed=0)
    assert pack(parts, tmp_path / "parts", seq_len=SEQ_LEN, seed=0).sha256 == whole.sha256


@pytest.mark.parametrize("rows", [3, 50, 150, 290])
def test_a_killed_packing_goes_on_to_the_same_bytes(stores: list[DocumentStore], tmp_path: Path, rows: int) -> None:
    expected = pack(stores, tmp_path / "whole", seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL)
    child = os.fork()
    if child == 0:
        pack_until_killed(stores, tmp_path / "s", rows)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("0*/*")}
    assert (rows < 100) == (not done)
    with pytest.raises(DataError, match="no packed shards"):
        PackedShards(tmp_path / "s")
    assert pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL) == expected
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert not list((tmp_path / "s").glob(".*"))
    PackedShards(tmp_path / "s").verify()


def pack_until_killed(stores: list[DocumentStore], out: Path, rows: int) -> None:
    """Pack, and die as if killed from outside after some rows; in a process of its own."""
    add, left = module._ShardWriter.add, iter(range(rows))

    def add_or_die(self: module._ShardWriter, row: list[Placed]) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        add(self, row)

    module._ShardWriter.add = add_or_die  # type: ignore[method-assign]
    pack(stores, out, seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL)
    os._exit(0)


def test_shards_can_be_written_in_any_order_by_anyone(stores: list[DocumentStore], tmp_path: Path) -> None:
    expected = pack(stores, tmp_path / "whole", seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL)
    for number in reversed(range(len(expected.shards))):
        Packing(stores, seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL).write(number, tmp_path / "s")
    assert Packing(stores, seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL).finish(tmp_path / "s") == expected


def test_a_finished_packing_is_left_alone_and_another_is_refused(stores: list[DocumentStore], tmp_path: Path) -> None:
    index = pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("*/*")}
    assert pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0) == index
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(UsageError, match="other data or settings"):
        pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=1)


def test_a_full_disk_is_a_storage_error_and_the_packing_goes_on_later(
    stores: list[DocumentStore], tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError):
            pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "s").iterdir()) == []
    pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0)


def test_what_cannot_be_packed_is_named(stores: list[DocumentStore], tmp_path: Path, chatml: ChatML) -> None:
    with pytest.raises(DataError, match="no document to pack"):
        pack([], tmp_path / "s", seq_len=SEQ_LEN, seed=0)
    with pytest.raises(UsageError, match="up to 400 tokens, not 401"):
        pack(stores, tmp_path / "s", seq_len=401, seed=0)
    mix = MixConfig(tokens=1, sources={"chats": SourceMix(tokens=2)})
    with pytest.raises(ConfigError, match="budgets"):
        pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0, mix=mix)
    with pytest.raises(DataError, match="no document fits"):
        pack(stores, tmp_path / "s", seq_len=3, seed=0)
    other = make_store(tmp_path, make_chatml_with_more(tmp_path), "others", 5)
    with pytest.raises(UsageError, match="another tokenizer"):
        pack([*stores, other], tmp_path / "t", seq_len=SEQ_LEN, seed=0)


def make_chatml_with_more(folder: Path) -> ChatML:
    train_tokenizer(["other words altogether"], 290, folder / "more")
    return ChatML(load_tokenizer(folder / "more"))


@pytest.mark.parametrize("name", ["rows.bin", "documents.bin"])
def test_damage_is_found(stores: list[DocumentStore], tmp_path: Path, name: str) -> None:
    pack(stores, tmp_path / "s", seq_len=SEQ_LEN, seed=0, shard_tokens=SMALL)
    file = tmp_path / "s" / "00001" / name
    intact = file.read_bytes()
    file.write_bytes(bytes([intact[0] ^ 1]) + intact[1:])
    with pytest.raises(DataError, match=f"00001/{name}"):
        PackedShards(tmp_path / "s").verify()
    file.write_bytes(intact[:-1])
    with pytest.raises(DataError, match=f"00001/{name}"):
        PackedShards(tmp_path / "s")
    (tmp_path / "s/index.json").write_text("{}")
    with pytest.raises(DataError, match=r"index\.json"):
        PackedShards(tmp_path / "s")
