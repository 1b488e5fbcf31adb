"""TwinVoice: rows in all their forms, prompts, marks, figures by dimension; both profiles."""

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
from odyssim.tasks.twinvoice import TwinVoice, TwinVoiceItem, script_of
from odyssim.types import Origin, Outcome, Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of

TASK = TwinVoice()
BOTH = list(Profile)
ROW = {
    "user_id": "u1",
    "dimension": "social",
    "history": ["ugh. fog", "tea first"],
    "anchor_post": "Good morning!",
    "choices": ["is it", "A splendid day!", "Yes.", "no"],
    "answer_idx": 0,
}


def read(profile: Profile, **changes: Any) -> TwinVoiceItem:
    return TASK.read(row_of("twinvoice", ROW | changes), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_every_fixture_is_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert (len(items), items.dropped) == (12, ())
    assert {one.origin for one in items} == {Origin.FIXTURE}
    assert Counter(TASK.gold_letter(one, profile) for one in items) == dict.fromkeys("ABCD", 3)
    assert Counter(one.dimension for one in items) == {"social": 4, "interpersonal": 4, "narrative": 4}
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 0.25
        assert len(one.history) >= 6


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"history": '["ugh. fog", "tea first"]', "choices": json.dumps(ROW["choices"])},
        {"history": ["other"], "conversation_history": ROW["history"]},
        {"choices": ["p", "q", "r", "s"], "answer_choices": ROW["choices"]},
    ],
)
def test_forms_of_the_lists(profile: Profile, changes: dict[str, Any]) -> None:
    one = read(profile, **changes)
    assert (one.history, one.options) == (("ugh. fog", "tea first"), ("is it", "A splendid day!", "Yes.", "no"))


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation_history": None},
        {"answer_choices": None},
        {"history": None},
        {"history": ""},
        {"answer_idx": "0"},
        {"answer_idx": 0.0},
        {"history": "['single quotes']"},
    ],
)
def test_reference_breaks_on_these_and_improved_reads_them(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="twinvoice 0"):
        read(Profile.REFERENCE, **changes)
    assert TASK.mark(read(Profile.IMPROVED, **changes), "<answer>A</answer>", Profile.IMPROVED).score == 1.0


@pytest.mark.parametrize("place", [4, -5, None, "x", 1.5])
def test_a_place_that_is_no_option_is_refused(place: object) -> None:
    for profile in BOTH:
        with pytest.raises(DataError):
            read(profile, answer_idx=place)


def test_places_below_zero_wrap_only_in_reference() -> None:
    assert read(Profile.REFERENCE, answer_idx=-1).gold == "D"
    with pytest.raises(DataError, match="none of the options"):
        read(Profile.IMPROVED, answer_idx=-1)


@pytest.mark.parametrize(
    "changes",
    [
        {"choices": ["yes", "yes", "no", "so"]},
        {"choices": None},
        {"choices": ["yes"]},
        {"choices": ["", "yes", "no", "so"]},
        {"anchor_post": " "},
    ],
)
def test_unusable_rows_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        read(Profile.IMPROVED, **changes)


def test_a_missing_choice_is_an_empty_line_as_published() -> None:
    changes = {"choices": ["is it", "Yes.", "no"], "answer_idx": 2}
    assert "\nC. no\nD. \n" in TASK.prompt(read(Profile.REFERENCE, **changes), Profile.REFERENCE).user
    assert "D." not in TASK.prompt(read(Profile.IMPROVED, **changes), Profile.IMPROVED).user


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>A</answer>", 1.0, 1.0),
        ("<ANSWER>\na\n</ANSWER>", 1.0, 1.0),
        ("<answer>A.</answer>", 0.0, 1.0),
        ("<answer>(A) is it</answer>", 0.0, 1.0),
        ("<reasoning>not <answer>B</answer></reasoning><answer>A</answer>", 0.0, 1.0),
        ("<answer>?</answer><answer>A</answer>", 1.0, 1.0),
        ("<think><answer>B</answer></think><answer>A</answer>", 1.0, 1.0),
        ("b<answer>B</answer></think><answer>A</answer>", 0.0, 1.0),
        ("<think><answer>A</answer>", 1.0, 0.0),
        ("<answer>E</answer>", 0.0, 0.0),
        ("<answer>\uff21</answer>", 0.0, 0.0),
        ("<answer></answer>", 0.0, 0.0),
        ("A", 0.0, 0.0),
        ("Answer: A", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float) -> None:
    for profile, score in ((Profile.REFERENCE, reference), (Profile.IMPROVED, improved)):
        assert TASK.mark(read(profile), reply, profile).score == score


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "twinvoice", TASK)
    assert expected
    assert found == expected


@given(st.one_of(st.none(), st.text(), st.text("ABCD<>/answerthik ().", max_size=60)))
def test_any_text_gets_a_mark(text: str | None) -> None:
    for profile in BOTH:
        assert TASK.mark(read(profile), text, profile).score in (0.0, 1.0)


def test_prompt_and_place_of_the_hint() -> None:
    for profile in BOTH:
        user = TASK.hinted(read(profile), "Look at the commas.", profile).user
        parts = ["- ugh. fog\n- tea first", "Good morning!", "Keep in mind: Look", "# Choices\nA. is it", "<reasoning>"]
        assert [user.index(part) for part in parts] == sorted(user.index(part) for part in parts)


def test_a_history_over_the_budget_loses_its_oldest_posts() -> None:
    one = read(Profile.IMPROVED, history=[f"post number {number}" for number in range(500)])
    cast = Cast(policy=Scripted(["<answer>A</answer>"]), prompt_tokens=600)
    asked = asyncio.run(TASK.play(one, cast)).turns[0].text
    assert "- post number 499" in asked
    assert "- post number 1\n" not in asked
    assert "A. is it" in asked


def test_reference_shows_the_whole_history() -> None:
    one = read(Profile.REFERENCE, history=[f"post {number}" for number in range(80)])
    assert TASK.prompt(one, Profile.REFERENCE).user.count("\n- post ") == 80


def test_figures_by_dimension_and_script() -> None:
    scored = [
        (read(Profile.IMPROVED, dimension=dimension, anchor_post=anchor), Outcome(score=score))
        for dimension, anchor, score in (
            ("social", "今天天气真好，大家都在做什么呢？有没有人去爬山看日落，晚上还可以一起去吃一碗热汤面？", 1.0),
            ("social", "hi", 0.0),
            ("narrative", "hi", 1.0),
            (None, "hi", 1.0),
        )
    ]
    assert TASK.diagnostics(scored) == {
        "accuracy_overall": 0.75,
        "accuracy_social": 0.5,
        "accuracy_narrative": 1.0,
        "accuracy_script_cjk": 1.0,
        "accuracy_script_latin": 2 / 3,
    }


@pytest.mark.parametrize(("text", "script"), [("да ok нет", "cyrillic"), ("🙂 12", "none"), ("", "none")])
def test_scripts(text: str, script: str) -> None:
    assert script_of(text) == script


def test_items_of_one_person_share_a_cluster() -> None:
    mine, other = read(Profile.IMPROVED), read(Profile.IMPROVED, user_id="u2")
    assert mine.cluster == read(Profile.IMPROVED, history=["later"]).cluster != other.cluster
