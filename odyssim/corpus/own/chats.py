"""Chats with roles, one record each: OpenAI messages and ShareGPT.

    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "you up?"}, ...]}
    {"conversations": [{"from": "human", "value": "you up?"}, {"from": "gpt", "value": "Always."}]}

A system message instructs the machine, so it is what the machine's side knows; where no side is called like a
machine, it is the scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import AliasChoices, Field, model_validator

from odyssim.corpus.own.conversation import MACHINE_NAMES, Conversation
from odyssim.corpus.own.layout import Container, Layout
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile
from odyssim.corpus.sources.records import UpstreamRecord, json_object, json_records, jsonl_records
from odyssim.types import SocialContext

_SCENE_ROLES: Final = frozenset({"system", "developer"})
_TOOL_ROLES: Final = frozenset({"tool", "function", "function_call", "tool_call", "tool_response", "observation"})


class _Part(UpstreamRecord):
    """A part of a message; pictures and sounds have no text."""

    text: str | None = None


class _Message(UpstreamRecord):
    role: str = Field(validation_alias=AliasChoices("role", "from"))
    content: str | tuple[_Part, ...] | None = Field(default=None, validation_alias=AliasChoices("content", "value"))

    @property
    def text(self) -> str:
        if isinstance(self.content, tuple):
            return "\n".join(part.text for part in self.content if part.text).strip()
        return (self.content or "").strip()


class _Chat(UpstreamRecord):
    messages: tuple[_Message, ...] = Field(validation_alias=AliasChoices("messages", "conversations"))
    id: str | int | None = Field(default=None, validation_alias=AliasChoices("id", "conversation_id"))

    @model_validator(mode="before")
    @classmethod
    def _bare_messages(cls, value: Any) -> Any:
        return {"messages": value} if isinstance(value, list) else value


def chats(file: RawFile, layout: Layout, report: ReadReport) -> Iterator[Conversation]:
    """The conversations of a file of such chats."""
    for place, chat in _records(file, layout, report):
        said = [(message.role, message.text) for message in chat.messages if message.text]
        lines = tuple((role, text) for role, text in said if role not in _SCENE_ROLES | _TOOL_ROLES)
        system = "\n\n".join(text for role, text in said if role in _SCENE_ROLES)
        yield Conversation(
            place=place,
            id=place if chat.id is None else str(chat.id),
            lines=lines,
            context=_context(system, [role for role, _ in lines]) if system else None,
        )


def _records(file: RawFile, layout: Layout, report: ReadReport) -> Iterator[tuple[str, _Chat]]:
    match layout.container:
        case Container.LINES:
            return jsonl_records(file, _Chat, report)
        case Container.LIST:
            return json_records(file, _Chat, report)
        case Container.DOCUMENT:
            return iter([(file.name, json_object(file, _Chat, report))])


def _context(system: str, roles: list[str]) -> SocialContext:
    machine = next((role for role in roles if role.casefold() in MACHINE_NAMES), None)
    if machine is None:
        return SocialContext(scenario=system, author="native")
    return SocialContext(profiles={machine: system}, author="native")
