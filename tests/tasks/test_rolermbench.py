"""RoleRMBench: decisions in both orders, ratings as published, retries, and the two sets of figures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError, EndpointTimeout, Party
from odyssim.models.base import Cast
from odyssim.models.scripted import Line, Scripted
from odyssim.tasks.rolermbench import (
    RoleRMBench,
    RoleRMItem,
    pairwise_reward,
    rating_reward,
    read_decision,
    reference_decision,
    reference_rating,
)
from odyssim.tasks.rolermbench_score import SUBSETS, Judged, aggregate
from odyssim.types import Episode, EpisodeStop, Message, Outcome, Profile, Sampling
from tests.parity.files.rolermbench import COVERED
from tests.parity.rows import row_of
from tests.parity.runner import Check, same

BOTH = list(Profile)
TASK = RoleRMBench()
GUARD: dict[str, Any] = {
    "context_messages": [
        {"role": "system", "content": "You are Finn, who guards the east gate."},
        {"role": "user", "content": "Let me pass, please."},
        {"role": "assistant", "content": "*lowers the lance* Not without a letter."},
        {"role": "user", "content": "Here is one, with a seal."},
    ],
    "preferred_response": "*holds the seal to the lantern* The seal is real. So is the ink on your thumb.",
    "dispreferred_response": "I am a language model and cannot read letters.",
    "subset": "role_consistency",
}


def item(profile: Profile = Profile.IMPROVED, **changes: Any) -> RoleRMItem:
    return TASK.read(row_of("rolermbench", GUARD | changes), profile)


def played(profile: Profile, script: Sequence[Line] | Scripted) -> tuple[Episode, Outcome]:
    policy = script if isinstance(script, Scripted) else Scripted(script)
    episode = asyncio.run(TASK.play(item(profile), Cast(policy=policy), profile))
    return episode, asyncio.run(TASK.score(item(profile), episode, Cast(), profile))


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {one.subset for one in items} == set(SUBSETS)
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert one.character
        assert one.history
        assert TASK.chance(one) == 0.5
        wrong = [text.translate({49: 50, 50: 49}) for text in TASK.gold_replies(one, profile)]
        assert TASK.mark(one, wrong, profile).score == 0.0


def test_the_responses_change_places() -> None:
    forward, reverse = TASK.questions(item(), Profile.IMPROVED)
    better, worse = GUARD["preferred_response"], GUARD["dispreferred_response"]
    assert forward.user.endswith(f"# Response 1\n{better}\n\n# Response 2\n{worse}")
    assert reverse.user.endswith(f"# Response 1\n{worse}\n\n# Response 2\n{better}")
    assert forward.system == reverse.system
    assert "Decision: Response 1" in forward.system


def test_as_published_each_response_is_rated_as_well() -> None:
    *_, preferred, dispreferred = TASK.questions(item(), Profile.REFERENCE)
    assert preferred.user.endswith(f"# Response\n{GUARD['preferred_response']}")
    assert dispreferred.user.endswith(f"# Response\n{GUARD['dispreferred_response']}")
    assert all(scale in preferred.system for scale in ("1 to 10", "0 to 9"))
    assert len(TASK.questions(item(), Profile.IMPROVED)) == 2


def test_the_talk_is_a_printed_list_only_as_published() -> None:
    published = TASK.questions(item(), Profile.REFERENCE)[0].user
    assert "[{'role': 'user', 'content': 'Let me pass, please.'}, {" in published
    improved = TASK.questions(item(), Profile.IMPROVED)[0].user
    assert (
        "Partner: Let me pass, please.\n\nCharacter: *lowers the lance* Not without a letter.\n\nPartner: " in improved
    )
    assert improved.startswith("# The character\nYou are Finn, who guards the east gate.\n\n# The talk so far\n")


def test_only_the_oldest_talk_is_cut() -> None:
    long = [
        *GUARD["context_messages"][:2],
        {"role": "user", "content": "walking " * 9000},
        GUARD["context_messages"][-1],
    ]
    policy = Scripted(["Decision: Response 1", "Decision: Response 2"])
    episode = asyncio.run(TASK.play(item(context_messages=long), Cast(policy=policy)))
    user = episode.calls[0].messages[-1].content
    assert len(user) < 60_000
    for kept in ("You are Finn", "[...]", "Here is one, with a seal.", GUARD["preferred_response"]):
        assert kept in user
    assert "Let me pass" not in user


@pytest.mark.parametrize(
    ("text", "reference", "improved"),
    [
        ("Reasoning: x\nDecision: Response 1", "1", "1"),
        ("decision: response 2", "2", "2"),
        ("Decision: [Response 2]", "2", "2"),
        ("**Decision:** **Response 2**", "2", "2"),
        ("**Decision**: Response 2", None, "2"),
        ("Decision : Response 1", None, "1"),
        ("Decision: Response  1", None, "1"),
        ("Decision: none", None, None),
        ("Response 1", None, None),
        ("Response 1. Decision: tie", None, None),
        ("Decision: Response 12", None, None),
        ("Decision: Response 1_", None, None),
        ("Decision: Response 12, or rather response 2", "2", "2"),
        ("Decision: the better one is Response 2, not Response 1", "2", "2"),
        ("My decision:\n\nit was close.\nResponse 1", "1", "1"),
        ("Decision: Response 1? No.\nDecision: Response 2", "1", "2"),
        ("<think>Decision: Response 1</think>Decision: Response 2", "1", "2"),
        ("<think>Decision: Response 1", "1", None),
        ("", None, None),
    ],
)
def test_decisions(text: str, reference: str | None, improved: str | None) -> None:
    assert (reference_decision(text), read_decision(text)) == (reference, improved)


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("7", "7"),
        ("0", "0"),
        ("8/10", "10"),
        ("9.5", "5"),
        ("between 3 and 5", "5"),
        ("score 7 (scale 0-9)", "9"),
        ("11", None),
        ("x5", None),
        ("5_", None),
        ("five", None),
        ("", None),
    ],
)
def test_published_ratings(text: str, rating: str | None) -> None:
    assert reference_rating(text) == rating


def test_rewards() -> None:
    places = ("1", "2", None)
    rewards = {pair: pairwise_reward(*pair) for pair in product(places, repeat=2)}
    assert {pair for pair, reward in rewards.items() if reward == 1.0} == {("1", "2")}
    assert {pair for pair, reward in rewards.items() if reward == 0.0} == {("2", "1")}
    assert [rating_reward(*pair) for pair in (("10", "9"), ("5", "8"), ("5", "5"), (None, "3"), ("3", None))] == [
        *(1.0, 0.0, 0.5, 0.5, 0.5)
    ]


# --- playing ----------------------------------------------------------------------------------------------------


def test_an_undecided_judge_is_asked_three_times_and_a_rater_once() -> None:
    undecided = ["hm"] * 3
    episode, outcome = played(Profile.REFERENCE, [*undecided, "hm", "Decision: Response 2", "no number", "4"])
    assert len(episode.calls) == 7
    assert [turn.text for turn in episode.turns if turn.speaker == "policy"] == [
        "hm",
        "Decision: Response 2",
        "no number",
        "4",
    ]
    assert (outcome.score, outcome.answer) == (0.5, "- 2 - 4")
    assert outcome.metrics == {
        "answered": 0.5,
        "tied": 1.0,
        "pairwise_parse_failure": 1.0,
        "pairwise_reward": 0.5,
        "rating_reward": 0.5,
        "rating_parse_failure": 1.0,
    }
    episode, outcome = played(Profile.IMPROVED, undecided * 2)
    assert (len(episode.calls), outcome.score, outcome.answer) == (6, 0.5, None)


def test_tries_have_seeds_of_their_own() -> None:
    seeds = []

    def note(messages: Sequence[Message], sampling: Sampling) -> str:
        seeds.append(sampling.seed)
        return "hm"

    asyncio.run(TASK.play(item(), Cast(policy=Scripted(note), sampling=Sampling(seed=3))))
    assert len(set(seeds)) == 6


def test_a_failed_call_is_a_failure_and_no_tie() -> None:
    episode, outcome = played(Profile.IMPROVED, ["Decision: Response 1", EndpointTimeout("too late")])
    assert (episode.stop, outcome.score) == (EpisodeStop.FAILED, None)
    assert outcome.failure is not None
    assert outcome.failure.party is Party.POLICY


def test_a_judge_that_always_prefers_the_first_ties() -> None:
    _, outcome = played(Profile.IMPROVED, ["Decision: Response 1"] * 2)
    assert (outcome.score, outcome.metrics["tied"], outcome.metrics["answered"]) == (0.5, 1.0, 1.0)


# --- rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize(
    "changes",
    [{"preferred_response": None}, {"dispreferred_response": "  "}, {"subset": None}, {"subset": "humour"}],
)
def test_rows_that_nobody_can_use(profile: Profile, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        item(profile, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"context_messages": None},
        {"context_messages": []},
        {"context_messages": [{"role": "system", "content": " "}]},
        {"context_messages": [{"role": "system"}]},
        {"dispreferred_response": GUARD["preferred_response"]},
    ],
)
def test_rows_that_only_the_reference_takes(changes: dict[str, Any]) -> None:
    kept = item(Profile.REFERENCE, **changes)
    assert len(TASK.questions(kept, Profile.REFERENCE)) == 4
    with pytest.raises(DataError):
        item(**changes)


def test_rows_about_one_scene_share_a_cluster() -> None:
    assert item().cluster == item(preferred_response="Pass.").cluster
    assert item().cluster != item(context_messages=[{"role": "system", "content": "You are Ben."}]).cluster


# --- figures ----------------------------------------------------------------------------------------------------


def judged(subset: str, pairwise: float | None, rating: float | None, **flags: bool) -> Judged:
    return Judged(subset=subset, pairwise=pairwise, rating=rating, **flags)


def test_the_better_setting_is_chosen_on_the_whole() -> None:
    figures = aggregate([judged("narrative", 1.0, 0.0), judged("narrative", 1.0, 0.5), judged("safety", 0.0, 1.0)])
    assert figures["selected_setting_is_rating"] == 0.0
    assert figures["accuracy_overall_rolermbench"] == pytest.approx(2 / 3)
    assert (figures["accuracy_narrative"], figures["accuracy_safety"], figures["accuracy_safety_row_max"]) == (
        1.0,
        0.0,
        1.0,
    )
    # the macro means favour the other one, and the larger of them is reported
    assert figures["accuracy_macro_best_setting"] == figures["accuracy_macro_rating"] == pytest.approx(1.25 / 7)
    assert figures["tie_rate_overall"] == 0.0
    assert figures["tie_rate_rating"] == pytest.approx(1 / 3)


def test_equal_settings_mean_pairwise() -> None:
    assert aggregate([judged("safety", 0.5, 0.5)])["selected_setting_is_rating"] == 0.0


def test_rows_without_a_reward_or_of_another_subset_do_not_count() -> None:
    kept = [judged("safety", 1.0, 1.0)]
    others = [judged("humour", 0.0, 0.0), judged("safety", None, 0.0), judged("safety", 0.0, None)]
    assert aggregate([*kept, *others]) == aggregate(kept)
    assert set(aggregate([]).values()) == {0.0}


def test_parse_failures() -> None:
    rows = [
        judged("safety", 0.5, 1.0, pairwise_parse_failure=True),
        judged("safety", 1.0, 0.5, rating_parse_failure=True),
        judged("safety", 0.5, 0.5, pairwise_parse_failure=True, rating_parse_failure=True),
        judged("safety", 1.0, 1.0),
    ]
    figures = aggregate(rows)
    rates = [figures[f"parse_failure_rate_{name}"] for name in ("overall", "pairwise", "rating")]
    assert rates == [0.75, 0.5, 0.5]


def test_diagnostics_are_the_published_figures_only_where_both_settings_were_judged() -> None:
    scored = [
        (
            item(Profile.REFERENCE),
            played(Profile.REFERENCE, ["Decision: Response 1", "Decision: Response 2", "4", "7"])[1],
        )
    ]
    figures = TASK.diagnostics(scored)
    assert (figures["accuracy_overall_pairwise"], figures["accuracy_overall_rating"]) == (1.0, 0.0)
    scored = [(item(), played(Profile.IMPROVED, ["Decision: Response 1", "Decision: Response 2"])[1])]
    assert TASK.diagnostics(scored) == {"accuracy_overall": 1.0, "accuracy_subset_role_consistency": 1.0}


# --- in general -------------------------------------------------------------------------------------------------


@given(st.text() | st.text().map("Decision: {} Response 1".format))
def test_marking_never_fails(text: str) -> None:
    for profile, reply in product(BOTH, (text, None)):
        replies = [reply] * len(TASK.questions(item(profile), profile))
        assert TASK.mark(item(profile), replies, profile).score in (0.0, 0.5, 1.0)


@pytest.mark.data
def test_improved_gives_the_core_results(vectors: Path) -> None:
    """Ratings are not asked for in improved: their cases hold for the published reading alone."""

    def decision(given: dict[str, Any]) -> dict[str, Any]:
        place = read_decision(given["text"])
        return {"decision": f"Response {place}" if place else None}

    improved: dict[str, Check] = {**COVERED, "pairwise decision from a judge text": decision}
    cases = json.loads((vectors / "rolermbench.json").read_text(encoding="utf-8"))["cases"]
    core = [case for case in cases if case["class"] == "core"]
    assert core
    for case in core:
        assert same(improved[case["fn"]](case["input"]), case["expected"]), case["id"]
