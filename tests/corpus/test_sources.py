"""Readers of published corpora and of a person's own file: true formats, contexts, and broken files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.catalog import SOURCES, source
from odyssim.corpus.leak import leak_share
from odyssim.corpus.sources import records
from odyssim.corpus.sources.base import ReadReport, SourceReader, hash_split
from odyssim.corpus.sources.casino import Casino
from odyssim.corpus.sources.empathetic_dialogues import EmpatheticDialogues
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.corpus.sources.persuasionforgood import PersuasionForGood
from odyssim.corpus.sources.records import UpstreamRecord, count_json, csv_records, json_records, jsonl_records
from odyssim.corpus.sources.taskmaster import Taskmaster
from odyssim.errors import DataError, UsageError
from odyssim.types import Interaction
from tests.corpus.sources.fixtures import read, write_csv, write_json
from tests.corpus.sources.published_counts import assert_reads_whole

READERS = (Casino(), EmpatheticDialogues(), PersuasionForGood(), Taskmaster())
WITH_FILES = [reader for name, reader in SOURCES.items() if name not in ("village", "context_writing")]
"""Every source that has a folder of its own."""


@pytest.mark.data
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    interactions = assert_reads_whole(reader, data_root)
    assert all(interaction.context for interaction in interactions)


@pytest.mark.data
def test_every_conversation_of_casino_ends_in_an_act_that_can_be_read(data_root: Path) -> None:
    interactions, _ = read(Casino(), data_root / "corpus" / "casino")
    buttons = {"Submit-Deal", "Accept-Deal", "Reject-Deal", "Walk-Away"}
    assert not buttons & {turn.text for interaction in interactions for turn in interaction.turns}
    assert all(interaction.turns[-1].text.startswith("[") for interaction in interactions if len(interaction.turns) > 1)


# --- each format ------------------------------------------------------------------------------------------------

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


CAMPERS: dict[str, Any] = {
    name: {
        "value2issue": {"High": "Water", "Medium": "Food", "Low": "Firewood"},
        "value2reason": {"High": reason, "Medium": "we are many", "Low": "summer is warm enough"},
        "outcomes": {"points_scored": 19},
        "demographics": {"age": 47},
    }
    for name, reason in (("mturk_agent_1", "I must drink a lot because of the heat"), ("mturk_agent_2", "dust"))
}
DEAL = {"issue2youget": {"Water": "3", "Food": "0", "Firewood": "1"}, "issue2theyget": {"Food": "3", "Firewood": "2"}}


@pytest.fixture
def casino(tmp_path: Path) -> Path:
    lines = [
        ("mturk_agent_1", "hi, I must drink a lot because of the heat", {}),
        ("mturk_agent_2", "Submit-Deal", DEAL),
        ("mturk_agent_1", "Accept-Deal", {"data": "accept_deal"}),
    ]
    dialogue = {
        "dialogue_id": 7,
        "chat_logs": [{"id": name, "text": text, "task_data": data} for name, text, data in lines],
        "participant_info": CAMPERS,
    }
    write_json(tmp_path / "data/split/casino_train.json", [dialogue])
    write_json(tmp_path / "data/split/casino_valid.json", [dialogue | {"dialogue_id": 8}])
    return tmp_path


def test_deals_become_readable_acts_that_are_imitated(casino: Path) -> None:
    (first, second), _ = read(Casino(), casino)
    assert [turn.text for turn in first.turns[1:]] == [
        "[offers a deal: I get 3 water, 1 firewood; you get 3 food, 2 firewood]",
        "[accepts the deal]",
    ]
    assert all(turn.human and turn.train for turn in first.turns)
    assert (first.source.split, second.source.split) == ("train", "validation")


def test_goals_hold_priorities_and_only_reasons_that_are_not_said_again(casino: Path) -> None:
    (interaction, _), _ = read(Casino(), casino)
    assert interaction.context is not None
    goals = interaction.context.goals
    assert "Water / Food / Firewood" in goals["Camper 1"]
    assert "heat" not in goals["Camper 1"]
    assert "dust" in goals["Camper 2"]
    assert "47" not in interaction.model_dump_json()


SHEET = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c/></row><row r="2"><c/></row><row r="3"><c/></row></sheetData></worksheet>"""


