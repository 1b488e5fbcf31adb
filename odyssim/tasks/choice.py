"""Tasks with an objective answer: one prompt, one completion, one mark.

A choice task writes `prompt` (the user text) and `mark` (score and extracted answer). Everything else, from asking
the policy to counting an unfinished thought as a failure and not as a wrong answer, is here.
"""

from __future__ import annotations

from abc import abstractmethod

from odyssim.errors import TruncatedThought
from odyssim.models.base import Floor, Role
from odyssim.tasks.base import ItemT, Played, Task
from odyssim.tasks.extraction import final_text
from odyssim.types import Episode, EpisodeStop, Message, Outcome, Profile, Record, StopReason, Turn

EXAMINER = "examiner"


class Mark(Record):
    """What a completion earns: `score` in 0..1, and the answer that was read (none if there was none)."""

    score: float
    answer: str | None


class ChoiceTask(Task[ItemT]):
    """A single-turn task with an objective answer."""

    @abstractmethod
    def prompt(self, item: ItemT, profile: Profile) -> str:
        """The user message shown to the policy."""

    @abstractmethod
    def mark(self, item: ItemT, text: str | None, profile: Profile) -> Mark:
        """Mark a raw completion; pure. `None` stands for no completion and earns nothing."""

    def messages(self, item: ItemT, profile: Profile) -> tuple[Message, ...]:
        """What the policy sees. The published data flow has an empty system message; `improved` has none."""
        user = Message(role="user", content=self.prompt(item, profile))
        return (Message(role="system", content=""), user) if profile is Profile.REFERENCE else (user,)

    async def converse(self, item: ItemT, floor: Floor, profile: Profile) -> Played:
        messages = self.messages(item, profile)
        sampling = floor.cast.sampling.with_seed_for(self.name, item.id)
        reply = await floor.ask(Role.POLICY, messages, sampling)
        unfinished = reply.stop_reason is StopReason.LENGTH and final_text(reply.text) is None
        if unfinished and profile is Profile.IMPROVED:
            error = TruncatedThought(
                f"The reply to {self.name} item {item.id} ended inside a thought after {sampling.max_tokens} tokens.",
                hint="raise --max-tokens, or switch the model's thinking off",
            )
            error.party = Role.POLICY.party
            raise error
        return Played(
            stop=EpisodeStop.LENGTH if reply.stop_reason is StopReason.LENGTH else EpisodeStop.COMPLETED,
            turns=(
                Turn(speaker=EXAMINER, text=messages[-1].content, human=False, train=False),
                Turn(speaker=Role.POLICY.value, text=reply.text, human=False, train=False),
            ),
        )

    async def grade(self, item: ItemT, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        mark = self.mark(item, episode.turns[-1].text, profile)
        answered = 0.0 if mark.answer is None else 1.0
        return Outcome(score=mark.score, answer=mark.answer, metrics={"answered": answered})
