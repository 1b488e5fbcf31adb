"""What writing contexts will take, before anything is asked: tokens, money, time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from odyssim.corpus.ground.form import CARD, Form
from odyssim.corpus.ground.ground import DEFAULTS, GroundReport, GroundSettings, needs_writing
from odyssim.corpus.ground.prompt import described
from odyssim.errors import DataError
from odyssim.models.prices import Price, price_of
from odyssim.types import Interaction, Record, Usage

# Assumed until a pilot run tells better.
_BYTES_PER_TOKEN: Final = 4.0
_TOKENS_PER_SCENE: Final = 90.0
_TOKENS_PER_PERSON: Final = 70.0
_CALLS_PER_CONVERSATION: Final = 1.15
_SECONDS_PER_CALL: Final = 6.0


class Estimate(Record):
    """For `conversations` to be written of all that there are. `usd` is none if the model has no listed price.

    `basis` says where calls per conversation, answer lengths and seconds per call come from; prompts are always those
    of the sample, at four bytes of UTF-8 per token.
    """

    conversations: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    seconds: float
    basis: Literal["assumed", "pilot"]


def estimate(
    sample: Sequence[Interaction],
    n: int,
    model: str,
    *,
    settings: GroundSettings = DEFAULTS,
    form: Form = CARD,
    price: Price | None = None,
    pilot: GroundReport | None = None,
) -> Estimate:
    """The estimate for `n` interactions like those of `sample`, written by `model` (its full name, SCHEME/REST).

    `price` overrides the listed one; `pilot` is the report of an earlier, smaller run. Raises `DataError` for an empty
    sample.
    """
    if not sample:
        raise DataError("an estimate needs a sample of interactions")
    asked = [interaction for interaction in sample if needs_writing(interaction, settings)]
    conversations = round(n * len(asked) / len(sample))
    prompt, completion = _mean_tokens(asked, settings, form)
    calls, seconds_per_call = conversations * _CALLS_PER_CONVERSATION, _SECONDS_PER_CALL
    if pilot is not None and pilot.worth.calls and (settled := pilot.written + sum(pilot.dropped.values())):
        calls = conversations * pilot.worth.calls / settled
        completion = pilot.worth.completion_tokens / pilot.worth.calls
        seconds_per_call = pilot.worth.seconds / pilot.worth.calls
    usage = Usage(prompt_tokens=round(calls * prompt), completion_tokens=round(calls * completion))
    price = price or price_of(model.partition("/")[2])
    return Estimate(
        conversations=conversations,
        calls=round(calls),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        usd=price.usd(usage) if price else None,
        seconds=calls * seconds_per_call / settings.concurrency,
        basis="assumed" if pilot is None else "pilot",
    )


def _mean_tokens(asked: Sequence[Interaction], settings: GroundSettings, form: Form) -> tuple[float, float]:
    """Prompt and completion tokens of one call."""
    if not asked:
        return 0.0, 0.0
    prompts = people = 0
    for interaction in asked:
        messages = form.ask(interaction, settings.transcript_chars)
        prompts += sum(len(message.content.encode()) for message in messages)
        people += len(described(interaction, settings.transcript_chars))
    prompt = prompts / _BYTES_PER_TOKEN / len(asked)
    return prompt, _TOKENS_PER_SCENE + _TOKENS_PER_PERSON * people / len(asked)
