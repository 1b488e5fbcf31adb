"""Lexical diversity and its figures: known values, ranges, and what they do not depend on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.human_likeness.lexical import (
    calibrated,
    hdd,
    mattr,
    mean_sd,
    mean_sd_ci95,
    protocol_seed,
    yules_k,
    z_score,
)

TOKENS = st.lists(st.integers(0, 12), max_size=160)


def test_of_nothing() -> None:
    assert (mattr([]), hdd([]), yules_k([])) == (0.0, 0.0, 0.0)
    assert (mean_sd([]), mean_sd([3.0]), mean_sd_ci95([3.0])) == ((0.0, 0.0), (3.0, 0.0), (3.0, 0.0, 0.0))
    assert mean_sd_ci95([2.0, 2.0]) == (2.0, 0.0, 0.0)
    assert z_score(5.0, 2.0, 0.0) == 0.0


def test_by_hand() -> None:
    assert mattr(["a", "b", "a", "a"], window=2) == pytest.approx((1 + 1 + 0.5) / 3)
    assert hdd(["a", "a", "b", "b"], sample=2) == pytest.approx(2 * (1 - 1 / 6) / 2)
    assert yules_k(["a", "a", "b"]) == pytest.approx(1e4 * (4 + 1 - 3) / 9)
    mean, sd, half = mean_sd_ci95([1.0, 2.0, 3.0])
    assert (mean, sd) == (2.0, 1.0)
    assert half == pytest.approx(4.303 / 3**0.5)


@given(TOKENS, st.integers(1, 60))
def test_the_moving_average_is_the_mean_over_all_windows(tokens: list[int], window: int) -> None:
    windows = [tokens[start : start + window] for start in range(max(len(tokens) - window, 0) + 1)]
    expected = sum(len(set(inside)) / max(len(inside), 1) for inside in windows) / len(windows)
    assert mattr(tokens, window) == pytest.approx(expected)


@given(TOKENS.filter(len))
def test_ranges_and_independence_of_order(tokens: list[int]) -> None:
    shuffled = sorted(tokens)
    assert 0.0 < mattr(tokens) <= 1.0
    assert 0.0 < hdd(tokens) <= 1.0
    assert 0.0 <= yules_k(tokens) < 1e4
    assert (hdd(shuffled), yules_k(shuffled)) == pytest.approx((hdd(tokens), yules_k(tokens)))
    if len(set(tokens)) == len(tokens):
        assert (mattr(tokens), hdd(tokens), yules_k(tokens)) == pytest.approx((1.0, 1.0, 0.0))


@given(st.lists(st.floats(-5, 5), min_size=2), st.floats(-1, 1), st.floats(-1, 1))
def test_calibration_keeps_order_and_range(scores: list[float], hh: float, pp: float) -> None:
    found = calibrated(sorted(scores), hh, pp)
    assert all(low <= high for low, high in pairwise(found))
    assert all(0.0 <= score <= 1.0 for score in found)


def test_calibration_has_its_ends_at_the_controls() -> None:
    assert calibrated([0.1, 0.3, 0.5], hh=0.5, pp=0.1) == pytest.approx([0.0, 0.5, 1.0])


def test_the_interval_changes_from_t_to_normal_after_thirty_degrees() -> None:
    wide, narrow = ([float(n % 2) for n in range(size)] for size in (31, 32))
    for values, quantile in ((wide, 2.042), (narrow, 1.959963984540054)):
        _, sd, half = mean_sd_ci95(values)
        assert half == pytest.approx(quantile * sd / len(values) ** 0.5)


def test_every_part_of_a_seed_counts() -> None:
    seeds = {
        protocol_seed(*key) for key in ((0, "m", "e", "s"), (1, "m", "e", "s"), (0, "n", "e", "s"), (0, "m", "f", "s"))
    }
    assert len({*seeds, protocol_seed(0, "m", "e", "t")}) == 5
    assert all(0 <= seed < 2**64 for seed in seeds)
