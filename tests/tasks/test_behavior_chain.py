"""BehaviorChain: the object in a row, prompts, marks, chains, and the two further splits; both profiles."""

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
from odyssim.tasks.behavior_chain import BehaviorChain, BehaviorChainItem
from odyssim.types import Origin, Outcome, Profile
from tests.parity.files.behaviorchain import info
from tests.parity.rows import row_of

TASK = BehaviorChain()
BOTH = list(Profile)
RAW = {
    "persona_name": "Ann Reed",
    "profile_text": "A careful sailor.",
    "history_text": "She left home.",
    "prior_chain": [{"context": "Storm rises.", "behavior": "She reefs the sail."}],
    "current_context": "Land ahead.",
    "options_dict": {"A": "Turn", "B": "Shout", "C": "Sleep", "D": "Row"},
    "right_option_letter": "B",
}


def read(profile: Profile, /, **changes: Any) -> BehaviorChainItem:
    return TASK.read(row_of("behavior_chain", info({"raw_object": RAW | changes})), profile)


def user(profile: Profile, /, **changes: Any) -> str:
    return TASK.prompt(read(profile, **changes), profile).user


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("split", ["fixture", "options_only", "renamed"])
def test_every_fixture_is_sound(profile: Profile, split: str) -> None:
    items = TASK.items(split, profile=profile)
    assert (len(items), items.dropped) == (13, ())
    assert {one.origin for one in items} == {Origin.FIXTURE}
    assert sorted(Counter(TASK.gold_letter(one, profile) for one in items).values()) == [3, 3, 3, 4]
    assert sorted(Counter(one.cluster for one in items).values()) == [4, 4, 5]
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 0.25


def test_prompt_in_the_published_order() -> None:
    for profile in BOTH:
        text = user(profile)
        parts = [
            "A careful sailor.",
            "She left home.",
            "Step 0:\nContext: Storm rises.\nBehavior: She reefs the sail.",
            "Land ahead.",
            "Ann Reed do next?",
            "A. Turn\nB. Shout\nC. Sleep\nD. Row",
            "<answer>",
        ]
        assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


@pytest.mark.parametrize(
    ("changes", "shown", "absent"),
    [
        ({"profile_text": "", "profile": "An old salt."}, "An old salt.", "(none)"),
        ({"profile_text": None, "profile": {"trait": "calm"}}, "calm", "(none)"),
        ({"profile_text": None}, "(none)", "careful"),
        ({"history_text": " "}, "(none)", "left home"),
        ({"history_truncated": []}, "She left home.", "(none)"),
        ({"history_truncated": "no list"}, "She left home.", "no list"),
        (
            {"history_truncated": ["One.", {"chapter_num": 2, "chapter_content": "Two."}]},
            "One.\n\n2\nTwo.",
            "left home",
        ),
        ({"history_truncated": ["One.", {"chapter_num": "2", "chapter_content": None}]}, "One.", "\n2\n"),
        ({"history_truncated": [{"chapter_content": "Two."}]}, "# The story before\nTwo.\n\n", "left home"),
        ({"prior_chain": [], "prior_chain_text": "Before that."}, "Before that.", "Step 0"),
        ({"prior_chain": None}, "(none)", "Step 0"),
        ({"prior_chain": ["x", {"behavior": "Waits."}]}, "Step 1:\nBehavior: Waits.", "Step 0"),
        ({"prior_chain": [{"context": "Fog.", "behavior": ""}]}, "Step 0:\nContext: Fog.\n\n", "Behavior:"),
        ({"options_dict": {}, "options": ["Turn", "Shout"]}, "A. Turn\nB. Shout\n\n", "C."),
    ],
)
def test_what_stands_in_for_what(changes: dict[str, Any], shown: str, absent: str) -> None:
    for profile in BOTH:
        text = user(profile, **changes)
        assert shown in text
        assert absent not in text


@pytest.mark.parametrize(
    ("changes", "reference", "improved"),
    [
        ({"profile_text": "  ", "profile": "An old salt."}, "(none)", "An old salt."),
        ({"history_truncated": [{"chapter_num": 1}]}, "(none)", "She left home."),
        ({"prior_chain": ["x"], "prior_chain_text": "Before that."}, "(none)", "Before that."),
        ({"options_dict": {"A": "Turn", "B": "Shout"}}, "\nC. \nD. \n", "B. Shout\n\n"),
    ],
)
def test_only_improved_looks_on_where_nothing_shows(changes: dict[str, Any], reference: str, improved: str) -> None:
    assert reference in user(Profile.REFERENCE, **changes)
    text = user(Profile.IMPROVED, **changes)
    assert improved in text
    assert reference not in text


@pytest.mark.parametrize("raw", [None, "", "{broken", "[1]", "null", "3", {"persona_name": "Ann"}, "[" * 100_000])
def test_a_row_without_an_object_is_refused(raw: object) -> None:
    for profile in BOTH:
        with pytest.raises(DataError, match="'raw'"):
            TASK.read(row_of("behavior_chain", {"raw": raw}), profile)


@pytest.mark.parametrize(
    "changes",
    [
        {"right_option_letter": None},
        {"right_option_letter": "E"},
        {"right_option_letter": "AB"},
        {"options_dict": None},
        {"options_dict": {"A": "Turn", "C": "Sleep"}},
        {"options_dict": {"A": "Turn", "B": "Shout", "C": "Turn"}},
        {"current_context": " "},
        {"persona_name": None},
    ],
)
def test_unusable_nodes_are_refused_in_improved_and_asked_in_reference(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="behavior_chain"):
        read(Profile.IMPROVED, **changes)
    one = read(Profile.REFERENCE, **changes)
    assert TASK.prompt(one, Profile.REFERENCE)
    right = TASK.mark(one, "<answer>B</answer>", Profile.REFERENCE).score
    assert right == float(one.gold == "B")
    TASK.chance(one)


