"""ToMBench: two languages, options in every published form, and the original files read whole."""

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
from odyssim.tasks.rows import write_rows
from odyssim.tasks.tombench import ToMBench, ToMBenchItem, without_labels
from odyssim.types import Origin, Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of
from tests.parity.test_parity import vectors as vectors

BOTH = list(Profile)
TASK = ToMBench()


def item(profile: Profile = Profile.IMPROVED, **changes: Any) -> ToMBenchItem:
    info = {
        "language": "en",
        "story": "Ada left the room.",
        "question": "Why?",
        "options_dict": {"A": "To sleep", "B": "To read", "C": None, "D": None},
        "correct_letter": "B",
    }
    return TASK.read(row_of("tombench", info | changes), profile)


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert Counter((one.language, len(one.options)) for one in items).keys() == {
        ("en", 2), ("en", 4), ("zh", 2), ("zh", 4)
    }  # fmt: skip
    assert {one.gold for one in items} == set("ABCD")
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert TASK.chance(one) == 1 / len(one.options)
        prompt = TASK.prompt(one, profile)
        assert all(option in prompt.user for option in one.options)
        assert "<answer>" in prompt.system
        assert "<answer>" not in prompt.user
        for letter in TASK.shown(one, profile):
            right = letter == TASK.gold_letter(one, profile)
            assert TASK.mark(one, f"<answer>{letter}</answer>", profile).score == float(right)


def test_prompts_in_both_languages() -> None:
    prompt = TASK.prompt(item(Profile.REFERENCE), Profile.REFERENCE)
    assert prompt.user == (
        "Story:\nAda left the room.\n\nQuestion:\nWhy?\n\nOptions:\nA. To sleep\nB. To read"
    )  # fmt: skip
    other = item(language="fr", order=(1, 0))
    assert TASK.prompt(other, Profile.IMPROVED).system == prompt.system
    chinese = item(language="zh", options_dict={"A": "A.是", "B": "B：否"})
    user = TASK.prompt(chinese.model_copy(update={"order": (1, 0)}), Profile.IMPROVED).user
    assert "故事：" in user
    assert user.endswith("选项：\nA. 否\nB. 是")
    assert "字母" in TASK.prompt(chinese, Profile.IMPROVED).system


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["A. yes", "B. no"], ("yes", "no")),
        (["A.是", "B：否", "C、也许", "D）别的"], ("是", "否", "也许", "别的")),
        (["A: x", "B. y", "", " "], ("x", "y")),
        (["A. Milne", "His aunt"], ("A. Milne", "His aunt")),
        (["B. x", "A. y"], ("B. x", "A. y")),
        (["x", "", "z"], ("x", "", "z")),
        (["", ""], ()),
        ([], ()),
    ],
)
def test_labels_of_options_go_only_if_all_have_their_own(options: list[str], expected: tuple[str, ...]) -> None:
    assert without_labels(options) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"options_dict": {"A": "x", "B": "y"}},
        {"options_dict": None, "options": ["A. x", "B. y"]},
        {"options_dict": {"A": None}, "options": {"A": "x", "B": "y"}},
        {"options_dict": None, "options": '["x", "y"]'},
    ],
)
def test_forms_of_the_options(options: dict[str, Any]) -> None:
    assert item(**options).options == ("x", "y")


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("so <answer>B</answer>", 1.0, 1.0),
        ("<ANSWER>\nb\n</ANSWER>", 1.0, 1.0),
        ("<answer>B. To read</answer>", 0.0, 1.0),
        ("<answer>B、去看书</answer>", 0.0, 1.0),
        ("<answer>（Ｂ）</answer>", 0.0, 1.0),
        ("<answer>A</answer><answer>B</answer>", 0.0, 1.0),
        ("<think><answer>A</answer></think><answer>B</answer>", 0.0, 1.0),
        ("<think><answer>B</answer></think><answer>A</answer>", 1.0, 0.0),
        ("<think><answer>B</answer>", 1.0, 0.0),
        ("<answer>D</answer>", 0.0, 0.0),
        ("<answer>选B</answer>", 0.0, 0.0),
        ("B", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_marks(reply: str, reference: float, improved: float) -> None:
    assert TASK.mark(item(Profile.REFERENCE), reply, Profile.REFERENCE).score == reference
    assert TASK.mark(item(), reply, Profile.IMPROVED).score == improved


def test_no_completion_cannot_be_scored_as_published_and_earns_nothing_otherwise() -> None:
    with pytest.raises(DataError, match="no completion"):
        TASK.mark(item(Profile.REFERENCE), None, Profile.REFERENCE)
    assert TASK.mark(item(), None, Profile.IMPROVED).score == 0.0


@pytest.mark.parametrize("blank", [None, "", " "])
def test_blank_fields(blank: str | None) -> None:
    for profile in BOTH:
        with pytest.raises(DataError, match="language"):
            item(profile, language=blank)
    blanks: list[dict[str, Any]] = [{"question": blank}, {"correct_letter": blank}]
    for changes in blanks:
        assert item(Profile.REFERENCE, **changes)
        with pytest.raises(DataError):
            item(**changes)
    one = item(Profile.REFERENCE, correct_letter=blank)
    assert TASK.mark(one, "", Profile.REFERENCE).score == 0.0
    assert TASK.mark(one, "<answer>A</answer>", Profile.REFERENCE).score == 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"correct_letter": "C"},
        {"correct_letter": "AB"},
        {"correct_letter": "E"},
        {"options_dict": None},
        {"options_dict": {"A": "x"}},
        {"options_dict": {"A": "x", "B": "x"}},
        {"options_dict": {"A": "A. x", "B": "B.x"}},
    ],
)
def test_rows_that_only_the_reference_takes(changes: dict[str, Any]) -> None:
    kept = item(Profile.REFERENCE, **changes)
    assert TASK.prompt(kept, Profile.REFERENCE)
    assert TASK.chance(kept) != 0
    with pytest.raises(DataError):
        item(**changes)


