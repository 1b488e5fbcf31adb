"""Raw files of a dataset: a folder in its upstream layout, or one zip archive with the same paths inside."""

from __future__ import annotations

import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from odyssim.errors import DataError

DAMAGE: Final = (OSError, EOFError, zlib.error, zipfile.BadZipFile)
"""What reading a file raises, plain or packed, where it is cut off, damaged or out of reach."""

READABLE: Final = "make it readable, for example: chmod -R u+rX FOLDER"
"""What helps where the system refuses to open something."""
_OPENING: Final = 4096
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_WILD: Final = re.compile(r"(\*\*/|\*|\?)")
_MEANING: Final = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class RawFile:
    """One file. `name` is its path below the dataset, `path` where to look for it (for people), `size` in bytes."""

    name: str
    path: Path
    size: int
    archive: zipfile.ZipFile | None = None

    def open(self) -> BinaryIO:
        """The content as bytes; what ends in `.gz` is unpacked on the way."""
        raw = self.open_raw()
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.name.endswith(".gz") else raw

    def open_raw(self) -> BinaryIO:
        """The content as it is stored. Raises `DataError` if it cannot be opened."""
        try:
            opened: IO[bytes] = self.archive.open(self.name) if self.archive else self.path.open("rb")
        except OSError as error:
            raise DataError(f"cannot be opened: {error.strerror}", path=self.path, hint=READABLE) from error
        except (zipfile.BadZipFile, RuntimeError) as error:  # RuntimeError: a password, or an unknown compression
            raise DataError(f"cannot be unpacked: {error}", path=self.path, hint="get the archive again") from error
        return cast(BinaryIO, opened)

    def head(self, size: int, *, stored: bool = False) -> bytes:
        """The first `size` bytes, unpacked or as they are stored. Raises `DataError` if they cannot be read."""
        try:
            with self.open_raw() if stored else self.open() as content:
                return content.read(size)
        except DAMAGE as error:
            raise DataError(
                f"the file is cut off or damaged: {error}", path=self.path, hint="get the file again"
            ) from error

    def opening(self) -> bytes:
        """The first character that is not blank: `[` opens a JSON list. Empty if there is none nearby."""
        return self.head(_OPENING).lstrip(_BLANK)[:1]


class RawFiles:
    """The files of one dataset; `root` is a folder, a zip archive, or a single file.

    Raises `DataError` if `root` is missing or no readable archive.
    """

    _whole: RawFiles | None = None

    def __init__(self, root: Path, *, hint: str = "") -> None:
        self.root = root
        self.hint = hint
        if not root.exists():
            raise DataError("there is no such folder or archive", path=root, hint=hint)

    @classmethod
    def inside(cls, file: RawFile) -> RawFiles:
        """The files of an archive that is itself a file of a dataset."""
        nested = cls.__new__(cls)
        nested.root, nested.hint = file.path, ""
        nested.__dict__["all"] = sorted(_members(file.path, file.open_raw()), key=lambda member: member.name)
        return nested

    def only(self, *files: RawFile) -> RawFiles:
        """Some of these files, under the names that they have here."""
        part = type(self).__new__(type(self))
        part.root, part.hint, part._whole = self.root, self.hint, self
        part.__dict__["all"] = list(files)
        return part

    @property
    def whole(self) -> RawFiles:
        """The files of which these are `only` some; these, if they are all there are."""
        return self._whole or self

    @cached_property
    def all(self) -> list[RawFile]:
        """Every file, sorted by name."""
        if self.root.is_dir():
            found = list(_below(self.root))
        elif self.root.suffix == ".zip":
            found = list(_members(self.root, self.root))
        else:
            found = [RawFile(self.root.name, self.root, self.root.stat().st_size)]
        return sorted(found, key=lambda file: file.name)

    def match(self, *patterns: str) -> list[RawFile]:
        """The files of each pattern in turn, sorted by name; `*` stays within a folder, `**/` crosses folders.

        Raises `DataError` if a pattern matches nothing.
        """
        matches: list[RawFile] = []
        for pattern in patterns:
            meant = re.compile("".join(_MEANING.get(part, re.escape(part)) for part in _WILD.split(pattern)))
            found = [file for file in self.all if meant.fullmatch(file.name)]
            if not found:
                raise DataError(f"nothing here is called '{pattern}'", path=self.root, hint=self.hint)
            matches += found
        return matches

    def one(self, pattern: str) -> RawFile:
        """The only file of a pattern. Raises `DataError` if there is none, or more than one."""
        file, *others = self.match(pattern)
        if others:
            raise DataError(f"{len(others) + 1} files here are called '{pattern}', not one", path=self.root)
        return file


def _below(root: Path) -> Iterator[RawFile]:
    def refuse(error: OSError) -> None:
        raise error

    try:
        for folder, _, names in os.walk(root, onerror=refuse):
            for path in (Path(folder, name) for name in names):
                if path.is_file():
                    yield RawFile(path.relative_to(root).as_posix(), path, path.stat().st_size)
    except OSError as error:
        raise DataError(f"cannot be listed: {error.strerror}", path=error.filename, hint=READABLE) from error


def _members(path: Path, content: Path | BinaryIO) -> Iterator[RawFile]:
    try:
        archive = zipfile.ZipFile(content)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"not a readable zip archive: {error}", path=path, hint="get the archive again") from error
    for member in archive.infolist():
        if not member.is_dir():
            yield RawFile(member.filename, path / member.filename, member.file_size, archive)
