"""Social-R1: where the question stands in a row, which letter is right, balanced options, repeated questions."""

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
from odyssim.tasks.feedback import leaks
from odyssim.tasks.prompt import fitted
from odyssim.tasks.rows import write_rows
from odyssim.tasks.social_r1 import SocialR1, SocialR1Item, letter_of_text, published_letter, story_and_question
from odyssim.types import Origin, Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of

TASK = SocialR1()
BOTH = list(Profile)
REFERENCE, IMPROVED = Profile.REFERENCE, Profile.IMPROVED
OPTIONS = "A. joy\nB. fear\nC. habit\nD. none of these"
TEXT = f"Story: Ann smiled at the dog and stepped back.\nQuestion: What does Ann feel?\nOptions:\n{OPTIONS}"


def item(profile: Profile = IMPROVED, **changes: Any) -> SocialR1Item:
    return TASK.read(row_of("social_r1", {"prompt_text": TEXT, "answer_letter": "B", **changes}), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound_and_varied(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert not items.dropped
    assert len(items) >= 12
    for one in items:
        assert one.origin is Origin.FIXTURE
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 1 / len(one.options)
    assert set(Counter(len(one.options) for one in items)) == {2, 3, 4, 5, 6}
    assert set("ABCDEF") == {one.gold for one in items}


def test_the_question_is_found_where_it_stands() -> None:
    talk: dict[str, Any] = {"prompt_text": None, "conversations": [{"messages": [{"role": "user", "content": TEXT}]}]}
    assert item(**talk).text == TEXT
    assert item(**talk | {"conversations": json.dumps(talk["conversations"])}).text == TEXT
    assert item(prompt_text=" ", conversations=[], prompt=TEXT).text == TEXT
    assert item(prompt_text=" ", conversations=[{"messages": [{"content": None}]}], prompt=TEXT).text == TEXT


@pytest.mark.parametrize("profile", BOTH)
def test_a_row_without_a_question_is_refused(profile: Profile) -> None:
    with pytest.raises(DataError, match="there is no question"):
        item(profile, prompt_text=None)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer_letter": None}, "none of the options"),
        ({"answer_letter": "E"}, "none of the options"),
        ({"answer_letter": "", "answer_text": "a habit of hers"}, "none of the options"),
        ({"prompt_text": "What does Ann feel?"}, "0 options"),
        ({"prompt_text": "What?\nOptions:\nA. joy\nB. joy"}, "two options are the same"),
    ],
)
def test_unusable_rows_are_refused_by_improved_only(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        item(**changes)
    published = item(REFERENCE, **changes)
    assert TASK.mark(published, "no idea", REFERENCE).score == 0.0


@pytest.mark.parametrize(
    ("answer_text", "published", "improved"),
    [
        ("fear", "F", "B"),
        ("Habit.", "H", "C"),
        ("B. fear", "B", "B"),
        ("b) fear", "B", "B"),
        ("(B) fear", "(", "B"),
        ("  D", "D", "D"),
        ("AB. two", "A", ""),
        ("boredom", "B", ""),
        ("", "", ""),
    ],
)
def test_the_gold_letter_of_a_gold_text(answer_text: str, published: str, improved: str) -> None:
    assert published_letter(answer_text) == published
    assert letter_of_text(answer_text, ("joy", "fear", "habit", "none of these")) == improved


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>B</answer>", 1, 1),
        ("<ANSWER> b\n</ANSWER>", 1, 1),
        ("<think>A?</think><answer>B</answer>", 1, 1),
        ("<think>cut <answer>B</answer>", 1, 0),
        ("<answer>A</answer> or rather <answer>B</answer>", 0, 1),
        ("<answer>unsure</answer><answer>B</answer>", 1, 1),
        ("<answer>B.</answer>", 0, 1),
        ("<answer>(b) fear</answer>", 0, 1),
        ("<answer>BB</answer>", 0, 0),
        ("<answer>Z</answer>", 0, 0),
        ("B", 0, 0),
        (None, 0, 0),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float) -> None:
    marks = [TASK.mark(item(profile), reply, profile).score for profile in BOTH]
    assert marks == [reference, improved]


@given(st.sampled_from(BOTH), st.text())
def test_no_text_breaks_the_marking(profile: Profile, text: str) -> None:
    for reply in (text, f"<answer>{text}</answer>", None):
        assert TASK.mark(item(profile), reply, profile).score in (0.0, 1.0)


@given(st.sampled_from(BOTH), st.text(), st.text(), st.text())
def test_any_row_is_read_or_refused(profile: Profile, text: str, letter: str, answer: str) -> None:
    try:
        one = item(profile, prompt_text=text, answer_letter=letter, answer_text=answer)
    except DataError:
        return
    assert TASK.prompt(one, profile).user


