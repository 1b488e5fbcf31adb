"""Published files as checked records, streamed: the memory used does not depend on the size of a file.

A record of another shape than expected is counted, with its place, and left out; a file in which more than 1 % of the
records are like that is not the file we know and raises `DataError` at its end, or at once if not one of its first 100
records fits. Broken syntax raises at once.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final, TypeVar

import ijson
from pydantic import BaseModel, ConfigDict, ValidationError

from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import DAMAGE, RawFile
from odyssim.errors import DataError

MAX_LINE: Final = 64 << 20
"""Bytes of the longest line that is read: more is no record but a file that lost its line ends."""
MAX_MALFORMED: Final = 0.01
_HOPELESS: Final = 100
_AGAIN: Final = "get the file again"
_CORRECT: Final = f"correct it there, or {_AGAIN}"
_CHUNK: Final = 1 << 16
_QUOTE: Final = re.compile(rb'(?<!\\)"')
_ROWS: Final = 1024

csv.field_size_limit(MAX_LINE)


class UpstreamRecord(BaseModel):
    """Base of the records of published files: what we read is checked, what we do not read is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


UpstreamT = TypeVar("UpstreamT", bound=UpstreamRecord)


def text_lines(file: RawFile) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their 1-based numbers, line ends kept.

    Raises `DataError` for an empty or broken file, a line beyond `MAX_LINE`, or another encoding.
    """
    number = 0
    with file.open() as content:
        for number, line in enumerate(_lines(content, file), start=1):
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise _not_utf_8(error, file, number) from error
    if number == 0:
        raise DataError("the file is empty", path=file.path, hint=_AGAIN)


def csv_records(
    file: RawFile,
    shape: type[UpstreamT],
    report: ReadReport,
    *,
    delimiter: str = ",",
    header: Sequence[str] | None = None,
    quoted: bool = True,
) -> Iterator[tuple[str, UpstreamT]]:
    """The rows of a CSV file, checked against `shape`, each with its place.

    The first row names the columns unless `header` does. Without `quoted`, quotation marks are ordinary characters.
    """
    rows = csv.reader(
        (line for _, line in text_lines(file)),
        strict=True,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    checked = _Checked(file, shape, report)
    try:
        columns = next(rows) if header is None else header
        for row in rows:
            if len(row) == len(columns):
                yield from checked(dict(zip(columns, row, strict=True)), f"line {rows.line_num}", rows.line_num)
            else:
                problem = f"{len(row)} fields where the header has {len(columns)}"
                checked.bad(f"line {rows.line_num}", problem, rows.line_num)
    except csv.Error as error:
        raise DataError(f"broken CSV: {error}", path=file.path, line=rows.line_num, hint=_CORRECT) from error
    checked.settle("a header but no rows")


def jsonl_records(file: RawFile, shape: type[UpstreamT], report: ReadReport) -> Iterator[tuple[str, UpstreamT]]:
    """The lines of a JSONL file, checked against `shape`, each with its place. Empty lines are no records."""
    checked = _Checked(file, shape, report)
    for number, line in text_lines(file):
        if line.strip():
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                checked.bad(f"line {number}", f"broken JSON: {error.msg}", number)
            else:
                yield from checked(value, f"line {number}", number)
    checked.settle("no records")


def json_records(
    file: RawFile, shape: type[UpstreamT], report: ReadReport, *, at: str = ""
) -> Iterator[tuple[str, UpstreamT]]:
    """The elements of the JSON list at the dotted path `at` (the whole file by default), checked against `shape`."""
    checked = _Checked(file, shape, report)
    for number, value in enumerate(_parsed(file, "items", f"{at}.item" if at else "item"), start=1):
        yield from checked(value, f"record {number}")
    checked.settle(f"no JSON list{f' at {at}' if at else ''} with at least one record")


def json_entries(
    file: RawFile, shape: type[UpstreamT], report: ReadReport, *, at: str = ""
) -> Iterator[tuple[str, str, UpstreamT]]:
    """The (place, key, value) entries of the JSON object at the dotted path `at`, values checked against `shape`."""
    checked = _Checked(file, shape, report)
    for key, value in _parsed(file, "kvitems", at):
        for place, record in checked(value, f"entry {key}"):
            yield place, key, record
    checked.settle(f"no JSON object{f' at {at}' if at else ''} with at least one entry")


def json_keys(file: RawFile, *, at: str = "") -> Iterator[str]:
    """The keys of the JSON object at the dotted path `at`, as they come; nothing if there is no object."""
    for prefix, event, value in _parsed(file, "parse"):
        if event == "map_key" and prefix == at:
            yield value


def json_object(file: RawFile, shape: type[UpstreamT], report: ReadReport, *, records: int = 1) -> UpstreamT:
    """A whole JSON file as one object, counted as `records`.

    It is read into memory: for files of one conversation, not for whole sets.
    """
    text = "".join(line for _, line in text_lines(file))
    report.count_records(file.name, records)
    try:
        return shape.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise DataError(f"broken JSON: {error.msg}", path=file.path, line=error.lineno, hint=_CORRECT) from error
    except ValidationError as error:
        raise DataError(first_problem(error), path=file.path, hint=_CORRECT) from error


def count_json(file: RawFile, report: ReadReport) -> None:
    """Count the elements of a JSON list, or the entries of a JSON object, in a file that holds no interaction."""
    for _ in _parsed(file, "items", "item") if file.opening() == b"[" else _parsed(file, "kvitems", ""):
        report.count_records(file.name)


def parquet_records(
    file: RawFile, shape: type[UpstreamT], report: ReadReport, *, columns: Sequence[str]
) -> Iterator[tuple[str, UpstreamT]]:
    """The rows of a Parquet file, checked against `shape`, each with its place.

    Only `columns` are read, as far as they are there; 'a.b' is the field 'b' of the struct 'a'.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    checked = _Checked(file, shape, report)
    try:
        with file.open() as content:
            table = pq.ParquetFile(content, buffer_size=_CHUNK, pre_buffer=False)
            for batch in table.iter_batches(batch_size=_ROWS, columns=list(columns)):
                for row in batch.to_pylist():
                    yield from checked(row, f"row {checked.records + 1}")
    except (pa.ArrowException, *DAMAGE) as error:
        raise DataError(
            f"the Parquet file is cut off or damaged after row {checked.records}: {_first_line(error)}",
            path=file.path,
            hint=_AGAIN,
        ) from error
    checked.settle("no rows")


