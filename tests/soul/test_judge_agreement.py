"""Agreement against published worked examples, and its laws."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, pearsonr

from odyssim.soul.judges.agreement import interval_alpha, kendall_tau, nominal_alpha, partial_correlation

Ratings = list[list[float | None]]


def table(*rows: str) -> Ratings:
    """One rater per row, a digit per unit; '*' says nothing."""
    return [[None if mark == "*" else float(mark) for mark in row.replace(" ", "")] for row in rows]


# Krippendorff 2011, section D: four observers, twelve units.
FOUR_OBSERVERS = table("123321412***", "1233224125*3", "*3332342251*", "12332441251*")
# The same, section A: two observers, binary.
TWO_OBSERVERS = table("0100000010", "1110010000")
# The same, section B: two observers, five labels.
TWO_OBSERVERS_FIVE_LABELS = [list("aabbdcccedda"), list("babbbccceddd")]
# Three coders, fifteen units (the example of the Wikipedia article on the coefficient).
THREE_CODERS = table("*****341211 33*3", "1*213343*******", "**21344*211 33*4")


def test_published_examples() -> None:
    assert nominal_alpha(FOUR_OBSERVERS) == pytest.approx(0.743, abs=5e-4)
    assert interval_alpha(FOUR_OBSERVERS) == pytest.approx(0.849, abs=5e-4)
    assert nominal_alpha(TWO_OBSERVERS) == pytest.approx(0.095, abs=5e-4)
    assert nominal_alpha(THREE_CODERS) == pytest.approx(0.691, abs=5e-4)
    assert interval_alpha(THREE_CODERS) == pytest.approx(0.811, abs=5e-4)
    assert nominal_alpha(TWO_OBSERVERS_FIVE_LABELS) == pytest.approx(0.692, abs=5e-4)


@pytest.mark.parametrize("alpha", [interval_alpha, nominal_alpha])
def test_where_nothing_was_told_apart_there_is_no_alpha(alpha: Callable[[Ratings], float | None]) -> None:
    for ratings in ([[3.0, 3.0], [3.0, 3.0]], [[1.0, None], [None, 2.0]], [[1.0, 2.0]], [], [[0.1] * 3, [0.1] * 3]):
        assert alpha(ratings) is None


ratings = st.integers(2, 4).flatmap(
    lambda units: st.lists(
        st.lists(st.none() | st.integers(1, 5).map(float), min_size=units, max_size=units), min_size=2, max_size=4
    )
)


@given(found=ratings, seed=st.integers(0, 99))
def test_alpha_does_not_care_who_rated_or_in_which_order(found: Ratings, seed: int) -> None:
    units = list(zip(*found, strict=True))
    random.Random(seed).shuffle(units)
    turned = [list(row) for row in reversed(list(zip(*units, strict=True)))]
    for alpha in (interval_alpha, nominal_alpha):
        before, after = alpha(found), alpha(turned)
        assert (before is None) == (after is None)
        assert before is None or before == pytest.approx(after)
        assert before is None or before <= 1.0


@given(found=ratings)
def test_interval_alpha_is_the_same_on_another_scale(found: Ratings) -> None:
    scaled = [[None if value is None else 3 * value - 7 for value in row] for row in found]
    before, after = interval_alpha(found), interval_alpha(scaled)
    assert (before is None) == (after is None)
    assert before is None or before == pytest.approx(after)


@given(units=st.lists(st.integers(1, 5).map(float), min_size=2).filter(lambda row: len(set(row)) > 1))
def test_equal_raters_agree_perfectly(units: list[float]) -> None:
    assert interval_alpha([units, units, units]) == pytest.approx(1.0)
    assert nominal_alpha([units, units]) == 1.0


def test_tau() -> None:
    assert kendall_tau([9, 7, 4, 1]) == 1.0
    assert kendall_tau([1, 4, 7, 9]) == -1.0
    assert kendall_tau([5, 5, 5, 5]) == 0.0
    assert kendall_tau([9, 7, 7, 1]) == pytest.approx(5 / 6)
    with pytest.raises(ValueError, match="two values"):
        kendall_tau([1.0])


@given(values=st.lists(st.integers(-99, 99), min_size=2, max_size=8, unique=True))
def test_tau_without_ties_is_scipys(values: list[int]) -> None:
    expected = kendalltau(values, range(len(values), 0, -1)).statistic
    assert kendall_tau(values) == pytest.approx(expected)


def test_partial_correlation_takes_the_controls_out() -> None:
    rng = np.random.default_rng(0)
    labels = ["a", "b", "c", "d"] * 25
    offset = {"a": 0.0, "b": 50.0, "c": -20.0, "d": 7.0}
    first = rng.normal(size=100)
    noise = rng.normal(size=100)
    second = 0.6 * first + noise
    shifted = [x + offset[label] for x, label in zip(first, labels, strict=True)]
    also = [y - 2 * offset[label] for y, label in zip(second, labels, strict=True)]
    assert pearsonr(shifted, also).statistic < -0.9  # the labels alone make it so
    found = partial_correlation(shifted, also, labels)
    assert found is not None
    correlation, interval = found
    residual = [
        np.array(column) - np.array([np.mean(np.array(column)[np.array(labels) == label]) for label in labels])
        for column in (first, second)
    ]
    assert correlation == pytest.approx(pearsonr(*residual).statistic)
    assert interval.low < correlation < interval.high
    assert math.atanh(interval.high) - math.atanh(correlation) == pytest.approx(1.96 / math.sqrt(94), rel=1e-3)


def test_partial_correlation_of_what_does_not_vary_is_none() -> None:
    assert partial_correlation([1, 2, 3, 4], [5, 5, 5, 5]) is None
    assert partial_correlation([1, 1, 2, 2], [1, 2, 3, 4], ["x", "x", "y", "y"]) is None
    assert partial_correlation([1, 2], [2, 1]) is None
    assert partial_correlation([], []) is None
