"""Where a task's rows come from: the published Parquet files, the original benchmark, or the package's fixtures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from odyssim.errors import DataError, UnknownName
from odyssim.tasks.rows import Row, read_rows
from odyssim.types import Origin, Record

TEST, TRAIN, FIXTURE = "test", "train", "fixture"
FIXTURES: Final = Path(__file__).parent / "fixtures"


class PublishedFiles(Record):
    """The published files of a task (`sim-eval-data` for 'test', `sim-rl-data` for 'train') and its routing keys."""

    keys: tuple[str, ...]
    test: tuple[str, ...] = ()
    train: tuple[str, ...] = ()

    def find(self, split: str, data: Path | None) -> list[Path]:
        """The files of a split that lie in `data`: at its top, or in the folder of their hub repository.

        `data` may itself be an envelope file with the rows of any tasks. Raises `DataError` for a path that is not
        there.
        """
        if data is None:
            return []
        if data.is_file():
            return [data]
        if not data.is_dir():
            raise DataError("no such folder or file", path=data, hint="--data names the folder that holds the data")
        names = self.test if split == TEST else self.train
        places = (data, data / ("sim-eval-data" if split == TEST else "sim-rl-data"))
        return [place / name for name in names for place in places if (place / name).is_file()]


def published_rows(paths: Iterable[Path], keys: tuple[str, ...], known: Iterable[str]) -> Iterator[Row]:
    """The rows of `paths` that are routed to `keys`. `UnknownName` for a key that no task has."""
    known = sorted({*known, *keys})
    for path in paths:
        for row in read_rows(path, Origin.PUBLISHED):
            if row.data_source in keys:
                yield row
            elif row.data_source not in known:
                raise UnknownName("data_source", row.data_source, known, hint=f"{path}, row {row.line}")


def fixture_rows(folder: Path, name: str) -> Iterator[Row]:
    """The rows that a package brings for a task, in the published schema: they prove code and are no score."""
    return read_rows(folder / f"{name}.jsonl", Origin.FIXTURE)
