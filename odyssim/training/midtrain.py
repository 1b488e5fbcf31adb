"""Midtraining: packed interactions to a checkpoint, in one loop that can be killed anywhere and goes on identically.

    out/{initial,best,last}   checkpoints that transformers loads; `initial` is the model before the first step
    out/metrics.jsonl         step, loss, learning_rate, grad_norm, tokens, tokens_per_second, seconds
    out/validation.jsonl      step, nats per human token overall and by source
    out/midtrain.json         MidtrainResult

Data order, learning rate and randomness are functions of the step, so weights, moments and the step are all the state
there is. The loss of a step is the sum over its targets divided by their number, over all micro-batches and processes.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from contextlib import nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.loader import Loader
from odyssim.corpus.shards import PackedShards
from odyssim.corpus.tokenizer import load_tokenizer
from odyssim.errors import OdysSimError, UsageError
from odyssim.progress import Progress, Silent
from odyssim.storage import write_text
from odyssim.training.checkpoint import Checkpoints, Journal, TrainState, read_state, restore_optimizer
from odyssim.training.config import MidtrainConfig, ModelShape
from odyssim.training.data import collate
from odyssim.training.loss import NllSummary, Tally, TokenNll, nll_of
from odyssim.training.model import build_model
from odyssim.training.unigram import unigram_nll
from odyssim.types import Record, derive_seed

_NOBODY = Silent()


class MidtrainResult(Record):
    """What a run did. The summaries are validation losses in nats per human token.

    `untrained` is the model before the first step, `unigram` an add-one unigram over the trained targets. `tokens`
    counts all ids but padding; `seconds` is training time without validation and checkpoints.
    """

    config: MidtrainConfig
    model: ModelShape | str
    parameters: int
    steps: int
    tokens: int
    seconds: float
    tokens_per_second: float
    best_step: int
    untrained: NllSummary
    unigram: NllSummary
    best: NllSummary
    last: NllSummary


def midtrain(
    config: MidtrainConfig,
    shards: Path,
    out: Path,
    *,
    model: ModelShape | str,
    tokenizer: Path,
    progress: Progress = _NOBODY,
) -> MidtrainResult:
    """Train `model` on `shards/train`, validate on `shards/validation`, and write everything below `out`.

    Called again with the same arguments it resumes from the last checkpoint (or just returns the result of a finished
    run). Under `torchrun` or `accelerate launch` every process calls it. Raises `UsageError` if `out` holds a run with
    other settings or the tokenizer is not the one the shards were made with, `DataError` for damaged shards,
    `StorageError` if the disk refuses, and `OdysSimError` if the loss stops being finite.
    """
    run = _Run(_with_precision(config), shards, out, model, tokenizer)
    run.train(progress)
    return run.result()


class _Run:
    """One midtraining run: everything that is set up once, and the state that moves."""

    def __init__(
        self, config: MidtrainConfig, shards: Path, out: Path, model: ModelShape | str, tokenizer: Path
    ) -> None:
        self.config, self.out, self.start_from = config, out, model
        self.accelerator = _accelerator(config)
        chatml = ChatML(load_tokenizer(tokenizer))
        self.train_rows = _open_shards(shards / "train", chatml)
        self.validation = _open_shards(shards / "validation", chatml)
        self.eval_rows = min(config.eval_rows or len(self.validation), len(self.validation))
        self.total_steps = config.total_steps(len(self.train_rows))

        self.checkpoints = Checkpoints(out, tokenizer)
        resume = self.checkpoints.newest()
        fresh = TrainState(run=self._digest())
        self.state = fresh if resume is None else read_state(resume)
        if self.state.run != fresh.run:
            raise UsageError(f"{out} holds a run with other settings.", hint="choose a new folder or remove this one")
        self.loader = Loader(
            self.train_rows,
            seed=config.seed,
            rank=self.accelerator.process_index,
            world=self.accelerator.num_processes,
            consumed=self.state.step * config.rows_per_step,
        )

        dtype = torch.bfloat16 if config.precision == "bfloat16" else torch.float32
        self.model = build_model(model if resume is None else str(resume), chatml, seed=config.seed, dtype=dtype)
        longest, seq_len = self.model.config.max_position_embeddings, self.train_rows.index.seq_len
        if longest < seq_len:
            raise UsageError(
                f"Rows are {seq_len} tokens long, but the model takes only {longest} positions.",
                hint="raise max_positions or pack shorter rows",
            )
        if config.gradient_checkpointing:
            self.model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[no-untyped-call]
        module = TokenNll(self.model, mixed=config.precision == "mixed")
        self.module, self.optimizer = self.accelerator.prepare(module, _adamw(module, config))
        if resume is not None:
            restore_optimizer(resume, self.module, self.optimizer.optimizer)
        self.metrics = Journal(out / "metrics.jsonl")
        self.validations = Journal(out / "validation.jsonl")
        if self.accelerator.is_main_process:
            kept = -1 if resume is None else self.state.step
            self.metrics.rewind(kept)
            self.validations.rewind(kept)
            if resume is not None:
                self.checkpoints.keep(last=self.state.step, best=self.state.best_step)

    def train(self, progress: Progress) -> None:
        if self.state.step == 0:
            self.checkpoints.save_initial(self.module, self.model, write=self.accelerator.is_main_process)
            self._validate()
        with progress.work("midtrain", self.total_steps, done=self.state.step) as work:
            while self.state.step < self.total_steps:
                figures = self._step()
                step, improved = self.state.step, False
                last = step == self.total_steps
                if last or step % self.config.eval_every == 0:
                    improved = self._validate()
                if last or improved or step % self.config.checkpoint_every == 0:
                    self._save()
                work.advance(1, **figures)

    def result(self) -> MidtrainResult:
        self.accelerator.wait_for_everyone()
        summaries = {record["step"]: NllSummary.model_validate(record["nll"]) for record in self.validations.read()}
        assert self.state.best_step is not None
        result = MidtrainResult(
            config=self.config,
            model=self.start_from,
            parameters=self.model.num_parameters(),
            steps=self.state.step,
            tokens=self.state.tokens,
            seconds=self.state.seconds,
            tokens_per_second=self.state.tokens / self.state.seconds,
            best_step=self.state.best_step,
            untrained=summaries[0],
            unigram=unigram_nll(self.train_rows, self.validation, validation_rows=self.eval_rows),
            best=summaries[self.state.best_step],
            last=summaries[self.state.step],
        )
        if self.accelerator.is_main_process:
            write_text(self.out / "midtrain.json", result.model_dump_json(indent=2) + "\n")
        return result

    def _step(self) -> dict[str, float]:
        """One optimiser step; the figures it logs."""
        started = time.perf_counter()
        config, step = self.config, self.state.step
        torch.manual_seed(derive_seed(config.seed, "step", step))
        rate = config.learning_rate(step, self.total_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

        processes = self.accelerator.num_processes
        rows_together = config.micro_rows * processes
        batches = [collate(self.loader.take(rows_together)) for _ in range(config.rows_per_step // rows_together)]
        counted = torch.tensor([[len(batch.targets), batch.tokens] for batch in batches]).sum(0)
        targets, tokens = self._sum(counted).tolist()

        self.module.train()
        total = torch.zeros((), dtype=torch.float64, device=self.accelerator.device)
        for number, batch in enumerate(batches, start=1):
            with nullcontext() if number == len(batches) else self.accelerator.no_sync(self.module):
                nll = nll_of(self.module, batch.to(self.accelerator.device)).sum()
                # Data-parallel wrappers average gradients over processes; we want their sum.
                self.accelerator.backward(nll * (processes / targets))
                total += nll.detach()
        norm = float(self.accelerator.clip_grad_norm_(self.module.parameters(), config.grad_clip))
        loss = float(self._sum(total)) / targets
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise OdysSimError(
                f"Training diverged at step {step + 1}: loss {loss}, gradient norm {norm}.",
                hint="lower peak_lr or lengthen warmup_steps; the last checkpoint is intact",
            )
        self.optimizer.step()
        self.optimizer.zero_grad()

        seconds = time.perf_counter() - started
        self.state = self.state.model_copy(
            update={
                "step": step + 1,
                "tokens": self.state.tokens + int(tokens),
                "seconds": self.state.seconds + seconds,
            }
        )
        figures = {"loss": loss, "learning_rate": rate, "grad_norm": norm, "tokens_per_second": tokens / seconds}
        if self.accelerator.is_main_process:
            record = {"step": step + 1, "tokens": self.state.tokens, "seconds": self.state.seconds, **figures}
            self.metrics.append(record)
        return figures

    @torch.no_grad()
    def _validate(self) -> bool:
        """Score the validation rows, log the summary, and say whether it is the best of the trained models so far."""
        self.module.eval()
        tally = Tally(self.validation)
        size, rank = self.config.micro_rows, self.accelerator.process_index
        for start in range(0, self.eval_rows, size * self.accelerator.num_processes):
            mine = range(start + rank * size, min(start + (rank + 1) * size, self.eval_rows))
            # Sharded models need every process in every forward pass: one without rows computes row 0 for nothing.
            batch = collate(self.validation.rows(mine or [0]))
            nll = nll_of(self.module, batch.to(self.accelerator.device))
            if mine:
                tally.add(batch.documents, nll.double().cpu().numpy())
        tally.add_up(self._sum)
        summary, step = tally.summary(), self.state.step
        if self.accelerator.is_main_process:
            self.validations.append({"step": step, "nll": summary.model_dump()})
        nll_now = summary.overall.nll
        improved = step > 0 and (self.state.best_nll is None or nll_now < self.state.best_nll)
        if improved:
            self.state = self.state.model_copy(update={"best_step": step, "best_nll": nll_now})
        return improved

    def _save(self) -> None:
        self.checkpoints.save(
            self.state,
            self.module,
            self.model,
            self.optimizer.optimizer,
            write=self.accelerator.is_main_process,
        )
        self.accelerator.wait_for_everyone()

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        """Element-wise sum over all processes, in float64 on the CPU."""
        total: torch.Tensor = self.accelerator.reduce(values.double().to(self.accelerator.device), "sum")
        return total.cpu()

    def _digest(self) -> str:
        """One hash of everything that decides the result of the run."""
        start = self.start_from if isinstance(self.start_from, str) else self.start_from.model_dump()
        parts = [self.config.model_dump(), start, self.train_rows.index.sha256, self.validation.index.sha256]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _accelerator(config: MidtrainConfig) -> Accelerator:
    if config.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device 'cuda' was asked for but torch sees no GPU.", hint="use device: auto")
    # Precision is the model's business (`TokenNll`): Accelerator fixes its own once for the whole process.
    accelerator = Accelerator(cpu=config.device == "cpu", mixed_precision="no")
    if config.rows_per_step % (config.micro_rows * accelerator.num_processes):
        raise UsageError(
            f"rows_per_step ({config.rows_per_step}) does not divide into micro-batches of {config.micro_rows} rows "
            f"on {accelerator.num_processes} processes.",
            hint="make rows_per_step a multiple of micro_rows x processes",
        )
    return accelerator


def _with_precision(config: MidtrainConfig) -> MidtrainConfig:
    """`config` with 'auto' replaced by what this machine does best: emulated bfloat16 is slower than float32."""
    if config.precision != "auto":
        return config
    on_gpu = config.device != "cpu" and torch.cuda.is_available()
    cpu = torch.cpu.get_capabilities()
    native = torch.cuda.is_bf16_supported() if on_gpu else cpu.get("avx512_bf16") or cpu.get("amx_bf16")
    return config.model_copy(update={"precision": "mixed" if native else "float32"})


def _open_shards(path: Path, chatml: ChatML) -> PackedShards:
    shards = PackedShards(path)
    if shards.index.tokenizer != chatml.fingerprint:
        raise UsageError(f"{path} was packed with another tokenizer.", hint="pack again with this tokenizer")
    shards.verify()
    return shards


def _adamw(module: nn.Module, config: MidtrainConfig) -> torch.optim.AdamW:
    """AdamW without decay on vectors (norms, biases) and embeddings, whose scale carries meaning."""
    embeddings = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for parameter in module.parameters():
        (free if parameter.ndim < 2 or id(parameter) in embeddings else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.peak_lr, betas=config.betas, fused=True)
