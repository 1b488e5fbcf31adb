"""Verbal feedback: who is asked for what, what a hint may not tell, and which samples come out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from odyssim.errors import EndpointDown, UsageError
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.feedback import Arm, Secret, leaks
from odyssim.tasks.hints import HintWriter, ModelWriter, RuleWriter, Wrong, brief_messages
from odyssim.tasks.hitom import HiToM
from odyssim.tasks.lifechoices import LifeChoices
from odyssim.tasks.second_attempt import HINTED, Rollout, rollout
from odyssim.types import Cost, Message, Profile, Reply, Sampling

HITOM = HiToM()
ITEM = HITOM.items("village")[2]
GOLD = HITOM.gold_reply(ITEM, Profile.IMPROVED)
GOLD_TEXT = ITEM.correct_answer
WRONG = "<answer>A</answer>" if "A" not in GOLD else "<answer>B</answer>"


def play(
    replies: Sequence[str | Exception],
    writer: HintWriter | None,
    *,
    arm: Arm = Arm.CRITIQUE_AND_GOLD,
    profile: Profile = Profile.IMPROVED,
    training: bool = True,
    step: int = 0,
) -> Rollout:
    policy = Scripted(replies)
    return asyncio.run(
        rollout(HITOM, ITEM, Cast(policy=policy), writer, arm=arm, profile=profile, training=training, step=step)
    )


def writing(*lines: str | Exception) -> ModelWriter:
    return ModelWriter(Scripted(lines, name="scripted/writer"))


@pytest.mark.parametrize(
    ("hint", "leaking"),
    [
        ("The answer is B.", True),
        ("Pick option (b).", True),
        ("<answer> B </answer>", True),
        ("So [[B]] it is", True),
        ("B is right", True),
        ("It is in the red box.", True),
        ("It is in the RED-BOX!", True),
        ("Box that is red", False),
        ("B. went out before A did.", False),
        ("Mia had left before the plum was moved.", False),
        ("The answer depends on who left first.", False),
        ("", False),
    ],
)
def test_a_hint_may_not_tell_the_answer(hint: str, leaking: bool) -> None:
    assert leaks(hint, Secret(letter="B", texts=("red_box",))) is leaking


def test_nothing_secret_nothing_leaks() -> None:
    assert not leaks("The answer is B.", Secret())
    assert not leaks("anything", Secret(texts=("", " ")))


def test_a_right_draft_needs_no_hint() -> None:
    found = play([GOLD], writing())
    assert (len(found.samples), found.hint.requested) == (1, False)


def test_three_samples_and_the_hint_is_only_in_the_third_prompt() -> None:
    hint = "Somebody left early."
    found = play([WRONG, GOLD], writing(hint))
    draft, second, hinted = found.samples
    assert [sample.reward for sample in found.samples] == [0.0, 1.0, 1.0]
    assert [(sample.rollout, sample.role) for sample in found.samples] == [(0, None), (1, None), (0, HINTED)]
    assert draft.messages == second.messages
    assert hint not in draft.messages[-1].content
    assert hint in hinted.messages[-1].content
    assert hint in second.episode.calls[0].messages[-1].content
    assert hinted.messages[-1].content.index(hint) < hinted.messages[-1].content.index("Question:")
    assert (found.hint.gain, found.hint.leaked) == (1.0, 0)


def test_a_leaking_hint_is_asked_for_again_and_then_dropped() -> None:
    leaking = f"Look into the {GOLD_TEXT.replace('_', ' ')}."
    once = play([WRONG, GOLD], writing(leaking, "Somebody left early."))
    assert (once.hint.text, once.hint.leaked, len(once.samples)) == ("Somebody left early.", 1, 3)
    twice = play([WRONG, GOLD], writing(leaking, leaking))
    assert (twice.hint.text, twice.hint.leaked, len(twice.samples)) == ("", 2, 1)


def test_a_failed_writer_is_a_failure_and_never_a_hint() -> None:
    found = play([WRONG], writing(EndpointDown("nobody there", cost=Cost(calls=3))))
    assert len(found.samples) == 1
    assert found.hint.failure is not None
    assert (found.hint.failure.party, found.hint.failure.kind) == ("judge", "endpoint_down")
    assert found.hint.cost.calls == 3
    unfinished = play([WRONG], writing("<think>hm, let me"))
    assert unfinished.hint.failure is not None
    assert unfinished.hint.failure.kind == "truncated_thought"


def test_a_draft_that_failed_gets_no_hint_but_in_the_published_flow() -> None:
    down = EndpointDown("nobody there")
    assert not play([down], writing("x")).hint.requested
    found = play([down, GOLD], writing("Somebody left early."), profile=Profile.REFERENCE)
    assert found.samples[0].reward == 0.0
    assert found.hint.requested


def test_outside_training_only_the_published_flow_asks() -> None:
    assert not play([WRONG], writing("x"), training=False).hint.requested
    found = play([WRONG], writing("x"), training=False, profile=Profile.REFERENCE)
    assert (found.hint.requested, len(found.samples)) == (True, 1)


def test_the_published_gate_closes() -> None:
    assert play([WRONG, WRONG], writing("x"), profile=Profile.REFERENCE, step=99).hint.requested
    assert not play([WRONG], writing("x"), profile=Profile.REFERENCE, step=100).hint.requested


def test_arms_see_what_they_may() -> None:
    wrong = Wrong(HITOM, ITEM, WRONG, Profile.IMPROVED)
    shown = HITOM.prompt(ITEM, Profile.IMPROVED).user
    for arm, sees_gold in ((Arm.CRITIQUE, False), (Arm.CRITIQUE_AND_GOLD, True)):
        (message,) = brief_messages(wrong, arm)
        assert shown in message.content
        assert WRONG in message.content
        assert ("# Right answer" in message.content) is sees_gold
        assert message.content.endswith(GOLD_TEXT) is sees_gold
    reference = brief_messages(Wrong(HITOM, ITEM, WRONG, Profile.REFERENCE), Arm.CRITIQUE)
    assert "# Right answer" in reference[-1].content
    assert "# Their answer" not in reference[-1].content  # the published writer of this task does not see the draft


def test_the_gold_arm_asks_nobody_and_says_the_answer() -> None:
    found = play([WRONG, GOLD], None, arm=Arm.GOLD)
    assert not found.hint.requested
    assert GOLD in found.samples[2].messages[-1].content
    assert len(found.samples) == 3


def test_without_a_writer_there_is_one_sample() -> None:
    assert len(play([WRONG], None).samples) == 1


def test_the_cost_of_the_writer_is_counted() -> None:
    replies = [Reply(text=f"The {GOLD_TEXT}.", cost=Cost(calls=1, prompt_tokens=7))] * 2

    def answer(messages: Sequence[Message], sampling: Sampling) -> Any:
        return replies.pop()

    found = play([WRONG], ModelWriter(Scripted(answer)))
    assert (found.hint.cost.calls, found.hint.cost.prompt_tokens) == (2, 14)


def test_rules_serve_only_tasks_that_know_beliefs() -> None:
    task = LifeChoices()
    with pytest.raises(UsageError, match="no rule-based hints"):
        asyncio.run(RuleWriter().write(Wrong(task, None, WRONG, Profile.IMPROVED), Arm.CRITIQUE))
