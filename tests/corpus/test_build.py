"""Building a corpus: reproducible files, honest summaries, and no half-built corpus taken for a whole one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.corpus.build import SourceChoice, build_corpus, read_corpus, read_summary, subsample
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.village import Village
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.types import Axis, Interaction

VILLAGE = SourceChoice(name="village", limit=200)


@pytest.fixture(scope="module")
def villagers() -> list[Interaction]:
    return list(Village(200, seed=3).read(Path(), ReadReport()))


def own_file(path: Path, interactions: list[Interaction]) -> SourceChoice:
    path.write_text("".join(one.model_dump_json() + "\n" for one in interactions), encoding="utf-8")
    return SourceChoice(name=str(path))


def test_what_goes_in_comes_out_split_by_split(tmp_path: Path, villagers: list[Interaction]) -> None:
    build_corpus([VILLAGE], None, tmp_path, seed=3)
    for split in ("train", "validation"):
        expected = [one for one in villagers if one.source.split == split]
        assert list(read_corpus(tmp_path, split)) == expected
        assert expected


def test_the_summary_counts_what_is_stored(tmp_path: Path, villagers: list[Interaction]) -> None:
    summary = build_corpus([VILLAGE], None, tmp_path, seed=3)
    assert summary.interactions == 200
    assert {tally.axis for tally in summary.tallies} == set(Axis)
    assert sum(tally.turns for tally in summary.tallies) == sum(len(one.turns) for one in villagers)
    trained = [turn for one in villagers for turn in one.turns if turn.train]
    assert sum(tally.imitated_turns for tally in summary.tallies) == len(trained)
    [entry] = summary.sources
    assert (entry.licences, entry.card.synthetic) == ({"Apache-2.0": 200}, True)
    for file in summary.files:
        assert hashlib.sha256((tmp_path / file.path).read_bytes()).hexdigest() == file.sha256
    assert read_summary(tmp_path) == summary


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    hashes = [
        [file.sha256 for file in build_corpus([VILLAGE], None, tmp_path / name, seed=seed).files]
        for name, seed in (("one", 1), ("two", 1), ("three", 2))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 250), st.integers(1, 250), st.integers(), st.randoms(use_true_random=False))
def test_samples_are_nested_whatever_the_reading_order(one: int, other: int, seed: int, rng: random.Random) -> None:
    everything = list(Village(100, seed=0).read(Path(), ReadReport()))
    small, large = (subsample(everything, limit, seed) for limit in sorted((one, other)))
    assert len(small) == min(one, other, 100)
    assert [item for item in large if item in small] == small
    shuffled = list(everything)
    rng.shuffle(shuffled)
    ids = {item.source.original_id for item in small}
    assert {item.source.original_id for item in subsample(shuffled, len(small), seed)} == ids


def test_a_limit_draws_from_an_own_file(tmp_path: Path, villagers: list[Interaction]) -> None:
    choice = own_file(tmp_path / "mine.jsonl", villagers).model_copy(update={"limit": 40})
    summary = build_corpus([choice, VILLAGE], None, tmp_path / "out", seed=0)
    assert summary.interactions == 240
    assert summary.sources[0].records == {"mine.jsonl": 200}
    assert {file.source for file in summary.files} == {"mine", "village"}


@pytest.mark.data
def test_published_sources_and_the_village_make_one_corpus(tmp_path: Path, data_root: Path) -> None:
    choices = [SourceChoice(name="casino"), SourceChoice(name="taskmaster", limit=100), VILLAGE]
    summary = build_corpus(choices, data_root, tmp_path, seed=0)
    assert summary.interactions == 930 + 100 + 200
    assert sum(1 for split in ("train", "validation") for _ in read_corpus(tmp_path, split)) == 1230


def test_a_failed_build_leaves_no_corpus(tmp_path: Path, villagers: list[Interaction]) -> None:
    build_corpus([VILLAGE], None, tmp_path / "out", seed=0)
    broken = own_file(tmp_path / "broken.jsonl", villagers[:20])
    with Path(broken.name).open("a") as file:
        file.write("{\n")
    with pytest.raises(DataError, match="line 21"):
        build_corpus([VILLAGE, broken], None, tmp_path / "out", seed=0)
    with pytest.raises(DataError, match="no complete corpus") as caught:
        list(read_corpus(tmp_path / "out", "train"))
    assert "--until corpus" in caught.value.hint
    assert not list((tmp_path / "out" / "broken").iterdir())


def test_a_smaller_rebuild_leaves_no_stale_split(tmp_path: Path) -> None:
    build_corpus([VILLAGE], None, tmp_path, seed=3)
    build_corpus([SourceChoice(name="village", limit=1)], None, tmp_path, seed=3)
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


def test_choices_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one source"):
        build_corpus([], None, tmp_path, seed=0)
    with pytest.raises(UsageError, match="chosen 2 times"):
        build_corpus([VILLAGE, VILLAGE], None, tmp_path, seed=0)
    with pytest.raises(UsageError, match="no data folder"):
        build_corpus([SourceChoice(name="casino")], None, tmp_path, seed=0)
    with pytest.raises(UnknownName):
        list(read_corpus(tmp_path, "test"))


class Watcher:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done = 0

    @contextmanager
    def work(self, title: str, total: int, done: int = 0) -> Iterator[Watcher]:
        self.totals[title] = total
        yield self

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.done += amount


def test_reading_reports_its_progress(tmp_path: Path) -> None:
    watcher = Watcher()
    build_corpus([VILLAGE], None, tmp_path, seed=0, progress=watcher)
    assert (watcher.totals, watcher.done) == ({"corpus: village": 200}, 200)
