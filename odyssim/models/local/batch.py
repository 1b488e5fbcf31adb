"""One batch: every row drawn from its own seed and ended on its own terms, with the log-probabilities of the draws."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from odyssim.models.local.checkpoint import Checkpoint
from odyssim.types import Cost, Reply, Sampling, StopReason, Usage


@dataclass(frozen=True)
class Row:
    """A prompt to continue by at most `budget` tokens. `abandoned` tells, at any time, that nobody waits any more."""

    prompt: Sequence[int]
    budget: int
    sampling: Sampling
    abandoned: Callable[[], bool]


class SeededSampler(LogitsProcessor):
    """Turns scores into perturbed scores whose maximum is the row's draw; temperature 0 keeps the plain maximum.

    Temperature none means 1, top_p none means all tokens. `logprobs` grows by one tensor [rows] per step: the natural
    log of the chosen token's probability under the model's own distribution, that is at temperature 1 and without
    top_p, whatever the row was sampled with.
    """

    def __init__(self, samplings: Sequence[Sampling], device: torch.device) -> None:
        self.logprobs: list[torch.Tensor] = []
        temperatures = [1.0 if sampling.temperature is None else sampling.temperature for sampling in samplings]
        self._drawn = [row for row, temperature in enumerate(temperatures) if temperature > 0]
        self._dice = [_dice(samplings[row].seed, device) for row in self._drawn]
        self._temperature = torch.tensor([[t or 1.0] for t in temperatures], dtype=torch.float64, device=device)
        self._narrowed = [row for row in self._drawn if samplings[row].top_p not in (None, 1.0)]
        self._top_p = self._temperature.new_tensor([[samplings[row].top_p] for row in self._narrowed])

    def __call__(self, input_ids: torch.LongTensor, scores: torch.Tensor) -> torch.Tensor:
        # In float64: float32 uniforms have 2^24 values, too coarse for the tail of a vocabulary of 150k tokens.
        perturbed = scores.double() / self._temperature
        if self._narrowed:
            perturbed[self._narrowed] = nucleus(perturbed[self._narrowed], self._top_p)
        if self._drawn:
            uniform = perturbed.new_empty(len(self._drawn), perturbed.shape[1])
            for row, dice in zip(uniform, self._dice, strict=True):
                row.uniform_(generator=dice)
            perturbed[self._drawn] -= uniform.log_().neg_().log_()
        chosen = perturbed.argmax(dim=-1, keepdim=True)
        self.logprobs.append((scores.gather(1, chosen) - scores.logsumexp(dim=-1, keepdim=True)).squeeze(1))
        return perturbed


def nucleus(scores: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """`scores` [rows, vocab] with -inf outside the smallest set of tokens of probability >= `top_p` [rows, 1].

    Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1.
    """
    ascending, order = scores.sort(dim=-1)
    tail = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - top_p
    tail[:, -1] = False
    return scores.masked_fill(torch.zeros_like(tail).scatter(1, order, tail), float("-inf"))


def _dice(seed: int | None, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed((secrets.randbits(63) if seed is None else seed) % 2**63)


class RowEnds(StoppingCriteria):
    """Where each row ends: at an end token, its budget, one of its stop strings, or when nobody waits for it.

    `lengths` [rows] counts the tokens of each row so far, the one that ended it included. The prompts end at `width`.
    """

    def __init__(self, checkpoint: Checkpoint, rows: Sequence[Row], width: int) -> None:
        device = checkpoint.model.device
        self.lengths = torch.zeros(len(rows), dtype=torch.long, device=device)
        self._finished = torch.zeros(len(rows), dtype=torch.bool, device=device)
        self._budgets = torch.tensor([row.budget for row in rows], device=device)
        self._ends = torch.tensor(checkpoint.ends, device=device)
        self._decode = checkpoint.decode
        self._rows = rows
        self._width = width
        # A token spells at least one byte, so no more than these can belong to a stop string that ends in the last.
        self._reach = max((len(stop.encode()) for row in rows for stop in row.sampling.stop), default=0)

    def __call__(
        self, input_ids: torch.LongTensor, scores: tuple[torch.Tensor] | None, **kwargs: object
    ) -> torch.Tensor:
        self.lengths += ~self._finished
        tails = input_ids[:, max(self._width, input_ids.shape[1] - self._reach) :].tolist()
        cut = [row.abandoned() or self._stopped(row, tail) for row, tail in zip(self._rows, tails, strict=True)]
        self._finished |= torch.tensor(cut, device=self._finished.device)
        self._finished |= torch.isin(input_ids[:, -1], self._ends) | (self.lengths >= self._budgets)
        return self._finished

    def _stopped(self, row: Row, tail: list[int]) -> bool:
        if not row.sampling.stop:
            return False
        text = self._decode(tail)
        return any(stop in text for stop in row.sampling.stop)


def generate(checkpoint: Checkpoint, rows: Sequence[Row]) -> list[Reply]:
    """Continue all `rows` in one batch; the replies come in their order. Raises what torch raises.

    `cost.seconds` of a reply is its share of the batch: wall time / rows.
    """
    started = time.perf_counter()
    model = checkpoint.model
    width = max(len(row.prompt) for row in rows)
    pad = model.generation_config.pad_token_id
    padding = [width - len(row.prompt) for row in rows]
    prompts = [[pad] * n + list(row.prompt) for n, row in zip(padding, rows, strict=True)]
    mask = [[0] * n + [1] * (width - n) for n in padding]
    sampler = SeededSampler([row.sampling for row in rows], model.device)
    row_ends = RowEnds(checkpoint, rows, width)
    output = model.generate(
        input_ids=torch.tensor(prompts, device=model.device),
        attention_mask=torch.tensor(mask, device=model.device),
        max_new_tokens=max(row.budget for row in rows),
        logits_processor=LogitsProcessorList([sampler]),
        stopping_criteria=StoppingCriteriaList([row_ends]),
    )
    sampled = output[:, width:].tolist()
    logprobs = torch.stack(sampler.logprobs, dim=1).tolist()
    lengths = row_ends.lengths.tolist()
    seconds = (time.perf_counter() - started) / len(rows)
    return [
        _reply(checkpoint, row, ids[:length], logs[:length], seconds)
        for row, ids, logs, length in zip(rows, sampled, logprobs, lengths, strict=True)
    ]


def _reply(checkpoint: Checkpoint, row: Row, ids: list[int], logprobs: list[float], seconds: float) -> Reply:
    """The reply of one row. A stop string is cut from the text, and from the ids as far as tokens allow.

    After such a cut the ids are the shortest prefix that spells the kept text; its last token may spell the beginning
    of the stop string too. `usage` counts every token sampled.
    """
    usage = Usage(prompt_tokens=len(row.prompt), completion_tokens=len(ids))
    text = checkpoint.decode(ids)
    ended = ids[-1] in checkpoint.ends
    if found := [text.index(stop) for stop in row.sampling.stop if stop in text]:
        ended = True
        text = text[: min(found)]
        while ids and checkpoint.decode(ids[:-1]).startswith(text):
            ids = ids[:-1]
    return Reply(
        text=text,
        stop_reason=StopReason.END if ended else StopReason.LENGTH,
        usage=usage,
        cost=Cost(calls=1, **usage.model_dump(), usd=0.0, seconds=seconds),
        token_ids=tuple(ids),
        logprobs=tuple(logprobs[: len(ids)]),
    )
