"""The other models of an evaluation: who plays with the policy, and who judges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from odyssim.models.base import Cast, ChatModel, Role
from odyssim.models.registry import load_model
from odyssim.types import Sampling

SEATS: Final = (Role.PARTNER, Role.NARRATOR, Role.DIRECTOR, Role.AUDITOR)

Someone = ChatModel | str | None


@dataclass(frozen=True)
class Company:
    """Models by seat, as objects or by name. Without their own, narrator and director are the partner's model.

    `base_url` is the address of those that are given by name. Every judge is asked `judge_samples` times.
    """

    judges: tuple[ChatModel | str, ...] = ()
    partner: Someone = None
    narrator: Someone = None
    director: Someone = None
    auditor: Someone = None
    judge_samples: int = 1
    base_url: str | None = None

    def cast(self, policy: ChatModel | None, sampling: Sampling, prompt_tokens: int, cache: Path) -> Cast:
        """The cast with `policy`. What judges say is kept in `cache`: the same question is paid for once.

        Raises what `load_model` raises.
        """
        partner = self._load(self.partner)
        return Cast(
            policy=policy,
            partner=partner,
            narrator=self._load(self.narrator) or partner,
            director=self._load(self.director) or partner,
            auditor=self._load(self.auditor, cache),
            judges=tuple(judge for one in self.judges if (judge := self._load(one, cache)) is not None),
            sampling=sampling,
            prompt_tokens=prompt_tokens,
            judge_samples=self.judge_samples,
        )

    def _load(self, someone: Someone, cache: Path | None = None) -> ChatModel | None:
        return load_model(someone, base_url=self.base_url, cache=cache) if isinstance(someone, str) else someone

    async def dismiss(self, cast: Cast) -> None:
        """Close the models that were given by name."""
        for seat in SEATS:
            if isinstance(getattr(self, seat.value), str):
                await cast.model_for(seat).aclose()
        for given, judge in zip(self.judges, cast.judges, strict=True):
            if isinstance(given, str):
                await judge.aclose()


NOBODY: Final = Company()


def names(cast: Cast) -> dict[str, str]:
    """Who sits where, besides the policy and the judges."""
    models = {seat.value: getattr(cast, seat.value) for seat in SEATS}
    return {seat: model.name for seat, model in models.items() if model is not None}
