"""Mistakes: fixtures, marks, bad rows, hints, figures, and the items made of MaE."""

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
from odyssim.tasks.mae_files import DATA_FILE, mae_rows, result
from odyssim.tasks.mistakes import Mistakes, MistakesItem
from odyssim.types import Origin, Outcome, Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of

BOTH = list(Profile)
TASK = Mistakes()
ROW = {
    "QuestionText": "What is 1/2 + 1/3?",
    "AnswerAText": "2/5",
    "AnswerBText": "5/6",
    "AnswerCText": "1/6",
    "AnswerDText": "1",
    "MisconceptionName": "Adds tops and bottoms",
    "TargetOption": "A",
}


def item(profile: Profile = Profile.IMPROVED, **changes: Any) -> MistakesItem:
    return TASK.read(row_of("mistakes", ROW | changes), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_every_fixture_can_be_won(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {one.origin for one in items} == {Origin.FIXTURE}
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))


def test_fixtures_spread_the_gold_over_the_letters_and_cluster_by_question() -> None:
    items = TASK.items("fixture", profile=Profile.REFERENCE)
    golds = Counter(one.gold for one in items)
    assert set(golds) == set("ABCD")
    assert max(golds.values()) - min(golds.values()) <= 1
    assert len({one.cluster for one in items}) == len({one.question for one in items}) < len(items)


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>A</answer>", 1.0, 1.0),
        ("<answer> a\n</answer>", 1.0, 1.0),
        ("<ANSWER>A</ANSWER>", 1.0, 1.0),
        ("<answer>A)</answer>", 0.0, 1.0),
        ("<answer>A) 2/5</answer>", 0.0, 1.0),
        ("<answer>B</answer> no: <answer>A</answer>", 0.0, 1.0),
        ("<answer>hm</answer> <answer>A</answer>", 1.0, 1.0),
        ("<think>perhaps <answer>A</answer>", 1.0, 0.0),  # an open thought holds no answer; the reference reads it
        ("<answer>B</answer></think><answer>A</answer>", 0.0, 1.0),
        ("<think><answer>B</answer></think><answer>A</answer>", 1.0, 1.0),
        ("<answer>E</answer>", 0.0, 0.0),
        ("\\boxed{A}", 0.0, 0.0),
        ("A", 0.0, 0.0),
        ("", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_marks(reply: str | None, reference: float, improved: float) -> None:
    assert TASK.mark(item(), reply, Profile.REFERENCE).score == reference
    assert TASK.mark(item(), reply, Profile.IMPROVED).score == improved


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "mistakes", TASK)
    assert expected
    assert found == expected


@given(st.text() | st.from_regex(r"(<think>)?<answer>[A-Fa-f. ]{0,3}</answer>", fullmatch=True))
def test_any_text_gets_a_mark(text: str) -> None:
    for profile in BOTH:
        assert TASK.mark(item(CorrectAnswer="B"), text, profile).score in (0.0, 1.0)


