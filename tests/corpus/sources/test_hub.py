"""Datasets of the hub from files at hand: every format, part by part, and what can go wrong."""

from __future__ import annotations

import gzip
import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from odyssim.corpus.build.config import SourceChoice
from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.human_ai_chat import READERS, ModeratedChat
from odyssim.corpus.summary import read_corpus
from odyssim.errors import DataError, MissingDependency, UsageError
from tests.corpus.builds import build
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.hub_sets import CHATS, READER, card, chat, jsonl, parquet, zipped
from tests.corpus.sources.layouts import write

WILDCHAT, LMSYS = READERS[0], READERS[2]
JOINING = {"prism", "oasst1", "oasst2", "studychat"}

# --- files at hand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/chats.parquet", parquet(CHATS)),
        ("chats.jsonl", jsonl(CHATS)),
        ("chats.jsonl.gz", gzip.compress(jsonl(CHATS))),
        ("chats.json", json.dumps(CHATS).encode()),
        ("lines.json", jsonl(CHATS)),
        ("data.zip", zipped("data/chats.json", json.dumps(CHATS).encode())),
    ],
)
def test_every_format_gives_the_same_conversations(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "data", {name: content, ".cache/huggingface/x.json": "no table", "README.md": "# Chats"})
    interactions, _ = read(READER, tmp_path / "data")
    assert [said(one) for one in interactions] == [
        [("user", "hey"), ("assistant", "Hello!"), ("user", "bye")],
        [("user", "what's 2+2"), ("assistant", "4")],
    ]
    assert [one.source.original_id for one in interactions] == ["c1", "c2"]
    assert [turn.train for turn in interactions[0].turns] == [True, False, True]
    assert_an_archive_reads_alike(READER, tmp_path / "data")


def test_the_split_is_the_file_s_where_there_are_several(tmp_path: Path) -> None:
    files = {"data/train-00000-of-00001.parquet": parquet(CHATS), "data/test-00000-of-00001.parquet": parquet(CHATS)}
    interactions, _ = read(READER, write(tmp_path / "two", files))
    assert [one.source.split for one in interactions] == ["validation"] * 2 + ["train"] * 2
    many = [chat(f"c{n}", "hi") for n in range(300)]
    interactions, _ = read(READER, write(tmp_path / "one", {"train.jsonl": many}))
    assert 3 < sum(one.source.split == "validation" for one in interactions) < 30


def test_named_tables_are_read_where_they_are_and_any_table_where_they_are_not(tmp_path: Path) -> None:
    reader = HubReader(card(files=("data/train-*.parquet",)), ModeratedChat)
    write(tmp_path, {"metadata.json": [{"seen": []}], "data/train-1.parquet": parquet(CHATS[:1])})
    assert len(read(reader, tmp_path)[0]) == 1
    (tmp_path / "data/train-1.parquet").unlink()
    write(tmp_path, {"metadata.json": CHATS})
    assert len(read(reader, tmp_path)[0]) == 2


@pytest.mark.parametrize(
    "tables",
    [
        ["train-0.jsonl", "train-1.jsonl", "test-0.jsonl"],
        ["train-0.jsonl", "train-1.jsonl"],
        ["train.jsonl", "more.jsonl"],
        ["one.jsonl"],
        ["data.zip", "validation.parquet"],
    ],
)
def test_tables_read_one_by_one_give_what_they_give_together(tmp_path: Path, tables: list[str]) -> None:
    for number, name in enumerate(tables):
        rows = [chat(f"{number}-{row}", "hi") for row in range(100)]
        contents = {".jsonl": jsonl(rows), ".parquet": parquet(rows), ".zip": zipped("train/x.jsonl", jsonl(rows))}
        write(tmp_path / "set", {name: contents[Path(name).suffix]})
    together, report = read(READER, tmp_path / "set")
    reports = [ReadReport() for _ in tables]
    parts = zip(READER.parts(RawFiles(tmp_path / "set")), reports, strict=True)
    assert [one for part, seen in parts for one in READER.read(part, seen)] == together
    assert all(seen.interactions == 100 for seen in reports)
    assert {name: count for seen in reports for name, count in seen.records.items()} == report.records


def test_a_build_is_the_same_from_one_table_and_from_many(tmp_path: Path) -> None:
    rows = [chat(f"c{number}", f"what is {number}", "a number") for number in range(120)]
    cuts = {"one": [0, 120], "many": [0, 50, 60, 120]}
    stored = {}
    for name, places in cuts.items():
        tables = {
            f"corpus/lmsys/train-{number}.parquet": parquet(rows[start:end])
            for number, (start, end) in enumerate(pairwise(places))
        }
        data, out = write(tmp_path / f"{name} data", tables), tmp_path / name
        build(out, SourceChoice(name="lmsys"), data=data)
        assert len(list(out.glob("lmsys/train-*.parquet"))) == len(tables)
        stored[name] = [
            (split, one.source.original_id, said(one))
            for split in ("train", "validation")
            for one in read_corpus(out, split)
        ]
    assert stored["one"] == stored["many"]
    assert {split for split, *_ in stored["one"]} == {"train", "validation"}


def test_a_set_whose_conversations_lie_in_several_rows_is_one_part(tmp_path: Path) -> None:
    write(tmp_path, {"train-0.jsonl": CHATS, "train-1.jsonl": CHATS})
    files = RawFiles(tmp_path)
    assert {name for name, reader in SOURCES.items() if getattr(reader, "joins_rows", False)} == JOINING
    assert all(SOURCES[name].parts(files) == [files] for name in JOINING)


