"""alignx: placement, reward and persona signals of AlignX."""

from __future__ import annotations

from typing import Any

from odyssim.errors import DataError
from odyssim.tasks.alignx import AlignX, AlignXItem
from odyssim.types import Profile
from tests.parity.flow import COUNT, count_of
from tests.parity.rows import REJECTED, reference_mark, reward, row_of

TASK = AlignX()
SIGNALS = (
    *("A tired nurse, 41.", "synthetic profile", "pp1", "pp2", "pp3", "cc1", "rr1"),
    *("uu1", "uu2", "uu3"),
)


def _item(info: dict[str, Any]) -> AlignXItem:
    return TASK.read(row_of("alignx", info), Profile.REFERENCE)


def _placement(given: dict[str, Any]) -> dict[str, Any]:
    info = {"raw_prompt": "post", "chosen": "yes", "rejected": "no", **given}
    return {
        "chosen_is_letter": _item(info).gold,
        "reward_when_answering_A": reference_mark(TASK, info, "<answer>A</answer>").score,
    }


def _signals(given: dict[str, Any]) -> dict[str, Any]:
    try:
        user = TASK.prompt(_item(given["row"]), Profile.REFERENCE).user
    except DataError:
        return REJECTED
    preamble, _, _ = user.partition("### Post\n")
    return {"shown": [signal for signal in SIGNALS if signal in preamble], "empty": not preamble}


COVERED = {
    "letter carrying the chosen response for a row index": _placement,
    "end-to-end reward of one row": lambda given: reward(TASK, given["row"], given["response"]),
    "which persona signals reach the prompt": _signals,
    COUNT: count_of(TASK),
}
