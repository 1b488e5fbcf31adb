"""What a midtraining run can be asked to do. Unknown keys are errors."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from odyssim.settings import Settings


class ModelShape(Settings):
    """A model of the Qwen3 architecture to start from random weights; its vocabulary is the tokenizer's."""

    hidden: int = Field(gt=0)
    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    kv_heads: int = Field(gt=0)
    head_dim: int = Field(gt=0, multiple_of=2)
    intermediate: int = Field(gt=0)
    tie_embeddings: bool = True
    max_positions: int = Field(default=4096, gt=0)
    rope_theta: float = Field(default=10_000.0, gt=0.0)

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        return self


class MidtrainConfig(Settings):
    """Optimisation of one midtraining run.

    Exactly one of `steps` and `epochs` says how long. A step sees `rows_per_step` packed rows over all processes,
    `micro_rows` at a time in each. The learning rate rises linearly from 0 over `warmup_steps`, then follows a cosine
    to `lr_floor` times the peak. `eval_every` and `checkpoint_every` are in steps; the last step always does both.
    `precision`: 'float32'; 'mixed' computes in bfloat16 on float32 weights; 'bfloat16' holds the weights in it too;
    'auto' is 'mixed' where the hardware multiplies bfloat16, else 'float32'.
    """

    steps: int | None = Field(default=None, gt=0)
    epochs: float | None = Field(default=None, gt=0.0)
    rows_per_step: int = Field(default=16, gt=0)
    micro_rows: int = Field(default=4, gt=0)
    peak_lr: float = Field(default=1e-3, gt=0.0)
    warmup_steps: int = Field(default=50, ge=0)
    lr_floor: float = Field(default=0.0, ge=0.0, le=1.0)
    weight_decay: float = Field(default=0.01, ge=0.0)
    betas: tuple[float, float] = (0.9, 0.999)
    grad_clip: float = Field(default=1.0, gt=0.0)
    eval_every: int = Field(default=100, gt=0)
    eval_rows: int | None = Field(default=None, gt=0)
    checkpoint_every: int = Field(default=100, gt=0)
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "mixed", "bfloat16"] = "auto"
    gradient_checkpointing: bool = False

    @model_validator(mode="after")
    def _one_length_and_whole_micro_batches(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give exactly one of steps and epochs")
        if self.rows_per_step % self.micro_rows:
            raise ValueError(f"rows_per_step ({self.rows_per_step}) must be a multiple of micro_rows")
        return self

    def total_steps(self, rows: int) -> int:
        """Steps of the whole run over a training set of `rows` rows."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return math.ceil(self.epochs * rows / self.rows_per_step)

    def learning_rate(self, step: int, total: int) -> float:
        """The rate of `step` (0-based) out of `total`: linear warm-up, then cosine down to the floor."""
        if step < self.warmup_steps:
            return self.peak_lr * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, total - self.warmup_steps)
        return self.peak_lr * (self.lr_floor + (1 - self.lr_floor) * 0.5 * (1 + math.cos(math.pi * done)))
