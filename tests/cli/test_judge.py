"""`odyssim judge`: train a judge offline, check it, and read the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from odyssim.cli.console import out_console
from odyssim.cli.main import main
from odyssim.models.discriminator import DiscriminatorCard
from odyssim.models.registry import load_model
from odyssim.soul.judges.result import JudgeCheck
from odyssim.soul.judges.standing import judge_standing
from tests.models.server import error, serving
from tests.soul.judge_turns import write_sides

Command = Callable[..., tuple[str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command in an empty folder; it must end with `code`. Gives standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(out_console, "width", 160)

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed.err
        return printed.out, printed.err

    return run


def test_train_and_check(command: Command, tmp_path: Path) -> None:
    people, machine = map(str, write_sides(tmp_path))
    arguments = ("judge", "train", "--human", people, "--model-turns", machine)
    shown, said = command(*arguments, "--out", "small")
    assert "AUC" in shown
    assert "does not understand" in shown
    assert "discriminator/small" in said
    card = DiscriminatorCard.model_validate_json(command(*arguments, "--out", "again", "--seed", "1", "--json")[0])
    assert card.seed == 1
    shown, _ = command("judge", "check", "--judge", "discriminator/small", "--judge", "discriminator/again")
    assert "choices that change with the order" in shown
    assert "Krippendorff's alpha of the 2 judges" in shown
    assert "texts that aim at the judge" in shown
    found = json.loads(command("judge", "check", "--judge", "discriminator/small", "--json")[0])
    assert found["agreement"] is None
    (check,) = (JudgeCheck.model_validate(one, strict=False) for one in found["checks"])
    standing = judge_standing(Path("runs/judges"), load_model("discriminator/small").name)
    assert standing.check == check
    assert "did badly" in standing.warning


def test_a_dry_run_asks_nobody(command: Command, tmp_path: Path) -> None:
    shown, _ = command("judge", "check", "--judge", "openai-api/gpt-5-mini", "--dry-run", "--samples", "2")
    assert "400" in shown
    assert "USD" in shown
    (plan,) = json.loads(command("judge", "check", "--judge", "local/x", "--dry-run", "--json")[0])
    assert (plan["calls"], plan["usd"]) == (200, None)
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_is_said(command: Command, tmp_path: Path) -> None:
    shown, _ = command("judge", "check", "--judge", "scripted/echo", code=1)
    assert "140 x unparsable_verdict" in shown
    _, said = command("judge", "check", "--judge", "discriminator/none", code=1)
    assert "no discriminator here" in said
    assert "odyssim judge train" in said
    with serving(error(403, "bad key")) as server:
        _, said = command("judge", "check", "--judge", "openai-api/x", "--base-url", server.base_url, code=1)
    assert "HTTP 403" in said
    assert len(server.bodies) == 1
    _, said = command("judge", "train", "--human", "none", "--model-turns", "none", "--out", "small", code=1)
    assert "no such folder" in said
