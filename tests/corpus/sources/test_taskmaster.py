"""Taskmaster: errands of a customer who does not know how they end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from odyssim.corpus.ground.outcome import tells_outcome
from odyssim.corpus.sources.taskmaster import ERRANDS, Taskmaster
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, write_json
from tests.corpus.sources.published_counts import assert_reads_whole

TELLING = re.compile(
    r"turns? out|\b(?:it|bar) will\b|won't|takes it for|\bno (?:result|luck)|refus|without success|in vain"
)


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


def errand(root: Path, template: str) -> str:
    turns = [{"speaker": "user", "text": "a mocha"}, {"speaker": "assistant", "text": "We have none."}]
    order = {"conversation_id": "dlg-1", "scenario": f"Auto template {template} order", "utterances": turns}
    write_json(root / "TM-4-2024/data/data_00.json", [order])
    interactions, _ = read(Taskmaster(), root)
    context = interactions[-1].context
    assert context is not None
    assert context.goals.keys() == {"user"}
    return context.goals["user"]


def test_no_errand_tells_what_comes_of_it(taskmaster: Path) -> None:
    refused, misheard, served = (errand(taskmaster, template) for template in ("11", "12", "1"))
    assert refused == misheard
    assert refused.startswith("Get ")
    assert served.startswith("Get ")
    goals = [errand(taskmaster, template) for template in ERRANDS]
    assert not [goal for goal in goals if TELLING.search(goal) or tells_outcome(goal, ("user", "assistant"))]


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


def test_a_folder_and_an_archive_read_alike(taskmaster: Path) -> None:
    assert_an_archive_reads_alike(Taskmaster(), taskmaster)


@pytest.mark.data
def test_the_published_files_are_read_whole(data_root: Path) -> None:
    assert all(interaction.context for interaction in assert_reads_whole(Taskmaster(), data_root))
