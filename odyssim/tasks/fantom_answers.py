"""What an answer to a FANToM question says: yes or no, who is named, which words of a fact.

`reference_*` is the published reading, defects included; the others are what `improved` uses.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from odyssim.tasks.extraction import contains_word
from odyssim.tasks.rows import as_list

_AROUND_PUBLISHED_NAME: Final = string.whitespace + "[]'\""
_GAP_IN_ARRAY = re.compile(r"(['\"])\s+(?=['\"])")
_SPEAKER = re.compile(r"^([^\W\d_][\w.'’ -]{0,40}?):", re.MULTILINE)
_BETWEEN_NAMES = re.compile(r"[,;\n&/]|\b(?:and|or)\b", re.IGNORECASE)
_AROUND_NAME: Final = string.whitespace + string.digits + "()[]'\"`*_.:•-"
_YES_WITHIN: Final = (" yes,", " yes ", " yes.", " knows ")
_NO_WITHIN: Final = (" no,", " no ", " no.", " does not know ", " doesn't know ")
_SAYS: Final = {
    "yes": re.compile(r"^\W*true\b|\b(?:yes|knows)\b"),
    "no": re.compile(r"^\W*false\b|\b(?:no|nobody)\b|\b(?:does not|doesn['’]t) know\b"),
}
_WITHOUT_PUNCTUATION: Final = str.maketrans("", "", string.punctuation)


# --- yes or no --------------------------------------------------------------------------------------------------


def reference_side(answer: str) -> str | None:
    """'yes' or 'no' as published: by how the answer begins ('Noah' says no) or by what it holds; none for both."""
    said = answer.lower().strip().strip("'").strip('"')
    yes = said.startswith(("yes", "true")) or any(sign in said for sign in _YES_WITHIN)
    no = said.startswith(("no", "false")) or any(sign in said for sign in _NO_WITHIN)
    return None if yes == no else "yes" if yes else "no"


def said_side(answer: str) -> str | None:
    """'yes' or 'no', by whole words; none if the answer says both or neither."""
    sides = [side for side, says in _SAYS.items() if says.search(answer.lower())]
    return sides[0] if len(sides) == 1 else None


# --- names ------------------------------------------------------------------------------------------------------


def reference_names(value: Any) -> tuple[str, ...]:
    """The names of a gold list, as published: a text is cut at its commas, whatever it looks like."""
    if isinstance(value, str):
        parts = (part.strip(_AROUND_PUBLISHED_NAME) for part in value.split(","))
        return tuple(part for part in parts if part)
    return tuple(str(name) for name in as_list(value) if name is not None)


def listed_names(value: Any) -> tuple[str, ...]:
    """The names of a gold list, or of a text that holds one: JSON, Python, a printed array, or just commas."""
    if isinstance(value, str):
        value = as_list(_GAP_IN_ARRAY.sub(r"\1, ", value)) or value
    return tuple(dict.fromkeys(name.strip() for name in reference_names(value) if name.strip()))


def reference_names_right(answer: str, right: Sequence[str], wrong: Sequence[str]) -> bool:
    """As published: every right name occurs as a word, and no wrong one."""
    complete = bool(right) and all(contains_word(answer, name) for name in right)
    return complete and not any(contains_word(answer, name) for name in wrong)


def names_exactly(answer: str, right: Sequence[str], wrong: Sequence[str], context: str) -> bool:
    """Whether all right people are named, and nobody else: no wrong one, and no other speaker of the context."""
    listed = {_first_name(name) for name in (*right, *wrong)}
    others = dict.fromkeys(name for name in _SPEAKER.findall(context) if _first_name(name) not in listed)
    return named(answer, (*right, *wrong, *others)) == set(right)


def named(answer: str, people: Sequence[str]) -> set[str]:
    """Those of `people` whom the answer names, by full name, or by first name if nobody else has it.

    A part of the list that is just a name may be in any case; among other words the case must be right. What belongs
    to somebody ('Ann's sister') does not name them.
    """
    bearers = Counter(map(_first_name, people))
    parts = [part.strip(_AROUND_NAME) for part in _BETWEEN_NAMES.split(answer)]
    return {
        person
        for person in people
        if any(
            _names(part, form)
            for form in {person, person.partition(" ")[0] if bearers[_first_name(person)] == 1 else person}
            for part in parts
        )
    }


def _names(part: str, name: str) -> bool:
    within = rf"(?<![\w-]){re.escape(name)}(?![\w-]|['’]s\b)"
    return part.lower() == name.lower() or re.search(within, part) is not None


def _first_name(name: str) -> str:
    return name.partition(" ")[0].lower()


# --- facts ------------------------------------------------------------------------------------------------------


def token_f1(gold: str, answer: str) -> float:
    """Harmonic mean of precision and recall of the words, without articles and punctuation; 0 if a side is empty."""
    right, given = Counter(_tokens(gold)), Counter(_tokens(answer))
    shared = (right & given).total()
    return 2 * shared / (right.total() + given.total()) if shared else 0.0


def _tokens(text: str) -> list[str]:
    return re.sub(r"\b(?:a|an|the)\b", " ", text.lower()).translate(_WITHOUT_PUNCTUATION).split()
