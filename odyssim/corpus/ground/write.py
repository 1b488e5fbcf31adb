"""Writing the context of one conversation: ask, check, ask again, give up."""

from __future__ import annotations

from pydantic import Field

from odyssim.corpus.ground.form import CARD, Form
from odyssim.corpus.ground.rules import Fault, violations
from odyssim.corpus.ground.schema import Malformed, Refusal
from odyssim.errors import ContentFiltered
from odyssim.models.base import ChatModel
from odyssim.settings import Settings
from odyssim.types import Interaction, Record, Sampling, SocialContext, derive_seed


class WriterSettings(Settings):
    """How contexts are written.

    `attempts` per conversation, each with a seed of its own that follows from `seed` and the conversation;
    `transcript_chars` of a conversation are shown at most; `temperature` none leaves it to the engine.
    """

    attempts: int = Field(default=3, ge=1)
    transcript_chars: int = Field(default=16_000, ge=1_000)
    temperature: float | None = Field(default=1.0, ge=0.0)
    max_tokens: int = Field(default=2048, ge=64)
    seed: int = 0


class Writing(Record):
    """What came of one conversation: a context, or none; and what each attempt that was turned down did wrong."""

    context: SocialContext | None
    rejected: tuple[tuple[Fault, ...], ...] = ()


async def write_context(
    interaction: Interaction, writer: ChatModel, settings: WriterSettings, form: Form = CARD
) -> Writing:
    """The first of `settings.attempts` answers that is a context and keeps all rules.

    Every attempt after the first is told which rules the one before broke. Raises `ModelCallError` if a call fails;
    a provider that filters the answer has refused, and that is no failed call.
    """
    complaints: tuple[str, ...] = ()
    rejected: list[tuple[Fault, ...]] = []
    for attempt in range(settings.attempts):
        prompt = form.ask(interaction, settings.transcript_chars, complaints)
        wanted = Sampling(
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            seed=derive_seed(settings.seed, prompt[-1].content, attempt),
        )
        faults: tuple[Fault, ...]
        try:
            reply = await writer.say(prompt, form.sampling(wanted))
            answer = form.read(reply, interaction, settings.transcript_chars)
        except ContentFiltered as error:
            answer = Refusal(declined=error.message)
        if isinstance(answer, Refusal):
            complaints, faults = (), (Fault.REFUSED,)
        elif isinstance(answer, Malformed):
            complaints, faults = (answer.complaint,), (Fault.MALFORMED,)
        else:
            broken = violations(interaction, answer)
            if not broken:
                context = answer.model_copy(update={"model": writer.name})
                return Writing(context=context, rejected=tuple(rejected))
            complaints = tuple(violation.complaint for violation in broken)
            faults = tuple(dict.fromkeys(violation.fault for violation in broken))
        rejected.append(faults)
    return Writing(context=None, rejected=tuple(rejected))
