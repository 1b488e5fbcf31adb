"""Datasets streamed from a hub on this machine, and what a hub may not give."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.sources.fake_hub import serving
from tests.corpus.sources.hub_sets import CHATS, chat, parquet
from tests.corpus.sources.layouts import write

STREAM = """
import json, sys, time
time.sleep = lambda seconds: None  # the hub's client waits between its tries
from odyssim.corpus.sources.base import ReadReport
from odyssim.errors import OdysSimError
from tests.corpus.sources.fixtures import said
from tests.corpus.sources.hub_sets import HubReader, ModeratedChat, card

answers = {}
for name, *files in json.loads(sys.argv[1]):
    reader = HubReader(card("me/" + name, tuple(files), rows=600_000), ModeratedChat).downloading()
    whole = reader.files(None)
    try:
        for told, parts in ((name, [whole]), (f"{name} in shares", reader.parts(whole))):
            answers[told] = [
                (one.source.original_id, one.source.split, one.source.place, said(one))
                for part in parts
                for one in reader.read(part, ReadReport())
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
            **{f"me/many/train-{number}.jsonl": [chat(f"c{number}", "hi")] for number in range(4)},
            "me/many/test.jsonl": [chat("c4", "hi")],
            "me/named/data/chats.jsonl": CHATS,
            "me/named/metadata.jsonl": [{"seen": []}],
            "me/cut/data/train.parquet": parquet(CHATS)[:-60],
            "me/other/train.jsonl": [{"id": "c1", "text": "hi"}],
            "me/script/script.py": "print('hi')",
            "me/dies/train.jsonl": CHATS,
        },
    )
    datasets = ["lines", "tables", "many", "cut", "other", "script", "dies", "gated", "nowhere"]
    with serving(folder) as hub:
        return streamed(hub, folder / "home", ("named", "data/*.jsonl"), *((name,) for name in datasets))


def test_rows_are_streamed_from_the_hub_with_their_splits(answers: dict[str, Any]) -> None:
    assert answers["lines"] == [
        ["c1", "train", "me/lines, train, file 1, row 1", [["user", "hey"], ["assistant", "Hello!"], ["user", "bye"]]],
        ["c2", "validation", "me/lines, test, file 1, row 1", [["user", "what's 2+2"], ["assistant", "4"]]],
    ]
    assert [row[0] for row in answers["tables"]] == ["c1", "c2"]
    assert [row[0] for row in answers["named"]] == ["c1", "c2"]


def test_shares_of_a_stream_are_together_all_of_it(answers: dict[str, Any]) -> None:
    whole = answers["many"]
    assert [row[:3] for row in whole] == [
        *([f"c{number}", "train", f"me/many, train, file {number + 1}, row 1"] for number in range(4)),
        ["c4", "validation", "me/many, test, file 1, row 1"],
    ]
    assert sorted(answers["many in shares"]) == sorted(whole)
    assert [row[0] for row in answers["many in shares"]] == ["c0", "c3", "c4", "c1", "c2"]


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
