"""rolermbench: decisions, ratings, rewards and the aggregate of RoleRMBench."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.rolermbench import (
    RoleRMBench,
    pairwise_reward,
    rating_reward,
    reference_decision,
    reference_rating,
)
from odyssim.tasks.rolermbench_score import Judged, aggregate
from odyssim.types import Profile
from tests.parity.rows import row_of

DECISIONS = {"Response 1": "1", "Response 2": "2", None: None}


def _decision(given: dict[str, Any]) -> dict[str, Any]:
    place = reference_decision(given["text"] or "")
    return {"decision": f"Response {place}" if place else None}


def _rating(given: dict[str, Any]) -> dict[str, Any]:
    rating = reference_rating(given["text"] or "")
    return {"rating": None if rating is None else int(rating)}


def _rating_reward(given: dict[str, Any]) -> dict[str, Any]:
    ratings = (given["preferred"], given["dispreferred"])
    return {"reward": rating_reward(*(None if rating is None else str(rating) for rating in ratings))}


def _history(given: dict[str, Any]) -> dict[str, Any]:
    info = {**given, "preferred_response": "a", "dispreferred_response": "b", "subset": "safety"}
    return {"n": len(RoleRMBench().read(row_of("rolermbench", info), Profile.REFERENCE).history)}


def _judged(result: dict[str, Any]) -> Judged:
    info = {key.partition("/")[2]: value for key, value in result["extra_fields"]["reward_extra_info"].items()}
    pairwise = info.get("pairwise_reward")
    return Judged(
        subset=info.get("subset") or "",
        pairwise=result.get("reward") if pairwise is None else pairwise,
        rating=info.get("rating_reward"),
        pairwise_parse_failure=bool(info.get("pairwise_parse_failure")),
        rating_parse_failure=bool(info.get("rating_parse_failure")),
    )


COVERED = {
    "pairwise decision from a judge text": _decision,
    "integer rating from a judge text": _rating,
    "pairwise reward (forward = preferred shown first; reverse = shown second)": lambda given: {
        "reward": pairwise_reward(DECISIONS[given["forward"]], DECISIONS[given["reverse"]])
    },
    "rating reward": _rating_reward,
    "number of history turns shown (first message is the character prompt)": _history,
    "benchmark aggregate": lambda given: aggregate(map(_judged, given["results"])),
}
