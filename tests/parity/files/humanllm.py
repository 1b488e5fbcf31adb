"""humanllm: score and prompt of HumanLLM's item selection."""

from __future__ import annotations

import re
from typing import Any

from odyssim.errors import DataError
from odyssim.tasks.humanllm import HumanLLM, history_lines
from odyssim.types import Profile
from tests.parity.flow import COUNT, count_of
from tests.parity.rows import REJECTED, reference_mark, row_of

TASK = HumanLLM()


def with_candidates(info: dict[str, Any]) -> dict[str, Any]:
    """The row of a case, with the twenty candidates that the file names by a word."""
    named = info.get("candidates") == "20 items"
    return info | {"candidates": [f"Item number {number}" for number in range(20)]} if named else info


def _score(given: dict[str, Any]) -> dict[str, Any]:
    try:
        mark = reference_mark(TASK, with_candidates(given["row"]), given["response"])
    except DataError:
        return REJECTED
    return {"reward": mark.score, "hit_at_5": mark.metrics["hit_at_5"], "top1": mark.metrics["top1"]}


def _candidates(given: dict[str, Any]) -> dict[str, Any]:
    item = TASK.read(row_of("humanllm", with_candidates({"answer_index": 0, **given})), Profile.REFERENCE)
    user = TASK.prompt(item, Profile.REFERENCE).user
    return {
        "candidate_lines": re.findall(r"^[A-T]: .*$", user, re.MULTILINE),
        "original_candidate_marker_present": bool(re.search(r"Candidate\s*\d+\s*:", user)),
    }


COVERED = {
    "end-to-end score of one row": _score,
    "history entries put one per line and renumbered": lambda given: {
        "text": history_lines(given["text"], renumber=True)
    },
    "candidate lines shown (relabelled A..T) and original candidate text removed": _candidates,
    COUNT: count_of(TASK, with_candidates({"prompt_text": "p", "answer_index": 0, "candidates": "20 items"})),
}
