"""Humanual's texts: what the person read, and the message in a reply of the policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from odyssim.tasks.extraction import (
    contains_word,
    final_text,
    plain_words,
    reference_strip_thoughts,
    reference_tagged,
    tag_text,
)
from odyssim.tasks.rows import Row, as_list

HUMAN: Final = "HUMAN"
"""What the person is called in the prompts."""
TAG: Final = "response"

COPY_WORDS: Final = 8
"""A message of fewer words may well have been said before."""


def reference_context(row: Row) -> str:
    """The published text: the contents of a JSON list of messages, a line each, without their speakers; else as is."""
    prompt = row.info.get("prompt", "")
    if not isinstance(prompt, str):
        return str(prompt)
    try:
        messages = json.loads(prompt)
    except (ValueError, RecursionError):
        return prompt
    if not isinstance(messages, list):
        return prompt
    return "\n".join(str(message.get("content") or "") for message in messages if isinstance(message, dict))


def spoken_context(row: Row) -> str:
    """What the person read, with the speaker of every message if there are several; `DataError` if it is blank.

    Messages under the person's own id, or by the user of an assistant, are earlier words of the person.
    """
    prompt = row.info.get("prompt")
    messages = as_list(prompt)
    if not messages or not all(isinstance(message, dict) and message.get("content") for message in messages):
        return row.need("prompt")
    if len(messages) == 1:
        return str(messages[0]["content"])
    names = _names([str(message.get("role") or "") for message in messages], row.text("user_id"))
    return "\n\n".join(f"{name}: {message['content']}" for name, message in zip(names, messages, strict=True))


def reference_message(said: str) -> str:
    """The published message in a reply: without closed thoughts, out of the first tags."""
    return reference_tagged(reference_strip_thoughts(said) or "", TAG)


def improved_message(said: str) -> str:
    """The message in a reply: after all thoughts, out of the last tags or else all of it; '' for an open thought."""
    spoken = final_text(said) or ""
    inside = tag_text(spoken, TAG)
    return spoken if inside is None else inside


def copied(text: str, context: str, completion: str) -> bool:
    """Whether a text of `COPY_WORDS` words or more stands in the context, and not in the person's own message."""
    plain = plain_words(text)
    return (
        len(plain.split()) >= COPY_WORDS
        and contains_word(plain_words(context), plain)
        and not contains_word(plain_words(completion), plain)
    )


def _names(roles: Sequence[str], user_id: str) -> list[str]:
    own = {user_id, "user"} if "assistant" in roles else {user_id}
    others = [role for role in dict.fromkeys(roles) if role not in {*own, "assistant"}]
    numbered = {role: f"Other {number}" for number, role in enumerate(others, start=1)}
    named = {"assistant": "Assistant"} | (numbered if len(others) > 1 else dict.fromkeys(others, "Other"))
    return [HUMAN if role in own else named[role] for role in roles]
