"""A wrong answer, a hint, a second attempt: one rollout of training with verbal feedback (Ditto, arXiv 2605.20506).

draft             y0 under the prompt                                       r0
hint              if r0 < 1: one sentence from the writer
second attempt    y1 under the prompt with the hint                         r1
samples           (prompt, y0, r0)
                  (prompt, y1, r1), a rollout of its own: the policy learns to do without the hint
                  (hinted prompt, y1, r1), role 'hinted': normalised among the hinted only
"""

from __future__ import annotations

from typing import Any, Final

from odyssim.errors import ModelCallError, UsageError
from odyssim.models.base import Cast, Role
from odyssim.tasks.base import failure_of
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.feedback import Arm, leaks
from odyssim.tasks.hints import HintWriter, Wrong, gold_hint
from odyssim.types import Cost, Episode, Failure, Message, Outcome, Profile, Record

HINTED: Final = "hinted"
WRITER_TRIES: Final = 2


class Sample(Record):
    """One training sample: `episode` trained as the answer to `messages`.

    `rollout` tells the samples of one generation from those of another (0 draft, 1 second attempt); `role` is 'hinted'
    for those that are normalised apart. A failed generation has no score.
    """

    messages: tuple[Message, ...]
    episode: Episode
    outcome: Outcome
    rollout: int
    role: str | None = None

    @property
    def reward(self) -> float:
        """The score; 0 for a generation that yielded nothing, as published."""
        return self.outcome.score or 0.0


class HintRecord(Record):
    """What became of the writer's work: the hint that was used ('' for none), how often it leaked, what it gained.

    `gain` is r1 - r0 of an attempt that was made. `failure` is the writer's.
    """

    requested: bool
    text: str = ""
    leaked: int = 0
    gain: float | None = None
    failure: Failure | None = None
    cost: Cost = Cost()


class Rollout(Record):
    """The samples of one rollout, and its hint."""

    samples: tuple[Sample, ...]
    hint: HintRecord


async def rollout(
    task: ChoiceTask[Any],
    item: Any,
    cast: Cast,
    writer: HintWriter | None,
    *,
    arm: Arm = Arm.CRITIQUE_AND_GOLD,
    profile: Profile = Profile.IMPROVED,
    training: bool = True,
    step: int = 0,
) -> Rollout:
    """One rollout of `item` with verbal feedback; without a second attempt if it is not needed or there is no hint.

    `improved` drops a hint that tells the answer after one more try, and gives none to a draft that failed for other
    reasons than its content. `reference` follows the published flow: fixed arm, no leak check, no hints from the
    task's gate on (`step`, 0-based), and the writer is asked outside training too, where its hint is not used.
    Without a `writer` there is no hint; the arm 'gold' needs none. Raises `UsageError` for a writer that cannot serve
    the task.
    """
    draft = await task.play(item, cast, profile)
    first = Sample(
        messages=task.prompt(item, profile).messages(profile),
        episode=draft,
        outcome=await task.score(item, draft, cast, profile),
        rollout=0,
    )
    wrong = Wrong(task, item, None if draft.failure else draft.turns[-1].text, profile)
    if not _wants_hint(first, wrong, step, training) or (writer is None and arm is not Arm.GOLD):
        return Rollout(samples=(first,), hint=HintRecord(requested=False))
    hint = await _hint(wrong, writer, arm)
    if not hint.text or not training:
        return Rollout(samples=(first,), hint=hint)
    again = await task.play(item, cast, profile, hint=hint.text)
    outcome = await task.score_hinted(item, again, cast, profile)
    second = first.model_copy(update={"episode": again, "outcome": outcome, "rollout": 1})
    samples = [first, second]
    brief = task.brief(profile)
    if brief is None or profile is Profile.IMPROVED or brief.published_trains_hinted:
        hinted = task.hinted(item, hint.text, profile).messages(profile)
        samples.append(second.model_copy(update={"messages": hinted, "rollout": 0, "role": HINTED}))
    return Rollout(samples=tuple(samples), hint=hint.model_copy(update={"gain": second.reward - first.reward}))


def _wants_hint(first: Sample, wrong: Wrong, step: int, training: bool) -> bool:
    brief = wrong.task.brief(wrong.profile)
    if brief is None or first.reward >= 1.0:
        return False
    if wrong.profile is Profile.IMPROVED:
        return training and first.outcome.failure is None
    return brief.published_until_step is None or step < brief.published_until_step


async def _hint(wrong: Wrong, writer: HintWriter | None, arm: Arm) -> HintRecord:
    if arm is Arm.GOLD and wrong.profile is Profile.IMPROVED:
        return HintRecord(requested=False, text=gold_hint(wrong))
    if writer is None:
        raise UsageError(f"the arm '{arm}' needs a hint writer", hint="name a writer model")
    checked = wrong.profile is Profile.IMPROVED
    secret = wrong.task.secret(wrong.item, wrong.profile)
    cost, leaked = Cost(), 0
    for _ in range(WRITER_TRIES):
        try:
            written = await writer.write(wrong, arm)
        except ModelCallError as error:
            error.party = Role.WRITER.party
            cost += error.cost or Cost(calls=1)
            return HintRecord(requested=True, leaked=leaked, failure=failure_of(error), cost=cost)
        cost += written.cost
        if not checked or not leaks(written.text, secret):
            return HintRecord(requested=True, text=written.text, leaked=leaked, cost=cost)
        leaked += 1
    return HintRecord(requested=True, leaked=leaked, cost=cost)