def checked_records(
    values: Iterable[tuple[str, object]], file: RawFile, shape: type[UpstreamT], report: ReadReport
) -> Iterator[tuple[str, UpstreamT]]:
    """Labelled values that come from elsewhere than a file of one of these formats, checked against `shape`."""
    checked = _Checked(file, shape, report)
    for label, value in values:
        yield from checked(value, label)
    checked.settle("no records")


def first_problem(error: ValidationError) -> str:
    """The first complaint of pydantic in one line: where in the record, and what."""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])


class _Checked:
    """Records of one file against one shape; counts them, and those that do not fit."""

    def __init__(self, file: RawFile, shape: type[UpstreamRecord], report: ReadReport) -> None:
        self.file, self.shape, self.report = file, shape, report
        self.records = self.misfits = 0

    def __call__(self, value: object, label: str, line: int | None = None) -> Iterator[tuple[str, Any]]:
        self.records += 1
        self.report.count_records(self.file.name)
        try:
            record = self.shape.model_validate(value)
        except ValidationError as error:
            self._misfit(label, first_problem(error), line)
        else:
            yield f"{self.file.name}, {label}", record

    def bad(self, label: str, problem: str, line: int) -> None:
        """A record that could not even be taken apart."""
        self.records += 1
        self.report.count_records(self.file.name)
        self._misfit(label, problem, line)

    def settle(self, nothing: str) -> None:
        """The file is at its end. Raises `DataError` if it was empty (`nothing` says of what) or mostly misfits."""
        if not self.records:
            raise DataError(nothing, path=self.file.path, hint=_AGAIN)
        if self.misfits > MAX_MALFORMED * self.records:
            raise DataError(
                f"{self.misfits} of {self.records} records are malformed; {self.first}",
                path=self.file.path,
                line=self.line_of_first,
                hint=f"correct them or {_AGAIN}: no more than one in a hundred is skipped",
            )

    def _misfit(self, label: str, problem: str, line: int | None) -> None:
        if not self.misfits:
            self.first, self.line_of_first = f"{label}: {problem}", line
        self.misfits += 1
        if self.misfits == self.records == _HOPELESS:
            self.settle("")
        self.report.skip("malformed record", f"{self.file.name}, {label}: {problem}")


