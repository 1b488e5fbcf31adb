"""The measures of surface form, turn by turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.human_likeness.surface import SURFACE, Utterance
from odyssim.human_likeness.tokens import normalise
from odyssim.human_likeness.words import LEXICON
from tests.human_likeness import reference_values

MEASURES = {measure.name: measure for measure in (*SURFACE, *LEXICON)}


def value(name: str, text: str) -> float | None:
    """The measure of one turn, none where it has no base."""
    measure, utterance = MEASURES[name], Utterance(normalise(text))
    base = measure.base(utterance)
    return measure.count(utterance) / base if base else None


def test_names_are_unique() -> None:
    assert len(MEASURES) == len(SURFACE) + len(LEXICON)


def test_counts_equal_the_reference_values() -> None:
    for text in reference_values()["texts"]:
        expected = {f"markdown_{element}": count for element, count in text["markdown"].items()}
        expected |= {
            "emoji": text["emoji_count"],
            "characters": text["textstat"]["char_count"],
            "tokens": text["lexical"]["n_tokens"],
        }
        assert {name: value(name, text["text"]) for name in expected} == expected, text["id"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("sentences", "no. really? ... ok\nbye", 4),
        ("sentences", "it costs 3.50 at shop.com", 1),
        ("paragraphs", "one\nstill one\n\ntwo", 2),
        ("line_break", "one\ntwo", 1),
        ("markdown_list_item_bullet", "- a\n- b\n\n1. c", 2),
        ("markdown_list_item_ordered", "- a\n- b\n\n1. c", 1),
        ("markdown_table", "| a | b |\n|---|---|\n| 1 | 2 |", 1),
        ("markdown_code_block", "```\nx\n```", 1),
        ("markdown_link", "see [this](http://a.b)", 1),
        ("raw_bold", "a ** b ** c and **d**", 1),
        ("raw_bold", "**d**", 0),
        ("has_emoji", "hi 😊😊", 1),
        ("lower_start", "“so what", 1),
        ("lower_start", "So what", 0),
        ("lower_start", "42", None),
        ("lower_start", "你好", None),
        ("all_lower", "so what 42", 1),
        ("all_lower", "so What", 0),
        ("all_lower", "42", None),
        ("capital_words", "I NEED it ASAP", 50),
        ("small_i", "i think I'm ok, i'll wait for Iris", 2 / 3),
        ("small_i", "you do", None),
        ("ends_period", "ok.", 1),
        ("ends_period", "ok...", 0),
        ("ends_exclamation", "ok!", 1),
        ("ends_question", "ok?", 1),
        ("ends_bare", "ok", 1),
        ("ends_bare", "ok…", 0),
        ("has_question", "ok? fine", 1),
        ("commas", "a, b, c d", 50),
        ("ellipses", "well.. ok… no....", 100),
        ("repeated_marks", "what?! no!! ok? yes", 50),
        ("dashes", "this — that – it well-known", 40),
        ("semicolons", "this; that ;)", 50),
        ("colons", "at 10:30: see http://a :)", 1 / 6 * 100),
        ("typographic_quotes", "it’s “fine” ok now", 75),
        ("parentheses", "a (b) c :( d", 25),
        ("missing_apostrophes", "i dont know, thats it", 40),
        ("missing_apostrophes", "don't", 0),
        ("abbreviations", "can u help pls", 50),
        ("contractions", "I don’t know, it is fine, im ok", 2 / 3),
        ("contractions", "hello there", None),
        ("commas", "", None),
        ("ai_isms", "Certainly, I'd be happy to help", 2 / 6 * 1000),
        ("ai_isms", "not only fast, but also cheap", 1 / 6 * 1000),
        ("threefold_lists", "cheap, fast, and good", 250),
        ("agent_talk", "How can I help you today?", 1 / 6 * 1000),
        ("agent_talk", "can you help me", 0),
    ],
)
def test_value_of_one_turn(name: str, text: str, expected: float | None) -> None:
    assert value(name, text) == (None if expected is None else pytest.approx(expected))


@given(st.text(st.sampled_from("aA i'’.,!?:;()-*#`|\n1😊é你“")))
def test_counts_are_finite_and_need_a_base(text: str) -> None:
    utterance = Utterance(normalise(text.strip()))
    for measure in MEASURES.values():
        count, base = measure.count(utterance), measure.base(utterance)
        assert count >= 0
        assert base >= 0
        if measure.unit.startswith("share"):
            assert count <= base, measure.name
