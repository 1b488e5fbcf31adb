"""A weak attempt, a hint, a second attempt: one rollout of training with verbal feedback (Ditto, arXiv 2605.20506).

draft             y0 under the prompt                                       r0
hint              if the task's gate opens: a few words from the writer
second attempt    y1 under the prompt with the hint                         r1
samples           (prompt, y0, r0)
                  (prompt, y1, r1), a rollout of its own: the policy learns to do without the hint
                  (hinted prompt, y1, r1), role 'hinted': normalised among the hinted only

It is the same for all tasks. Where an episode has many turns, the second attempt is a whole new one, and 'prompt' is
what the policy saw before its first words; where the policy plays several parts, every part is a strand of the sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from odyssim.errors import ModelCallError, UsageError
from odyssim.models.base import Cast, Role
from odyssim.tasks.base import failure_of
from odyssim.tasks.feedback import Arm, Coached, leaks
from odyssim.tasks.hints import Attempt, HintWriter
from odyssim.types import Call, Cost, Episode, Failure, Message, Outcome, Profile, Record, Reply

HINTED: Final = "hinted"
WRITER_TRIES: Final = 2


class Strand(Record):
    """What the policy said in one part of an episode, trained as said after `opening`.

    `part` is the name of the part ('' for the only one), the same in all samples of a rollout. `calls` are as they
    were made: their messages begin with as many as `opening` has, which may be others.
    """

    part: str
    opening: tuple[Message, ...]
    calls: tuple[Call, ...]

    def exchanges(self) -> tuple[tuple[tuple[Message, ...], Reply], ...]:
        """Every reply with the messages that it is trained as the answer to."""
        return tuple(((*self.opening, *call.messages[len(self.opening) :]), call.reply) for call in self.calls)


class Sample(Record):
    """One training sample: every part that the policy plays in `episode`, those without a word included.

    `rollout` tells the samples of one generation from those of another (0 draft, 1 second attempt); `role` is 'hinted'
    for those that are normalised apart. Where nothing could be scored there is no `reward`, and nothing to train; as
    published (`reference`) the reward of a choice task is 0 then.
    """

    strands: tuple[Strand, ...]
    episode: Episode
    outcome: Outcome
    reward: float | None
    rollout: int
    role: str | None = None


class HintRecord(Record):
    """What became of the writer's work: the hint that was used ('' for none), how often it leaked, what it gained.

    `gain` is r1 - r0 of an attempt that was made and scored. `failure` is the writer's.
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
    task: Coached[Any],
    item: Any,
    cast: Cast,
    writer: HintWriter | None,
    *,
    arm: Arm = Arm.CRITIQUE,
    profile: Profile = Profile.IMPROVED,
    training: bool = True,
    step: int = 0,
) -> Rollout:
    """One rollout of `item` with verbal feedback; without a second attempt if it is not needed or there is no hint.

    `improved` drops a hint that tells what it must not after one more try, and gives none to a draft that could not be
    scored. `reference` follows the published flow: fixed arm, no leak check, and what `Coached.flow` says of the task
    (`step` is 0-based). Without a `writer` there is no hint; the arm 'gold' needs none. Raises `UsageError` for a
    writer that cannot serve the task, and for an arm that needs a gold answer where there is none.
    """
    draft = await task.play(item, cast, profile)
    outcome = await task.score(item, draft, cast, profile)
    first = _sample(task, item, draft, outcome, cast)
    flow = task.flow(profile)
    asks = (training or flow.asks_outside_training) and (flow.until_step is None or step < flow.until_step)
    if not asks or (writer is None and arm is not Arm.GOLD) or not task.earns_hint(outcome, profile):
        return Rollout(samples=(first,), hint=HintRecord(requested=False))
    hint = await _hint(Attempt(task, item, draft, outcome, profile), writer, arm)
    tries_again = hint.text or (flow.tries_without_hint and hint.failure is None)
    if not (tries_again and training):
        return Rollout(samples=(first,), hint=hint)
    again = await task.play(item, cast, profile, hint=hint.text)
    outcome = await task.score_hinted(item, again, cast, profile)
    hinted = _sample(task, item, again, outcome, cast, hint.text, HINTED)
    copy = hinted.model_copy(
        update={
            "strands": _told_plainly(hinted.strands, first.strands),
            "rollout": 0 if flow.shares_rollout else 1,
            "role": None,
        }
    )
    gain = None if hinted.reward is None or first.reward is None else hinted.reward - first.reward
    return Rollout(
        samples=(first, copy, hinted) if flow.trains_hinted else (first, copy),
        hint=hint.model_copy(update={"gain": gain}),
    )


async def _hint(attempt: Attempt, writer: HintWriter | None, arm: Arm) -> HintRecord:
    task, item, profile = attempt.task, attempt.item, attempt.profile
    checked = profile is Profile.IMPROVED
    if checked and arm is not Arm.CRITIQUE and not task.gold(item, profile):
        raise UsageError(f"{task.name} item {item.id} has no gold answer.", hint=f"use the arm '{Arm.CRITIQUE}'")
    if checked and arm is Arm.GOLD:
        return HintRecord(requested=False, text=task.gold_hint(item, profile))
    if writer is None:
        raise UsageError(f"the arm '{arm}' needs a hint writer", hint="name a writer model")
    secret = task.secret(item, profile)
    cost, leaked = Cost(), 0
    for _ in range(WRITER_TRIES):
        try:
            written = await writer.write(attempt, arm)
        except ModelCallError as error:
            error.party = Role.WRITER.party
            cost += error.cost or Cost(calls=1)
            return HintRecord(requested=True, leaked=leaked, failure=failure_of(error), cost=cost)
        cost += written.cost
        if not checked or not leaks(written.text, secret):
            return HintRecord(requested=True, text=written.text, leaked=leaked, cost=cost)
        leaked += 1
    return HintRecord(requested=True, leaked=leaked, cost=cost)


def _sample(
    task: Coached[Any],
    item: Any,
    episode: Episode,
    outcome: Outcome,
    cast: Cast,
    hint: str = "",
    role: str | None = None,
) -> Sample:
    reward = task.reward(episode, outcome, episode.profile, hinted=role == HINTED)
    strands: tuple[Strand, ...] = ()
    if reward is not None:
        openings = task.openings(item, episode.profile, cast, hint)
        calls: dict[str, list[Call]] = {part: [] for part in openings}
        for call in episode.calls:
            if call.role == Role.POLICY.value:
                calls[_part_of(call, openings)].append(call)
        strands = tuple(
            Strand(part=part, opening=opening, calls=tuple(calls[part])) for part, opening in openings.items()
        )
    return Sample(strands=strands, episode=episode, outcome=outcome, reward=reward, rollout=0, role=role)


def _part_of(call: Call, openings: Mapping[str, tuple[Message, ...]]) -> str:
    for part, opening in openings.items():
        if call.messages[: len(opening)] == opening:
            return part
    raise ValueError(f"a call of the policy begins with none of the openings of {', '.join(openings)}")


def _told_plainly(hinted: Sequence[Strand], plain: Sequence[Strand]) -> tuple[Strand, ...]:
    """What was said after the hinted openings, behind the plain ones of the same parts."""
    openings = {strand.part: strand.opening for strand in plain}
    return tuple(strand.model_copy(update={"opening": openings[strand.part]}) for strand in hinted)
