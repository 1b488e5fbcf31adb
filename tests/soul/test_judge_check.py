"""`odyssim judge check` on judges whose virtues and vices are known."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

import pytest

from odyssim.errors import BadRequest, DataError, EndpointTimeout
from odyssim.models.scripted import Line, Scripted
from odyssim.soul.evaluate import HopelessRun
from odyssim.soul.judges.calibration import Grade, Hack, Kind, calibration_set
from odyssim.soul.judges.check import check_judge, plan_check
from odyssim.soul.judges.result import JudgeCheck, check_file
from odyssim.soul.judges.rubric import one_text, two_texts
from odyssim.soul.judges.several import agreement
from odyssim.soul.judges.standing import judge_standing
from odyssim.tasks.judged import judged
from odyssim.types import Message, Sampling, derive_seed

RIGHT = {Grade.HUMAN_LIKE: 10, Grade.GOOD: 7, Grade.STILTED: 4, Grade.HACKED: 1}
QUESTIONS, CALLS = 20 * 4 + 20 * 3, 20 * 4 + 20 * 3 * 2
SHOWN = {judged(group.text(grade)): (group, grade) for group in calibration_set() for grade in Grade}

Rating = Callable[[str, Grade, Sampling], float]


def rating(rate: Rating, *, name: str = "judge", by_place: bool = False) -> Scripted:
    """A judge that rates every text and prefers the better rated; `by_place`: it always prefers the first."""

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        content = messages[1].content
        found = sorted((content.index(block), block) for block in SHOWN if block in content)
        rated = [rate(block, SHOWN[block][1], sampling) for _, block in found]
        if len(rated) == 1:
            return json.dumps({"reason": "as it reads", "score": round(rated[0])})
        better = "A" if by_place or rated[0] >= rated[1] else "B"
        return json.dumps({"reason": "as they read", "better": better})

    return Scripted(answer, name=name)


def right(block: str, grade: Grade, sampling: Sampling) -> float:
    return RIGHT[grade]


def by_length(block: str, grade: Grade, sampling: Sampling) -> float:
    return min(10.0, 1 + len(block.split()) / 10)


def noisy(block: str, grade: Grade, sampling: Sampling) -> float:
    return RIGHT[grade] + (derive_seed(sampling.seed or 0, block) % 3 - 1 if 1 < RIGHT[grade] < 10 else 0)


# --- the set ------------------------------------------------------------------------------------------------------


def test_the_set_is_whole() -> None:
    groups = calibration_set()
    texts = [group.text(grade) for group in groups for grade in Grade]
    assert len(texts) == len(set(texts)) == 80
    assert len({group.id for group in groups}) == len(groups)
    assert Counter(group.kind for group in groups) == dict.fromkeys(Kind, 4)
    assert {group.hack for group in groups} == set(Hack)
    assert all(text.strip() == text and text for text in texts)
    assert all(group.scene.strip() == group.scene for group in groups)


def test_the_form_of_a_text_does_not_give_its_grade_away() -> None:
    """No grade is always the longest or the shortest, so neither length nor its opposite finds the order."""
    for grade in Grade:
        ranks = Counter(
            sorted(Grade, key=lambda other: len(group.text(other).split())).index(grade) for group in calibration_set()
        )
        assert len(ranks) >= 3
        assert max(ranks.values()) <= 15


def test_forged_markers_stay_inside_the_judged_text() -> None:
    for group in calibration_set():
        for grade in Grade:
            asked = one_text(group, group.text(grade))[-1].content
            assert asked.count("\n<judged>\n") == asked.count("\n</judged>\n") == 1
    assert any("</judged>" in group.hacked for group in calibration_set())


def test_both_texts_of_a_pair_are_shown_alike() -> None:
    group = calibration_set()[0]
    content = two_texts(group, group.good, group.hacked)[-1].content
    assert content.index(judged(group.good)) < content.index(judged(group.hacked))
    swapped = two_texts(group, group.hacked, group.good)[-1].content
    assert len(swapped) == len(content)
    assert not any(grade.value in content for grade in Grade)


# --- judges -------------------------------------------------------------------------------------------------------


def test_a_judge_that_is_right(tmp_path: Path) -> None:
    check = check_judge(rating(right), out=tmp_path)
    assert (check.tau, check.pairs_right, check.flipped, check.first_place) == (1.0, 1.0, 0.0, 0.5)
    assert set(check.tau_by_kind) == set(Kind)
    assert set(check.seen_through.values()) == set(check.right_order.values()) == {1.0}
    assert len(check.right_order) == 6
    assert check.tau_interval is not None
    assert 0.6 < check.tau_interval.low < check.tau_interval.high == 1.0
    assert check.length is None  # its scores follow the grade alone: nothing is left over to correlate
    assert (check.questions, check.failed, check.asked_again, check.cost.calls) == (QUESTIONS, 0, 0, CALLS)
    assert check.concerns == ()
    assert JudgeCheck.model_validate_json(check_file(tmp_path, "judge", check.set_version).read_text()) == check


def test_a_judge_of_places(tmp_path: Path) -> None:
    check = check_judge(rating(right, by_place=True), out=tmp_path)
    assert (check.flipped, check.first_place, check.pairs_right) == (1.0, 1.0, 0.5)
    assert check.concerns == ("100% of its choices change with the order",)


def test_a_judge_of_length(tmp_path: Path) -> None:
    check = check_judge(rating(by_length), out=tmp_path)
    assert check.length is not None
    assert check.length > 0.7
    assert check.tau is not None
    assert abs(check.tau) < 0.4
    assert any("longer texts score higher" in concern for concern in check.concerns)


def test_a_judge_that_guesses(tmp_path: Path) -> None:
    check = check_judge(rating(lambda block, grade, _: random.Random(block).uniform(1, 10)), out=tmp_path)
    assert check.tau_interval is not None
    assert check.tau_interval.low < 0.0 < check.tau_interval.high
    assert any("rank agreement" in concern for concern in check.concerns)


def test_a_judge_that_gives_everybody_the_same(tmp_path: Path) -> None:
    check = check_judge(rating(lambda *_: 5), out=tmp_path)
    assert (check.tau, check.length) == (0.0, None)
    assert set(check.right_order.values()) == {0.5}


def test_a_judge_that_falls_for_a_hack(tmp_path: Path) -> None:
    def fooled(block: str, grade: Grade, sampling: Sampling) -> float:
        return 10 if SHOWN[block][0].hack is Hack.RECITAL and grade is Grade.HACKED else RIGHT[grade]

    check = check_judge(rating(fooled), out=tmp_path)
    assert check.seen_through[Hack.RECITAL] == pytest.approx(0.5 / 3)
    assert all(share == 1.0 for hack, share in check.seen_through.items() if hack != Hack.RECITAL)
    assert check.concerns == ("texts that aim at the judge are not always put last (recital)",)


def test_samples_are_independent_draws_and_their_spread_is_told(tmp_path: Path) -> None:
    check = check_judge(rating(noisy), out=tmp_path, samples=3)
    assert check.cost.calls == 3 * CALLS
    assert check.spread is not None
    assert 0.2 < check.spread < 1.0
    assert {len(text.scores) for text in check.texts} == {3}
    assert check_judge(rating(noisy), out=tmp_path, samples=3).texts == check.texts


# --- failures -----------------------------------------------------------------------------------------------------


def failing(kind: Callable[[int], Line | None]) -> Scripted:
    """The right judge, but for call number n it says what `kind(n)` is, if anything."""
    calls = 0
    good = rating(right)._answer

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        nonlocal calls
        calls += 1
        wrong = kind(calls)
        return good(messages, sampling) if wrong is None else wrong

    return Scripted(answer, name="judge")


def test_failures_are_counted_and_never_scores(tmp_path: Path) -> None:
    judge = failing(lambda n: EndpointTimeout("too slow") if n % 10 == 0 else None)
    check = check_judge(judge, out=tmp_path, concurrency=1)
    assert check.failed == sum(count.n for count in check.failures) > 10
    assert {count.kind for count in check.failures} == {"endpoint_timeout"}
    assert len(check.texts) + len(check.pairs) == check.questions - check.failed
    assert {score for text in check.texts for score in text.scores} == set(RIGHT.values())
    assert check.tau == 1.0  # of the groups that are whole
    assert check.concerns == (f"{check.failed / QUESTIONS:.0%} of the questions failed",)


def test_prose_is_asked_for_again(tmp_path: Path) -> None:
    check = check_judge(failing(lambda n: "Quite good!" if n % 10 == 0 else None), out=tmp_path, concurrency=1)
    assert check.failed == 0
    assert check.asked_again == check.cost.calls - CALLS > 10


def test_a_judge_without_a_single_verdict(tmp_path: Path) -> None:
    check = check_judge(Scripted(lambda *_: "I like it.", name="judge"), out=tmp_path)
    assert (check.failed, check.tau, check.flipped, check.length) == (QUESTIONS, None, None, None)
    assert check.texts == check.pairs == ()
    assert check.cost.calls == 3 * QUESTIONS
    assert "did badly" in judge_standing(tmp_path, "judge").warning


@pytest.mark.parametrize("error", [EndpointTimeout("too slow", hint="wait"), BadRequest("no such model", hint="wait")])
def test_an_endpoint_that_is_not_there_is_found_out_at_once(tmp_path: Path, error: Exception) -> None:
    asked: list[int] = []

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        asked.append(1)
        return error

    with pytest.raises(HopelessRun) as found:
        check_judge(Scripted(answer, name="judge"), out=tmp_path)
    assert found.value.hint == "wait"
    assert len(asked) == 1
    assert list(tmp_path.iterdir()) == []


# --- standing -----------------------------------------------------------------------------------------------------


def test_standing(tmp_path: Path) -> None:
    unchecked = judge_standing(tmp_path, "openai-api/some-model")
    assert unchecked.check is None
    assert "openai-api/some-model was not checked" in unchecked.warning
    assert "odyssim judge check" in unchecked.warning
    check = check_judge(rating(right, name="a/b"), out=tmp_path)
    assert judge_standing(tmp_path, "a/b").check == check
    assert judge_standing(tmp_path, "a/b").warning == ""
    assert judge_standing(tmp_path, "a-b").check is None
    check_judge(rating(by_length, name="a-b"), out=tmp_path)
    assert "rank agreement" in judge_standing(tmp_path, "a-b").warning
    assert judge_standing(tmp_path / "elsewhere", "a/b").check is None
    check_file(tmp_path, "a/b", check.set_version).write_text("{}")
    with pytest.raises(DataError, match="not the result of a check"):
        judge_standing(tmp_path, "a/b")


def test_another_version_of_the_set_is_another_check(tmp_path: Path) -> None:
    check = check_judge(rating(right), out=tmp_path)
    older = check.model_copy(update={"set_version": "0"})
    check_file(tmp_path, "judge", check.set_version).unlink()
    older.save(tmp_path)
    assert judge_standing(tmp_path, "judge").check is None


# --- several ------------------------------------------------------------------------------------------------------


def test_agreement_of_several_judges(tmp_path: Path) -> None:
    one, twin, place = (
        check_judge(judge, out=tmp_path)
        for judge in (rating(right, name="one"), rating(right, name="twin"), rating(right, name="p", by_place=True))
    )
    together = agreement([one, twin])
    assert (together.judges, together.scores) == (("one", "twin"), 1.0)
    assert together.choices == 1.0
    assert agreement([one, place]).scores == 1.0
    choices = agreement([one, place]).choices
    assert choices is not None
    assert choices < 0.1
    backwards = check_judge(rating(lambda block, grade, _: 11 - RIGHT[grade], name="backwards"), out=tmp_path)
    opposed = agreement([one, backwards]).scores
    assert opposed is not None
    assert opposed < -0.5


def test_the_plan_counts_the_calls() -> None:
    plan = plan_check("openai-api/gpt-5-mini", samples=2)
    assert plan.calls == 2 * CALLS
    assert plan.usd is not None
    assert 0.01 < plan.usd < 1.0
    assert plan_check("local/x").usd is None
    lengths = [len(one_text(group, group.text(grade))[-1].content) for group in calibration_set() for grade in Grade]
    assert plan.prompt_tokens > 2 * CALLS * fmean(lengths) / 8
