"""rewardbench2: as reward_bench, and the aggregate of RewardBench 2."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.reward_bench_score import Judged, aggregate
from tests.parity.files import reward_bench


def _judged(result: dict[str, Any]) -> Judged:
    info = {key.partition("/")[2]: value for key, value in result["extra_fields"]["reward_extra_info"].items()}
    pair = info.get("pair_id")
    return Judged(
        subset=info.get("subset") or "",
        score=result["reward"],
        sample_type=info.get("sample_type") or "",
        pair_id="" if pair is None else str(pair),
        num_correct=info.get("num_correct") or 0,
        ratings=tuple(info.get("candidate_scores") or ()),
    )


COVERED = {
    **reward_bench.COVERED,
    "benchmark aggregate": lambda given: aggregate(map(_judged, given["results"])),
}
