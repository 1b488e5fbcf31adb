"""Flat files of fixed-size elements: appended to with a running SHA-256, read memory-mapped."""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from odyssim.errors import DataError
from odyssim.storage import writing


class BinaryWriter:
    """Appends arrays to a new file. On leaving the `with` block everything is on disk.

    Raises `StorageError` if the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        with writing(self.path):
            self._file = self.path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing(self.path), self._file:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def append(self, elements: NDArray[Any]) -> None:
        content = elements.tobytes()
        self._digest.update(content)
        with writing(self.path):
            self._file.write(content)

    @property
    def sha256(self) -> str:
        """Of everything appended so far."""
        return self._digest.hexdigest()


class MappedArray:
    """The `count` elements of a file as a read-only array, `elements`; only pages that are touched are in memory.

    Raises `DataError` if the file is missing or of another length.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], count: int, *, hint: str) -> None:
        self.path = path
        expected = count * dtype.itemsize
        if not path.is_file() or path.stat().st_size != expected:
            raise DataError(f"missing or not {expected} bytes long", path=path, hint=hint)
        self._pages: mmap.mmap | None = None
        if count:
            with path.open("rb") as file:
                self._pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.elements: NDArray[Any] = np.frombuffer(self._pages or b"", dtype=dtype)

    def release(self) -> None:
        """Give the touched pages back to the system; what is read again comes from its cache."""
        if self._pages is not None:
            self._pages.madvise(mmap.MADV_DONTNEED)


def check_sha256(path: Path, expected: str, *, hint: str) -> None:
    """Read a whole file. Raises `DataError` if its content is not what was written."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise DataError("the file has changed since it was written", path=path, hint=hint)
