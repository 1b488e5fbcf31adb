"""Which difficult subjects a conversation touches, by a list of words: a note for whoever picks the data, no verdict.

The lists are in `safety_terms.txt`. They are English, and a word says nothing about how it is meant: a friend who
listens is tagged like the one who despairs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

_TERMS: Final = files(__package__) / "safety_terms.txt"
_WORD: Final = re.compile(r"[a-z]+")


class _Subject(NamedTuple):
    tag: str
    words: frozenset[str]
    phrases: tuple[str, ...]


def safety_tags(texts: Iterable[str]) -> list[str]:
    """`safety:mentions_SUBJECT` for every subject that `texts` touch, in the order of the list."""
    said = f" {' | '.join(' '.join(_WORD.findall(text.lower())) for text in texts)} "
    words = set(said.split())
    return [
        subject.tag
        for subject in _subjects()
        if not words.isdisjoint(subject.words) or any(phrase in said for phrase in subject.phrases)
    ]


@cache
def _subjects() -> tuple[_Subject, ...]:
    """The lists. Phrases and beginnings keep the spaces around them, to be looked for as they stand in the text."""
    terms: dict[str, list[str]] = {}
    for line in _TERMS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            of_subject = terms.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            of_subject.append(line)
    return tuple(
        _Subject(
            tag=f"safety:mentions_{name}",
            words=frozenset(term for term in of_name if " " not in term and not term.endswith("*")),
            phrases=tuple(
                f" {term[:-1]}" if term.endswith("*") else f" {term} "
                for term in of_name
                if " " in term or term.endswith("*")
            ),
        )
        for name, of_name in terms.items()
    )
