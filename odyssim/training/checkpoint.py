"""Checkpoints that survive a kill at any moment, and journals that a resumed run continues without a seam.

A checkpoint is one folder, `checkpoints/step-NNNNNNNN`: weights, config and tokenizer as transformers loads them, plus
the optimizer's moments and `state.json`. It appears complete or not at all. Two are kept, under the links `last` and
`best`. `initial` is the model before the first step, without moments.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_optimizer_state_dict,
)
from transformers import PreTrainedModel

from odyssim.corpus.tokenizer import TOKENIZER_FILES
from odyssim.errors import DataError, StorageError
from odyssim.storage import new_folder, write_text, writing
from odyssim.types import Record

STATE = "state.json"
OPTIMIZER = "optimizer.pt"
_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


class TrainState(Record):
    """Where a run stands after `step` steps; all else follows from the settings, whose digest is `run`.

    `tokens` (without padding) and `seconds` cover training only. `best_step` has the lowest validation loss so far.
    """

    run: str
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best_nll: float | None = None


class Checkpoints:
    """The checkpoints of the run in `out`, each with a copy of the files of the `tokenizer` folder.

    In a run of several processes all of them save, and the one with `write` writes. Saving raises `StorageError` if
    the disk refuses; earlier checkpoints stay valid.
    """

    def __init__(self, out: Path, tokenizer: Path) -> None:
        self.out, self.tokenizer = out, tokenizer
        self.steps = out / "checkpoints"

    def newest(self) -> Path | None:
        return max(self.steps.glob("step-*"), default=None)

    def at(self, step: int) -> Path:
        return self.steps / f"step-{step:08d}"

    def save_initial(self, module: nn.Module, model: PreTrainedModel, *, write: bool) -> None:
        """Write `initial`, unless an attempt before this one did."""
        weights = get_model_state_dict(module, options=_WHOLE)
        initial = self.out / "initial"
        if write and not initial.exists():
            with new_folder(initial) as folder, _wrapped_writing(folder):
                self._write_model(folder, model, weights)

    def save(
        self,
        state: TrainState,
        module: nn.Module,
        model: PreTrainedModel,
        optimizer: torch.optim.Optimizer,
        *,
        write: bool,
    ) -> None:
        """Write the checkpoint of `state`, then drop all but this and the best one.

        `module` holds `model` under the name `model`, perhaps wrapped for several processes.
        """
        weights, moments = get_state_dict(module, optimizer, options=_WHOLE)
        if not write:
            return
        with new_folder(self.at(state.step)) as folder, _wrapped_writing(folder):
            self._write_model(folder, model, weights)
            torch.save(moments, folder / OPTIMIZER)
            (folder / STATE).write_text(state.model_dump_json(indent=2) + "\n", encoding="utf-8")
        self.keep(last=state.step, best=state.best_step)

    def _write_model(self, folder: Path, model: PreTrainedModel, weights: dict[str, Any]) -> None:
        model.save_pretrained(folder, state_dict={name.removeprefix("model."): w for name, w in weights.items()})
        for name in TOKENIZER_FILES:
            if (self.tokenizer / name).is_file():
                shutil.copyfile(self.tokenizer / name, folder / name)

    def keep(self, *, last: int, best: int | None) -> None:
        """Point the links at these steps and drop all others; doing it again finishes what a kill cut short."""
        named = {"last": self.at(last)} | ({} if best is None else {"best": self.at(best)})
        with writing(self.out):
            for name, target in named.items():
                link = self.out / f".{name}"
                link.unlink(missing_ok=True)
                link.symlink_to(target.relative_to(self.out))
                link.replace(self.out / name)
            for folder in self.steps.glob("step-*"):
                if folder not in named.values():
                    shutil.rmtree(folder)


def read_state(checkpoint: Path) -> TrainState:
    """Where the run stood at a checkpoint."""
    return TrainState.model_validate_json((checkpoint / STATE).read_bytes())


def restore_optimizer(checkpoint: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Give a fresh `optimizer` of `module` the moments of a checkpoint."""
    moments = torch.load(checkpoint / OPTIMIZER, map_location="cpu", weights_only=True)
    set_optimizer_state_dict(module, optimizer, moments, options=_WHOLE)


class Journal:
    """A JSONL file of records with a `step`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rewind(self, step: int) -> None:
        """Forget what lies beyond `step`: a resumed run writes it again."""
        kept = [record for record in self.read() if record["step"] <= step] if self.path.exists() else []
        write_text(self.path, "".join(_line(record) for record in kept))

    def append(self, record: dict[str, Any]) -> None:
        with writing(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(_line(record))

    def read(self) -> list[dict[str, Any]]:
        """All records; a last line that a kill cut short does not count."""
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        records = []
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                break
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise DataError(f"not JSON: {error}", path=self.path, line=number) from error
        return records


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record) + "\n"


@contextmanager
def _wrapped_writing(path: Path) -> Iterator[None]:
    """`writing` for writers that wrap the operating system's error in one of their own."""
    try:
        with writing(path):
            yield
    except (SafetensorError, RuntimeError) as error:
        raise StorageError(f"Cannot write {path}: {error}", hint="free disk space or choose another folder") from error
