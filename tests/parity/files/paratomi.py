"""paratomi: reward and formatting of ParaToMi."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.paratomi import ParaToMi, ParaToMiItem, shown_candidates, story_text
from odyssim.types import Origin, Profile


def _reward(given: dict[str, Any]) -> dict[str, Any]:
    item = ParaToMiItem(
        id="vector",
        origin=Origin.PUBLISHED,
        cluster="vector",
        story=given.get("story") or "",
        question=given.get("question") or "",
        correct_answer=given["correct_answer"],
        cands=given["cands"],
    )
    return {"reward": ParaToMi().mark(item, given["response"], Profile.REFERENCE).score}


COVERED = {
    "end-to-end reward of one question": _reward,
    "render the story field as text": lambda given: {"text": story_text(given["story"])},
    "candidate list shown to the policy (comma-space joined; null = no candidate line at all)": lambda given: {
        "candidates_shown": shown_candidates(given["cands"])
    },
}
