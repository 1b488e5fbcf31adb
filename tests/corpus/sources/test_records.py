"""Published files as records: a few bad ones among many, other encodings, and damaged archives."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources import records
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, csv_records, json_records, jsonl_records
from odyssim.errors import DataError


class Said(UpstreamRecord):
    text: str


def lines(*bad: int, of: int) -> str:
    return "".join("{\n" if number in bad else '{"text": "hi"}\n' for number in range(1, of + 1))


def raw(path: Path, text: str | bytes) -> RawFile:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return RawFiles(path).all[0]


def test_up_to_one_in_a_hundred_is_a_counted_skip_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    report = ReadReport()
    file = raw(tmp_path / "said.jsonl", lines(7, 150, of=200))
    assert len(list(jsonl_records(file, Said, report))) == 198
    [skip] = report.skips.values()
    assert (skip.reason, skip.count) == ("malformed record", 2)
    assert skip.first.startswith("said.jsonl, line 7: broken JSON")
    assert report.records == {"said.jsonl": 200}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("said.jsonl", lines(7, 150, 151, of=200), 7),
        ("said.jsonl", lines(*range(1, 101), of=5000), 1),
        ("said.csv", "text\n" + "hi\n" * 50 + "a,b\n", 52),
        ("said.json", json.dumps([{"text": "hi"}] * 50 + [{"text": None}]), None),
    ],
)
def test_more_is_a_data_error_at_the_first_of_them(tmp_path: Path, name: str, text: str, line: int | None) -> None:
    reader = {"said.jsonl": jsonl_records, "said.csv": csv_records, "said.json": json_records}[name]
    with pytest.raises(DataError, match=r"\d+ of \d+ records are malformed") as caught:
        list(reader(raw(tmp_path / name, text), Said, ReadReport()))
    assert (caught.value.path, caught.value.line) == (tmp_path / name, line)


def test_a_file_without_one_good_record_is_given_up_early(tmp_path: Path) -> None:
    report = ReadReport()
    with pytest.raises(DataError, match="100 of 100"):
        list(jsonl_records(raw(tmp_path / "said.jsonl", lines(*range(1, 5001), of=5000)), Said, report))
    assert report.records == {"said.jsonl": 100}


def test_a_text_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_LINE", 1 << 20)
    text = json.dumps([{"text": 'he said "no" '}, {"text": "x" * (3 << 20)}], indent=0)
    for reader, said, line in (
        (json_records, text, 6),
        (jsonl_records, json.dumps({"text": "x" * (3 << 20)}), 1),
        (csv_records, f"text\n{'x' * (3 << 20)}", 2),
    ):
        with pytest.raises(DataError, match="of more than 1 MiB") as caught:
            list(reader(raw(tmp_path / "said", said), Said, ReadReport()))
        assert (caught.value.path, caught.value.line) == (tmp_path / "said", line)


# --- encodings and archives -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (jsonl_records, '{"text": "hi"}\n{"text": "caf\u00e9"}\n'),
        (csv_records, "text\ncaf\u00e9\n"),
        (json_records, '[{"text": "hi"},\n{"text": "caf\u00e9"}]'),
    ],
)
def test_a_file_in_another_encoding_says_in_which_line_and_how_to_convert_it(
    tmp_path: Path, reader: Any, text: str
) -> None:
    assert list(reader(raw(tmp_path / "good", text), Said, ReadReport()))[-1][1].text == "caf\u00e9"
    marked = raw(tmp_path / "marked", text.encode("utf-8-sig"))
    assert list(reader(marked, Said, ReadReport()))[-1][1].text == "caf\u00e9"
    with pytest.raises(DataError, match="not UTF-8 text") as caught:
        list(reader(raw(tmp_path / "old", text.encode("cp1252")), Said, ReadReport()))
    assert (caught.value.path, caught.value.line) == (tmp_path / "old", 2)
    assert "iconv" in caught.value.hint


def damaged_archive(path: Path, member: str, text: str) -> Path:
    """A zip archive of which the content of one member was changed after it was packed."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    content = path.read_bytes()
    path.write_bytes(content.replace(text.encode(), text.encode().swapcase()))
    return path


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (jsonl_records, '{"text": "hi"}\n' * 300),
        (json_records, json.dumps([{"text": "hi"}] * 300)),
        (csv_records, "text\n" + "hi\n" * 300),
    ],
)
def test_an_archive_with_a_damaged_member_is_a_data_error(tmp_path: Path, reader: Any, text: str) -> None:
    [member] = RawFiles(damaged_archive(tmp_path / "said.zip", "said", text)).all
    with pytest.raises(DataError, match="damaged") as caught:
        list(reader(member, Said, ReadReport()))
    assert caught.value.path == tmp_path / "said.zip/said"
    with pytest.raises(DataError, match="damaged"):
        count_json(member, ReadReport())


def test_an_archive_behind_a_password_is_a_data_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "said.zip", "w") as archive:
        archive.writestr("said", "hi")
    content = bytearray((tmp_path / "said.zip").read_bytes())
    content[6] |= 1  # the flag of an encrypted member, here
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    (tmp_path / "said.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be unpacked: .*password"):
        RawFiles(tmp_path / "said.zip").all[0].open()
