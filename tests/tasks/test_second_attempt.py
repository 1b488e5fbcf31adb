"""Verbal feedback: who is asked for what, what a hint may not tell, and which samples come out, for every task."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import pytest

from odyssim.errors import EndpointDown, UsageError
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks import coser_prompts, coser_score, sotopia_score
from odyssim.tasks.coser import CoSER
from odyssim.tasks.feedback import ONLY_PART, Arm, Coached, Secret, leaks
from odyssim.tasks.hints import Attempt, HintWriter, ModelWriter, RuleWriter
from odyssim.tasks.hitom import HiToM
from odyssim.tasks.humanual import HumanualBook
from odyssim.tasks.lifechoices import LifeChoices
from odyssim.tasks.mirrorbench import MirrorBench
from odyssim.tasks.rubrics.humanual import KEY_POINTS, RESPECTS
from odyssim.tasks.second_attempt import HINTED, Rollout, Sample, Strand, rollout
from odyssim.tasks.sim_arena_doc import SimArenaDoc
from odyssim.tasks.sotopia import Sotopia
from odyssim.tasks.sotopia_score import DIMENSIONS, Risk, reference_hinted_reward
from odyssim.tasks.userllm import UserLLM
from odyssim.types import Cost, Message, Profile, Reply, Sampling
from tests.parity.rows import row_of
from tests.tasks.sim_arena import BYE, FixedJudge, read

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


def shown(sample: Sample) -> str:
    """What the only part of the policy was told last before its first words."""
    (strand,) = sample.strands
    return strand.opening[-1].content


def feedback(profile: Profile, arm: Arm) -> Message:
    """What a writer is shown after a wrong answer."""
    (first,) = play([WRONG], None, profile=profile).samples
    messages = HITOM.feedback_messages(ITEM, first.episode, first.outcome, profile, arm)
    assert messages is not None
    return messages[-1]


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
    assert shown(draft) == shown(second)
    assert hint not in shown(draft)
    assert hint in shown(hinted)
    assert hint in second.episode.calls[0].messages[-1].content
    assert shown(hinted).index(hint) < shown(hinted).index("Question:")
    for sample in found.samples:
        ((messages, reply),) = sample.strands[0].exchanges()
        assert (messages, reply) == (sample.strands[0].opening, sample.episode.calls[0].reply)
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
    unscored = play([down], writing("x"))
    assert not unscored.hint.requested
    assert (unscored.samples[0].reward, unscored.samples[0].strands) == (None, ())
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
    asked = HITOM.prompt(ITEM, Profile.IMPROVED).user
    for arm, sees_gold in ((Arm.CRITIQUE, False), (Arm.CRITIQUE_AND_GOLD, True)):
        message = feedback(Profile.IMPROVED, arm)
        assert asked in message.content
        assert WRONG in message.content
        assert ("# Right answer" in message.content) is sees_gold
        assert message.content.endswith(GOLD_TEXT) is sees_gold
    reference = feedback(Profile.REFERENCE, Arm.CRITIQUE)
    assert "# Right answer" in reference.content
    assert "# Their answer" not in reference.content  # the published writer of this task does not see the draft


def test_the_gold_arm_asks_nobody_and_says_the_answer() -> None:
    found = play([WRONG, GOLD], None, arm=Arm.GOLD)
    assert not found.hint.requested
    assert GOLD in shown(found.samples[2])
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
    (first,) = play([WRONG], None).samples
    attempt = Attempt(LifeChoices(), None, first.episode, first.outcome, Profile.IMPROVED)
    with pytest.raises(UsageError, match="no rule-based hints"):
        asyncio.run(RuleWriter().write(attempt, Arm.CRITIQUE))


# --- tasks that are played in words -------------------------------------------------------------------------------

BOTH = list(Profile)
PRISM = {
    "source": "prism",
    "intent": "compare electric cars under 30k",
    "conversation_history": "",
    "is_last_turn": False,
}
TALK = [
    {"role": "user", "content": "whats the cheapest way to move if you own a piano"},
    {"role": "assistant", "content": "Rent a van."},
    {"role": "user", "content": "i have no car licence tho and neither has my brother"},
]
REVIEW = {
    "id": "b1",
    "prompt": "Book: The Tin Orchard. Write a review.",
    "persona": "A carpenter who judges books like chairs.",
    "completion": "Sturdy. The middle wobbles, where the uncle comes home, but the joints hold.",
    "dataset": "book",
}
CAMP = {
    "agent1_name": "Ana Reyes",
    "agent2_name": "Bo Lund",
    "scenario": "Two people share a tent; there is one blanket.",
    "agent1_background": "Ana Reyes, 31, sings in a choir.",
    "agent2_background": "Bo Lund, 40, mends radios. Bo's secret: he is afraid of the dark woods.",
    "agent1_goal": "Have the blanket to yourself tonight.",
    "agent2_goal": "Share the blanket without asking for it outright.",
    "eval_position": "agent1",
}
FERRY = {
    "book": "The Ferry",
    "scenario": "A landing stage in fog.",
    "plot": {"summary": "Ann waits for a boat.", "key_characters": [{"name": "Ann", "description": "A baker."}]},
    "key_characters": [
        {"name": "Ann", "thought": "I must be over before dawn."},
        {"name": "Bob", "motivation": "She must stay until Tuesday."},
    ],
    "character_profiles": {"Ann": "Blunt.", "Bob": "Slow."},
    "dialogues": [
        {"character": "Bob", "message": "[She is early.] No boat today, I am afraid."},
        {"character": "Ann", "message": "(sits down) Then I shall wait."},
    ],
    "speaking_characters_w_env": ["Ann", "Bob", "Environment"],
    "major_characters": ["Ann", "Bob"],
}
HINT = "Slower, and with less ado."
PRIVATE = (
    "afraid of the dark woods",
    "without asking for it outright",
    "i have no car licence",
    "the uncle comes home",
)


@dataclass(frozen=True)
class Case:
    """A task with a row, what the policy says first and with a hint, and a judge who likes only the second.

    `mark` stands in the second only.
    """

    task: Coached[Any]
    row: dict[str, Any]
    first: str
    second: str
    mark: str
    judge: Callable[[str, bool, Profile], str]
    parts: tuple[str, ...] = (ONLY_PART,)
    gold: str = ""
    leaking: str = ""

    def item(self, profile: Profile) -> Any:
        return self.task.read(row_of(self.task.published.keys[0], self.row), profile)  # type: ignore[attr-defined]

    def cast(self, profile: Profile) -> Cast:
        def policy(messages: Sequence[Message], sampling: Sampling) -> str:
            told = messages[0].content + messages[-1].content
            hinted = any(mark in told for mark in (HINT, "What was really said:", "Do not recite", "goal that are"))
            return self.second if hinted else self.first

        def judge(messages: Sequence[Message], sampling: Sampling) -> str:
            asked = "\n".join(message.content for message in messages)
            return self.judge(asked, self.mark in asked, profile)

        names = cycle(["Ann", "Bob"])
        return Cast(
            policy=Scripted(policy),
            partner=Scripted(lambda messages, sampling: act("I see.")),
            director=Scripted(lambda messages, sampling: f"Next Speaker: {next(names)}"),
            narrator=Scripted(lambda messages, sampling: "Fog."),
            judges=(Scripted(judge),),
        )


def act(text: str) -> str:
    return json.dumps({"action_type": "speak", "argument": text})


def human(asked: str, good: bool, profile: Profile) -> str:
    return json.dumps({"label": "human"} if profile is Profile.REFERENCE else {"reason": "plain", "human": 0.9})


def likeness(asked: str, good: bool, profile: Profile) -> str:
    if "# The player" in asked:
        reason = "good" if good else "not: i have no car licence tho and neither"
        return json.dumps({"reasoning": reason, "score": 0.9 if good else 0.1})
    players = asked.index("Dear" if "Dear" in asked else "a van")
    return json.dumps({"reason": "stiff", "better": "A" if players > asked.index("whats the cheapest") else "B"})


def ratings(asked: str, good: bool, profile: Profile) -> str:
    score = 0.9 if good else 0.3
    if KEY_POINTS in asked:
        point = {"point": "it wobbles", "thought": "made", "score": score}
        return json.dumps({"points": [point], "excess": "none", "penalty": 0.0, "score": score})
    rating: dict[str, Any] = {"thought": "rated", "score": score}
    if profile is Profile.IMPROVED:
        rating["expressed"] = True
    return json.dumps(dict.fromkeys(RESPECTS, rating))


def scene(asked: str, good: bool, profile: Profile) -> str:
    numbers = {name: each.high if good else each.middle for name, each in sotopia_score.DIMENSIONS.items()}
    reasons = {name: f"about {name}" for name in numbers} | {"secret": "is afraid of the dark woods"}
    return json.dumps({name: {"reasoning": reasons[name], "score": score} for name, score in numbers.items()})


def critic(asked: str, good: bool, profile: Profile) -> str:
    score = 9 if good else 2
    rated: dict[str, Any] = {
        field: {"reason": f"because of {field}", "score": score} for field in coser_score.DIMENSIONS.values()
    }
    if profile is Profile.IMPROVED:
        rated["characters"] = [{"name": "Ann", "reason": "flat", "score": score}]
    return json.dumps(rated)


MIRRORBENCH = Case(
    MirrorBench(),
    {"task_description": "The user wants to move.", "turns": TALK, "dataset": "d"},
    first="Dear assistant, how do I move?",
    second="need a van cheap",
    mark="van cheap",
    judge=likeness,
    gold="whats the cheapest way to move if you own a piano",
    leaking="Say: i have no car licence tho and neither has he.",
)
HUMANUAL = Case(
    HumanualBook(),
    REVIEW,
    first="<response>A marvellous read!</response>",
    second="<response>Wobbly in the middle</response>",
    mark="in the middle",
    judge=ratings,
    gold="Sturdy. The middle wobbles",
    leaking="Write of where the uncle comes home.",
)
SOTOPIA = Case(
    Sotopia(),
    CAMP,
    first=act("Hm."),
    second=act("Let us take turns, two hours each."),
    mark="take turns",
    judge=scene,
    leaking="Bo would share the blanket without asking for it.",
)
COSER = Case(
    CoSER(),
    {"circumstance": FERRY},
    first="(nods) Yes.",
    second="(turns away) Not before I have eaten.",
    mark="have eaten",
    judge=critic,
    parts=("Ann", "Bob"),
    gold="No boat today, I am afraid.",
    leaking="Ann shall say: then I shall wait.",
)
CASES = [MIRRORBENCH, HUMANUAL, SOTOPIA, COSER]
WITH_GOLD = [case for case in CASES if case.gold]


def again(
    case: Case,
    writer: HintWriter | None,
    profile: Profile = Profile.IMPROVED,
    arm: Arm = Arm.CRITIQUE,
    **settings: Any,
) -> Rollout:
    return asyncio.run(
        rollout(case.task, case.item(profile), case.cast(profile), writer, arm=arm, profile=profile, **settings)
    )


def of_each(cases: Sequence[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.task.name)


def told(strand: Strand) -> str:
    return "\n".join(message.content for message in strand.opening)


@of_each(CASES)
@pytest.mark.parametrize("profile", BOTH)
def test_a_second_attempt_is_a_whole_new_episode_and_three_samples(case: Case, profile: Profile) -> None:
    found = again(case, writing(HINT), profile)
    draft, copy, hinted = found.samples
    assert (draft.role, copy.role, hinted.role) == (None, None, HINTED)
    assert (draft.rollout, copy.rollout) == (0, 0 if profile is Profile.REFERENCE and case is HUMANUAL else 1)
    assert copy.episode == hinted.episode != draft.episode
    assert found.hint.gain == pytest.approx((copy.reward or 0.0) - (draft.reward or 0.0))
    assert (found.hint.gain or 0.0) > 0.1
    for sample in found.samples:
        assert tuple(strand.part for strand in sample.strands) == case.parts
        said = [reply.text for strand in sample.strands for _, reply in strand.exchanges()]
        assert sorted(said) == sorted(call.reply.text for call in sample.episode.calls if call.role == "policy")
    for first, plain, with_hint in zip(draft.strands, copy.strands, hinted.strands, strict=True):
        assert plain.opening == first.opening
        assert HINT not in told(plain)
        assert HINT in told(with_hint)
        assert plain.calls == with_hint.calls
        for call, (messages, _) in zip(with_hint.calls, with_hint.exchanges(), strict=True):
            assert messages == call.messages
        for call, (messages, _) in zip(plain.calls, plain.exchanges(), strict=True):
            assert messages == (*first.opening, *call.messages[len(first.opening) :])


def test_every_character_is_trained_on_their_own_words_in_every_sample() -> None:
    for sample in again(COSER, writing(HINT)).samples:
        for strand in sample.strands:
            assert f"You are {strand.part}," in told(strand)
            assert strand.calls
            for call in strand.calls:
                assert coser_prompts.character_of(COSER.item(Profile.IMPROVED), call) == strand.part


@of_each(CASES)
def test_a_writer_sees_the_reference_only_in_its_arm_and_never_what_the_partner_keeps(case: Case) -> None:
    item = case.item(Profile.IMPROVED)
    (first,) = again(case, None).samples

    def seen(arm: Arm) -> str:
        asked = case.task.feedback_messages(item, first.episode, first.outcome, Profile.IMPROVED, arm)
        assert asked is not None
        return "\n".join(message.content for message in asked)

    critique = seen(Arm.CRITIQUE)
    assert any(turn.text in critique for turn in first.episode.turns) or (first.outcome.answer or "-") in critique
    assert not any(private in critique for private in (*PRIVATE, "She is early", "until Tuesday"))
    if case.gold:
        assert case.gold not in critique
        assert case.gold in seen(Arm.CRITIQUE_AND_GOLD)
        assert "She is early" not in seen(Arm.CRITIQUE_AND_GOLD)


@of_each(CASES)
def test_a_hint_that_tells_is_dropped_but_as_published(case: Case) -> None:
    found = again(case, writing(case.leaking, case.leaking))
    assert (len(found.samples), found.hint.leaked, found.hint.text) == (1, 2, "")
    assert again(case, writing(case.leaking), Profile.REFERENCE).hint.text == case.leaking


@of_each(WITH_GOLD)
def test_the_gold_arm_shows_every_part_what_was_really_said(case: Case) -> None:
    found = again(case, None, arm=Arm.GOLD)
    _, copy, hinted = found.samples
    assert all(case.gold in told(strand) for strand in hinted.strands)
    assert not any(case.gold in told(strand) for strand in copy.strands)
    assert not found.hint.requested


@pytest.mark.parametrize("arm", [Arm.GOLD, Arm.CRITIQUE_AND_GOLD])
def test_an_arm_that_needs_a_gold_answer_is_refused_where_there_is_none(arm: Arm) -> None:
    with pytest.raises(UsageError, match=r"sotopia item .* has no gold answer"):
        again(SOTOPIA, writing(HINT), arm=arm)


@of_each(CASES)
@pytest.mark.parametrize("profile", BOTH)
def test_outside_training_no_writer_is_asked(case: Case, profile: Profile) -> None:
    found = again(case, writing(), profile, training=False)
    assert (len(found.samples), found.hint.requested) == (1, False)


def test_the_published_step_from_which_coser_gives_no_hints() -> None:
    assert again(COSER, writing(HINT), Profile.REFERENCE, step=29).hint.requested
    assert not again(COSER, writing(HINT), Profile.REFERENCE, step=30).hint.requested
    assert again(COSER, writing(HINT), step=30).hint.requested


def test_a_judge_that_fails_leaves_nothing_to_train_and_no_gain() -> None:
    for profile in BOTH:
        item, cast = HUMANUAL.item(profile), HUMANUAL.cast(profile)
        broken = replace(cast, judges=(Scripted(lambda messages, sampling: EndpointDown("nobody there")),))
        found = asyncio.run(rollout(HUMANUAL.task, item, broken, writing(HINT), profile=profile))
        assert [(sample.reward, sample.strands) for sample in found.samples] == [(None, ())]
        assert not found.hint.requested
    failing = replace(HUMANUAL, judge=lambda asked, good, profile: "no" if good else ratings(asked, good, profile))
    found = again(failing, writing(HINT))
    assert [(sample.reward is None, sample.strands == ()) for sample in found.samples[1:]] == [(True, True)] * 2
    assert found.hint.gain is None


def test_sotopias_published_attempts_are_paid_on_two_scales() -> None:
    draft, copy, hinted = again(SOTOPIA, writing(HINT), Profile.REFERENCE).samples
    assert draft.reward == draft.outcome.metrics["soul_score"]
    assert copy.reward == hinted.reward == hinted.outcome.metrics["weighted"] == 1.0
    draft, copy, _ = again(SOTOPIA, writing(HINT)).samples
    assert (draft.reward, copy.reward) == (draft.outcome.score, copy.outcome.score)
    worst, best = ({name: getattr(each, end) for name, each in DIMENSIONS.items()} for end in ("low", "high"))
    assert reference_hinted_reward(best, Risk.MEDIUM, format_ok=True) == 0.0
    assert reference_hinted_reward(best, Risk.LOW, format_ok=False) == 0.5
    assert reference_hinted_reward(worst, Risk.LOW, format_ok=True) == 0.0


@pytest.mark.parametrize("profile", BOTH)
def test_userllm_takes_its_hints_from_rules(profile: Profile) -> None:
    says = {
        Profile.REFERENCE: ("what now", "compare electric cars under 30k"),
        Profile.IMPROVED: ("compare electric cars under 30k", "electric cars or petrol?"),
    }
    first, second = says[profile]
    case = Case(UserLLM(), PRISM, first=first, second=second, mark=second, judge=human)
    found = again(case, RuleWriter(), profile)
    draft, copy, hinted = found.samples
    assert found.hint.text.startswith("- ")
    assert found.hint.text in told(hinted.strands[0])
    assert told(copy.strands[0]) == told(draft.strands[0])
    assert (found.hint.gain or 0.0) > 0.0
    with pytest.raises(UsageError, match="No model writes hints for userllm"):
        again(case, writing(HINT), profile)


def test_only_the_published_userllm_tries_again_without_a_hint() -> None:
    case = Case(UserLLM(), PRISM, first="compare electric cars", second="", mark="-", judge=human)
    row = PRISM | {"source": "trivia"}
    assert len(again(replace(case, row=row), RuleWriter(), Profile.REFERENCE).samples) == 3
    fine = replace(case, first="electric cars or petrol?")
    assert len(again(fine, RuleWriter()).samples) == 1


def test_simarena_gives_no_hints() -> None:
    task = SimArenaDoc()
    found = asyncio.run(
        rollout(
            task,
            read(task),
            Cast(policy=Scripted(["hi", BYE]), partner=Scripted(["yes?", "A text."]), judges=(FixedJudge(),)),
            writing(HINT),
        )
    )
    assert (len(found.samples), found.hint.requested) == (1, False)
    assert len(found.samples[0].strands[0].calls) == 2
