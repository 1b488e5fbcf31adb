"""`odyssim tau-usi`: the forms of files, the table, JSON, and what goes wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from odyssim.cli.console import out_console
from odyssim.cli.main import main
from odyssim.soul.tau_usi.result import TauUsi

Command = Callable[..., tuple[str, str]]
SAID = ("ok", "return the lamp please", "maybe later?", "thats wrong", "yes", "what if i keep it")
TASKS = range(12)
POLICY = {"role": "system", "content": "# Retail agent policy\nBe kind."}


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs `odyssim tau-usi` in an empty folder; it must end with `code`. Standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(out_console, "width", 160)

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(("tau-usi", *arguments))
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed.err
        return printed.out, printed.err

    return run


def talk(seed: object) -> list[dict[str, Any]]:
    draw = random.Random(str(seed))
    turns = ({"role": "assistant", "content": "Go on."}, {"role": "user", "content": draw.choice(SAID)})
    return [dict(turns[0]), dict(turns[1])] + [
        message
        for _ in range(3)
        for message in ({"role": "assistant", "content": "And?"}, {"role": "user", "content": draw.choice(SAID)})
    ]


def record(seed: object, **fields: Any) -> dict[str, Any]:
    return {"conversation": talk(seed), "reward": 1.0, "keep": True} | fields


def save(name: str, content: Any) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(json.dumps(content), encoding="utf-8")
    return name


def human_file(**fields: Any) -> str:
    ids = [f"retail_{task}{end}" for end in ("", "_ann2", "_ann3") for task in TASKS]
    return save("human.json", {name: record(name, **fields) for name in ids})


def results() -> dict[str, Any]:
    rows = [record(("sim", task), domain="retail", task_index=task, instance_id="") for task in TASKS]
    return {"model": "m", "results": rows}


def tau_bench() -> list[dict[str, Any]]:
    end = {"role": "user", "content": "###STOP###"}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    return [
        {"task_id": task, "trial": trial, "reward": 1.0, "info": {},
         "traj": [POLICY, *talk(("sim", task)), call, {"role": "tool", "content": "done"}, end]}
        for trial in (0, 1) for task in TASKS
    ]  # fmt: skip


def tau2() -> dict[str, Any]:
    return {
        "info": {"environment_info": {"domain_name": "retail"}},
        "tasks": [{"id": str(task), "user_scenario": {"instructions": "Buy."}} for task in TASKS],
        "simulations": [
            {"id": f"run {task}", "task_id": str(task), "trial": 0, "reward_info": {"reward": 1.0},
             "messages": [*talk(("sim", task)), {"role": "user", "content": "###STOP###"}]}
            for task in TASKS
        ],
    }  # fmt: skip


def measured(command: Command, *arguments: str) -> TauUsi:
    return TauUsi.model_validate_json(command(*arguments, "--draws", "20", "--json")[0])


def test_every_form_of_file_gives_the_same_numbers(command: Command) -> None:
    human = human_file()
    files = [
        save("results.json", results()),
        save("list.json", results()["results"]),
        save("by_id.json", {f"retail_{task}": record(("sim", task)) for task in TASKS}),
        save("tau_bench.json", tau_bench()),
        save("tau2.json", tau2()),
    ]
    rows = measured(command, *files, "--human", human).simulators
    assert [row.n_runs for row in rows] == [1, 1, 1, 2, 1]
    assert {(row.usi.mean, row.ece.mean, row.notes) for row in rows} == {(rows[0].usi.mean, 0.0, ())}


def test_the_table_shows_reaction_alignment_beside_people(command: Command) -> None:
    shown, _ = command(save("sim.json", results()), "--human", human_file(), "--draws", "100")
    assert "Reaction alignment (D4) of sim" in shown
    assert "people among themselves" in shown
    assert "Least like people in sim" in shown
    assert "published, pooled from 31 simulators" in shown


def test_surveys_and_their_form(command: Command) -> None:
    answer = {"survey": {"reuse": {"question": "?", "answer": "Yes"}}}
    human, simulated = human_file(**answer), save("sim.json", results())
    save("other.json", results())
    save("surveys/survey_comparable_sim.json", {f"retail_{task}": answer for task in TASKS})
    result = measured(command, simulated, "--human", human, "--surveys", "surveys")
    assert (result.simulators[0].form, result.human.form) == ("usi6", "usi5")
    shown, _ = command("sim.json", "other.json", "--human", human, "--surveys", "surveys")
    assert "not comparable" in shown
    _, said = command("other.json", "--human", human, "--surveys", "nowhere", code=2)
    assert "survey_comparable_other.json" in said


def test_difficulty_can_be_given_or_pooled(command: Command) -> None:
    human, simulated = human_file(), save("sim.json", results())
    given = save("map.json", {"source": "mine", "difficulty": {"retail_0": 0.1, "retail_1": 0.9}})
    found = measured(command, simulated, "--human", human, "--difficulty", given).difficulty
    assert (found.source, found.bins) == ("map.json", {"retail_0": 0, "retail_1": 4})
    pool = [part for number in range(5) for part in ("--pool", save(f"run{number}.json", tau_bench()))]
    found = measured(command, simulated, "--human", human, *pool).difficulty
    assert (found.source, set(found.bins.values())) == ("pooled from 10 runs in 5 files", {4})
    shown, _ = command(simulated, "--human", human, "--pool", "run0.json", code=1)
    assert "no task has a known difficulty" in shown
    _, said = command(simulated, "--human", human, "--difficulty", given, "--pool", "run0.json", code=2)
    assert "exclude each other" in said
    _, said = command(simulated, "--human", human, "--difficulty", save("bad.json", {"retail_0": "hard"}), code=1)
    assert "not a difficulty map" in said


def test_runs_that_broke_off_are_left_out_and_said(command: Command) -> None:
    runs = tau_bench()
    runs[0] |= {"reward": 0.0, "info": {"error": "time-out"}, "traj": []}
    (row,) = measured(command, save("sim.json", runs), "--human", human_file()).simulators
    assert row.notes == ("1 runs broke off without a reward and are left out",)


def test_what_goes_wrong_is_said(command: Command) -> None:
    human, simulated = human_file(), save("sim.json", results())
    _, said = command(simulated, "--human", "none.json", code=1)
    assert "none.json" in said
    assert "cmu-lti/tau-usi" in said
    Path("two.txt").write_text("hello\nthere\n")
    _, said = command("two.txt", "--human", human, code=1)
    assert "not one file of JSON" in said
    unknown = [run | {"traj": run["traj"][1:]} for run in tau_bench()]
    _, said = command(save("unknown.json", unknown), "--human", human, code=1)
    assert "airline or retail" in said
    _, said = command(save("twice.json", results()["results"] * 2), "--human", human, code=1)
    assert "two records are called 'retail_0'" in said
    _, said = command(save("bad.json", {"retail_0": record(1, reward="won")}), "--human", human, code=1)
    assert "entry retail_0: reward" in said
    _, said = command(save("twice/sim.json", results()), simulated, "--human", human, code=2)
    assert "same name" in said
    shown, _ = command(save("far.json", {"telecom_1": record(1)}), "--human", human, code=1)
    assert "1 of 1 dialogues match no person's" in shown
