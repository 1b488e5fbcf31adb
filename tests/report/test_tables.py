"""What the commands print: the right numbers, few lines, and nothing of the data read as markup."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from odyssim.cli.tables import eval_table, likeness_table, plan_table, run_table, show_item, tasks_table
from odyssim.recipe.config import Recipe, load_recipe
from odyssim.recipe.run import RunResult
from odyssim.report.records import RunRecords, read_run
from odyssim.report.shown import number, percent
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.registry import get_task
from odyssim.types import Profile
from tests.report.conftest import TIMEOUT

MARKUP = "[red]not[/red] markup [/bold]"


@dataclass(frozen=True)
class Stage:
    stage: str
    work: str
    seconds: float | None
    status: str


@pytest.fixture(scope="module")
def run(run_folder: Path) -> RunRecords:
    return read_run(run_folder)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("quickstart")


def printed(what: RenderableType, width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(what)
    return console.export_text()


def test_the_plan_adds_up_what_is_left(recipe: Recipe) -> None:
    plan = [
        Stage("corpus", MARKUP, 100.0, "done"),
        Stage("midtrain", "200 steps", 60.0, "to do"),
        Stage("eval", "200 calls", 30.0, "to do"),
        Stage("report", "one page", None, "to do"),
    ]
    text = printed(plan_table(recipe, plan))
    assert recipe.name in text
    assert MARKUP in text
    assert "About 1 min 30 s to go." in text.replace("\u202f", " ")


def test_nothing_is_left_of_a_finished_plan(recipe: Recipe) -> None:
    assert "to go" not in printed(plan_table(recipe, [Stage("corpus", "read", 100.0, "done")]))


def test_a_run_fits_a_screen(run_folder: Path, run: RunRecords) -> None:
    result = RunResult(recipe="village-run", folder=run_folder, stages={}, wall_s=312.0, report=None)
    text = printed(run_table(result))
    assert len(text.splitlines()) <= 15
    assert "3.21" in text
    assert percent(run.tasks["hitom"]["trained"].score) in text
    assert number(run.likeness["trained"].likeness.excess) in text
    assert f"1 x policy endpoint_timeout: {TIMEOUT.message} → {TIMEOUT.hint}" in text


def test_the_largest_gaps_stand_beside_those_before_training(run_folder: Path, run: RunRecords) -> None:
    result = RunResult(recipe="village-run", folder=run_folder, stages={}, wall_s=1.0, report=None)
    measures = run.likeness["trained"].likeness.measures
    largest = max(measures, key=lambda measure: abs(measure.effect or 0.0))
    before = run.likeness["untrained"].likeness.measure(largest.name)
    (row,) = (line for line in printed(run_table(result)).splitlines() if line.startswith(f"{largest.name} ("))
    assert row.split()[-3:] == [number(before.gap, sign=True), number(largest.gap, sign=True), largest.verdict]


def test_scores_stand_beside_chance(run: RunRecords) -> None:
    evaluation = run.evals["trained"]
    text = printed(eval_table(evaluation))
    for task in evaluation.tasks:
        (row,) = (line for line in text.splitlines() if line.startswith(task.title) and "guessing" in line)
        assert percent(task.score) in row
        assert percent(task.chance) in row
        assert f": {task.note}" in text
    assert "not ranked" in text
    assert "Nothing failed." in text


def test_data_is_not_markup(run: RunRecords) -> None:
    evaluation = run.evals["trained"].model_copy(update={"model": MARKUP})
    assert MARKUP in printed(eval_table(evaluation))
    spoken = run.likeness["trained"].model_copy(update={"model": MARKUP})
    assert MARKUP in printed(likeness_table(spoken))


def test_likeness_shows_what_is_outside_human_noise(run: RunRecords) -> None:
    spoken = run.likeness["untrained"]
    text = printed(likeness_table(spoken))
    outside = [measure for measure in spoken.likeness.measures if measure.verdict == "outside"]
    assert outside
    assert f"{len(outside)} of {len(spoken.likeness.measures)} measures outside human noise" in text
    assert f"Excess over human noise: {number(spoken.likeness.excess)}" in text


def test_tasks_are_listed_with_what_they_need() -> None:
    row = {
        "name": "x",
        "title": MARKUP,
        "axis": "COG",
        "version": "1-A",
        "licence": "MIT",
        "roles": ["policy", "judge"],
    }
    text = printed(tasks_table([row]))
    assert MARKUP in text
    assert "policy, judge" in text


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("name", ["hitom", "paratomi"])
def test_an_item_is_shown_as_the_policy_sees_it(name: str, profile: Profile) -> None:
    task = get_task(name)
    item = task.items("village")[0]
    console = Console(file=io.StringIO(), width=10_000, record=True)
    show_item(task, item, profile, console)
    text = console.export_text()
    assert isinstance(task, ChoiceTask)
    for line in task.prompt(item, profile).user.split("\n"):
        assert line in text
    assert text.rstrip().endswith(task.gold_reply(item, profile))
