"""A corpus on disk: its summary, and its interactions.

OUT/corpus.json                      the summary: without it there is no corpus here
OUT/casino/train-00000.parquet       one folder per source, one file or more per split
OUT/rejects/casino-00000.parquet     what was left out, each row with its reason
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from odyssim.corpus.figures import Figures, Tally
from odyssim.corpus.ground.ground import GroundReport
from odyssim.corpus.sources.base import SPLITS, Skip, SourceCard
from odyssim.corpus.sources.records import first_problem
from odyssim.corpus.store import read_interactions
from odyssim.errors import DataError, UnknownName
from odyssim.types import Failure, Interaction, Json, Record

SUMMARY_FILE: Final = "corpus.json"
REJECTS_FOLDER: Final = "rejects"


class SourceSummary(Record):
    """One source: its card, what reading saw (records per file, skips), what was left out and why (`rejects`), what
    went in, spans of personal data replaced by kind, rows that share text with an evaluation task, and failures."""

    card: SourceCard
    records: dict[str, int]
    skips: tuple[Skip, ...]
    rejects: dict[str, int]
    figures: Figures
    pii: dict[str, int]
    overlap: dict[str, int]
    failures: tuple[Failure, ...] = ()


class CorpusFile(Record):
    """One stored file; `path` is relative to the corpus folder."""

    path: str
    source: str
    split: str
    sha256: str


class Compared(Record):
    """What a corpus was compared with: evaluation items per task, and what was not at hand, with the reason."""

    items: dict[str, int] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)


class CorpusSummary(Record):
    """What a corpus holds and how it was built.

    `key` stands for settings, raw files and benchmarks. `seconds` of wall time per step with `workers` tasks at once
    (0 on Slurm, whose jobs wait; none for what an earlier build had read); `work_seconds` say what the reading step
    spent its time on, over all workers and all parts, whenever they were read. `grounding` says what writing the
    contexts of each file took, where a model wrote any.
    """

    key: str
    config: Json
    sources: tuple[SourceSummary, ...]
    files: tuple[CorpusFile, ...]
    compared: Compared
    workers: int
    seconds: dict[str, float]
    work_seconds: dict[str, float]
    grounding: dict[str, GroundReport] = Field(default_factory=dict)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return tuple(tally for source in self.sources for tally in source.figures.tallies)

    @property
    def interactions(self) -> int:
        return sum(tally.interactions for tally in self.tallies)

    @property
    def left_out(self) -> tuple[tuple[str, str, int], ...]:
        """(source, reason, number) of the conversations that were read or skipped and did not go in."""
        return tuple(
            (source.card.id, reason, count)
            for source in self.sources
            for reason, count in (*source.rejects.items(), *((skip.reason, skip.count) for skip in source.skips))
        )

    @property
    def failures(self) -> dict[str, tuple[Failure, ...]]:
        """Sources of which something is missing."""
        return {source.card.id: source.failures for source in self.sources if source.failures}


def read_summary(out: Path) -> CorpusSummary:
    """The summary of a corpus folder. Raises `DataError` if there is none."""
    path = out / SUMMARY_FILE
    hint = "build one: odyssim corpus build"
    if not path.is_file():
        raise DataError("there is no complete corpus here", path=out, hint=hint)
    try:
        return CorpusSummary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(first_problem(error), path=path, hint=hint) from error


def read_corpus(out: Path, split: str) -> Iterator[Interaction]:
    """Stream the interactions of a split, source by source.

    Raises `UnknownName` for another split than train or validation, `DataError` if `out` holds no complete corpus.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, list(SPLITS))
    for file in read_summary(out).files:
        if file.split == split:
            yield from read_interactions(out / file.path)


def read_all(out: Path) -> Iterator[Interaction]:
    """Stream the interactions of all splits. Raises `DataError` if `out` holds no complete corpus."""
    for file in read_summary(out).files:
        yield from read_interactions(out / file.path)


def sha256(path: Path) -> str:
    """The hash of a file that the summary names."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
