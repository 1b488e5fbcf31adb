"""Verdicts of one or several judges, one or several samples each: their mean, their spread, and every reason.

A verdict is a `Record` with a reason before every number (`odyssim.models.judge`). One judge that fails to give a
verdict makes the whole outcome unscored: a panel with a hole is no panel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from typing import Generic, TypeVar

from odyssim.models.base import Floor, Role
from odyssim.models.judge import ask_judge
from odyssim.types import Message, Profile, Record, Sampling

VerdictT = TypeVar("VerdictT", bound=Record)


class Panel(Generic[VerdictT]):
    """Verdicts in the order asked: judge by judge, sample by sample."""

    def __init__(self, verdicts: Sequence[VerdictT], judges: Sequence[str]) -> None:
        self.verdicts = tuple(verdicts)
        self.judges = tuple(judges)

    def mean(self, value: Callable[[VerdictT], float]) -> float:
        """The mean of a number over all verdicts."""
        return fmean(map(value, self.verdicts))

    def spread(self, value: Callable[[VerdictT], float]) -> float:
        """The sample standard deviation of a number over all verdicts; 0 for a single one."""
        return stdev(map(value, self.verdicts)) if len(self.verdicts) > 1 else 0.0

    def reasons(self, reason: Callable[[VerdictT], str]) -> str:
        """Every reason; of several judges with their names."""
        if len(self.verdicts) == 1:
            return reason(self.verdicts[0])
        return "\n".join(f"{judge}: {reason(one)}" for judge, one in zip(self.judges, self.verdicts, strict=True))


async def ask_panel(
    floor: Floor,
    messages: Sequence[Message],
    verdict_type: type[VerdictT],
    profile: Profile,
    *keys: object,
    max_tokens: int = 2048,
) -> Panel[VerdictT]:
    """Put `messages` to every judge of the cast, `cast.judge_samples` times each; `keys` name the question for seeds.

    `reference` sends no temperature, as published; `improved` asks a single sample at temperature 0 and several at 1.
    Raises `UsageError` without a judge, `UnparsableVerdict` or another `ModelCallError` if one fails.
    """
    cast = floor.cast
    cast.model_for(Role.JUDGE)
    temperature = None if profile is Profile.REFERENCE else 0.0 if cast.judge_samples == 1 else 1.0
    verdicts, names = [], []
    for number, judge in enumerate(cast.judges):
        for sample in range(cast.judge_samples):
            sampling = Sampling(temperature=temperature, max_tokens=max_tokens, seed=cast.judge_seed)
            sampling = sampling.with_seed_for("judge", *keys, sample)
            verdict, _ = await ask_judge(floor, messages, verdict_type, sampling=sampling, judge=number)
            verdicts.append(verdict)
            names.append(judge.name)
    return Panel(verdicts, names)
