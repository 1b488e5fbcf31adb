"""Published files from a hub on this machine, through the real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from odyssim.errors import UsageError
from odyssim.tasks.hub import data_folder
from odyssim.tasks.registry import get_task
from odyssim.tasks.rows import write_rows
from tests.corpus.sources.fake_hub import serving


def odyssim(hub: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(cwd / "hf"), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "odyssim.cli.main", *arguments]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True)


def test_a_local_path_stays_as_it_is_and_a_wrong_name_is_said() -> None:
    assert data_folder("some/folder") == Path("some/folder")
    with pytest.raises(UsageError, match="names no dataset"):
        data_folder("hf://sim-eval-data")


def test_published_rows_come_from_the_hub_and_are_asked_once(tmp_path: Path) -> None:
    rows = list(get_task("hitom").rows("village"))[:8]  # type: ignore[attr-defined]
    write_rows(tmp_path / "served/lab/sim-eval-data/hitom_val.parquet", rows)
    with serving(tmp_path / "served") as hub:
        done = odyssim(hub, tmp_path, "tasks", "validate", "hitom", "--data", "hf://lab/sim-eval-data", "--json")
        assert done.returncode == 0, done.stderr
        assert [(one["items"], one["origins"]) for one in json.loads(done.stdout)] == [(8, ["generated"])] * 2
        missing = odyssim(hub, tmp_path, "tasks", "validate", "hitom", "--data", "hf://lab/nothing")
        assert missing.returncode == 1
        assert "no such dataset" in missing.stderr
        gated = odyssim(hub, tmp_path, "tasks", "validate", "hitom", "--data", "hf://lab/gated")
        assert "HF_TOKEN" in gated.stderr
    gone = odyssim("http://127.0.0.1:9", tmp_path, "tasks", "validate", "hitom", "--data", "hf://lab/other")
    assert gone.returncode == 1
    assert "cannot be reached" in gone.stderr
    assert "Traceback" not in gone.stderr
