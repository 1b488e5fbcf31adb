"""LifeChoices: rows, prompts, letters in every form of answer, the hinted prompt; both profiles."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.feedback import leaks
from odyssim.tasks.lifechoices import LifeChoices, LifeChoicesItem, reference_letter, stated_letter
from odyssim.types import Origin, Profile
from tests.parity.files.lifechoices import info
from tests.parity.rows import row_of

TASK = LifeChoices()
BOTH = list(Profile)


def item(profile: Profile = Profile.IMPROVED, **asked: Any) -> LifeChoicesItem:
    row = info("C")
    row["Multiple Choice Question"] |= asked
    return TASK.read(row_of("lifechoices", row), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_every_fixture_is_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert (len(items), items.dropped) == (12, ())
    assert {one.origin for one in items} == {Origin.FIXTURE}
    assert Counter(TASK.gold_letter(one, profile) for one in items) == dict.fromkeys("ABCD", 3)
    assert len({one.cluster for one in items}) == 12
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 0.25
        assert 150 <= len(one.biography.split()) <= 300


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("b", "B"),
        ("<answer> c </answer>", "C"),
        ("<answer>B</answer> but maybe (A)", "B"),
        ("choice: A, no: <answer>D</answer>", "D"),
        ("D\n\n: it is", "D"),
        ("C, for sure. Answer: B", "C"),
        ("C for sure. My choice:: b", "B"),
        ("answer: A, choice: B", "B"),
        ("pro-choice: d or a", "D"),
        ("choice\n: Dance", "D"),
        ("choice depends", "D"),
        ("myanswer b", "B"),
        ("answer could be A", "C"),
        ("I would take (b) and not (c)", "B"),
        ("(e) or D", "D"),
        ("I cannot decide", "C"),
        ("She would hide", "D"),
        ("only z 选择：C", "C"),
        ("<answer>C. Sing</answer>", "A"),
        ("**C** it is, no doubt, yes!", "C"),
        ("E", None),
        ("", None),
    ],
)
def test_published_rules_in_their_order(text: str, letter: str | None) -> None:
    assert reference_letter(text) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("b", "B"),
        (" (b). ", "B"),
        ("**C**", "C"),
        ("C) Sing", "C"),
        ("c) sing", "C"),
        ("D\n\n: it is", "D"),
        ("choice: d.", "D"),
        ("My choice is B because of her brother.", "B"),
        ("A) Stay is weak.\nB) Run is weaker.\nAnswer: C", "C"),
        ("Answer: A. No, wait. Answer: D", "D"),
        ("I would take (b).", "B"),
        ("The answer would be\n\n**C**", "C"),
        ("A) Stay\nB) Run\nboth possible", None),
        ("I would take (b) and not (c)", None),
        ("the answer a sailor gives", None),
        ("Answer: a sailor stays", None),
        ("answer could be A", None),
        ("choice depends", None),
        ("myanswer b", None),
        ("I cannot decide", None),
        ("She would hide", None),
        ("answer: E", None),
        ("E", None),
        ("", None),
    ],
)
def test_a_letter_counts_only_if_it_stands_alone(text: str, letter: str | None) -> None:
    assert stated_letter(text, "ABCD") == letter


@pytest.mark.parametrize(
    ("reply", "reference", "improved", "fallback"),
    [
        ("<answer>C</answer>", 1.0, 1.0, (0, 0)),
        ("<answer>(c) Sing</answer>", 1.0, 1.0, (1, 0)),
        ("<answer>C. Sing</answer>", 0.0, 1.0, (1, 0)),
        ("<answer>A</answer>, no: <answer>C</answer>", 0.0, 1.0, (0, 0)),
        ("She decides: C", 1.0, 0.0, (1, 0)),
        ("Choice: C", 1.0, 1.0, (1, 1)),
        ("<think><answer>A</answer></think>Answer: C", 1.0, 1.0, (1, 1)),
        ("<think>surely <answer>C</answer>", 1.0, 0.0, (0, 0)),
        ("A<answer>A</answer></think><answer>C</answer>", 0.0, 1.0, (0, 0)),
        ("no", 0.0, 0.0, (0, 0)),
        ("", 0.0, 0.0, (0, 0)),
        (None, 0.0, 0.0, (0, 0)),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float, fallback: tuple[int, int]) -> None:
    marks = [TASK.mark(item(profile), reply, profile) for profile in (Profile.REFERENCE, Profile.IMPROVED)]
    assert [mark.score for mark in marks] == [reference, improved]
    assert tuple(mark.metrics["fallback"] for mark in marks) == fallback


@pytest.mark.data
def test_improved_passes_the_core_vectors(vectors: Path) -> None:
    cases = json.loads((vectors / "lifechoices.json").read_text())["cases"]
    checked = 0
    for case in (case for case in cases if case["class"] == "core"):
        given, expected = case["input"], case["expected"]
        if case["fn"] == "end-to-end reward of one question":
            one = TASK.read(row_of("lifechoices", info(given["correct_answer"])), Profile.IMPROVED)
            assert TASK.mark(one, given["response"], Profile.IMPROVED).score == expected["reward"], case["id"]
            checked += 1
        elif case["fn"].startswith("letter extracted"):
            assert TASK.letter(item(), given["text"], Profile.IMPROVED) == expected["letter"], case["id"]
            checked += 1
    assert checked


@given(st.one_of(st.none(), st.text(), st.text("abcdABCD ().:,choiceanswer<>/\n", max_size=60)))
def test_any_text_gets_a_mark(text: str | None) -> None:
    for profile in BOTH:
        assert TASK.mark(item(profile), text, profile).score in (0.0, 1.0)


@pytest.mark.parametrize(
    "asked",
    [
        {"Correct Answer": None},
        {"Correct Answer": " "},
        {"Correct Answer": "E"},
        {"Correct Answer": "Charm them"},
        {"Question": ""},
        {"Options": None},
        {"Options": ["Stay"]},
        {"Options": ["Stay", "Stay ", "Sing", "Hide"]},
        {"Options": ["Stay", "Run", "", "Hide"]},
    ],
)
def test_unusable_rows_are_refused_in_improved_and_lost_in_reference(asked: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        item(**asked)
    reference = item(Profile.REFERENCE, **asked)
    assert TASK.mark(reference, "<answer>B</answer>", Profile.REFERENCE).score == 0.0
    assert TASK.prompt(reference, Profile.REFERENCE)


@pytest.mark.parametrize("key", ["character_name", "input_text", "Multiple Choice Question"])
@pytest.mark.parametrize("value", [None, " "])
def test_missing_fields(key: str, value: str | None) -> None:
    row = row_of("lifechoices", info("C") | {key: value})
    with pytest.raises(DataError, match="lifechoices"):
        TASK.read(row, Profile.IMPROVED)
    assert TASK.mark(TASK.read(row, Profile.REFERENCE), "", Profile.REFERENCE).score == 0.0


def test_gold_with_its_text() -> None:
    for profile in BOTH:
        assert item(profile, **{"Correct Answer": " c. Sing"}).gold == "C"


def test_a_missing_option_is_an_empty_line_as_published() -> None:
    shown = TASK.prompt(item(Profile.REFERENCE, Options=["Stay", "Run", "Sing"]), Profile.REFERENCE).user
    assert "\nC. Sing\nD. \n" in shown
    improved = TASK.prompt(item(Options=["Stay", "Run", "Sing"]), Profile.IMPROVED).user
    assert "\nC. Sing\n" in improved
    assert "D." not in improved


def test_prompt_shows_the_life_the_scene_and_the_options_in_order() -> None:
    for profile in BOTH:
        user = TASK.prompt(item(profile), profile).user
        parts = ["Ann grew up by the sea.", "A storm comes up.", "What does Ann do?", "A. Stay", "D. Hide", "<answer>"]
        assert [user.index(part) for part in parts] == sorted(user.index(part) for part in parts)
        assert "A book" not in user
    assert "Description: Ann" in TASK.prompt(item(Profile.REFERENCE), Profile.REFERENCE).user


def test_a_hint_stands_above_the_output_section_and_only_reference_cuts_the_biography() -> None:
    long = item().model_copy(update={"biography": " ".join(f"w{place}" for place in range(2500))})
    hinted = {profile: TASK.hinted(long, "Think of the storm.", profile).user for profile in BOTH}
    for user in hinted.values():
        assert user.index("D. Hide") < user.index("Keep in mind: Think of the storm.") < user.index("Output:")
    assert "w1999 [...]" in hinted[Profile.REFERENCE]
    assert "w2000" not in hinted[Profile.REFERENCE]
    assert "w2499" in hinted[Profile.IMPROVED]


def test_a_biography_over_the_budget_loses_its_beginning_and_nothing_else_goes() -> None:
    long = item().model_copy(update={"biography": " ".join(f"w{place}" for place in range(3000))})
    cast = Cast(policy=Scripted(["<answer>C</answer>"]), prompt_tokens=1000)
    asked = asyncio.run(TASK.play(long, cast)).turns[0].text
    assert "[...]" in asked
    assert "w2999" in asked
    assert "w0 " not in asked
    for kept in ("You are Ann", "A storm comes up.", "A. Stay", "<answer>A</answer>"):
        assert kept in asked


@pytest.mark.parametrize("hint", ["The answer is C.", "She would sing, as ever.", "Choose (c)."])
def test_hints_that_tell_the_gold_answer_are_noticed(hint: str) -> None:
    assert leaks(hint, TASK.secret(item(), Profile.IMPROVED))
    assert not leaks("Remember how she met the last storm.", TASK.secret(item(), Profile.IMPROVED))
