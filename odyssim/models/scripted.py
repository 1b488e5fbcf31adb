"""A `ChatModel` without a model: replies from a script, a function or a file. For tests, demos and failure injection.

Built in, by name: `scripted/echo`, `scripted/silent`, `scripted/first-option`, `scripted/random-option`, and
`scripted/FILE.jsonl` with one {"reply": "..."} per line.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from odyssim.errors import DataError, UnknownName
from odyssim.types import Cost, Message, Record, Reply, Sampling, derive_seed

Line = str | Reply | Exception
"""What a script says: a text, a whole reply, or an error that is raised."""

ScriptFunction = Callable[[Sequence[Message], Sampling], Line]

_OPTIONS_START = "Options: "
_LETTERED = re.compile(r"(?:^|, )([A-Z])\. ")
_OPTION_LINE = re.compile(r"^\(?([A-Za-z])[.):] ?\S", re.MULTILINE)
_SHOWN_TAG = re.compile(r"<answer>([A-Z])</answer>")


class Scripted:
    """Says `script`: its lines in the order of the calls, or what it returns for a call's messages and sampling.

    Raises, from `say`, the errors in the script, and `DataError` when the lines are used up.
    """

    def __init__(self, script: Iterable[Line] | ScriptFunction, *, name: str = "scripted") -> None:
        self._name = name
        self._answer = script if callable(script) else _in_turn(script, name)

    @property
    def name(self) -> str:
        return self._name

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        line = self._answer(messages, sampling)
        if isinstance(line, Exception):
            raise line
        return Reply(text=line, cost=Cost(calls=1)) if isinstance(line, str) else line

    async def aclose(self) -> None:
        """Nothing to release."""


def load_scripted(name: str) -> Scripted:
    """The built-in double `name`, or the script in the file `name` if it ends in `.jsonl`.

    Raises `UnknownName`; `DataError` if the file is missing or malformed.
    """
    full_name = f"scripted/{name}"
    if name.endswith(".jsonl"):
        return Scripted(_lines(Path(name)), name=full_name)
    if name not in BUILT_IN:
        raise UnknownName("scripted model", name, list(BUILT_IN), hint="or a file of replies: scripted/FILE.jsonl")
    return Scripted(BUILT_IN[name], name=full_name)


def _in_turn(script: Iterable[Line], name: str) -> ScriptFunction:
    lines = tuple(script)
    left = iter(lines)

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        exhausted = DataError(f"The script of '{name}' has {len(lines)} replies and was asked for one more.")
        return next(left, exhausted)

    return answer


class _FileLine(Record):
    reply: str


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8") as file:
            rows = list(file)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the script: {error}", path=path) from error
    replies = []
    for number, row in enumerate(rows, start=1):
        try:
            replies.append(_FileLine.model_validate_json(row).reply)
        except ValidationError as error:
            raise DataError('not of the form {"reply": "..."}', path=path, line=number) from error
    return replies


def _echo(messages: Sequence[Message], sampling: Sampling) -> Line:
    return messages[-1].content


def _silent(messages: Sequence[Message], sampling: Sampling) -> Line:
    return ""


def _first_option(messages: Sequence[Message], sampling: Sampling) -> Line:
    return _choose(messages, lambda options: options[0])


def _random_option(messages: Sequence[Message], sampling: Sampling) -> Line:
    """Uniform over the options; depends on the seed (0 if unseeded) and on what was said, so items differ."""
    dice = random.Random(derive_seed(sampling.seed or 0, *(message.content for message in messages)))
    return _choose(messages, dice.choice)


def _choose(messages: Sequence[Message], pick: Callable[[Sequence[str]], str]) -> Line:
    options = offered_options(messages)
    return f"<answer>{pick(options)}</answer>" if options else "I see nothing to choose from."


def offered_options(messages: Sequence[Message]) -> list[str]:
    """What the last message offers to choose from, in the forms that tasks use; empty for an open question.

    The letters of a last line 'Options: A. text, B. text' or the texts of 'Options: text, text'; the letters of the
    last run of lines 'A. text', 'A) text', '(a) text', 'A: text'; the letters of answer tags that the prompt shows.
    """
    text = messages[-1].content
    lines = [line for line in text.split("\n") if line.startswith(_OPTIONS_START)]
    if lines and (offer := lines[-1].removeprefix(_OPTIONS_START)).strip():
        if _LETTERED.match(offer):
            return _LETTERED.findall(offer)
        return [text.strip() for text in offer.split(",") if text.strip()]
    run: list[str] = []
    for letter in _OPTION_LINE.findall(text):
        follows = bool(run) and ord(letter) == ord(run[-1]) + 1
        run = [*run, letter] if follows else [letter] if letter in "aA" else run
    return run if len(run) > 1 else sorted(set(_SHOWN_TAG.findall(text)))


BUILT_IN: dict[str, ScriptFunction] = {
    "echo": _echo,
    "silent": _silent,
    "first-option": _first_option,
    "random-option": _random_option,
}
