"""What is said aloud in a CoSER scene, by whom, and whom the director calls next: text in, text out.

    [He must not see it.] (folds the letter) Nothing.      others hear: (folds the letter) Nothing.
    Ann, (folds the letter) Nothing.                       Ann: (folds the letter) Nothing.
    Bob has been asked. **Next Speaker**: bob (at last)    Bob

Functions named `reference_*` reproduce the published behaviour to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from odyssim.tasks.extraction import plain_words

ENVIRONMENT: Final = "Environment"
END_CHAT: Final = "<END CHAT>"
SILENCE: Final = "(says nothing)"
"""What others notice of a turn without a word or deed."""

_OPENING: Final = r"<\s*(system|role|)[_\s]+think(?:ing)?\s*>"
_CLOSING: Final = r"<\s*/\s*\1[_\s]+think(?:ing)?\s*>"
_REFERENCE_BRACKET: Final = re.compile(r"\[.*?\]")
# The look-behind keeps long runs of blanks from being tried from each of their places.
_REFERENCE_TAGGED: Final = re.compile(rf"(?:(?<!\s)\s+)?{_OPENING}.*?{_CLOSING}\s*", re.DOTALL)
_TAGGED: Final = re.compile(rf"{_OPENING}.*?(?:{_CLOSING}|\Z)", re.DOTALL | re.IGNORECASE)
_BRACKET: Final = re.compile(r"([\[\]])")

_REFERENCE_FIELD: Final = re.compile(
    r"next\s+speaker\s*(?:\*\*|#)?\s*(?::|-|\bis\b)?\s*\*?\s*([^\n*]+)",
    re.IGNORECASE,
)
_LINE_LABEL: Final = re.compile(r"^\W*next\s+speaker\b", re.IGNORECASE | re.MULTILINE)
_LABEL: Final = re.compile(r"\bnext\s+speaker\b", re.IGNORECASE)
_TITLES: Final = frozenset("mr mrs ms miss dr sir madam lady lord the".split())


def reference_aloud(text: str) -> str:
    """`text` without `[...]` within a line, blank lines, and pairs of role-think tags with the blanks around them."""
    text = "\n".join(filter(None, (line.strip() for line in _REFERENCE_BRACKET.sub("", text).split("\n"))))
    return _REFERENCE_TAGGED.sub("", text).strip()


def aloud(text: str, *, brackets: bool) -> str:
    """`text` without thoughts: role-think tags and, if `brackets`, everything in square brackets.

    Thoughts may nest and span lines; one that is never closed lasts to the end. Where a scene is played without
    thoughts, square brackets hold a quotation or a note like any other sign.
    """
    text = _TAGGED.sub(" ", _outside_brackets(text) if brackets else text)
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def reference_labelled(text: str, speaker: str) -> str:
    """`text` behind the speaker's name, unless it is empty or one of its lines already begins with name and colon."""
    labels = (f"{speaker}:", f"{speaker}：")
    if not text or any(line.lstrip().startswith(labels) for line in text.split("\n")):
        return text
    return f"{speaker}: {text}"


def labelled(text: str, speaker: str) -> str:
    """`text` behind the speaker's name, which stands there once; what is empty is told as silence.

    Further lines are indented, so that no text can pass for the turn of another.
    """
    own = re.match(rf"\s*{re.escape(speaker)}\s*[:：]\s*", text, re.IGNORECASE)
    said = (text[own.end() :] if own else text).replace("\n", "\n    ")
    return f"{speaker}: {said}".rstrip() if text else f"{speaker}: {SILENCE}"


def reference_field(text: str) -> str | None:
    """What stands behind the last 'next speaker' of a director's reply, closing signs removed; none without one."""
    fields: list[str] = _REFERENCE_FIELD.findall(text)
    return fields[-1].strip().rstrip(".,!\"'") or None if fields else None


def reference_named(text: str) -> str:
    """The labelled name, else what stands before the first colon, else the whole text."""
    field = reference_field(text)
    if field is not None:
        return field
    before, colon, _ = text.partition(":")
    return before.strip() if colon else text


def named(text: str, names: Iterable[str]) -> str | None:
    """Which of `names` a director's reply calls, none if no single one can be told.

    The last line that begins with 'next speaker' decides, else the last mention, else the last line. Case, signs,
    titles and what follows the name do not matter; of several names that fit, the longest counts.
    """
    labels = [*_LINE_LABEL.finditer(text)] or [*_LABEL.finditer(text)]
    called = text[labels[-1].end() :] if labels else text.strip().rpartition("\n")[2]
    said = plain_words(called).removeprefix("is ")
    simplifications: tuple[Callable[[str], str], ...] = (plain_words, _untitled)
    for simple in simplifications:
        fitting = [name for name in names if f"{simple(said)} ".startswith(f"{simple(name)} ")]
        longest = max((len(simple(name)) for name in fitting), default=0)
        fitting = [name for name in fitting if len(simple(name)) == longest]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _outside_brackets(text: str) -> str:
    depth, kept = 0, []
    for piece in _BRACKET.split(text):
        if piece == "[":
            depth += 1
        elif piece == "]" and depth:
            depth -= 1
        elif not depth:
            kept.append(piece)
    return "".join(kept)


def _untitled(text: str) -> str:
    return " ".join(word for word in plain_words(text).split() if word not in _TITLES)
