"""The index: means in two weightings, what counts in it, and intervals that hold what they promise."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.catalog import SOURCES
from odyssim.errors import DataError
from odyssim.soul.evaluate import EvalConfig, evaluate
from odyssim.soul.finished import FinishedRun
from odyssim.soul.index import SoulIndex, axes_equal, index_tasks, soul_index, tasks_equal
from odyssim.soul.index_interval import difference_interval, p_value, score_interval, weighted_sum
from odyssim.soul.interval import Estimate, estimate_mean, mean_interval
from odyssim.soul.taxonomy import DATASETS, DEFINITIONS, INDEX_TASKS
from odyssim.types import Axis, Origin
from tests.soul.result_folders import Scores, result_of, row_of, samples_of, write_run, write_scores

HALF = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0]
MOST = [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]


def index_of(scores: Scores, **result: object) -> SoulIndex:
    samples = {task: samples_of(task, values) for task, values in scores.items()}
    return soul_index(result_of([row_of(each) for each in samples.values()], **result), samples)  # type: ignore[arg-type]


def test_two_weightings_of_the_same_tasks() -> None:
    index = index_of({"hitom": HALF, "fantom": HALF, "sotopia": MOST})
    assert index.tasks_equal is not None
    assert index.axes_equal is not None
    assert index.tasks_equal.score == pytest.approx((0.5 + 0.5 + 0.75) / 3)
    assert index.axes_equal.score == pytest.approx((0.5 + 0.75) / 2)
    scores = {axis.axis: axis.value.score if axis.value else None for axis in index.axes}
    assert scores == {Axis.CONV: None, Axis.SS: 0.75, Axis.COG: 0.5, Axis.ROLE: None, Axis.EVAL: None}


def test_fewer_than_all_tasks_is_called_partial_and_the_others_are_named() -> None:
    index = index_of({"hitom": HALF, "reward_bench": MOST}, left_out={"sotopia": "add --judge MODEL"})
    assert index.title == "Partial SOUL-Index, 1 of 23 tasks"
    assert index.counted == ("hitom",)
    assert index.uncounted["sotopia"] == "not run: add --judge MODEL"
    assert index.uncounted["fantom"] == "not run"
    assert len(index.uncounted) == 22
    whole = index_of(dict.fromkeys(index_tasks(), HALF))
    assert (whole.title, whole.uncounted) == ("SOUL-Index", {})


def test_fixtures_and_tasks_without_a_score_never_count() -> None:
    samples = {
        "hitom": samples_of("hitom", HALF),
        "fantom": samples_of("fantom", MOST, origin=Origin.FIXTURE),
        "paratomi": samples_of("paratomi", [None] * 8),
    }
    index = soul_index(result_of([row_of(each) for each in samples.values()]), samples)
    assert index.counted == ("hitom",)
    assert "fixtures only" in index.uncounted["fantom"]
    assert index.uncounted["paratomi"] == "no sample could be scored"
    only = soul_index(result_of([row_of(samples["fantom"])]), samples)
    assert only.tasks_equal is only.axes_equal is None
    assert (only.n_scored, only.n_excluded) == (0, 0)


def test_what_a_reader_should_know_is_said() -> None:
    samples = {
        "hitom": samples_of("hitom", [*HALF, None, None], origin=Origin.GENERATED),
        "fantom": samples_of("fantom", [1.0] * 8),
        "paratomi": samples_of("paratomi", HALF, per_cluster=8),
    }
    rows = [row_of(each) for each in samples.values()]
    index = soul_index(result_of(rows, seeds=(0,), judges=("scripted/a",)), samples)
    said = "\n".join(index.warnings)
    assert "scripted/a judged itself" in said
    assert "one seed" in said
    assert "no interval: paratomi" in said
    assert "no variance, so the exact bound stands for the error: fantom" in said
    assert "made up by rules, not comparable with published scores: hitom" in said
    assert "hitom (2 of 10)" in said
    assert index.n_excluded == 2
    assert index.tasks_equal is not None
    assert index.tasks_equal.interval is None


def test_a_model_that_is_never_right_gets_a_bound_and_not_a_point() -> None:
    index = index_of({"hitom": [0.0] * 40})
    assert index.tasks_equal is not None
    assert index.tasks_equal.interval is not None
    exact = mean_interval([0.0] * 40, [str(item // 2) for item in range(40)])
    assert exact is not None
    assert index.tasks_equal.interval.low == 0.0
    assert index.tasks_equal.interval.high == pytest.approx(exact.high)


def test_grades_that_are_all_the_same_leave_room_for_others() -> None:
    interval = mean_interval([0.6] * 20, [str(item // 2) for item in range(20)])
    assert interval is not None
    others = 1 - 0.025 ** (1 / 10)  # none of 10 clusters differs
    assert (interval.low, interval.high) == pytest.approx((0.6 - 0.6 * others, 0.6 + 0.4 * others))


def test_one_task_alone_has_the_interval_of_the_task() -> None:
    index, row = index_of({"hitom": HALF}), row_of(samples_of("hitom", HALF))
    assert index.tasks_equal is not None
    assert index.tasks_equal.interval is not None
    assert row.interval is not None
    assert index.tasks_equal.interval.low == pytest.approx(row.interval.low)
    assert index.tasks_equal.interval.high == pytest.approx(row.interval.high)


def test_satterthwaite_agrees_with_welchs_test() -> None:
    from scipy import stats

    one, other = [0.1, 0.5, 0.4, 0.9, 0.3], [0.2, 0.8, 0.9, 1.0, 0.7, 0.6, 0.9]
    first, second = (estimate_mean(each, [str(place) for place in range(len(each))]) for each in (one, other))
    assert first is not None
    assert second is not None
    gap = weighted_sum([(1.0, first), (-1.0, second)], least=-1.0)
    welch = stats.ttest_ind(one, other, equal_var=False)
    assert p_value(gap) == pytest.approx(welch.pvalue)
    low, high = welch.confidence_interval(0.95)
    assert (difference_interval(gap).low, difference_interval(gap).high) == pytest.approx((low, high))


@given(st.sets(st.sampled_from(index_tasks()), min_size=1))
def test_weights_add_up_and_weigh_axes_alike(counted: set[str]) -> None:
    tasks = [task for task in index_tasks() if task in counted]
    assert math.fsum(tasks_equal(tasks).values()) == pytest.approx(1)
    shares = axes_equal(tasks)
    by_axis = [sum(shares.get(task, 0.0) for task in own) for own in INDEX_TASKS.values()]
    present = [share for share in by_axis if share]
    assert present == pytest.approx([1 / len(present)] * len(present))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.3), st.integers(1, 50)), min_size=1, max_size=23))
def test_the_interval_of_a_score_stays_in_range_and_holds_it(rows: list[tuple[float, float, int]]) -> None:
    parts = [(1 / len(rows), Estimate(mean, error if error > 1e-6 else 0.0, degrees)) for mean, error, degrees in rows]
    total = weighted_sum(parts)
    interval = score_interval(total)
    assert 0 <= interval.low <= total.mean + 1e-12
    assert total.mean - 1e-12 <= interval.high <= 1
    assert min(degrees for *_, degrees in rows) * (1 - 1e-9) <= total.degrees


def test_coverage_of_an_index_over_clustered_tasks() -> None:
    rng = np.random.default_rng(0)
    clusters = [str(item // 5) for item in range(100)]
    means = [0.5, 0.7, 0.9]
    covered, trials = 0, 400
    for _ in range(trials):
        parts = []
        for mean in means:
            difficulty = rng.beta(4 * mean, 4 * (1 - mean), size=20)
            scores = (rng.random((20, 5)) < difficulty[:, None]).astype(float).ravel()
            estimate = estimate_mean(scores.tolist(), clusters)
            assert estimate is not None
            parts.append((1 / 3, estimate))
        interval = score_interval(weighted_sum(parts))
        covered += interval.low <= 0.7 <= interval.high
    assert 0.92 <= covered / trials <= 0.98


def test_from_a_real_run(tmp_path: Path) -> None:
    config = EvalConfig(tasks=("hitom", "paratomi"), split="village", limit=6, seeds=(0, 1))
    result = evaluate("scripted/random-option", config, out=tmp_path / "mine")
    run = FinishedRun.read(tmp_path / "mine")
    index = soul_index(run.result, run.samples)
    assert index.tasks_equal is not None
    assert index.tasks_equal.score == pytest.approx(sum(row.score or 0.0 for row in result.tasks) / 2)
    assert SoulIndex.model_validate_json(index.model_dump_json()) == index


def test_folders_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no result of an evaluation"):
        FinishedRun.read(tmp_path)
    old = write_scores(tmp_path / "old", {"hitom": HALF}, schema_version=99)
    with pytest.raises(DataError, match="form 99; this version of OdysSim reads form 1"):
        FinishedRun.read(old)
    torn = write_run(tmp_path / "torn", samples_of("hitom", HALF))
    (torn / "episodes.jsonl").write_text("\n".join((torn / "episodes.jsonl").read_text().splitlines()[:3]) + "\n")
    with pytest.raises(DataError, match=r"3 samples of hitom, but .* tells of 8"):
        FinishedRun.read(torn)
    (torn / "episodes.jsonl").unlink()
    with pytest.raises(DataError, match="no such file"):
        FinishedRun.read(torn)


def test_every_published_dataset_has_one_axis_and_a_reason() -> None:
    cards = {reader.card.id: reader.card for reader in SOURCES.values() if reader.card.in_paper}
    assert len(DATASETS) == 62
    assert set(DATASETS) == set(cards)
    for name, place in DATASETS.items():
        assert place.axis in cards[name].axes
        assert place.reason
        assert place.task is None or place.task in INDEX_TASKS[place.axis]
    assert set(DEFINITIONS) == set(Axis) == set(INDEX_TASKS)
    assert len(index_tasks()) == 23
