"""What `inspect view` finds in a log: the whole talk by seat, the judges' reasons; scores can be given again."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspect_ai import score
from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from odyssim.errors import ContextOverflow
from odyssim.models.base import Cast
from odyssim.models.scripted import Line, Scripted
from odyssim.soul.company import Company
from odyssim.soul.evaluate import EvalConfig, evaluate
from odyssim.soul.inspect_tasks import OUTCOME, inspect_task
from odyssim.tasks.registry import get_task
from odyssim.types import Profile
from tests.report.scripted_company import judge, player

TASKS = ("coser", "sotopia", "hitom")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    out = tmp_path_factory.mktemp("viewed")
    company = Company(
        judges=(judge(),), partner=player("partner"), narrator=player("narrator"), director=player("director")
    )
    evaluate(player(), EvalConfig(tasks=TASKS, split="fixture", limit=1), out=out, company=company)
    return read_logs(out)


def read_logs(out: Path) -> dict[str, EvalLog]:
    found = [read_eval_log(info) for info in list_eval_logs(str(out / "logs"))]
    return {log.eval.task: log for log in found}


def sample_of(log: EvalLog) -> EvalSample:
    assert log.samples
    return log.samples[0]


def test_a_scene_is_there_from_the_prompts_to_the_last_word(logs: dict[str, EvalLog]) -> None:
    sample = sample_of(logs["sotopia"])
    told = [message for message in sample.messages if message.role == "system"]
    talk = [message for message in sample.messages if message.role != "system"]
    assert [(message.metadata or {})["seat"] for message in told] == ["policy", "partner"]
    turns = sample.metadata["odyssim_episode"]["turns"]
    assert [message.text for message in talk] == [turn["text"] for turn in turns]
    assert {message.role for message in talk} == {"assistant", "user"}
    seats = {(message.metadata or {})["speaker"]: message.role for message in talk}
    assert len(seats) == 2
    assert sample.metadata["stop"] == "left"
    assert sample.metadata["cost"]["calls"] == len(turns)


def test_characters_are_named_and_their_words_are_the_policys(logs: dict[str, EvalLog]) -> None:
    messages = sample_of(logs["coser"]).messages
    own = [message for message in messages if message.role == "assistant"]
    assert len({(message.metadata or {})["speaker"] for message in own}) > 1
    assert all(message.text.startswith(f"{(message.metadata or {})['speaker']}: ") for message in own)


def test_a_question_and_its_answer_stay_as_they_are(logs: dict[str, EvalLog]) -> None:
    asked, answered = sample_of(logs["hitom"]).messages
    assert (asked.role, answered.role) == ("user", "assistant")
    assert answered.text.endswith("<answer>A</answer>")


def test_the_explanation_is_what_the_judges_said(logs: dict[str, EvalLog]) -> None:
    (given,) = (sample_of(logs["coser"]).scores or {}).values()
    assert given.metadata is not None
    critique = given.metadata[OUTCOME]["critique"]
    assert critique
    assert given.explanation == "\n\n".join(f"{name}: {reason}" for name, reason in critique.items())


def test_inspect_can_score_again_with_another_judge(logs: dict[str, EvalLog]) -> None:
    task = get_task("sotopia")
    items = task.items("fixture")
    again = inspect_task(task, items, profile=Profile.IMPROVED, seeds=(0,), cast=Cast(judges=(judge("another"),)))
    assert again.scorer is not None
    rescored = score(logs["sotopia"], again.scorer, action="overwrite", display="none")
    (given,) = (sample_of(rescored).scores or {}).values()
    assert given.metadata is not None
    assert {call["model"] for call in given.metadata[OUTCOME]["calls"]} == {"another"}


def test_a_failed_episode_ends_with_what_succeeded(tmp_path: Path) -> None:
    lines: list[Line] = ["Good evening.", "Good.", "Well.", *9 * [ContextOverflow("No room.", hint="shorten")]]
    said = Scripted(lines, name="breaks")
    company = Company(judges=(judge(),), narrator=player("narrator"), director=player("director"))
    evaluate(said, EvalConfig(tasks=("coser",), split="fixture", limit=1), out=tmp_path, company=company)
    sample = sample_of(read_logs(tmp_path)["coser"])
    calls = sample.metadata["odyssim_episode"]["calls"]
    assert sample.metadata["stop"] == "failed"
    assert sample.messages[-1].text == calls[-1]["reply"]["text"]
    assert all("No room." not in message.text for message in sample.messages)
    (given,) = (sample.scores or {}).values()
    assert given.explanation == "No room."
