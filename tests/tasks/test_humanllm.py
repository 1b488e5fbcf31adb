"""HumanLLM: fixtures, rankings, prompt texts, bad rows; both profiles."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.models.token_count import estimated_tokens
from odyssim.tasks.humanllm import HumanLLM, HumanLLMItem, before_candidates, history_lines
from odyssim.tasks.prompt import fitted
from odyssim.types import Origin, Profile
from tests.parity.files.humanllm import with_candidates
from tests.parity.rows import row_of

BOTH = list(Profile)
TASK = HumanLLM()
THINGS = [f"thing number {number}" for number in range(20)]
ROW = {
    "prompt_text": "Likes tea. History 3: kettle, History 7: mug; Candidate 1: thing number 0 Candidate 2: thing",
    "candidates": THINGS,
    "answer_index": 3,
    "answer_letter": "D",
    "answer_text": THINGS[3],
}


def item(profile: Profile = Profile.IMPROVED, **changes: Any) -> HumanLLMItem:
    return TASK.read(row_of("humanllm", ROW | changes), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_every_fixture_can_be_won(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {one.origin for one in items} == {Origin.FIXTURE}
    assert all(len(one.options) == 20 for one in items)
    assert len({TASK.gold_letter(one, profile) for one in items}) == len(items)
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>D,A,B,C,E</answer>", 1, 1),
        ("<answer>A,D,B,C,E</answer>", 2, 2),
        ("<answer>A,B,C,E,D</answer>", 5, 5),
        ("<answer>A,B,C,E,F</answer>", None, None),
        ("<answer>D, A, B, C, E</answer>", None, 1),
        ("<answer> D,A,B,C,E\n</answer>", None, 1),
        ("<answer>[D > A > B]</answer>", None, 1),
        ("<answer>d,a,b,c,e</answer>", None, 1),
        ("<answer>A,D</answer>", None, 2),
        ("<answer>A,A,A,A,D</answer>", None, 2),
        ("<answer>A,A,D,B,C</answer> <answer>D,A,B,C,E</answer>", None, 1),
        ("<answer>D</answer> then <answer>A,D,B,C,E</answer>", 2, 2),
        ("<answer>D,A,B,C,U</answer>", None, None),
        ("<answer>D and A</answer>", None, None),
        ("<answer></answer>", None, None),
        ("<think><answer>D,A,B,C,E</answer>", 1, None),  # an open thought holds no answer; the reference reads it
        ("<answer>A,B,C,E,F</answer></think><answer>D,A,B,C,E</answer>", None, 1),
        ("D,A,B,C,E", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_rankings(reply: str | None, reference: int | None, improved: int | None) -> None:
    for profile, rank in ((Profile.REFERENCE, reference), (Profile.IMPROVED, improved)):
        mark = TASK.mark(item(), reply, profile)
        assert mark.score == (1 / rank if rank else 0.0)
        assert mark.metrics["hit_at_5"] == float(rank is not None)
        assert mark.metrics["top1"] == float(rank == 1)
        assert mark.metrics["ndcg"] == (pytest.approx(1 / math.log2(1 + rank)) if rank else 0.0)


def test_a_longer_ranking_counts_in_ndcg_only() -> None:
    mark = TASK.mark(item(), "<answer>A,B,C,E,F,D,G</answer>", Profile.IMPROVED)
    assert (mark.score, mark.answer) == (0.0, "A,B,C,E,F,D,G")
    assert mark.metrics == {"hit_at_5": 0.0, "top1": 0.0, "ndcg": pytest.approx(1 / math.log2(7))}


@pytest.mark.parametrize("profile", BOTH)
def test_a_short_list_limits_the_letters(profile: Profile) -> None:
    short = item(profile, candidates=["w", "x", "y", "z"])
    assert TASK.mark(short, "<answer>D,A,B,C,E</answer>", profile).answer is None
    assert TASK.mark(short, "<answer>D,A,B,C</answer>", profile).score == float(profile is Profile.IMPROVED)


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    cases = json.loads((vectors / "humanllm.json").read_text(encoding="utf-8"))["cases"]
    core = [case for case in cases if case["class"] == "core" and "reward" in case["expected"]]
    assert core
    for case in core:
        one = TASK.read(row_of("humanllm", with_candidates(case["input"]["row"])), Profile.IMPROVED)
        mark = TASK.mark(one, case["input"]["response"], Profile.IMPROVED)
        assert {"reward": mark.score, **mark.metrics} == {**mark.metrics, **case["expected"]}


@given(st.text() | st.from_regex(r"(<think>)?<answer>[A-Va-e, ]{0,40}</answer>", fullmatch=True))
def test_any_text_gets_a_mark(text: str) -> None:
    for profile in BOTH:
        mark = TASK.mark(item(), text, profile)
        assert all(0.0 <= figure <= 1.0 for figure in (mark.score, *mark.metrics.values()))


def test_chance_is_that_of_a_random_ranking() -> None:
    assert TASK.chance(item()) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 20)
    assert TASK.chance(item(candidates=["w", "x", "y", "z"])) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_improved_spreads_the_gold_over_all_places() -> None:
    items = [item(index=index) for index in range(40)]
    arranged = TASK.arranged(items, Profile.IMPROVED, seed=4)
    assert set(Counter(TASK.gold_letter(one, Profile.IMPROVED) for one in arranged).values()) == {2}
    for one in arranged:
        assert TASK.shown(one, Profile.IMPROVED)[TASK.gold_letter(one, Profile.IMPROVED)] == THINGS[3]
        asyncio.run(TASK.validate(one))
    assert TASK.arranged(items, Profile.REFERENCE, seed=4) == items


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt_text": None}, "missing"),
        ({"prompt_text": " "}, "missing"),
        ({"candidates": None}, "missing"),
        ({"candidates": []}, "missing"),
        ({"answer_index": None}, "answer_index"),
        ({"answer_index": 20}, "answer_index"),
        ({"answer_index": -1}, "answer_index"),
        ({"answer_index": "third"}, "answer_index"),
    ],
)
@pytest.mark.parametrize("profile", BOTH)
def test_rows_without_prompt_candidates_or_gold_are_refused(
    profile: Profile, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        item(profile, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidates": [*THINGS[:19], THINGS[0]]}, "two options are the same"),
        ({"candidates": [*THINGS[:3], " ", *THINGS[4:]]}, "none of the options"),
        ({"answer_letter": "E"}, "not the same candidate"),
        ({"candidates": [*THINGS, "one more"], "answer_index": 20, "answer_letter": None}, "none of the options"),
    ],
)
def test_contradictory_rows_are_refused_by_improved(changes: dict[str, Any], message: str) -> None:
    assert item(Profile.REFERENCE, **changes)
    with pytest.raises(DataError, match=message):
        item(**changes)


@pytest.mark.parametrize("message", [{"role": "user", "content": "Likes tea."}, "Likes tea."])
def test_the_prompt_may_stand_in_the_conversations(message: object) -> None:
    for conversations in ([[message, "later"], ["other"]], [{"messages": [message]}], [message]):
        assert item(prompt_text=None, conversations=conversations).person == "Likes tea."
    with pytest.raises(DataError, match="missing"):
        item(prompt_text=None, conversations=[[]])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Tea. \nCandidate 1: mug", "Tea."),
        ("Tea.Candidate1 : mug", "Tea."),
        ("Tea. candidate 1: mug", "Tea. candidate 1: mug"),
        ("Tea. Candidate 10: mug", "Tea. Candidate 10: mug"),
        ("Tea. Candidate 1 mug", "Tea. Candidate 1 mug"),
        ("Tea. Candidate 2: a Candidate 1: b", "Tea. Candidate 2: a"),
    ],
)
def test_the_published_candidates_are_cut_off(text: str, kept: str) -> None:
    assert before_candidates(text) == kept


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("No history here ", "No history here "),
        ("history 1: mug", "history 1: mug"),
        ("Tea. History 4: mug, History 9: cup;", "Tea.\nHistory 1: mug\nHistory 2: cup"),
        ("History 1: mug", "History 1: mug"),
        ("  Tea \nHistory1 :mug,; ,", "  Tea\nHistory 1: mug,; "),
        ("PreHistory 2: mug ,", "Pre\nHistory 1: mug "),
    ],
)
def test_history_as_published(text: str, lines: str) -> None:
    assert history_lines(text, renumber=True) == lines


@pytest.mark.parametrize(
    ("profile", "history"),
    [(Profile.REFERENCE, "History 1: kettle\nHistory 2: mug"), (Profile.IMPROVED, "History 3: kettle\nHistory 7: mug")],
)
def test_prompt_shows_person_candidates_and_task(profile: Profile, history: str) -> None:
    one = item(profile)
    prompt = TASK.prompt(one, profile)
    lines = "\n".join(f"{letter}: {thing}" for letter, thing in zip("ABCDEFGHIJKLMNOPQRST", THINGS, strict=True))
    assert prompt.user.startswith(f"Likes tea.\n{history}\n\n{lines}\n\n")
    assert "Candidate 1" not in prompt.user
    assert "<answer>B,A,C,D,E</answer>" in prompt.system
    assert TASK.gold_reply(one, profile) not in f"{prompt.system}{prompt.user}"


def test_surplus_candidates_are_not_shown() -> None:
    user = TASK.prompt(item(candidates=[*THINGS, "one more"]), Profile.REFERENCE).user
    assert "T: thing number 19" in user
    assert "one more" not in user


def test_only_the_person_is_shortened() -> None:
    prompt = TASK.prompt(item(prompt_text="Likes tea. " * 500), Profile.IMPROVED)
    user = fitted(prompt, 600, estimated_tokens, Profile.IMPROVED)[-1].content
    assert "[...]" in user
    assert all(thing in user for thing in THINGS)
    assert user.endswith("</answer>")


def test_there_is_no_feedback_writer() -> None:
    assert all(TASK.brief(profile) is None for profile in BOTH)
