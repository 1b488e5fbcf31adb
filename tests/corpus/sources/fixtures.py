"""What the tests of readers share: small datasets written in a published layout, and read again."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from odyssim.corpus.sources.base import ReadReport, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.types import Interaction


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value))


def write_jsonl(path: Path, values: Sequence[object]) -> None:
    write_text(path, "".join(f"{json.dumps(value)}\n" for value in values))


def write_csv(path: Path, rows: Sequence[Sequence[str]], *, delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def read(reader: SourceReader, root: Path) -> tuple[list[Interaction], ReadReport]:
    report = ReadReport()
    return list(reader.read(RawFiles(root), report)), report


def assert_an_archive_reads_alike(reader: SourceReader, folder: Path) -> None:
    """A zip of the folder gives the same interactions and the same report, its parts the same interactions."""
    archive = Path(shutil.make_archive(str(folder.with_name("zipped")), "zip", folder))
    interactions, report = read(reader, folder)
    assert interactions
    assert (interactions, report) == read(reader, archive)
    parts = reader.parts(RawFiles(folder))
    assert [interaction for part in parts for interaction in reader.read(part, ReadReport())] == interactions


def said(interaction: Interaction) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in interaction.turns]
