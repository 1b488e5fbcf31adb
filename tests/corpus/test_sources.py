"""Readers of published corpora and of a person's own file: true formats, counts, contexts, and broken files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.catalog import SOURCES, source
from odyssim.corpus.leak import leak_share, leaks
from odyssim.corpus.render import system_message
from odyssim.corpus.sources.base import ReadReport, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.casino import Casino
from odyssim.corpus.sources.empathetic_dialogues import EmpatheticDialogues
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.corpus.sources.persuasionforgood import PersuasionForGood
from odyssim.corpus.sources.taskmaster import Taskmaster
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.types import Interaction

PUBLISHED = [reader for reader in SOURCES.values() if not reader.card.synthetic]


def read(reader: SourceReader, root: Path) -> tuple[list[Interaction], ReadReport]:
    report = ReadReport()
    return list(reader.read(RawFiles(root), report)), report


def write_csv(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


# --- the published files ----------------------------------------------------------------------------------------

RECORDS = {"casino": 930, "empathetic_dialogues": 92_516, "persuasionforgood": 17_824 + 1_734, "taskmaster": 2_009}
INTERACTIONS = {"casino": 930, "empathetic_dialogues": 17_411, "persuasionforgood": 867, "taskmaster": 1_501}


@pytest.mark.data
@pytest.mark.parametrize("reader", PUBLISHED, ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole_and_no_context_gives_a_target_away(
    reader: SourceReader, data_root: Path
) -> None:
    interactions, report = read(reader, reader.files(data_root).root)
    name = reader.card.id
    assert sum(report.records.values()) == RECORDS[name]
    assert len(interactions) == report.interactions == reader.card.interactions == INTERACTIONS[name]
    assert not report.skips
    assert len({interaction.source.original_id for interaction in interactions}) == len(interactions)
    for interaction in interactions:
        assert set(interaction.imitated_speakers) <= set(reader.card.imitated)
        assert interaction.context is not None
        for speaker in interaction.imitated_speakers:
            known = system_message(interaction.context, speaker, [])
            assert not leaks(known, [turn.text for turn in interaction.turns if turn.speaker == speaker])


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


@pytest.fixture
def persuasion(tmp_path: Path) -> Path:
    folder = tmp_path / "data/FullData"
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
    assert sum(report.records.values()) == 4


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


@pytest.mark.parametrize("reader", PUBLISHED, ids=lambda reader: reader.card.id)
def test_a_missing_folder_or_file_names_what_is_expected_where(reader: SourceReader, tmp_path: Path) -> None:
    for root in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError) as caught:
            read(reader, root)
        assert caught.value.path == root
        assert f"corpus/{reader.card.id}" in caught.value.hint
        assert "--data" in caught.value.hint
    with pytest.raises(UsageError) as without:
        reader.root(None)
    assert f"FOLDER/corpus/{reader.card.id}" in without.value.hint


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"", None, "the file is empty"),
        (b"Dialog_ID,Type,Actor,Text\r\n", None, "no rows"),
        (b"Dialog_ID,Type,Actor,Text\r\na,utterance,speaker,hi\r\na,utterance,speaker\r\n", 3, "3 fields"),
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
        ("", None, "empty"),
        ("[]", None, "at least one"),
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
    interactions, report = read(reader, reader.root(None))
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
        read(InteractionFile(path), tmp_path)
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_an_empty_or_absent_own_file_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match="empty"):
        read(InteractionFile(tmp_path / "empty.jsonl"), tmp_path)
    with pytest.raises(DataError, match="no such file"):
        source(str(tmp_path / "absent.jsonl"))


# --- names, splits, leaks ---------------------------------------------------------------------------------------


def test_an_unknown_source_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'casino'"):
        source("cassino")


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
