"""SimArena-Doc: the document, the parts of the score, and the original files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from odyssim.errors import DataError, EndpointTimeout, Party
from odyssim.models.base import Cast
from odyssim.models.token_count import estimated_tokens
from odyssim.tasks.sim_arena_doc import DOCUMENT_SPEAKER, HAND_OVER, SimArenaDoc
from odyssim.types import Origin, Profile
from tests.tasks.sim_arena import BYE, FixedJudge, play, read, score

TASK = SimArenaDoc()
BOTH = list(Profile)


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("key", ["document_type", "intent"])
def test_what_a_document_needs(profile: Profile, key: str) -> None:
    with pytest.raises(DataError, match=key):
        read(TASK, profile, **{key: None})


@pytest.mark.parametrize("profile", BOTH)
def test_the_helper_hands_over_the_document(profile: Profile) -> None:
    episode = play(TASK, profile, ["hi", BYE], ["draft", "final"])
    assert (episode.turns[-1].speaker, episode.turns[-1].text) == (DOCUMENT_SPEAKER, "final")
    last = episode.calls[-1]
    assert (last.role, last.messages[-1].content) == ("partner", HAND_OVER)
    judge = FixedJudge()
    score(TASK, episode, judge)
    asked = judge.asked[-1][0][1].content
    for shown in ("email", "thank the neighbour who fed the cat", "- short", "<judged>\nfinal\n</judged>"):
        assert shown in asked


def test_a_document_out_of_nothing_is_asked_for_only_as_published() -> None:
    published = play(TASK, Profile.REFERENCE, [BYE], ["final"])
    assert [said.speaker for said in published.turns] == [DOCUMENT_SPEAKER]
    assert published.calls[-1].messages[1].content == HAND_OVER
    assert not play(TASK, Profile.IMPROVED, [BYE], []).turns


def test_an_unanswered_message_and_the_last_request_are_one() -> None:
    episode = play(TASK, Profile.REFERENCE, ["hi", "and?"], ["one", "", ""])
    assert episode.calls[-1].messages[-1].content == f"and?\n\n{HAND_OVER}"
    assert episode.turns[-1].text == ""


@pytest.mark.parametrize("profile", BOTH)
def test_a_document_that_does_not_come_fails_the_episode(profile: Profile) -> None:
    episode = play(TASK, profile, ["hi", BYE], ["draft", EndpointTimeout("late")])
    assert episode.failure is not None
    assert (episode.failure.party, episode.turns) == (Party.PARTNER, ())


def test_the_parts_of_the_score() -> None:
    judge = FixedJudge(style=3, matches=(True, True, False), rating=8)
    outcome = score(TASK, play(TASK, Profile.REFERENCE, ["hi", BYE]), judge)
    assert outcome.metrics == {
        "num_turn": 1.0,
        "writing_style_likert": 3,
        "interaction_style_likert": 3,
        "writing_fulfillment_rate": 1.0,
        "interaction_fulfillment_rate": 0.5,
        "document_rating": 8,
    }
    assert outcome.score == pytest.approx((0.8 + 0.6 + 0.6 + 1.0 + 0.5) / 5)
    improved = score(TASK, play(TASK, Profile.IMPROVED, ["hi", BYE]), judge)
    assert improved.metrics == outcome.metrics
    assert improved.score == pytest.approx((0.5 + 0.5 + 1.0 + 0.5) / 4)
    assert set(improved.critique) == {"writing_style", "interaction_style", "features", "document"}


@pytest.mark.parametrize(("profile", "worst"), [(Profile.REFERENCE, 0.1), (Profile.IMPROVED, 0.0)])
def test_the_ends_of_the_scale(profile: Profile, worst: float) -> None:
    episode = play(TASK, profile, ["hi", BYE])
    assert score(TASK, episode, FixedJudge(1, (False,) * 3, 1)).score == pytest.approx(worst)
    assert score(TASK, episode, FixedJudge(5, (True,) * 3, 10)).score == 1.0


def test_an_item_without_features() -> None:
    bare: dict[str, Any] = {"target_writing_style_features": [], "target_interaction_style_features": None}
    for profile, n_calls, expected in ((Profile.REFERENCE, 4, 0.6), (Profile.IMPROVED, 3, 1.0)):
        item = read(TASK, profile, **bare)
        outcome = score(TASK, play(TASK, profile, ["hi", BYE], item=item), FixedJudge(5, (), 10), item=item)
        assert len(outcome.calls) == n_calls
        assert outcome.score == pytest.approx(expected)
    assert outcome.metrics["writing_fulfillment_rate"] is None


def test_one_kind_of_features_is_not_counted_for_the_other() -> None:
    item = read(TASK, target_writing_style_features=[])
    outcome = score(TASK, play(TASK, Profile.IMPROVED, ["hi", BYE]), FixedJudge(3, (True, False)), item=item)
    assert outcome.metrics["writing_fulfillment_rate"] is None
    assert outcome.score == pytest.approx((0.5 + 0.5 + 0.5) / 3)


def test_surplus_results_are_ignored_as_published() -> None:
    task_item = read(TASK, Profile.REFERENCE)
    episode = play(TASK, Profile.REFERENCE, ["hi", BYE])
    outcome = score(TASK, episode, FixedJudge(matches=(False,)), item=task_item)
    rates = [outcome.metrics[f"{kind}_fulfillment_rate"] for kind in ("writing", "interaction")]
    assert rates == [0.0, 0.0]


def test_only_the_notes_are_cut() -> None:
    item = read(TASK, pre_writing_materials_text="note " * 5000)
    episode = play(TASK, Profile.IMPROVED, [BYE], [], item=item)
    assert episode.failure is None
    system, user = episode.calls[0].messages
    assert "[...]" in user.content
    assert user.content.endswith("Write your first message to the assistant.")
    assert sum(len(estimated_tokens(said.content)) for said in (system, user)) <= Cast().prompt_tokens


@pytest.mark.data
@pytest.mark.parametrize("profile", BOTH)
def test_original_files(data_root: Path, profile: Profile) -> None:
    items = TASK.items("test", data=data_root, profile=profile)
    assert (len(items), len(items.dropped)) == (40, 0)
    assert {item.origin for item in items} == {Origin.PUBLISHED}
    assert all(item.notes for item in items)
    assert sum(bool(item.preferences) for item in items) == 39
    for item in items:
        assert item.human_talk.count(f"\n- {TASK.helper}: ") >= len(item.human_queries)
        size = sum(len(estimated_tokens(said.content)) for said in TASK.opening(item, profile))
        assert size < Cast().prompt_tokens
