"""reward_bench: order of the answers, verdicts, ratings and row rewards of RewardBench."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.judging import JudgingTask
from odyssim.tasks.reward_bench import (
    REFERENCE_UNREAD_RATING,
    RewardBench,
    published_order,
    reference_letter,
    reference_rating,
    separated,
)
from odyssim.types import Profile
from tests.parity.rows import row_of

UNREAD = int(REFERENCE_UNREAD_RATING)


def row_score(task: JudgingTask[Any], info: dict[str, Any], replies: list[str | None]) -> float:
    item = task.read(row_of(task.published.keys[0], info), Profile.REFERENCE)
    return task.mark(item, replies, Profile.REFERENCE).score


def _ties(given: dict[str, Any]) -> dict[str, Any]:
    replies = given["responses"]
    return {"rewards": [row_score(RewardBench(), given["row"], replies)] * len(replies)}


def _accurate(given: dict[str, Any]) -> dict[str, Any]:
    ratings = [None if rating == UNREAD else rating for rating in given["ratings"]]
    return {"accurate": separated(ratings, given["num_correct"])}


COVERED = {
    "display order for a row id (original indices in display order A..D)": lambda given: {
        "order": published_order(given["id"], given["n"])
    },
    "verdict letter from a judge text": lambda given: {"letter": reference_letter(given["text"] or "")},
    "1-10 rating from a judge text (-1 = unparsable)": lambda given: {
        "rating": int(reference_rating(given["text"] or "") or UNREAD)
    },
    "Ties row correct?": _accurate,
    "row reward, non-Ties row": lambda given: {"reward": row_score(RewardBench(), given["row"], [given["response"]])},
    "row reward, Ties row (one judge text per candidate)": _ties,
}
