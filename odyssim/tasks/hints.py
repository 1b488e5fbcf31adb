"""Hint writers: who looks at an attempt that fell short and says what to do differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from odyssim.errors import TruncatedThought
from odyssim.models.base import ChatModel
from odyssim.tasks.extraction import final_text, reference_strip_thoughts
from odyssim.tasks.feedback import Arm, Coached
from odyssim.types import Cost, Episode, Outcome, Profile, Record, Sampling

SAMPLING: Final = Sampling(max_tokens=2048)


@dataclass(frozen=True)
class Attempt:
    """One scored attempt at an item of a task."""

    task: Coached[Any]
    item: Any
    episode: Episode
    outcome: Outcome
    profile: Profile


class Written(Record):
    """What a writer wrote (think-stripped; '' for nothing), and what it cost."""

    text: str
    cost: Cost = Cost()


class HintWriter(Protocol):
    """Writes a hint for a second attempt."""

    async def write(self, attempt: Attempt, arm: Arm) -> Written:
        """The hint. Raises `ModelCallError` if the writer fails, `UsageError` if it cannot serve the task."""
        ...


class ModelWriter:
    """A model that writes from what the task shows it."""

    def __init__(self, model: ChatModel, sampling: Sampling = SAMPLING) -> None:
        self.model = model
        self.sampling = sampling

    async def write(self, attempt: Attempt, arm: Arm) -> Written:
        messages = attempt.task.feedback_messages(attempt.item, attempt.episode, attempt.outcome, attempt.profile, arm)
        if messages is None:
            return Written(text="")
        reply = await self.model.say(messages, self.sampling)
        if attempt.profile is Profile.REFERENCE:
            return Written(text=reference_strip_thoughts(reply.text) or "", cost=reply.cost)
        text = final_text(reply.text)
        if text is None:
            raise TruncatedThought("The hint writer's reply ended inside a thought.", cost=reply.cost)
        return Written(text=text, cost=reply.cost)


class RuleWriter:
    """Says by rule what went wrong, for tasks that can: those about beliefs, and UserLLM."""

    async def write(self, attempt: Attempt, arm: Arm) -> Written:
        task = attempt.task
        return Written(text=task.rule_hint(attempt.item, attempt.episode, attempt.outcome, attempt.profile))
