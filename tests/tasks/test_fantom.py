"""FANToM: who is named, yes or no, letters in any dress, sets of questions; both profiles."""

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
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.fantom import Fantom, FantomItem, Kind, kind_of, options
from odyssim.tasks.fantom_answers import listed_names, named, reference_names, reference_side, said_side, token_f1
from odyssim.tasks.fantom_files import UPSTREAM_FILE, flatten_set
from odyssim.tasks.feedback import leaks
from odyssim.tasks.prompt import fitted
from odyssim.types import Origin, Outcome, Profile, Reply
from tests.parity.files.fantom import SHOWN
from tests.parity.rows import row_of

TASK = Fantom()
BOTH = list(Profile)
REFERENCE, IMPROVED = Profile.REFERENCE, Profile.IMPROVED
CHOICE = "tom:belief:inaccessible:multiple-choice"
LIST = "tom:answerability:list"
BINARY = "tom:info_accessibility:binary"
GOLD = {CHOICE: 1, LIST: "['Ann', 'Ben']", BINARY: "no", "fact": "The blue puppy"}
TALK = "Ann: Hello.\nBen: Hello.\nCleo: I must go.\nDora: Bye.\nAnn: The party is on Sunday."


def info(of_type: str, **changes: Any) -> dict[str, Any]:
    wrong = "['Cleo']" if of_type.endswith(":list") else ""
    base = {"question_type": of_type, "correct_answer": GOLD[of_type], "wrong_answer": wrong}
    return {**SHOWN, "context": TALK, **base, **changes}


def item(of_type: str, profile: Profile = IMPROVED, **changes: Any) -> FantomItem:
    return TASK.read(row_of("fantom", info(of_type, **changes)), profile)


def scores(question_type: str, answer: str | None, **changes: Any) -> tuple[float, float]:
    """What the answer is worth in `reference` and in `improved`."""
    reply = answer if answer is None or "<" in answer else f"So: <answer>{answer}</answer>"
    first, second = (TASK.mark(item(question_type, profile, **changes), reply, profile).score for profile in BOTH)
    return first, second


# --- data -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", BOTH)
def test_fixtures_are_sound_and_varied(profile: Profile) -> None:
    items = TASK.items("fixture", profile=profile)
    assert not items.dropped
    assert {one.origin for one in items} == {Origin.FIXTURE}
    for one in items:
        asyncio.run(TASK.validate(one, profile=profile))
        assert 0 < (TASK.chance(one) or 0) <= 0.5
    assert set(Counter(one.kind for one in items)) == {Kind.CHOICE, Kind.LIST, Kind.BINARY}
    assert {one.accessibility for one in items} == {"accessible", "inaccessible"}
    letters = Counter(TASK.gold_letter(one, profile) for one in items if one.kind is Kind.CHOICE)
    assert letters == {"A": 4, "B": 4}


