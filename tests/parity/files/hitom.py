"""hitom: reward, options and diagnostics of Hi-ToM."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.base import means_by_facet
from odyssim.tasks.hitom import HiToM, reference_options
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import reward


def _reward(given: dict[str, Any]) -> dict[str, Any]:
    info = {"story": "s", "question": "q", "choices": given["choices"], "correct_answer": given["correct_answer"]}
    return reward(HiToM(), info, given["response"])


def _diagnostics(given: dict[str, Any]) -> dict[str, float]:
    facets = {"deception": "deception", "length": "story_length", "order": "question_order"}
    return means_by_facet(
        (result["reward"], {facet: str(result[key]) for facet, key in facets.items()}) for result in given["results"]
    )


COVERED = {
    "end-to-end reward of one question": _reward,
    "parse the choices string into letter→text": lambda given: reference_options(given["choices"]),
    "diagnostic aggregates over scored questions": _diagnostics,
    FLOW: flow_of(HiToM()),
}
