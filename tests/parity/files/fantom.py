"""fantom: rewards, diagnostics and the flattening of question sets."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.fantom import Fantom, published_means
from odyssim.tasks.fantom_files import flatten_set
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import reward

SHOWN = {
    "context": "Ann: Hello.\nBen: Hi.",
    "complete_question": "Who?\n(a) one\n(b) two\n(c) three\n(d) four",
}


def _reward(given: dict[str, Any]) -> dict[str, Any]:
    return reward(Fantom(), SHOWN | given, given["response"])


def _diagnostics(given: dict[str, Any]) -> dict[str, float]:
    return published_means(
        (result["reward"], result["question_type"], result.get("missed_info_accessibility") or "")
        for result in given["results"]
    )


COVERED = {
    "end-to-end reward of one question": _reward,
    "diagnostic aggregates over scored questions": _diagnostics,
    "flatten one upstream set into question rows": lambda given: {"rows": flatten_set(given["set"])},
    FLOW: flow_of(Fantom()),
}