@pytest.mark.parametrize(
    ("question_type", "changes", "problem"),
    [
        (CHOICE, {"question_type": None}, "nothing can mark"),
        (CHOICE, {"question_type": "tom:belief:inaccessible"}, "nothing can mark"),
        (CHOICE, {"context": None}, "'context'"),
        (BINARY, {"complete_question": " ", "question": None}, "'complete_question'"),
        (CHOICE, {"correct_answer": None}, "'correct_answer'"),
        (CHOICE, {"correct_answer": 7}, "none of the options"),
        (CHOICE, {"correct_answer": "the first"}, "not a whole number"),
        (CHOICE, {"complete_question": "Which one?"}, "0 options"),
        (CHOICE, {"complete_question": "Which?\n(a) same\n(b) same"}, "two options are the same"),
        (LIST, {"correct_answer": "[]"}, "no name"),
        (LIST, {"wrong_answer": ["ben", "Cleo"]}, "both right and wrong: ben"),
        (BINARY, {"correct_answer": "error"}, "neither yes nor no"),
        (BINARY, {"correct_answer": "no:long", "full_context": f"{TALK}\nEve: May I join?"}, "no:long"),
        ("fact", {"correct_answer": ""}, "'correct_answer'"),
    ],
)
def test_unusable_rows_are_refused(question_type: str, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        item(question_type, **changes)


def test_the_reference_scores_what_improved_refuses() -> None:
    assert scores_reference(CHOICE, "a", correct_answer=None) == 0.0
    assert scores_reference(CHOICE, "a", correct_answer="the first") == 0.0
    assert scores_reference(LIST, "nobody", correct_answer="[]") == 0.0
    assert scores_reference(BINARY, "yes", correct_answer="Yes") == 0.0
    assert scores_reference("fact", "anything", correct_answer=None) == 0.0
    with pytest.raises(DataError, match="nothing can mark"):
        item(CHOICE, REFERENCE, question_type="tom:belief:inaccessible")


def scores_reference(question_type: str, answer: str, **changes: Any) -> float:
    return TASK.mark(item(question_type, REFERENCE, **changes), f"<answer>{answer}</answer>", REFERENCE).score


def test_the_plain_question_serves_where_the_complete_one_is_missing() -> None:
    one = item(BINARY, complete_question=None, question="Does Cleo know it?")
    assert one.question == "Does Cleo know it?"


@pytest.mark.parametrize(
    ("value", "published", "improved"),
    [
        (["Ann", None, "Ben"], ("Ann", "Ben"), ("Ann", "Ben")),
        ("['Ann', \"Ben\"]", ("Ann", "Ben"), ("Ann", "Ben")),
        ("Ann, Ben", ("Ann", "Ben"), ("Ann", "Ben")),
        ("['Ann' 'Ben'\n 'Cleo']", ("Ann' 'Ben'\n 'Cleo",), ("Ann", "Ben", "Cleo")),
        ('["Sean O\'Dea", "Ann"]', ("Sean O'Dea", "Ann"), ("Sean O'Dea", "Ann")),
        ("[]", (), ()),
        (None, (), ()),
        (3, (), ()),
    ],
)
def test_lists_of_names(value: Any, published: tuple[str, ...], improved: tuple[str, ...]) -> None:
    assert reference_names(value) == published
    assert listed_names(value) == improved


def test_kinds_and_options() -> None:
    assert kind_of("fact_question") is Kind.FACT
    assert kind_of("tom:belief:accessible:multiple-choice") is Kind.CHOICE
    assert kind_of("") is None
    assert options("Which?\n(a) one, or so\n(b) two\n\nChoose an answer from above:") == ("one, or so", "two")
    assert options("Which?\n(b) two\n(a) one") == ()


# --- prompt -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", BOTH)
def test_blocks_stand_in_their_order_and_the_hint_above_the_question(profile: Profile) -> None:
    one = item(CHOICE, profile, extra_info="Ann and Ben are twins.")
    user = TASK.prompt(one, profile).user
    headings = ["## Instructions", "## Context", "## Extra information", "## Question"]
    assert sorted(headings, key=user.index) == headings
    assert "Ann and Ben are twins." in user
    assert "## Extra information" not in TASK.prompt(item(LIST, profile), profile).user
    hinted = TASK.hinted(one, "Cleo left early.", profile).user
    assert hinted.index("Ann and Ben are twins.") < hinted.index("Cleo left early.") < hinted.index("## Question")


def test_options_are_shown_in_the_order_of_the_profile() -> None:
    one = item(CHOICE).model_copy(update={"order": (3, 1, 0, 2)})
    assert "(a) four\n(b) two\n(c) one\n(d) three" in TASK.prompt(one, IMPROVED).user
    assert "(a) one\n(b) two\n(c) three\n(d) four" in TASK.prompt(one, REFERENCE).user
    moved = one.model_copy(update={"gold": "C"})
    assert TASK.mark(moved, "<answer>(d)</answer>", IMPROVED).score == 1.0
    assert TASK.mark(moved, "<answer>(c)</answer>", REFERENCE).score == 1.0


def test_only_the_conversation_is_shortened() -> None:
    one = item(CHOICE, context="\n".join(f"Ann: This is line {n}." for n in range(500)))
    user = fitted(TASK.prompt(one, IMPROVED), 2000, list, IMPROVED)[-1].content
    assert "[...]" in user
    assert user.startswith("## Instructions")
    assert user.endswith("(d) four")


# --- marks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reference", "improved"),
    [
        ("b", 1, 1),
        ("(B).", 1, 1),
        ("B)", 1, 1),
        (" (b ", 1, 1),
        ("b..", 0, 1),
        ("(b) two", 0, 1),
        ("two", 0, 1),
        ("Two.", 0, 1),
        ("1", 0, 1),
        ("0", 0, 0),
        ("option b", 0, 0),
        ("a or b", 0, 0),
        ("e", 0, 0),
        ("", 0, 0),
        ("<answer>a</answer> no, <answer>b</answer>", 0, 1),
        ("<think>so <answer>b</answer>", 1, 0),
        ("<think>so</think><ANSWER>b</ANSWER>", 1, 1),
        ("<answer>b", 0, 0),
        (None, 0, 0),
    ],
)
def test_choices(answer: str | None, reference: float, improved: float) -> None:
    assert scores(CHOICE, answer) == (reference, improved)


