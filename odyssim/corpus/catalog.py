"""The catalogue: every source of interactions by name."""

from __future__ import annotations

from pathlib import Path

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.casino import Casino
from odyssim.corpus.sources.empathetic_dialogues import EmpatheticDialogues
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.corpus.sources.persuasionforgood import PersuasionForGood
from odyssim.corpus.sources.taskmaster import Taskmaster
from odyssim.corpus.sources.village import Village
from odyssim.errors import UnknownName

_READERS: tuple[SourceReader, ...] = (
    Casino(),
    EmpatheticDialogues(),
    PersuasionForGood(),
    Taskmaster(),
    Village(),
)
SOURCES: dict[str, SourceReader] = {reader.card.id: reader for reader in _READERS}


def source(name: str) -> SourceReader:
    """The source of a catalogue name, or of the path of one's own `.jsonl` file.

    Raises `UnknownName` for another name, `DataError` for a path without a file.
    """
    if name.endswith(".jsonl"):
        return InteractionFile(Path(name))
    if name not in SOURCES:
        raise UnknownName("corpus source", name, list(SOURCES), hint="or give the path of your own FILE.jsonl")
    return SOURCES[name]
