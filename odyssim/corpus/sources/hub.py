"""Datasets of the Hugging Face hub, read by the schema they are published in.

If files of the dataset lie in the data folder (Parquet, JSONL, JSON or CSV, also inside zip archives), these are read.
If not, and only if downloading is allowed, the rows are streamed from the hub with `datasets`. Either way a row is
checked against a `HubRow`, which knows what conversations it holds. What a row type does not name is never read on:
addresses, request headers and countries of users end here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Self, TypeVar

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, TableRow
from odyssim.corpus.sources.records import (
    checked_records,
    csv_records,
    json_records,
    jsonl_records,
    parquet_records,
)
from odyssim.errors import DataError, MissingDependency, OdysSimError, UsageError
from odyssim.types import Interaction

if TYPE_CHECKING:
    from datasets import IterableDataset

PARQUET_EXPORT: Final = "refs/convert/parquet"
"""The revision under which the hub keeps a Parquet copy of datasets that come as a script."""

_ROWS_PER_SHARE: Final = 250_000
_TABLES: Final = (".parquet", ".jsonl", ".json", ".csv")
_WORD: Final = re.compile(r"[a-z]+")
_SPLIT_WORDS: Final[dict[str, Split]] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "test", "eval"), "validation"),
}


RowT = TypeVar("RowT", bound=TableRow)


class HubFiles(RawFiles):
    """No file at hand: the rows are streamed from the hub dataset `hub`; share `share` of `shares` equal ones."""

    def __init__(self, hub: str, share: int = 0, shares: int = 1) -> None:
        self.root = Path(hub)
        self.hint = ""
        self.share = share
        self.shares = shares

    @property
    def all(self) -> list[RawFile]:
        return []


class HubReader(SourceReader):
    """A hub dataset whose rows are `row`s.

    The card's `files` select among the dataset's tables, here and on the hub; where none of them is at hand, every
    table is read. `at` is the dotted path of the list in a JSON file, `revision` the hub's branch. With
    `allow_download`, `files` falls back to the hub.
    """

    allow_download = False
    joins_rows = False
    """Whether a conversation may lie in several rows, so that all tables have to be read together."""

    def __init__(self, card: SourceCard, row: type[HubRow], *, at: str = "", revision: str | None = None) -> None:
        self.card = card.model_copy(update={"columns": row.columns()})
        self._row = row
        self._at = at
        self._revision = revision

    def downloading(self) -> Self:
        """A reader of the same dataset that may stream it from the hub."""
        reader = copy(self)
        reader.allow_download = True
        return reader

    def files(self, data: Path | None) -> RawFiles:
        """The files in the data folder, or the hub if there are none and downloading is allowed.

        Raises `UsageError` if it is not allowed, or nothing could be downloaded.
        """
        if self.at_hand(data) or not self.card.hub:
            return super().files(data)
        if not self.allow_download:
            raise UsageError(
                f"The source '{self.card.id}' is not in the data folder, and downloading it is not asked for.",
                hint=f"add --download to stream {self.card.hub} from the Hugging Face hub, or put its files into "
                f"corpus/{self.card.id} of the folder that --data names",
            )
        return HubFiles(self.card.hub)

    def raw_files(self, data: Path | None) -> list[RawFile]:
        files = self.files(data)
        return [] if isinstance(files, HubFiles) else _tables(files, self.card.files)

    def parts(self, files: RawFiles) -> list[RawFiles]:
        """Each table by itself; of what is streamed, as many shares of the files upstream as the rows call for."""
        if self.joins_rows:
            return [files]
        if isinstance(files, HubFiles):
            shares = 1 + (self.card.rows_upstream or 0) // _ROWS_PER_SHARE
            return [HubFiles(self.card.hub, share, shares) for share in range(shares)]
        tables = files.only(*_tables(files, self.card.files))
        return [tables.only(table) for table in tables.all]

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for split, place, row in self.rows(files, self._row, report):
            for conversation in row.conversations():
                yield from self.hand_out(conversation, report, split=split, place=place)

    def rows(
        self, files: RawFiles, row: type[RowT], report: ReadReport, *, named: tuple[str, ...] = ()
    ) -> Iterator[tuple[Split | None, str, RowT]]:
        """The rows of the tables called `named` (default: the card's files), with published split and place.

        A dataset with a single split has none, whichever of its tables are in `files`.
        """
        if isinstance(files, HubFiles):
            yield from self._streamed(files, row, report, named or self.card.files)
            return
        tables = files.match(*named) if named else _tables(files, self.card.files)
        whole = tables if files.whole is files else files.whole.all
        several = len({_split_of(table.name) for table in whole}) > 1
        for table in tables:
            for place, record in _records(table, row, report, self._at):
                yield _split_of(table.name) if several else None, place, record

    def hand_out(
        self, conversation: Conversation, report: ReadReport, *, split: Split | None, place: str
    ) -> Iterator[Interaction]:
        """The interaction of a conversation that was found at `place`."""
        name = conversation.id or place
        return self.emit(
            conversation.turns,
            conversation.context,
            report,
            axis=self.card.axes[0],
            split=conversation.split or split or hash_split(name),
            original_id=name,
            place=place,
            tags=conversation.tags,
        )

    def _streamed(
        self, files: HubFiles, row: type[RowT], report: ReadReport, named: tuple[str, ...]
    ) -> Iterator[tuple[Split | None, str, RowT]]:
        with _explained(self.card):
            streams = _streams(self.card.hub, self._revision, named)
        several = len({_split_of(name) for name in streams}) > 1
        for name, stream in streams.items():
            for number in range(stream.num_shards)[files.share :: files.shares]:
                table = RawFile(f"{self.card.hub}, {name}, file {number + 1}", Path(self.card.hub, name), size=0)
                rows = self._numbered(stream.shard(stream.num_shards, number))
                for place, record in checked_records(rows, table, row, report):
                    yield _split_of(name) if several else None, place, record

    def _numbered(self, stream: Iterable[object]) -> Iterator[tuple[str, object]]:
        with _explained(self.card):
            for number, value in enumerate(stream, start=1):
                yield f"row {number}", value


def _split_of(name: str) -> Split | None:
    """The split that a file, folder or hub split is named after."""
    return next((_SPLIT_WORDS[word] for word in _WORD.findall(name.lower()) if word in _SPLIT_WORDS), None)


def _tables(files: RawFiles, patterns: Sequence[str]) -> list[RawFile]:
    """The tables that `patterns` name; where none of these is here, all of them."""
    unpacked = [
        member for file in files.all for member in (RawFiles.inside(file).all if file.name.endswith(".zip") else [file])
    ]
    tables = [file for file in unpacked if _is_table(PurePosixPath(file.name.removesuffix(".gz")))]
    if not tables:
        raise DataError(f"no {', '.join(_TABLES)} file is here", path=files.root, hint=files.hint)
    return [file for file in tables if _matches(file.name, patterns)] or tables


def _is_table(path: PurePosixPath) -> bool:
    """Not what the hub's client or an archiver hides beside the data."""
    return path.suffix in _TABLES and not any(part.startswith(".") for part in path.parts)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(PurePosixPath(name).match(pattern.removeprefix("**/")) for pattern in patterns)


def _records(file: RawFile, row: type[RowT], report: ReadReport, at: str) -> Iterator[tuple[str, RowT]]:
    match PurePosixPath(file.name.removesuffix(".gz")).suffix:
        case ".parquet":
            return parquet_records(file, row, report, columns=row.read_columns())
        case ".csv":
            return csv_records(file, row, report)
        case ".json" if at or file.opening() == b"[":  # many that are called so hold one object per line
            return json_records(file, row, report, at=at)
        case _:
            return jsonl_records(file, row, report)


def _streams(hub: str, revision: str | None, named: Sequence[str]) -> dict[str, IterableDataset]:
    """The rows of each split of a hub dataset, or of the files called `named`; a shard is a file."""
    import datasets
    from huggingface_hub import HfApi

    if datasets.config.HF_HUB_OFFLINE:
        raise UsageError(
            f"{hub} cannot be streamed: HF_DATASETS_OFFLINE or HF_HUB_OFFLINE is set.",
            hint="unset it, or put the files of the dataset into the data folder",
        )
    HfApi(endpoint=datasets.config.HF_ENDPOINT).auth_check(hub, repo_type="dataset")
    files: dict[str, list[str]] = {}
    for pattern in named:
        files.setdefault(_split_of(pattern) or "train", []).append(pattern)
    return dict(datasets.load_dataset(hub, data_files=files or None, revision=revision, streaming=True))


@contextmanager
def _explained(card: SourceCard) -> Iterator[None]:
    """Turn what the hub and `datasets` raise into a `DataError` that says what to do."""
    try:
        from datasets.exceptions import DatasetNotFoundError, DatasetsError
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
    except ImportError as error:
        raise MissingDependency("datasets", "corpus", purpose="Streaming from the Hugging Face hub") from error
    from pyarrow import ArrowException

    http_error: type[Exception] = HfHubHTTPError.__bases__[0]  # that of whatever HTTP library the hub's client uses
    page = f"https://huggingface.co/datasets/{card.hub}"
    by_hand = f"hf download {card.hub} --repo-type dataset --local-dir DATA/corpus/{card.id}"
    try:
        yield
    except OdysSimError:
        raise
    except GatedRepoError as error:
        raise DataError(
            "this dataset is gated, and the hub does not know of your consent",
            path=card.hub,
            hint=f"accept its terms at {page}, then set HF_TOKEN to a token of your account",
        ) from error
    except (RepositoryNotFoundError, DatasetNotFoundError) as error:
        raise DataError("the hub has no such dataset", path=card.hub, hint=f"see {page}") from error
    except (http_error, ConnectionError, TimeoutError) as error:
        raise DataError(
            f"the Hugging Face hub cannot be reached: {_brief(error)}",
            path=card.hub,
            hint=f"try again later, or get the files another way: {by_hand}",
        ) from error
    except (DatasetsError, ArrowException, RuntimeError, ValueError, OSError) as error:
        raise DataError(
            f"'datasets' cannot stream it: {_brief(error)}", path=card.hub, hint=f"get the files: {by_hand}"
        ) from error


def _brief(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
