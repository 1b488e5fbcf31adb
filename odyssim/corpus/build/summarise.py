"""The last step: what all parts reported becomes the summary of the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from odyssim.corpus.build.executor import seconds_of
from odyssim.corpus.build.layout import Layout
from odyssim.corpus.build.parts import Part
from odyssim.corpus.build.reports import FinishReport, PartReport
from odyssim.corpus.figures import Figures, added
from odyssim.corpus.sources.base import Skip, SourceCard
from odyssim.corpus.summary import Compared, CorpusFile, CorpusSummary, SourceSummary
from odyssim.storage import write_text
from odyssim.types import Failure, Json


@dataclass(frozen=True)
class Summarise:
    """Called by an executor once, after all parts: writes the summary."""

    key: str
    config: Json
    parts: tuple[Part, ...]
    cards: tuple[SourceCard, ...]
    missing: dict[str, Failure]
    compared: Compared
    layout: Layout
    steps: tuple[str, ...]
    workers: int

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        work_seconds: Counter[str] = Counter()
        files: list[CorpusFile] = []
        sources = []
        for card in self.cards:
            tasks = [task for task, part in enumerate(self.parts) if part.id == card.id]
            reads = [PartReport.model_validate_json(self.layout.read_report(task).read_bytes()) for task in tasks]
            for read in reads:
                work_seconds.update(read.seconds)
            done = [task for task, read in zip(tasks, reads, strict=True) if read.failure is None]
            finished = [
                (self.parts[task], FinishReport.model_validate_json(self.layout.finish_report(task).read_bytes()))
                for task in done
            ]
            files += [
                CorpusFile(path=self.layout.file(part, split), source=card.id, split=split, sha256=digest)
                for part, report in finished
                for split, digest in report.files.items()
            ]
            failures = [read.failure for read in reads if read.failure] + [
                failure for name, failure in self.missing.items() if name == card.id
            ]
            sources.append(
                SourceSummary(
                    card=card,
                    records=_total(read.records for read in reads),
                    skips=_merged(skip for read in reads for skip in read.skips),
                    rejects=_total([*(read.rejects for read in reads), *(report.rejects for _, report in finished)]),
                    figures=sum((report.figures for _, report in finished), start=Figures()),
                    pii=_total(read.pii for read in reads),
                    overlap=_total(read.overlap for read in reads),
                    failures=tuple(failures),
                )
            )
        summary = CorpusSummary(
            key=self.key,
            config=self.config,
            sources=tuple(sources),
            files=tuple(files),
            compared=self.compared,
            workers=self.workers,
            seconds={step: seconds_of(step, self.layout.steps) for step in self.steps},
            work_seconds=dict(work_seconds),
        )
        write_text(self.layout.summary, summary.model_dump_json(indent=2) + "\n")


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        total = added(total, count)
    return total


def _merged(skips: Iterable[Skip]) -> tuple[Skip, ...]:
    """Skips of one reason as one, with the first place."""
    merged: dict[str, Skip] = {}
    for skip in skips:
        seen = merged.get(skip.reason)
        merged[skip.reason] = seen.model_copy(update={"count": seen.count + skip.count}) if seen else skip
    return tuple(merged.values())
