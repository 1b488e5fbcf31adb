"""How good probabilities are: whether they put the two sides in order, and whether they mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from odyssim.human_likeness.stats import Bools, Floats, cliffs_delta, percentile_interval
from odyssim.types import Record

BINS: Final = 10
DRAWS: Final = 1000


class ReliabilityBin(Record):
    """The turns whose probability lies in `low`..`high`: how many, what was said on average, and what came true."""

    low: float
    high: float
    n: int
    mean: float
    share: float


def auc(probability: Floats, human: Bools) -> float:
    """The probability that a random human turn is rated above a random other one, ties half: 0..1, 0.5 by guessing.

    NaN if a side is empty. It is (1 + Cliff's delta) / 2.
    """
    return float((1 + cliffs_delta(probability[human, None], probability[~human, None])[0]) / 2)


def auc_interval(
    probability: Floats, human: Bools, clusters: Sequence[str], *, seed: int
) -> tuple[float, float] | None:
    """95 % percentile bootstrap interval of the AUC, over clusters (dialogues); none if no draw has both sides."""
    names, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    rows = [np.flatnonzero(cluster == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(DRAWS):
        drawn = np.concatenate([rows[number] for number in rng.integers(len(names), size=len(names))])
        draws.append(auc(probability[drawn], human[drawn]))
    return percentile_interval(np.array(draws))


def reliability(probability: Floats, human: Bools, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Bins of equal width over 0..1, those without a turn left out."""
    number = np.minimum((probability * bins).astype(np.int64), bins - 1)
    return tuple(
        ReliabilityBin(
            low=index / bins,
            high=(index + 1) / bins,
            n=int(inside.sum()),
            mean=float(probability[inside].mean()),
            share=float(human[inside].mean()),
        )
        for index in range(bins)
        if (inside := number == index).any()
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance between what was said and what came true, each bin by its turns: 0..1 (Naeini et al. 2015)."""
    return sum(each.n * abs(each.mean - each.share) for each in bins) / sum(each.n for each in bins)


def log_loss(probability: Floats, human: Bools) -> float:
    """Mean negative log probability of the truth, in nats; infinite only for certainty in what is false."""
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(np.where(human, probability, 1 - probability))))
