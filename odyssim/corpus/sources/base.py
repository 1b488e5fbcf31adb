"""What a corpus source is: a card that says what it holds, and a reader from its published files to interactions.

A published dataset lies in one folder, `corpus/ID` below the data folder, in its upstream layout. A reader streams
that folder, counts everything it saw in a `ReadReport`, and never repairs a broken file: it says where it broke.
"""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from odyssim.errors import DataError, UsageError
from odyssim.types import Axis, Interaction, Record, SocialContext, Source, Turn, derive_seed

Split = Literal["train", "validation"]
SPLITS: tuple[Split, ...] = ("train", "validation")

_ONE_IN = 20


class SourceCard(Record):
    """What a source is, where it comes from and what may be done with it.

    `files` are globs below the dataset's folder; a source without files makes its interactions itself. `imitated` are
    the speakers whose turns are trained on; `licence` is an SPDX identifier; `interactions` is how many the known
    release holds, if that is fixed.
    """

    id: str
    title: str
    axes: tuple[Axis, ...]
    licence: str
    citation: str
    url: str
    files: tuple[str, ...]
    imitated: tuple[str, ...]
    synthetic: bool = False
    interactions: int | None = None


class Skip(Record):
    """Conversations left out for one reason, and where the first of them stands."""

    reason: str
    count: int
    first: str


@dataclass
class ReadReport:
    """What one reading saw: records per file (by path below the folder), interactions handed out, and skips."""

    records: dict[str, int] = field(default_factory=dict)
    interactions: int = 0
    skips: dict[str, Skip] = field(default_factory=dict)

    def count_records(self, file: str, count: int = 1) -> None:
        self.records[file] = self.records.get(file, 0) + count

    def skip(self, reason: str, place: str) -> None:
        seen = self.skips.get(reason, Skip(reason=reason, count=0, first=place))
        self.skips[reason] = seen.model_copy(update={"count": seen.count + 1})


class SourceReader(ABC):
    """One source of interactions."""

    card: SourceCard

    def root(self, data: Path | None) -> Path:
        """The dataset's own folder below the data folder. Raises `UsageError` if there is no data folder."""
        if data is None:
            raise UsageError(
                f"The source '{self.card.id}' reads published files, and no data folder is given.",
                hint=f"add --data FOLDER, where FOLDER/corpus/{self.card.id} holds the files of {self.card.url}",
            )
        return data / "corpus" / self.card.id

    @abstractmethod
    def read(self, root: Path, report: ReadReport) -> Iterator[Interaction]:
        """Stream the interactions below `root`, the dataset's own folder, counting into `report`.

        Raises `DataError` with file and line for missing, empty or malformed files.
        """

    def emit(
        self,
        turns: Sequence[Turn],
        context: SocialContext | None,
        report: ReadReport,
        *,
        axis: Axis,
        split: Split,
        original_id: str,
        place: str,
    ) -> Iterator[Interaction]:
        """The interaction of one conversation; nothing but a counted skip if no turn is worth imitating."""
        if not any(turn.train for turn in turns):
            report.skip("no human turn worth imitating", place)
            return
        report.interactions += 1
        source = Source(dataset=self.card.id, licence=self.card.licence, split=split, original_id=original_id)
        yield Interaction(turns=tuple(turns), context=context, source=source, axis=axis)


class UpstreamRecord(BaseModel):
    """Base of the records of published files: what we read is checked, what we do not read is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


UpstreamT = TypeVar("UpstreamT", bound=UpstreamRecord)


def hash_split(original_id: str) -> Split:
    """A split for sources that have none: about 5 % validation, by the conversation's own id alone."""
    return "validation" if derive_seed(0, "split", original_id) % _ONE_IN == 0 else "train"


def files_of(card: SourceCard, root: Path) -> list[Path]:
    """The files of a dataset in sorted order per glob. Raises `DataError` if a glob matches nothing."""
    hint = f"put the published files of {card.url} under corpus/{card.id} in the folder that --data names"
    if not root.is_dir():
        raise DataError(f"the folder of {card.id} is missing", path=root, hint=hint)
    files: list[Path] = []
    for pattern in card.files:
        matches = sorted(root.glob(pattern))
        if not matches:
            raise DataError(f"{card.id} needs '{pattern}' here", path=root, hint=hint)
        files += matches
    return files


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their 1-based numbers, line ends kept. Raises `DataError` if there are none."""
    number = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"not UTF-8 text: {error.reason}", path=path, line=number) from error
    if number == 0:
        raise DataError("the file is empty", path=path)


def csv_records(path: Path, root: Path, shape: type[UpstreamT], report: ReadReport) -> Iterator[tuple[str, UpstreamT]]:
    """The rows of a CSV file with a header, checked against `shape`, counted as records, each with its place."""
    name = path.relative_to(root).as_posix()
    rows = csv.reader((line for _, line in text_lines(path)), strict=True)
    try:
        header = next(rows)
        for row in rows:
            if len(row) != len(header):
                raise DataError(f"{len(row)} fields where the header has {len(header)}", path=path, line=rows.line_num)
            record = _checked(shape, dict(zip(header, row, strict=True)), path, line=rows.line_num)
            report.count_records(name)
            yield f"{name}, line {rows.line_num}", record
    except csv.Error as error:
        raise DataError(f"broken CSV: {error}", path=path, line=rows.line_num) from error
    if name not in report.records:
        raise DataError("a header but no rows", path=path)


def json_records(path: Path, root: Path, shape: type[UpstreamT], report: ReadReport) -> Iterator[tuple[str, UpstreamT]]:
    """The elements of a JSON list (or one JSON object), checked against `shape`, each with its place.

    The report counts the entries of the top-level value, as the published tallies do.
    """
    value = json_value(path)
    name = path.relative_to(root).as_posix()
    report.count_records(name, len(value))
    for number, element in enumerate(value if isinstance(value, list) else [value], start=1):
        yield f"{name}, record {number}", _checked(shape, element, path, label=f"record {number}: ")


def json_value(path: Path) -> list[object] | dict[str, object]:
    """The list or object of a whole JSON file. Raises `DataError` with the line where it breaks."""
    text = "".join(line for _, line in text_lines(path))
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"broken JSON: {error.msg}", path=path, line=error.lineno) from error
    if not isinstance(value, list | dict) or not value:
        raise DataError("expected a JSON list or object with at least one entry", path=path)
    return value


def _checked(
    shape: type[UpstreamT], value: object, path: Path, *, line: int | None = None, label: str = ""
) -> UpstreamT:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise DataError(f"{label}{first_problem(error)}", path=path, line=line) from error


def first_problem(error: ValidationError) -> str:
    """The first complaint of pydantic in one line: where in the record, and what."""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
