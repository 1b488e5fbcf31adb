"""Reading published benchmark files: where they lie, and which line is broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from odyssim.errors import DataError


def published_file(data: Path | None, relative: str) -> Path:
    """The file `relative` below the data folder; `DataError` says which folder was expected."""
    if data is None:
        raise DataError(
            f"the published items of this task ({relative}) need a data folder",
            hint="add --data FOLDER (the folder that holds bench/), or use --split village for synthetic items",
        )
    path = data / relative
    if not path.is_file():
        raise DataError("no such file", path=path, hint=f"--data must name the folder that holds {relative}")
    if path.stat().st_size == 0:
        raise DataError("the file is empty", path=path, hint="copy it again from its upstream")
    return path


def read_json(path: Path) -> Any:
    """A whole JSON file. `DataError` with the line where it breaks."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"not valid JSON: {error}", path=path, line=getattr(error, "lineno", None)) from error


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) of every non-blank line. `DataError` with file and line if one is broken."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"not valid JSON: {error.msg}", path=path, line=number) from error
            if not isinstance(record, dict):
                raise DataError("expected a JSON object", path=path, line=number)
            yield number, record


@contextmanager
def record_of(path: Path, number: int) -> Iterator[None]:
    """Around the use of record `number` (from 0): a missing or wrong field becomes a `DataError` with its place."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"record {number} is not of the published form ({error!r})", path=path) from error


def text_of(record: Mapping[str, Any], key: str) -> str:
    """A text field, with absent, null and blank all read as an empty string."""
    value = record.get(key)
    return "" if value is None else str(value) if str(value).strip() else ""


def digest(text: str) -> str:
    """Twelve hex digits that name a text: the same story gets the same cluster everywhere."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
