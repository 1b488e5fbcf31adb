"""humanual: the message in a reply, its score, a whole episode, and the legacy means by group."""

from __future__ import annotations

import asyncio
from typing import Any

from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.tasks.extraction import reference_tagged
from odyssim.tasks.humanual import HumanualBook
from odyssim.tasks.humanual_score import (
    Graded,
    clipped,
    group_means,
    key_point_score,
    length_factor,
    published_grade,
    token_f1,
    word_tokens,
)
from odyssim.tasks.humanual_text import reference_message
from odyssim.tasks.rubrics.humanual import RESPECTS
from odyssim.types import Profile
from tests.parity.rows import row_of
from tests.parity.runner import Check


def _score(given: dict[str, Any]) -> dict[str, Any]:
    return published_grade(given["generated"], given["reference"], given["judge"]).model_dump()


def _episode(given: dict[str, Any]) -> dict[str, Any]:
    task = HumanualBook()
    item = task.read(row_of("humanual-book", given["record"]), Profile.REFERENCE)
    policy = Scripted([given["policy_output"] or ""])
    asked, said = asyncio.run(task.play(item, Cast(policy=policy), Profile.REFERENCE)).turns
    message = reference_message(said.text)
    judge = given["judge"]
    ratings = None if judge is None else dict.fromkeys(RESPECTS, judge)
    return {
        "user_message": asked.text,
        "judged_text": message,
        "reward": published_grade(message, item.completion, ratings).score,
        "parse_success": judge is not None,
    }


def _aggregate(given: list[dict[str, Any]]) -> dict[str, float]:
    if not given:
        return {}
    parsed = sum(bool(row["parse_success"]) for row in given) / len(given)
    rows = ({key: row[key] for key in Graded.model_fields if row.get(key) is not None} for row in given)
    return {"parse_success_rate": parsed, **group_means(map(Graded.model_validate, rows))}


COVERED: dict[str, Check] = {
    "extract_tagged": lambda given: reference_tagged(given["text"], given["tag"]),
    "word_tokens": word_tokens,
    "token_f1": lambda given: token_f1(given["generated"], given["reference"]),
    "length_factor": lambda given: length_factor(given["generated"], given["reference"]),
    "score_from_six_dims": _score,
    "score_from_keypoints": lambda given: key_point_score(given["keypoint_scores"], given["P"]),
    "score_single": clipped,
    "episode": _episode,
    "aggregate": _aggregate,
}
