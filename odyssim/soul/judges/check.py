"""Checking a judge: every text of the calibration set scored alone, neighbouring grades compared in both orders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from odyssim import __version__
from odyssim.errors import ModelCallError
from odyssim.models.base import Cast, ChatModel, Floor
from odyssim.models.judge import with_instructions
from odyssim.models.prices import price_of
from odyssim.models.registry import load_model
from odyssim.models.token_count import estimated_tokens
from odyssim.progress import Progress, Silent
from odyssim.soul.evaluate import HOPELESS, HopelessRun
from odyssim.soul.judges.calibration import SET_VERSION, Grade, Group, calibration_set
from odyssim.soul.judges.result import JudgeCheck, PairChoice, TextScores, measures, neighbours
from odyssim.soul.judges.rubric import Likeness, one_text, two_texts
from odyssim.soul.result import count_failures
from odyssim.tasks.base import failure_of
from odyssim.tasks.pairwise import Choice, ask_both_orders
from odyssim.tasks.panel import ask_panel
from odyssim.types import Cost, Failure, Message, Profile, Record, Usage

_TOKENS_PER_VERDICT: Final = 80
"""Assumed for a verdict with a reason of one or two sentences, without hidden reasoning."""


def check_judge(
    judge: ChatModel | str,
    *,
    out: Path,
    samples: int = 1,
    concurrency: int = 16,
    base_url: str | None = None,
    timeout_s: float | None = None,
    progress: Progress = Silent(),
) -> JudgeCheck:
    """Put the calibration set to `judge`; save what was found below `out`, by the judge's name and the set's version.

    Every question is asked `samples` times, at temperature 0 if once and at 1 otherwise, under fixed seeds. `base_url`
    and `timeout_s` are for a judge given by name; such a judge is closed at the end. A question that fails is counted.
    Raises `HopelessRun` if the first question fails in a way that the next one would as well, and what `load_model`
    and writing raise.
    """
    model = load_model(judge, base_url=base_url, timeout_s=timeout_s) if isinstance(judge, str) else judge
    cast = Cast(judges=(model,), judge_samples=samples)

    async def run() -> list[_Asked]:
        try:
            return await _ask_all(cast, concurrency, progress)
        finally:
            if isinstance(judge, str):
                await model.aclose()

    started = time.perf_counter()
    asked = asyncio.run(run())
    texts = [one.answer for one in asked if isinstance(one.answer, TextScores)]
    pairs = [one.answer for one in asked if isinstance(one.answer, PairChoice)]
    check = JudgeCheck(
        odyssim_version=__version__,
        judge=model.name,
        set_version=SET_VERSION,
        samples=samples,
        questions=len(asked),
        failed=sum(one.failure is not None for one in asked),
        asked_again=sum(one.asked_again for one in asked),
        failures=count_failures(one.failure for one in asked if one.failure is not None),
        cost=sum((one.cost for one in asked), Cost()),
        wall_s=time.perf_counter() - started,
        texts=tuple(texts),
        pairs=tuple(pairs),
        **measures(texts, pairs),
    )
    check.save(out)
    return check


class CheckPlan(Record):
    """What a check will take at least: one call per question and sample. `usd` is none without a listed price."""

    judge: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


def plan_check(judge: str, samples: int = 1) -> CheckPlan:
    """What checking the judge of this name (SCHEME/REST) will take, before anything is asked."""
    prompts = [
        prompt
        for group in calibration_set()
        for prompt in (
            *(with_instructions(one_text(group, group.text(grade)), Likeness) for grade in Grade),
            *(
                with_instructions(two_texts(group, group.text(first), group.text(second)), Choice)
                for better, worse in neighbours()
                for first, second in ((better, worse), (worse, better))
            ),
        )
    ]
    usage = Usage(
        prompt_tokens=samples * sum(map(_tokens, prompts)),
        completion_tokens=samples * len(prompts) * _TOKENS_PER_VERDICT,
    )
    price = price_of(judge.partition("/")[2])
    return CheckPlan(
        judge=judge,
        calls=samples * len(prompts),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        usd=price.usd(usage) if price else None,
    )


_Answer = TextScores | PairChoice
_Question = Callable[[Floor], Awaitable[_Answer]]


@dataclass(frozen=True)
class _Asked:
    """What became of one question; `asked_again` counts answers without a valid verdict before the valid one."""

    answer: _Answer | None
    failure: Failure | None
    cost: Cost
    asked_again: int = 0


def _questions() -> list[_Question]:
    questions: list[_Question] = []
    for group in calibration_set():
        questions += [partial(_score, group, grade) for grade in Grade]
        questions += [partial(_compare, group, better, worse) for better, worse in neighbours()]
    return questions


async def _score(group: Group, grade: Grade, floor: Floor) -> TextScores:
    question = one_text(group, group.text(grade))
    panel = await ask_panel(floor, question, Likeness, Profile.IMPROVED, group.id, grade)
    return TextScores(group=group.id, grade=grade, scores=tuple(verdict.score for verdict in panel.verdicts))


async def _compare(group: Group, better: Grade, worse: Grade, floor: Floor) -> PairChoice:
    question = partial(two_texts, group)
    texts = group.text(better), group.text(worse)
    asked = await ask_both_orders(floor, question, *texts, Profile.IMPROVED, group.id, better, worse)
    return PairChoice.of(group, better, worse, asked)


async def _ask_all(cast: Cast, concurrency: int, progress: Progress) -> list[_Asked]:
    """Every question; the first one alone, so that an endpoint that is not there is found out at once."""
    first, *others = _questions()
    gate = asyncio.Semaphore(concurrency)
    with progress.work(f"check {cast.judges[0].name}", total=1 + len(others)) as work:

        async def ask(question: _Question) -> _Asked:
            async with gate:
                asked = await _ask(question, cast)
            work.advance()
            return asked

        opening = await ask(first)
        if opening.failure is not None and opening.failure.kind in HOPELESS:
            raise HopelessRun(opening.failure.message, hint=opening.failure.hint)
        return [opening, *await asyncio.gather(*map(ask, others))]


async def _ask(question: _Question, cast: Cast) -> _Asked:
    floor = Floor(cast)
    try:
        answer = await question(floor)
    except ModelCallError as error:
        return _Asked(None, failure_of(error), floor.cost)
    needed = cast.judge_samples * (1 if isinstance(answer, TextScores) else 2)
    return _Asked(answer, None, floor.cost, len(floor.calls) - needed)


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(estimated_tokens(message.content)) for message in messages)