def test_gold_letters_are_trimmed() -> None:
    assert TASK.mark(item(Profile.REFERENCE, correct_letter=" b "), "<answer>B</answer>", Profile.REFERENCE).score == 1


def test_groups_and_clusters() -> None:
    named = item(task="Faux-pas", ability="Belief: x", story_id="s1")
    assert TASK.facets(named) == {"language": "en", "task": "Faux-pas", "ability": "Belief: x"}
    assert TASK.facets(item()) == {"language": "en"}
    assert named.cluster == "s1"
    assert item().cluster == item(question="How?").cluster != item(story="Bo left.").cluster


def test_there_is_no_feedback() -> None:
    assert all(TASK.brief(profile) is None for profile in BOTH)


@given(st.one_of(st.text(), st.text().map(lambda inside: f"x<answer>{inside}</answer>")))
def test_marking_never_fails(text: str) -> None:
    for profile in BOTH:
        assert TASK.mark(item(profile), text, profile).score in (0.0, 1.0)


def record(story: str, chinese: str, answer: str = "A", **changes: Any) -> dict[str, Any]:
    """A record in the form of the original files, which write a missing option as NaN."""
    nan = float("nan")
    return {
        "能力\nABILITY": "Belief: x",
        "序号\nINDEX": 1,
        "故事": chinese,
        "问题": "为什么？",
        "选项A": "A. 是",
        "选项B": "B. 否",
        "选项C": nan,
        "选项D": nan,
        "STORY": story,
        "QUESTION": "Why?",
        "OPTION-A": "Yes",
        "OPTION-B": "No",
        "OPTION-C": nan,
        "OPTION-D": nan,
        "答案\nANSWER": answer,
        **changes,
    }


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "bench/tombench/data"
    folder.mkdir(parents=True)
    first = [record("Ann left.", "安走了。"), record("Ann left!", "安走了。"), record("Bo ran.", "波跑了。")]
    second = [record("Bo ran.", "波跑了。。", "D"), record("Cy sat.", "赛坐下了。", "B")]
    for name, records in (("Hidden Emotions", first), ("Strange Story Task", second)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return tmp_path


def test_original_files(original: Path, tmp_path: Path) -> None:
    items = TASK.items(data=original)
    assert [one.id for one in items][:3] == ["tombench-0", "tombench-1", "tombench-2"]
    assert {one.origin for one in items} == {Origin.PUBLISHED}
    assert (len(items), len(items.dropped), len({one.cluster for one in items})) == (8, 2, 3)
    assert {one.options for one in items} == {("Yes", "No"), ("是", "否")}
    assert [len(TASK.items(split, data=original)) for split in ("en", "zh")] == [4, 4]
    assert {one.language for one in TASK.items("zh", data=original)} == {"zh"}
    path = tmp_path / "tombench.parquet"
    assert write_rows(path, TASK.rows(data=original)) == 10
    assert list(TASK.items(data=path)) == list(items)


def test_a_broken_line_names_its_place(original: Path) -> None:
    with (original / "bench/tombench/data/Hidden Emotions.jsonl").open("a") as file:
        file.write("{broken\n")
    with pytest.raises(DataError, match="line 4"):
        TASK.items(data=original)


@pytest.mark.data
def test_every_published_record_is_read_in_both_languages(data_root: Path) -> None:
    rows = list(TASK.rows(data=data_root))
    assert len({row.info["task"] for row in rows}) == 20
    assert Counter(row.info["language"] for row in rows) == {"en": 2300, "zh": 2300}
    assert all(row.text("story") and row.text("question") and row.text("ability") for row in rows)
    assert len(TASK.items(data=data_root, profile=Profile.REFERENCE)) == 4600
    items = TASK.items(data=data_root)
    assert len(items) == len({one.id for one in items}) == 4598
    assert len({one.cluster for one in items}) == 1041
    assert {failure.message[-24:] for failure in items.dropped} == {"two options are the same"}
    letters = Counter(TASK.gold_letter(one, Profile.IMPROVED) for one in items if len(one.options) == 4)
    assert max(letters.values()) - min(letters.values()) < 12
    for one in items[::9]:
        asyncio.run(TASK.validate(one))
        assert not any(option.startswith(("A.", "B.", "A:")) for option in one.options)


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "tombench", TASK)
    assert expected
    assert found == expected
