"""Hi-ToM and ParaToMi: data, prompts, marks, validation; both profiles."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from odyssim.errors import ConfigError, DataError, UnknownName
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.feedback import Arm, leaks
from odyssim.tasks.generate import generate_rows
from odyssim.tasks.hints import RuleWriter
from odyssim.tasks.hitom import HiToM, HiToMItem, options, reference_options
from odyssim.tasks.paratomi import ParaToMi, ParaToMiItem, plain
from odyssim.tasks.registry import get_task
from odyssim.tasks.second_attempt import rollout
from odyssim.tasks.validate import validate_task
from odyssim.tasks.worlds.hitom_story import HiToMDifficulty
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
        "options": ["red_box", "blue_crate", "green_jar"],
        "gold": "B",
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


@pytest.mark.parametrize("name", ["hitom", "paratomi"])
def test_every_village_item_is_sound(name: str) -> None:
    for profile in BOTH:
        found = validate_task(name, "village", profile)
        assert (found.items, found.dropped, found.unsound) == (200, (), ())
        assert found.origins == (Origin.GENERATED,)


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
    for profile in BOTH:
        assert validate_task(name, split, profile, data=data_root).unsound == ()


def test_validate_rejects_an_item_that_cannot_be_won() -> None:
    with pytest.raises(DataError, match="scores 0"):
        asyncio.run(HiToM().validate(hitom_item(gold="")))


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'hitom'"):
        get_task("hitomm")
    with pytest.raises(UnknownName, match="village"):
        HiToM().items("tset")


def test_missing_empty_and_broken_files_name_the_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        HiToM().items("test", data=tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"fb_all_test\.txt"):
        ParaToMi().items("tomi", data=tmp_path)
    path = tmp_path / "bench/tomi_fixed/data/fixedtomi/test_balanced.jsonl"
    path.parent.mkdir(parents=True)
    row = json.dumps({"story": "1 Ann came.", "question": "?", "answer": "box", "containers": ["box", "jar"]})
    path.write_text(f"{row}\n{{broken\n{row}\n")
    with pytest.raises(DataError, match="line 2") as broken:
        ParaToMi().items("test", data=tmp_path)
    assert broken.value.line == 2


def test_an_unusable_row_is_dropped_and_said_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bench/tomi_fixed/data/fixedtomi/test_balanced.jsonl"
    path.parent.mkdir(parents=True)
    good = {"story": "1 Ann came.", "question": "Where is it?", "answer": "box", "containers": ["box", "jar"]}
    rows = [good, {**good, "answer": "sack"}, {**good, "question": None}, {**good, "containers": ["box", "Box"]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    items = ParaToMi().items("test", data=tmp_path)
    assert [item.id for item in items] == ["tomi_fixed-1"]
    assert [failure.kind for failure in items.dropped] == ["data"] * 3
    assert "line 2" in items.dropped[0].message
    assert "'sack' is none of the candidates" in items.dropped[0].message
    assert len(ParaToMi().items("test", data=tmp_path, profile=Profile.REFERENCE)) == 4


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
    reference = task.prompt(item, Profile.REFERENCE).messages(Profile.REFERENCE)
    assert [message.role for message in reference] == ["system", "user"]
    (user,) = task.prompt(item, Profile.IMPROVED).messages(Profile.IMPROVED)
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


def test_fresh_rows_are_items_of_the_task_and_stay_generated(tmp_path: Path) -> None:
    path = tmp_path / "fresh.parquet"
    assert generate_rows("hitom", path, n=12, seed=3, knobs={"chapters": 2, "deception": True}) == 12
    found = validate_task("hitom", "test", Profile.IMPROVED, data=path)
    assert (found.items, found.origins, found.unsound) == (12, (Origin.GENERATED,), ())
    again = list(HiToM().generate(12, 3, HiToMDifficulty(chapters=2, deception=True)))
    assert [item.story for item in HiToM().items("test", data=path)] == [row.text("story") for row in again]
    with pytest.raises(ConfigError, match="chpters: unknown key"):
        generate_rows("hitom", path, n=1, seed=0, knobs={"chpters": 2})
    with pytest.raises(UnknownName, match="Known: hitom, paratomi"):
        generate_rows("lifechoices", path, n=1, seed=0, knobs={})


@pytest.mark.parametrize("task", [HiToM(), ParaToMi()])
def test_rules_explain_every_generated_mistake_and_never_tell(task: Any) -> None:
    for item in task.items("generated")[::7]:
        secret = task.secret(item, Profile.IMPROVED)
        places = task.shown(item, Profile.IMPROVED) if isinstance(task, HiToM) else dict.fromkeys(item.cands, "")
        for answer in (None, *places):
            draft = None if answer is None else f"<answer>{answer}</answer>"
            if task.mark(item, draft, Profile.IMPROVED).score < 1.0:
                hint = task.missed_step(item, draft, Profile.IMPROVED)
                assert hint
                assert not leaks(hint, secret)


def test_a_rule_based_second_attempt_runs_without_any_model() -> None:
    task, item = HiToM(), HiToM().items("generated")[3]
    gold = task.gold_letter(item, Profile.IMPROVED)
    wrong = "A" if gold != "A" else "B"
    cast = Cast(policy=Scripted([f"<answer>{wrong}</answer>", f"<answer>{gold}</answer>"]))
    found = asyncio.run(rollout(task, item, cast, RuleWriter(), arm=Arm.CRITIQUE))
    assert [sample.reward for sample in found.samples] == [0.0, 1.0, 1.0]
    assert found.hint.text in found.samples[2].strands[0].opening[-1].content
