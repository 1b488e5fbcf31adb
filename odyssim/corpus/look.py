"""Looking into a corpus, or straight into a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from pathlib import Path

from odyssim.corpus.catalog import source
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.summary import read_all
from odyssim.errors import DataError
from odyssim.types import Interaction, derive_seed


def look(
    what: str, data: Path | None, *, original_id: str | None = None, count: int = 1, seed: int = 0
) -> list[Interaction]:
    """`count` interactions at random, or all with this id, of a corpus folder or of a catalogued source at hand.

    Raises `UnknownName` if `what` is neither, `DataError` if nothing has the id or nothing can be read.
    """
    interactions = read_all(Path(what)) if Path(what).is_dir() else _read_source(what, data)
    if original_id is None:
        return sample(interactions, count, seed)
    found = [one for one in interactions if one.source.original_id == original_id]
    if not found:
        raise DataError(f"nothing in {what} has the id '{original_id}'", hint="leave --id out for one at random")
    return found


def sample(interactions: Iterable[Interaction], count: int, seed: int) -> list[Interaction]:
    """`count` interactions at random; which ones depends on the seed and their ids alone. Holds `count` in memory."""
    return nsmallest(count, interactions, key=lambda one: derive_seed(seed, one.source.dataset, one.source.original_id))


def _read_source(name: str, data: Path | None) -> Iterator[Interaction]:
    reader = source(name)
    return reader.read(reader.files(data), ReadReport())
