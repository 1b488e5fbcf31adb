"""The commands as a person uses them, on small inputs; `--json` prints exactly the verb's result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import odyssim
from odyssim.cli.console import out_console
from odyssim.cli.main import main
from odyssim.corpus.build.config import CorpusConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.human_likeness.files import FilesResult
from odyssim.soul.next_turn import NextTurnResult
from odyssim.soul.result import EvalResult
from odyssim.soul.taxonomy import INDEX_TASKS
from odyssim.types import Axis, Origin

Command = Callable[..., str]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command in an empty folder and returns what it printed; it must end with `code`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(out_console, "width", 160)

    def run(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed.err
        return printed.out

    return run


def test_version(command: Command) -> None:
    assert command("--version").strip() == f"odyssim {odyssim.__version__}"


def test_tasks(command: Command) -> None:
    rows = json.loads(command("tasks", "list", "--json"))
    assert {"hitom", "paratomi"} <= {row["name"] for row in rows}
    assert {row["axis"] for row in rows} == {axis.value for axis in Axis}
    assert "Hi-ToM" in command("tasks", "list")
    shown = command("tasks", "show", "hitom", "--split", "village", "--index", "5")
    assert "Options:" in shown
    assert "<answer>" in shown
    assert json.loads(command("tasks", "show", "paratomi", "--split", "village", "--json"))["origin"] == "generated"
    checked = json.loads(command("tasks", "validate", "hitom", "--split", "village", "--json"))
    assert [(one["profile"], one["items"], one["unsound"]) for one in checked] == [
        ("reference", 200, []),
        ("improved", 200, []),
    ]


def test_axes_stand_for_their_tasks_and_fixtures_give_no_score(command: Command) -> None:
    arguments = ("eval", "--model", "scripted/first-option", "--tasks", "role,EVAL,role", "--limit", "3", "--json")
    result = EvalResult.model_validate_json(command(*arguments, code=1))
    played = [row.task for row in result.tasks]
    asked = [*INDEX_TASKS[Axis.ROLE], *INDEX_TASKS[Axis.EVAL]]
    assert played == [name for name in asked if name not in result.left_out]
    assert {"lifechoices", "socsci210"} <= set(played)
    assert "--judge" in result.left_out["humanual-book"]
    for row in result.tasks:
        assert (row.n_items, row.score, row.origins) == (3, None, (Origin.FIXTURE,))
        assert "fixtures only: no score" in row.note


def test_generate(command: Command) -> None:
    said = command("tasks", "generate", "paratomi", "--n", "10", "--set", "people=4", "--out", "fresh.parquet")
    assert "10 rows of paratomi" in said
    shown = json.loads(command("tasks", "show", "paratomi", "--data", "fresh.parquet", "--json"))
    assert shown["origin"] == "generated"


def test_eval(command: Command) -> None:
    arguments = ("eval", "--model", "scripted/random-option", "--split", "village", "--limit", "8", "--seeds", "3,4")
    result = EvalResult.model_validate_json(command(*arguments, "--json"))
    assert result.seeds == (3, 4)
    assert [row.n_samples for row in result.tasks] == [16, 16]
    folder = Path("runs/eval/scripted-random-option")
    assert EvalResult.model_validate_json((folder / "eval.json").read_text()) == result
    table = command(*arguments)
    assert "Hi-ToM" in table
    assert "synthetic items" in table


def test_likeness(command: Command, tmp_path: Path) -> None:
    build_corpus(CorpusConfig(sources=(SourceChoice(name="village", limit=400),)), None, tmp_path / "corpus")
    arguments = ("likeness", "--model", "scripted/echo", "--corpus", "corpus", "--turns", "12")
    result = NextTurnResult.model_validate_json(command(*arguments, "--json"))
    assert result.n_places == 12
    assert result.model == "scripted/echo"
    assert result.cost.calls == 12
    assert "12 turns in 6 dialogues" in command(*arguments)


def test_likeness_of_two_files(command: Command) -> None:
    for name, said in (
        ("mine", "Certainly! I would be happy to help with order {}."),
        ("theirs", "wheres my order {}"),
    ):
        Path(f"{name}.jsonl").write_text("".join(json.dumps({"text": said.format(n)}) + "\n" for n in range(40)))
    result = json.loads(command("likeness", "mine.jsonl", "--human", "theirs.jsonl", "--json"))
    assert set(result["auc"]) == {"estimate", "low", "high"}
    assert result["auc"]["estimate"] > 0.95
    assert all("ceiling" in measure for measure in result["likeness"]["measures"])
    table = command("likeness", "mine.jsonl", "--human", "theirs.jsonl", "--turns", "20", "--out", "kept")
    assert "20 of 40 lines" in table
    assert "people against people" in table
    assert FilesResult.model_validate_json(Path("kept/likeness.json").read_text()).model.compared == 20
    assert "AUC: none" in command("likeness", "mine.jsonl", "--human", "theirs.jsonl", "--turns", "2", code=1)


def test_dry_run_only_plans(command: Command) -> None:
    command("run", "quickstart", "--dry-run")
    assert not Path("runs").exists()


def test_doctor(command: Command) -> None:
    found = json.loads(command("doctor", "--json"))
    assert found["checks"]
    assert "python" in command("doctor").lower()


def test_verbs_are_found_lazily() -> None:
    assert set(odyssim.__all__) <= set(dir(odyssim))
    for verb in ("load_model", "evaluate", "likeness", "build_corpus"):
        assert callable(getattr(odyssim, verb))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        odyssim.nothing  # noqa: B018
