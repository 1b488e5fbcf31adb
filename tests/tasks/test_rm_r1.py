"""RM-R1: rows in their many spellings, both modes, verdicts and rewards, position swap."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.prompt import Prompt
from odyssim.tasks.rm_r1 import (
    PLACES,
    RMR1,
    Mode,
    RMR1Item,
    bracketed_place,
    mode_of,
    place_of,
    read_place,
    rl_reward,
    tagged_place,
)
from odyssim.types import Episode, Message, Outcome, Profile
from tests.parity.files.rm_r1 import ANSWERS, COVERED
from tests.parity.rows import row_of

BOTH = list(Profile)
TASK = RMR1()
ROW = {"question": "What is 2 + 2?", "answer_a": "Four.", "answer_b": "Five.", "winner": "model_a"}
MESSAGES = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "2 + 2? A: Four. B: Five."}]
TALKS = {
    "multi_turn": True,
    "conversation_1": "User: hi\nAssistant: hello",
    "conversation_2": "User: hi\nAssistant: no",
}
A, B = "<answer>[[A]]</answer>", "<answer>[[B]]</answer>"


def item(profile: Profile = Profile.IMPROVED, row: dict[str, Any] = ROW, **changes: Any) -> RMR1Item:
    return TASK.read(row_of("rm_r1", row | changes), profile)


def prompts(one: RMR1Item, profile: Profile) -> list[Prompt]:
    return [question for question in TASK.questions(one, profile) if isinstance(question, Prompt)]


def score(profile: Profile, replies: list[str | None], **changes: Any) -> float:
    return TASK.mark(item(profile, **changes), replies, profile).score


def played(one: RMR1Item, script: list[str], profile: Profile, prompt_tokens: int = 8192) -> tuple[Episode, Outcome]:
    cast = Cast(policy=Scripted(script), prompt_tokens=prompt_tokens)
    episode = asyncio.run(TASK.play(one, cast, profile))
    return episode, asyncio.run(TASK.score(one, episode, Cast(), profile))


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 0.5
        wrong = [reply.translate({65: 66, 66: 65}) for reply in TASK.gold_replies(one, profile)]
        assert TASK.mark(one, wrong, profile).score == 0.0
    gold = Counter(one.gold for one in items)
    assert abs(gold["A"] - gold["B"]) <= 1
    assert {one.mode for one in items} == set(Mode)
    assert {one.trained for one in items} == {True, False}
    assert any(one.conversations for one in items)
    assert any(one.context for one in items)


# --- what is asked ----------------------------------------------------------------------------------------------


def test_improved_asks_both_ways_round() -> None:
    forward, backward = prompts(item(), Profile.IMPROVED)
    assert (
        forward.user
        == "# What the user asked\nWhat is 2 + 2?\n\n# Answer of assistant A\nFour.\n\n# Answer of assistant B\nFive."
    )
    assert backward.user.endswith("# Answer of assistant A\nFive.\n\n# Answer of assistant B\nFour.")
    assert prompts(item(Profile.REFERENCE), Profile.REFERENCE) == [forward]


def test_modes() -> None:
    instruct = prompts(item(rm_r1_mode="Instruct"), Profile.IMPROVED)[0]
    reasoning = prompts(item(rm_r1_mode=" RM_R1_Reasoning "), Profile.IMPROVED)[0]
    assert "rubric" in instruct.system
    assert A in instruct.system
    assert reasoning.system == ""
    assert A in reasoning.user
    assert reasoning.user.endswith(instruct.user)


@pytest.mark.parametrize("name", ["reasoning", "rm-r1-reasoning", "DeepSeek", "deepseek_distilled", " reasoning\n"])
def test_names_of_the_reasoning_mode(name: str) -> None:
    assert mode_of(name) is Mode.REASONING


@pytest.mark.parametrize("name", ["instruct", "rm-r1-instruct", "after-distill", "after_distill_rlvr", "xyz", "", None])
def test_every_other_name_is_instruct(name: str | None) -> None:
    assert mode_of(name) is Mode.INSTRUCT


def test_whole_conversations() -> None:
    one = item(row=TALKS, winner="b")
    prompt = prompts(one, Profile.IMPROVED)[0]
    assert prompt.user == (
        "# Conversation with assistant A\nUser: hi\nAssistant: hello\n\n"
        "# Conversation with assistant B\nUser: hi\nAssistant: no"
    )
    other = {"multi_turn": 1, "conversation1": TALKS["conversation_1"], "conversation_b": TALKS["conversation_2"]}
    assert item(row=other, winner="b").answers == one.answers
    assert item(row=TALKS | {"multi_turn": None}, winner="b").conversations
    with pytest.raises(DataError, match="conversations"):
        item(multi_turn=True)


def test_published_messages_are_put_as_they_are() -> None:
    given = tuple(Message.model_validate(message) for message in MESSAGES)
    for profile in BOTH:
        alone = item(profile, {"context_messages": MESSAGES, "winner": "a"})
        assert TASK.questions(alone, profile) == [given]
        episode, outcome = played(alone, [f"So {A}"], profile)
        assert episode.calls[0].messages == given
        assert outcome.score == 1.0
        _, outcome = played(alone, [], profile, prompt_tokens=5)
        assert outcome.failure is not None
        assert outcome.failure.kind == "prompt_too_long"


def test_messages_and_fields() -> None:
    """With both, improved asks its own prompt: what is put as it is cannot be asked the other way round."""
    both: dict[str, Any] = {"context_messages": MESSAGES}
    assert item(Profile.REFERENCE, **both).context
    assert not item(**both).context
    assert not item(Profile.REFERENCE, **both, force_rebuild_prompt=True).context
    with pytest.raises(DataError, match="a question and two answers"):
        item(Profile.REFERENCE, {**both, "force_rebuild_prompt": True, "winner": "a"})


# --- rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["question", "prompt_text", "prompt", "instruction"])
@pytest.mark.parametrize("answer", ["answer", "response", "output", "assistant_response"])
def test_every_spelling_of_the_fields(question: str, answer: str) -> None:
    blank = {"question": " ", "answer_a": None, "answer_b": "", "gold_letter": "b"}
    one = item(row=blank | {question: "q", f"{answer}_a": "x", f"{answer}_b": "y"})
    assert (one.question, one.answers, one.gold) == ("q", ("x", "y"), "B")


@pytest.mark.parametrize("label", ["b", " B ", "model_b", "Answer_B", "response_b", "chatbot_b", "model-b"])
def test_labels(label: str) -> None:
    assert place_of(label) == "B"
    assert item(winner=label).gold == "B"


@pytest.mark.parametrize("label", ["tie", "c", "answer-b", "model b", "modelb", "ab", ""])
def test_labels_that_name_no_answer(label: str) -> None:
    assert place_of(label) == ""


def test_the_first_label_counts_even_if_it_is_unusable() -> None:
    assert item(winner=None, answer="b", ground_truth="a").gold == "B"
    assert item(winner=" ", correct_letter="B", gold_letter="A").gold == "B"
    tie: dict[str, Any] = {"winner": "tie", "correct_letter": "A"}
    for suite in (None, "", "rlvr", "TRAIN", "rm_r1_rlvr", "reasoning_rlvr", "after_distill_rlvr"):
        with pytest.raises(DataError, match="neither"):
            item(Profile.REFERENCE, **tie, eval_suite=suite)
    with pytest.raises(DataError, match="neither"):
        item(Profile.REFERENCE, **tie, eval_suite="rmb", reward_mode="rlvr")
    for suite in ("rewardbench", "rmb", "rm-r1-rlvr"):
        assert [score(Profile.REFERENCE, [text], **tie, eval_suite=suite) for text in (A, "")] == [0.0, 0.0]
        with pytest.raises(DataError, match="neither"):
            item(Profile.IMPROVED, **tie, eval_suite=suite)


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("suite", ["rlvr", "rewardbench"])
@pytest.mark.parametrize(
    "changes",
    [
        {"question": None},
        {"answer_a": " "},
        {"answer_b": None},
        {"winner": None},
        {"winner": "", "correct_letter": "c"},
        {"winner": "", "gold_letter": "model_a"},
        {"context_messages": [{"role": "oracle", "content": "x"}], "question": None},
        {"context_messages": [{"role": "user"}], "question": None},
    ],
)
def test_rows_that_nobody_can_use(profile: Profile, suite: str, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        item(profile, **changes, eval_suite=suite)


def test_equal_answers() -> None:
    assert item(Profile.REFERENCE, answer_b="Four. ").gold == "A"
    with pytest.raises(DataError, match="the same"):
        item(answer_b="Four. ")


# --- verdicts and rewards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tagged", "bracketed", "improved"),
    [
        (A, "A", "A", "A"),
        ("so [[A]]", None, "A", "A"),
        (B + " " * 58, "B", "B", "B"),
        (B + " " * 59, None, "B", "B"),
        (A + " " * 10 + B, None, None, "B"),
        (A + "x" * 80 + B, "B", None, "B"),
        ("<answer> [[A]] </answer>", None, "A", "A"),
        ("<answer>[[a]]</answer>", None, None, "A"),
        ("<answer>A</answer>", None, None, "A"),
        ("<answer>tie</answer> [[B]]", None, "B", None),
        ("either [[A]] or [[B]]", None, None, "B"),
        ("<think>[[A]]</think>" + B, "B", None, "B"),
        ("<think>" + A, "A", "A", None),
        ("A", None, None, None),
        ("", None, None, None),
    ],
)
def test_verdicts(text: str, tagged: str | None, bracketed: str | None, improved: str | None) -> None:
    assert (tagged_place(text), bracketed_place(text), read_place(text)) == (tagged, bracketed, improved)


def test_rl_reward() -> None:
    assert [rl_reward(text, "model_b") for text in (B, A, "", None, "[[B]]")] == [1.0, -1.0, -1.0, -1.0, -1.0]
    with pytest.raises(DataError, match="'tie' names neither"):
        rl_reward(A, "tie")


def test_published_scores() -> None:
    trained = TASK.mark(item(Profile.REFERENCE), ["so [[A]]"], Profile.REFERENCE)
    assert (trained.score, trained.metrics["rl_reward"]) == (0.0, -1.0)
    tested = TASK.mark(item(Profile.REFERENCE, eval_suite="rmb"), ["so [[A]]"], Profile.REFERENCE)
    assert (tested.score, tested.answer, tested.metrics) == (1.0, "A", {"answered": 1.0})
    assert score(Profile.REFERENCE, ["so [[A]]"], eval_suite="rmb", reward_mode="rlvr") == 0.0
    assert score(Profile.REFERENCE, ["so [[A]]"], eval_suite="rmb", reward_mode="RLVR") == 1.0


@pytest.mark.parametrize(
    ("replies", "expected", "consistent"),
    [([A, B], 1.0, 1.0), ([A, A], 0.5, 0.0), ([B, A], 0.0, 1.0), ([A, None], 0.5, 0.0), (["", ""], 0.0, 0.0)],
)
def test_improved_scores(replies: list[str | None], expected: float, consistent: float) -> None:
    mark = TASK.mark(item(), replies, Profile.IMPROVED)
    assert (mark.score, mark.metrics["consistent"]) == (expected, consistent)
    mirrored = [None if reply is None else reply.translate({65: 66, 66: 65}) for reply in replies]
    assert TASK.mark(item(winner="b"), mirrored, Profile.IMPROVED).score == expected


def test_playing() -> None:
    episode, outcome = played(item(), [A, A], Profile.IMPROVED)
    assert (len(episode.calls), outcome.score, outcome.answer) == (2, 0.5, "A A")
    assert TASK.facets(item()) == {"suite": "rlvr", "mode": "instruct"}


@given(st.text() | st.text().map("<answer>[[{}]]</answer>".format), st.sampled_from(PLACES))
def test_marking_never_fails(text: str, gold: str) -> None:
    for profile, reply, suite in product(BOTH, (text, None), ("rlvr", "rmb")):
        one = item(profile, winner=gold, eval_suite=suite)
        replies = [reply] * len(TASK.questions(one, profile))
        assert TASK.mark(one, replies, profile).score in (0.0, 0.5, 1.0)


@pytest.mark.data
def test_improved_gives_the_core_results(vectors: Path) -> None:
    """Of the two orders the vectors know one: a reply to that alone earns half of the expected reward (-1 counts 0)."""

    def earned(row: dict[str, Any], reply: str | None) -> float:
        return 2 * TASK.mark(item(row=row), [reply, None], Profile.IMPROVED).score

    cases = json.loads((vectors / "rm_r1.json").read_text(encoding="utf-8"))["cases"]
    core = [case for case in cases if case["class"] == "core"]
    assert core
    for case in core:
        given, expected = case["input"], case["expected"]
        if case["fn"] == "mode normalisation":
            assert COVERED[case["fn"]](given) == expected, case["id"]
        else:
            row = given.get("row") or {**ANSWERS, "winner": given["winner"]}
            assert earned(row, given.get("response", given.get("output"))) == max(expected["reward"], 0.0), case["id"]
