"""RewardBench and RewardBench 2: orders, verdicts, ratings, row rewards and the aggregate."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.reward_bench import (
    RewardBench,
    RewardBench2,
    RewardBenchItem,
    chance_of_separation,
    published_order,
    read_letter,
    read_rating,
    reference_letter,
    reference_rating,
    separated,
)
from odyssim.tasks.reward_bench_score import COMPARED, Judged, aggregate, ties_score
from odyssim.types import Episode, EpisodeStop, Message, Outcome, Profile, Reply, Sampling, StopReason
from tests.parity.files.rewardbench2 import COVERED
from tests.parity.rows import row_of
from tests.parity.runner import Check, same

BOTH = list(Profile)
TASKS = [RewardBench(), RewardBench2()]
TASK = RewardBench2()
FOUR = {
    "id": "abc",
    "subset": "Math",
    "prompt": "How many legs do two ducks have?",
    "candidates": ["four", "two", "six", "eight"],
    "num_correct": 1,
}
TIES = {
    "id": "tied:1",
    "subset": "Ties",
    "prompt": "Name a colour of the rainbow.",
    "candidates": ["red", "blue", "table"],
    "num_correct": 2,
    "sample_type": "tied",
    "pair_id": 1,
}


def item(profile: Profile = Profile.IMPROVED, row: dict[str, Any] = FOUR, **changes: Any) -> RewardBenchItem:
    return TASK.read(row_of("rewardbench2", row | changes), profile)


def played(one: RewardBenchItem, policy: Scripted, profile: Profile) -> tuple[Episode, Outcome]:
    episode = asyncio.run(TASK.play(one, Cast(policy=policy), profile))
    return episode, asyncio.run(TASK.score(one, episode, Cast(), profile))


def expert(one: RewardBenchItem) -> Scripted:
    """A judge that knows the right answers."""

    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        user = messages[-1].content
        if one.subset == "Ties":
            is_right = user.endswith(tuple(f"\n{right}" for right in one.candidates[: one.num_correct]))
            return f"I say {9 if is_right else 2}"
        (best,) = (letter for letter in "ABCD" if f"# Answer {letter}\n{one.candidates[0]}\n\n" in f"{user}\n\n")
        return f"All things considered: [[{best}]]"

    return Scripted(answer)


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_fixtures_are_sound(task: RewardBench, profile: Profile) -> None:
    items = task.items("fixture", profile=profile)
    assert len(items) >= 12
    assert not items.dropped
    assert {one.subset for one in items} == {*COMPARED, "Ties"}
    for one in items:
        asyncio.run(task.validate(one, profile=profile))
        assert 0 < (task.chance(one) or 0) < 1
        episode, outcome = played(one, expert(one), profile)
        assert episode.stop is EpisodeStop.COMPLETED
        assert (outcome.score, outcome.metrics["answered"]) == (1.0, 1.0)
    shown = Counter(published_order(one.row_id).index(0) for one in items if one.subset != "Ties")
    assert set(shown) == {0, 1, 2, 3}
    assert max(shown.values()) - min(shown.values()) <= 1


def test_a_comparison_is_asked_once_as_published_and_both_ways_round_in_improved() -> None:
    (published,) = TASK.questions(item(), Profile.REFERENCE)
    forward, backward = TASK.questions(item(), Profile.IMPROVED)
    assert published == forward
    shown = [FOUR["candidates"][place] for place in published_order("abc")]  # type: ignore[index]
    for prompt, texts in ((forward, shown), (backward, shown[::-1])):
        blocks = [f"# Answer {letter}\n{text}" for letter, text in zip("ABCD", texts, strict=True)]
        assert prompt.user == "\n\n".join([f"# What the user wrote\n{FOUR['prompt']}", *blocks])
        assert "[[A]]" in prompt.system
        assert "[[" not in prompt.user


def test_ratings_are_asked_one_by_one() -> None:
    for profile in BOTH:
        prompts = TASK.questions(item(profile, TIES), profile)
        assert [prompt.user.rpartition("\n")[2] for prompt in prompts] == TIES["candidates"]
        assert all("1" in prompt.system and "10" in prompt.system for prompt in prompts)


def test_the_order_is_a_permutation_founded_on_the_id() -> None:
    assert [published_order("1"), published_order("item-7")] == [[1, 2, 0, 3], [1, 0, 3, 2]]
    assert {tuple(sorted(published_order(str(number)))) for number in range(50)} == {(0, 1, 2, 3)}


@pytest.mark.parametrize(
    ("text", "reference", "improved"),
    [
        ("b", "B", "B"),
        (" D\n", "D", "D"),
        ("Fine. [[B]]", "B", "B"),
        ("[[ c ]]", "C", "C"),
        ("[[A]] vs [[B]]", "A", "B"),
        ("I would write [[X]] or [[E]]", None, None),
        ("reason\nFinal verdict: D", "D", "D"),
        ("Final answer: C", None, "C"),
        ("Verdict:B", "B", "B"),
        ("option - c", "C", "C"),
        ("AnswerB", "B", None),
        ("Choice: (B)", None, "B"),
        ("Choice: B!", None, "B"),
        ("**Final verdict: B**", None, "B"),
        ("(A)", "A", "A"),
        ("(A", "A", "A"),
        ("[B]", None, "B"),
        ("**B**", None, "B"),
        ("D] chosen", "D", "D"),
        ("reason\nB; clearly", None, "B"),
        ("B is best", "B", "B"),
        ("I pick C", None, None),
        ("Option A, since ...\nOption B?", "A", "A"),
        ("Verdict: D\nThank you for asking.", "D", "D"),
        ("Verdict: D\nA judge must decide.", "A", "D"),  # the English article
        ("A. is short, B. is wrong\nNone of them convinces me.", "A", None),
        ("<think>[[A]]</think>[[B]]", "A", "B"),
        ("<think>[[A]]", "A", None),
        ("", None, None),
        ("  \n ", None, None),
    ],
)
def test_letters(text: str, reference: str | None, improved: str | None) -> None:
    assert (reference_letter(text), read_letter(text)) == (reference, improved)


@pytest.mark.parametrize(
    ("text", "reference", "improved"),
    [
        ("ok 7", "7", "7"),
        ("I say 9 \n", "9", "9"),
        ("10", "10", "10"),
        ("Rating:7", "7", "7"),
        ("8/10", "10", "8"),
        ("8 out of 10", "10", "8"),
        ("9.5", "5", "9.5"),
        ("-3", "3", None),
        ("7-8", "8", None),
        ("0", None, None),
        ("11", None, None),
        ("010", None, None),
        ("x7", None, None),
        ("7_", None, None),
        ("8.", None, "8"),
        ("**7**", None, "7"),
        ("[[7]]", None, "7"),
        ("score 7 (scale 1-10)", None, "7"),
        ("7, I think", None, None),
        ("<think>7</think> 4", "4", "4"),
        ("<think>so 4", "4", None),
        ("", None, None),
    ],
)
def test_ratings(text: str, reference: str | None, improved: str | None) -> None:
    assert (reference_rating(text), read_rating(text)) == (reference, improved)


def test_silence_earns_a_quarter_only_as_published() -> None:
    for reply in (None, "", "no idea"):
        assert TASK.mark(item(), [reply], Profile.REFERENCE).score == 0.25
        mark = TASK.mark(item(), [reply, reply], Profile.IMPROVED)
        assert (mark.score, mark.answer, mark.metrics) == (0.0, None, {"answered": 0.0, "consistent": 0.0})


def test_a_judge_that_always_says_a_is_found_out() -> None:
    first = item(id="item-7")
    at_first_place = next(one for one in map(str, range(99)) if published_order(one)[0] == 0)
    for one, reference, improved in ((first, 0.0, 0.0), (item(id=at_first_place), 1.0, 0.5)):
        episode, outcome = played(one, Scripted(["[[A]]"]), Profile.REFERENCE)
        assert (outcome.score, len(episode.calls)) == (reference, 1)
        episode, outcome = played(one, Scripted(["[[A]]", "[[A]]"]), Profile.IMPROVED)
        assert (outcome.score, outcome.metrics["consistent"], outcome.answer) == (improved, 0.0, "A A")


def test_ties_need_every_rating_and_a_clear_gap() -> None:
    one = item(row=TIES)
    for profile in BOTH:
        scores = [
            TASK.mark(one, replies, profile).score for replies in (["9", "8", "2"], ["9", "2", "2"], ["x", "8", "2"])
        ]
        assert scores == [1.0, 0.0, 0.0]
    assert TASK.mark(one, ["x", "8", "2"], Profile.REFERENCE).answer == "-1 8 2"
    assert TASK.mark(one, ["x", "x", "x"], Profile.REFERENCE).answer == "-1 -1 -1"
    assert TASK.mark(one, ["x", "8", "2"], Profile.IMPROVED).answer == "- 8 2"
    assert TASK.mark(one, ["x", "x", "x"], Profile.IMPROVED).answer is None


@pytest.mark.parametrize(
    ("ratings", "num_correct", "expected"),
    [
        ([], 1, False),
        ([9, 8], 0, False),
        ([9, 8], 2, False),
        ([9, 3, 3], 2, False),
        ([9, None], 1, False),
        ([2, 1], 1, True),
    ],
)
def test_separated(ratings: list[float | None], num_correct: int, expected: bool) -> None:
    assert separated(ratings, num_correct) is expected


@pytest.mark.parametrize(("right", "wrong"), [(1, 1), (2, 1), (1, 2), (0, 2), (2, 0)])
def test_chance_counts_every_way_to_rate(right: int, wrong: int) -> None:
    drawn = list(product(range(1, 11), repeat=right + wrong))
    lucky = sum(separated(ratings, right) for ratings in drawn)
    assert chance_of_separation(right, wrong) == pytest.approx(lucky / len(drawn))


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": None},
        {"prompt": " "},
        {"id": ""},
        {"subset": None},
        {"candidates": None},
        {"candidates": ["one", "two"]},
        {"num_correct": "many"},
    ],
)
def test_rows_that_nobody_can_use(profile: Profile, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        item(profile, **changes)


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        (FOUR, {"subset": "Poetry"}),
        (FOUR, {"num_correct": 2}),
        (FOUR, {"candidates": ["four", "two", "six", "four "]}),
        (FOUR, {"candidates": ["four", "two", None, "eight"]}),
        (TIES, {"num_correct": None}),
        (TIES, {"num_correct": 3}),
        (TIES, {"candidates": ["red", "blue", "red"]}),
    ],
)
def test_rows_that_only_the_reference_takes(row: dict[str, Any], changes: dict[str, Any]) -> None:
    kept = item(Profile.REFERENCE, row, **changes)
    assert TASK.questions(kept, Profile.REFERENCE)
    with pytest.raises(DataError):
        item(Profile.IMPROVED, row, **changes)


def test_two_equal_wrong_answers_do_no_harm() -> None:
    assert item(candidates=["four", "two", "two", "eight"]).candidates[0] == "four"


# --- playing ----------------------------------------------------------------------------------------------------


def test_an_episode_of_the_other_profile_is_refused_and_not_scored() -> None:
    episode, _ = played(item(), Scripted(["[[A]]"]), Profile.REFERENCE)
    outcome = asyncio.run(TASK.score(item(), episode, Cast(), Profile.IMPROVED))
    assert outcome.failure is not None
    assert "1 replies to 2 questions" in outcome.failure.message


def test_a_thought_cut_off_by_the_limit_is_a_failure_in_improved() -> None:
    cut = Reply(text="<think>[[A]]", stop_reason=StopReason.LENGTH)
    episode, outcome = played(item(), Scripted(["[[A]]", cut]), Profile.IMPROVED)
    assert (episode.stop, len(episode.calls)) == (EpisodeStop.FAILED, 2)
    assert outcome.failure is not None
    assert outcome.failure.kind == "truncated_thought"
    episode, outcome = played(item(), Scripted([cut]), Profile.REFERENCE)
    assert (episode.stop, outcome.failure) == (EpisodeStop.LENGTH, None)


def test_nothing_of_a_comparison_may_be_cut() -> None:
    long = item(prompt="many words " * 9000)
    _, outcome = played(long, Scripted([]), Profile.IMPROVED)
    assert outcome.failure is not None
    assert outcome.failure.kind == "prompt_too_long"


def test_seeds_differ_between_questions() -> None:
    seeds = []

    def note(messages: Sequence[Message], sampling: Sampling) -> str:
        seeds.append(sampling.seed)
        return "5"

    one = item(row=TIES)
    asyncio.run(TASK.play(one, Cast(policy=Scripted(note), sampling=Sampling(seed=1))))
    asyncio.run(TASK.play(one, Cast(policy=Scripted(note), sampling=Sampling(seed=1))))
    assert len(set(seeds[:3])) == 3
    assert seeds[:3] == seeds[3:]


def test_there_are_no_hints() -> None:
    with pytest.raises(NotImplementedError, match="verbal feedback"):
        asyncio.run(TASK.play(item(), Cast(policy=Scripted([])), hint="think"))


# --- aggregate --------------------------------------------------------------------------------------------------


def half(kind: str, pair: str, right: Sequence[float | None], wrong: Sequence[float | None]) -> Judged:
    return Judged(
        subset="Ties", score=0.0, sample_type=kind, pair_id=pair, num_correct=len(right), ratings=(*right, *wrong)
    )


PAIR = [half("ref", "1", [9], [3, 2]), half("tied", "1", [9, 8], [3])]


def test_the_aggregate_is_the_mean_of_six_subsets_and_an_absent_one_is_zero() -> None:
    figures = aggregate([Judged(subset="Precise IF", score=1.0), Judged(subset="Poetry", score=1.0)])
    assert list(figures) == [
        *("accuracy_factuality", "accuracy_precise_if", "accuracy_math", "accuracy_safety", "accuracy_focus"),
        *("score_ties", "score_overall_rewardbench2"),
    ]
    assert figures["score_overall_rewardbench2"] == pytest.approx(1 / 6)
    assert aggregate([])["score_overall_rewardbench2"] == 0.0


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], 0.0),
        (PAIR, 1.00999329),
        (PAIR[:1], 0.30),  # a half without its partner: its own accuracy only
        (PAIR[1:], 0.30),
        ([*PAIR, half("tied", "2", [9, 9], [3])], 1.00999329),
        ([*PAIR, half("tied", "2", [3, 3], [9])], 0.85999329),
        ([*PAIR, half("tied", "", [3, 3], [9]), half("", "2", [3], [9]), half("odd", "2", [3], [9])], 1.00999329),
        ([half("ref", "1", [9], [3]), half("tied", "1", [9], [3])], 0.60),  # no spread
        ([half("ref", "1", [9], [3]), half("tied", "1", [9, 9], [3])], 1.0),  # spread 0: no tanh
        ([half("ref", "1", [9], []), half("tied", "1", [9, 8], [3])], 0.30),  # a half without wrong candidates
        ([half("ref", "1", [5], [4]), half("tied", "1", [9, 7], [3])], 0.8 + 0.01 * -0.46211716),
        # rows that share type and pair pool their ratings
        ([half("ref", "1", [9], [3]), half("tied", "1", [9], [2]), half("tied", "1", [8], [3])], 1.00999329),
        # an unread rating: a score as published, in improved an inaccurate half without a margin
        ([half("ref", "1", [9], [-1]), half("tied", "1", [9, 8], [-1])], 1.01),
        ([half("ref", "1", [9], [None]), half("tied", "1", [9, 8], [3])], 0.30),
    ],
)  # fmt: skip
def test_ties(results: list[Judged], expected: float) -> None:
    assert ties_score(results) == pytest.approx(expected, abs=1e-6)


def test_diagnostics_read_the_ratings_out_of_the_outcomes() -> None:
    ref = item(row=TIES, id="ref:1", candidates=["red", "table", "chair"], num_correct=1, sample_type="ref", index=1)
    tied = item(row=TIES, index=2)
    scored = []
    for one, replies in ((ref, ["9", "3", "2"]), (tied, ["9", "8", "3"])):
        mark = TASK.mark(one, replies, Profile.REFERENCE)
        scored.append((one, Outcome(score=mark.score, answer=mark.answer)))
    assert TASK.diagnostics(scored)["score_ties"] == pytest.approx(1.00999329)
    # under a second seed the pair was judged worse: two pairs, and not one with eight ratings
    silent = [(one, Outcome(score=0.0, answer=None)) for one, _ in scored]
    assert TASK.diagnostics([*scored, *silent])["score_ties"] == pytest.approx(0.3 + 0.40999329)
    assert {TASK.stratum(one) for one, _ in scored} == {"Ties"}
    assert RewardBench().diagnostics(scored) == {"accuracy_overall": 1.0, "accuracy_subset_Ties": 1.0}


# --- in general -------------------------------------------------------------------------------------------------


@given(st.text() | st.builds("{}[[{}]]".format, st.text(), st.text()), st.integers(-20, 20))
def test_marking_never_fails(text: str, number: int) -> None:
    for reply, profile, row in product((text, f"{text}{number}", None), BOTH, (FOUR, TIES)):
        one = item(profile, row)
        replies = [reply] * len(TASK.questions(one, profile))
        assert 0.0 <= TASK.mark(one, replies, profile).score <= 1.0


@given(st.text(), st.sampled_from("ABCD"))
def test_in_improved_a_place_alone_wins_at_most_half(row_id: str, letter: str) -> None:
    one = item().model_copy(update={"row_id": row_id})
    assert TASK.mark(one, [f"[[{letter}]]"] * 2, Profile.IMPROVED).score <= 0.5


@pytest.mark.data
@pytest.mark.parametrize("name", ["reward_bench", "rewardbench2"])
def test_improved_gives_the_core_results(vectors: Path, name: str) -> None:
    """Of a comparison's two orders the vectors know one: a reply to that alone earns half the expected reward."""
    improved: dict[str, Check] = {
        **COVERED,
        "verdict letter from a judge text": lambda given: {"letter": read_letter(given["text"])},
        "1-10 rating from a judge text (-1 = unparsable)": lambda given: {
            "rating": int(read_rating(given["text"]) or -1)
        },
        "row reward, non-Ties row": lambda given: {
            "reward": 2 * TASK.mark(item(row=given["row"]), [given["response"], None], Profile.IMPROVED).score
        },
        "row reward, Ties row (one judge text per candidate)": lambda given: {
            "rewards": [TASK.mark(item(row=given["row"]), given["responses"], Profile.IMPROVED).score]
            * len(given["responses"])
        },
    }
    cases = json.loads((vectors / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    core = [case for case in cases if case["class"] == "core"]
    assert core
    for case in core:
        assert same(improved[case["fn"]](case["input"]), case["expected"]), case["id"]
