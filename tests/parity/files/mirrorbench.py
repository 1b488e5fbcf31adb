"""mirrorbench: the lexical measures, the statistics, whole episodes, and the aggregate."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from odyssim.human_likeness.lexical import (
    calibrated,
    hdd,
    mattr,
    mean_sd,
    mean_sd_ci95,
    protocol_seed,
    yules_k,
    z_score,
)
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.mirrorbench import MirrorBench
from odyssim.tasks.mirrorbench_score import aggregate, reference_json, reference_reward
from odyssim.types import Profile
from tests.parity.rows import row_of

TASK = MirrorBench()


SILENCE = [""] * 10


def _episode(given: dict[str, Any]) -> dict[str, Any]:
    item = TASK.read(row_of("mirrorbench", {"turns": given["reference_turns"]}), Profile.REFERENCE)
    score: float | None = given["judge_score"]
    cast = Cast(
        policy=Scripted([*(said or "" for said in given["policy_outputs"]), *SILENCE]),
        partner=Scripted([*(said or "" for said in given["assistant_outputs"]), *SILENCE]),
        judges=(Scripted([json.dumps({"reasoning": "r", "score": score})]),),
    )
    episode = asyncio.run(TASK.play(item, cast, Profile.REFERENCE))
    assert episode.failure is None, episode.failure
    reward: float | None = reference_reward(None)
    if score is not None:
        reward = asyncio.run(TASK.score(item, episode, cast, Profile.REFERENCE)).score
    asked = [call for call in episode.calls if call.role == "policy"]
    return {
        "judged_proxy_conversation": [[turn.speaker, turn.text] for turn in episode.turns],
        "judged_real_conversation": [[turn.role, turn.content] for turn in item.replayed],
        "policy_calls": len(asked),
        "assistant_calls": len(episode.calls) - len(asked),
        "reward": reward,
        "last_policy_view_roles": [message.role for message in asked[-1].messages] if asked else [],
    }


COVERED = {
    "mattr": lambda given: mattr(given["tokens"], given["window"]),
    "hdd": lambda given: hdd(given["tokens"], given["sample"]),
    "yules_k": yules_k,
    "mean_sd": mean_sd,
    "z": lambda given: z_score(given["value"], given["mean"], given["sd"]),
    "mean_sd_ci95": mean_sd_ci95,
    "calibrate": lambda given: calibrated(given["scores"], given["hh"], given["pp"]),
    "seed": lambda given: protocol_seed(given["base_seed"], given["metric"], given["episode"], given["salt"]),
    "extract_json": reference_json,
    "aggregate": aggregate,
    "episode": _episode,
}
