"""sotopia_hard: actions, their lines, raw numbers, whole episodes and rebuilt logs of Sotopia."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from odyssim.models.base import Cast, Role
from odyssim.models.scripted import Scripted
from odyssim.tasks.extraction import reference_thought_format_ok
from odyssim.tasks.sotopia import Sotopia
from odyssim.tasks.sotopia_actions import reference_action, reference_log, rendered
from odyssim.tasks.sotopia_score import (
    DIMENSIONS,
    Risk,
    mean_raw,
    reference_raw,
    reference_reward,
    reference_weighted,
    soul_score,
    weighted_score,
)
from odyssim.types import Message, Profile, Sampling
from tests.parity.rows import row_of

TASK = Sotopia()
SCENE = {"agent1_name": "Ana", "agent2_name": "Bo", "scenario": "A quiet room."}


def _action(text: str) -> dict[str, Any]:
    action = reference_action(text)
    return {"action_type": action.kind, "argument": action.text}


def _scores(given: dict[str, Any]) -> dict[str, Any]:
    raw = reference_raw(given["judge"])
    return {
        "raw": raw,
        "weighted_reward": weighted_score(raw),
        "mean_raw": mean_raw(raw),
        "soul_score": soul_score(raw),
    }


def _in_turn(outputs: Sequence[str | None]) -> Scripted:
    """Says the outputs, and nothing from then on; none stands for nothing."""
    left = iter(outputs)

    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        return next(left, None) or ""

    return Scripted(answer)


def _episode(given: dict[str, Any]) -> dict[str, Any]:
    item = TASK.read(row_of("sotopia", {**SCENE, "eval_position": given["eval_position"]}), Profile.REFERENCE)
    cast = Cast(policy=_in_turn(given["policy_outputs"]), partner=_in_turn(given["partner_outputs"]))
    episode = asyncio.run(TASK.play(item, cast, Profile.REFERENCE))
    policy, partner = (
        [call for call in episode.calls if call.role == role.value] for role in (Role.POLICY, Role.PARTNER)
    )
    raw = reference_raw({name: {"score": score} for name, score in (given["judge_raw"] or {}).items()})
    risk, training = Risk(given["hack"]), given["mode"] == "train"
    said = [call.reply.text for call in policy if call.reply.text]
    format_ok = reference_thought_format_ok(said, thinking=given["thinking_enabled"])
    return {
        "conversation": [turn.text for turn in episode.turns],
        "policy_calls": len(policy),
        "partner_calls": len(partner),
        "policy_first_view_roles": [message.role for message in policy[0].messages] if policy else None,
        "weighted_reward": reference_weighted(raw, risk, training=training),
        "soul_score": soul_score(raw),
        "trained_reward": reference_reward(raw, risk, training=training, format_ok=format_ok),
    }


COVERED = {
    "parse_action": _action,
    "render_action": lambda given: rendered(given["name"], given["action"]["action_type"], given["action"]["argument"]),
    "normalise_dim": lambda given: DIMENSIONS[given["dim"]].normalised(given["raw"]),
    "score_from_judge": _scores,
    "episode": _episode,
    "rebuild_log": lambda given: [
        list(entry) for entry in reference_log(given["output"], given["actor"], given["partner"])
    ],
}
