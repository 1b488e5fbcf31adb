"""Rows in the shapes that chats and instructions are commonly published in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import AliasChoices, Field, model_validator

from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.types import SocialContext, Turn

Side = Literal["user", "assistant"]

PERSON: Final = "person"
PARTNER: Final = "partner"

_SIDES: Final[dict[str, Side]] = {
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatgpt"), "assistant"),
}
_SYSTEM: Final = "system"
_NO_SPEECH: Final = frozenset(
    {_SYSTEM, "developer", "tool", "tool_call", "tool_response", "function", "function_call", "observation"}
)


class ChatMessage(UpstreamRecord):
    """One message, of OpenAI's or of ShareGPT's shape. What is no speech, such as a tool's message, has no side."""

    role: str = Field(validation_alias=AliasChoices("role", "from"))
    content: str | None = Field(default=None, validation_alias=AliasChoices("content", "value"))

    @property
    def side(self) -> Side | None:
        return _SIDES.get(self.role.lower())


class ChatRow(HubRow):
    """A chat of a user with an assistant. `person` is the side that is imitated, and the only one that is human;
    `names` are what the sides are called."""

    person: ClassVar[Side] = "user"
    names: ClassVar[Mapping[Side, str]] = {"user": "user", "assistant": "assistant"}

    messages: tuple[ChatMessage, ...] = Field(
        validation_alias=AliasChoices("messages", "conversation", "conversations")
    )

    @model_validator(mode="after")
    def _knows_its_roles(self) -> Self:
        for message in self.messages:
            if message.side is None and message.role.lower() not in _NO_SPEECH:
                raise ValueError(f"a message has the role '{message.role}', which is nobody's here")
        return self

    def conversations(self) -> Iterable[Conversation]:
        yield Conversation(list(self.turns()), context=self.context())

    def turns(self) -> Iterator[Turn]:
        for message in self.messages:
            if message.side is not None:
                speak = imitated if message.side == self.person else heard
                yield speak(self.names[message.side], message.content)

    def context(self) -> SocialContext | None:
        """What the system message says, if there is one."""
        told = "\n\n".join(message.content or "" for message in self.messages if message.role == _SYSTEM).strip()
        return SocialContext(scenario=told, author="native") if told else None


class WrittenRow(ChatRow):
    """A chat in which the assistant's side stands in a person's place (rows of the families no_swap and chat)."""

    person = "assistant"
    names: ClassVar[Mapping[Side, str]] = {"user": PARTNER, "assistant": PERSON}


class InstructionRow(WrittenRow):
    """An instruction and its answer, under any of the usual names; or a chat."""

    _ASKED: ClassVar[tuple[str, ...]] = ("instruction", "prompt", "question", "input")
    _TOLD: ClassVar[tuple[str, ...]] = ("output", "response", "completion", "target", "answer")

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return cls._ASKED[0], cls._TOLD[0]

    @classmethod
    def read_columns(cls) -> tuple[str, ...]:
        return (*super().read_columns(), _SYSTEM, *cls._ASKED, *cls._TOLD)

    @model_validator(mode="before")
    @classmethod
    def _as_messages(cls, row: Any) -> Any:
        if not isinstance(row, dict) or any(row.get(name) for name in super().read_columns()):
            return row
        asked = [row[name] for name in cls._ASKED if isinstance(row.get(name), str) and row[name].strip()]
        told = [row[name] for name in cls._TOLD if row.get(name) not in (None, "")]
        if not asked or not told:
            raise ValueError(f"expected a chat, or an instruction and its answer; found {', '.join(row)}")
        system = [{"role": _SYSTEM, "content": row[_SYSTEM]}] if row.get(_SYSTEM) else []
        question = {"role": "user", "content": "\n\n".join(asked)}
        return {**row, "messages": [*system, question, {"role": "assistant", "content": str(told[0])}]}