def test_rows_are_streamed(tmp_path: Path) -> None:
    write(tmp_path, {"chats.parquet": parquet([chat(f"c{n}", "hi") for n in range(5000)])})
    report = ReadReport()
    next(READER.read(RawFiles(tmp_path), report))
    assert report.records["chats.parquet"] == 1


def test_rows_without_words_or_of_another_shape_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = [
        *(chat(f"c{n}", "hi") for n in range(200)),
        chat("null", None, "Hello?"),
        {"conversation_id": "x", "conversation": None},
    ]
    interactions, report = read(READER, write(tmp_path, {"chats.jsonl": rows}))
    assert len(interactions) == 200
    assert {reason: skip.first for reason, skip in report.skips.items()} == {
        "no human turn worth imitating": "chats.jsonl, line 201",
        "malformed record": "chats.jsonl, line 202: conversation: Input should be a valid tuple",
    }


def test_nothing_but_words_and_marks_of_wildchat_is_read(tmp_path: Path) -> None:
    secret = {"hashed_ip": "5ec4e7", "header": {"user-agent": "5ec4e7"}, "state": "5ec4e7", "country": "5ec4e7"}
    message = {"role": "user", "content": "hi", "toxic": True, "redacted": True, "turn_identifier": 1, **secret}
    marks = {"toxic": True, "redacted": True, "openai_moderation": [{"flagged": False}]}
    row = {"conversation_hash": "c1", "conversation": [message], **marks, **secret}
    flagged = {**row, "conversation_hash": "c2", "toxic": False, "openai_moderation": [{"flagged": True}]}
    interactions, _ = read(WILDCHAT, write(tmp_path, {"train.parquet": parquet([row, flagged])}))
    assert [one.tags for one in interactions] == [
        ("safety:toxic", "pii:redacted_upstream"),
        ("safety:flagged", "pii:redacted_upstream"),
    ]
    assert "5ec4e7" not in "".join(one.model_dump_json() for one in interactions)


# --- what is not at hand --------------------------------------------------------------------------------------------


def test_nothing_is_downloaded_unasked(tmp_path: Path) -> None:
    for data in (None, tmp_path):
        with pytest.raises(UsageError, match="'lmsys' is not in the data folder") as caught:
            LMSYS.files(data)
        assert "--download" in caught.value.hint
        assert "lmsys/lmsys-chat-1m" in caught.value.hint
        assert "corpus/lmsys" in caught.value.hint


def test_files_at_hand_go_before_the_hub(tmp_path: Path) -> None:
    write(tmp_path, {"corpus/chats/chats.jsonl": CHATS})
    reader = HubReader(card(hub="me/chats"), ModeratedChat).downloading()
    assert [file.name for file in reader.raw_files(tmp_path)] == ["chats.jsonl"]
    assert len(list(reader.read(reader.files(tmp_path), ReadReport()))) == 2
    assert reader.raw_files(tmp_path / "elsewhere") == []


def test_a_set_that_no_hub_has_is_asked_for_by_its_page(tmp_path: Path) -> None:
    reader = HubReader(card(), ModeratedChat).downloading()
    with pytest.raises(DataError) as caught:
        reader.files(tmp_path)
    assert "https://example.org/chats" in caught.value.hint


def test_without_the_library_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.setitem(sys.modules, "datasets.exceptions", None)
    reader = HubReader(card(hub="me/chats"), ModeratedChat).downloading()
    with pytest.raises(MissingDependency) as caught:
        next(reader.read(reader.files(None), ReadReport()))
    assert caught.value.hint == "pip install 'odyssim[corpus]'"


# --- bad files ------------------------------------------------------------------------------------------------------

WHOLE = parquet([chat(f"c{n}", f"{n} " * 50) for n in range(3000)], group=500)
ROTTEN = WHOLE[: len(WHOLE) // 2] + b"\xff" * 400 + WHOLE[len(WHOLE) // 2 + 400 :]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.parquet", parquet(CHATS)[:-60], "cut off or damaged after row 0"),
        ("x.parquet", ROTTEN, r"cut off or damaged after row [1-9]\d\d"),
        (
            "x.jsonl",
            b'{"id": 1, "text": "hi"}\n',
            "line 1: .*expected the columns conversation, conversation_id; found id, text",
        ),
        ("x.jsonl", b'{"id": 1}\n' * 500 + b"{", "100 of 100 records are malformed; line 1"),
        ("x.parquet", parquet([{"conversation": None}]), "found conversation"),
        ("x.jsonl.gz", gzip.compress(jsonl(CHATS))[:-20], "cut off or damaged"),
        ("x.jsonl", b"", "the file is empty"),
        ("x.json", b"[]", "at least one record"),
        ("x.json", b'[{"conversation_id": "1",', "broken JSON"),
        ("x.csv", b"conversation_id,text\n1,hi\n", "expected the columns conversation; found conversation_id, text"),
        ("x.txt", b"hi", "no .parquet, .jsonl, .json, .csv file is here"),
    ],
)
def test_a_bad_file_is_a_data_error_that_says_what_was_expected(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    write(tmp_path, {name: content})
    with pytest.raises(DataError, match=says) as caught:
        read(READER, tmp_path)
    assert caught.value.path in (tmp_path / name, tmp_path)
