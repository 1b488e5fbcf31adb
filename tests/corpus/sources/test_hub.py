"""Datasets of the hub: files at hand in every format, streaming from a hub on this machine, and what can go wrong."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from odyssim.corpus.sources.base import ReadReport, SourceCard
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.human_ai_chat import READERS, ModeratedChat
from odyssim.errors import DataError, MissingDependency, UsageError
from odyssim.types import Axis
from tests.corpus.sources.fake_hub import serving
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import write

WILDCHAT, LMSYS = READERS[0], READERS[2]


def card(hub: str = "", files: tuple[str, ...] = ()) -> SourceCard:
    return SourceCard(
        id="chats",
        title="Chats",
        axes=(Axis.CONV,),
        licence="unknown",
        citation="",
        url="https://example.org/chats",
        human="The user.",
        hub=hub,
        files=files,
    )


def chat(id: str, *texts: str | None) -> dict[str, Any]:
    sides = ("user", "assistant")
    return {
        "conversation_id": id,
        "conversation": [{"role": sides[n % 2], "content": text} for n, text in enumerate(texts)],
        "redacted": False,
    }


CHATS = [chat("c1", "hey", "Hello!", "bye"), chat("c2", "what's 2+2", "4")]
READER = HubReader(card(), ModeratedChat)


def parquet(rows: list[dict[str, Any]], *, group: int = 1000) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), content, row_group_size=group)
    return content.getvalue()


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def zipped(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


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


# --- a hub on this machine ------------------------------------------------------------------------------------------

STREAM = """
import json, sys, time
time.sleep = lambda seconds: None  # the hub's client waits between its tries
from odyssim.corpus.sources.base import ReadReport
from odyssim.errors import OdysSimError
from tests.corpus.sources.test_hub import HubReader, ModeratedChat, card, said

answers = {}
for name, *files in json.loads(sys.argv[1]):
    reader, report = HubReader(card("me/" + name, tuple(files)), ModeratedChat).downloading(), ReadReport()
    try:
        answers[name] = [
            (one.source.original_id, one.source.split, one.source.place, said(one))
            for one in reader.read(reader.files(None), report)
        ]
    except OdysSimError as error:
        answers[name] = [type(error).__name__, error.message, error.hint]
print(json.dumps(answers))
"""


def streamed(hub: str, home: Path, *datasets: tuple[str, ...], **environment: str) -> dict[str, Any]:
    """What a process with this hub reads of each dataset, or the kind, message and hint of its error."""
    settings = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    settings.pop("HF_TOKEN", None)
    command = [sys.executable, "-c", STREAM, json.dumps(datasets)]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(command, env=settings, cwd=root, capture_output=True, text=True, check=True)
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("hub")
    write(
        folder,
        {
            "me/lines/data/train.jsonl": CHATS[:1],
            "me/lines/data/test.jsonl": CHATS[1:],
            "me/tables/data/train-0.parquet": parquet(CHATS),
            "me/named/data/chats.jsonl": CHATS,
            "me/named/metadata.jsonl": [{"seen": []}],
            "me/cut/data/train.parquet": parquet(CHATS)[:-60],
            "me/other/train.jsonl": [{"id": "c1", "text": "hi"}],
            "me/script/script.py": "print('hi')",
            "me/dies/train.jsonl": CHATS,
        },
    )
    datasets = [("lines",), ("tables",), ("named", "data/*.jsonl"), ("cut",), ("other",), ("script",), ("dies",)]
    with serving(folder) as hub:
        return streamed(hub, folder / "home", *datasets, ("gated",), ("nowhere",))


def test_rows_are_streamed_from_the_hub_with_their_splits(answers: dict[str, Any]) -> None:
    assert answers["lines"] == [
        ["c1", "train", "me/lines, train, row 1", [["user", "hey"], ["assistant", "Hello!"], ["user", "bye"]]],
        ["c2", "validation", "me/lines, test, row 1", [["user", "what's 2+2"], ["assistant", "4"]]],
    ]
    assert [row[0] for row in answers["tables"]] == ["c1", "c2"]
    assert [row[0] for row in answers["named"]] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("dataset", "says", "hint"),
    [
        (
            "gated",
            "this dataset is gated",
            "accept its terms at https://huggingface.co/datasets/me/gated, then set HF_TOKEN",
        ),
        ("nowhere", "the hub has no such dataset", "https://huggingface.co/datasets/me/nowhere"),
        ("script", "scripts are no longer supported", "hf download me/script --repo-type dataset"),
        ("cut", "'datasets' cannot stream it: Parquet magic bytes", "hf download me/cut"),
        ("dies", "the Hugging Face hub cannot be reached", "try again later"),
        ("other", "expected the columns conversation, conversation_id; found id, text", ""),
    ],
)
def test_what_the_hub_cannot_give_is_a_data_error_that_says_what_to_do(
    answers: dict[str, Any], dataset: str, says: str, hint: str
) -> None:
    kind, message, told = answers[dataset]
    assert kind == "DataError"
    assert f"me/{dataset}" in message
    assert says in message
    assert hint in told


def test_a_hub_that_is_down_and_offline_mode_are_told_apart(tmp_path: Path) -> None:
    with serving(tmp_path) as hub:
        pass
    kind, message, hint = streamed(hub, tmp_path, ("chats",))["chats"]
    assert (kind, "cannot be reached" in message) == ("DataError", True)
    assert "hf download me/chats" in hint
    kind, message, _ = streamed(hub, tmp_path, ("chats",), HF_DATASETS_OFFLINE="1")["chats"]
    assert (kind, "HF_DATASETS_OFFLINE" in message) == ("UsageError", True)
