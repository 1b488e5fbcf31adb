"""What every log format is read as: who said what, before anybody decided who the person is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from odyssim.types import SocialContext

PERSON_NAMES: Final = frozenset({"human", "user", "prompter"})
"""What chat logs call the person's side, in lower case."""
MACHINE_NAMES: Final = frozenset(
    {"assistant", "gpt", "chatgpt", "bot", "chatbot", "model", "ai", "llm", "bing", "bard", "claude", "gemini"}
)
"""What they call the machine's side."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of a log.

    `lines` are (speaker, text), without what nobody says: tool calls, tool results, empty turns. `id` is the log's
    own, or else `place`: the file with its line or record.
    """

    place: str
    id: str
    lines: tuple[tuple[str, str], ...]
    context: SocialContext | None = None
    tags: tuple[str, ...] = ()
