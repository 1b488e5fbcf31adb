"""Mixing: exact counts, even coverage, one function of seed, source and epoch, and no list of the corpus."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from odyssim.corpus.mix import EVERYTHING_ONCE, MixConfig, Mixture, SourceMix, SourceSize
from odyssim.errors import ConfigError, UnknownName

names = st.text("abcdef", min_size=1, max_size=3)
sizes = st.lists(
    st.builds(SourceSize, name=names, documents=st.integers(1, 60), tokens=st.integers(60, 6000)),
    min_size=1,
    max_size=4,
    unique_by=lambda size: size.name,
)
ratios = st.sampled_from([0.29, 0.5, 1.0, 1.5, 2.0, 3.7])


def drawn(mixture: Mixture, parts: int = 1) -> dict[str, list[int]]:
    """The documents that each source gives, in the order of the epoch."""
    found: dict[str, list[int]] = {name: [] for name in mixture.names}
    for number in range(parts):
        part = mixture.part(number, parts)
        for source, document in zip(part.sources.tolist(), part.documents.tolist(), strict=True):
            found[mixture.names[source]].append(document)
    return found


@given(given_sizes=sizes, ratio=ratios, parts=st.integers(1, 7), seed=st.integers(0, 9), epoch=st.integers(0, 9))
def test_a_ratio_is_whole_copies_and_a_sample_of_the_rest(
    given_sizes: list[SourceSize], ratio: float, parts: int, seed: int, epoch: int
) -> None:
    config = MixConfig(sources={size.name: SourceMix(ratio=ratio) for size in given_sizes})
    always = SourceSize("zzz", 5, 5)
    mixture = Mixture(config, [*given_sizes, always], seed=seed, epoch=epoch)
    found = drawn(mixture, parts)
    assert sorted(found["zzz"]) == list(range(5))
    for size in given_sizes:
        times = Counter(found[size.name])
        assert sum(times.values()) == mixture.counts[mixture.names.index(size.name)]
        assert size.documents * ratio - 1 < sum(times.values()) <= size.documents * ratio + 1e-9
        assert all(0 <= document < size.documents for document in times)
        assert {times[document] for document in range(size.documents)} <= {int(ratio), int(ratio) + 1}


def test_at_one_and_a_half_every_row_is_shown() -> None:
    mixture = Mixture(MixConfig(sources={"a": SourceMix(ratio=1.5)}), [SourceSize("a", 1000, 9)], seed=0)
    times = Counter(drawn(mixture)["a"])
    assert Counter(times.values()) == {1: 500, 2: 500}


def test_epochs_take_turns_with_what_is_sampled() -> None:
    config = MixConfig(sources={"a": SourceMix(ratio=1.25)})
    times: Counter[int] = Counter()
    orders = []
    for epoch in range(4):
        documents = drawn(Mixture(config, [SourceSize("a", 200, 200)], seed=0, epoch=epoch))["a"]
        times.update(documents)
        orders.append(documents)
    assert set(times.values()) == {5}
    assert len(set(map(tuple, orders))) == 4


@given(given_sizes=sizes, seed=st.integers(0, 9), parts=st.integers(1, 5))
def test_other_sources_and_their_order_change_nothing(given_sizes: list[SourceSize], seed: int, parts: int) -> None:
    together = Mixture(EVERYTHING_ONCE, given_sizes, seed=seed)
    reverse = Mixture(EVERYTHING_ONCE, given_sizes[::-1], seed=seed)
    for number in range(parts):
        one, other = together.part(number, parts), reverse.part(number, parts)
        assert one.documents.tolist() == other.documents.tolist()
        assert one.sources.tolist() == other.sources.tolist()
    for size in given_sizes:
        alone = Mixture(EVERYTHING_ONCE, [size], seed=seed)
        # Shuffling within a part depends on its length; what the part draws does not.
        for number in range(parts):
            part = together.part(number, parts)
            mine = part.documents[part.sources == together.names.index(size.name)]
            assert sorted(mine.tolist()) == sorted(alone.part(number, parts).documents.tolist())


def test_a_seed_and_an_epoch_have_an_order_of_their_own() -> None:
    orders = {
        tuple(drawn(Mixture(EVERYTHING_ONCE, [SourceSize("a", 50, 50)], seed=seed, epoch=epoch))["a"])
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9


def test_sources_are_mixed_everywhere() -> None:
    given_sizes = [SourceSize("large", 90_000, 90_000), SourceSize("small", 10_000, 10_000)]
    mixture = Mixture(EVERYTHING_ONCE, given_sizes, seed=1)
    for number in range(10):
        sources = mixture.part(number, 10).sources
        assert Counter(sources.tolist()) == {0: 9000, 1: 1000}
        in_hundreds = sources.reshape(-1, 100).sum(axis=1)
        assert in_hundreds.max() < 30
        assert abs(np.corrcoef(np.arange(len(sources)), sources)[0, 1]) < 0.05


def test_temperature_evens_sizes_out() -> None:
    given_sizes = [SourceSize("a", 1000, 64_000), SourceSize("b", 1000, 4000)]
    kept = Mixture(MixConfig(), given_sizes, seed=0).counts
    assert kept == [1000, 1000]
    even = Mixture(MixConfig(temperature=0.0), given_sizes, seed=0).counts
    assert even == [34_000 * 1000 // 64_000, 34_000 * 1000 // 4000]
    root = Mixture(MixConfig(temperature=0.5), given_sizes, seed=0).counts
    tokens = [root[0] * 64, root[1] * 4]
    assert tokens[0] / tokens[1] == pytest.approx(4.0, rel=0.01)
    assert sum(tokens) == pytest.approx(68_000, rel=0.01)


def test_budgets_are_in_tokens_and_own_budgets_come_first() -> None:
    given_sizes = [SourceSize("a", 1000, 50_000), SourceSize("b", 1000, 30_000), SourceSize("c", 10, 10_000)]
    config = MixConfig(tokens=20_000, sources={"c": SourceMix(tokens=12_000), "b": SourceMix(ratio=0.5)})
    counts = Mixture(config, given_sizes, seed=0).counts
    tokens = [count * size.tokens // size.documents for count, size in zip(counts, given_sizes, strict=True)]
    assert tokens[2] == 12_000
    assert tokens[0] / tokens[1] == pytest.approx(50 / 15, rel=0.01)
    assert sum(tokens) == pytest.approx(20_000, rel=0.01)


def test_a_billion_documents_cost_nothing() -> None:
    tracemalloc.start()
    sizes_of_all = [SourceSize("huge", 10**9, 10**11), SourceSize("tiny", 3, 30)]
    mixture = Mixture(MixConfig(sources={"huge": SourceMix(ratio=1.5)}), sizes_of_all, seed=0)
    part = mixture.part(123_456, 10**6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(mixture) == 1_500_000_003
    assert len(part.documents) == 1500
    assert peak < 1_000_000


def test_impossible_mixtures_are_refused() -> None:
    given_sizes = [SourceSize("a", 10, 100)]
    with pytest.raises(UnknownName, match="Did you mean 'a'"):
        Mixture(MixConfig(sources={"aa": SourceMix()}), given_sizes, seed=0)
    with pytest.raises(ConfigError, match="exceed"):
        Mixture(MixConfig(tokens=10, sources={"a": SourceMix(tokens=20)}), given_sizes, seed=0)
    with pytest.raises(ConfigError, match="no document"):
        Mixture(MixConfig(sources={"a": SourceMix(ratio=0.0)}), given_sizes, seed=0)
    with pytest.raises(ValidationError, match="not both"):
        SourceMix(ratio=1.0, tokens=5)
    with pytest.raises(ValidationError):
        MixConfig.model_validate({"temprature": 1})
