"""What a run would do and about how long it takes on this machine, before it starts.

Training and generation are counted in floating-point operations and divided by the rate of a short matrix product
here, times the share of it that the stage was measured to reach on a CPU. A base model by name is not estimated.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import numpy as np

from odyssim.corpus.sources.village import VILLAGE_SIZE
from odyssim.progress import Silent
from odyssim.recipe.config import Recipe
from odyssim.recipe.run import recipe_stages
from odyssim.recipe.stage import finished, stage_keys
from odyssim.training.config import ModelShape
from odyssim.types import Record

TRAINING_SHARE = 0.6
"""Share of the matrix-product rate that a training step reaches (small models on two cores)."""
STEP_S = 0.02
"""Seconds per generated token of a batch of 32, whatever the model: below that, overhead dominates on a CPU."""
RAW_S = {"corpus": 0.15, "tokenizer": 0.15, "packed": 0.65}
"""Seconds per megabyte of raw text that the stages before training took; reading text does not profit from cores."""
VILLAGER_MB = 4e-4
BATCH = 32
EVAL_PROMPT_TOKENS = 700


class PlannedStage(Record):
    """One stage: what it will do, whether it is done already, and the estimate in seconds (none: unknown)."""

    stage: str
    work: str
    status: Literal["done", "to do"]
    seconds: float | None


def plan(recipe: Recipe, out: Path, *, data: Path | None = None) -> list[PlannedStage]:
    """The stages of `recipe` in the run folder `out`. Raises as `run` does if raw files are missing."""
    stages = recipe_stages(recipe, out, data, Silent())
    keys = stage_keys(stages)
    sizes = [size for files in stages[0].settings["files"].values() for size, _ in files.values()]
    work = _work(recipe, raw_mb=sum(sizes) / 1e6)
    planned = []
    for stage in stages:
        done = finished(out / stage.name, keys[stage.name]) is not None
        what, seconds = work[stage.name]
        planned.append(
            PlannedStage(
                stage=stage.name,
                work=what,
                status="done" if done else "to do",
                seconds=0.0 if done else seconds,
            )
        )
    return planned


def _work(recipe: Recipe, raw_mb: float) -> dict[str, tuple[str, float | None]]:
    villages = [choice.limit or VILLAGE_SIZE for choice in recipe.sources if choice.name == "village"]
    raw_mb += sum(villages) * VILLAGER_MB
    reading = {stage: 1.0 + seconds * raw_mb for stage, seconds in RAW_S.items()}
    sources = ", ".join(choice.name for choice in recipe.sources)
    settings, rate = recipe.midtrain, matrix_rate()
    weights = parameters(recipe)
    step_tokens = settings.rows_per_step * recipe.pack.seq_len
    length = f"{settings.steps} steps" if settings.steps else f"{settings.epochs} epochs"
    training = None
    if weights is not None and settings.steps is not None:
        validations = settings.steps // settings.eval_every + 1
        tokens = settings.steps * step_tokens + validations * (settings.eval_rows or 0) * recipe.pack.seq_len / 3
        training = 6 * weights * tokens / (rate * TRAINING_SHARE)
    size = "" if weights is None else f"{weights / 1e6:.1f} M parameters, "
    work: dict[str, tuple[str, float | None]] = {
        "corpus": (sources, reading["corpus"]),
        "tokenizer": (
            f"{recipe.tokenizer.vocab_size} tokens" if recipe.tokenizer else "of the base model",
            reading["tokenizer"],
        ),
        "packed": (f"rows of {recipe.pack.seq_len}", reading["packed"]),
        "midtrain": (f"{size}{length} of {step_tokens} tokens", training),
        "report": ("report.html", 2.0),
    }
    models = 2 if recipe.measure_untrained else 1
    if evaluation := recipe.eval:
        samples = models * len(evaluation.tasks) * len(evaluation.seeds) * (evaluation.limit or 1000)
        work["eval"] = (
            f"{', '.join(evaluation.tasks)}: {samples} samples",
            _generation(weights, rate, samples, EVAL_PROMPT_TOKENS, evaluation.sampling.max_tokens),
        )
    if likeness := recipe.likeness:
        turns = models * likeness.turns
        work["likeness"] = (
            f"{turns} next turns",
            _generation(weights, rate, turns, recipe.pack.seq_len // 2, likeness.sampling.max_tokens),
        )
    return work


def _generation(weights: float | None, rate: float, samples: int, prompt: int, answer: int) -> float | None:
    if weights is None:
        return None
    reading = 2 * weights * samples * prompt / (rate * TRAINING_SHARE)
    return reading + samples / BATCH * answer * STEP_S + 10.0


def parameters(recipe: Recipe) -> float | None:
    """Weights of the model the recipe starts from random values, embeddings included; none for a base model."""
    shape = recipe.model
    if not isinstance(shape, ModelShape) or recipe.tokenizer is None:
        return None
    attention = shape.hidden * shape.head_dim * 2 * (shape.heads + shape.kv_heads)
    block = attention + 3 * shape.hidden * shape.intermediate
    embeddings = recipe.tokenizer.vocab_size * shape.hidden * (1 if shape.tie_embeddings else 2)
    return float(embeddings + shape.layers * block)


def matrix_rate(products: int = 30) -> float:
    """Floating-point operations a second of a float32 matrix product on this machine's CPU: the best of `products`.

    The best, because whatever else runs just now is no property of the machine.
    """
    size = 768
    left = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    seconds = []
    for _ in range(products):
        begun = time.perf_counter()
        left @ left
        seconds.append(time.perf_counter() - begun)
    return 2 * size**3 / min(seconds)