@pytest.mark.parametrize("profile", BOTH)
def test_other_names_of_fields_are_read(profile: Profile) -> None:
    old = {"question": "old q", "misconception_text": "old m", "target_option": " d "}
    one = item(profile, QuestionText=None, MisconceptionName="", TargetOption=None, **old)
    assert (one.question, one.misconception, one.gold) == ("old q", "old m", "D")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"QuestionText": None}, "QuestionText"),
        ({"QuestionText": "  "}, "QuestionText"),
        ({"MisconceptionName": None}, "MisconceptionName"),
        ({"TargetOption": None}, "none of the options"),
        ({"TargetOption": "E"}, "none of the options"),
        ({"AnswerAText": None}, "none of the options"),
        ({"AnswerBText": "2/5"}, "two options are the same"),
        ({"AnswerBText": "", "AnswerCText": None, "AnswerDText": " "}, "needs two"),
        ({"CorrectAnswer": "A"}, "is the right answer"),
        ({"CorrectAnswer": "X"}, "none of the options"),
    ],
)
def test_bad_rows_are_refused_and_never_win_as_published(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        item(**changes)
    published = item(Profile.REFERENCE, **changes)
    if not published.gold:
        assert all(TASK.mark(published, f"<answer>{x}</answer>", Profile.REFERENCE).score == 0.0 for x in "ABCD")
    else:
        assert TASK.mark(published, "<answer>C</answer>", Profile.REFERENCE).score == 0.0


@pytest.mark.parametrize("profile", BOTH)
def test_prompt_shows_question_options_and_misconception(profile: Profile) -> None:
    one = item(profile, AnswerCText=" ", CorrectAnswer="B")
    shown = TASK.prompt(one, profile)
    assert "What is 1/2 + 1/3?" in shown.user
    assert "A) 2/5\nB) 5/6\nD) 1\n" in shown.user
    assert shown.user.endswith("Adds tops and bottoms")
    assert "<answer>" in shown.system
    assert TASK.gold_reply(one, profile) not in shown.user


@pytest.mark.parametrize("profile", BOTH)
def test_the_hint_stands_last_and_only_the_published_brief_may_leak(profile: Profile) -> None:
    assert TASK.hinted(item(), "I add the tops.", profile).user.endswith("I add the tops.")
    brief = TASK.brief(profile)
    assert brief is not None
    assert bool(brief.never) == (profile is Profile.IMPROVED)
    assert (brief.published_sees_draft, brief.published_until_step) == (False, 90)
    assert leaks("So I get 2/5.", TASK.secret(item(), profile))


def test_choosing_the_right_answer_is_told_apart() -> None:
    items = [item(CorrectAnswer="B").model_copy(update={"id": str(number)}) for number in range(8)]
    for one in TASK.arranged(items, Profile.IMPROVED, seed=3):
        for letter, text in TASK.shown(one, Profile.IMPROVED).items():
            mark = TASK.mark(one, f"<answer>{letter}</answer>", Profile.IMPROVED)
            assert (mark.score, mark.metrics["chose_correct"]) == (float(text == "2/5"), float(text == "5/6"))
    assert TASK.mark(item(CorrectAnswer="B"), "?", Profile.IMPROVED).metrics == {"chose_correct": 0.0}
    assert TASK.mark(item(), "<answer>B</answer>", Profile.IMPROVED).metrics == {}


def test_figures_over_a_set() -> None:
    first, second = item(), item(TargetOption="C")
    other = item(MisconceptionName="Multiplies instead", TargetOption="C")
    unknown = item(Profile.REFERENCE, TargetOption=None, MisconceptionName="none")
    scored = [(first, 1.0), (second, 0.0), (other, 1.0), (unknown, 0.0)]
    assert TASK.diagnostics([(one, Outcome(score=score)) for one, score in scored]) == {
        "accuracy_overall": 0.5,
        "accuracy_target_A": 1.0,
        "accuracy_target_C": 0.5,
        "accuracy_target_unknown": 0.0,
        "accuracy_macro_misconception": 0.5,
        "share_ambiguous_misconception": 0.5,
    }
    assert TASK.diagnostics([]) == {}


# --- items made of MaE ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("1/4+2/3=3/7", "3/7"),
        ("x+1/3=7\nx=7-1/3=6/3=2", "2"),
        ("x=2\n22+2=24", "2"),
        ("60\n- 1.35\n-----\n59.35", "59.35"),
        ("$ 4\n- $ .35\n----\n$ 4.35", "4.35"),
        ("(50/88)=(x/100)\n57 items", "57"),
        ("1\n- 1/3\n---\n  1 1/3", "1 1/3"),
        ("45.", "45"),
        ("70%", "70"),
        ("-14", "-14"),
        ("648,000", "648,000"),
        ("6W=M", None),
        ("-3<=x<=3", None),
        ("0.04 > 0.5", None),
        ("never true", None),
        ("I counted: 12", None),
        ("3/0", None),
        ("", None),
    ],
)
def test_the_result_of_a_calculation(answer: str, number: str | None) -> None:
    assert result(answer) == number


def mae_record(number: int, wrong: str, right: str, **changes: str) -> dict[str, str]:
    return {
        "Misconception": f"slip {number}",
        "Misconception ID": f"X{number}",
        "Topic": "Fractions",
        "Example Number": "1",
        "Question": f"Problem {number}",
        "Incorrect Answer": wrong,
        "Correct Answer": right,
        **changes,
    }


def test_options_are_borrowed_from_other_misconceptions(tmp_path: Path) -> None:
    records = [
        mae_record(1, "1/2+1/3=2/5", "5/6"),
        mae_record(2, "=4/10", "3/4"),  # the same number as 2/5
        mae_record(3, "=7/9", "1/9"),
        mae_record(4, "=40", "4"),
        mae_record(5, "=3/8", "1/8"),
        mae_record(1, "=6/7", "1/7", **{"Example Number": "2"}),  # the same misconception
        mae_record(6, "I see 12", "no"),
        mae_record(7, "[Image]", "3"),
        mae_record(8, "2/4", "1/2"),
        mae_record(9, "5", "6", **{"Question image": "p1"}),
    ]
    path = tmp_path / "data.json"
    path.write_text(json.dumps(records))
    rows = list(mae_rows(path))
    assert rows == list(mae_rows(path))
    first = TASK.read(rows[0], Profile.IMPROVED)
    assert set(first.options) == {"2/5", "5/6", "7/9", "3/8"}
    assert first.options["ABCD".index(first.gold)] == "2/5"
    assert first.options["ABCD".index(first.correct)] == "5/6"
    for row, message in zip(rows[7:], ("only a picture", "both come to '1/2'", "needs its picture 'p1'"), strict=True):
        for profile in BOTH:
            with pytest.raises(DataError, match=message):
                TASK.read(row, profile)


def test_a_file_that_is_no_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('{"Question": "?"}')
    with pytest.raises(DataError, match=r"data\.json.*list of objects"):
        list(mae_rows(path))


@pytest.mark.data
def test_every_record_of_mae_is_an_item_or_has_a_reason(data_root: Path) -> None:
    assert len(json.loads((data_root / DATA_FILE).read_text())) == 176
    for profile in BOTH:
        items = TASK.items("test", data=data_root, profile=profile)
        assert (len(items), len(items.dropped)) == (150, 26)
        for one in items:
            asyncio.run(TASK.validate(one, profile=profile))
    golds = Counter(TASK.gold_letter(one, Profile.IMPROVED) for one in TASK.items("test", data=data_root))
    assert max(golds.values()) - min(golds.values()) <= 1
