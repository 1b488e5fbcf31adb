"""A person's own file of interactions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.catalog import source
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.errors import DataError
from odyssim.types import Interaction
from tests.corpus.sources.fixtures import read

OWN: dict[str, Any] = {
    "turns": [{"speaker": "Ana", "text": "you up?", "human": True, "train": True}],
    "context": None,
    "source": {"dataset": "chats", "licence": "unknown", "split": "train", "original_id": "1"},
    "axis": "CONV",
}


def test_an_own_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    interaction = Interaction.model_validate(OWN)
    path.write_text("\ufeff" + (interaction.model_dump_json() + "\n") * 2, encoding="utf-8")
    reader = source(str(path))
    interactions, report = read(reader, path)
    assert interactions == [interaction] * 2
    assert (reader.card.id, reader.card.interactions, report.records) == ("chats", 2, {"chats.jsonl": 2})


@pytest.mark.parametrize(
    ("second_line", "says"),
    [
        ("{", "Invalid JSON"),
        (json.dumps(OWN | {"mood": "good"}), "mood: Extra inputs"),
        (json.dumps(OWN | {"turns": []}), "at least one turn"),
        (json.dumps(OWN | {"turns": [OWN["turns"][0] | {"train": False}]}), "no human turn"),
        (json.dumps(OWN | {"source": OWN["source"] | {"split": "test"}}), "the split is 'test'"),
    ],
)
def test_a_bad_line_of_an_own_file_is_a_data_error(tmp_path: Path, second_line: str, says: str) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text(json.dumps(OWN) + "\n" + second_line + "\n")
    with pytest.raises(DataError, match=says) as caught:
        read(InteractionFile(path), path)
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_an_empty_or_absent_own_file_is_a_data_error(tmp_path: Path) -> None:
    for text, says in (("", "the file is empty"), ("\n \n", "only empty lines")):
        path = tmp_path / "empty.jsonl"
        path.write_text(text)
        with pytest.raises(DataError, match=says):
            read(InteractionFile(path), path)
    with pytest.raises(DataError, match="no such file"):
        source(str(tmp_path / "absent.jsonl"))
