"""The floor that a trained model must beat: an add-one unigram over the trained target tokens."""

from __future__ import annotations

import numpy as np

from odyssim.corpus.shards import PackedShards
from odyssim.training.loss import NllSummary, Tally


def unigram_nll(train: PackedShards, validation: PackedShards, *, validation_rows: int) -> NllSummary:
    """What the first `validation_rows` rows cost under p(id) = (count + 1) / (total + vocabulary).

    `count` is how often `id` is a target in `train`. Context is ignored altogether.
    """
    counts = np.ones(train.index.vocab_size, dtype=np.int64)
    for number in range(len(train)):
        row = train.row(number)
        counts += np.bincount(row.input_ids[row.loss_mask], minlength=len(counts))
    cost = -np.log(counts / counts.sum())

    tally = Tally(validation)
    for number in range(validation_rows):
        row = validation.row(number)
        tally.add(row.documents[row.loss_mask], cost[row.input_ids[row.loss_mask]])
    return tally.summary()
