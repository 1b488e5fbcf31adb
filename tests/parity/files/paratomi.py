"""paratomi: reward and formatting of ParaToMi."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.paratomi import ParaToMi, shown_candidates, story_text
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import reward


def _reward(given: dict[str, Any]) -> dict[str, Any]:
    return reward(ParaToMi(), {"story": "s", **given}, given["response"])


COVERED = {
    "end-to-end reward of one question": _reward,
    "render the story field as text": lambda given: {"text": story_text(given["story"])},
    "candidate list shown to the policy (comma-space joined; null = no candidate line at all)": lambda given: {
        "candidates_shown": shown_candidates(given["cands"])
    },
    FLOW: flow_of(ParaToMi()),
}
