"""The hard rules on contexts: planted leaks are all found, honest contexts pass, and the leak share itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.ground.outcome import tells_answer, tells_outcome
from odyssim.corpus.ground.rules import Fault, brought_along, gives_away, violations
from odyssim.corpus.leak import MAX_LEAK, leak_share, words
from odyssim.types import Axis, Interaction, SocialContext, Source, Turn

CASES = [json.loads(line) for line in (Path(__file__).parent / "ground_cases.jsonl").read_text("utf-8").splitlines()]
HONEST = [(case, context) for case in CASES for context in case["honest"]]
PLANTED = [(case, leak) for case in CASES for leak in case["leaks"]]


def interaction(*turns: tuple[str, str], imitated: tuple[str, ...] = ("Ana",), axis: Axis = Axis.CONV) -> Interaction:
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=speaker in imitated) for speaker, text in turns),
        context=None,
        source=Source(dataset="tests", licence="CC0-1.0", split="train", original_id="1"),
        axis=axis,
    )


def of_case(case: dict[str, Any]) -> Interaction:
    turns = [(speaker, text) for speaker, text in case["turns"]]
    return interaction(*turns, imitated=tuple(case["imitated"]), axis=Axis(case["axis"]))


def with_leak(context: dict[str, Any], where: str, text: str) -> SocialContext:
    """`context` with `text` at the end of the field that `where` names ('scenario', 'goal of Ana')."""
    planted = json.loads(json.dumps(context))
    kind, _, speaker = where.partition(" of ")
    fields, key = (planted[f"{kind}s"], speaker) if speaker else (planted, kind)
    fields[key] = f"{fields.get(key, '')} {text}".strip()
    return SocialContext.model_validate(planted)


# --- the labelled set -------------------------------------------------------------------------------------------


def test_the_labelled_set_is_large_enough() -> None:
    assert len(HONEST) >= 60
    assert len(PLANTED) >= 60
    assert {leak["fault"] for _, leak in PLANTED} == {"leak", "verbatim", "outcome", "answer"}


@pytest.mark.parametrize(
    ("case", "leak"), PLANTED, ids=[f"{case['id']}-{leak['fault']}-{leak['kind']}" for case, leak in PLANTED]
)
def test_every_planted_leak_is_found(case: dict[str, Any], leak: dict[str, str]) -> None:
    planted = with_leak(case["honest"][0], leak["where"], leak["text"])
    assert Fault(leak["fault"]) in {violation.fault for violation in violations(of_case(case), planted)}


def test_honest_contexts_pass() -> None:
    alarms = [
        (case["id"], violation.complaint)
        for case, context in HONEST
        for violation in violations(of_case(case), SocialContext.model_validate(context))
    ]
    assert len({case for case, _ in alarms}) <= 0.05 * len(HONEST), alarms


@pytest.mark.parametrize(("case", "leak"), PLANTED[::7], ids=lambda value: value.get("id", value.get("kind")))
def test_a_complaint_does_not_repeat_the_leak(case: dict[str, Any], leak: dict[str, str]) -> None:
    planted = with_leak(case["honest"][0], leak["where"], leak["text"])
    for violation in violations(of_case(case), planted):
        assert leak_share(violation.complaint, [leak["text"]]) == 0.0


# --- leak share -------------------------------------------------------------------------------------------------


def test_names_and_numbers_that_a_person_brings_along_are_no_leak() -> None:
    told = interaction(("agent", "Your name?"), ("Ana", "It is Ana Lopez of Quarry Lane, order 774120"))
    assert brought_along(told, "Ana") == {"ana", "lopez", "quarry", "lane", "774120", "agent"}
    known = SocialContext(profiles={"Ana": "You are Ana Lopez of Quarry Lane."})
    assert leak_share("It is Ana Lopez of Quarry Lane", ["It is Ana Lopez of Quarry Lane"]) == 1.0
    assert not gives_away(told, known)


def test_names_and_numbers_learned_from_others_are_a_leak() -> None:
    told = interaction(("agent", "Ask for Bob Okoro in room 217"), ("Ana", "so I ask for Bob Okoro in room 217"))
    assert not {"bob", "okoro", "217"} & brought_along(told, "Ana")
    assert gives_away(told, SocialContext(goals={"Ana": "You ask for Bob Okoro in room 217."}))


def test_a_word_that_is_also_written_small_is_no_name() -> None:
    said = interaction(("Ana", "I love Summer and summer loves me, like Rosa does"))
    assert brought_along(said, "Ana") == {"ana", "rosa"}


def test_only_what_enters_the_row_counts_as_a_leak() -> None:
    said = interaction(("Ana", "the cellar is full of water again"), ("Ben", "oh dear, that is the third time now"))
    quoted = "the cellar is full of water again"
    assert gives_away(said, SocialContext(goals={"Ana": quoted}))
    assert gives_away(said, SocialContext(scenario=quoted))
    assert not gives_away(said, SocialContext(goals={"Ben": quoted}))
    assert not gives_away(said, SocialContext(scenario="that is the third time now"))


def test_scripts_without_spaces_are_compared_by_eight_characters() -> None:
    assert words("我想订一个酒店, ok") == ["我想订一个", "想订一个酒", "订一个酒店", "ok"]
    assert leak_share("他说我想订一个便宜酒店", ["我想订一个便宜酒店吧"]) > MAX_LEAK
    assert leak_share("他想住酒店", ["我想订一个便宜酒店吧"]) == 0.0


@given(st.lists(st.sampled_from("red blue ship sails calm lake".split()), min_size=4, max_size=30))
def test_known_words_can_only_lower_the_share(said: list[str]) -> None:
    turn = " ".join(said)
    assert leak_share(turn, [turn]) == 1.0
    assert leak_share(turn, [turn], {"ship", "sails"}) <= 1.0
    assert leak_share(turn, [turn], set(said)) == 0.0


@given(st.text(max_size=200))
def test_any_text_is_a_leak_of_itself_when_it_has_four_words(text: str) -> None:
    assert leak_share(text, [text]) == (1.0 if len(words(text)) >= 4 else 0.0)


# --- outcome and answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "They quarrel, but in the end they make up.",
        "Ben eventually agrees.",
        "The conversation ends with a hug.",
        "You will learn that the shop is closed.",
        "Ana wants a refund and then accepts a voucher.",
        "It turns out that the train was on time.",
        "Ana tells Ben about her trip.",
        "ana reluctantly admits that she was wrong",
    ],
)
def test_wording_that_tells_the_outcome_is_found(text: str) -> None:
    assert tells_outcome(text, ["Ana", "Ben"])


@pytest.mark.parametrize(
    "text",
    [
        "You hope that Ben will agree.",
        "Find out whether the shop sells it.",
        "Reach an agreement that suits both of you.",
        "You ended up in this town after a job fell through.",
        "You agreed to meet at noon, by the end of the month at the latest.",
        "After losing her job, she decides to call a friend.",
        "Get Ben to finally accept your apology.",
        "You tell jokes when you are nervous.",
    ],
)
def test_hopes_and_what_came_before_are_no_outcome(text: str) -> None:
    assert tells_outcome(text, ["Ana", "Ben"]) is None


def test_an_announced_answer_is_found_and_a_question_is_not() -> None:
    assert tells_answer("The correct option is the second one.")
    assert tells_answer("You wonder which answer is correct.") is None


def test_a_one_letter_answer_must_be_announced() -> None:
    asked = interaction(("exam", "A or B?"), ("Ana", "B"), axis=Axis.COG)
    assert violations(asked, SocialContext(goals={"Ana": "You choose B."}))
    assert not violations(asked, SocialContext(goals={"Ana": "You know what vitamin B is good for."}))


def test_short_replies_are_answers_in_question_rows_only() -> None:
    turns = (("exam", "Where is the apple?"), ("Ana", "in the blue basket"))
    told = SocialContext(goals={"Ana": "It lies in the blue basket."})
    assert {found.fault for found in violations(interaction(*turns, axis=Axis.COG), told)} >= {Fault.ANSWER}
    assert Fault.ANSWER not in {found.fault for found in violations(interaction(*turns), told)}
