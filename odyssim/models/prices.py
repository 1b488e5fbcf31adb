"""What a call costs: list prices of models that people use as judges, partners and baselines."""

from __future__ import annotations

import re
from datetime import date

from pydantic import Field

from odyssim.types import Record, Usage


class Price(Record):
    """US dollars per million prompt and completion tokens, as listed on `as_of`."""

    prompt: float = Field(ge=0.0)
    completion: float = Field(ge=0.0)
    as_of: date | None = None

    def usd(self, usage: Usage) -> float:
        """The price of `usage` in US dollars; discounts for cached prompts are not counted."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1e6


_LISTED = date(2025, 8, 7)

PRICES: dict[str, Price] = {
    "gpt-5": Price(prompt=1.25, completion=10.00, as_of=_LISTED),
    "gpt-5-mini": Price(prompt=0.25, completion=2.00, as_of=_LISTED),
    "gpt-5-nano": Price(prompt=0.05, completion=0.40, as_of=_LISTED),
}

_SNAPSHOT_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def price_of(model: str) -> Price | None:
    """The listed price of `model` or of the model it is a dated snapshot of; none if unknown."""
    return PRICES.get(_SNAPSHOT_DATE.sub("", model))