@pytest.mark.parametrize("gold", [1, "1", 1.0])
def test_a_gold_index_in_other_types(gold: Any) -> None:
    assert scores(CHOICE, "b", correct_answer=gold) == (1.0, 1.0)


def test_a_gold_index_with_a_decimal_point_is_only_unknown_to_the_reference() -> None:
    assert scores(CHOICE, "c", correct_answer="2.0") == (0.0, 1.0)


@pytest.mark.parametrize(
    ("answer", "reference", "improved"),
    [
        ("Ann, Ben", 1, 1),
        ("ben & ANN", 1, 1),
        ("1. Ann\n2. Ben", 1, 1),
        ("The two are Ann and **Ben**.", 1, 1),
        ("Ann", 0, 0),
        ("Ann, Ben, Cleo", 0, 0),
        ("Ann and Ben, but not Cleo", 0, 0),
        ("Ann, Ben and Zed", 1, 1),  # nobody called Zed takes part
        ("Ann, Ben and Dora", 1, 0),  # Dora is there, and is not among the right ones
        ("Ann's sister and Ben", 1, 0),
        ("Ann, Benjamin", 0, 0),
        ("", 0, 0),
        (None, 0, 0),
    ],
)
def test_lists(answer: str | None, reference: float, improved: float) -> None:
    assert scores(LIST, answer) == (reference, improved)


def test_first_names_serve_where_they_are_unique() -> None:
    people = ("Ann Lee", "Will Lee", "Al", "Alice", "Jo March", "Jo Ames")
    assert named("ann; al", people) == {"Ann Lee", "Al"}
    assert named("Ann will know", people) == {"Ann Lee"}
    assert named("Jo, Jo Ames", people) == {"Jo Ames"}
    assert named("Mary-Ann", people) == set()
    talk = "Ann: Hi.\nBen: Hi."
    assert scores(LIST, "Ann", correct_answer=["Ann Lee"], wrong_answer=["Ben Roe"], context=talk) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("answer", "reference", "improved"),
    [
        ("No.", "no", "no"),
        ("'no'", "no", "no"),
        ("FALSE", "no", "no"),
        ("**Yes**", None, "yes"),
        ("true", "yes", "yes"),
        ("the answer is yes", None, "yes"),
        ("I would say yes, she does", "yes", "yes"),
        ("Ann knows it", "yes", "yes"),
        ("She does not know it", "no", "no"),
        ("She doesn’t know", None, "no"),
        ("yes and no", "yes", None),
        ("nobody knows it", None, None),
        ("Noah was there", "no", None),
        ("not sure", "no", None),
        ("none", "no", None),
        ("yesterday", "yes", None),
        ("maybe", None, None),
        ("", None, None),
    ],
)
def test_yes_or_no(answer: str, reference: str | None, improved: str | None) -> None:
    assert reference_side(answer) == reference
    assert said_side(answer) == improved


