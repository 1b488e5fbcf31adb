"""A run that is killed at random points and started again ends with the results of an uninterrupted one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

RECIPE = """
name: tiny
sources: [{name: village, limit: 240}]
tokenizer: {vocab_size: 400}
pack: {seq_len: 1024}
model: {hidden: 32, layers: 2, heads: 2, kv_heads: 1, head_dim: 16, intermediate: 64, max_positions: 4096}
midtrain: {steps: 40, rows_per_step: 2, micro_rows: 2, warmup_steps: 4, eval_every: 10, checkpoint_every: 5,
           precision: float32, device: cpu}
eval: {split: village, limit: 24, sampling: {max_tokens: 12}}
likeness: {turns: 100, draws: 100, sampling: {max_tokens: 12}}
"""


def command(folder: Path, out: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "odyssim.cli.main", "run", "tiny.yaml", "--out", out],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )


def finish(folder: Path, out: str) -> None:
    process = command(folder, out)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said.decode()


def results(run: Path) -> dict[str, Any]:
    """Everything a run found, without the times it took."""
    metrics = [json.loads(line) for line in (run / "midtrain" / "metrics.jsonl").read_text().splitlines()]
    midtrain = json.loads((run / "midtrain" / "midtrain.json").read_text())
    found: dict[str, Any] = {
        "losses": [(record["step"], record["loss"], record["grad_norm"]) for record in metrics],
        "validation": [midtrain[model]["overall"] for model in ("untrained", "unigram", "best", "last")],
        "corpus": [file["sha256"] for file in json.loads((run / "corpus" / "corpus.json").read_text())["files"]],
    }
    for model in ("untrained", "trained"):
        evaluation = json.loads((run / "eval" / model / "eval.json").read_text())
        turns = (run / "likeness" / model / "turns.jsonl").read_text().split("\n")[:-1]
        found[model] = {
            "scores": [{key: row[key] for key in row if key != "cost"} for row in evaluation["tasks"]],
            "turns": [json.loads(line)["model"] for line in turns],
            "likeness": json.loads((run / "likeness" / model / "likeness.json").read_text())["likeness"],
        }
    return found


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    folder = tmp_path_factory.mktemp("resume")
    (folder / "tiny.yaml").write_text(RECIPE)
    begun = time.monotonic()
    finish(folder, "whole")
    return folder, time.monotonic() - begun


def test_killed_at_three_random_points(uninterrupted: tuple[Path, float]) -> None:
    folder, seconds = uninterrupted
    rng = random.Random(20261122)
    killed = 0
    for _ in range(3):
        process = command(folder, "killed")
        time.sleep(rng.uniform(0.25, 0.7) * seconds)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process.communicate()
    assert killed >= 1, "every run finished before it could be killed"
    finish(folder, "killed")
    assert results(folder / "killed") == results(folder / "whole")


def test_a_finished_run_is_left_alone(uninterrupted: tuple[Path, float]) -> None:
    folder, seconds = uninterrupted
    before = {path: path.stat().st_mtime_ns for path in (folder / "whole").rglob("manifest.json")}
    begun = time.monotonic()
    finish(folder, "whole")
    assert time.monotonic() - begun < seconds / 2
    assert {path: path.stat().st_mtime_ns for path in (folder / "whole").rglob("manifest.json")} == before
    assert len(before) == 7
