"""The plan of a corpus: measured rates carried over to another size and other machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.figures import Figures, Tally
from odyssim.corpus.plan import PUBLISHED_INTERACTIONS, PUBLISHED_TOKENS, TOKENS_PER_WORD, CorpusPlan, plan_corpus
from odyssim.corpus.summary import Compared, CorpusFile, CorpusSummary, SourceSummary
from odyssim.errors import UsageError
from odyssim.types import Axis

WORDS = 2_000_000
SECONDS = {"read": 60.0, "copies": 3.0, "pairs": 20.0, "near-copies": 2.0, "finish": 30.0, "summary": 1.0}
WORK = {"read": 70.0, "clean": 40.0, "compare": 10.0}
STORED = 5_000


def measured(words: int = WORDS, workers: int = 2, seconds: dict[str, float] = SECONDS) -> CorpusSummary:
    """The summary of a corpus with one file."""
    tally = Tally(source="casino", split="train", axis=Axis.SS, language="en", interactions=1_000, words=words)
    casino = SourceSummary(
        card=SOURCES["casino"].card,
        records={},
        skips=(),
        rejects={},
        figures=Figures(tallies=(tally,)),
        pii={},
        overlap={},
    )
    return CorpusSummary(
        key="",
        config={},
        sources=(casino,),
        files=(CorpusFile(path="casino.parquet", source="casino", split="train", sha256=""),),
        compared=Compared(),
        workers=workers,
        seconds=seconds,
        work_seconds=WORK,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("corpus")
    (out / "casino.parquet").write_bytes(b"0" * STORED)
    return out


def plan(folder: Path, *, words: int = WORDS, **machines: float) -> CorpusPlan:
    options = {"workers_per_node": 2, **machines}
    return plan_corpus(measured(), folder, tokens=round(words * TOKENS_PER_WORD), **options)  # type: ignore[arg-type]


def test_the_corpus_that_was_measured_takes_what_it_took(folder: Path) -> None:
    same = plan(folder)
    assert {step: 3600 * hours for step, hours in same.hours.items()} == pytest.approx(SECONDS)
    assert same.wall_hours == pytest.approx(sum(SECONDS.values()) / 3600)
    assert same.gigabytes["corpus"] == pytest.approx(STORED / 1e9)
    assert same.gigabytes["while it is built"] > same.gigabytes["corpus"]
    assert same.words == WORDS


def test_what_an_earlier_build_had_read_counts_as_read(folder: Path) -> None:
    added = measured(seconds=SECONDS | {"read": 3.0})
    tokens = round(WORDS * TOKENS_PER_WORD)
    assert plan_corpus(added, folder, tokens=tokens, workers_per_node=2).hours == plan(folder).hours


@given(st.integers(1, 10_000))
def test_time_and_disk_grow_with_the_words(folder: Path, times: int) -> None:
    once, more = plan(folder, interactions=1), plan(folder, words=times * WORDS, interactions=times)
    assert more.wall_hours == pytest.approx(times * once.wall_hours)
    assert more.gigabytes == pytest.approx({kind: times * size for kind, size in once.gigabytes.items()}, rel=1e-6)


@given(st.integers(1, 64), st.integers(1, 64))
def test_workers_share_what_can_be_shared(folder: Path, nodes: int, workers: int) -> None:
    hours = plan(folder, nodes=nodes, workers_per_node=workers).hours
    at_once = nodes * workers
    for step in ("read", "finish"):
        assert 3600 * hours[step] == pytest.approx(SECONDS[step] * 2 / at_once)
    assert 3600 * hours["pairs"] == pytest.approx(SECONDS["pairs"] * 2 / min(at_once, 14))
    for step in ("copies", "near-copies", "summary"):
        assert 3600 * hours[step] == pytest.approx(SECONDS[step])


def test_money_is_asked_for_machines_and_contexts(folder: Path) -> None:
    unpriced = plan(folder)
    assert (unpriced.node_usd, unpriced.contexts_usd) == (None, None)
    priced = plan(folder, nodes=3, interactions=10_000, usd_per_node_hour=2.0, usd_per_context=0.001)
    assert priced.node_usd == pytest.approx(3 * 2.0 * priced.wall_hours)
    assert priced.contexts_usd == pytest.approx(10.0)


def test_by_default_the_published_corpus_is_planned(folder: Path) -> None:
    published = plan_corpus(measured(), folder)
    assert (published.interactions, published.tokens) == (PUBLISHED_INTERACTIONS, PUBLISHED_TOKENS)
    assert published.workers == 32
    assert published.gigabytes["packed"] == pytest.approx(41.25)


@pytest.mark.parametrize("summary", [measured(words=99_999), measured(seconds=dict.fromkeys(SECONDS, 0.0))])
def test_what_says_too_little_is_no_measure(folder: Path, summary: CorpusSummary) -> None:
    with pytest.raises(UsageError, match="too few for a plan") as caught:
        plan_corpus(summary, folder)
    assert "odyssim corpus build" in caught.value.hint
