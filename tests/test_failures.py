"""The failure model: whatever fails, at whichever call, becomes one typed failure, never dialogue and never a score."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from odyssim import errors
from odyssim.errors import DataError, ModelCallError, Party
from odyssim.models.base import Cast, Floor, Role
from odyssim.models.judge import ask_judge
from odyssim.models.scripted import Scripted
from odyssim.soul.evaluate import EvalConfig, evaluate
from odyssim.tasks.base import Item, Items, Played, Task
from odyssim.types import (
    Axis,
    Episode,
    EpisodeStop,
    Message,
    Origin,
    Outcome,
    Profile,
    Record,
    Sampling,
    Turn,
)

MARKER = "E-7311 upstream exploded"
ROUNDS = 3
POLICY_CALLS = PARTNER_CALLS = ROUNDS
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ModelCallError)]


class Warmth(Record):
    reason: str
    score: int


class Chat(Task[Item]):
    """Policy and partner take turns, a judge grades: the smallest task in which every party can fail."""

    name: ClassVar[str] = "chat"
    title: ClassVar[str] = "Chat"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.CONV
    licence: ClassVar[str] = "Apache-2.0"
    roles: ClassVar[tuple[Role, ...]] = (Role.POLICY, Role.PARTNER)
    judge_roles: ClassVar[tuple[Role, ...]] = (Role.JUDGE,)

    def __init__(self, broken_data: bool = False) -> None:
        self.broken_data = broken_data

    def items(
        self, split: str = "test", *, data: Path | None = None, profile: Profile = Profile.IMPROVED, seed: int = 0
    ) -> Items[Item]:
        return Items([Item(id="only", origin=Origin.FIXTURE, cluster="only")])

    def gold_reply(self, item: Item, profile: Profile) -> str:
        return ""

    async def converse(self, item: Item, floor: Floor, profile: Profile, hint: str = "") -> Played:
        turns: list[Turn] = []
        for _ in range(ROUNDS):
            for role in (Role.POLICY, Role.PARTNER):
                said = [Message(role="user", content=turn.text) for turn in turns] or [
                    Message(role="user", content="hi")
                ]
                reply = await floor.ask(role, said, Sampling())
                turns.append(Turn(speaker=role.value, text=reply.text, human=False, train=False))
        if self.broken_data:
            raise DataError(MARKER)
        return Played(turns=tuple(turns))

    async def grade(self, item: Item, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        question = [Message(role="user", content="How warm?")]
        verdict, _ = await ask_judge(floor, question, Warmth, sampling=Sampling(), retries=0)
        return Outcome(score=verdict.score / 5)


def failing_at(call: int, error: Exception | None, line: str) -> Scripted:
    return Scripted([error if error and index == call else line for index in range(10)], name="scripted/failing")


def play_and_score(task: Chat, cast: Cast) -> tuple[Episode, Outcome]:
    async def both() -> tuple[Episode, Outcome]:
        (item,) = task.items()
        episode = await task.play(item, cast)
        return episode, await task.score(item, episode, cast)

    return asyncio.run(both())


@given(
    party=st.sampled_from([Party.POLICY, Party.PARTNER, Party.JUDGE]),
    call=st.integers(0, ROUNDS - 1),
    kind=st.sampled_from(KINDS),
)
def test_any_failure_at_any_call_is_recorded_once_and_spoken_never(
    party: Party, call: int, kind: type[ModelCallError]
) -> None:
    error = kind(MARKER, hint=MARKER)
    cast = Cast(
        policy=failing_at(call, error if party is Party.POLICY else None, "hello"),
        partner=failing_at(call, error if party is Party.PARTNER else None, "hi there"),
        judges=(failing_at(0, error if party is Party.JUDGE else None, '{"reason": "kind", "score": 5}'),),
    )
    episode, outcome = play_and_score(Chat(), cast)
    assert outcome.score is None
    assert outcome.failure is not None
    assert (outcome.failure.party, outcome.failure.kind) == (party, kind.kind)
    assert MARKER not in "".join(turn.text for turn in episode.turns)
    assert MARKER not in "".join(said.reply.text + "".join(m.content for m in said.messages) for said in episode.calls)
    if party is Party.JUDGE:
        assert episode.failure is None
        assert episode.stop is EpisodeStop.COMPLETED
    else:
        assert episode.failure == outcome.failure
        assert episode.stop is EpisodeStop.FAILED
        assert episode.turns == ()
        assert episode.cost.calls == len(episode.calls) + 1


@pytest.mark.parametrize("verdict", ["I'd say five", '{"score": 5}', '{"reason": "x", "score": "warm"}', ""])
def test_an_unparsable_verdict_is_a_failure_of_the_judge(verdict: str) -> None:
    cast = Cast(
        policy=failing_at(0, None, "hello"),
        partner=failing_at(0, None, "hi"),
        judges=(Scripted([verdict], name="judge"),),
    )
    _, outcome = play_and_score(Chat(), cast)
    assert outcome.score is None
    assert outcome.failure is not None
    assert (outcome.failure.party, outcome.failure.kind) == (Party.JUDGE, "unparsable_verdict")
    assert outcome.cost.calls == 1


def test_broken_data_counts_for_the_data() -> None:
    cast = Cast(policy=failing_at(0, None, "hello"), partner=failing_at(0, None, "hi"))
    _, outcome = play_and_score(Chat(broken_data=True), cast)
    assert outcome.failure is not None
    assert outcome.failure.party is Party.DATA


def test_a_whole_episode_is_scored() -> None:
    cast = Cast(
        policy=failing_at(0, None, "hello"),
        partner=failing_at(0, None, "hi"),
        judges=(Scripted(['{"reason": "kind", "score": 5}'], name="judge"),),
    )
    episode, outcome = play_and_score(Chat(), cast)
    assert outcome.score == 1.0
    assert [turn.speaker for turn in episode.turns] == ["policy", "partner"] * ROUNDS
    assert episode.cost.calls == 2 * ROUNDS


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"score": 1.0, "failure": {"party": "judge", "kind": "x", "message": "x"}},
        {"score": 1.5},
    ],
)
def test_an_outcome_has_either_a_score_in_range_or_a_failure(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Outcome.model_validate(fields)


def test_failures_are_excluded_and_counted_to_the_end(tmp_path: Path) -> None:
    def answer(messages: Sequence[Message], sampling: Sampling) -> str | Exception:
        assert sampling.seed is not None
        return errors.EndpointTimeout(MARKER) if sampling.seed % 3 == 0 else "<answer>A</answer>"

    config = EvalConfig(tasks=("hitom",), split="village", limit=40)
    result = evaluate(Scripted(answer, name="scripted/moody"), config, out=tmp_path)
    (row,) = result.tasks
    assert row.n_samples == 40
    assert row.n_excluded == sum(failure.n for failure in row.failures) > 0
    assert row.n_scored == 40 - row.n_excluded
    (failure,) = row.failures
    assert (failure.party, failure.kind) == (Party.POLICY, "endpoint_timeout")
    assert row.interval is not None
