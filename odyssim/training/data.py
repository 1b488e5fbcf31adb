"""From packed rows to batches: which predictions are scored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from odyssim.corpus.shards import Rows


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


def collate(rows: Rows) -> Batch:
    """`rows` as one batch.

    No document asks for loss on its first token (its store refuses that), so the position before a target always lies
    in the target's own document.
    """
    [targets] = np.nonzero(rows.loss_mask.reshape(-1))
    return Batch(
        input_ids=torch.from_numpy(rows.input_ids),
        position_ids=torch.from_numpy(rows.position_ids),
        predict_at=torch.from_numpy(targets - 1),
        targets=torch.from_numpy(rows.input_ids.reshape(-1)[targets]),
        documents=rows.documents.reshape(-1)[targets],
        tokens=int((rows.documents >= 0).sum()),
    )