def test_gold_letters_are_trimmed_and_in_any_case() -> None:
    for profile in BOTH:
        assert read(profile, right_option_letter=" b ").gold == "B"


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>B</answer>", 1.0, 1.0),
        ("<ANSWER> b </ANSWER>", 1.0, 1.0),
        ("<answer>B. Shout</answer>", 0.0, 1.0),
        ("<answer>A</answer> or <answer>B</answer>", 0.0, 1.0),
        ("<think>hm</think><answer>B</answer>", 1.0, 1.0),
        ("<think>maybe <answer>A</answer></think><answer>B</answer>", 0.0, 1.0),
        ("<think>maybe <answer>B</answer></think><answer>A</answer>", 1.0, 0.0),
        ("<think><answer>B</answer>", 1.0, 0.0),
        ("<answer>E</answer>", 0.0, 0.0),
        ("B", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float) -> None:
    for profile, score in ((Profile.REFERENCE, reference), (Profile.IMPROVED, improved)):
        assert TASK.mark(read(profile), reply, profile).score == score


@pytest.mark.data
def test_improved_passes_the_core_vectors(vectors: Path) -> None:
    cases = json.loads((vectors / "behaviorchain.json").read_text())["cases"]
    core = [case for case in cases if case["class"] == "core" and case["fn"] == "end-to-end reward of one node"]
    assert core
    for case in core:
        one = TASK.read(row_of("behavior_chain", info(case["input"])), Profile.IMPROVED)
        score = TASK.mark(one, case["input"]["response"], Profile.IMPROVED).score
        assert score == case["expected"]["reward"], case["id"]


@given(st.one_of(st.none(), st.text(), st.text("ABCD<>/answerthik ().", max_size=60)))
def test_any_text_gets_a_mark(text: str | None) -> None:
    for profile in BOTH:
        assert TASK.mark(read(profile), text, profile).score in (0.0, 1.0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(RAW, _JSON)))
def test_any_object_is_read_or_refused(changes: dict[str, Any]) -> None:
    for profile in BOTH:
        try:
            one = read(profile, **changes)
        except DataError:
            continue
        assert TASK.prompt(one, profile).messages(profile)


def test_a_story_over_the_budget_loses_its_beginning() -> None:
    one = read(Profile.IMPROVED, history_text=" ".join(f"w{place}" for place in range(3000)))
    cast = Cast(policy=Scripted(["<answer>B</answer>"]), prompt_tokens=700)
    asked = asyncio.run(TASK.play(one, cast)).turns[0].text
    assert "w2999" in asked
    assert "w0 " not in asked
    for kept in ("A careful sailor.", "She reefs the sail.", "Land ahead.", "D. Row"):
        assert kept in asked


def test_figures_by_depth_and_chain() -> None:
    steps = [{"context": "c", "behavior": "b"}]
    scored = [
        (read(Profile.IMPROVED, persona_name=persona, prior_chain=steps * depth), Outcome(score=score))
        for persona, depth, score in (("Ann", 0, 1.0), ("Ann", 1, 1.0), ("Ben", 0, 1.0), ("Ben", 1, 0.0))
    ]
    assert TASK.diagnostics(scored) == {
        "accuracy_overall": 0.75,
        "accuracy_depth_0": 1.0,
        "accuracy_depth_1": 0.5,
        "accuracy_chain_mean": 0.75,
        "accuracy_chain_all": 0.5,
    }
    assert TASK.diagnostics([]) == {}
    assert TASK.facets(read(Profile.IMPROVED, prior_chain=None, prior_chain_text="Before.")) == {}


def test_options_only_shows_nothing_else() -> None:
    for profile in BOTH:
        for one in TASK.items("options_only", profile=profile):
            assert one.profile_text not in (text := TASK.prompt(one, profile).user)
            assert "Step 0" not in text
            assert text.startswith(f"Which of these does {one.persona} do next?")
            assert all(option in text for option in one.options)


def test_renaming_is_complete_and_the_same_in_all_nodes_of_a_persona() -> None:
    plain, renamed = TASK.items("fixture"), TASK.items("renamed")
    assert len({(before.persona, after.persona) for before, after in zip(plain, renamed, strict=True)}) == 3
    for before, after in zip(plain, renamed, strict=True):
        shown = TASK.prompt(after, Profile.IMPROVED).user
        for name in before.persona.removeprefix("Captain ").split():
            assert name not in shown
        assert after.persona.startswith("Captain ") == before.persona.startswith("Captain ")
        assert after.persona.split()[-1] in after.profile_text
    assert [one.persona for one in TASK.items("renamed", seed=1)] != [one.persona for one in renamed]


def test_a_broken_row_is_dropped_from_further_splits_too(tmp_path: Path) -> None:
    infos = [{"index": number, "raw": raw} for number, raw in enumerate(("{", json.dumps(RAW)))]
    rows = [{"data_source": "behavior_chain", "extra_info": one} for one in infos]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    for split in ("test", "renamed", "options_only"):
        items = TASK.items(split, data=path)
        assert (len(items), len(items.dropped)) == (1, 1)
        assert "line 1" in items.dropped[0].message
