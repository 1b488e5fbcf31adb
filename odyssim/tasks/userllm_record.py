"""Reading UserLLM rows: which sub-suite, what the user wants, what the options are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from odyssim.tasks.choice import ChoiceItem
from odyssim.tasks.extraction import plain_words
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Profile

# The source data writes the goal as an instruction to a user model.
_PREAMBLE: Final = re.compile(
    " ".join(("You are", "a user chatting with", "an assistant language model", "to")), re.IGNORECASE
)
_TRUE: Final = ("true", "1", "yes", "y")
_FALSE: Final = ("false", "0", "no", "n")


class Suite(StrEnum):
    """The three sub-suites: open chats, staying the one who asks, sticking to the goal."""

    PRISM = "prism"
    CSQA = "commonsense_qa"
    NQ = "natural_questions"


class UserLLMItem(ChoiceItem):
    """One user turn to write. `suite` is none for a source that no rule scores (`reference` only).

    `last_turn`: whether the person ended the conversation here, none if unknown. `metrics`: the corpus figures that the
    row counts for; empty means all.
    """

    suite: Suite | None
    intent: str
    history: str
    first_turn: bool
    last_turn: bool | None = None
    choices: tuple[str, ...] = ()
    question: str = ""
    suggestion: str = ""
    metrics: tuple[str, ...] = ()


def read_item(row: Row, profile: Profile) -> UserLLMItem:
    """The item of a row. `improved` raises `DataError` for a row in which what it scores is missing or undefined."""
    info, improved = row.info, profile is Profile.IMPROVED
    history = row.text("conversation_history")
    # As published, only an empty text opens a conversation: a history that is missing counts as one that is there.
    first = not history if improved else info.get("conversation_history") == ""
    intent = intent_of(info)
    item = UserLLMItem(
        **row.identity(digest(intent or str(row.index))),
        suite=suite_of(row.text("source")),
        intent=intent,
        history=history,
        first_turn=first,
        last_turn=optional_bool(info.get("is_last_turn")),
        choices=choice_texts(info.get("choices")),
        question=row.text("question").strip(),
        suggestion=row.text("assistant_suggestion_turn").strip(),
        metrics=named_metrics(info.get("related_metrics") or info.get("related_metric")),
    )
    if improved:
        _refuse_unscorable(row, item)
    return item


def suite_of(source: str) -> Suite | None:
    """The sub-suite that a `source` belongs to; none for an unknown one."""
    name = source.strip().lower()
    if Suite.PRISM in name:
        return Suite.PRISM
    return next((suite for suite in (Suite.CSQA, Suite.NQ) if name == suite), None)


def intent_of(info: Mapping[str, Any]) -> str:
    """What the user wants: the stated goal without its preamble, else the opening prompt, else the first line."""
    stated = str(info.get("intent") or info.get("intent_summary") or "").strip()
    preamble = _PREAMBLE.search(stated)
    goal = stated[preamble.end() :].lstrip(" :-—").strip() if preamble else stated
    if goal or stated:
        return goal or stated
    opening = str(info.get("opening_prompt") or "").strip()
    if opening:
        return opening
    lines = str(info.get("conversation_history") or "").strip().splitlines()
    return lines[0].strip().removeprefix("<user>:").strip() if lines else ""


def choice_texts(choices: object) -> tuple[str, ...]:
    """The texts of the options in any of the published forms, trimmed, without empty ones; none if unreadable."""
    if isinstance(choices, str):
        try:
            choices = json.loads(choices)
        except (ValueError, RecursionError):
            return ()
    if not isinstance(choices, (list, tuple, Mapping)):
        return ()
    return tuple(text for text in map(str.strip, _texts(choices)) if text)


def optional_bool(value: object) -> bool | None:
    """True or false as bools, as 0 and 1, or as the usual words; none for anything else."""
    if isinstance(value, (bool, int, float)):
        return bool(value) if value in (0, 1) else None
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def named_metrics(value: object) -> tuple[str, ...]:
    """Names of metrics in a list, or in a text with commas or blanks between them."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


def _texts(found: object) -> Iterator[str]:
    if isinstance(found, (list, tuple)):
        for member in found:
            yield from _texts(member)
    elif isinstance(found, Mapping):
        yield from _texts(found.get("text"))
    elif found is not None:
        yield str(found)


def _refuse_unscorable(row: Row, item: UserLLMItem) -> None:
    if item.suite is None:
        row.fail(f"unknown source '{row.text('source')}'")
    if not item.intent:
        row.fail("there is no goal to act on")
    if item.suite is Suite.PRISM and item.last_turn is None:
        row.fail("'is_last_turn' is neither true nor false")
    if item.suite is Suite.CSQA:
        forms = [plain_words(choice) for choice in item.choices]
        if len(forms) < 2 or not all(forms) or len(set(forms)) < len(forms):
            row.fail("'choices' are not at least two different texts with words")
    if item.suite is Suite.NQ and not (item.question and item.suggestion):
        row.fail("a question and a suggestion are needed")
