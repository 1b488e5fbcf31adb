"""Humanual's judges: what they are shown, and what their verdicts are worth.

All of them compare `said`, the message of the policy, with `meant`, the person's own, and know the `context` that both
had read. `keys` name the question for seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import fmean
from typing import Any

from odyssim.models.base import Floor
from odyssim.tasks.humanual_score import Grade, clipped, improved_grade, key_point_score, published_grade, token_f1
from odyssim.tasks.humanual_text import copied
from odyssim.tasks.judged import judged, shown
from odyssim.tasks.panel import Panel, ask_panel
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.rubrics.humanual import (
    IMPROVED,
    KEY_POINTS,
    PUBLISHED,
    RESPECTS,
    KeyPoints,
    OpenRating,
    Rating,
    SixRespects,
)
from odyssim.types import Message, Outcome, Profile


async def judge_as_published(context: str, meant: str, said: str, floor: Floor, *keys: object) -> Outcome:
    """Six ratings, all of equal weight."""

    def grade(verdict: SixRespects[Rating]) -> Grade:
        return published_grade(said, meant, {respect: one.score for respect, one in verdict.ratings().items()})

    question = _question(PUBLISHED, context, meant, said)
    panel = await ask_panel(floor, question, SixRespects[Rating], Profile.REFERENCE, *keys)
    return _outcome(panel, grade, said, meant)


async def judge_improved(context: str, meant: str, said: str, floor: Floor, *keys: object) -> Outcome:
    """Six ratings, of which those count that the person's message expresses. Silence and copies get 0 unjudged."""
    if not said or copied(said, context, meant):
        return Outcome(score=0.0, answer=said or None)

    def grade(verdict: SixRespects[OpenRating]) -> Grade:
        ratings = {respect: (verdict.expressed(respect), one.score) for respect, one in verdict.ratings().items()}
        return improved_grade(said, meant, ratings)

    question = _question(IMPROVED, context, meant, said)
    panel = await ask_panel(floor, question, SixRespects[OpenRating], Profile.IMPROVED, *keys)
    return _outcome(panel, grade, said, meant)


async def judge_key_points(context: str, meant: str, said: str, floor: Floor, *keys: object) -> Outcome:
    """The score that the judge works out itself, without a length factor; ours for the same points is a metric."""
    question = _question(KEY_POINTS, context, meant, said)
    panel = await ask_panel(floor, question, KeyPoints, Profile.REFERENCE, *keys)
    ours = panel.mean(lambda one: key_point_score([point.score for point in one.points], one.penalty))
    return Outcome(
        score=panel.mean(lambda one: clipped(one.score)),
        metrics={"key_point_score": ours},
        critique={"key_points": panel.reasons(_points), "excess": panel.reasons(lambda one: one.excess)},
        answer=said or None,
    )


def _question(rubric: str, context: str, meant: str, said: str) -> tuple[Message, ...]:
    sections = (
        Section(heading="# What was read", text=shown(context)),
        Section(heading="# The person's message", text=shown(meant)),
        Section(heading="# The model's message", text=judged(said)),
    )
    return Prompt(system=rubric, sections=sections).messages(Profile.REFERENCE)


def _outcome(
    panel: Panel[SixRespects[Any]], grade: Callable[[SixRespects[Any]], Grade], said: str, meant: str
) -> Outcome:
    grades = [grade(verdict) for verdict in panel.verdicts]
    rated = {
        respect: _mean(one.ratings()[respect].score for one in panel.verdicts if one.expressed(respect))
        for respect in RESPECTS
    }
    return Outcome(
        score=panel.mean(lambda verdict: grade(verdict).score),
        metrics={
            **rated,
            "dim_mean": _mean(one.dim_mean for one in grades),
            "length_factor": grades[0].length_factor,
            "token_f1": token_f1(said, meant),
            "judge_spread": panel.spread(lambda verdict: grade(verdict).score) if len(grades) > 1 else None,
        },
        critique={respect: panel.reasons(_thought_on(respect)) for respect in RESPECTS},
        answer=said or None,
    )


def _thought_on(respect: str) -> Callable[[SixRespects[Any]], str]:
    return lambda verdict: verdict.ratings()[respect].thought


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _points(verdict: KeyPoints) -> str:
    return "; ".join(f"{one.point}: {one.thought}" for one in verdict.points)
