"""The floor that a trained model must beat: an add-one unigram over the trained target tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from odyssim.corpus.shards import PackedShards, Rows
from odyssim.training.loss import NllSummary, Tally

_BLOCK: Final = 256


def unigram_nll(train: PackedShards, validation: PackedShards, *, validation_rows: int) -> NllSummary:
    """What the first `validation_rows` rows cost under p(id) = (count + 1) / (total + vocabulary).

    `count` is how often `id` is a target in `train`. Context is ignored altogether.
    """
    counts = np.ones(train.index.vocab_size, dtype=np.int64)
    for rows in _blocks(train, len(train)):
        counts += np.bincount(rows.input_ids[rows.loss_mask], minlength=len(counts))
    cost = -np.log(counts / counts.sum())

    tally = Tally(validation)
    for rows in _blocks(validation, validation_rows):
        tally.add(rows.documents[rows.loss_mask], cost[rows.input_ids[rows.loss_mask]])
    return tally.summary()


def _blocks(shards: PackedShards, rows: int) -> Iterator[Rows]:
    """The first `rows` rows, some at a time."""
    for start in range(0, rows, _BLOCK):
        yield shards.rows(range(start, min(start + _BLOCK, rows)))
