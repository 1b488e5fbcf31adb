"""The interval covers: independent items, clustered items, scores near the ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.soul.interval import mean_interval, stratified_mean


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from("abcdef")), min_size=2))
def test_the_interval_holds_the_mean_and_stays_in_range(rows: list[tuple[float, str]]) -> None:
    scores, clusters = [score for score, _ in rows], [cluster for _, cluster in rows]
    interval = mean_interval(scores, clusters)
    if len(set(clusters)) < 2:
        assert interval is None
        return
    assert interval is not None
    mean = sum(scores) / len(scores)
    assert 0.0 <= interval.low <= mean + 1e-12
    assert mean - 1e-12 <= interval.high <= 1.0


def test_equals_the_textbook_t_interval_on_the_logit_scale() -> None:
    scores = [1.0] * 30 + [0.0] * 9 + [0.5] * 2
    interval = mean_interval(scores, [str(index) for index in range(41)])
    assert interval is not None
    assert interval.method == "logit-t, 41 clusters"
    mean = sum(scores) / 41
    standard_error = math.sqrt(sum((score - mean) ** 2 for score in scores) / 40 / 41)
    half = 2.021075 * standard_error / (mean * (1 - mean))  # t(0.975, 40 degrees of freedom)
    centre = math.log(mean / (1 - mean))
    assert interval.low == pytest.approx(1 / (1 + math.exp(-(centre - half))), abs=1e-6)
    assert interval.high == pytest.approx(1 / (1 + math.exp(-(centre + half))), abs=1e-6)


def test_independent_proportions_get_wilson() -> None:
    interval = mean_interval([1.0] * 30 + [0.0] * 10, [str(index) for index in range(40)])
    assert interval is not None
    assert interval.method == "Wilson, 40 items"
    assert (interval.low, interval.high) == pytest.approx((0.5980, 0.8581), abs=1e-4)


def test_repeating_items_within_clusters_does_not_narrow() -> None:
    once = mean_interval([1.0, 0.0, 0.5, 1.0, 0.0], list("abcde"))
    thrice = mean_interval([1.0, 0.0, 0.5, 1.0, 0.0] * 3, list("abcde") * 3)
    assert once is not None
    assert thrice is not None
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))


def test_parts_count_equally_whatever_their_size() -> None:
    scores, parts = [1.0] * 90 + [0.0] * 10, ["large"] * 90 + ["small"] * 10
    assert stratified_mean(scores, parts) == pytest.approx(0.5)
    interval = mean_interval(scores, [str(index) for index in range(100)], parts)
    assert interval is not None
    assert interval.low < 0.5 < interval.high
    balanced = mean_interval([1.0, 0.0, 0.5, 1.0] * 5, list("abcdefghij" * 2), ["x"] * 20)
    assert balanced == mean_interval([1.0, 0.0, 0.5, 1.0] * 5, list("abcdefghij" * 2))


def test_all_right_or_all_wrong_is_exact() -> None:
    interval = mean_interval([1.0] * 20, [str(index // 2) for index in range(20)])
    assert interval is not None
    assert interval.high == 1.0
    assert interval.low == pytest.approx(0.6915, abs=1e-4)  # Clopper-Pearson for 10 of 10


@pytest.mark.parametrize(("clusters", "per_cluster", "mean"), [(20, 5, 0.6), (60, 1, 0.85), (40, 4, 0.15)])
def test_coverage_over_clustered_samples(clusters: int, per_cluster: int, mean: float) -> None:
    rng = np.random.default_rng(0)
    names = [str(cluster) for cluster in range(clusters) for _ in range(per_cluster)]
    covered = 0
    trials = 600
    for _ in range(trials):
        difficulty = rng.beta(4 * mean, 4 * (1 - mean), size=clusters)
        scores = (rng.random((clusters, per_cluster)) < difficulty[:, None]).astype(float).ravel()
        interval = mean_interval(scores.tolist(), names)
        assert interval is not None
        covered += interval.low <= mean <= interval.high
    assert 0.925 <= covered / trials <= 0.985
