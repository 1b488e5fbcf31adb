"""Negative log-likelihood, exact to the token: how it is computed, and what a set of documents scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from odyssim.corpus.shards import PackedShards
from odyssim.training.data import Batch
from odyssim.types import Record

HEAD_CHUNK = 8192
"""Predictions per pass of the language-model head; more would hold too many logits (ids x vocabulary) at once."""


class TokenNll(nn.Module):
    """A causal model whose output is the loss of each scored prediction.

    Only the hidden states that predict a target meet the language-model head: with one person's turns trained, that
    saves most of the largest matrix product. It is a module of its own so that data-parallel wrappers see one forward.
    `mixed`: compute in bfloat16 where that is safe, whatever the type of the weights.
    """

    def __init__(self, model: PreTrainedModel, *, mixed: bool = False) -> None:
        super().__init__()
        self.model = model
        self.mixed = mixed

    def forward(
        self,
        input_ids: torch.Tensor,
        position_ids: torch.Tensor,
        predict_at: torch.Tensor,
        targets: torch.Tensor,
    ) -> torch.Tensor:
        """-log p in nats of each of the N `targets`, float32; the arguments are fields of a `Batch`."""
        with torch.autocast(input_ids.device.type, torch.bfloat16, enabled=self.mixed):
            backbone = self.model.base_model(input_ids=input_ids, position_ids=position_ids, use_cache=False)
            hidden = backbone.last_hidden_state.flatten(0, 1)[predict_at]
            if len(targets) <= HEAD_CHUNK:
                return self._head(hidden, targets)
            chunks = zip(torch.split(hidden, HEAD_CHUNK), torch.split(targets, HEAD_CHUNK), strict=True)
            return torch.cat([checkpoint(self._head, *chunk, use_reentrant=False) for chunk in chunks])

    def _head(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = self.model.get_output_embeddings()(hidden)  # type: ignore[no-untyped-call]
        return nn.functional.cross_entropy(logits.float(), targets, reduction="none")


def nll_of(module: nn.Module, batch: Batch) -> torch.Tensor:
    """-log p of each target of `batch`, through a `TokenNll` or a wrapper of one."""
    nll: torch.Tensor = module(batch.input_ids, batch.position_ids, batch.predict_at, batch.targets)
    return nll


class NllFigure(Record):
    """Mean negative log-likelihood in nats per human token, with a 95 % interval clustered by interaction.

    `low` and `high` are none for fewer than two clusters.
    """

    nll: float
    low: float | None
    high: float | None
    tokens: int


class NllSummary(Record):
    """The figure over everything, and by source name."""

    overall: NllFigure
    by_source: dict[str, NllFigure]


class Tally:
    """Sums of losses and numbers of targets of each document of `shards`, as they come in."""

    def __init__(self, shards: PackedShards) -> None:
        self.shards = shards
        self.nll = np.zeros(len(shards.documents))
        self.tokens = np.zeros(len(shards.documents), dtype=np.int64)

    def add(self, documents: NDArray[np.int64], nll: NDArray[np.floating[Any]]) -> None:
        """The loss of one target each, and the documents these belong to."""
        np.add.at(self.nll, documents, nll)
        np.add.at(self.tokens, documents, 1)

    def add_up(self, over_processes: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Replace the sums of this process by those of all."""
        self.nll = over_processes(torch.from_numpy(self.nll)).numpy()
        self.tokens = over_processes(torch.from_numpy(self.tokens)).long().numpy()

    def summary(self) -> NllSummary:
        scored = self.tokens > 0
        source = self.shards.documents["source"]
        by_source = {
            entry.name: self._figure(chosen)
            for number, entry in enumerate(self.shards.index.sources)
            if (chosen := scored & (source == number)).any()
        }
        return NllSummary(overall=self._figure(scored), by_source=by_source)

    def _figure(self, chosen: NDArray[np.bool_]) -> NllFigure:
        """Ratio of sums; its variance by linearisation over clusters (Cochran, Sampling Techniques, section 6.4)."""
        nll, tokens = self.nll[chosen], self.tokens[chosen]
        total = int(tokens.sum())
        mean = float(nll.sum()) / total
        names, members = np.unique(self.shards.documents["cluster"][chosen], return_inverse=True)
        if len(names) < 2:
            return NllFigure(nll=mean, low=None, high=None, tokens=total)
        residuals = np.bincount(members, weights=nll - mean * tokens)
        error = math.sqrt(len(names) / (len(names) - 1) * float((residuals**2).sum())) / total
        return NllFigure(nll=mean, low=mean - 1.96 * error, high=mean + 1.96 * error, tokens=total)
