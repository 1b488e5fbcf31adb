"""The first step: read one part of a source, clean it, look for overlap, and store what is left."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import Final

from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.layout import Layout
from odyssim.corpus.build.parts import Part, reader_of, split
from odyssim.corpus.build.reports import PartReport
from odyssim.corpus.clean.clean import clean
from odyssim.corpus.decontaminate.flag import flag
from odyssim.corpus.decontaminate.index import OverlapIndex
from odyssim.corpus.sources.base import ReadReport, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.village import Village
from odyssim.corpus.store import REJECT_SCHEMA, InteractionWriter
from odyssim.errors import OdysSimError, Party, StorageError
from odyssim.storage import write_text
from odyssim.types import Failure, Interaction, derive_seed

_EVERY_S: Final = 0.5

Judged = tuple[Interaction, str, str]
"""An interaction, and the reason and detail for which it is left out; empty: it stays."""


@dataclass(frozen=True)
class ReadPart:
    """Called by an executor for part `rank`; hands the stored interactions on to the step that compares them.

    A part that cannot be read is reported as failed and stores nothing: the other parts go on. Only a full disk
    stops everything.
    """

    config: CorpusConfig
    parts: tuple[Part, ...]
    data: Path | None
    layout: Layout

    def __call__(self, data: object, rank: int, world_size: int) -> Iterator[Interaction]:
        part, layout = self.parts[rank], self.layout
        state = _State()
        failure = None
        try:
            with (
                InteractionWriter(layout.read(rank)) as kept,
                InteractionWriter(layout.refused(rank), REJECT_SCHEMA) as refused,
            ):
                chosen = state.reported(self._chosen(part, state), layout.progress(rank))
                for interaction, reason, detail in self._compared(self._cleaned(chosen, state), state):
                    with state.timed("write"):
                        if reason:
                            refused.add(interaction, reason=reason, detail=detail)
                        else:
                            kept.add(interaction)
                    if reason:
                        state.rejects[f"{reason}: {detail}"] += 1
                    else:
                        with state.timed("compare"):
                            yield interaction
        except StorageError:
            raise
        except OdysSimError as error:
            failure = Failure.of(error, Party.DATA)
        write_text(layout.read_report(rank), state.finished(failure).model_dump_json(indent=2) + "\n")

    def _chosen(self, part: Part, state: _State) -> Iterator[Interaction]:
        reader = reader_of(part.choice, self.config)
        files = split(reader, part.choice, self.data)[part.number]
        limit = part.choice.limit
        if limit is None or isinstance(reader, Village):
            return state.read(reader, files)
        ids = sample(reader.read(files, ReadReport()), limit, self.config.seed)
        return (one for place, one in enumerate(state.read(reader, files)) if place in ids)

    def _cleaned(self, interactions: Iterator[Interaction], state: _State) -> Iterator[Judged]:
        for interaction in interactions:
            if self.config.clean is None:
                yield interaction, "", ""
                continue
            with state.timed("clean"):
                cleaned = clean(interaction, self.config.clean)
            state.pii.update({kind[4:]: n for kind, n in cleaned.counts.items() if kind.startswith("pii:")})
            yield cleaned.interaction, "quality" if cleaned.reason else "", cleaned.reason or ""

    def _compared(self, judged: Iterator[Judged], state: _State) -> Iterator[Judged]:
        if self.config.decontaminate == "off":
            yield from judged
            return
        index = OverlapIndex.load(self.layout.overlap_index)
        for interaction, reason, detail in judged:
            with state.timed("overlap"):
                tagged, found = flag(interaction, index)
            state.overlap.update(found)
            if found and not reason and self.config.decontaminate == "remove":
                reason, detail = "overlap", ", ".join(sorted(found))
            yield tagged, reason, detail


def sample(interactions: Iterable[Interaction], limit: int, seed: int) -> set[int]:
    """The places (0-based) of `limit` interactions at random; which ones depends on the seed and their ids alone.

    A smaller sample of the same seed is part of a larger one. Holds `limit` numbers in memory.
    """
    draws = (
        (derive_seed(seed, interaction.source.dataset, interaction.source.original_id), place)
        for place, interaction in enumerate(interactions)
    )
    return {place for _, place in nsmallest(limit, draws)}


@dataclass
class _State:
    """Counts and times of one part while it is read."""

    report: ReadReport = field(default_factory=ReadReport)
    rejects: Counter[str] = field(default_factory=Counter)
    pii: Counter[str] = field(default_factory=Counter)
    overlap: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[step] += time.perf_counter() - begun

    def read(self, reader: SourceReader, files: RawFiles) -> Iterator[Interaction]:
        """The interactions of `files`; the time between them counts as reading."""
        interactions = reader.read(files, self.report)
        while True:
            with self.timed("read"):
                interaction = next(interactions, None)
            if interaction is None:
                return
            yield interaction

    def reported(self, interactions: Iterator[Interaction], progress: Path) -> Iterator[Interaction]:
        """Passes `interactions` on and notes their number in the file `progress` about twice a second."""
        told = time.monotonic()
        count = 0
        for count, interaction in enumerate(interactions, start=1):
            yield interaction
            if time.monotonic() - told > _EVERY_S:
                write_text(progress, str(count))
                told = time.monotonic()
        write_text(progress, str(count))

    def finished(self, failure: Failure | None) -> PartReport:
        return PartReport(
            records=self.report.records,
            skips=tuple(self.report.skips.values()),
            interactions=self.report.interactions,
            rejects=dict(self.rejects),
            pii=dict(self.pii),
            overlap=dict(self.overlap),
            seconds=dict(self.seconds),
            failure=failure,
        )
