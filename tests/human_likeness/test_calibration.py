"""AUC, reliability and log loss on cases whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.human_likeness.calibration import auc, auc_interval, expected_calibration_error, log_loss, reliability

HUMAN = np.array([True, True, False, False])


def test_auc() -> None:
    assert auc(np.array([0.9, 0.8, 0.2, 0.1]), HUMAN) == 1.0
    assert auc(np.array([0.1, 0.2, 0.8, 0.9]), HUMAN) == 0.0
    assert auc(np.array([0.5, 0.5, 0.5, 0.5]), HUMAN) == 0.5
    assert auc(np.array([0.9, 0.4, 0.6, 0.1]), HUMAN) == 0.75
    assert math.isnan(auc(np.array([0.5, 0.6]), np.array([True, True])))


def test_auc_interval_draws_whole_dialogues() -> None:
    rng = np.random.default_rng(1)
    human = np.arange(200) % 2 == 0
    probability = np.clip(0.5 + 0.2 * human + rng.normal(scale=0.2, size=200), 0, 1)
    alone = auc_interval(probability, human, [str(n) for n in range(200)], seed=3)
    # Every dialogue four times over: the same information, so about the same interval.
    copies = auc_interval(np.tile(probability, 4), np.tile(human, 4), [str(n) for n in range(200)] * 4, seed=3)
    assert alone is not None
    assert copies is not None
    assert alone[0] < auc(probability, human) < alone[1]
    assert copies == pytest.approx(alone, abs=0.02)
    assert auc_interval(probability, human, ["one"] * 200, seed=3) == pytest.approx((auc(probability, human),) * 2)
    assert auc_interval(probability[:1], human[:1], ["one"], seed=3) is None


def test_reliability() -> None:
    bins = reliability(np.array([0.05, 0.15, 0.15, 1.0]), np.array([False, True, False, True]))
    assert [(each.low, each.n, each.mean, each.share) for each in bins] == [
        (0.0, 1, 0.05, 0.0),
        (0.1, 2, 0.15, 0.5),
        (0.9, 1, 1.0, 1.0),
    ]
    assert expected_calibration_error(bins) == pytest.approx((0.05 + 2 * 0.35 + 0.0) / 4)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_bins_hold_every_turn_once(rated: list[tuple[float, bool]]) -> None:
    probability, human = np.array([p for p, _ in rated]), np.array([who for _, who in rated])
    bins = reliability(probability, human)
    assert sum(each.n for each in bins) == len(rated)
    assert 0.0 <= expected_calibration_error(bins) <= 1.0


def test_log_loss() -> None:
    assert log_loss(np.full(4, 0.5), HUMAN) == pytest.approx(math.log(2))
    assert log_loss(np.array([1.0, 1.0, 0.0, 0.0]), HUMAN) == 0.0
    assert log_loss(np.array([0.0, 1.0, 0.0, 0.0]), HUMAN) == math.inf
