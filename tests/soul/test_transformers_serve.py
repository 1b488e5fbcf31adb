"""A real OpenAI-compatible server, `transformers serve` with a tiny checkpoint, as the model under test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from odyssim.models.registry import load_model
from odyssim.soul.evaluate import EvalConfig, evaluate
from odyssim.types import Sampling
from tests.models.server import unused_port
from tests.models.tiny import build_tiny_checkpoint

START_S = 90.0


class Served:
    """The address of the running server and the name under which it serves the checkpoint."""

    def __init__(self, base_url: str, model: str) -> None:
        self.base_url = base_url
        self.model = model


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    checkpoint = build_tiny_checkpoint(tmp_path_factory.mktemp("served") / "tiny")
    port = unused_port()
    binary = shutil.which("transformers", path=str(Path(sys.executable).parent))
    assert binary is not None
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE", "CUDA_VISIBLE_DEVICES": ""}
    log = (checkpoint.parent / "server.log").open("wb")
    server = subprocess.Popen(
        [binary, "serve", str(checkpoint), "--port", str(port), "--device", "cpu"],
        env=environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        _wait_for(f"http://localhost:{port}/health", server, Path(log.name))
        yield Served(f"http://localhost:{port}/v1", str(checkpoint))
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"transformers serve did not start: {log.read_text()[-2000:]}")


def test_evaluation_without_a_key(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    config = EvalConfig(
        tasks=("paratomi",), split="village", limit=6, concurrency=3, sampling=Sampling(temperature=0.0, max_tokens=8)
    )
    model = load_model(f"openai-api/{served.model}", base_url=served.base_url)
    result = evaluate(model, config, out=tmp_path)
    (row,) = result.tasks
    assert (row.n_scored, row.n_excluded) == (6, 0), row.failures
    assert row.score == 0.0  # random weights: no answer tag
    assert row.metrics["answered"] == 0.0
    assert row.cost.calls == 6
    assert row.cost.prompt_tokens > 600
    assert 0 < row.cost.completion_tokens <= 6 * 8
    assert row.cost.usd is None


def test_an_unknown_model_is_a_typed_failure(served: Served, tmp_path: Path) -> None:
    config = EvalConfig(tasks=("paratomi",), split="village", limit=2, concurrency=1)
    with pytest.raises(Exception, match=r"HTTP 4\d\d") as refused:
        evaluate(load_model("openai-api/nobody", base_url=served.base_url), config, out=tmp_path)
    assert getattr(refused.value, "hint", "")


def test_through_inspect(served: Served, tmp_path: Path) -> None:
    """`inspect eval odyssim/hitom` with Inspect's own provider for OpenAI-compatible servers."""
    environment = os.environ | {"TINY_BASE_URL": served.base_url, "TINY_API_KEY": "none"}
    inspect = str(Path(sys.executable).parent / "inspect")
    model = f"openai-api/tiny/{served.model}"
    task = ["odyssim/hitom", "-T", "split=village", "-T", "limit_items=4", "-T", "max_tokens=8"]
    ran = subprocess.run(
        [inspect, "eval", *task, "--model", model, "--display", "none", "--log-format", "json", "--log-dir", "logs"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (path,) = (tmp_path / "logs").glob("*.json")
    log = json.loads(path.read_text())
    assert log["status"] == "success"
    outcomes = [sample["scores"]["odyssim_score"]["metadata"]["odyssim_outcome"] for sample in log["samples"]]
    assert [outcome["failure"] for outcome in outcomes] == [None] * 4
    assert [outcome["score"] for outcome in outcomes] == [0.0] * 4
