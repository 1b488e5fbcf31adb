"""A task of another package: 60 lines and an entry point, and it is evaluated, validated and shown like the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1] / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the plugin is installed, by pip, into a folder of its own."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(PLUGIN)], check=True)
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}


def odyssim(*arguments: str, env: dict[str, str], cwd: Path, code: int = 0) -> str:
    command = [sys.executable, "-m", "odyssim.cli.main", *arguments]
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_a_choice_task_takes_at_most_sixty_lines() -> None:
    lines = (PLUGIN / "src/odyssim_riddles/__init__.py").read_text().splitlines()
    assert len(lines) <= 60


def test_the_plugin_is_a_task_like_any_other(installed: dict[str, str], tmp_path: Path) -> None:
    listed = json.loads(odyssim("tasks", "list", "--json", env=installed, cwd=tmp_path))
    assert "riddles" in {row["name"] for row in listed}
    checked = json.loads(odyssim("tasks", "validate", "riddles", "--json", env=installed, cwd=tmp_path))
    assert [(one["items"], len(one["dropped"]), one["unsound"]) for one in checked] == [(3, 1, [])] * 2
    assert "two options are the same" in checked[0]["dropped"][0]
    evaluate = ("eval", "--model", "scripted/first-option", "--tasks", "riddles", "--json")
    (row,) = json.loads(odyssim(*evaluate, env=installed, cwd=tmp_path, code=1))["tasks"]
    assert (row["n_scored"], row["score"], row["origins"]) == (3, None, ["fixture"])
    assert "fixtures only: no score" in row["note"]
    assert row["dropped"][0]["n"] == 1
