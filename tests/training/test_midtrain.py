"""A run learns, survives a kill without a trace, keeps its checkpoints valid, and says why it stops."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from odyssim.errors import DataError, OdysSimError, StorageError, UsageError
from odyssim.training.checkpoint import Checkpoints
from odyssim.training.config import MidtrainConfig
from odyssim.training.midtrain import MidtrainResult, midtrain
from tests.training.conftest import SHAPE

CONFIG = MidtrainConfig(
    steps=12,
    rows_per_step=4,
    micro_rows=2,
    peak_lr=3e-3,
    warmup_steps=2,
    eval_every=4,
    checkpoint_every=5,
    device="cpu",
)


class Killed(BaseException):
    """Stands for a signal: nothing in the code under test may catch it."""


class KillAfter:
    """A progress watcher that pulls the plug after some steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @contextmanager
    def work(self, title: str, total: int, done: int = 0) -> Iterator[KillAfter]:
        yield self

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.left -= amount
        if self.left == 0:
            raise Killed


def metrics(out: Path) -> list[tuple[object, ...]]:
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [(r["step"], r["tokens"], r["loss"], r["learning_rate"], r["grad_norm"]) for r in records]


@pytest.fixture(scope="module")
def whole(shards: Path, tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MidtrainResult]:
    """A run in one go."""
    out = tmp_path_factory.mktemp("whole")
    return out, midtrain(CONFIG, shards, out, model=SHAPE, tokenizer=tokenizer)


def test_training_beats_the_untrained_model(whole: tuple[Path, MidtrainResult]) -> None:
    out, result = whole
    assert result.last.overall.nll < result.untrained.overall.nll - 0.5
    assert result.best.overall.nll <= result.last.overall.nll
    assert set(result.best.by_source) == {"source-0", "source-1"}
    assert result.steps == 12
    assert MidtrainResult.model_validate_json((out / "midtrain.json").read_bytes()) == result


@pytest.mark.parametrize("steps", [2, 5, 7, 12])
def test_a_killed_run_goes_on_bit_for_bit(
    whole: tuple[Path, MidtrainResult], shards: Path, tokenizer: Path, tmp_path: Path, steps: int
) -> None:
    out, result = whole
    with pytest.raises(Killed):
        midtrain(CONFIG, shards, tmp_path, model=SHAPE, tokenizer=tokenizer, progress=KillAfter(steps))
    resumed = midtrain(CONFIG, shards, tmp_path, model=SHAPE, tokenizer=tokenizer)
    assert metrics(tmp_path) == metrics(out)
    assert (tmp_path / "validation.jsonl").read_bytes() == (out / "validation.jsonl").read_bytes()
    assert (resumed.last, resumed.best_step) == (result.last, result.best_step)
    expected, found = load_file(out / "last/model.safetensors"), load_file(tmp_path / "last/model.safetensors")
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize("name", ["initial", "best", "last"])
def test_transformers_loads_every_checkpoint(whole: tuple[Path, MidtrainResult], name: str) -> None:
    out, result = whole
    model = AutoModelForCausalLM.from_pretrained(out / name)
    tokenizer = AutoTokenizer.from_pretrained(out / name)
    assert model.num_parameters() == result.parameters
    assert model.config.eos_token_id == tokenizer.eos_token_id == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert tokenizer.chat_template


def test_only_the_last_and_the_best_checkpoint_are_kept(whole: tuple[Path, MidtrainResult]) -> None:
    out, result = whole
    kept = {path.name for path in (out / "checkpoints").iterdir()}
    assert kept == {f"step-{step:08d}" for step in (12, result.best_step)}


def test_a_finished_run_returns_its_result_and_mends_its_links(
    whole: tuple[Path, MidtrainResult], shards: Path, tokenizer: Path, tmp_path: Path
) -> None:
    out = tmp_path / "copy"
    shutil.copytree(whole[0], out, symlinks=True)
    (out / "last").unlink()
    assert midtrain(CONFIG, shards, out, model=SHAPE, tokenizer=tokenizer) == whole[1]
    assert (out / "last").readlink() == Path("checkpoints/step-00000012")


