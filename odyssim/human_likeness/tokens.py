"""Text to tokens, and the removal of what no person types: traces of the machinery around a model."""

from __future__ import annotations

import unicodedata
from collections import Counter
from enum import StrEnum
from typing import Final

import regex

from odyssim.types import Record

WORD: Final = regex.compile(r"\w+(?:['’]\w+)*")


def normalise(text: str) -> str:
    """Unicode NFC and nothing else: case, spacing and typographic quotes are signals."""
    return unicodedata.normalize("NFC", text)


def tokenize(text: str) -> list[str]:
    """Lower-cased runs of word characters, inner apostrophes kept: "It’s 5 p.m." is [it’s, 5, p, m]."""
    tokens: list[str] = WORD.findall(normalise(text).lower())
    return tokens


class Residue(StrEnum):
    """What a model's machinery leaves in its text."""

    THOUGHT = "thought"
    TOOL_TAG = "tool_tag"
    STOP_MARKER = "stop_marker"
    CODE_FENCE = "code_fence"
    ROLE_PREFIX = "role_prefix"


class Cleaned(Record):
    """A text without residue, and how many pieces of each kind were removed (absent kinds are left out)."""

    text: str
    residue: dict[Residue, int]


_THOUGHT_TAG = r"(?:think|thinking|thought|reasoning)"
_TOOL_TAG = r"(?:tool_call|tool_response|function_call|tool|tools)"
_ROLE = r"(?:user|human|assistant|customer|client|agent|system|bot|ai|student|tutor|seeker)"

# In the order of removal. A thought may lack its opening tag (the chat template wrote it into the prompt) or its
# closing tag (the length limit fell inside it).
_REMOVALS: Final = (
    (Residue.THOUGHT, regex.compile(rf"(?is)<({_THOUGHT_TAG})>.*?(?:</\1>|\Z)"), ""),
    (Residue.THOUGHT, regex.compile(rf"(?is)\A.*?</{_THOUGHT_TAG}>"), ""),
    (Residue.TOOL_TAG, regex.compile(rf"(?is)<({_TOOL_TAG})>.*?</\1>|</?{_TOOL_TAG}>"), ""),
    (
        Residue.STOP_MARKER,
        regex.compile(r"(?i)<\|[a-z][\w ]{0,30}\|>|</s>|<(?:eos|end_of_turn)>|#{2,3} ?(?:stop|end|transfer) ?#{2,3}"),
        "",
    ),
    (Residue.CODE_FENCE, regex.compile(r"(?s)\A\s*```[^\n`]*\n((?:(?!```).)*?)\n?```\s*\Z"), r"\1"),
    (Residue.ROLE_PREFIX, regex.compile(rf"(?i)\A\s*(?:\*\*|\[)?{_ROLE}(?:\*\*:|:\*\*|\]:?|:)(?!//)\s*"), ""),
)


def strip_residue(text: str) -> Cleaned:
    """Remove reasoning blocks, tool tags, stop markers, a fence round the whole message, and role prefixes.

    One piece may hide another ("User: <think>"), so removal repeats until nothing is left to remove; the result is
    in NFC and without outer white space.
    """
    text, residue = normalise(text), Counter[Residue]()
    found = True
    while found:
        found = False
        for kind, pattern, kept in _REMOVALS:
            text, pieces = pattern.subn(kept, text)
            if pieces:
                residue[kind] += pieces
                found = True
    return Cleaned(text=text.strip(), residue=dict(residue))
