"""socsci210: reward and wording of SocSci210."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.socsci210 import SocSci210, inviting
from tests.parity.flow import COUNT, count_of
from tests.parity.rows import reward

ASKED = {"prompt_text": "Rate the plan from 1 to 7.", "response": 5, "r_min": 1, "r_max": 7}


def _wording(given: dict[str, Any]) -> dict[str, bool]:
    text = inviting(given["prompt_text"])
    return {
        "changed": text != given["prompt_text"],
        "still_contains_Only_return": "Only return" in text,
        "still_contains_nothing_else": "nothing else" in text,
    }


COVERED = {
    "end-to-end score of one response": lambda given: reward(SocSci210(), given["row"], given["response"]),
    "survey prompt after the two wording rewrites": _wording,
    COUNT: count_of(SocSci210(), ASKED),
}
