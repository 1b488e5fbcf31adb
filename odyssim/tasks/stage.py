"""Who speaks to whom: every participant keeps the talk from their own side, and the flip happens in one place.

    anna = Part("Anna", Role.POLICY, system="You are Anna ...")
    ben = Part("Ben", Role.PARTNER, system="You are Ben ...", merges=True)
    anna.hear("=== start ===")
    said = await stage.speak(anna)        # own words are 'assistant' on one's own side
    ben.hear(said)                        # and 'user' on everybody else's

Whether somebody is the trained one, a partner, a narrator or a director is only their seat: the code is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from odyssim.errors import EmptyReply, TruncatedThought
from odyssim.models.base import Floor, Role
from odyssim.tasks.extraction import final_text
from odyssim.types import Message, Profile, Reply, Sampling, StopReason

EPISODE_TOKENS: Final = 8192
"""Response budget of a whole episode, counting what others say after the first prompt (published data flow)."""
FEWEST_TOKENS: Final = 10
"""With fewer tokens left than this nobody can say anything."""


@dataclass
class Part:
    """One participant: the seat of their model, what they were told first, and the talk as they saw it.

    `merges`: what is heard before one's next turn becomes one message, with blank lines between (partners; the policy
    hears every message by itself). Empty text is not heard by those who merge.
    """

    name: str
    role: Role
    system: str = ""
    merges: bool = False
    sampling: Sampling | None = None
    talk: list[Message] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """Take in what somebody else said."""
        if self.merges and not text:
            return
        if self.merges and self.talk and self.talk[-1].role == "user":
            text = f"{self.talk.pop().content}\n\n{text}"
        self.talk.append(Message(role="user", content=text))

    def say(self, text: str) -> None:
        """Keep own words, raw, as they were generated."""
        self.talk.append(Message(role="assistant", content=text))

    def messages(self, profile: Profile) -> tuple[Message, ...]:
        """What the model is shown; an empty system text only in `reference`."""
        if not self.system and profile is Profile.IMPROVED:
            return tuple(self.talk)
        return (Message(role="system", content=self.system), *self.talk)


class Stage:
    """The calls of one episode. `keys` name it (task, item), so that every call has a seed of its own."""

    def __init__(self, floor: Floor, profile: Profile, *keys: object, episode_tokens: int = EPISODE_TOKENS) -> None:
        self.floor = floor
        self.profile = profile
        self.left = episode_tokens
        self._keys = keys

    async def speak(self, part: Part) -> str | None:
        """The raw words of a participant, kept on their side; none if the policy's budget is used up or nothing came.

        `improved` raises what it cannot go on with: `EmptyReply` of anybody but the policy, and `TruncatedThought` for
        a reply that ended inside a thought. Other `ModelCallError`s pass through with the party that failed.
        """
        policy = part.role is Role.POLICY
        if policy and self.left < FEWEST_TOKENS:
            return None
        sampling = self.floor.cast.sampling if policy else part.sampling or Sampling()
        sampling = sampling.with_seed_for(*self._keys, part.name, len(part.talk))
        if policy:
            sampling = sampling.model_copy(update={"max_tokens": min(sampling.max_tokens, self.left)})
        reply = await self.floor.ask(part.role, part.messages(self.profile), sampling)
        self.spend(reply.text)
        if self.profile is Profile.IMPROVED:
            _refuse_unusable(reply, part)
        if not reply.text:
            return None
        part.say(reply.text)
        return reply.text

    def spend(self, text: str) -> None:
        """Count `text` against the episode's budget."""
        self.left -= len(self.floor.cast.split_tokens(text))


def _refuse_unusable(reply: Reply, part: Part) -> None:
    error: EmptyReply | TruncatedThought | None = None
    if reply.stop_reason is StopReason.LENGTH and final_text(reply.text) is None:
        error = TruncatedThought(f"{part.name}'s reply ended inside a thought.", hint="raise --max-tokens")
    elif part.role is not Role.POLICY and not (final_text(reply.text) or "").strip():
        error = EmptyReply(f"{part.name} said nothing.", hint=f"use another {part.role.value} model")
    if error is not None:
        error.party = part.role.party
        raise error
