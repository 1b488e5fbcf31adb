"""twinvoice: reward, what reaches the prompt, and diagnostics of TwinVoice."""

from __future__ import annotations

import re
from typing import Any

from odyssim.errors import DataError
from odyssim.tasks.base import means_by_facet
from odyssim.tasks.twinvoice import TwinVoice, published_names
from odyssim.types import Profile
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import REJECTED, reward, row_of


def _shown(given: dict[str, Any]) -> dict[str, Any]:
    task = TwinVoice()
    try:
        item = task.read(row_of("twinvoice", given["row"]), Profile.REFERENCE)
    except DataError:
        return REJECTED
    texts = {section.name: section.text for section in task.prompt(item, Profile.REFERENCE).sections}
    choices = {letter: re.search(rf"(?m)^{letter}\. (.+)", texts["choices"]) for letter in "AD"}
    return {
        "history_items_shown": f"\n{texts['history']}".split("\n- ")[1:],
        "choice_A_shown": choices["A"] and choices["A"][1],
        "choice_D_shown": choices["D"] and choices["D"][1],
    }


def _diagnostics(given: dict[str, Any]) -> dict[str, float]:
    return published_names(
        means_by_facet(
            (result["reward"], {"dimension": result["dimension"]} if result.get("dimension") else {})
            for result in given["results"]
        )
    )


COVERED = {
    "end-to-end reward of one question": lambda given: reward(TwinVoice(), given["row"], given["response"]),
    "which history items and choices reach the prompt": _shown,
    "diagnostic aggregates over scored questions": _diagnostics,
    FLOW: flow_of(TwinVoice()),
}
