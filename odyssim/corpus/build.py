"""Building a corpus: chosen sources are read, sampled, and stored with a summary of what went in.

out/corpus.json                 the summary: counts, licences, skips, a hash per file; written last
out/casino/train.parquet        one folder per source, one file per split
out/casino/validation.parquet
"""

from __future__ import annotations

import hashlib
import heapq
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from odyssim.corpus.catalog import source
from odyssim.corpus.sources.base import SPLITS, ReadReport, Skip, SourceCard, SourceReader, first_problem
from odyssim.corpus.sources.village import VILLAGE_SIZE, Village
from odyssim.corpus.store import InteractionWriter, read_interactions
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.progress import Progress, Silent, Work
from odyssim.storage import write_text, writing
from odyssim.types import Axis, Interaction, Record, derive_seed

SUMMARY_FILE: Final = "corpus.json"


class SourceChoice(Record):
    """A source by catalogue name or `.jsonl` path; `limit` draws that many interactions at random."""

    name: str
    limit: int | None = Field(default=None, ge=1)


class Tally(Record):
    """What went in for one source, split and axis. `words` are separated by white space, over all turns."""

    source: str
    split: str
    axis: Axis
    interactions: int
    turns: int
    imitated_turns: int
    words: int


class SourceSummary(Record):
    """One source: its card, what reading saw (records per file, skips), and its interactions per licence."""

    card: SourceCard
    records: dict[str, int]
    skips: tuple[Skip, ...]
    licences: dict[str, int]


class CorpusFile(Record):
    """One stored file; `path` is relative to the corpus folder."""

    path: str
    source: str
    split: str
    sha256: str


class CorpusSummary(Record):
    """What a corpus holds and how it was built."""

    seed: int
    sources: tuple[SourceSummary, ...]
    tallies: tuple[Tally, ...]
    files: tuple[CorpusFile, ...]
    seconds: float

    @property
    def interactions(self) -> int:
        return sum(tally.interactions for tally in self.tallies)


def build_corpus(
    sources: Sequence[SourceChoice], data: Path | None, out: Path, *, seed: int, progress: Progress = Silent()
) -> CorpusSummary:
    """Read `sources`, published ones from `data`/corpus, and store them in the folder `out`.

    The same seed and files give the same stored bytes. An older corpus in `out` stops being one as soon as this
    begins. Raises `UsageError` for a choice that makes no sense, `DataError` for unreadable or empty sources,
    `StorageError` if writing fails.
    """
    started = time.monotonic()
    readers = _readers(sources, seed)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / SUMMARY_FILE).unlink(missing_ok=True)
    summaries: list[SourceSummary] = []
    tallies: list[Tally] = []
    files: list[CorpusFile] = []
    for choice, reader in zip(sources, readers, strict=True):
        card, report, root = reader.card, ReadReport(), reader.root(data)
        with progress.work(f"corpus: {card.id}", total=card.interactions or 0) as work:
            interactions = _watched(reader.read(root, report), work)
            kept = interactions if choice.limit is None else subsample(interactions, choice.limit, seed)
            found, licences = _store(kept, out, card.id)
        if not found:
            raise DataError(f"the source '{card.id}' holds no interaction to learn from", path=root)
        summaries.append(
            SourceSummary(
                card=card,
                records=report.records,
                skips=tuple(report.skips.values()),
                licences=licences,
            )
        )
        tallies += found
        files += [_file(out, card.id, split) for split in sorted({tally.split for tally in found})]
    summary = CorpusSummary(
        seed=seed,
        sources=tuple(summaries),
        tallies=tuple(tallies),
        files=tuple(files),
        seconds=time.monotonic() - started,
    )
    write_text(out / SUMMARY_FILE, summary.model_dump_json(indent=2) + "\n")
    return summary


def read_corpus(out: Path, split: str) -> Iterator[Interaction]:
    """Stream the interactions of a split, source by source.

    Raises `UnknownName` for another split than train or validation, `DataError` if `out` holds no complete corpus.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, list(SPLITS))
    for file in read_summary(out).files:
        if file.split == split:
            yield from read_interactions(out / file.path)


def read_summary(out: Path) -> CorpusSummary:
    """The summary of a corpus folder. Raises `DataError` if there is none."""
    path = out / SUMMARY_FILE
    hint = "build one: odyssim run RECIPE --until corpus"
    if not path.is_file():
        raise DataError("there is no complete corpus here", path=out, hint=hint)
    try:
        return CorpusSummary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(first_problem(error), path=path, hint=hint) from error


def subsample(interactions: Iterable[Interaction], limit: int, seed: int) -> list[Interaction]:
    """`limit` interactions at random, in reading order; which ones depends on the seed and their ids alone.

    A smaller sample of the same seed is part of a larger one. Holds `limit` interactions in memory.
    """

    def draw(placed: tuple[int, Interaction]) -> tuple[int, int]:
        place, interaction = placed
        return derive_seed(seed, interaction.source.dataset, interaction.source.original_id), place

    chosen = heapq.nsmallest(limit, enumerate(interactions), key=draw)
    return [interaction for _, interaction in sorted(chosen, key=lambda placed: placed[0])]


def _readers(choices: Sequence[SourceChoice], seed: int) -> list[SourceReader]:
    """One reader per choice. The village has no size of its own: its limit is how large it is, the seed founds it."""
    if not choices:
        raise UsageError("A corpus needs at least one source.", hint="add --source village")
    readers = [
        Village(choice.limit or VILLAGE_SIZE, seed) if choice.name == Village.card.id else source(choice.name)
        for choice in choices
    ]
    for name, times in Counter(reader.card.id for reader in readers).items():
        if times > 1:
            raise UsageError(f"The source '{name}' is chosen {times} times.", hint="name each source once")
    return readers


def _watched(interactions: Iterator[Interaction], work: Work) -> Iterator[Interaction]:
    for interaction in interactions:
        work.advance()
        yield interaction


def _store(interactions: Iterable[Interaction], out: Path, name: str) -> tuple[list[Tally], dict[str, int]]:
    """Write one source, a file per split that occurs; its tallies, and interactions per licence."""
    figures: dict[tuple[str, Axis], Counter[str]] = {}
    licences: Counter[str] = Counter()
    with writing(out / name):
        for stale in SPLITS:
            (out / name / f"{stale}.parquet").unlink(missing_ok=True)
    writers: dict[str, InteractionWriter] = {}
    with ExitStack() as stack:
        for interaction in interactions:
            split, turns = interaction.source.split, interaction.turns
            if split not in writers:
                writers[split] = stack.enter_context(InteractionWriter(out / name / f"{split}.parquet"))
            writers[split].add(interaction)
            licences[interaction.source.licence] += 1
            figures.setdefault((split, interaction.axis), Counter()).update(
                interactions=1,
                turns=len(turns),
                imitated_turns=sum(turn.train for turn in turns),
                words=sum(len(turn.text.split()) for turn in turns),
            )
    tallies = [Tally(source=name, split=split, axis=axis, **figures[split, axis]) for split, axis in sorted(figures)]
    return tallies, dict(licences)


def _file(out: Path, name: str, split: str) -> CorpusFile:
    path = f"{name}/{split}.parquet"
    with (out / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return CorpusFile(path=path, source=name, split=split, sha256=digest)
