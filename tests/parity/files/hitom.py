"""hitom: reward, options and diagnostics of Hi-ToM."""

from __future__ import annotations

from typing import Any

from odyssim.soul.result import breakdown
from odyssim.tasks.hitom import HiToM, HiToMItem, reference_options
from odyssim.types import Origin, Profile


def _reward(given: dict[str, Any]) -> dict[str, Any]:
    item = HiToMItem(
        id="vector",
        origin=Origin.PUBLISHED,
        cluster="vector",
        story="",
        question="",
        choices=given["choices"],
        correct_answer=given["correct_answer"],
    )
    return {"reward": HiToM().mark(item, given["response"], Profile.REFERENCE).score}


def _diagnostics(given: dict[str, Any]) -> dict[str, float]:
    facets = {"deception": "deception", "length": "story_length", "order": "question_order"}
    return breakdown(
        (result["reward"], {facet: str(result[key]) for facet, key in facets.items()}) for result in given["results"]
    )


COVERED = {
    "end-to-end reward of one question": _reward,
    "parse the choices string into letter→text": lambda given: reference_options(given["choices"]),
    "diagnostic aggregates over scored questions": _diagnostics,
}
