"""Memory does not grow with the input: the peaks of a small one and of one four times larger are alike."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from odyssim.corpus import chatml, loader, pack, render
from odyssim.corpus.documents import write_documents
from odyssim.corpus.shards import PackedShards
from odyssim.types import Axis, Interaction, Source, Turn
from tests.corpus.made import MAX_TOKENS, make_chatml, make_store


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (render, "_BATCH_CHARACTERS", 1 << 13),
        (render, "_BATCH_TOKENS", 1 << 13),
        (chatml, "_TEXTS_PER_CALL", 2),
        (pack, "_PART_DRAWS", 64),
        (pack, "_READ_TOKENS", 1 << 12),
        (pack, "_WRITE_TOKENS", 1 << 12),
        (loader, "_AHEAD", 64),
    ):
        monkeypatch.setattr(module, name, value)


def peak(work: Callable[[], object]) -> int:
    """Bytes allocated at most at the same time, arrays included and mapped files not."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def interactions(count: int) -> Iterator[Interaction]:
    for number in range(count):
        yield Interaction(
            turns=tuple(
                Turn(speaker="AB"[n % 2], text=f"{number}: {n} words", human=True, train=True) for n in range(6)
            ),
            context=None,
            source=Source(dataset="many", licence="MIT", split="train", original_id=str(number)),
            axis=Axis.CONV,
        )


def test_rendering_and_storing(tmp_path: Path) -> None:
    made = make_chatml(tmp_path)

    def work(count: int) -> None:
        batches = render.render(interactions(count), made, max_tokens=MAX_TOKENS)
        write_documents(batches, tmp_path / str(count), source="many", chatml=made, max_tokens=MAX_TOKENS)

    work(100)
    assert peak(lambda: work(4000)) < 1.6 * peak(lambda: work(1000))


def test_packing(tmp_path: Path) -> None:
    made = make_chatml(tmp_path)
    stores = {count: make_store(tmp_path, made, f"many-{count}", count, longest=2) for count in (100, 1000, 4000)}

    def work(count: int) -> None:
        pack.pack([stores[count]], tmp_path / str(count), seq_len=128, seed=0)

    work(100)
    assert peak(lambda: work(4000)) < 1.6 * peak(lambda: work(1000))


def test_loading(tmp_path: Path) -> None:
    store = make_store(tmp_path, make_chatml(tmp_path), "many", 1000, longest=2)
    pack.pack([store], tmp_path / "s", seq_len=128, seed=0)
    rows = loader.Loader(PackedShards(tmp_path / "s"), seed=0)

    def work(batches: int) -> None:
        for _ in range(batches):
            rows.take(16)

    work(10)
    assert peak(lambda: work(400)) < 1.6 * peak(lambda: work(100))


def test_the_reader_is_at_most_two_batches_ahead(tmp_path: Path) -> None:
    read = 0

    def watched() -> Iterator[Interaction]:
        nonlocal read
        for interaction in interactions(10_000):
            read += 1
            yield interaction

    made = render.render(watched(), make_chatml(tmp_path), max_tokens=MAX_TOKENS)
    first = len(next(made)) // 2
    assert read < 4 * first