def test_a_checkpoint_is_a_base_to_train_on(
    whole: tuple[Path, MidtrainResult], shards: Path, tokenizer: Path, tmp_path: Path
) -> None:
    out, result = whole
    config = CONFIG.model_copy(update={"steps": 1})
    more = midtrain(config, shards, tmp_path, model=str(out / "last"), tokenizer=tokenizer)
    assert more.untrained.overall.nll == pytest.approx(result.last.overall.nll, abs=1e-6)


def test_gradient_checkpointing_changes_nothing(
    whole: tuple[Path, MidtrainResult], shards: Path, tokenizer: Path, tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={"gradient_checkpointing": True})
    midtrain(config, shards, tmp_path, model=SHAPE, tokenizer=tokenizer)
    losses = [record[2] for record in metrics(tmp_path)]
    assert losses == pytest.approx([record[2] for record in metrics(whole[0])], abs=1e-5)


@pytest.mark.parametrize(("precision", "kept_as"), [("mixed", torch.float32), ("bfloat16", torch.bfloat16)])
def test_lower_precision_trains(
    shards: Path, tokenizer: Path, tmp_path: Path, precision: str, kept_as: torch.dtype
) -> None:
    config = CONFIG.model_copy(update={"precision": precision})
    result = midtrain(config, shards, tmp_path, model=SHAPE, tokenizer=tokenizer)
    assert result.last.overall.nll < result.untrained.overall.nll
    assert load_file(tmp_path / "last/model.safetensors")["model.norm.weight"].dtype == kept_as


def test_divergence_is_named_with_its_step(shards: Path, tokenizer: Path, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"peak_lr": 1e30, "warmup_steps": 0})
    with pytest.raises(OdysSimError, match=r"diverged at step \d+") as caught:
        midtrain(config, shards, tmp_path, model=SHAPE, tokenizer=tokenizer)
    assert "peak_lr" in caught.value.hint


def test_a_full_disk_is_a_storage_error_and_the_run_goes_on_later(
    whole: tuple[Path, MidtrainResult], shards: Path, tokenizer: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        midtrain(CONFIG, shards, tmp_path, model=SHAPE, tokenizer=tokenizer, progress=KillAfter(6))
    before = Checkpoints(tmp_path, tokenizer).newest()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (20_000, (tmp_path / "last/model.safetensors").stat().st_size + 5_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(StorageError, match="checkpoints"):
                midtrain(CONFIG, shards, tmp_path, model=SHAPE, tokenizer=tokenizer)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert Checkpoints(tmp_path, tokenizer).newest() == before
        assert {path.name[:5] for path in (tmp_path / "checkpoints").iterdir()} == {"step-"}
    midtrain(CONFIG, shards, tmp_path, model=SHAPE, tokenizer=tokenizer)
    assert metrics(tmp_path) == metrics(whole[0])


def test_other_settings_do_not_continue_a_run(
    whole: tuple[Path, MidtrainResult], shards: Path, tokenizer: Path
) -> None:
    with pytest.raises(UsageError, match="other settings"):
        midtrain(CONFIG.model_copy(update={"seed": 1}), shards, whole[0], model=SHAPE, tokenizer=tokenizer)


def test_rows_must_fit_into_the_model(shards: Path, tokenizer: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="32 positions"):
        midtrain(CONFIG, shards, tmp_path, model=SHAPE.model_copy(update={"max_positions": 32}), tokenizer=tokenizer)


def test_damaged_shards_are_refused(shards: Path, tokenizer: Path, tmp_path: Path) -> None:
    copy = tmp_path / "shards"
    shutil.copytree(shards, copy)
    rows = copy / "train/00000/rows.bin"
    content = bytearray(rows.read_bytes())
    content[100] ^= 1
    rows.write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.bin"):
        midtrain(CONFIG, copy, tmp_path / "out", model=SHAPE, tokenizer=tokenizer)


def test_the_length_of_a_run_is_said_once() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        MidtrainConfig()
    with pytest.raises(ValueError, match="exactly one"):
        MidtrainConfig(steps=1, epochs=1.0)
    assert MidtrainConfig(epochs=1.5, rows_per_step=4).total_steps(10) == 4


def test_the_learning_rate_warms_up_and_falls_to_its_floor() -> None:
    config = MidtrainConfig(steps=100, peak_lr=1.0, warmup_steps=10, lr_floor=0.1)
    rates = [config.learning_rate(step, 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)
