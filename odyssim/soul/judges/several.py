"""Several judges of the same texts: how far they agree."""

from __future__ import annotations

from collections.abc import Sequence

from odyssim.soul.judges.agreement import interval_alpha, nominal_alpha
from odyssim.soul.judges.calibration import Grade, calibration_set
from odyssim.soul.judges.result import JudgeCheck, PairChoice
from odyssim.types import Record


class JudgeAgreement(Record):
    """Krippendorff's alpha of several judges: of their scores (interval) and of their choices (nominal)."""

    judges: tuple[str, ...]
    scores: float | None
    choices: float | None


def agreement(checks: Sequence[JudgeCheck]) -> JudgeAgreement:
    """How far several judges agree on the calibration set; what one failed to say is missing, not disagreement."""
    scored = [{(text.group, text.grade): text.mean for text in check.texts} for check in checks]
    chosen = [{(pair.group, pair.better): _winner(pair) for pair in check.pairs} for check in checks]
    places = [(group.id, grade) for group in calibration_set() for grade in Grade]
    return JudgeAgreement(
        judges=tuple(check.judge for check in checks),
        scores=interval_alpha([[one.get(place) for place in places] for one in scored]),
        choices=nominal_alpha([[one.get(place) for place in places] for one in chosen]),
    )


def _winner(pair: PairChoice) -> str:
    return pair.better.value if pair.share > 0.5 else pair.worse.value if pair.share < 0.5 else "neither"
