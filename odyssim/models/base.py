"""Who can speak: the `ChatModel` protocol, and the `Cast` of models that one episode needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from odyssim.errors import ModelCallError, Party, UsageError
from odyssim.models.token_count import SplitsTokens, estimated_tokens
from odyssim.types import Call, Cost, Message, Reply, Sampling

PROMPT_TOKENS = 8192
"""Prompt budget of the published evaluation."""


@runtime_checkable
class ChatModel(Protocol):
    """Anything that can answer a list of messages.

    `name` identifies the model in results: pinned enough that the same name means the same model.
    """

    @property
    def name(self) -> str: ...

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """Answer `messages`. Raises `ModelCallError` (a subclass says why); never returns an error as text."""
        ...

    async def aclose(self) -> None:
        """Release connections or memory; the model is not used afterwards."""
        ...


class Role(StrEnum):
    """The seats of an episode."""

    POLICY = "policy"
    PARTNER = "partner"
    NARRATOR = "narrator"
    DIRECTOR = "director"
    WRITER = "writer"
    AUDITOR = "auditor"
    JUDGE = "judge"

    @property
    def party(self) -> Party:
        """Whom a failure in this seat counts for."""
        if self is Role.POLICY:
            return Party.POLICY
        if self in (Role.PARTNER, Role.NARRATOR, Role.DIRECTOR):
            return Party.PARTNER
        return Party.JUDGE


@dataclass(frozen=True)
class Cast:
    """The models of one episode by role. `sampling` is how the policy speaks; other roles are set by the task.

    `prompt_tokens` is the budget of a prompt: what is longer is cut or counted as a failure of the data. Every judge is
    asked `judge_samples` times, under seeds derived from `judge_seed`.
    """

    policy: ChatModel | None = None
    partner: ChatModel | None = None
    narrator: ChatModel | None = None
    director: ChatModel | None = None
    writer: ChatModel | None = None
    auditor: ChatModel | None = None
    judges: tuple[ChatModel, ...] = ()
    sampling: Sampling = Sampling()
    prompt_tokens: int = PROMPT_TOKENS
    judge_samples: int = 1
    judge_seed: int = 0

    def split_tokens(self, text: str) -> Sequence[str]:
        """The token pieces of a text: the policy's own where it tells, estimated otherwise."""
        return self.policy.split_tokens(text) if isinstance(self.policy, SplitsTokens) else estimated_tokens(text)

    def model_for(self, role: Role, judge: int = 0) -> ChatModel:
        """The model in a seat, of several judges number `judge`; `UsageError` if the seat is empty."""
        bench = self.judges[judge : judge + 1]
        model: ChatModel | None = next(iter(bench), None) if role is Role.JUDGE else getattr(self, role.value)
        if model is None:
            raise UsageError(f"This task needs a {role.value} model.", hint=f"add --{role.value} MODEL")
        return model


@dataclass
class Floor:
    """Where the talking of one episode happens: every call goes through `ask` and is kept in `calls`.

    A failed call leaves its cost in `wasted` and nothing in `calls`; its error is raised with the party set.
    """

    cast: Cast
    calls: list[Call] = field(default_factory=list)
    wasted: Cost = field(default_factory=Cost)

    async def ask(self, role: Role, messages: Sequence[Message], sampling: Sampling, *, judge: int = 0) -> Reply:
        """What the model in a seat says; of several judges, number `judge`. Raises `ModelCallError` with its party."""
        model = self.cast.model_for(role, judge)
        try:
            reply = await model.say(messages, sampling)
        except ModelCallError as error:
            error.party = role.party
            self.wasted += error.cost or Cost(calls=1)
            raise
        self.calls.append(
            Call(role=role.value, model=model.name, messages=tuple(messages), sampling=sampling, reply=reply)
        )
        return reply

    @property
    def cost(self) -> Cost:
        return sum((call.reply.cost for call in self.calls), self.wasted)
