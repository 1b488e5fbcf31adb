"""What a corpus is built from and how: settings only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from odyssim.corpus.clean.rules import CleanRules
from odyssim.settings import Settings
from odyssim.types import Record


class SourceChoice(Record):
    """A source by catalogue name or `.jsonl` path; `limit` draws that many interactions at random."""

    name: str
    limit: int | None = Field(default=None, ge=1)


class DedupConfig(Settings):
    """Copies of a whole conversation go; with `near`, also those that differ in a few words (MinHash, about 0.72
    similarity of word 5-grams and up). Texts under `min_words` words are too short to be called similar."""

    near: bool = True
    min_words: int = Field(default=20, ge=5)


class CorpusSteps(Settings):
    """What is done to conversations on their way into a corpus. A step that is none, or 'off', is left out.

    `decontaminate`: conversations that share text with evaluation items are removed, or kept with a tag.
    """

    clean: CleanRules | None = CleanRules()
    dedup: DedupConfig | None = DedupConfig()
    decontaminate: Literal["remove", "tag", "off"] = "remove"


class CorpusConfig(CorpusSteps):
    """Every choice of a build.

    `release`: refuse sources that may not be passed on, unless `allow` names them. `download`: sources that are not in
    the data folder may be fetched from their hub.
    """

    sources: tuple[SourceChoice, ...] = Field(min_length=1)
    seed: int = 0
    release: bool = False
    allow: tuple[str, ...] = ()
    download: bool = False


class ExecutorConfig(Settings):
    """Where the steps run: `workers` processes here, a Ray cluster (the running one, else one on this machine), or
    Slurm jobs. `slurm` holds further arguments of datatrove's Slurm executor (`partition`, `time`, ...)."""

    kind: Literal["local", "ray", "slurm"] = "local"
    workers: int = Field(default=1, ge=1)
    slurm: dict[str, str | int] = Field(default_factory=dict)
