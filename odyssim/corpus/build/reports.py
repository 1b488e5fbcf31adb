"""What the steps of a build leave behind for the summary, one file per part."""

from __future__ import annotations

from odyssim.corpus.figures import Figures
from odyssim.corpus.sources.base import Skip
from odyssim.types import Failure, Record


class PartReport(Record):
    """What reading one part saw and did, with `seconds` per step; a failed part stores nothing."""

    records: dict[str, int]
    skips: tuple[Skip, ...]
    interactions: int
    rejects: dict[str, int]
    pii: dict[str, int]
    overlap: dict[str, int]
    seconds: dict[str, float]
    failure: Failure | None = None


class FinishReport(Record):
    """What finishing one part wrote: SHA-256 per file, by split."""

    source: str
    rejects: dict[str, int]
    figures: Figures
    files: dict[str, str]
