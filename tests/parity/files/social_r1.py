"""social_r1: rewards, and the gold letter taken from a gold text."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.social_r1 import SocialR1, published_letter
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import reward


def _reward(given: dict[str, Any]) -> dict[str, Any]:
    return reward(SocialR1(), given["row"], given["response"])


def _letter(given: dict[str, Any]) -> dict[str, Any]:
    return {"letter": published_letter(given["answer_text"] or "")}


COVERED = {
    "end-to-end reward of one question": _reward,
    "gold letter derived from a gold answer text": _letter,
    FLOW: flow_of(SocialR1()),
}
