"""Grounding: every interaction gets a social context, its own or one that a model writes from the finished talk.

What a dataset says about its conversations is kept; a model is asked only where there is nothing, or where what there
is gives the targets away. A conversation whose written contexts keep breaking a rule is dropped and counted; one whose
endpoint failed is left out and counted apart, and the next run with the same journal asks for it again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from odyssim.corpus.ground.form import CARD, Form
from odyssim.corpus.ground.journal import Journal, Journaled
from odyssim.corpus.ground.rules import Fault, gives_away
from odyssim.corpus.ground.write import WriterSettings, write_context
from odyssim.corpus.store import InteractionWriter
from odyssim.errors import EndpointRefused, ModelCallError
from odyssim.models.base import ChatModel, Role
from odyssim.progress import Progress, Silent
from odyssim.types import Cost, Failure, Interaction, Record

_WAITING_PER_CALL: Final = 4
"""Conversations in flight per open call: a slow one at the front must not keep the others from being asked."""


class GroundSettings(WriterSettings):
    """How a set of interactions is grounded.

    `rewrite`: 'missing' asks a model only where there is no context or one that leaks, 'all' asks for every
    conversation. `concurrency` is the number of open calls, `patience` how many conversations in a row may fail
    before the endpoint is given up (none: never).
    """

    rewrite: Literal["missing", "all"] = "missing"
    concurrency: int = Field(default=16, ge=1)
    patience: int | None = Field(default=32, ge=1)


DEFAULTS: Final = GroundSettings()


class GroundReport(Record):
    """What grounding did.

    `kept` contexts by author; `written` by the model; `leaking` came with a context that gave targets away, and were
    asked for anew; `dropped` conversations by the first rule that the last attempt broke; `failed` ones by the kind of
    failure, of which `failures` holds the first of each; `rejected` attempts by fault, dropped conversations or not.
    `cost` is this run's, `worth` includes what earlier runs paid for the same answers. `seconds` on the clock.
    """

    writer: str
    prompt_version: str
    interactions: int
    kept: dict[str, int]
    written: int
    leaking: int
    dropped: dict[str, int]
    failed: dict[str, int]
    failures: tuple[Failure, ...]
    rejected: dict[str, int]
    cost: Cost
    worth: Cost
    seconds: float

    @property
    def rows(self) -> int:
        """Interactions in the output."""
        return sum(self.kept.values()) + self.written

    @property
    def complete(self) -> bool:
        """Whether every conversation was settled: written, kept or dropped, and none failed."""
        return not self.failed


@dataclass(frozen=True, slots=True)
class _Settled:
    """One conversation with what came of it; `failure` and a row exclude each other."""

    row: Interaction | None
    written: bool = False
    leaking: bool = False
    rejected: tuple[tuple[Fault, ...], ...] = ()
    failure: ModelCallError | None = None


async def ground(
    interactions: Iterable[Interaction],
    writer: ChatModel,
    out: Path,
    journal: Path,
    *,
    settings: GroundSettings = DEFAULTS,
    form: Form = CARD,
    total: int = 0,
    progress: Progress = Silent(),
) -> GroundReport:
    """Write the Parquet file `out` with `interactions` and their contexts, in the same order.

    `form` is how the writer is asked, see `form_of`.

    Replies are kept in the folder `journal` as they come: an interrupted run asks nothing twice when it is started
    again. At most a few conversations per open call are in memory. `total` is how many interactions there are, for
    whoever watches. Raises `ModelCallError` if the endpoint refuses the key, or fails `settings.patience` times in a
    row; `StorageError` if writing fails. Then `out` is not touched.
    """
    started = time.monotonic()
    tally = _Tally()
    with Journal(journal) as replies, InteractionWriter(out) as file, progress.work("contexts", total) as work:
        model = Journaled(writer, replies)
        async with aclosing(_in_order(interactions, model, settings, form)) as stream:
            async for settled in stream:
                tally.add(settled)
                if settled.row is not None:
                    file.add(settled.row)
                if settled.failure and hopeless(settled.failure, tally.failed_in_a_row, settings):
                    raise settled.failure
                work.advance(1, written=tally.written, dropped=tally.dropped.total(), usd=model.spent.usd or 0.0)
    return GroundReport(
        writer=writer.name,
        prompt_version=form.version,
        interactions=tally.interactions,
        kept=dict(tally.kept),
        written=tally.written,
        leaking=tally.leaking,
        dropped=dict(tally.dropped),
        failed=dict(tally.failed),
        failures=tuple(tally.failures.values()),
        rejected=dict(tally.rejected),
        cost=model.spent,
        worth=model.worth,
        seconds=time.monotonic() - started,
    )


def needs_writing(interaction: Interaction, settings: GroundSettings) -> bool:
    """Whether a model has to write the context of `interaction`."""
    context = interaction.context
    return settings.rewrite == "all" or context is None or gives_away(interaction, context)


def hopeless(failure: ModelCallError, failed_in_a_row: int, settings: GroundSettings) -> bool:
    """Whether there is no use in asking on: the endpoint refuses us, or nothing has worked for long."""
    out_of_patience = settings.patience is not None and failed_in_a_row >= settings.patience
    return out_of_patience or isinstance(failure, EndpointRefused)


async def _settle(
    interaction: Interaction, writer: ChatModel, settings: GroundSettings, form: Form, calls: asyncio.Semaphore
) -> _Settled:
    if not needs_writing(interaction, settings):
        return _Settled(row=interaction)
    leaking = settings.rewrite == "missing" and interaction.context is not None
    try:
        async with calls:
            writing = await write_context(interaction, writer, settings, form)
    except ModelCallError as error:
        return _Settled(row=None, leaking=leaking, failure=error)
    row = interaction.model_copy(update={"context": writing.context}) if writing.context else None
    return _Settled(row=row, written=row is not None, leaking=leaking, rejected=writing.rejected)


async def _in_order(
    interactions: Iterable[Interaction], writer: ChatModel, settings: GroundSettings, form: Form
) -> AsyncGenerator[_Settled]:
    calls = asyncio.Semaphore(settings.concurrency)
    waiting: deque[asyncio.Task[_Settled]] = deque()
    try:
        for interaction in interactions:
            waiting.append(asyncio.create_task(_settle(interaction, writer, settings, form, calls)))
            if len(waiting) == _WAITING_PER_CALL * settings.concurrency:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


class _Tally:
    """The counts of a run, as it goes."""

    def __init__(self) -> None:
        self.interactions = self.written = self.leaking = self.failed_in_a_row = 0
        self.kept, self.dropped, self.failed, self.rejected = (Counter[str]() for _ in range(4))
        self.failures: dict[str, Failure] = {}

    def add(self, settled: _Settled) -> None:
        self.interactions += 1
        self.leaking += settled.leaking
        self.rejected.update(fault.value for faults in settled.rejected for fault in faults)
        if settled.failure is not None:
            self.failed[settled.failure.kind] += 1
            self.failures.setdefault(settled.failure.kind, Failure.of(settled.failure, Role.WRITER.party))
            self.failed_in_a_row += 1
            return
        if settled.row is None:
            self.dropped[settled.rejected[-1][0].value] += 1
        elif settled.written:
            self.written += 1
        elif settled.row.context is not None:
            self.kept[settled.row.context.author] += 1
            return
        self.failed_in_a_row = 0
