"""userllm: overlap, options, episodes, the aggregate, and what a hint is about."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from odyssim.tasks.rubrics.userllm import Verdict
from odyssim.tasks.userllm import JUDGED_BY, UserLLM
from odyssim.tasks.userllm_corpus import first_turn_diversity, reference_aggregate
from odyssim.tasks.userllm_hint import leaked_options, rule_hint
from odyssim.tasks.userllm_record import Suite, UserLLMItem, choice_texts, intent_of, optional_bool
from odyssim.tasks.userllm_score import (
    PARTS,
    intent_overlap,
    missing_keywords,
    reference_asks_judge,
    reference_normal_form,
    reference_scores,
    said,
    visible,
)
from odyssim.types import Profile
from tests.parity.rows import row_of

REFERENCE = Profile.REFERENCE


def item_of(record: dict[str, Any]) -> UserLLMItem:
    return UserLLM().read(row_of("userllm", record), REFERENCE)


def _verdict(shape: type[Verdict], label: str) -> float | None:
    try:
        return shape.model_validate({"label": label}).value
    except ValidationError:
        return None


def _episode(given: dict[str, Any]) -> dict[str, Any]:
    item = item_of(given["record"])
    turn = said(visible(given["policy_output"] or "", REFERENCE), REFERENCE)
    asks = reference_asks_judge(item, turn)
    verdict = None
    if asks and item.suite is not None:
        _, shape = JUDGED_BY[REFERENCE, item.suite]
        verdict = _verdict(shape, given.get("judge_label") or "")
    scores = reference_scores(item, turn, verdict)
    return {"reward": scores.score, "sub": dict(scores.parts), "judge_calls": int(asks)}


def _hint(given: dict[str, Any]) -> dict[str, Any]:
    item, output = item_of(given["record"]), given["output"]
    parts = {name: given["sub_scores"].get(f"userllm/{name}") for name in PARTS}
    facts: dict[str, Any] = {"hint_produced": bool(rule_hint(item, output, given["reward"], parts, REFERENCE))}
    if item.suite is Suite.PRISM:
        facts["missing_keywords"] = missing_keywords(item.intent, output)
    if item.suite is Suite.CSQA:
        facts["leaked_options"] = leaked_options(item, output, REFERENCE)
    return facts


COVERED = {
    "intent_overlap": lambda given: intent_overlap(given["intent"], given["turn"]),
    "first_turn_diversity": lambda given: first_turn_diversity(given) or 0.0,
    "choice_normal_form": reference_normal_form,
    "choice_texts": lambda given: list(choice_texts(given.get("choices"))),
    "intent_from_record": intent_of,
    "optional_bool": optional_bool,
    "termination_and_metric_aggregate": reference_aggregate,
    "episode": _episode,
    "hint_facts": _hint,
}
