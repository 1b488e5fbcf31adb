"""What a character of Sotopia does in a turn: reading it out of a reply, and the line that everybody sees.

{"action_type": "speak", "argument": "Good morning."}          Ana said: "Good morning."
{"action_type": "non-verbal communication", "argument": ...}   Ana [non-verbal communication] smiles
{"action_type": "leave", "argument": ""}                       Ana left the conversation
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from odyssim.tasks.extraction import reference_strip_thoughts
from odyssim.tasks.lenient_json import lenient_json
from odyssim.types import Record


class Kind(StrEnum):
    """The kinds of action. NONE is not offered; it is what a turn without any other action comes to."""

    SPEAK = "speak"
    GESTURE = "non-verbal communication"
    ACT = "action"
    LEAVE = "leave"
    NONE = "none"


OFFERED: Final = (Kind.SPEAK, Kind.GESTURE, Kind.ACT, Kind.LEAVE)

_FORMS: Final = {
    Kind.SPEAK: ' said: "{}"',
    Kind.GESTURE: " [non-verbal communication] {}",
    Kind.ACT: " [action] {}",
    Kind.LEAVE: " left the conversation",
    Kind.NONE: " did nothing",
}
_KINDS: Final = {str(kind).replace("-", " "): kind for kind in Kind}
_SPACES: Final = re.compile(r"[\s_-]+")
_DECODER: Final = json.JSONDecoder(strict=False)  # replies break lines inside their strings
_MEANT_AS_JSON: Final = re.compile(r'\{\s*"|\baction_type\b')
_TURN_OPENS: Final = re.compile(r"(assistant|user)\n")


class Action(Record):
    """One action; `text` is what is said, shown or done."""

    kind: Kind
    text: str = ""

    def line(self, name: str) -> str:
        """The action of `name` as everybody sees it."""
        return rendered(name, self.kind, self.text)


def rendered(name: str, kind: str, text: str) -> str:
    """The line of an action; what is of no known kind counts as said."""
    return name + _FORMS.get(Kind(kind) if kind in list(Kind) else Kind.SPEAK, "").format(text)


def read_line(name: str, line: str) -> Action | None:
    """The action of `name` behind a line; none if it is no line of theirs."""
    done = line.removeprefix(name)
    if done == line:
        return None
    for kind, form in _FORMS.items():
        before, _, after = form.partition("{}")
        if done.startswith(before) and done.endswith(after) and len(done) >= len(before) + len(after):
            return Action(kind=kind, text=done[len(before) : len(done) - len(after)])
    return None


def read_action(text: str, name: str) -> Action | None:
    """What `name` does in a reply without its thoughts (`improved`); none if it was meant as JSON and is broken.

    The first action that stands in the text counts: one turn, one action. Plain words, also in the form of the lines
    that the character hears, are what they say. Line breaks become blanks, so that nobody can write the other's line.
    """
    for found in _objects(text):
        action = _action_in(found)
        if action is not None:
            return action
    if _MEANT_AS_JSON.search(text):
        return None
    plain = _one_line(text)
    line = read_line(name, plain)
    return _act(line.kind, line.text) if line else _act(Kind.SPEAK, plain)


def reference_action(text: str) -> Action:
    """What a think-stripped reply does, as published: all that is no well-formed action is voiced as it stands."""
    if not text.strip():
        return Action(kind=Kind.NONE)
    found = lenient_json(text)
    if isinstance(found, dict):
        kind = found.get("action_type", Kind.SPEAK)
        if kind in OFFERED:
            return Action(kind=kind, text=_storable(str(found.get("argument", ""))))
    return Action(kind=Kind.SPEAK, text=text.strip())


def reference_log(transcript: str, actor: str, partner: str) -> list[tuple[str, Kind, str]]:
    """(name, kind of action, line) of every turn of a decoded transcript, as published.

    A turn opens at 'assistant' (the actor, raw) or 'user' (the partner's line, always of the kind speak) before a line
    break; what stands before the first, and what the partner left empty, is no turn.
    """
    _, *parts = _TURN_OPENS.split(transcript)
    log = []
    for role, text in zip(parts[::2], parts[1::2], strict=True):
        if role == "assistant":
            action = reference_action(reference_strip_thoughts(text.strip(), drop_unclosed=True) or "")
            log.append((actor, action.kind, action.line(actor)))
        elif text.strip():
            log.append((partner, Kind.SPEAK, text.strip()))
    return log


def _objects(text: str) -> Iterator[Any]:
    for opening in re.finditer(r"\{", text):
        try:
            yield _DECODER.raw_decode(text, opening.start())[0]
        except (ValueError, RecursionError):
            continue


def _action_in(found: dict[str, Any]) -> Action | None:
    if not found.keys() & {"action_type", "argument"}:
        return None
    kind = _KINDS.get(_SPACES.sub(" ", str(found.get("action_type", Kind.SPEAK))).strip().lower())
    argument = found.get("argument")
    if kind is None or isinstance(argument, (dict, list)):
        return None
    return _act(kind, "" if argument is None else _one_line(str(argument)))


def _act(kind: Kind, text: str) -> Action:
    if kind in (Kind.LEAVE, Kind.NONE):
        return Action(kind=kind)
    return Action(kind=kind, text=text) if text else Action(kind=Kind.NONE)


def _one_line(text: str) -> str:
    return " ".join(_storable(text).split())


def _storable(text: str) -> str:
    """JSON escapes can spell half a character, which no file can hold: a question mark in its place."""
    return text.encode(errors="replace").decode()