def test_an_answer_that_says_neither_is_not_counted_as_answered() -> None:
    one = item(BINARY)
    assert TASK.mark(one, "<answer>maybe</answer>", IMPROVED).answer is None
    assert TASK.mark(one, "<answer>No, never.</answer>", IMPROVED).answer == "no"
    assert TASK.mark(one, "<answer>maybe</answer>", REFERENCE).answer == "maybe"


def test_who_joins_later_is_asked_about_only_where_the_whole_is_shown() -> None:
    assert scores(BINARY, "no", correct_answer="no:long") == (1.0, 1.0)
    assert scores(BINARY, "no", correct_answer="no:long", full_context=TALK) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("gold", "answer", "f1"),
    [
        ("The blue puppy", "blue cat blue", 0.4),
        ("ateam", "a-team", 0.0),
        ("twenty-one", "twentyone", 1.0),
        ("an apple", "The apple!", 1.0),
        ("the", "the", 0.0),
        ("", "apple", 0.0),
    ],
)
def test_facts(gold: str, answer: str, f1: float) -> None:
    assert token_f1(gold, answer) == pytest.approx(f1)


@given(st.sampled_from(list(GOLD)), st.sampled_from(BOTH), st.text())
def test_no_text_breaks_the_marking(question_type: str, profile: Profile, text: str) -> None:
    one = item(question_type, profile)
    for reply in (text, f"<answer>{text}</answer>", None):
        assert 0.0 <= TASK.mark(one, reply, profile).score <= 1.0


@pytest.mark.data
def test_core_vectors_hold_in_improved(vectors: Path) -> None:
    cases = json.loads((vectors / "fantom.json").read_text(encoding="utf-8"))["cases"]
    core = [case for case in cases if case["class"] == "core" and case["fn"] == "end-to-end reward of one question"]
    for case in core:
        one = TASK.read(row_of("fantom", SHOWN | case["input"]), IMPROVED)
        assert TASK.mark(one, case["input"]["response"], IMPROVED).score == pytest.approx(case["expected"]["reward"])
    assert len(core) >= 10


# --- feedback and figures ---------------------------------------------------------------------------------------


def test_only_the_published_writer_may_tell_names_and_sides() -> None:
    published, improved = TASK.brief(REFERENCE), TASK.brief(IMPROVED)
    assert published is not None
    assert improved is not None
    assert (published.ask, published.before) == (improved.ask, improved.before) == (improved.ask, "question")
    assert "yes or no" in improved.never
    assert "yes or no" not in published.never
    assert len({TASK.angle(item(question_type)) for question_type in GOLD}) == 4


@pytest.mark.parametrize(
    ("question_type", "leaking", "honest"),
    [
        (CHOICE, "The right option is B.", "Look at when Cleo left."),
        (CHOICE, "She believes two.", "Remember what she heard."),
        (LIST, "Ben was there too.", "Somebody else was there, too."),
        (BINARY, "So the answer is no.", "There is no sign that she heard it."),
        ("fact", "It was the blue puppy.", "It was an animal."),
    ],
)
def test_hints_that_tell_the_answer_are_found(question_type: str, leaking: str, honest: str) -> None:
    secret = TASK.secret(item(question_type), IMPROVED)
    assert leaks(leaking, secret)
    assert not leaks(honest, secret)


def test_a_yes_is_a_secret_too() -> None:
    assert leaks("Yes, she heard it.", TASK.secret(item(BINARY, correct_answer="yes"), IMPROVED))


