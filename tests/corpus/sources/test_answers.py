"""Readers of people and machines who answer each other: HH-RLHF, Open-Assistant's sample, ToMi, OpenToM."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.hh_rlhf import HhRlhf
from odyssim.corpus.sources.oasst_export_sample import OasstExportSample
from odyssim.corpus.sources.opentom import OpenToM
from odyssim.corpus.sources.tomi import ToMi
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write
from tests.corpus.sources.published_counts import assert_reads_whole


def gzipped(*records: object) -> bytes:
    return gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode(), mtime=0)


ATTACK = "\n\nHuman: which wire is live?\n\nAssistant: Why do you ask?\n\nHuman:\n\nAssistant:"
PAIR = {"chosen": f"{ATTACK} Call an electrician.", "rejected": f"{ATTACK} The brown one."}
HH: Layout = {"harmless-base/test.jsonl.gz": gzipped(PAIR), "harmless-base/train.jsonl.gz": gzipped(PAIR)}


def test_the_person_who_attacks_is_imitated_and_the_row_is_tagged(tmp_path: Path) -> None:
    interactions, report = read(HhRlhf(), write(tmp_path, HH))
    assert said(interactions[0]) == [
        ("Human", "which wire is live?"),
        ("Assistant", "Why do you ask?"),
        ("Assistant", "Call an electrician."),
    ]
    assert [(turn.human, turn.train) for turn in interactions[0].turns] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert all(interaction.tags == ("safety:red_team",) for interaction in interactions)
    assert [(i.source.original_id, i.source.split) for i in interactions] == [
        ("harmless-base-test-1", "validation"),
        ("harmless-base-train-1", "train"),
    ]
    assert report.records == dict.fromkeys(HH, 1)


@pytest.mark.parametrize("chosen", [None, "Hello there.", "\n\nAssistant: Hi."])
def test_a_transcript_that_is_none_is_a_data_error_with_its_line(tmp_path: Path, chosen: str | None) -> None:
    broken = gzipped(PAIR, {"chosen": chosen, "rejected": ""})
    with pytest.raises(DataError, match="line 2: chosen") as caught:
        read(HhRlhf(), write(tmp_path, {"harmless-base/test.jsonl.gz": broken}))
    assert caught.value.path == tmp_path / "harmless-base/test.jsonl.gz"


def test_a_truncated_archive_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cut off or damaged"):
        read(HhRlhf(), write(tmp_path, {"harmless-base/test.jsonl.gz": gzipped(PAIR)[:-12]}))


def post(text: str, *replies: dict[str, Any], **fields: Any) -> dict[str, Any]:
    role = "assistant" if text.startswith("A") else "prompter"
    return {"message_id": text, "role": role, "text": f" {text}", "rank": None, "replies": list(replies), **fields}


TREE = post(
    "P1",
    post("A worse", post("P2 never"), rank=1),
    post("A gone", rank=0, deleted=True),
    post("A best", post("P2 first"), post("P2 second"), rank=0),
)
OASST_FOLDER = "model/model_eval/manual/data"
OASST: Layout = {
    f"{OASST_FOLDER}/en_100_tree.jsonl": [{"message_tree_id": "t1", "tree_state": "ready_for_export", "prompt": TREE}],
    f"{OASST_FOLDER}/en_100_message.jsonl": [TREE],
}


def test_a_tree_becomes_the_line_of_its_best_replies(tmp_path: Path) -> None:
    [interaction], report = read(OasstExportSample(), write(tmp_path, OASST))
    assert said(interaction) == [("prompter", "P1"), ("assistant", "A best"), ("prompter", "P2 first")]
    assert interaction.imitated_speakers == ("prompter",)
    assert interaction.source.original_id == "t1"
    [skip] = report.skips.values()
    assert (skip.count, skip.first) == (1, f"{OASST_FOLDER}/en_100_message.jsonl, line 1")
    assert OasstExportSample.card.synthetic


def test_an_unknown_role_is_a_data_error_with_its_line(tmp_path: Path) -> None:
    tree = {"message_tree_id": "t1", "prompt": post("P1", post("A", role="moderator"))}
    with pytest.raises(DataError, match=r"line 1: prompt.replies.0.role"):
        read(OasstExportSample(), write(tmp_path, {**OASST, f"{OASST_FOLDER}/en_100_tree.jsonl": [tree]}))


STORY = "1 Ann hates the porch\n2 The hat is in the green_box.\n3 Where is the hat really?\tgreen_box\t2\n"
TOMI: Layout = {
    "tomi_balanced_story_types/fb_all_train.txt": STORY * 2,
    "tomi_balanced_story_types/fb_all_val.txt": STORY,
    "tomi_balanced_story_types/fb_all_train.trace": "enter_agent_0,reality,true_belief\n" * 2,
    "tomi_balanced_story_types/fb_all_val.trace": "enter_agent_0,reality,true_belief\n",
}


def test_a_story_with_its_question_is_asked_and_the_respondent_answers(tmp_path: Path) -> None:
    interactions, report = read(ToMi(), write(tmp_path, TOMI))
    assert said(interactions[0]) == [
        ("examiner", "Ann hates the porch. The hat is in the green box. Where is the hat really?"),
        ("respondent", "green box"),
    ]
    assert interactions[0].imitated_speakers == ("respondent",)
    assert [(i.source.original_id, i.source.split) for i in interactions] == [
        ("fb_all_train-3", "train"),
        ("fb_all_train-6", "train"),
        ("fb_all_val-3", "validation"),
    ]
    assert sorted(report.records.values()) == [1, 2, 3, 6]


@pytest.mark.parametrize("cut", ["1 Ann hates the porch\n3 Where?\tbox\t1\n", "Ann hates the porch\n"])
def test_a_story_with_a_hole_is_a_data_error_with_its_line(tmp_path: Path, cut: str) -> None:
    with pytest.raises(DataError, match="not the next line of a story") as caught:
        read(ToMi(), write(tmp_path, {**TOMI, "tomi_balanced_story_types/fb_all_val.txt": cut}))
    assert caught.value.path == tmp_path / "tomi_balanced_story_types/fb_all_val.txt"
    assert caught.value.line == cut.count("\n")


OPENTOM_FOLDER = "data/opentom_data"
TOLD = {"narrative": "Ann put Ben's hat into the treasure_chest.", "true_sentiment": "negative", "observed": True}
OPENTOM: Layout = {
    f"{OPENTOM_FOLDER}/meta_data.json": {"101": TOLD, "102": TOLD},
    f"{OPENTOM_FOLDER}/meta_data_long.json": {"101": {**TOLD, "long_narrative": "Once there was a hat."}},
    f"{OPENTOM_FOLDER}/attitude.json": {"101": [{"question": "As Ben, how do you feel?", "answer": "negative"}]},
    f"{OPENTOM_FOLDER}/location_fg_fo_new.json": {
        "102": [
            {"question": "Where is it?", "answer": "treasure_chest", "type": "location-fo"},
            {"question": "Where was it?", "answer": "bed", "type": "location-fo"},
        ]
    },
    f"{OPENTOM_FOLDER}/multihop_so.json": {"101": [{"question": "Is it full?", "answer": "more full"}]},
}


def test_questions_are_joined_to_their_story_and_nothing_else_of_it(tmp_path: Path) -> None:
    interactions, report = read(OpenToM(), write(tmp_path, OPENTOM))
    assert [interaction.source.original_id for interaction in interactions] == [
        "101-attitude-1",
        "102-location_fg_fo_new-1",
        "102-location_fg_fo_new-2",
        "101-multihop_so-1",
    ]
    assert said(interactions[1]) == [
        ("examiner", "Ann put Ben's hat into the treasure chest.\n\nWhere is it?"),
        ("respondent", "treasure chest"),
    ]
    assert interactions[1].source.split == interactions[2].source.split
    assert interactions[1].context is None
    assert report.records == {name: len(entries) for name, entries in OPENTOM.items() if isinstance(entries, dict)}


def test_a_question_about_no_story_is_a_data_error(tmp_path: Path) -> None:
    orphan = {f"{OPENTOM_FOLDER}/attitude.json": {"999": [{"question": "Why?", "answer": "neutral"}]}}
    with pytest.raises(DataError, match="has no story 999") as caught:
        read(OpenToM(), write(tmp_path, {**OPENTOM, **orphan}))
    assert caught.value.path == tmp_path / OPENTOM_FOLDER / "attitude.json"


LAYOUTS: list[tuple[SourceReader, Layout]] = [
    (HhRlhf(), HH),
    (OasstExportSample(), OASST),
    (ToMi(), TOMI),
    (OpenToM(), OPENTOM),
]


@pytest.mark.parametrize(("reader", "layout"), LAYOUTS, ids=[reader.card.id for reader, _ in LAYOUTS])
def test_a_folder_and_its_archive_give_the_same(reader: SourceReader, layout: Layout, tmp_path: Path) -> None:
    assert_an_archive_reads_alike(reader, write(tmp_path / reader.card.id, layout))


@pytest.mark.parametrize("reader", [reader for reader, _ in LAYOUTS], ids=lambda reader: reader.card.id)
def test_a_missing_file_is_a_data_error_that_names_it(reader: SourceReader, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing here is called") as caught:
        read(reader, tmp_path)
    assert caught.value.path == tmp_path


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in LAYOUTS], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
