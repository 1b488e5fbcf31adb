"""Hi-ToM and ParaToMi: data, prompts, marks, validation; both profiles."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from odyssim.errors import DataError, UnknownName
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.hitom import HiToM, HiToMItem, options, reference_options
from odyssim.tasks.paratomi import ParaToMi, ParaToMiItem, plain
from odyssim.tasks.registry import get_task, task_names
from odyssim.types import EpisodeStop, Origin, Profile, Reply, Sampling, StopReason

BOTH = list(Profile)


def hitom_item(**changes: object) -> HiToMItem:
    fields = {
        "id": "x",
        "origin": Origin.FIXTURE,
        "cluster": "x",
        "story": "1 Ann entered the den.",
        "question": "Where is the pear really?",
        "choices": "A. red_box, B. blue_crate, C. green_jar",
        "correct_answer": "blue_crate",
    }
    return HiToMItem.model_validate(fields | changes)


def tomi_item(**changes: object) -> ParaToMiItem:
    fields = {
        "id": "x",
        "origin": Origin.FIXTURE,
        "cluster": "x",
        "story": ["Ann came in.", "Ben left."],
        "question": "Where will Ben look for the pear?",
        "correct_answer": "red_box",
        "cands": ["red_box", "green_crate"],
    }
    return ParaToMiItem.model_validate(fields | changes)


@pytest.mark.parametrize("name", task_names())
def test_every_village_item_is_sound(name: str) -> None:
    task = get_task(name)
    for item in task.items("village")[:50]:
        for profile in BOTH:
            asyncio.run(task.validate(item, profile=profile))
            assert task.prompt(item, profile)
        assert 0 < (task.chance(item) or 0) < 1


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "n", "clusters"),
    [("hitom", "test", 960, 195), ("paratomi", "test", 797, 700), ("paratomi", "tomi", 4200, 700)],
)
def test_published_files_are_read_whole_and_sound(
    name: str, split: str, n: int, clusters: int, data_root: Path
) -> None:
    task = get_task(name)
    items = task.items(split, data=data_root)
    assert len(items) == n
    assert len({item.cluster for item in items}) == clusters
    assert len({item.id for item in items}) == n
    assert {item.origin for item in items} == {Origin.PUBLISHED}
    for item in items[::7]:
        for profile in BOTH:
            asyncio.run(task.validate(item, profile=profile))


def test_validate_rejects_an_item_that_cannot_be_won() -> None:
    with pytest.raises(DataError, match="scores 0"):
        asyncio.run(HiToM().validate(hitom_item(correct_answer="nowhere")))


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'hitom'"):
        get_task("hitomm")
    with pytest.raises(UnknownName, match="village"):
        HiToM().items("train")


def test_missing_empty_and_broken_files_name_the_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="data folder") as lacking:
        HiToM().items("test")
    assert "--data" in lacking.value.hint
    with pytest.raises(DataError, match=r"Hi-ToM_data\.json"):
        HiToM().items("test", data=tmp_path)
    path = tmp_path / "bench/tomi_fixed/data/fixedtomi/test_balanced.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(DataError, match="empty"):
        ParaToMi().items("test", data=tmp_path)
    row = json.dumps({"story": "1 Ann came.", "question": "?", "answer": "box", "containers": ["box", "jar"]})
    path.write_text(f"{row}\n{{broken\n{row}\n")
    with pytest.raises(DataError, match="line 2") as broken:
        ParaToMi().items("test", data=tmp_path)
    assert broken.value.line == 2


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ("A. x, B. y", {"A": "x", "B": "y"}),
        ("Choices: A. x, B. y", {"A": "x", "B": "y"}),
        ("A. red, blue, B. y", {"A": "red, blue", "B": "y"}),
    ],
)
def test_options_keep_commas(choices: str, kept: dict[str, str]) -> None:
    assert options(choices) == kept


def test_reference_options_lose_an_option_with_a_comma() -> None:
    assert reference_options("A. red, blue, B. y") == {"B": "y"}


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>B</answer>", 1.0, 1.0),
        ("<answer>(B)</answer>", 0.0, 1.0),
        ("<think>hm</think><answer>B</answer>", 1.0, 1.0),
        ("<think>maybe <answer>B</answer>", 1.0, 0.0),  # an open thought holds no answer; the reference reads it
        ("<answer>A</answer> rather <answer>B</answer>", 0.0, 1.0),
        ("B", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_hitom_marks(reply: str | None, reference: float, improved: float) -> None:
    item = hitom_item()
    assert HiToM().mark(item, reply, Profile.REFERENCE).score == reference
    assert HiToM().mark(item, reply, Profile.IMPROVED).score == improved


@pytest.mark.parametrize(
    ("reply", "reference", "improved"),
    [
        ("<answer>red_box</answer>", 1.0, 1.0),
        ("<answer>the Red Box</answer>", 0.0, 1.0),
        ("<answer>red-box</answer>", 0.0, 1.0),
        ("<answer>red_box, not green_crate</answer>", 0.0, 0.0),
        ("<answer>green_crate</answer>", 0.0, 0.0),
        ("red_box", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_paratomi_marks(reply: str | None, reference: float, improved: float) -> None:
    item = tomi_item()
    assert ParaToMi().mark(item, reply, Profile.REFERENCE).score == reference
    assert ParaToMi().mark(item, reply, Profile.IMPROVED).score == improved


def test_a_candidate_inside_the_gold_only_defeats_the_reference() -> None:
    item = tomi_item(correct_answer="red box", cands=["red box", "box"])
    reply = "<answer>red box</answer>"
    assert ParaToMi().mark(item, reply, Profile.REFERENCE).score == 0.0
    assert ParaToMi().mark(item, reply, Profile.IMPROVED).score == 1.0
    assert ParaToMi().mark(item, "<answer>box</answer>", Profile.IMPROVED).score == 0.0


def test_plain_text() -> None:
    assert plain("  The green_Crate ") == "green crate"
    assert plain("an-answer") == "answer"


def test_profiles_differ_in_the_empty_system_message() -> None:
    task, item = HiToM(), hitom_item(extra_info="Ann is blind.")
    assert [message.role for message in task.messages(item, Profile.REFERENCE)] == ["system", "user"]
    (user,) = task.messages(item, Profile.IMPROVED)
    assert item.choices in user.content
    assert "Ann is blind." in user.content


def test_an_answer_cut_off_by_the_limit_is_marked_and_says_so() -> None:
    cast = Cast(policy=Scripted([Reply(text="<answer>B</answer> because", stop_reason=StopReason.LENGTH)]))
    episode = asyncio.run(HiToM().play(hitom_item(), cast))
    assert episode.stop is EpisodeStop.LENGTH
    assert asyncio.run(HiToM().score(hitom_item(), episode, cast)).score == 1.0


def test_a_thought_cut_off_by_the_limit_is_a_failure_not_a_wrong_answer() -> None:
    task, item = HiToM(), hitom_item()
    cut = Reply(text="<think>let me see", stop_reason=StopReason.LENGTH)
    cast = Cast(policy=Scripted([cut, cut]), sampling=Sampling(max_tokens=8))
    episode = asyncio.run(task.play(item, cast))
    outcome = asyncio.run(task.score(item, episode, cast))
    assert episode.stop is EpisodeStop.FAILED
    assert outcome.failure is not None
    assert (outcome.failure.party, outcome.failure.kind, outcome.score) == ("policy", "truncated_thought", None)
    reference = asyncio.run(task.play(item, cast, Profile.REFERENCE))
    assert asyncio.run(task.score(item, reference, cast, Profile.REFERENCE)).score == 0.0
