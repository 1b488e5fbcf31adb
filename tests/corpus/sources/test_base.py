"""What every source shares: where its files are looked for, and the split of those that have none."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.sources.base import ReadReport, SourceReader, hash_split
from odyssim.errors import DataError, UsageError

WITH_FILES = [reader for name, reader in SOURCES.items() if name not in ("village", "context_writing")]
"""Every source that has a folder of its own."""


@pytest.mark.parametrize("reader", WITH_FILES, ids=lambda reader: reader.card.id)
def test_what_is_missing_is_told_with_where_to_put_it(reader: SourceReader, tmp_path: Path) -> None:
    name = reader.card.id
    for data in (None, tmp_path):
        assert not reader.at_hand(data)
        with pytest.raises((DataError, UsageError), match=name) as caught:
            reader.files(data)
        assert f"corpus/{name}" in caught.value.hint
        assert "--data" in caught.value.hint


@pytest.mark.parametrize("reader", WITH_FILES, ids=lambda reader: reader.card.id)
def test_an_empty_folder_or_archive_is_a_data_error_with_its_path(reader: SourceReader, tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / reader.card.id
    folder.mkdir(parents=True)
    assert_nothing_is_there(reader, tmp_path, folder)
    folder.rmdir()
    archive = folder.with_name(f"{folder.name}.zip")
    zipfile.ZipFile(archive, "w").close()
    assert_nothing_is_there(reader, tmp_path, archive)


def assert_nothing_is_there(reader: SourceReader, data: Path, root: Path) -> None:
    assert reader.at_hand(data)
    with pytest.raises(DataError) as caught:
        list(reader.read(reader.files(data), ReadReport()))
    assert caught.value.path == root
    assert f"corpus/{reader.card.id}" in caught.value.hint


def test_the_hash_split_keeps_about_a_twentieth_for_validation() -> None:
    share = sum(hash_split(f"dialogue-{number}") == "validation" for number in range(20_000)) / 20_000
    assert share == pytest.approx(0.05, abs=0.005)
