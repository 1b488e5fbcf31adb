"""CoSER's text: thoughts, names, the director's calls, overlaps with the book; and JSON read leniently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.tasks.coser_overlap import bleu, longest_common, overlaps, rouge_l
from odyssim.tasks.coser_text import (
    END_CHAT,
    aloud,
    labelled,
    named,
    reference_aloud,
    reference_field,
    reference_labelled,
    reference_named,
)
from odyssim.tasks.lenient_json import lenient_json


@pytest.mark.parametrize(
    ("text", "reference", "improved"),
    [
        ("[a]x[b]y", "xy", "xy"),
        ("(nods) [hm] Yes.", "(nods)  Yes.", "(nods) Yes."),
        ("[over\nlines] Yes.", "[over\nlines] Yes.", "Yes."),
        ("Yes. [never closed", "Yes. [never closed", "Yes."),
        ("[a [b] c] Yes.", "c] Yes.", "Yes."),
        ("a <role_think>x</role_think> b", "ab", "a b"),
        ("a < role thinking >x\ny</ role_think > b", "ab", "a b"),
        ("<think>x</think>", "<think>x</think>", "<think>x</think>"),
        ("<role_think>x</system_think> d", "<role_think>x</system_think> d", ""),
        ("<System_Thinking>x</System_Thinking>hi", "<System_Thinking>x</System_Thinking>hi", "hi"),
        (" one \n\n  two ", "one\ntwo", "one\ntwo"),
        ("a] b", "a] b", "a] b"),
        ("", "", ""),
    ],
)
def test_thoughts_are_not_heard(text: str, reference: str, improved: str) -> None:
    assert reference_aloud(text) == reference
    assert aloud(text, brackets=True) == improved


def test_brackets_are_speech_where_nobody_thinks() -> None:
    assert aloud("He wrote 'teh [sic]'.", brackets=False) == "He wrote 'teh [sic]'."


@pytest.mark.parametrize(
    ("text", "reference", "improved"),
    [
        ("hi", "Ann: hi", "Ann: hi"),
        ("Ann: hi", "Ann: hi", "Ann: hi"),
        (" Ann：hi", " Ann：hi", "Ann: hi"),
        ("so\n Ann: hi", "so\n Ann: hi", "Ann: so\n     Ann: hi"),
        ("so\nBea: hi", "Ann: so\nBea: hi", "Ann: so\n    Bea: hi"),
        ("Ann : hi", "Ann: Ann : hi", "Ann: hi"),
        ("ann: hi", "Ann: ann: hi", "Ann: hi"),
        ("Anna: hi", "Ann: Anna: hi", "Ann: Anna: hi"),
        ("", "", "Ann: (says nothing)"),
    ],
)
def test_the_speaker_stands_before_what_is_heard(text: str, reference: str, improved: str) -> None:
    assert reference_labelled(text, "Ann") == reference
    assert labelled(text, "Ann") == improved


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("next speaker Bob", "Bob"),
        ("NEXT\nSPEAKER is Bob.", "Bob"),
        ("next speaker island", "island"),
        ("Next Speaker # - * Bob*", "Bob"),
        ("Next Speaker:", ":"),
        ("**Next Speaker:** Bob", ":"),
        ("Next Speaker: Ann\nNext Speaker: Bob", "Bob"),
        ("Next Speaker: 'Bob'!", "'Bob"),
        ("Next Speaker: Bob .", "Bob "),
        ("Next Speaker: ...", None),
        ("nextspeaker: Bob", None),
        ("Bob", None),
    ],
)
def test_the_published_field_of_the_next_speaker(text: str, field: str | None) -> None:
    assert reference_field(text) == field


def test_without_a_field_the_text_before_a_colon_or_all_of_it_is_called() -> None:
    assert reference_named(" Bob : now") == "Bob"
    assert reference_named(" Bob ") == " Bob "
    assert reference_named("Next Speaker: Ann") == "Ann"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("**Next Speaker:** Bob", "Bob"),
        ("The next speaker: not Ann.\nNext Speaker: Bob", "Bob"),
        ("Next Speaker: bob, since the next speaker: Ann has left", "Bob"),
        ("I think the next speaker is Bob", "Bob"),
        ("Next Speaker:\n\n  mr bennet (the father)", "Mr. Bennet"),
        ("Next Speaker: Bennet", "Mr. Bennet"),
        ("Next Speaker: Dr. Bob", "Bob"),
        ("Next Speaker: Ann Bell now", "Ann Bell"),
        ("Next Speaker: Anna", None),
        ("Next Speaker: random", None),
        ("Next Speaker: <end chat>", END_CHAT),
        ("hm\nBob", "Bob"),
        ("", None),
        ("???", None),
    ],
)
def test_a_name_need_not_be_spelt_exactly(text: str, name: str | None) -> None:
    assert named(text, ("Ann", "Ann Bell", "Bob", "Mr. Bennet", END_CHAT)) == name


def test_a_name_that_fits_two_people_calls_nobody() -> None:
    assert named("Next Speaker: Bennet", ("Mr Bennet", "Mrs Bennet")) is None
    assert named("Next Speaker: Mrs. Bennet", ("Mr Bennet", "Mrs Bennet")) == "Mrs Bennet"


@given(st.text(), st.text("[]<>/_ \nroletsyminkgAn:：*#Next Speaker", max_size=80))
def test_any_text_can_be_read(text: str, likely: str) -> None:
    for one in (text, likely):
        assert "[" not in aloud(one, brackets=True)
        assert named(one, ("Ann", "Bob")) in ("Ann", "Bob", None)
        assert isinstance(reference_labelled(reference_aloud(one), "Ann") + reference_named(one), str)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": "x\ny"}', {"a": "x\\ny"}),
        ("[1, 2] and [3, 4]", [1, 2]),
        ('7 {"a": {"b": 1}', {"b": 1}),
        ('{"a": 1} "a longer sentence"', "a longer sentence"),
        ('["ü"] [1, 2]', ["ü"]),
        ('5" tall {"a": "x\ny"}', " tall {"),
        ("[" * 3000, None),
        ("{}", None),
        ("null", None),
        ("no", None),
    ],
)
def test_lenient_json_takes_the_longest_value(text: str, value: Any) -> None:
    assert lenient_json(text) == value


@given(st.text('[]{}":,0123456789.eE-\\\ntrufalsn ', max_size=60))
def test_lenient_json_reads_what_strict_json_reads(text: str) -> None:
    found = lenient_json(text)
    try:
        value = json.loads(text)
    except ValueError:
        return
    if "\n" not in text and value == value:
        assert found == (value or None)


# --- overlaps ---------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_the_longest_common_subsequence(first: list[str], second: list[str]) -> None:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            best = max(table[row][column + 1], table[row + 1][column])
            table[row + 1][column + 1] = table[row][column] + 1 if one == other else best
    assert longest_common(first, second) == table[-1][-1]
    assert 0.0 <= rouge_l(first, second) <= 1.0
    assert 0.0 <= bleu(first, second) <= 1.0 + 1e-12


def test_overlaps_of_short_scenes() -> None:
    words = "one two three four five".split()
    assert bleu(words, words) == pytest.approx(1.0)
    assert bleu(words, words[:4]) == pytest.approx(0.7788, abs=1e-4)  # exp(1 - 5/4)
    assert bleu(words, ["one", "one"]) == 0.0
    assert overlaps([], []) == {"bleu": 0.0, "rouge_l": 0.0}
    assert overlaps([("Ann", "Yes")], [("Ann", "yes!")])["rouge_l"] == pytest.approx(2 / 3)  # the name counts
