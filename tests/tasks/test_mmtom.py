"""MMToM-QA: the published text is taken apart and put together again, and letters are read in both profiles."""

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
from odyssim.tasks.mmtom import MMToM, MMToMItem, parts
from odyssim.types import Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of
from tests.parity.test_parity import vectors as vectors

BOTH = list(Profile)
TASK = MMToM()
SCENE = "What's inside the apartment: A shelf with a cup on it.\nActions taken by Ada: Ada walks past the shelf."
QUESTION = (
    f"{SCENE} \nQuestion: Which statement is more likely to be true? (a) Ada wants the cup. (b) Ada wants a jar. "
    "Please respond with either a or b."
)


def item(profile: Profile = Profile.IMPROVED, **changes: Any) -> MMToMItem:
    info = {"question": QUESTION, "answer": "b", "question_type": 2.1, "episode": 4} | changes
    return TASK.read(row_of("mmtom", info), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {one.question_type for one in items} == {"1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4"}
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        wrong = "A" if TASK.gold_letter(one, profile) == "B" else "B"
        assert TASK.mark(one, f"<answer>{wrong}</answer>", profile).score == 0.0
        assert TASK.chance(one) == 0.5
    letters = Counter(TASK.gold_letter(one, profile) for one in items)
    assert abs(letters["A"] - letters["B"]) <= 1


def test_parts_of_a_published_question() -> None:
    assert parts(QUESTION) == (
        SCENE,
        "Which statement is more likely to be true?",
        ("Ada wants the cup.", "Ada wants a jar."),
    )
    assert parts("Context (a) x (b) y") == ("", "Context", ("x", "y"))
    assert parts("No options, only an (a) here.") == ("", "No options, only an (a) here.", ())


def test_prompts() -> None:
    assert item(Profile.REFERENCE).text in TASK.prompt(item(Profile.REFERENCE), Profile.REFERENCE).user
    swapped = item().model_copy(update={"order": (1, 0)})
    user = TASK.prompt(swapped, Profile.IMPROVED).user
    assert f"{SCENE}\n\nQuestion: Which statement" in user
    assert user.endswith("(a) Ada wants a jar.\n(b) Ada wants the cup.")
    assert TASK.mark(swapped, "<answer>a</answer>", Profile.IMPROVED).score == 1.0
    assert TASK.mark(swapped, "<answer>a</answer>", Profile.REFERENCE).score == 0.0


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>b</answer>", 1.0, 1.0),
        ("<ANSWER>\nB </Answer>", 1.0, 1.0),
        ("<answer>x</answer><answer>b</answer>", 1.0, 1.0),
        ("<answer>a</answer><answer>b</answer>", 0.0, 1.0),
        ("<answer>(b)</answer>", 0.0, 1.0),
        ("<answer>b. a jar</answer>", 0.0, 1.0),
        ("<answer>c</answer>", 0.0, 0.0),
        ("<think><answer>a</answer></think><answer>b</answer>", 1.0, 1.0),
        ("q<answer>a</answer></think><answer>b</answer>", 0.0, 1.0),
        ("<think><answer>b</answer>", 1.0, 0.0),
        ("b", 0.0, 0.0),
        ("", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float) -> None:
    assert TASK.mark(item(Profile.REFERENCE), reply, Profile.REFERENCE).score == reference
    assert TASK.mark(item(), reply, Profile.IMPROVED).score == improved


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_an_empty_gold_is_won_by_silence_as_published_and_refused_otherwise(blank: str | None) -> None:
    one = item(Profile.REFERENCE, answer=blank)
    assert [TASK.mark(one, text, Profile.REFERENCE).score for text in ("", None, "<answer>a</answer>")] == [1, 1, 0]
    with pytest.raises(DataError, match="none of the options"):
        item(answer=blank)


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_no_question(profile: Profile, blank: str | None) -> None:
    with pytest.raises(DataError, match="question"):
        item(profile, question=blank)


@pytest.mark.parametrize(
    "changes",
    [{"answer": "c"}, {"question": "No options here."}, {"question": "Which? (a) x (b)"}, {"question": "(a) x (b) x"}],
)
def test_rows_that_only_the_reference_takes(changes: dict[str, Any]) -> None:
    kept = item(Profile.REFERENCE, **changes)
    assert TASK.prompt(kept, Profile.REFERENCE)
    assert TASK.chance(kept) == 0.5
    with pytest.raises(DataError):
        item(**changes)


def test_a_bad_row_is_dropped_and_reported(tmp_path: Path) -> None:
    rows = [{"question": QUESTION, "answer": "b"}, {"question": None, "answer": "a"}, {"question": QUESTION}]
    path = tmp_path / "mmtom.jsonl"
    path.write_text("".join(json.dumps({"data_source": "mmtom", "extra_info": info}) + "\n" for info in rows))
    items = TASK.items(data=path)
    assert [one.id for one in items] == ["mmtom-0"]
    assert [failure.party for failure in items.dropped] == ["data", "data"]
    assert "line 2" in items.dropped[0].message
    assert len(TASK.items(data=path, profile=Profile.REFERENCE)) == 2


def test_groups_and_clusters() -> None:
    assert TASK.facets(item()) == {"about": "goal", "type": "2.1"}
    assert TASK.facets(item(question_type=1.3)) == {"about": "belief", "type": "1.3"}
    assert TASK.facets(item(question_type=None)) == {}
    assert item().cluster == item(answer="a").cluster != item(episode=5).cluster
    assert item(episode=None).cluster == item(episode=None).cluster != item().cluster


def test_there_is_no_feedback() -> None:
    assert all(TASK.brief(profile) is None for profile in BOTH)


@given(st.one_of(st.none(), st.text(), st.text().map(lambda inside: f"x<answer>{inside}</answer>")))
def test_marking_never_fails(text: str | None) -> None:
    for profile in BOTH:
        assert TASK.mark(item(profile), text, profile).score in (0.0, 1.0)


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "mmtom", TASK)
    assert expected
    assert found == expected
