"""The loader: one stream whatever the number of ranks, the same again after any stop, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.corpus import shards as module
from odyssim.corpus.binary import MappedArray
from odyssim.corpus.loader import Loader
from odyssim.corpus.pack import pack
from odyssim.corpus.shards import PackedShards, Rows, shard_name
from odyssim.errors import UsageError
from tests.corpus.made import make_chatml, make_store


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> PackedShards:
    folder = tmp_path_factory.mktemp("loader")
    store = make_store(folder, make_chatml(folder), "chats", 130, longest=3)
    pack([store], folder / "s", seq_len=64, seed=0, shard_tokens=2000)
    return PackedShards(folder / "s")


def same(one: Rows, other: Rows) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Rows.__slots__)


def stream(shards: PackedShards, rows: int, *, world: int = 1, consumed: int = 0, batch: int = 12) -> np.ndarray:
    """The ids of the next rows of the stream, B x L: the ranks' batches put together in turn."""
    loaders = [Loader(shards, seed=3, rank=rank, world=world, consumed=consumed) for rank in range(world)]
    found = np.empty((rows, shards.index.seq_len), dtype=np.int64)
    for start in range(0, rows, batch):
        for rank, loader in enumerate(loaders):
            found[start + rank : start + batch : world] = loader.take(batch).input_ids
    assert {loader.consumed for loader in loaders} == {consumed + rows}
    return found


@settings(max_examples=40)
@given(
    first_world=st.sampled_from([1, 2, 3, 4, 6, 12]),
    stop=st.integers(0, 20).map(lambda batches: 12 * batches),
    world=st.sampled_from([1, 2, 3, 4, 6, 12]),
)
def test_a_stop_anywhere_goes_on_with_the_same_stream_on_any_number_of_ranks(
    shards: PackedShards, first_world: int, stop: int, world: int
) -> None:
    assert len(shards) < 252 // 2  # more than two epochs
    expected = stream(shards, 252)
    assert np.array_equal(stream(shards, stop, world=first_world), expected[:stop])
    assert np.array_equal(stream(shards, 252 - stop, world=world, consumed=stop), expected[stop:])


@given(consumed=st.integers(0, 1000), sizes=st.lists(st.integers(1, 50), max_size=5))
def test_the_size_of_batches_does_not_matter(shards: PackedShards, consumed: int, sizes: list[int]) -> None:
    one, other = (Loader(shards, seed=3, consumed=consumed) for _ in range(2))
    together = one.take(sum(sizes))
    parts = [other.take(size).input_ids for size in sizes]
    assert np.array_equal(together.input_ids, np.concatenate([np.empty((0, 64), dtype=np.int64), *parts]))
    assert one.consumed == other.consumed


def test_an_epoch_shows_every_row_once_in_an_order_of_its_own(shards: PackedShards) -> None:
    rows = len(shards)
    loader = Loader(shards, seed=0)
    places = np.arange(3 * rows)
    orders = [loader.numbers(places[epoch * rows : (epoch + 1) * rows]) for epoch in range(3)]
    assert all(sorted(order.tolist()) == list(range(rows)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert np.array_equal(loader.numbers(places), np.concatenate(orders))
    assert not np.array_equal(Loader(shards, seed=1).numbers(places), np.concatenate(orders))


def test_rows_are_those_of_the_shards(shards: PackedShards) -> None:
    loader = Loader(shards, seed=5, rank=1, world=3, consumed=7)
    assert same(loader.take(9), shards.rows(loader.numbers(np.array([8, 11, 14]))))


def test_ranks_have_equally_many_rows(shards: PackedShards) -> None:
    with pytest.raises(UsageError, match="10 rows cannot be shared by 4 ranks"):
        Loader(shards, seed=0, world=4).take(10)
    with pytest.raises(UsageError, match="no rank 4"):
        Loader(shards, seed=0, rank=4, world=4)


def test_pages_are_given_back_and_read_again(shards: PackedShards, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = stream(shards, 600)
    release, released = MappedArray.release, []

    def noted(self: MappedArray) -> None:
        released.append(self.path.parent.name)
        release(self)

    monkeypatch.setattr(MappedArray, "release", noted)
    monkeypatch.setattr(module, "_MAPPED_ROWS", 100)
    assert np.array_equal(stream(PackedShards(shards.path), 600), expected)
    assert released == [shard_name(number) for number in range(len(shards.index.shards))] * (600 // 108)
