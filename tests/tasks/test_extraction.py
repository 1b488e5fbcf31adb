"""Reading answers: what counts as an answer, and what never does."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from odyssim.tasks.extraction import (
    contains_word,
    final_text,
    first_words,
    last_words,
    reference_split_thoughts,
    reference_strip_thoughts,
    reference_tag_letter,
    reference_tag_text,
    reference_tagged,
    reference_thought_format_ok,
    tag_letter,
    tag_text,
)

pieces = st.sampled_from([*"ab <>/BC.()\n", "<think>", "</think>", "<answer>", "</answer>"])
texts = st.lists(pieces, max_size=12).map("".join)


@pytest.mark.parametrize(
    ("raw", "final"),
    [
        ("B", "B"),
        ("<think>x</think> B ", "B"),
        ("x</think>B", "B"),
        ("<think>a</think>b<think>c</think>d", "d"),
        ("<think>never closed B", None),
        ("<seed:think>x</seed:think>B", "B"),
        ("done</think>B<think>again", None),
    ],
)
def test_final_text_is_what_follows_the_last_thought(raw: str, final: str | None) -> None:
    assert final_text(raw) == final


@given(texts, texts)
def test_thoughts_never_reach_the_improved_reader(thought: str, answer: str) -> None:
    assume("<think>" not in answer)
    assume("</think>" not in answer)
    assert final_text(f"<think>{thought}</think>{answer}") == answer.strip()


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("<answer>B</answer>", "B"),
        ("<answer> b </answer>", "B"),
        ("<ANSWER>(B)</ANSWER>", "B"),
        ("<answer>B.</answer>", "B"),
        ("<answer>B. red_box</answer>", "B"),
        ("<answer>**B**</answer>", "B"),
        ("<answer>A</answer> no, wait: <answer>B</answer>", "B"),
        ("<answer>red_box</answer>", None),
        ("<answer>Because</answer>", None),
        ("<answer>Z</answer>", None),
        ("B", None),
        ("<answer></answer>", None),
    ],
)
def test_lenient_letter(text: str, letter: str | None) -> None:
    assert tag_letter(text, "ABC") == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("<answer>B</answer>", "B"),
        ("<answer>\nb\n</answer>", "B"),
        ("<answer>(B)</answer> <answer>C</answer>", "C"),
        ("<answer>A</answer><answer>B</answer>", "A"),
        ("<answer>B.</answer>", None),
        ("<answer>\N{KELVIN SIGN}</answer>", None),  # letters are ASCII
    ],
)
def test_reference_letter(text: str, letter: str | None) -> None:
    assert reference_tag_letter(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == letter


def test_reference_letter_in_exact_case() -> None:
    assert reference_tag_letter("<answer>b</answer>", "AB", any_case=False) is None
    assert reference_tag_letter("<ANSWER>B</ANSWER>", "AB", any_case=False) is None
    assert reference_tag_letter("<answer>B</answer>", "AB", any_case=False) == "B"


def test_first_and_last_tag() -> None:
    text = "<answer>one</answer> <answer>two</answer>"
    assert reference_tag_text(text) == "one"
    assert tag_text(text) == "two"
    assert reference_tag_text("none") == ""
    assert tag_text("none") is None


@pytest.mark.parametrize(
    ("haystack", "needle", "found"),
    [
        ("in the Box.", "box", True),
        ("boxes", "box", False),
        ("green_box", "box", False),
        ("anything", "", False),
        ("a.b", ".", False),
        ("red box", "red box", True),
        ("Schachtel größer", "größe", False),
    ],
)
def test_whole_words(haystack: str, needle: str, found: bool) -> None:
    assert contains_word(haystack, needle) is found


@given(st.text(), st.integers(1, 10))
def test_word_cuts_keep_n_words_and_leave_short_texts_alone(text: str, n: int) -> None:
    first, last = first_words(text, n), last_words(text, n)
    assert first is not None
    assert last is not None
    if len(text.split()) <= n:
        assert first == last == text
    elif "\x1c" not in text and "\x85" not in text:  # split and \S disagree about a few control characters
        assert first.split()[-1] == last.split()[0] == "[...]"
        assert first.startswith(text[: text.find(text.split()[0])])


@given(texts)
def test_reference_strip_is_stable(text: str) -> None:
    once = reference_strip_thoughts(text, drop_unclosed=True)
    assert once is not None
    assert "<think>" not in once
    assert reference_strip_thoughts(once, drop_unclosed=True) == once


@pytest.mark.parametrize(
    ("text", "thoughts", "visible"),
    [
        ("a <think> b </think> c", "b", "a  c"),
        ("<think>t</think><seed:think>s</seed:think><think></think>x", "s\nt\n", "x"),
        ("<think>open", "", "<think>open"),
        ("", "", ""),
        (None, "", None),
    ],
)
def test_split_thoughts(text: str | None, thoughts: str, visible: str | None) -> None:
    assert reference_split_thoughts(text) == (thoughts, visible)


@pytest.mark.parametrize(
    ("turn", "without", "with_thinking"),
    [
        ("<think>a</think>b", False, True),
        ("<think>a</seed:think>b", False, True),  # any closing tag will do
        ("<seed:think>a</seed:think> ", False, False),
        ("<think>a", False, False),
        (" <think>a</think>b", True, False),
        ("b<think>a</think>", True, False),
        ("b", True, False),
        ("", True, False),
    ],
)
def test_the_published_form_of_a_thought(turn: str, without: bool, with_thinking: bool) -> None:
    assert reference_thought_format_ok([turn], thinking=False) is without
    assert reference_thought_format_ok([turn], thinking=True) is with_thinking
    assert reference_thought_format_ok([turn, "<think>a</think>b"], thinking=True) is with_thinking


def test_tags_of_any_name() -> None:
    assert tag_text("<note>a</note><NOTE> b </NOTE>", "note") == "b"
    assert reference_tagged("<note> a </note><note>b</note>", "note") == " a "
    assert reference_tagged("<note></note> ", "note") == "<note></note>"
