"""Comparisons: paired by item, corrected for their number, honest about what cannot be told or must not be mixed."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from odyssim.cli.console import out_console
from odyssim.cli.main import main
from odyssim.errors import UsageError
from odyssim.soul.compare import compare
from odyssim.soul.comparison import Comparison
from odyssim.soul.index import SoulIndex, index_tasks
from odyssim.soul.rank_groups import alike_groups, holm
from odyssim.types import Origin, Profile, Sampling
from tests.soul.result_folders import Scores, samples_of, write_run, write_scores

GOOD = [1.0] * 34 + [0.0] * 6
POOR = [1.0] * 14 + [0.0] * 26


def noisy(mean: float, seed: int, n: int = 40) -> list[float]:
    """Right-or-wrong scores of n items."""
    return [float(one) for one in np.random.default_rng(seed).random(n) < mean]


def compared(folder: Path, **runs: Scores) -> Comparison:
    return compare([write_scores(folder / name, scores) for name, scores in runs.items()])


def test_differences_are_paired_and_match_the_t_test(tmp_path: Path) -> None:
    one, other = noisy(0.7, 0), noisy(0.5, 1)
    samples = {name: samples_of("hitom", each, per_cluster=1) for name, each in (("a", one), ("b", other))}
    found = compare([write_run(tmp_path / name, each) for name, each in samples.items()])
    (pair,) = found.pairs
    (row,) = pair.tasks
    t = stats.ttest_rel(one, other)
    assert row.gap.p == pytest.approx(t.pvalue)
    interval = t.confidence_interval(0.95)
    assert (row.gap.interval.low, row.gap.interval.high) == pytest.approx((interval.low, interval.high))
    assert row.gap.difference == pytest.approx(np.mean(one) - np.mean(other))
    assert pair.tasks_equal == pair.axes_equal == row.gap
    wins = np.sign(np.subtract(one, other))
    assert row.wins.rate == pytest.approx(0.5 + 0.5 * wins.mean())
    assert row.wins == pair.wins


def test_the_better_run_is_first_and_equal_ones_share_a_group(tmp_path: Path) -> None:
    tasks = index_tasks()[:6]
    found = compared(
        tmp_path,
        poor=dict.fromkeys(tasks, POOR),
        good=dict.fromkeys(tasks, GOOD),
        also=dict.fromkeys(tasks, GOOD) | {tasks[0]: [*GOOD[:-1], 1.0]},
    )
    assert [run.name for run in found.runs] == ["scripted/also", "scripted/good", "scripted/poor"]
    assert [run.groups for run in found.runs] == [(1,), (1,), (2,)]
    also, good, poor = (run.first_places for run in found.runs)
    assert (also.tasks, good.tasks, poor.tasks) == (6, 5, 0)
    assert (also.low, also.high, also.of) == (0, 6, 6)
    assert (good.low, good.high) == (0, 6)
    assert (poor.low, poor.high) == (0, 0)
    assert found.partial
    assert {(pair.first, pair.second) for pair in found.pairs} == set(
        combinations(("scripted/poor", "scripted/good", "scripted/also"), 2)
    )


def test_equal_scores_are_tied_and_have_no_p_of_their_own_making(tmp_path: Path) -> None:
    found = compared(tmp_path, a={"hitom": GOOD}, b={"hitom": GOOD})
    (pair,) = found.pairs
    gap = pair.tasks[0].gap
    assert (gap.difference, gap.p, gap.p_corrected) == (0.0, 1.0, 1.0)
    assert gap.interval.low == -gap.interval.high < 0
    assert pair.wins.rate == 0.5
    assert [run.first_places.tasks for run in found.runs] == [1, 1]
    assert pair.contrasts == ()


def test_only_common_items_count_and_the_others_are_numbered(tmp_path: Path) -> None:
    found = compared(tmp_path, a={"hitom": [*GOOD, 0.0, 0.0], "fantom": GOOD}, b={"hitom": [None, *GOOD[1:]]})
    (row,) = found.pairs[0].tasks
    assert (row.task, row.n_items) == ("hitom", 39)
    assert row.first == row.second == pytest.approx(33 / 39)
    assert found.unpaired == {"hitom": 3}
    assert found.left_out == {"fantom": "not run by scripted/b"}


def test_seeds_are_averaged_within_items(tmp_path: Path) -> None:
    a = [*samples_of("hitom", GOOD, seed=0), *samples_of("hitom", POOR, seed=1)]
    found = compare([write_run(tmp_path / "a", a), write_scores(tmp_path / "b", {"hitom": POOR}, seeds=(0,))])
    (row,) = found.pairs[0].tasks
    assert row.n_items == 40
    assert row.first == pytest.approx((34 + 14) / 80)
    assert "scripted/b: one seed" in "\n".join(found.warnings)
    assert "differ in their seeds" in "\n".join(found.warnings)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"version": "2"}, "task version differs: 1 / 2"),
        ({"profile": Profile.REFERENCE}, "profile differs: improved / reference"),
        ({"item_seed": 7}, "item seed differs: 0 / 7"),
    ],
)
def test_what_was_asked_otherwise_is_not_compared(tmp_path: Path, others: dict[str, object], said: str) -> None:
    a = write_scores(tmp_path / "a", {"hitom": GOOD})
    b = write_scores(tmp_path / "b", {"hitom": POOR}, **others)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=rf"no task that can be compared: {said} \(hitom\)"):
        compare([a, b])


def test_judged_tasks_need_the_same_judges_and_the_others_do_not(tmp_path: Path) -> None:
    runs = [
        write_run(
            tmp_path / name,
            [*samples_of("hitom", GOOD), *samples_of("sotopia", POOR, judge=judge)],
            judges=(judge,),
        )
        for name, judge in (("a", "strict"), ("b", "mild"))
    ]
    found = compare(runs)
    assert [row.task for row in found.pairs[0].tasks] == ["hitom"]
    assert found.left_out == {"sotopia": "judge differs: strict / mild"}


def test_fixtures_and_other_data_are_never_compared(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", [*samples_of("hitom", GOOD), *samples_of("fantom", GOOD, origin=Origin.FIXTURE)])
    b = write_run(tmp_path / "b", [*samples_of("hitom", POOR, per_cluster=4), *samples_of("fantom", GOOD)])
    with pytest.raises(UsageError) as refused:
        compare([a, b])
    assert "not the same items: the runs read different data (hitom)" in refused.value.message
    assert "fixtures only" in refused.value.message


def test_one_run_or_the_same_twice_is_no_comparison(tmp_path: Path) -> None:
    a = write_scores(tmp_path / "a", {"hitom": GOOD})
    for folders in ([a], [a, a], [a, tmp_path / "b" / ".." / "a"]):
        with pytest.raises(UsageError, match="two or more different"):
            compare(folders)


def test_tasks_outside_the_index_are_compared_without_it(tmp_path: Path) -> None:
    found = compared(tmp_path, a={"reward_bench": POOR}, b={"reward_bench": GOOD})
    assert found.pairs[0].tasks_equal is None
    assert [run.tasks_equal for run in found.runs] == [None, None]
    assert [run.groups for run in found.runs] == [(), ()]
    assert found.pairs[0].tasks[0].gap.p_corrected < 0.05


def test_runs_of_one_model_go_by_their_folders(tmp_path: Path) -> None:
    runs = [write_scores(tmp_path / name, {"hitom": GOOD}, model="scripted/same") for name in ("a", "b")]
    names = [run.name for run in compare(runs).runs]
    assert names == [f"scripted/same ({folder})" for folder in runs]


def test_the_items_that_differ_most_come_with_what_was_said(tmp_path: Path) -> None:
    a = [*samples_of("hitom", [0.6] * 6, seed=0), *samples_of("fantom", [0.5, 0.5, 0.5, 0.5])]
    a += samples_of("hitom", [0.6, 0.6, 1.0, 0.6, 0.6, 0.6], seed=1)
    b = [*samples_of("hitom", [0.6, 0.6, 0.0, 0.6, 0.3, 0.6]), *samples_of("fantom", [0.5, 0.7, 0.5, 0.5])]
    folders = [write_run(tmp_path / name, each) for name, each in (("a", a), ("b", b))]
    (pair,) = compare(folders, contrasts=2).pairs
    shown = [(one.task, one.item_id, round(one.gap, 3)) for one in pair.contrasts]
    assert shown == [("hitom", "2", 0.8), ("fantom", "1", -0.2)]
    best = pair.contrasts[0]
    assert (best.first.seed, best.first.score, best.second.score) == (1, 1.0, 0.0)
    assert best.first.turns[0].text == "hitom 2, seed 1: 1.0"
    assert compare(folders, contrasts=0).pairs[0].contrasts == ()


def test_other_sampling_is_compared_and_said(tmp_path: Path) -> None:
    a = write_scores(tmp_path / "a", {"hitom": GOOD})
    b = write_scores(tmp_path / "b", {"hitom": POOR}, sampling=Sampling(temperature=0.0), judges=("scripted/b",))
    said = "\n".join(compare([a, b]).warnings)
    assert "differ in their sampling" in said
    assert "scripted/b judged itself" in said


def test_holms_correction() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(list(combinations(range(n), 2)))))
    )
)
def test_groups_hold_exactly_the_pairs_that_are_alike(case: tuple[int, set[tuple[int, int]]]) -> None:
    n, different = case
    groups = alike_groups(n, different)
    together = {pair for group in groups for pair in combinations(group, 2)}
    assert together == set(combinations(range(n), 2)) - different
    assert {run for group in groups for run in group} == set(range(n))
    assert not any(set(one) < set(other) for one in groups for other in groups)


def test_few_false_alarms_when_nothing_differs() -> None:
    alarms, trials = 0, 400
    rng = np.random.default_rng(0)
    for _ in range(trials):
        p_values = dict(enumerate(stats.uniform.rvs(size=23, random_state=rng)))
        alarms += any(p < 0.05 for p in holm(p_values).values())
    assert alarms / trials <= 0.08


Command = Callable[..., str]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command that must end well, and returns what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(out_console, "width", 200)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        assert not ended.value.code, printed.err
        return printed.out

    return run


def test_the_commands(command: Command, tmp_path: Path) -> None:
    for name, scores in (("a", GOOD), ("b", POOR)):
        write_scores(tmp_path / name, {"hitom": scores, "fantom": noisy(0.5, 3)})
    shown = command("compare", "a", "b")
    assert "scripted/a against scripted/b" in shown
    assert "index, tasks equal" in shown
    assert "Partial index" in shown
    assert "points apart" in shown
    found = Comparison.model_validate_json(command("compare", "a", "b", "--json"))
    assert found.runs[0].name == "scripted/a"
    assert "Partial SOUL-Index, 2 of 23 tasks" in command("soul", "index", "a")
    assert SoulIndex.model_validate_json(command("soul", "index", "a", "--json")).counted == ("fantom", "hitom")
    rows = json.loads(command("soul", "list", "--json"))
    assert sum(len(row["tasks"]) for row in rows) == 23
    assert sum(len(row["datasets"]) for row in rows) == 62
    assert "is our judgement" in command("soul", "list")
