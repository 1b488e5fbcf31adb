"""What SOURCES.md says about the real files at hand, and the checks that every reader of them must pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from odyssim.corpus.leak import leaks
from odyssim.corpus.render import system_message
from odyssim.corpus.sources.base import ReadReport, SourceReader
from odyssim.types import Interaction

_TITLE = "- **files (records), paths as upstream:** "
_ENTRY = re.compile(r"(?P<pattern>.+?) \((?:(?P<files>[\d,]+) files, )?(?P<records>[\d,]+)(?: \w+)?\)(?:; |$)")


class _Published(NamedTuple):
    """One entry of the line: `pattern` is a path, a glob, or 'GLOB without PART-OF-NAME'."""

    pattern: str
    files: int
    records: int


def published_counts(data_root: Path, dataset_id: str) -> dict[str, int]:
    """Records by path or glob, as SOURCES.md lists them for a dataset."""
    return {entry.pattern: entry.records for entry in _entries(data_root, dataset_id)}


def assert_published_counts(report: ReadReport, data_root: Path, dataset_id: str) -> None:
    """Every listed file was counted with its listed number of records, and no other file was."""
    listed = _entries(data_root, dataset_id)
    counted = [_count(report.records, entry.pattern) for entry in listed]
    assert counted == listed
    assert len(report.records) == sum(entry.files for entry in listed)


def assert_reads_whole(reader: SourceReader, data_root: Path) -> list[Interaction]:
    """The real files give the listed records, the card's interactions, unique ids, text in every turn, and no context
    that gives away what one of the imitated goes on to say. Returns the interactions for further checks."""
    report = ReadReport()
    interactions = list(reader.read(reader.files(data_root), report))
    assert_published_counts(report, data_root, reader.card.id)
    assert len(interactions) == report.interactions == reader.card.interactions
    assert len({interaction.source.original_id for interaction in interactions}) == len(interactions)
    for interaction in interactions:
        place = interaction.source.place
        assert all(turn.text.strip() == turn.text != "" for turn in interaction.turns), place
        if reader.card.imitated:
            assert set(interaction.imitated_speakers) <= set(reader.card.imitated), place
        if (context := interaction.context) is not None:
            for speaker in interaction.imitated_speakers:
                own = [turn.text for turn in interaction.turns if turn.speaker == speaker]
                assert not leaks(system_message(context, speaker, []), own), place
    return interactions


def _entries(data_root: Path, dataset_id: str) -> list[_Published]:
    sections = (data_root / "corpus" / "SOURCES.md").read_text(encoding="utf-8").split("\n## ")
    [section] = [section for section in sections if section.startswith(f"{dataset_id}\n")]
    [line] = [line for line in section.splitlines() if line.startswith(_TITLE)]
    return [
        _Published(found["pattern"], _number(found["files"] or "1"), _number(found["records"]))
        for found in _ENTRY.finditer(line.removeprefix(_TITLE))
    ]


def _count(records: Mapping[str, int], pattern: str) -> _Published:
    glob, _, without = pattern.partition(" without ")
    counts = [
        count
        for name, count in records.items()
        if fnmatchcase(name, glob) and not (without and without in name.rpartition("/")[2])
    ]
    return _Published(pattern, len(counts), sum(counts))


def _number(text: str) -> int:
    return int(text.replace(",", ""))
