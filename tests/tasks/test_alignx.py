"""AlignX: fixtures, placement, marks, bad rows, persona signals; both profiles."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError, PromptTooLong
from odyssim.models.token_count import estimated_tokens
from odyssim.tasks.alignx import AlignX, AlignXItem, chosen_is_second
from odyssim.tasks.prompt import fitted
from odyssim.types import Origin, Outcome, Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of

BOTH = list(Profile)
TASK = AlignX()
ROW = {"raw_prompt": "Tea or coffee?", "chosen": "Tea, all of it.", "rejected": "Coffee, any other.", "index": 3}
PAIRS = [{"prompt": f"pair {n}", "chosen": f"yes {n}", "rejected": f"no {n}"} for n in (1, 2, 3)]
COMMENTS = [{"prompt": f"topic {n}", "comment": f"said {n}"} for n in (1, 2, 3)]
LAST_PAIR = ("Example 1", "pair 3", "yes 3", "no 3")
LAST_SAID = ("Comment 1", "topic 3", "said 3")


def item(profile: Profile = Profile.IMPROVED, source: str = "alignx_demo", /, **changes: Any) -> AlignXItem:
    return TASK.read(row_of(source, ROW | changes), profile)


def many(source: str, n: int) -> list[AlignXItem]:
    return [item(Profile.IMPROVED, source, index=index) for index in range(n)]


@pytest.mark.parametrize("profile", BOTH)
def test_every_fixture_can_be_won(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {TASK.stratum(one) for one in items} == set(TASK.published.keys)
    assert {one.origin for one in items} == {Origin.FIXTURE}
    assert Counter(TASK.gold_letter(one, profile) for one in items) == {"A": 6, "B": 6}
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 0.5


def test_the_published_placement_is_a_function_of_the_index() -> None:
    assert "".join("AB"[chosen_is_second(index)] for index in range(16)) == "ABABBAABBBABBBBA"
    assert sum(chosen_is_second(index) for index in range(100)) == 58
    assert chosen_is_second(-7) == chosen_is_second(7)


@pytest.mark.parametrize(("index", "gold"), [(3, "B"), ("3", "B"), (None, "A"), (0, "A"), (-3, "B"), (1, "B")])
def test_the_index_is_read_leniently(index: object, gold: str) -> None:
    one = item(Profile.REFERENCE, index=index)
    assert one.gold == gold
    assert TASK.shown(one, Profile.REFERENCE)[gold] == ROW["chosen"]


@pytest.mark.parametrize("sizes", [(100, 100), (7, 10, 1)])
def test_improved_places_the_chosen_reply_evenly_within_every_split(sizes: tuple[int, ...]) -> None:
    items = [one for split, n in zip(TASK.published.keys, sizes, strict=False) for one in many(split, n)]
    arranged = TASK.arranged(items, Profile.IMPROVED, seed=1)
    assert arranged == TASK.arranged(items, Profile.IMPROVED, seed=1)
    assert [one.id for one in arranged] == [one.id for one in items]
    for split, n in zip(TASK.published.keys, sizes, strict=False):
        members = [one for one in arranged if one.split == split]
        right = [TASK.mark(one, "<answer>B</answer>", Profile.IMPROVED).score for one in members]
        assert abs(2 * sum(right) - n) <= 1
        assert all(TASK.shown(one, Profile.REFERENCE)[one.gold] == ROW["chosen"] for one in members)
    assert TASK.arranged(items, Profile.REFERENCE, seed=1) == items


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>B</answer>", 1.0, 1.0),
        ("<answer>\nB </answer>", 1.0, 1.0),
        ("<answer>b</answer>", 0.0, 1.0),
        ("<ANSWER>B</ANSWER>", 0.0, 1.0),
        ("<answer>B.</answer>", 0.0, 1.0),
        ("<answer>A</answer> or rather <answer>B</answer>", 0.0, 1.0),
        ("<answer>AB</answer>", 0.0, 0.0),
        ("<answer>C</answer>", 0.0, 0.0),
        ("<answer>A</answer>", 0.0, 0.0),
        ("<think>so <answer>B</answer>", 1.0, 0.0),  # an open thought holds no answer; the reference reads it
        ("<answer>A</answer></think><answer>B</answer>", 0.0, 1.0),
        ("B", 0.0, 0.0),
        ("", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float) -> None:
    assert TASK.mark(item(), reply, Profile.REFERENCE).score == reference
    assert TASK.mark(item(), reply, Profile.IMPROVED).score == improved


def test_position_bias_is_measured_on_answers_only() -> None:
    assert TASK.mark(item(), "<answer>A</answer>", Profile.IMPROVED).metrics == {"chose_a": 1.0}
    assert TASK.mark(item(), "<answer>B</answer>", Profile.IMPROVED).metrics == {"chose_a": 0.0}
    assert TASK.mark(item(), "both", Profile.IMPROVED).metrics == {}


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "alignx", TASK)
    assert expected
    assert found == expected


@given(st.text() | st.from_regex(r"(<think>)?<answer>[A-Ca-c. ]{0,3}</answer>", fullmatch=True))
def test_any_text_gets_a_mark(text: str) -> None:
    for profile in BOTH:
        assert TASK.mark(item(), text, profile).score in (0.0, 1.0)


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("field", ["raw_prompt", "chosen", "rejected"])
@pytest.mark.parametrize("value", [None, "", " \n"])
def test_rows_without_post_or_replies_are_refused(profile: Profile, field: str, value: str | None) -> None:
    with pytest.raises(DataError, match=field):
        item(profile, **{field: value}, prompt="Tea or coffee?")


def test_twice_the_same_reply_is_no_choice() -> None:
    assert item(Profile.REFERENCE, rejected=ROW["chosen"])
    with pytest.raises(DataError, match="two options are the same"):
        item(rejected=ROW["chosen"])


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, []),
        ({"demographic": " ", "profile": None, "icl_pairs": None, "ugc": []}, []),
        ({"demographic": "a nurse", "profile": "likes tea"}, ["a nurse"]),
        ({"Demographic Information": "a nurse", "profile": "likes tea"}, ["a nurse"]),
        ({"demographic": "", "profile": "likes tea"}, ["likes tea"]),
        ({"icl_pairs": PAIRS}, ["Example 1", "pair 1", "yes 1", "no 1", "Example 2", "pair 2", "yes 2", "no 2"]),
        ({"Pair-wise Comparative Feedback": PAIRS, "n_icl": 1}, ["Example 1", "pair 1", "yes 1", "no 1"]),
        ({"icl_pairs": PAIRS, "n_icl": 0}, []),
        ({"icl_pairs": [PAIRS[0] | {"rejected": " "}, *PAIRS[1:]]}, ["Example 2", "pair 2", "yes 2", "no 2"]),
        ({"ugc": COMMENTS, "n_ugc": None}, ["Comment 1", "topic 1", "said 1", "Comment 2", "topic 2", "said 2"]),
        ({"User-Generated Content": COMMENTS, "n_ugc": "1"}, ["Comment 1", "topic 1", "said 1"]),
        ({"ugc": [{"prompt": None, "comment": "x"}, COMMENTS[1], COMMENTS[2]]}, ["Comment 2", "topic 2", "said 2"]),
        ({"profile": "likes tea", "icl_pairs": PAIRS[2:], "ugc": COMMENTS[2:]}, ["likes tea", *LAST_PAIR, *LAST_SAID]),
    ],
)
def test_persona_signals(profile: Profile, changes: dict[str, Any], shown: list[str]) -> None:
    preamble, post, _ = TASK.prompt(item(profile, **changes), profile).user.partition("### Post\n")
    assert post
    assert re.findall(r"a nurse|likes tea|(?:Example|pair|yes|no|Comment|topic|said) \d", preamble) == shown
    assert bool(preamble) == bool(shown)


@pytest.mark.parametrize("profile", BOTH)
def test_prompt_shows_post_and_replies_in_order_and_asks_last(profile: Profile) -> None:
    for one in TASK.arranged(many("alignx", 4), profile, seed=0):
        user = TASK.prompt(one, profile).user
        shown = TASK.shown(one, profile)
        places = [
            user.index(part)
            for part in ("### Post\nTea or", f"Response A\n{shown['A']}", f"Response B\n{shown['B']}", "Which reply")
        ]
        assert places == sorted(places)
        assert user.endswith("Answer with <answer>A</answer> or <answer>B</answer>.")


def test_only_persona_signals_are_shortened() -> None:
    one = item(profile="long " * 500)
    prompt = TASK.prompt(one, Profile.IMPROVED)
    user = fitted(prompt, 400, estimated_tokens, Profile.IMPROVED)[-1].content
    assert "[...]" in user
    assert all(text in user for text in ("Tea or coffee?", *one.options, "Which reply"))
    with pytest.raises(PromptTooLong):
        fitted(prompt, 60, estimated_tokens, Profile.IMPROVED)


def test_splits_are_parts_of_the_score_and_groups_of_the_figures() -> None:
    scored = [(item(), 1.0), (item(Profile.IMPROVED, "alignx_ugc"), 0.0)]
    assert [TASK.stratum(one) for one, _ in scored] == ["alignx_demo", "alignx_ugc"]
    assert TASK.diagnostics([(one, Outcome(score=score)) for one, score in scored]) == {
        "accuracy_overall": 0.5,
        "accuracy_split_alignx_demo": 1.0,
        "accuracy_split_alignx_ugc": 0.0,
        "accuracy_leaky_True": 1.0,
        "accuracy_leaky_False": 0.0,
    }


def test_there_is_no_feedback_writer() -> None:
    assert all(TASK.brief(profile) is None for profile in BOTH)
