"""Readers of written dialogue: MELD and EmoryNLP, CoSER's two plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.coser_shakespeare import CoserShakespeare
from odyssim.corpus.sources.meld_emorynlp import MeldEmoryNlp
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write
from tests.corpus.sources.published_counts import assert_reads_whole

MELD_HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
EMORY_HEADER = "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n"


def meld(*rows: str) -> str:
    return MELD_HEADER + "".join(f'{row},8,21,"00:16:16,059","00:16:21,731"\n' for row in rows)


SCENES: Layout = {
    "data/MELD/train_sent_emo.csv": meld(
        '1,"Well,  it’s here.",Phoebe,neutral,neutral,0,0',
        "2,Where?,Joey and Monica,surprise,negative,0,1",
        "3,Ta-da!,All,joy,positive,0,2",
        "4,Hm.,Joey,neutral,neutral,4,0",
    ),
    "data/MELD/dev_sent_emo.csv": meld("1,Oh.,Ross,neutral,neutral,0,0"),
    "data/emorynlp/emorynlp_train_final.csv": EMORY_HEADER
    + "Is this yours?,\"['Eric (photographer)']\",Neutral,1,1,1,2,00:00:02.877,00:00:07.548\n"
    + "Ours!,\"['Ross Geller', 'Rachel Green']\",Joyful,1,2,1,2,00:00:02.877,00:00:07.548\n"
    + "Surprise!,['#ALL#'],Joyful,2,1,1,2,00:00:02.877,00:00:07.548\n",
    "data/emorynlp/emorynlp_dev_final.csv": EMORY_HEADER
    + "Hey.,['Gunther'],Neutral,1,1,4,3,00:00:02.877,00:00:07.548\n",
}


def test_a_line_said_together_is_a_turn_of_each_and_a_crowd_is_only_heard(tmp_path: Path) -> None:
    (first, second, *_), _ = read(MeldEmoryNlp(), write(tmp_path, SCENES))
    assert said(first) == [
        ("Phoebe", "Well, it’s here."),
        ("Joey", "Where?"),
        ("Monica", "Where?"),
        ("Everyone", "Ta-da!"),
    ]
    assert first.imitated_speakers == ("Phoebe", "Joey", "Monica")
    assert said(second) == [("Joey", "Hm.")]


def test_each_of_the_two_sets_has_its_scenes_splits_and_licence(tmp_path: Path) -> None:
    interactions, report = read(MeldEmoryNlp(), write(tmp_path, SCENES))
    assert [(i.source.original_id, i.source.split, i.source.licence) for i in interactions] == [
        ("meld-train-0", "train", "GPL-3.0-only"),
        ("meld-train-4", "train", "GPL-3.0-only"),
        ("meld-dev-0", "validation", "GPL-3.0-only"),
        ("emorynlp-train-s01e02-1", "train", "Apache-2.0"),
        ("emorynlp-dev-s04e03-1", "validation", "Apache-2.0"),
    ]
    assert said(interactions[3])[0] == ("Eric", "Is this yours?")
    assert list(report.records.values()) == [4, 1, 3, 1]
    [skip] = report.skips.values()
    assert skip.first == "data/emorynlp/emorynlp_train_final.csv, line 4"


def test_a_speaker_list_that_is_none_is_a_data_error_with_its_line(tmp_path: Path) -> None:
    row = "Hey.,Gunther[,Neutral,1,1,4,3,00:00:02.877,00:00:07.548\n"
    layout = {**SCENES, "data/emorynlp/emorynlp_dev_final.csv": EMORY_HEADER + row}
    with pytest.raises(DataError, match="line 2: Speaker") as caught:
        read(MeldEmoryNlp(), write(tmp_path, layout))
    assert caught.value.path == tmp_path / "data/emorynlp/emorynlp_dev_final.csv"


BOOK_TEXT = (
    "Enter ANN. Good evening to you, landlord. I seek a room for the night. BOB. There is none left in this house."
)


def plot(*messages: tuple[str, str], text: str = BOOK_TEXT) -> dict[str, Any]:
    return {
        "text": text,
        "summary": "Ann sleeps in the stable.",
        "chapter": "Act I",
        "key_characters": [
            {"name": "Ann", "description": "A tired traveller.", "experience": "She sleeps in the stable."},
            {"name": "Bob", "description": "There is none left in this house.", "experience": "He regrets it."},
        ],
        "conversation": [
            {
                "scenario": "A dark inn.",
                "topic": "No room.",
                "key_characters": [
                    {"name": "Ann", "motivation": "She wants to sleep."},
                    {"name": "Environment", "motivation": "None."},
                ],
                "dialogues": [{"character": name, "message": message, "i_p": 1} for name, message in messages],
            }
        ],
        "state": "finished",
        "i_chunk": 0,
    }


INN = (
    ("Environment", "Rain falls."),
    ("Ann", "[So late.] (knocks) 'Good evening to you, landlord. I seek a room for the night.' (waits)"),
    ("Bob", "There is none left in this house. [She looks poor.]"),
    ("Ann", "[No!]"),
)
COSER: Layout = {
    "data/extracted/The Inn.json": {"chapter_beginnings": [], "plots": [], "fail_to_parse_responses": []},
    "data/train/sft_sharegpt.json": [{"conversations": [{"from": "system", "value": "You are Ann."}]}] * 2,
    "data/final/The Inn.json": {
        "plots": [plot(*INN), plot(*INN, text="Quite another page of the book, on which nobody says any of this.")],
        "split_plot_index": 1,
        "character_datasets": {"Ann": {"profile": "She will marry Bob."}},
    },
}


def test_what_a_character_thinks_is_not_heard_and_the_narrator_is_no_person(tmp_path: Path) -> None:
    (first, _), report = read(CoserShakespeare(), write(tmp_path, COSER))
    assert [(turn.speaker, turn.text, turn.human, turn.train) for turn in first.turns] == [
        ("Environment", "Rain falls.", False, False),
        ("Ann", "(knocks) Good evening to you, landlord. I seek a room for the night. (waits)", True, True),
        ("Bob", "There is none left in this house.", True, True),
    ]
    assert report.records == {
        "data/extracted/The Inn.json": 3,
        "data/train/sft_sharegpt.json": 2,
        "data/final/The Inn.json": 3,
    }
    [skip] = report.skips.values()
    assert (skip.count, skip.first) == (2, "data/train/sft_sharegpt.json, record 1")


def test_the_context_is_the_scene_before_it_is_played(tmp_path: Path) -> None:
    (first, _), _ = read(CoserShakespeare(), write(tmp_path, COSER))
    context = first.context
    assert context is not None
    assert (context.scenario, context.author) == ("A dark inn.", "native")
    assert context.profiles == {"Ann": "A tired traveller."}
    assert context.goals == {"Ann": "She wants to sleep."}
    assert all(outcome not in context.model_dump_json() for outcome in ("stable", "marry", "regrets"))


def test_speech_that_is_not_in_the_book_is_tagged_and_late_plots_are_held_out(tmp_path: Path) -> None:
    (first, second), _ = read(CoserShakespeare(), write(tmp_path, COSER))
    assert (first.tags, second.tags) == ((), ("speech:machine",))
    assert (first.source.split, second.source.split) == ("train", "validation")
    assert (first.source.original_id, second.source.original_id) == ("The Inn-0-0", "The Inn-1-0")


def test_a_message_of_null_is_a_data_error_that_says_where(tmp_path: Path) -> None:
    broken = {"plots": [plot(("Ann", None))], "split_plot_index": 1}  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"plots.0.conversation.0.dialogues.0.message") as caught:
        read(CoserShakespeare(), write(tmp_path, {**COSER, "data/final/The Inn.json": broken}))
    assert caught.value.path == tmp_path / "data/final/The Inn.json"


LAYOUTS: list[tuple[SourceReader, Layout]] = [(MeldEmoryNlp(), SCENES), (CoserShakespeare(), COSER)]


@pytest.mark.parametrize(("reader", "layout"), LAYOUTS, ids=[reader.card.id for reader, _ in LAYOUTS])
def test_a_folder_and_its_archive_give_the_same(reader: SourceReader, layout: Layout, tmp_path: Path) -> None:
    assert_an_archive_reads_alike(reader, write(tmp_path / reader.card.id, layout))


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in LAYOUTS], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
