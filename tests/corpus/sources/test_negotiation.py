"""Readers of two people who want something of each other: CaSiNo and PersuasionForGood."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.casino import Casino
from odyssim.corpus.sources.persuasionforgood import PersuasionForGood
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, write_csv, write_json
from tests.corpus.sources.published_counts import assert_reads_whole

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


UNREAD = {
    "race.x": "Other",
    "marital.x": "Married",
    "employment.x": "Employed for wages",
    "income.x": "7.0",
    "religion.x": "Atheist",
    "ideology.x": "Liberal",
}
ANSWERS = {
    "age.x": "34.0",
    "sex.x": "Male",
    "edu.x": "Postgraduate",
    "extrovert.x": "2.0",
    "agreeable.x": "4.2",
    "conscientious.x": "3.4",
    "neurotic.x": "2.2",
    "open.x": "3.9",
    "care.x": "5.0",
    "fairness.x": "5.0",
    "loyalty.x": "5.5",
    "authority.x": "1.0",
    "purity.x": "",
    "freedom.x": "5.25",
    **UNREAD,
}
SURVEY = {"B2": "talk-1", "B3": "user_1", "B4": "0", "B6": "0.0", **ANSWERS}
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
    people = [SURVEY, SURVEY | {"B3": "user_2", "B4": "1", "B6": "1.77"} | dict.fromkeys(ANSWERS, "")]
    write_csv(folder / "full_info.csv", [list(SURVEY), *(list(person.values()) for person in people)])
    return tmp_path


def test_persuasion_joins_people_to_turns_and_never_tells_the_donation(persuasion: Path) -> None:
    [interaction], report = read(PersuasionForGood(), persuasion)
    assert interaction.imitated_speakers == ("persuader", "persuadee")
    assert interaction.context is not None
    profile = "age: 30 to 39; sex: male; education: postgraduate; character: reserved, warm; what counts: loyalty"
    assert interaction.context.profiles == {"persuader": profile}
    assert "1.77" not in interaction.model_dump_json()
    assert report.records == {
        "data/FullData/full_dialog.csv": 2,
        "data/FullData/full_info.csv": 2,
        "data/AnnotatedData/300_dialog.xlsx": 2,
    }


def test_a_persona_is_coarse_and_leaves_out_what_nobody_needs_to_know(persuasion: Path) -> None:
    path = persuasion / "data/FullData/full_info.csv"
    written = path.read_text()
    for age, band in (("18.0", "under 20"), ("59.0", "50 to 59"), ("71.0", "60 or over")):
        path.write_text(written.replace("34.0", age))
        [interaction], _ = read(PersuasionForGood(), persuasion)
        assert interaction.context is not None
        persona = interaction.context.profiles["persuader"]
        assert persona.startswith(f"age: {band};")
        assert not [answer for name, answer in SURVEY.items() if name in UNREAD and answer.lower() in persona]
        assert not any(score in persona for score in ("2.0", "4.2", "5.5"))


def test_a_dialogue_without_its_participants_is_a_data_error(persuasion: Path) -> None:
    path = persuasion / "data/FullData/full_info.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    with pytest.raises(DataError, match="no row for the persuadee of dialogue talk-1"):
        read(PersuasionForGood(), persuasion)


def test_a_folder_and_an_archive_read_alike(casino: Path, persuasion: Path) -> None:
    assert_an_archive_reads_alike(Casino(), casino)
    assert_an_archive_reads_alike(PersuasionForGood(), persuasion)


@pytest.mark.data
@pytest.mark.parametrize("reader", [Casino(), PersuasionForGood()], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert all(interaction.context for interaction in assert_reads_whole(reader, data_root))


@pytest.mark.data
def test_every_conversation_of_casino_ends_in_an_act_that_can_be_read(data_root: Path) -> None:
    interactions, _ = read(Casino(), data_root / "corpus" / "casino")
    buttons = {"Submit-Deal", "Accept-Deal", "Reject-Deal", "Walk-Away"}
    assert not buttons & {turn.text for interaction in interactions for turn in interaction.turns}
    assert all(interaction.turns[-1].text.startswith("[") for interaction in interactions if len(interaction.turns) > 1)
