"""Tokens and the removal of machine residue."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.human_likeness.tokens import Residue, strip_residue, tokenize
from tests.human_likeness import reference_values


def test_tokens_equal_the_reference_values() -> None:
    for text in reference_values()["texts"]:
        assert tokenize(text["text"]) == text["tokens"], text["id"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It’s 5 p.m.!", ["it’s", "5", "p", "m"]),
        ("rock'n'roll 'quoted'", ["rock'n'roll", "quoted"]),
        ("CAFE\u0301", ["café"]),
        ("हिन्दी", ["हिन्दी"]),
        ("... 😊", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@given(st.text())
def test_tokens_do_not_depend_on_unicode_form(text: str) -> None:
    assert tokenize(unicodedata.normalize("NFD", text)) == tokenize(text)


@pytest.mark.parametrize(
    ("text", "kept", "residue"),
    [
        ("<think>they want a refund</think>\nno thanks", "no thanks", {Residue.THOUGHT: 1}),
        ("they want a refund</think>no thanks", "no thanks", {Residue.THOUGHT: 1}),
        ("no thanks <think>cut off by the length li", "no thanks", {Residue.THOUGHT: 1}),
        ("<tool_call>{}</tool_call>ok", "ok", {Residue.TOOL_TAG: 1}),
        ("bye<|im_end|>", "bye", {Residue.STOP_MARKER: 1}),
        ("thanks ###STOP###", "thanks", {Residue.STOP_MARKER: 1}),
        ("```text\nhello\nthere\n```", "hello\nthere", {Residue.CODE_FENCE: 1}),
        ("User: hi", "hi", {Residue.ROLE_PREFIX: 1}),
        ("**Customer:** hi", "hi", {Residue.ROLE_PREFIX: 1}),
        (
            "```\nUser: <think>x</think>hi\n```",
            "hi",
            {Residue.CODE_FENCE: 1, Residue.ROLE_PREFIX: 1, Residue.THOUGHT: 1},
        ),
    ],
)
def test_residue_is_removed_and_counted(text: str, kept: str, residue: dict[Residue, int]) -> None:
    cleaned = strip_residue(text)
    assert (cleaned.text, cleaned.residue) == (kept, residue)


@pytest.mark.parametrize(
    "text",
    [
        "i think the user: field is empty",
        "use `code` and\n```\na block\n```\nin the middle",
        "```\nfirst\n```\nand\n```\nsecond\n```",
        "a < b and b > c | d",
        "the agent was rude",
    ],
)
def test_what_people_type_stays(text: str) -> None:
    cleaned = strip_residue(text)
    assert (cleaned.text, cleaned.residue) == (text, {})


pieces = st.sampled_from(["<think>", "</think>", "User:", "```", "\n", "hi", " ", "<|end|>", "</s>", "<tool_call>"])


@given(st.lists(pieces, max_size=12).map("".join))
def test_nothing_is_left_to_strip(text: str) -> None:
    once = strip_residue(text)
    assert strip_residue(once.text).residue == {}
    assert strip_residue(once.text).text == once.text
