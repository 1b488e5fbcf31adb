"""SimArena-Math: the parts of the score, learning, and the original files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from odyssim.errors import DataError, Party
from odyssim.tasks.sim_arena_math import SimArenaMath
from odyssim.tasks.sim_arena_rows import LESSONS, MATH
from odyssim.types import Profile
from tests.tasks.sim_arena import BYE, FixedJudge, play, read, score

TASK = SimArenaMath()
BOTH = list(Profile)


@pytest.mark.parametrize("profile", BOTH)
def test_a_lesson_needs_a_problem(profile: Profile) -> None:
    with pytest.raises(DataError, match="problem"):
        read(TASK, profile, problem=None)


def test_nothing_is_asked_for_after_the_talk() -> None:
    episode = play(TASK, Profile.REFERENCE, ["Query: hm", BYE], ["one"])
    assert [said.text for said in episode.turns] == ["hm", "one"]


def test_the_parts_of_the_score() -> None:
    judge = FixedJudge(style=3, matches=(True, False), rating=4)
    published = score(TASK, play(TASK, Profile.REFERENCE, ["hi", BYE]), judge)
    assert published.metrics == {
        "num_turn": 1.0,
        "writing_style_likert": 3,
        "interaction_style_likert": 3,
        "fulfillment_rate": 0.5,
    }
    assert published.score == pytest.approx((0.6 + 0.6 + 0.5) / 3)
    assert len(published.calls) == 3
    improved = score(TASK, play(TASK, Profile.IMPROVED, ["hi", BYE]), judge)
    assert improved.metrics == {**published.metrics, "learning_rating": 4}
    assert improved.score == pytest.approx((0.5 + 0.5 + 0.5 + 0.75) / 4)
    assert improved.critique["learning"] == "as expected"


def test_learning_is_judged_by_what_the_student_knew() -> None:
    judge = FixedJudge()
    score(TASK, play(TASK, Profile.IMPROVED, ["hi", BYE]), judge)
    asked = judge.asked[-1][0][1].content
    for shown in ("A rope of 12 m", "- Division: struggling", "- Student: hi\n- AI Tutor: helper 0"):
        assert shown in asked


@pytest.mark.parametrize(("profile", "worst"), [(Profile.REFERENCE, 0.4 / 3), (Profile.IMPROVED, 0.0)])
def test_the_ends_of_the_scale(profile: Profile, worst: float) -> None:
    episode = play(TASK, profile, ["hi", BYE])
    assert score(TASK, episode, FixedJudge(1, (False,) * 2, 1)).score == pytest.approx(worst)
    assert score(TASK, episode, FixedJudge(5, (True,) * 2, 5)).score == 1.0


def test_an_item_without_features() -> None:
    for profile, expected in ((Profile.REFERENCE, 2 / 3), (Profile.IMPROVED, 1.0)):
        item = read(TASK, profile, target_interaction_style_features=[])
        outcome = score(TASK, play(TASK, profile, ["hi", BYE], item=item), FixedJudge(5, (), 5), item=item)
        assert outcome.metrics["fulfillment_rate"] is None
        assert outcome.score == pytest.approx(expected)
        assert "features" not in outcome.critique


def test_as_published_an_empty_verdict_is_no_rate() -> None:
    outcome = score(TASK, play(TASK, Profile.REFERENCE, ["hi", BYE]), FixedJudge(5, ()))
    assert outcome.metrics["fulfillment_rate"] is None
    assert outcome.score == pytest.approx(2 / 3)


@pytest.mark.data
@pytest.mark.parametrize("profile", BOTH)
def test_redacted_lessons_are_dropped_with_the_reason(data_root: Path, profile: Profile) -> None:
    items = TASK.items("test", data=data_root, profile=profile)
    assert (len(items), len(items.dropped)) == (0, 40)
    assert {failure.party for failure in items.dropped} == {Party.DATA}
    assert all("the text of its problem is not in the data: no file" in failure.message for failure in items.dropped)


def test_lessons_whose_problem_is_there(tmp_path: Path) -> None:
    worker = "w1"
    record = {
        "workerId": worker,
        "user_id": "u1",
        "model": "tutor-1",
        "problem_id": 7,
        "question_location": "test/algebra/7.json",
        "problem_1_turns": 2,
        "user_queries": ["how do i begin", "is it 3", "and the second problem"],
        "ai_responses": ["What is asked?", "Yes.", "Let us see."],
    }
    known = {f"(7, '{worker}', 'tutor-1')": {"concepts": [{"Concept Name": "Sums", "Status": "Struggling"}]}}
    files = {
        LESSONS: [record, {**record, "question_location": "test/algebra/8.json"}],
        f"{MATH}/test/algebra/7.json": {"problem": "What is 1 + 2?", "solution": "3"},
        str(Path(LESSONS).parent / "user_simulator_profiles/math_tutoring/knowledge_state.json"): known,
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    items = TASK.items("test", data=tmp_path)
    (item,) = items
    assert (item.problem, item.human_queries) == ("What is 1 + 2?", ("how do i begin", "is it 3"))
    assert item.profile_text == "- Sums: Struggling"
    assert item.human_talk.endswith("- Student: is it 3\n- AI Tutor: Yes.")
    assert len(items.dropped) == 1
    assert "8.json" in items.dropped[0].message
