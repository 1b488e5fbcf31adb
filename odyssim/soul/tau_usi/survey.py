"""How far two sides answer the survey alike: the agreement term of τ-USI (arXiv 2603.11245)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Final

import numpy as np

from odyssim.soul.tau_usi.dialogue import Answer, Dialogues, in_batches

SEED: Final = 42
"""Of the published scorer's random fills."""

_OPTIONS: Final[Mapping[str, Mapping[str, int]]] = {
    "task_success": {
        "No - Task failed": 1,
        "No - Due to a policy issue, which the agent clearly explained": 2,
        "Partially - Some progress": 3,
        "Yes - Task completed": 4,
        "Fully - Exceeded expectations": 5,
    },
    "efficiency": {
        "Very inefficient - Too many steps": 1,
        "Somewhat inefficient": 2,
        "About right": 3,
        "Very efficient": 4,
    },
    "question_amount_preference": {"Too many": 1, "About right": 2, "Too few": 1},
    "answer_effort_time": {"High": 1, "Medium": 2, "Low": 3},
    "human_like": {"No": 1, "Partially": 2, "Yes": 3},
    "interaction_flow": {"Not smooth": 1, "OK": 2, "Smooth": 3, "Excellent": 4},
    "overall_score": {"1 (Very poor)": 1, "2 (Poor)": 2, "3 (Acceptable)": 3, "4 (Good)": 4, "5 (Excellent)": 5},
    "reuse": {"Absolutely no": 1, "No": 2, "Maybe": 3, "Yes": 4, "Absolutely yes": 5},
}
"""The questions in their order, with the value of every option."""

Survey = Mapping[str, Answer]
Draw = Callable[[Sequence[int]], int]
"""Picks one of several values at random."""


@dataclass(frozen=True)
class Agreement:
    """Agreement in 0..100 by dialogue, in one map per batch; `filled` of the `asked` answers were drawn at random.

    `sd` is the population standard deviation of the batches' means, for people among themselves of the dialogues.
    """

    batches: tuple[Mapping[str, float], ...]
    sd: float
    asked: int
    filled: int


def numpy_draw() -> Draw:
    """The published scorer's draws, from their beginning."""
    generator = np.random.default_rng(SEED)
    return lambda values: int(generator.choice(values))


def agreement(human: Survey, other: Survey, draw: Draw) -> float | None:
    """Agreement of two surveys in 0..100: 100 less the mean distance over the questions that the person answered.

    What the other side did not answer is drawn from the question's values. None where the person answered nothing.
    """
    distances = []
    for question, options in _OPTIONS.items():
        wanted = _value(human, question)
        if wanted is None:
            continue
        values = sorted(set(options.values()))
        given = _value(other, question)
        given = draw(values) if given is None else given
        distances.append(abs(wanted - given) / (values[-1] - values[0]))
    return 100 * (1 - fmean(distances)) if distances else None


def simulator_agreement(humans: Sequence[Dialogues], surveys: Dialogues) -> Agreement | None:
    """A simulator's surveys, in a file parted as people's dialogues are, against every batch; none if none is shared.

    One sequence of draws goes through all batches, dialogues in the order of their ids.
    """
    pairs = [
        _pairs(human, batch, sorted(human.keys() & batch.keys()))
        for human, batch in zip(humans, in_batches(surveys), strict=True)
    ]
    return _agreement(pairs, lambda batches: pstdev(fmean(batch.values()) for batch in batches))


def human_agreement(human: Dialogues, judged_again: Dialogues) -> Agreement | None:
    """People's ceiling: the first batch, and other people's surveys of the same dialogues, in their order."""
    pairs = _pairs(human, judged_again, [name for name in judged_again if name in human])
    return _agreement([pairs], lambda batches: pstdev(value for batch in batches for value in batch.values()))


Pair = tuple[str, Survey, Survey]
Batches = Sequence[Mapping[str, float]]


def _pairs(human: Dialogues, other: Dialogues, names: Iterable[str]) -> list[Pair]:
    """Surveys of both sides for the dialogues that both keep."""
    return [
        (name, human[name].survey or {}, other[name].survey or {})
        for name in names
        if human[name].kept and other[name].kept
    ]


def _agreement(pairs_by_batch: Iterable[Sequence[Pair]], spread: Callable[[Batches], float]) -> Agreement | None:
    draw, asked, filled = numpy_draw(), 0, 0
    batches = []
    for pairs in pairs_by_batch:
        values = {}
        for name, human, other in pairs:
            value = agreement(human, other, draw)
            if value is not None:
                values[name] = value
            questions = [question for question in _OPTIONS if _value(human, question) is not None]
            asked += len(questions)
            filled += sum(_value(other, question) is None for question in questions)
        if values:
            batches.append(values)
    return Agreement(tuple(batches), spread(batches), asked, filled) if batches else None


def _value(survey: Survey, question: str) -> int | None:
    given = survey[question].answer if question in survey else None
    return _OPTIONS[question].get(given) if isinstance(given, str) else None
