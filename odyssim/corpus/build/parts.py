"""The tasks of a build: every source in one part or several, each of which can be read by itself."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from odyssim import __version__
from odyssim.corpus.build.config import CorpusConfig, SourceChoice
from odyssim.corpus.catalog import source
from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.village import VILLAGE_SIZE, Village
from odyssim.errors import OdysSimError, Party, UsageError
from odyssim.types import Failure, Json, Record

_HEAD: Final = 1 << 20


class Part(Record):
    """One task: part `number` of `of` of a source; `id` is the source's own name."""

    choice: SourceChoice
    id: str
    number: int
    of: int


@dataclass(frozen=True)
class Plan:
    """All parts in order, the raw files that each depends on, and the sources whose files could not even be found."""

    parts: tuple[Part, ...]
    readers: dict[str, SourceReader]
    raw: tuple[Json, ...]
    missing: dict[str, Failure]


def plan_parts(config: CorpusConfig, data: Path | None) -> Plan:
    """The parts of every chosen source. Raises `UsageError` if two have one id, and what the only one chosen raises."""
    parts: list[Part] = []
    readers: dict[str, SourceReader] = {}
    raw: list[Json] = []
    missing: dict[str, Failure] = {}
    chosen = [(choice, reader_of(choice, config)) for choice in config.sources]
    _check_ids(chosen)
    for choice, reader in chosen:
        readers[reader.card.id] = reader
        try:
            groups = split(reader, choice, data)
            contents = raw_files(reader, data)
        except OdysSimError as error:
            if len(chosen) == 1:
                raise
            missing[reader.card.id] = Failure.of(error, Party.DATA)
            continue
        for number, files in enumerate(groups):
            parts.append(Part(choice=choice, id=reader.card.id, number=number, of=len(groups)))
            own = contents if len(groups) == 1 else {file.name: contents[file.name] for file in files.all}
            raw.append({"all": sorted(contents), "own": own})
    return Plan(tuple(parts), readers, tuple(raw), missing)


def part_keys(config: CorpusConfig, plan: Plan, benchmarks: str) -> tuple[str, ...]:
    """For each part a name that stands for all that decides what reading it gives: its own files and the names of the
    others, the settings of the reading step, and the `benchmarks` with which it is compared."""
    settings = config.model_dump(mode="json", include={"seed", "clean", "dedup", "decontaminate"})
    return tuple(
        f"{part.id}-{part.number:05d}-"
        + digest([__version__, settings, benchmarks, part.model_dump(mode="json"), raw])[:16]
        for part, raw in zip(plan.parts, plan.raw, strict=True)
    )


def digest(content: object) -> str:
    """The SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def reader_of(choice: SourceChoice, config: CorpusConfig) -> SourceReader:
    """The reader of a choice. The village has no size of its own: its limit is how large it is, the seed founds it."""
    if choice.name == Village.card.id:
        return Village(choice.limit or VILLAGE_SIZE, config.seed)
    return source(choice.name, download=config.download)


def raw_files(reader: SourceReader, data: Path | None) -> Json:
    """Size and a hash of the head of every file that a source reads: other files make another corpus."""
    return {
        file.name: [file.size, hashlib.blake2b(file.head(_HEAD, stored=True), digest_size=8).hexdigest()]
        for file in reader.raw_files(data)
    }


def split(reader: SourceReader, choice: SourceChoice, data: Path | None) -> Sequence[RawFiles]:
    """The files of each part. A source that is sampled stays whole, since a sample is drawn from all of it."""
    files = reader.files(data)
    return [files] if choice.limit else reader.parts(files)


def _check_ids(chosen: Sequence[tuple[SourceChoice, SourceReader]]) -> None:
    names: defaultdict[str, list[str]] = defaultdict(list)
    for choice, reader in chosen:
        names[reader.card.id].append(choice.name)
    for id_, same in names.items():
        if len(same) > 1:
            raise UsageError(
                f"The source '{id_}' is chosen {len(same)} times: {', '.join(same)}.",
                hint="name each source once; an own file is called like its name without the ending: rename one",
            )
