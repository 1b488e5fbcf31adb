"""Writing that either happened or did not: atomic files, and a typed error when the disk says no."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from odyssim.errors import StorageError, UsageError

_DISK_SAYS_NO = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn a full disk, a missing permission or a broken device below `place` into a `StorageError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_SAYS_NO:
            raise
        raise StorageError(
            f"Writing below {place} failed: {error.strerror}.",
            hint="free space or choose another folder, then run the same command again: what is finished is kept",
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a whole file or none of it."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A text file to fill line by line that appears as `path` only if the block succeeds. Raises `StorageError`."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                yield file
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes `out` only if the block succeeds; an existing `out` is never touched.

    Raises `UsageError` if `out` exists, `StorageError` if the folder cannot be made.
    """
    if out.exists():
        raise UsageError(f"{out} exists already.", hint="choose a new folder, or remove the old one")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with writing(out):
            partial.mkdir(parents=True)
        yield partial
        with writing(out):
            partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
