"""The seven dimensions of Sotopia (Zhou et al., ICLR 2024), the judges' verdict, and what it is worth.

raw        goal 6, believability 8, relationship 2, knowledge 3, secret 0, social rules 0, benefits 1
M          mean of the seven raw numbers                                                        2.857
soul_score S = 0.1 M, the published figure: -3/7 (all lowest) to 4/7 (all highest)              0.286
score      (M + 30/7) / (70/7) = S + 3/7: the same on 0..1                                      0.714
weighted   W = sum of weight x (raw - low) / (high - low), over the sum of weights              0.65
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from odyssim.types import Record


class Dimension(Record):
    """The range of a dimension, its weight in W, and how much a writer of hints should care."""

    low: int
    high: int
    weight: float
    importance: str = "medium"

    @property
    def middle(self) -> int:
        """What a missing number counts as in the published code: the midpoint, rounded down."""
        return (self.low + self.high) // 2

    def normalised(self, raw: float) -> float:
        """`raw` on 0..1."""
        return (raw - self.low) / (self.high - self.low)


DIMENSIONS: Final[Mapping[str, Dimension]] = {
    "believability": Dimension(low=0, high=10, weight=0.5),
    "relationship": Dimension(low=-5, high=5, weight=1.0, importance="high"),
    "knowledge": Dimension(low=0, high=10, weight=1.0, importance="high"),
    "secret": Dimension(low=-10, high=0, weight=0.5),
    "social_rules": Dimension(low=-10, high=0, weight=0.5),
    "financial_and_material_benefits": Dimension(low=-5, high=5, weight=0.5),
    "goal": Dimension(low=0, high=10, weight=2.0, importance="critical"),
}
LOWEST: Final = sum(dimension.low for dimension in DIMENSIONS.values())
HIGHEST: Final = sum(dimension.high for dimension in DIMENSIONS.values())


class Reached(Record):
    """Nothing to everything."""

    reasoning: str
    score: int = Field(ge=0, le=10)


class Changed(Record):
    """For the worse, not at all, or for the better."""

    reasoning: str
    score: int = Field(ge=-5, le=5)


class Broken(Record):
    """From the gravest breach to none."""

    reasoning: str
    score: int = Field(ge=-10, le=0)


class SceneVerdict(Record):
    """A judge's verdict on one character of a scene."""

    believability: Reached
    relationship: Changed
    knowledge: Reached
    secret: Broken
    social_rules: Broken
    financial_and_material_benefits: Changed
    goal: Reached

    def number(self, name: str) -> int:
        """The raw number of a dimension."""
        return int(getattr(self, name).score)

    def reason(self, name: str) -> str:
        """The reason for it."""
        return str(getattr(self, name).reasoning)


class Risk(StrEnum):
    """How much a character's words look written for a grader instead of a person."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


RISK_LEVELS: Final = {Risk.LOW: 0.0, Risk.MEDIUM: 0.5, Risk.HIGH: 1.0}
"""The metric `hack_risk`."""
_PUBLISHED_FACTORS: Final = {Risk.LOW: 1.0, Risk.MEDIUM: 0.5, Risk.HIGH: 0.25}


class AuditVerdict(Record):
    """An auditor's verdict on a character's words."""

    reasoning: str
    risk: Risk


def mean_raw(raw: Mapping[str, float]) -> float:
    """M: the mean of the seven raw numbers, -30/7..40/7."""
    return sum(raw[name] for name in DIMENSIONS) / len(DIMENSIONS)


def soul_score(raw: Mapping[str, float]) -> float:
    """S = 0.1 M, the published figure."""
    return 0.1 * mean_raw(raw)


def unit_score(raw: Mapping[str, float]) -> float:
    """S on 0..1: S + 3/7, exact at both ends."""
    return (sum(raw[name] for name in DIMENSIONS) - LOWEST) / (HIGHEST - LOWEST)


def weighted_score(raw: Mapping[str, float]) -> float:
    """W, 0..1."""
    total = sum(dimension.weight for dimension in DIMENSIONS.values())
    return sum(each.weight * each.normalised(raw[name]) for name, each in DIMENSIONS.items()) / total


def worst() -> dict[str, float]:
    """The raw numbers of a character who took no part."""
    return {name: float(dimension.low) for name, dimension in DIMENSIONS.items()}


# --- as published -----------------------------------------------------------------------------------------------


def reference_raw(verdict: Mapping[str, Any] | None) -> dict[str, int]:
    """The raw numbers as the published code takes them out of a judge's object, or out of none.

    Fractions are cut off, numbers out of range moved to its end; what is missing or no number is the midpoint.
    """
    return {name: _reference_number((verdict or {}).get(name), each) for name, each in DIMENSIONS.items()}


def reference_weighted(raw: Mapping[str, float], risk: Risk, *, training: bool) -> float:
    """W after the hack factor, which only training applies: x 1/2 for a medium risk, x 1/4 for a high one."""
    return weighted_score(raw) * (_PUBLISHED_FACTORS[risk] if training else 1.0)


def reference_reward(raw: Mapping[str, float], risk: Risk, *, training: bool, format_ok: bool) -> float:
    """What the published trainer is given: S; half of W after the hack factor if training meets a bad format.

    W/2 is usually more than S, so that a bad format pays. `Outcome.score` has no such term.
    """
    if training and not format_ok:
        return reference_weighted(raw, risk, training=True) / 2
    return soul_score(raw)


def reference_hinted_reward(raw: Mapping[str, float], risk: Risk, *, format_ok: bool) -> float:
    """What the published trainer is given for a second attempt: W, nothing at any risk, half of it for a bad format."""
    if risk is not Risk.LOW:
        return 0.0
    return weighted_score(raw) * (1.0 if format_ok else 0.5)


def _reference_number(entry: Any, dimension: Dimension) -> int:
    number = entry.get("score") if isinstance(entry, Mapping) else None
    if not isinstance(number, (int, float)) or not math.isfinite(number):
        return dimension.middle
    return min(max(int(number), dimension.low), dimension.high)
