"""Episodes are kept whole: they can be scored again without the policy, and only as they were played."""

from __future__ import annotations

from pathlib import Path

import pytest

from odyssim.errors import DataError, UsageError
from odyssim.soul.company import NOBODY, Company
from odyssim.soul.evaluate import EvalConfig, evaluate, read_episodes
from odyssim.soul.rescore import rescore
from odyssim.soul.result import EvalResult
from odyssim.types import Profile, Sampling


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "mine"
    config = EvalConfig(tasks=("hitom", "paratomi"), split="village", limit=12, seeds=(0, 1), item_seed=5)
    evaluate("scripted/random-option", config, out=out)
    return out


def test_the_same_scoring_gives_the_same_scores(finished: Path, tmp_path: Path) -> None:
    before = EvalResult.read(finished / "eval.json")
    again = rescore(finished, NOBODY, out=tmp_path / "again")
    assert [row.score for row in again.tasks] == [row.score for row in before.tasks]
    assert [row.breakdown for row in again.tasks] == [row.breakdown for row in before.tasks]
    episodes = [sample.episode for sample in read_episodes(finished / "episodes.jsonl")]
    assert [sample.episode for sample in read_episodes(tmp_path / "again/episodes.jsonl")] == episodes
    assert EvalResult.read(tmp_path / "again/eval.json") == again


def test_a_choice_task_is_scored_as_it_was_played(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="played in 'improved'"):
        rescore(finished, NOBODY, out=tmp_path, profile=Profile.REFERENCE)


def test_what_is_no_evaluation_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no result of an evaluation"):
        rescore(tmp_path, NOBODY, out=tmp_path / "again")


def test_narrator_and_director_are_the_partner_unless_named(tmp_path: Path) -> None:
    cast = Company(partner="scripted/echo", director="scripted/silent").cast(None, Sampling(), 100, tmp_path)
    assert cast.partner is cast.narrator
    assert cast.director is not None
    assert cast.director.name == "scripted/silent"
    assert cast.auditor is None
