"""rm_r1: rewards of judge outputs and rows, and mode names, of RM-R1."""

from __future__ import annotations

from typing import Any

from odyssim.errors import DataError
from odyssim.tasks.rm_r1 import RMR1, mode_of, rl_reward
from odyssim.types import Profile
from tests.parity.rows import REJECTED, row_of

ANSWERS = {"question": "q", "answer_a": "x", "answer_b": "y"}


def _rl_reward(given: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"reward": rl_reward(given["output"], given["winner"] or "")}
    except DataError:
        return REJECTED


def _row_reward(given: dict[str, Any]) -> dict[str, Any]:
    task = RMR1()
    try:
        item = task.read(row_of("rm_r1", given["row"]), Profile.REFERENCE)
    except DataError:
        return REJECTED
    mark = task.mark(item, [given["response"]], Profile.REFERENCE)
    return {"reward": mark.metrics.get("rl_reward", mark.score)}


def _evaluation_reward(given: dict[str, Any]) -> dict[str, Any]:
    row = {**ANSWERS, "winner": given["winner"], "eval_suite": "rewardbench"}
    return _row_reward({"row": row, "response": given["output"]})


COVERED = {
    "RL reward of a judge output": _rl_reward,
    "evaluation reward of a judge output": _evaluation_reward,
    "mode normalisation": lambda given: {"mode": mode_of(given["mode"]).value},
    "row reward end to end": _row_reward,
}
