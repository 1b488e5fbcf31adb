"""mistakes: reward, prompt and diagnostics of Mistakes."""

from __future__ import annotations

import re
from typing import Any

from odyssim.tasks.base import means_by_facet
from odyssim.tasks.mistakes import Mistakes
from odyssim.types import Profile
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import reward, row_of

TASK = Mistakes()


def _prompt(given: dict[str, Any]) -> dict[str, Any]:
    user = TASK.prompt(TASK.read(row_of("mistakes", given["row"]), Profile.REFERENCE), Profile.REFERENCE).user
    return {
        "option_lines": re.findall(r"^[A-D]\) .*$", user, re.MULTILINE),
        "has_misconception": "Adds numerators and denominators" in user,
        "has_alt_m": "alt m" in user,
        "has_alt_q": "alt q" in user,
    }


def _diagnostics(given: dict[str, Any]) -> dict[str, float]:
    return means_by_facet(
        (result["reward"], {"target": (result.get("correct") or "").strip().upper() or "unknown"})
        for result in given["results"]
    )


COVERED = {
    "end-to-end reward of one case": lambda given: reward(TASK, given["row"], given["response"]),
    "option lines and fallbacks in the prompt": _prompt,
    "diagnostic aggregates over scored questions": _diagnostics,
    FLOW: flow_of(TASK),
}
