"""Writing that either happened or did not: atomic files, and a typed error when the disk says no."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from odyssim.errors import StorageError

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
