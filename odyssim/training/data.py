"""From packed rows to batches: which rows a step sees, and which predictions are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from odyssim.corpus.shards import PackedShards


@dataclass(frozen=True, slots=True)
class Batch:
    """Some packed rows, B x L ids, and their N scored predictions.

    The model's output at `predict_at` (positions in the flattened B*L) must predict `targets`. `documents` says to
    which document of the shards each target belongs. `tokens` counts the ids that are not padding.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    predict_at: torch.Tensor
    targets: torch.Tensor
    documents: NDArray[np.int64]
    tokens: int

    def to(self, device: torch.device) -> Batch:
        return replace(
            self,
            input_ids=self.input_ids.to(device),
            position_ids=self.position_ids.to(device),
            predict_at=self.predict_at.to(device),
            targets=self.targets.to(device),
        )


def collate(shards: PackedShards, numbers: Sequence[int]) -> Batch:
    """The rows of these numbers as one batch.

    No document asks for loss on its first token (`pack` refuses it), so the position before a target always lies in
    the target's own document.
    """
    rows = [shards.row(number) for number in numbers]
    input_ids = np.stack([row.input_ids for row in rows])
    documents = np.stack([row.documents for row in rows])
    [targets] = np.nonzero(np.concatenate([row.loss_mask for row in rows]))
    return Batch(
        input_ids=torch.from_numpy(input_ids),
        position_ids=torch.from_numpy(np.stack([row.position_ids for row in rows])),
        predict_at=torch.from_numpy(targets - 1),
        targets=torch.from_numpy(input_ids.reshape(-1)[targets]),
        documents=documents.reshape(-1)[targets],
        tokens=int((documents >= 0).sum()),
    )


def rows_of_step(step: int, *, rows: int, rows_per_step: int, seed: int) -> list[int]:
    """Row numbers that `step` (0-based) trains on: a pure function, so a resumed run needs no loader state.

    Rows are visited in a new permutation each epoch; a step may span two epochs.
    """
    visits = range(step * rows_per_step, (step + 1) * rows_per_step)
    return [int(_permutation(rows, seed, visit // rows)[visit % rows]) for visit in visits]


@lru_cache(maxsize=2)
def _permutation(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch]).permutation(rows)