@pytest.fixture
def persuasion(tmp_path: Path) -> Path:
    folder = tmp_path / "data/FullData"
    workbook = tmp_path / "data/AnnotatedData/300_dialog.xlsx"
    workbook.parent.mkdir(parents=True)
    with zipfile.ZipFile(workbook, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", SHEET)
    write_csv(
        folder / "full_dialog.csv",
        [["", "Unit", "Turn", "B4", "B2"], ["0", "Hi.", "0", "0", "talk-1"], ["1", "Hello, you", "0", "1", "talk-1"]],
    )
    header = ["B2", "B3", "B4", "B6", "age.x", "sex.x", "edu.x", "ideology.x"]
    write_csv(
        folder / "full_info.csv",
        [
            header,
            ["talk-1", "user_1", "0", "0.0", "34.0", "Male", "Postgraduate", "Liberal"],
            ["talk-1", "user_2", "1", "1.77", "", "", "", ""],
        ],
    )
    return tmp_path


def test_persuasion_joins_people_to_turns_and_never_tells_the_donation(persuasion: Path) -> None:
    [interaction], report = read(PersuasionForGood(), persuasion)
    assert interaction.imitated_speakers == ("persuader", "persuadee")
    assert interaction.context is not None
    assert interaction.context.profiles == {
        "persuader": "age 34; sex: male; education: postgraduate; politics: liberal"
    }
    assert "1.77" not in interaction.model_dump_json()
    assert report.records == {
        "data/FullData/full_dialog.csv": 2,
        "data/FullData/full_info.csv": 2,
        "data/AnnotatedData/300_dialog.xlsx": 2,
    }


def test_a_dialogue_without_its_participants_is_a_data_error(persuasion: Path) -> None:
    path = persuasion / "data/FullData/full_info.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    with pytest.raises(DataError, match="no row for the persuadee of dialogue talk-1"):
        read(PersuasionForGood(), persuasion)


@pytest.fixture
def taskmaster(tmp_path: Path) -> Path:
    turns = [{"index": 0, "speaker": "user", "text": "a mocha\r"}, {"index": 1, "speaker": "assistant", "text": "ok"}]
    order = {"conversation_id": "dlg-1", "scenario": "Auto template 14b what kind of x", "utterances": turns}
    sample = {
        "conversation_id": "dlg-2",
        "instruction_id": "pizza-ordering-3",
        "utterances": [{"speaker": "USER", "text": "hi"}],
    }
    write_json(tmp_path / "TM-4-2024/data/data_00.json", [order])
    write_json(tmp_path / "TM-4-2024/reward/reward_00.json", [{"conversation_id": "dlg-1", "reward": 1.0}])
    write_json(tmp_path / "TM-1-2019/sample.json", sample)
    write_json(tmp_path / "TM-1-2019/ontology.json", {"uber": {}, "pizza": {}})
    return tmp_path


def test_taskmaster_imitates_the_user_only(taskmaster: Path) -> None:
    interactions, report = read(Taskmaster(), taskmaster)
    sample, order = interactions
    assert [(turn.speaker, turn.human, turn.train) for turn in order.turns] == [
        ("user", True, True),
        ("assistant", True, False),
    ]
    assert order.turns[0].text == "a mocha"
    assert order.context is not None
    assert order.context.goals["user"].startswith("Find out what there is")
    assert sample.context is not None
    assert "pizza ordering." in sample.context.goals["user"]
    assert report.records == {
        "TM-1-2019/ontology.json": 2,
        "TM-1-2019/sample.json": 3,
        "TM-4-2024/data/data_00.json": 1,
        "TM-4-2024/reward/reward_00.json": 1,
    }


# --- broken files -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[]", None, "at least one record"),
        ('[{"dialogue_id": 1,\n "chat_logs": [}]', 2, "broken JSON"),
        ('[{"dialogue_id": 1}]', None, "record 1: chat_logs: Field required"),
    ],
)
def test_broken_json_is_a_data_error_with_its_line(casino: Path, text: str, line: int | None, says: str) -> None:
    path = casino / "data/split/casino_train.json"
    path.write_text(text)
    with pytest.raises(DataError, match=says) as caught:
        read(Casino(), casino)
    assert (caught.value.path, caught.value.line) == (path, line)


# --- a few malformed records among many ---------------------------------------------------------------------------


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


# --- encodings and archives ------------------------------------------------------------------------------------------


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


# --- a person's own file ----------------------------------------------------------------------------------------

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


# --- splits, leaks ---------------------------------------------------------------------------------------


def test_the_hash_split_keeps_about_a_twentieth_for_validation() -> None:
    share = sum(hash_split(f"dialogue-{number}") == "validation" for number in range(20_000)) / 20_000
    assert share == pytest.approx(0.05, abs=0.005)


def test_leak_share_counts_word_grams_without_case_and_punctuation() -> None:
    assert leak_share("When my car caught FIRE.", ["my car caught fire!", "it was loud"]) == 1.0
    assert leak_share("When my car caught fire.", ["then my car caught fire"]) == 0.5
    assert leak_share("My car caught", ["fire it was"]) == 0.0
    assert leak_share("I don't know what", ["i don’t know what"]) == 1.0
    assert leak_share("anything at all", []) == 0.0


@given(st.lists(st.sampled_from("abcdef"), min_size=4), st.lists(st.sampled_from("abcdef")))
def test_a_context_that_holds_the_turn_leaks_all_of_it(turn: list[str], around: list[str]) -> None:
    assert leak_share(" ".join([*around, *turn, *around]), [" ".join(turn)]) == 1.0
    assert 0.0 <= leak_share(" ".join(around), [" ".join(turn)]) <= 1.0
