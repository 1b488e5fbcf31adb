"""The verbal-feedback flow of the vectors: a scripted policy, a writer that returns what the case says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from odyssim.errors import EndpointDown
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.feedback import Arm
from odyssim.tasks.hints import Attempt, Written
from odyssim.tasks.second_attempt import Rollout, rollout
from odyssim.types import Message, Profile, Sampling
from tests.parity.rows import row_of

FLOW = "verbal-feedback flow for one rollout"
COUNT = "number of training samples in verbal-feedback mode after a wrong answer"


class _Writer:
    """Returns `hint` and counts how often it is asked; its brief is written as for a real one."""

    def __init__(self, hint: str) -> None:
        self.hint = hint
        self.asked = 0

    async def write(self, attempt: Attempt, arm: Arm) -> Written:
        self.asked += 1
        assert attempt.task.feedback_messages(attempt.item, attempt.episode, attempt.outcome, attempt.profile, arm)
        return Written(text=self.hint)


def flow_of(task: ChoiceTask[Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The check of a flow case of `task`."""

    def check(given: dict[str, Any]) -> dict[str, Any]:
        writer = _Writer(given["hint_returned_by_writer"])
        found, seen = _run(
            task,
            given["row"],
            [given["first_response"], given["second_response"]],
            writer if given["mode"] == "verbal_feedback" else None,
            training=given["is_train"],
            step=given["training_step"],
        )
        table: dict[str, Any] = {
            "feedback_requested": writer.asked > 0,
            "n_training_samples": len(found.samples),
            "rewards": [sample.reward for sample in found.samples],
            "roles": [sample.role for sample in found.samples],
        }
        if len(found.samples) > 1:
            draft, second = found.samples[:2]
            table["hint_text_is_in_second_prompt"] = writer.hint in seen[1][-1].content
            table["second_sample_uses_first_prompt"] = second.strands[0].opening == draft.strands[0].opening
            table["second_sample_has_own_rollout_id"] = second.rollout != draft.rollout
        return table

    return check


def count_of(task: ChoiceTask[Any], info: dict[str, Any] | None = None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The check of a case that counts samples; `info` is the row where the case brings none."""

    def check(given: dict[str, Any]) -> dict[str, Any]:
        responses = [given["response"], given["response"]]
        found, _ = _run(task, given.get("row") or info or {}, responses, _Writer("Look again."), training=True, step=0)
        return {"n_training_samples": len(found.samples)}

    return check


def _run(
    task: ChoiceTask[Any],
    info: dict[str, Any],
    responses: Sequence[str | None],
    writer: _Writer | None,
    *,
    training: bool,
    step: int,
) -> tuple[Rollout, list[Sequence[Message]]]:
    seen: list[Sequence[Message]] = []

    def answer(messages: Sequence[Message], sampling: Sampling) -> str | Exception:
        seen.append(messages)
        response = responses[len(seen) - 1]
        return EndpointDown("no completion") if response is None else response

    item = task.read(row_of(task.published.keys[0], info), Profile.REFERENCE)
    cast = Cast(policy=Scripted(answer))
    played = rollout(task, item, cast, writer, profile=Profile.REFERENCE, training=training, step=step)
    return asyncio.run(played), seen
