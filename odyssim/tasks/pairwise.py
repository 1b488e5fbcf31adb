"""Which of two texts is better: asked in both orders, because many judges prefer the place and not the text.

question 1   A = one, B = other      the judge says A
question 2   A = other, B = one      the judge says A again
share        0.5: the two answers contradict each other, so the place decided
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Literal

from pydantic import Field

from odyssim.models.base import Floor
from odyssim.tasks.panel import ask_panel
from odyssim.types import Message, Profile, Record

PairQuestion = Callable[[str, str], Sequence[Message]]
"""The messages of a question that shows its first text as A and its second as B."""


class Choice(Record):
    """Which of two texts is better."""

    reason: str = Field(description="what decides, in one or two sentences")
    better: Literal["A", "B"]


class BothOrders(Record):
    """The choices of every judge and sample: `given` with the first text as A, `swapped` with the second text as A."""

    given: tuple[Choice, ...]
    swapped: tuple[Choice, ...]

    @property
    def share(self) -> float:
        """How often the first text was chosen, over both orders: 0..1."""
        return fmean([each.better == "A" for each in self.given] + [each.better == "B" for each in self.swapped])

    @property
    def flipped(self) -> float:
        """Share of the judges' samples whose choice changed with the order."""
        return fmean(one.better == other.better for one, other in zip(self.given, self.swapped, strict=True))

    @property
    def first_place(self) -> float:
        """How often the text shown as A was chosen; 0.5 if the place does not matter."""
        return fmean(each.better == "A" for each in (*self.given, *self.swapped))


async def ask_both_orders(
    floor: Floor, question: PairQuestion, first: str, second: str, profile: Profile, *keys: object
) -> BothOrders:
    """Put both orders of two texts to every judge of the cast; `keys` name the pair for seeds.

    Raises what `ask_panel` raises: with one choice missing there is no answer.
    """
    given = await ask_panel(floor, question(first, second), Choice, profile, *keys, "given")
    swapped = await ask_panel(floor, question(second, first), Choice, profile, *keys, "swapped")
    return BothOrders(given=given.verdicts, swapped=swapped.verdicts)