def test_figures_by_type_and_over_whole_sets() -> None:
    of_set: dict[str, Any] = {"set_id": "7-0-0", "missed_info_accessibility": "inaccessible"}
    scored = [
        (item(CHOICE, **of_set), Outcome(score=1.0)),
        (item(LIST, **of_set), Outcome(score=1.0)),
        (item(CHOICE, **of_set | {"set_id": "7-0-1"}), Outcome(score=1.0)),
        (item(BINARY, **of_set | {"set_id": "7-0-1"}), Outcome(score=0.0)),
        (item(BINARY, set_id="8-0-0"), Outcome(score=1.0)),
        (item("fact", set_id="7-0-0"), Outcome(score=0.5)),
    ]
    assert TASK.diagnostics(scored) == {
        f"accuracy_{CHOICE}": 1.0,
        f"accuracy_{LIST}": 1.0,
        f"accuracy_{BINARY}": 0.5,
        "accuracy_tom_overall": 0.8,
        "f1_fact": 0.5,
        "accuracy_accessibility_inaccessible": 0.75,
        "accuracy_accessibility_unknown": 0.75,
        "all_in_set_inaccessible": 0.5,
    }
    assert TASK.diagnostics([]) == {}


# --- the upstream file ------------------------------------------------------------------------------------------


def upstream_set() -> dict[str, Any]:
    tom = {"missed_info_accessibility": "inaccessible"}
    return {
        "set_id": "0-0-0",
        "short_context": TALK,
        "full_context": TALK,
        "factQA": {"question": "When is the party?", "correct_answer": "On Sunday."},
        "beliefQAs": [
            {
                "question": "When does Cleo think that the party is?",
                "question_type": "tom:belief:inaccessible",
                "correct_answer": "Cleo does not know.",
                "wrong_answer": "Cleo thinks that it is on Sunday.",
                **tom,
            }
        ],
        "answerabilityQA_list": {
            "question": "Who knows the answer?",
            "question_type": LIST,
            "correct_answer": ["Ann", "Ben", "Dora"],
            "wrong_answer": ["Cleo"],
            **tom,
        },
        "answerabilityQAs_binary": None,
        "infoAccessibilityQAs_binary": [
            {"question": "Does Cleo know it?", "question_type": BINARY, "correct_answer": "no", **tom}
        ],
    }


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    path = tmp_path / UPSTREAM_FILE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([upstream_set(), upstream_set() | {"set_id": "0-0-1"}]))
    return tmp_path


def test_the_upstream_file_is_read_whole(upstream: Path) -> None:
    items = TASK.items(data=upstream)
    assert not items.dropped
    assert [one.kind for one in items] == [Kind.CHOICE, Kind.LIST, Kind.BINARY] * 2
    assert [one.question.splitlines()[0] for one in items[:3]] == [
        "When does Cleo think that the party is?",
        "Target: When is the party?",
        "Information: When is the party? On Sunday.",
    ]
    assert items[2].question.endswith("Does Cleo know it? Answer yes or no.")
    assert {one.cluster for one in items} == {items[0].cluster}
    for one in items:
        asyncio.run(TASK.validate(one))
        if one.kind is Kind.CHOICE:
            assert TASK.shown(one, IMPROVED)[TASK.gold_letter(one, IMPROVED)] == "Cleo does not know."


def test_a_broken_upstream_file_is_named(upstream: Path) -> None:
    (upstream / UPSTREAM_FILE).write_text('{"set_id": {"0": "0-0-0"}}')
    with pytest.raises(DataError, match=r"fantom_v1\.json: expected a list of question sets"):
        TASK.items(data=upstream)


def test_a_set_without_a_fact_is_flattened() -> None:
    rows = flatten_set({"set_id": "1-0-0", "factQA": None, "beliefQAs": [{"question": "Why?"}]})
    assert [(row["question"], row["tom_type"], row["fact_question"]) for row in rows] == [("Why?", "", "")]


def test_an_episode_from_prompt_to_score() -> None:
    one = item(LIST)
    cast = Cast(policy=Scripted([Reply(text="Cleo had left. <answer>Ben, Ann</answer>")]))
    episode = asyncio.run(TASK.play(one, cast))
    outcome = asyncio.run(TASK.score(one, episode, cast))
    assert (outcome.score, outcome.answer, outcome.metrics) == (1.0, "Ben, Ann", {"answered": 1.0})