def _lines(content: BinaryIO, file: RawFile) -> Iterator[bytes]:
    number = 0
    try:
        while line := content.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise DataError(
                    f"a line of more than {MAX_LINE >> 20} MiB",
                    path=file.path,
                    line=number,
                    hint="one record per line is expected: split the line, or take the record out",
                )
            yield line
    except DAMAGE as error:
        raise DataError(
            f"the file is cut off or damaged: {error}", path=file.path, line=number + 1, hint=_AGAIN
        ) from error


class _LineFed:
    """Feeds a parser at most one line at a time, so that `line` (1-based) is where it stands when it stops.

    Raises `UnicodeDecodeError` for what is not UTF-8, which parsers call broken syntax, and `DataError` for a text
    beyond `MAX_LINE`, on which they spend time in the square of its length.
    """

    def __init__(self, content: BinaryIO, file: RawFile) -> None:
        self.content = content
        self.file = file
        self.line = 0
        self._line_ended = True
        self._utf_8 = codecs.getincrementaldecoder("utf-8")()
        self._without_quote = 0

    def read(self, size: int) -> bytes:
        if size == 0:  # ijson asks for nothing once, to see whether it gets bytes
            return b""
        chunk = self.content.readline(_CHUNK)
        if self.line == 0:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        self.line += self._line_ended
        self._line_ended = chunk.endswith(b"\n")
        self._utf_8.decode(chunk, final=not chunk)
        self._without_quote = 0 if _QUOTE.search(chunk) else self._without_quote + len(chunk)
        if self._without_quote > MAX_LINE:
            raise DataError(
                f"a text of more than {MAX_LINE >> 20} MiB",
                path=self.file.path,
                line=self.line,
                hint=f"no conversation is that long: take it out, or {_AGAIN}",
            )
        return chunk


def _parsed(file: RawFile, what: str, *prefix: str) -> Iterable[Any]:
    """What ijson's function `what` finds (below `prefix`). Raises `DataError` with the line where the syntax breaks."""
    with file.open() as content:
        fed = _LineFed(content, file)
        try:
            yield from getattr(ijson, what)(fed, *prefix, use_float=True)
        except ijson.JSONError as error:
            raise DataError(
                f"broken JSON: {_first_line(error)}", path=file.path, line=fed.line, hint=_CORRECT
            ) from error
        except UnicodeDecodeError as error:
            raise _not_utf_8(error, file, fed.line) from error
        except DAMAGE as error:
            raise DataError(
                f"the file is cut off or damaged: {error}", path=file.path, line=fed.line, hint=_AGAIN
            ) from error


def _not_utf_8(error: UnicodeDecodeError, file: RawFile, line: int) -> DataError:
    return DataError(
        f"not UTF-8 text: {error.reason}",
        path=file.path,
        line=line,
        hint="convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
    )


def _first_line(error: Exception) -> str:
    argument = error.args[0] if error.args else ""
    text = argument.decode(errors="replace") if isinstance(argument, bytes) else str(argument)
    return text.strip().splitlines()[0] if text.strip() else "it cannot be parsed"
