"""What the adapters of both SimulatorArena files share: the episode as published, with scripted voices and verdicts."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.sim_arena import SimArena, public_talk, render, turn
from odyssim.tasks.sim_arena_score import mean_with_nulls, share
from odyssim.types import Message, Profile, Sampling
from tests.parity.rows import row_of
from tests.parity.runner import Check

METRICS = {"writing": "writing_style_likert", "interaction": "interaction_style_likert", "document": "document_rating"}


def covered(task: SimArena[Any]) -> dict[str, Check]:
    """The checks of one task's file."""
    names = {"user": task.person, "assistant": task.helper}
    return {
        "mean_with_nulls": mean_with_nulls,
        "normalise": lambda given: share(given["x"], given["max"]),
        "public_conversation": _public_conversation,
        "render": lambda given: render([turn(names[role], text) for role, text in given], Profile.REFERENCE),
        "episode": lambda given: _episode(task, given),
    }


def _public_conversation(given: dict[str, Any]) -> list[list[str]]:
    talk = [Message(role=role, content=text) for role, text in given["assistant_chat"]]
    return [[said.role, said.content] for said in public_talk(talk, given["first_message"])]


def _episode(task: SimArena[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Judges are asked in earnest, with legal verdicts; what no legal verdict says is put into the numbers after."""
    item = task.read(row_of(task.published.keys[0], given["record"]), Profile.REFERENCE)
    cast = Cast(
        policy=_voice(given["policy_outputs"]),
        partner=_voice(given["assistant_outputs"]),
        judges=(_judge(given["judges"]),),
    )
    episode = asyncio.run(task.play(item, cast, Profile.REFERENCE))
    outcome = asyncio.run(task.score(item, episode, cast, Profile.REFERENCE))
    numbers = {METRICS[name]: value for name, value in given["judges"].items() if name in METRICS}
    sub = {**outcome.metrics, **numbers}
    calls = Counter(call.role for call in episode.calls)
    roles = {task.person: "user", task.helper: "assistant"}
    return {
        "simulated_conversation": [[roles[said.speaker], said.text] for said in episode.turns if said.speaker in roles],
        "policy_calls": calls["policy"],
        "assistant_calls": calls["partner"],
        "judge_calls": len(outcome.calls),
        "reward": task.weigh(sub, Profile.REFERENCE),
        "sub": sub,
    }


def _voice(outputs: Sequence[str | None]) -> Scripted:
    """Says the outputs in turn, and nothing for a null or when they are used up."""
    left = iter(outputs)
    return Scripted(lambda messages, sampling: next(left, None) or "")


def _judge(verdicts: dict[str, Any]) -> Scripted:
    features = [{"feature_name": "", "analysis": "", "classification": name} for name in verdicts.get("features") or ()]

    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        if '"results"' in messages[-1].content:
            return json.dumps({"results": features})
        if '"similarity_score"' in messages[-1].content:
            return json.dumps({"key_differences": [], "similarity_score": 3})
        return json.dumps({"analysis": "", "rating": 3})

    return Scripted(answer)
