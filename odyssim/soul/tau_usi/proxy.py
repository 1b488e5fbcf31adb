"""The reward that the published training code gave per dialogue in τ-USI's place. It is not τ-USI, and not advised.

Its terms have scales so different that style hardly counts and wordy dialogues are punished in bulk. It stands here so
that numbers made with it can be read and repeated.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from statistics import fmean
from typing import Final, Literal

from odyssim.soul.tau_usi.features import DIMENSIONS
from odyssim.soul.tau_usi.survey import SEED, Survey, agreement

KEPT: Final = 0.9
"""Weight of the old value in the moving average."""
_DEAD_ZONE: Final = 0.1
_LARGEST: Final = 3.0
_SMALLEST: Final = 1e-6
_COUNTS: Final = frozenset({"id_density", "user_words_per_turn", "opening_words"})
_NO_ANSWERS: Final[Survey] = {}

Mode = Literal["mse", "kl"]
Means = Mapping[str, float]


def moved(averages: Means | None, features: Means) -> dict[str, float]:
    """The exponential moving averages after one more dialogue; the first dialogue founds them."""
    before = averages or features
    return {name: KEPT * before[name] + (1 - KEPT) * value for name, value in features.items()}


def proxy_reward(
    features: Means,
    averages: Means,
    targets: Means,
    *,
    mode: Mode,
    rewards: tuple[float, float],
    surveys: tuple[Survey, Survey] = (_NO_ANSWERS, _NO_ANSWERS),
) -> dict[str, float | None]:
    """The six terms and their mean, `total`.

    `features` of the dialogue, the moving `averages` after it, and people's means as `targets`; `rewards` and
    `surveys` of the simulator and of the person.
    """
    simulated, human = surveys
    terms: dict[str, float | None] = {
        dimension: fmean(_weight(name, averages[name], targets[name], mode) * features[name] for name in names)
        for dimension, names in DIMENSIONS.items()
    }
    terms["ece"] = 100.0 * (1 - abs(round(rewards[0]) - round(rewards[1])))
    terms["eval_agreement"] = agreement(human, simulated, random.Random(SEED).choice)
    return terms | {"total": fmean(term for term in terms.values() if term is not None)}


def _weight(name: str, average: float, target: float, mode: Mode) -> float:
    gap = target - average
    if abs(gap) <= _DEAD_ZONE:
        return 0.0
    if mode == "mse" or name in _COUNTS:
        return gap
    mean = min(max(average, _SMALLEST), 1 - _SMALLEST)
    slope = target / mean - (1 - target) / (1 - mean)
    return min(max(slope, -_LARGEST), _LARGEST)
