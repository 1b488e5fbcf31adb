"""SocSci210: scales and their defects, answers in every form, and what a score is worth beside simple guesses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.models.token_count import estimated_tokens
from odyssim.tasks.prompt import fitted
from odyssim.tasks.socsci210 import SocSci210, SocSciItem, inviting
from odyssim.types import Outcome, Profile
from tests.parity.improved import core_rewards
from tests.parity.rows import row_of
from tests.parity.test_parity import vectors as vectors

BOTH = list(Profile)
TASK = SocSci210()
ROW = {
    "prompt_text": "Age: 40. Rate the plan from 1 to 7. Only return an integer, nothing else.",
    "response": 5,
    "r_min": 1,
    "r_max": 7,
    "response_type": "ordinal",
    "study_id": "s1",
    "condition_id": 1,
    "outcome_id": 2,
}


def item(profile: Profile = Profile.IMPROVED, index: int = 0, **changes: Any) -> SocSciItem:
    return TASK.read(row_of("socsci210", ROW | {"index": index} | changes), profile)


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in ROW.items() if key not in keys}


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {one.scale.kind for one in items} == {"ordinal", "binary", "categorical"}
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert 0 < (TASK.chance(one) or 0) < 1
        prompt = TASK.prompt(one, profile)
        assert "Only return" not in prompt.user
        assert "<answer>" in prompt.system
        assert one.prompt_text[:80] in prompt.user


def test_a_whole_run_with_figures() -> None:
    items = TASK.items("fixture")
    cast = Cast(policy=Scripted(["<answer>1</answer>"] * len(items)))
    scored = []
    for one in items:
        episode = asyncio.run(TASK.play(one, cast))
        scored.append((one, asyncio.run(TASK.score(one, episode, cast))))
    figures = TASK.diagnostics(scored)
    assert figures["score_over_best_constant"] < 0
    assert figures["cells"] == 6
    assert 0 < figures["wasserstein"] < 1
    assert {"accuracy_type_ordinal", "accuracy_type_binary", "score_over_cell_mean"} <= figures.keys()


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("I think so. <answer>5</answer>", 1.0, 1.0),
        ("<ANSWER> 5 </ANSWER>", 1.0, 1.0),
        ("<answer>4</answer>", 5 / 6, 5 / 6),
        ("<answer>1</answer>", 1 / 3, 1 / 3),
        ("<answer>٥</answer>", 1.0, 1.0),
        ("<answer>5.0</answer>", 0.0, 1.0),
        ("<answer>+5</answer>", 0.0, 1.0),
        ("<answer>**5**</answer>", 0.0, 1.0),
        ("<answer>(5.)</answer>", 0.0, 1.0),
        ("<answer>5.5</answer>", 0.0, 0.0),
        ("<answer>.5</answer>", 0.0, 0.0),
        ("<answer>5/7</answer>", 0.0, 0.0),
        ("<answer>about 5</answer>", 0.0, 0.0),
        ("<answer>yes</answer>", 0.0, 0.0),
        ("<answer>9</answer>", 2 / 3, 0.0),  # clamped as published; off the scale is no answer to the question
        ("<answer>-3</answer>", 1 / 3, 0.0),
        ("<answer>x</answer><answer>5</answer>", 0.0, 1.0),
        ("<answer>4</answer> no, <answer>5</answer>", 5 / 6, 1.0),
        ("<think><answer>2</answer></think><answer>5</answer>", 1.0, 1.0),
        ("<think><answer>5</answer>", 1.0, 0.0),
        ("<answer></answer>", 0.0, 0.0),
        ("5", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_ordinal_marks(reply: str | None, reference: float, improved: float) -> None:
    assert TASK.mark(item(Profile.REFERENCE), reply, Profile.REFERENCE).score == pytest.approx(reference)
    assert TASK.mark(item(), reply, Profile.IMPROVED).score == pytest.approx(improved)


@pytest.mark.parametrize(
    ("kind", "gold", "reply", "reference", "improved"),
    [
        ("binary", 1, "yes", 1.0, 1.0),
        ("binary", 1, "YES", 1.0, 1.0),
        ("binary", 0, "No", 1.0, 1.0),
        ("binary", 1, "Yes.", 0.0, 1.0),
        ("binary", 1, "1", 1.0, 1.0),
        ("binary", 1, "1.0", 0.0, 1.0),
        ("binary", 1, "0", 0.0, 0.0),
        ("binary", 1, "7", 0.0, 0.0),
        ("binary", 1, "true", 0.0, 0.0),
        ("categorical", 1, "1", 1.0, 1.0),
        ("categorical", 1, "0", 0.0, 0.0),
        ("categorical", 1, "yes", 0.0, 0.0),
    ],
)
def test_marks_of_names(kind: str, gold: int, reply: str, reference: float, improved: float) -> None:
    changes: dict[str, Any] = {"response_type": f" {kind.upper()} ", "response": gold, "r_min": 0, "r_max": 1}
    for profile, expected in zip(BOTH, (reference, improved), strict=True):
        assert TASK.mark(item(profile, **changes), f"<answer>{reply}</answer>", profile).score == expected


def test_answers_off_the_scale_are_counted() -> None:
    for profile in BOTH:
        marks = [TASK.mark(item(profile), f"<answer>{given}</answer>", profile) for given in ("7", "8", "none")]
        assert [mark.metrics["out_of_range"] for mark in marks] == [0.0, 1.0, 0.0]
        assert [mark.answer for mark in marks] == ["7", "8", None]


def test_the_published_scale_rules() -> None:
    def mark(info: dict[str, Any], reply: str) -> float:
        one = TASK.read(row_of("socsci210", info), Profile.REFERENCE)
        return TASK.mark(one, f"<answer>{reply}</answer>", Profile.REFERENCE).score

    assert mark(without("r_min", "r_max"), "3") == pytest.approx(1 - 2 / 7)
    assert mark(without("r_min", "r_max") | {"response_type": "binary", "response": 1}, "1") == 1.0
    assert mark(ROW | {"response": "5"}, "5") == 1.0
    assert mark(ROW | {"response": 9}, "9") == pytest.approx(2 / 3)  # the gold answer itself is not clamped
    assert mark(ROW | {"response": 20}, "7") == 0.0
    assert mark(ROW | {"response": 3.7, "response_type": "categorical"}, "3") == 1.0
    assert mark(ROW | {"response": 3.5}, "3") == pytest.approx(1 - 0.5 / 6)
    assert mark(ROW | {"response": 3, "r_min": 3, "r_max": 3}, "3") == 1.0
    assert mark(ROW | {"response": 3, "r_min": 3, "r_max": 3}, "4") == 0.0
    assert mark(ROW | {"response_type": "slider"}, "4") == pytest.approx(5 / 6)
    assert mark(ROW | {"response_type": None}, "4") == pytest.approx(5 / 6)


def test_null_bounds_fail_as_published_and_are_absent_otherwise() -> None:
    with pytest.raises(DataError, match="r_min"):
        item(Profile.REFERENCE, r_min=None)
    with pytest.raises(DataError, match="r_max"):
        item(Profile.REFERENCE, r_max=None)
    assert item(r_min=None, r_max="").scale[1:] == (0.0, 7.0)
    assert item(r_min=None, r_max=None, response_type="binary", response=1).scale[1:] == (0.0, 1.0)


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize(
    "changes",
    [{"response": gone} for gone in (None, "", "three", "nan", [5])]
    + [{"r_min": "low"}, {"r_max": "inf"}, {"prompt_text": None}, {"prompt_text": " ", "conversations": []}],
)
def test_rows_that_nobody_takes(profile: Profile, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="socsci210 0"):
        item(profile, **changes)
    with pytest.raises(DataError, match="response"):
        TASK.read(row_of("socsci210", without("response")), profile)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"response": 9}, "no point of the scale"),
        ({"response": 0}, "no point of the scale"),
        ({"response": 4.5}, "no point of the scale"),
        ({"r_min": 7}, "no width"),
        ({"r_min": 9}, "no width"),
        ({"response_type": "slider"}, "slider"),
    ],
)
def test_rows_that_only_the_reference_takes(changes: dict[str, Any], problem: str) -> None:
    assert TASK.prompt(item(Profile.REFERENCE, **changes), Profile.REFERENCE)
    with pytest.raises(DataError, match=problem):
        item(**changes)


@pytest.mark.parametrize(
    "conversations",
    [
        [[{"role": "user", "content": "How old?"}, {"role": "assistant", "content": "5"}], [{"content": "x"}]],
        [{"from": "human", "value": "How old?"}, {"from": "gpt", "value": "5"}],
        '[{"from": "human", "value": "How old?"}]',
    ],
)
def test_the_first_message_stands_in_for_a_missing_prompt(conversations: object) -> None:
    assert item(prompt_text=None, conversations=conversations).prompt_text == "How old?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Only return X, nothing else.", "Think step by step, then answer with X."),
        ("Only return X", "Think step by step, then answer with X"),
        ("Only return X,  \n nothing else", "Think step by step, then answer with X."),
        ("X,nothing else.", "X."),
        ("X,, nothing else", "X,."),
        ("X, nothing else..", "X.."),
        ("X, Nothing else.", "X, Nothing else."),
        ("X, nothing  else.", "X, nothing  else."),
        ("X, nothing elsewhere", "X, nothing elsewhere"),
        ("X nothing else.", "X nothing else."),
        ("only return X", "only return X"),
        ("Only  return X", "Only  return X"),
        ("Only returning X", "Only returning X"),
    ],
)
def test_wording(text: str, expected: str) -> None:
    assert inviting(text) == expected


def test_a_long_prompt_keeps_the_person_and_the_question() -> None:
    long = f"You are 40. {'The study goes on. ' * 900}Rate it from 1 to 7."
    system, user = fitted(
        TASK.prompt(item(prompt_text=long), Profile.IMPROVED), 400, estimated_tokens, Profile.IMPROVED
    )
    assert "<answer>" in system.content
    assert user.content.startswith("You are 40.")
    assert user.content.endswith("Rate it from 1 to 7.")


def test_studies_weigh_the_same_only_in_improved() -> None:
    assert TASK.stratum(item()) == "s1"
    assert TASK.stratum(item(Profile.REFERENCE)) == ""
    assert item().cluster == item(response=2, condition_id=3).cluster != item(study_id="s2").cluster
    assert item(study_id=None).cluster != item(study_id=None, prompt_text="Other.").cluster


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"response": 1}, sum(1 - step / 6 for step in range(7)) / 7),
        ({"response": 5}, sum(1 - abs(step - 4) / 6 for step in range(7)) / 7),
        ({"response_type": "binary", "response": 1, "r_min": 0, "r_max": 1}, 0.5),
        ({"response_type": "categorical", "r_max": 5}, 0.2),
    ],
)
def test_chance_is_the_mean_over_all_points(changes: dict[str, Any], expected: float) -> None:
    assert TASK.chance(item(**changes)) == pytest.approx(expected)


def test_chance_is_unknown_where_the_scale_makes_no_sense() -> None:
    for changes in ({"response": 9}, {"response": 4.5}, {"r_min": 9}):
        assert TASK.chance(item(Profile.REFERENCE, **changes)) is None
    assert TASK.chance(item(Profile.REFERENCE, response=3, r_min=3, r_max=3)) == 1.0


def outcome(one: SocSciItem, answer: str | None) -> tuple[SocSciItem, Outcome]:
    mark = TASK.mark(one, None if answer is None else f"<answer>{answer}</answer>", Profile.IMPROVED)
    return one, Outcome(score=mark.score, answer=mark.answer)


def figures(golds: Sequence[int], answers: Sequence[str | None], **changes: Any) -> dict[str, float]:
    return TASK.diagnostics(
        [
            outcome(item(index=index, response=gold, **changes), answer)
            for index, (gold, answer) in enumerate(zip(golds, answers, strict=True))
        ]
    )


def test_a_perfect_model_is_ahead_of_every_guess_and_has_the_human_spread() -> None:
    found = figures([1, 4, 7], ["1", "4", "7"])
    assert found["score_over_best_constant"] == pytest.approx(1 - (0.5 + 1 + 0.5) / 3)
    assert found["score_over_cell_mean"] == pytest.approx(1 - (1 - 4.5 / 6 + 1 + 1 - 4.5 / 6) / 3)
    assert found["wasserstein"] == 0.0
    assert found["cells"] == 1.0


def test_a_constant_model_gains_nothing_and_lacks_the_human_spread() -> None:
    found = figures([1, 4, 7], ["4", "4", "4"])
    assert found["score_over_best_constant"] == pytest.approx(0.0)
    assert found["wasserstein"] == pytest.approx((3 + 0 + 3) / 3 / 6)
    binary = figures([1, 1, 0], ["yes"] * 3, response_type="binary", r_min=0, r_max=1)
    assert binary["score_over_best_constant"] == pytest.approx(0.0)
    assert binary["wasserstein"] == pytest.approx(1 / 3)
    assert binary["score_over_cell_mean"] == pytest.approx(2 / 3)  # the others are split, split, and both wrong


def test_distance_leaves_out_unreadable_answers_and_categories() -> None:
    assert figures([1, 7], ["1", None])["wasserstein"] == pytest.approx(0.5)
    assert figures([1, 7], ["1", "12"])["wasserstein"] == pytest.approx(0.5)
    assert "wasserstein" not in figures([1, 7], [None, None])
    assert "wasserstein" not in figures([1, 2], ["1", "2"], response_type="categorical")


def test_cells_need_two_people_of_a_named_study() -> None:
    one = item()
    sampled_twice = TASK.diagnostics([outcome(one, "5"), outcome(one, "3")])
    assert sampled_twice["cells"] == 0.0
    assert not {"wasserstein", "score_over_cell_mean"} & sampled_twice.keys()
    assert figures([1, 7], ["1", "7"], study_id=None)["cells"] == 0.0
    apart = [outcome(item(index=index, response=index + 1, outcome_id=index), "1") for index in range(2)]
    assert TASK.diagnostics(apart)["cells"] == 0.0
    assert TASK.diagnostics([]) == {}


def test_there_is_no_feedback() -> None:
    assert all(TASK.brief(profile) is None for profile in BOTH)


def test_a_bad_row_is_dropped_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "socsci210_val.parquet.jsonl"
    lines = [{"data_source": "socsci210", "extra_info": info} for info in (ROW, ROW | {"response": None}, {})]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    items = TASK.items(data=path)
    assert [one.id for one in items] == ["socsci210-0"]
    assert ["line 2" in items.dropped[0].message, "line 3" in items.dropped[1].message] == [True, True]


TAGGED = st.one_of(st.text(), st.from_regex(r"[+-]?\d{0,5000}(\.0)?", fullmatch=True)).map(
    lambda inside: f"x<answer>{inside}</answer>"
)


@given(
    st.one_of(st.none(), st.text(), TAGGED),
    st.sampled_from(["ordinal", "binary", "categorical"]),
    st.sampled_from([(1, 7), (3, 3), (7, 1)]),
)
def test_marking_never_fails(text: str | None, kind: str, bounds: tuple[int, int]) -> None:
    reference = item(Profile.REFERENCE, response_type=kind, r_min=bounds[0], r_max=bounds[1])
    assert 0.0 <= TASK.mark(reference, text, Profile.REFERENCE).score <= 1.0
    improved = item(response_type=kind)
    assert 0.0 <= TASK.mark(improved, text, Profile.IMPROVED).score <= 1.0


def test_numbers_too_long_to_read_are_no_answer() -> None:
    for profile in BOTH:
        assert TASK.mark(item(profile), f"<answer>{'9' * 5000}</answer>", profile).answer is None


@pytest.mark.data
def test_improved_gives_the_core_rewards(vectors: Path) -> None:
    expected, found = core_rewards(vectors, "socsci210", TASK)
    assert expected
    assert found == pytest.approx(expected)