@pytest.mark.data
def test_core_vectors_hold_in_improved(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "social_r1", TASK)
    assert found == expected
    assert expected


# --- prompt and feedback ----------------------------------------------------------------------------------------


def test_the_reference_shows_the_text_as_it_is() -> None:
    system, user = TASK.prompt(item(REFERENCE), REFERENCE).messages(REFERENCE)
    assert "<answer>A</answer>" in system.content
    assert user.content == TEXT


def test_improved_shows_the_options_in_its_own_order() -> None:
    one = item().model_copy(update={"order": (2, 0, 1, 3)})
    assert TASK.prompt(one, IMPROVED).user.endswith("Options:\nA. habit\nB. joy\nC. fear\nD. none of these")
    assert TASK.gold_letter(one, IMPROVED) == "C"
    assert TASK.prompt(one, REFERENCE).user == TEXT


@pytest.mark.parametrize(
    ("text", "story", "question"),
    [
        (TEXT, "Story: Ann smiled at the dog and stepped back.", "Question: What does Ann feel?"),
        (f"Ann smiled. Question: Why?\nOptions:\n{OPTIONS}", "Ann smiled.", "Question: Why?"),
        (f"Ann smiled.\nShe left.\n\nWhy?\n\nThe options are:\n{OPTIONS}", "Ann smiled.\nShe left.", "Why?"),
        (f"A. Ann smiled.\nB. She left.\nWhy?\n{OPTIONS}", "A. Ann smiled.\nB. She left.", "Why?"),
        (f"Why?\nOptions:\n{OPTIONS}", "", "Why?"),
        ("Ann smiled.\nWhy?", "Ann smiled.", "Why?"),
    ],
)
def test_story_and_question_are_told_apart(text: str, story: str, question: str) -> None:
    found_story, found_question = story_and_question(text)
    assert found_story == story
    assert found_question.splitlines()[0] == question


def test_only_the_story_is_shortened() -> None:
    one = item(prompt_text=TEXT.replace("Ann smiled", "Ann smiled and smiled " * 200))
    user = fitted(TASK.prompt(one, IMPROVED), 1200, list, IMPROVED)[-1].content
    assert "[...]" in user
    assert user.endswith(f"Question: What does Ann feel?\nOptions:\n{OPTIONS}")


def test_only_the_published_writer_gives_the_answer() -> None:
    published, improved = TASK.brief(REFERENCE), TASK.brief(IMPROVED)
    assert published is not None
    assert improved is not None
    assert "<answer>" in published.ask
    assert not published.never
    assert "letter" in improved.never
    for brief in (published, improved):
        assert not brief.published_trains_hinted
    hinted = TASK.hinted(item(REFERENCE), "She steps back. <answer>B</answer>", REFERENCE).user
    assert hinted.startswith(TEXT)
    assert hinted.endswith("She steps back. <answer>B</answer>")
    secret = TASK.secret(item(), IMPROVED)
    assert leaks("She steps back. <answer>B</answer>", secret)
    assert leaks("It is fear.", secret)
    assert not leaks("Notice that she steps back.", secret)


# --- questions of the training file -----------------------------------------------------------------------------


@pytest.fixture
def with_training(tmp_path: Path) -> Path:
    """Test and training files that share a question, but for its spacing and signs."""

    def row(number: int, text: str) -> Any:
        info = {"index": number, "prompt_text": text, "answer_letter": "ABC"[number % 3]}
        return row_of("social_r1", info)

    others = [TEXT.replace("Ann", name) for name in ("Ben", "Cleo", "Dora", "Eve")]
    write_rows(tmp_path / "social_r1_val.parquet", [row(n, text) for n, text in enumerate([TEXT, *others])])
    again = TEXT.replace("\n", "\n\n").replace(".", " .").upper()
    write_rows(tmp_path / "social_r1_rl.parquet", [row(0, again), row(1, TEXT.replace("Ann", "Zoe"))])
    return tmp_path


def test_improved_drops_what_was_trained_on_and_says_so(with_training: Path) -> None:
    items = TASK.items(data=with_training)
    assert [one.id for one in items] == [f"social_r1-{number}" for number in (1, 2, 3, 4)]
    assert [failure.message for failure in items.dropped] == ["social_r1-0: the training file has the same question"]
    assert len(TASK.items(data=with_training, profile=REFERENCE)) == 5
    assert len(TASK.items("train", data=with_training, profile=REFERENCE)) == 2


def test_a_test_file_alone_is_taken_whole(with_training: Path) -> None:
    (with_training / "social_r1_rl.parquet").unlink()
    assert len(TASK.items(data=with_training)) == 5
    assert len(TASK.items(data=with_training / "social_r1_val.parquet")) == 5
