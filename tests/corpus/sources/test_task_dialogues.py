"""Readers of customers and users who want something done: ABCD, CrossWOZ, MultiDoGO, SGD, STAR."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.abcd import Abcd
from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.crosswoz import CrossWoz
from odyssim.corpus.sources.multidogo import MultiDoGo
from odyssim.corpus.sources.sgd import Sgd
from odyssim.corpus.sources.star import Star
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said, write_csv, write_json
from tests.corpus.sources.published_counts import assert_reads_whole

RETURN: dict[str, Any] = {
    "convo_id": 21,
    "scenario": {
        "personal": {"customer_name": "ada moss", "member_level": "gold", "phone": "(555) 010-2030"},
        "order": {"order_id": "4711", "full_address": "1 mill lane  springfield, xy 00000"},
        "product": {"names": ["acme_wool jeans"], "amounts": [94]},
        "flow": "product_defect",
        "subflow": "return_size_2",
    },
    "original": [
        ["agent", " Hi! "],
        ["customer", "they're too small, please send a label to 1 Mill Lane Springfield"],
        ["action", "Account has been pulled up."],
        ["agent", "done"],
    ],
}


def abcd(root: Path) -> None:
    write_json(root / "data/abcd_sample.json", [RETURN, RETURN | {"convo_id": 22, "original": [["agent", "Hello?"]]}])
    write_json(root / "data/guidelines.json", {"Returns": {}})
    write_json(root / "data/kb.json", {"return_size": [], "timing": []})
    write_json(root / "data/ontology.json", {"intents": {}})


def test_abcd_imitates_the_customer_who_knows_the_own_data(tmp_path: Path) -> None:
    abcd(tmp_path)
    [interaction], report = read(Abcd(), tmp_path)
    assert [(turn.speaker, turn.human, turn.train) for turn in interaction.turns] == [
        ("agent", True, False),
        ("customer", True, True),
        ("agent", True, False),
    ]
    assert interaction.turns[0].text == "Hi!"
    assert interaction.context is not None
    profile = interaction.context.profiles["customer"]
    assert profile == "name: Ada Moss; membership: gold; phone: (555) 010-2030; bought: acme wool jeans; order id: 4711"
    assert interaction.context.goals == {"customer": "Your concern: product defect, return size."}
    assert interaction.source.original_id == "21"
    assert report.records == {
        "data/abcd_sample.json": 2,
        "data/guidelines.json": 1,
        "data/kb.json": 2,
        "data/ontology.json": 1,
    }
    assert report.skips["no human turn worth imitating"].first == "data/abcd_sample.json, record 2"


TRIP: dict[str, Any] = {
    "sys-usr": [1, 2],
    "task description": ["你要去一个餐馆(id=1)用餐。"],
    "goal": [
        [1, "餐馆", "推荐菜", ["豆汁"], False],
        [1, "餐馆", "地址", "", False],
        [2, "酒店", "名称", "出现在id=1的周边酒店里", False],
        [2, "酒店", "周边景点", [], False],
    ],
    "messages": [
        {"content": "想吃豆汁，去哪儿？ ", "role": "usr", "user_state": []},
        {"content": "老磁器口。", "role": "sys", "sys_state": {}},
    ],
}


def crosswoz(root: Path) -> None:
    for part, ids in {"train": ["7", "8"], "val": ["9"]}.items():
        path = root / f"data/crosswoz/{part}.json.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{part}.json", json.dumps(dict.fromkeys(ids, TRIP), ensure_ascii=False))


def test_crosswoz_reads_the_archives_inside_and_gives_no_values_away(tmp_path: Path) -> None:
    crosswoz(tmp_path)
    (first, _, third), report = read(CrossWoz(), tmp_path)
    assert said(first) == [("user", "想吃豆汁，去哪儿？"), ("assistant", "老磁器口。")]
    assert first.imitated_speakers == ("user",)
    assert first.language == "zh"
    assert (first.source.split, third.source.split) == ("train", "validation")
    assert (third.source.original_id, third.source.place) == ("9", "data/crosswoz/val.json.zip, val.json, entry 9")
    assert first.context is not None
    assert first.context.goals["user"] == (
        "依次要办的事：餐馆，在意推荐菜，想知道地址；酒店，要去第1处附近，想知道周边景点。"
    )
    assert report.records == {"data/crosswoz/train.json.zip": 2, "data/crosswoz/val.json.zip": 1}


def test_a_broken_archive_inside_is_a_data_error(tmp_path: Path) -> None:
    crosswoz(tmp_path)
    path = tmp_path / "data/crosswoz/val.json.zip"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="not a readable zip archive") as caught:
        read(CrossWoz(), tmp_path)
    assert caught.value.path == path


def multidogo(root: Path) -> None:
    splits = root / "data/paper_splits"
    write_csv(
        splits / "splits_annotated_at_turn_level/airline/dev.tsv",
        [
            ["conversationId", "turnNumber", "utteranceId", "utterance", "slot-labels", "intent"],
            ["c1", "0", "<CONV>c1<TURN>0", "hi", "O", "openinggreeting"],
            ["c1", "2", "<CONV>c1<TURN>2", "seat 4a \n window", "O", "changeseatassignment<div>getseatinfo"],
        ],
        delimiter="\t",
    )
    header = ["conversationId", "turnNumber", "sentenceNumber", "utteranceId", "utterance", "slot-labels", "intent"]
    write_csv(
        splits / "splits_annotated_at_sentence_level/airline/train.tsv",
        [
            header,
            ["c1", "0", "0", "", "hi", "O", "openinggreeting"],
            ["c2", "1", "0", "", "no", "O", "rejection"],
            ["c2", "1", "1", "", "nothing else", "O", "rejection"],
            ["c2", "3", "0", "", "", "", "contentonly"],
        ],
        delimiter="\t",
    )


def test_multidogo_joins_sentences_and_reads_a_conversation_of_both_levels_once(tmp_path: Path) -> None:
    multidogo(tmp_path)
    (whole, by_sentence), report = read(MultiDoGo(), tmp_path)
    assert said(whole) == [("customer", "hi"), ("customer", "seat 4a window")]
    assert said(by_sentence) == [("customer", "no nothing else")]
    assert (whole.source.split, by_sentence.source.split) == ("validation", "train")
    assert whole.context is not None
    assert "an airline" in whole.context.scenario
    assert whole.context.goals == {"customer": "Your errand: change seats; find out about the seat."}
    assert by_sentence.context is not None
    assert by_sentence.context.goals == {}
    [skip] = report.skips.values()
    assert (skip.count, skip.first.endswith("airline/train.tsv, line 2")) == (1, True)
    assert sorted(report.records.values()) == [2, 4]


BUS: dict[str, Any] = {
    "dialogue_id": "1_00000",
    "services": ["RideSharing_1", "Buses_1"],
    "turns": [
        {
            "speaker": "USER",
            "utterance": "is there a coach to Fresno",
            "frames": [{"service": "Buses_1", "actions": [{"act": "INFORM_INTENT", "values": ["FindBus"]}]}],
        },
        {
            "speaker": "SYSTEM",
            "utterance": "Shall I buy a ticket?",
            "frames": [{"service": "Buses_1", "actions": [{"act": "OFFER_INTENT", "values": ["BuyTicket"]}]}],
        },
        {"speaker": "USER", "utterance": "ok", "frames": []},
    ],
}


def sgd(root: Path) -> None:
    intents = [
        {"name": "FindBus", "description": "Find a bus between two towns"},
        {"name": "BuyTicket", "description": "Buy a ticket"},
    ]
    for part in ("train", "dev"):
        write_json(root / part / "schema.json", [{"service_name": "Buses_1", "intents": intents}])
        write_json(root / part / "dialogues_001.json", [BUS])


def test_sgd_wants_what_the_user_brings_up(tmp_path: Path) -> None:
    sgd(tmp_path)
    (dev, train), report = read(Sgd(), tmp_path)
    assert (dev.source.original_id, dev.source.split) == ("dev/1_00000", "validation")
    assert (train.source.original_id, train.source.split) == ("train/1_00000", "train")
    assert [(turn.speaker, turn.train) for turn in train.turns] == [
        ("user", True),
        ("assistant", False),
        ("user", True),
    ]
    assert train.context is not None
    assert train.context.scenario == "A chat with an assistant for ride sharing, buses."
    assert train.context.goals == {"user": "Find a bus between two towns."}
    assert report.records == dict.fromkeys(
        ("dev/schema.json", "train/schema.json", "dev/dialogues_001.json", "train/dialogues_001.json"), 1
    )


BANK: dict[str, Any] = {
    "DialogueID": 17,
    "Scenario": {
        "UserTask": "You want your balance. Follow the instructions on the left for now.\n\n- Your name: Ada",
        "WizardCapabilities": [{"Domain": "bank", "Task": "bank_balance"}],
    },
    "Events": [
        {"Agent": "UserGuide", "Action": "instruct", "Text": "Say hello (see left panel). [instruction 1 of 2]"},
        {"Agent": "User", "Action": "utter", "Text": "hey "},
        {"Agent": "Wizard", "Action": "request_suggestions", "Text": "name"},
        {"Agent": "Wizard", "Action": "pick_suggestion", "Text": "Could I get your full name, please?"},
        {"Agent": "UserGuide", "Action": "instruct", "Text": "Tell a joke about banks. [instruction 2 of 2]"},
        {"Agent": "User", "Action": "utter", "Text": "let me tell a joke about banks"},
        {"Agent": "Wizard", "Action": "query", "Constraints": []},
        {"Agent": "Wizard", "Action": "utter", "Text": "No time."},
        {"Agent": "User", "Action": "complete"},
    ],
}


def star(root: Path) -> None:
    write_json(root / "dialogues/17.json", BANK)
    write_json(root / "dialogues/18.json", BANK | {"DialogueID": 18, "Events": BANK["Events"][2:5]})
    write_json(root / "tasks/bank_balance/bank_balance.json", {"task": "bank_balance", "replies": {}, "graph": {}})


def test_star_turns_instructions_into_a_goal_and_clicks_into_nothing(tmp_path: Path) -> None:
    star(tmp_path)
    [interaction], report = read(Star(), tmp_path)
    assert [(turn.speaker, turn.human, turn.train) for turn in interaction.turns] == [
        ("user", True, True),
        ("assistant", False, False),
        ("user", True, True),
        ("assistant", True, False),
    ]
    assert interaction.turns[0].text == "hey"
    assert interaction.context is not None
    assert interaction.context.author == "native"
    assert interaction.context.scenario == "Someone chats with an AI assistant that handles: bank balance."
    assert interaction.context.goals == {"user": "You want your balance. Your name: Ada. Say hello."}
    assert report.skips["no human turn worth imitating"].first == "dialogues/18.json"
    assert report.records == {
        "dialogues/17.json": 1,
        "dialogues/18.json": 1,
        "tasks/bank_balance/bank_balance.json": 3,
    }


BUILT: list[tuple[SourceReader, Callable[[Path], None]]] = [
    (Abcd(), abcd),
    (CrossWoz(), crosswoz),
    (MultiDoGo(), multidogo),
    (Sgd(), sgd),
    (Star(), star),
]
BUILDERS = {reader.card.id: build for reader, build in BUILT}


@pytest.mark.parametrize(("reader", "build"), BUILT)
def test_a_folder_and_an_archive_read_alike(
    reader: SourceReader, build: Callable[[Path], None], tmp_path: Path
) -> None:
    build(tmp_path / "folder")
    assert_an_archive_reads_alike(reader, tmp_path / "folder")


@pytest.mark.parametrize(
    ("reader", "file", "value", "says"),
    [
        (Abcd(), "data/abcd_sample.json", [RETURN | {"original": [["robot", "hi"]]}], "original.0.0: Input should be"),
        (Abcd(), "data/abcd_sample.json", [RETURN | {"original": [["agent", None]]}], "valid string"),
        (Sgd(), "train/dialogues_001.json", [BUS | {"turns": [{"speaker": "BOT", "frames": []}]}], "turns.0.speaker"),
        (Star(), "dialogues/17.json", BANK | {"Events": [{"Agent": "Robot", "Action": "utter"}]}, "Events.0.Agent"),
    ],
)
def test_unknown_roles_and_null_texts_are_data_errors(
    reader: SourceReader, file: str, value: object, says: str, tmp_path: Path
) -> None:
    BUILDERS[reader.card.id](tmp_path)
    write_json(tmp_path / file, value)
    with pytest.raises(DataError, match=says) as caught:
        read(reader, tmp_path)
    assert caught.value.path == tmp_path / file


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in BUILT], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
