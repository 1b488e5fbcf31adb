"""EmpatheticDialogues: situations that only the speaker knows, and broken CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from odyssim.corpus.sources.empathetic_dialogues import EmpatheticDialogues
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, write_csv
from tests.corpus.sources.published_counts import assert_reads_whole

EMPATHETIC = "datasets/empatheticdialogues_unannotated"


@pytest.fixture
def empathetic(tmp_path: Path) -> Path:
    header = ["Dialog_ID", "Type", "Actor", "Text"]
    write_csv(
        tmp_path / EMPATHETIC / "afraid.csv",
        [
            header,
            ["hit:1_conv:2", "situation", "none", "My car caught fire on the way to work"],
            ["hit:1_conv:2", "utterance", "speaker", "My car caught fire on the way to work!"],
            ["hit:1_conv:2", "utterance", "listener", "Oh my, what did you do?"],
            ["hit:3_conv:4", "situation", "none", "Heard a loud bang in the middle of the night"],
            ["hit:3_conv:4", "utterance", "speaker", "last night i hid under the bed"],
            ["hit:5_conv:6", "situation", "none", "Nobody ever said a word"],
        ],
    )
    return tmp_path


def test_the_situation_is_private_to_the_speaker_and_dropped_where_it_is_said_again(empathetic: Path) -> None:
    interactions, report = read(EmpatheticDialogues(), empathetic)
    said, told = (interaction.context.goals for interaction in interactions if interaction.context)
    assert "afraid" in said["speaker"]
    assert "car" not in said["speaker"]
    assert "loud bang" in told["speaker"]
    assert "loud bang" not in told["listener"]
    assert [turn.speaker for turn in interactions[0].turns] == ["speaker", "listener"]
    assert report.records == {f"{EMPATHETIC}/afraid.csv": 6}


def test_a_published_conversation_without_a_turn_is_a_counted_skip(empathetic: Path) -> None:
    interactions, report = read(EmpatheticDialogues(), empathetic)
    [skip] = report.skips.values()
    assert (len(interactions), skip.count, skip.first) == (2, 1, f"{EMPATHETIC}/afraid.csv, line 7")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"", None, "the file is empty"),
        (b"Dialog_ID,Type,Actor,Text\r\n", None, "no rows"),
        (b"Dialog_ID,Type,Actor,Text\r\na,utterance,speaker,hi\r\na,utterance,speaker\r\n", 3, "3 fields where"),
        (b'Dialog_ID,Type,Actor,Text\r\na,utterance,speaker,"hi" there\r\n', 2, "broken CSV"),
        (b"Dialog_ID,Type,Actor,Text\r\na,utterance,speaker,\xff\r\n", 2, "not UTF-8"),
        (b"Dialog_ID,Type,Actor,Text\r\na,utterance,robot,hi\r\n", 2, "Actor"),
        (b"Dialog_ID,Type,Text\r\na,utterance,hi\r\n", 2, "Actor: Field required"),
    ],
)
def test_broken_csv_is_a_data_error_with_its_line(tmp_path: Path, text: bytes, line: int | None, says: str) -> None:
    path = tmp_path / EMPATHETIC / "afraid.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    with pytest.raises(DataError, match=says) as caught:
        read(EmpatheticDialogues(), tmp_path)
    assert (caught.value.path, caught.value.line) == (path, line)


def test_a_folder_and_an_archive_read_alike(empathetic: Path) -> None:
    assert_an_archive_reads_alike(EmpatheticDialogues(), empathetic)


@pytest.mark.data
def test_the_published_files_are_read_whole(data_root: Path) -> None:
    assert all(interaction.context for interaction in assert_reads_whole(EmpatheticDialogues(), data_root))
