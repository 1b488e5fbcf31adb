"""The original file of FANToM, brought into the envelope: a set of questions about one conversation becomes rows."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from odyssim.errors import DataError
from odyssim.tasks.records import read_json
from odyssim.tasks.rows import Row
from odyssim.types import Json, Origin

UPSTREAM_FILE: Final = "bench/fantom/fantom_v1.json"
_OPTION_ORDER_SEED: Final = 99
_OF_A_QUESTION: Final = (
    "question",
    "question_type",
    "tom_type",
    "correct_answer",
    "wrong_answer",
    "missed_info_accessibility",
    "complete_question",
)


def upstream_rows(path: Path) -> Iterator[Row]:
    """Every question of every set but the fact question. `DataError` if the file is no list of sets.

    A belief question is a choice between its right and its wrong answer, in an order drawn with the upstream seed.
    """
    sets = read_json(path)
    if not isinstance(sets, list) or not all(isinstance(found, dict) for found in sets):
        raise DataError("expected a list of question sets", path=path)
    rng = random.Random(_OPTION_ORDER_SEED)
    infos = (as_shown(info, rng) for found in sets for info in flatten_set(found))
    for index, info in enumerate(infos):
        yield Row(data_source="fantom", index=index, info=info, origin=Origin.PUBLISHED, path=path)


def flatten_set(found: Mapping[str, Any]) -> list[Json]:
    """The `extra_info` of every question of a set; what a question lacks is an empty string.

    The fact question is no row of its own: it rides along on all others.
    """
    fact = found.get("factQA") or {}
    shared = {
        "context": found.get("short_context", ""),
        "full_context": found.get("full_context", ""),
        "set_id": found.get("set_id", ""),
        "part_id": found.get("part_id", ""),
        "fact_question": fact.get("question", ""),
        "fact_answer": fact.get("correct_answer", ""),
    }
    return [
        {field: question.get(field, "") for field in _OF_A_QUESTION} | shared
        for key, value in found.items()
        for question in _questions(key, value)
    ]


def as_shown(info: Json, rng: random.Random) -> Json:
    """A flattened question with what a reader must see to answer it: the options, or the fact that it is about."""
    kind, question = info["question_type"], info["question"]
    if kind.startswith("tom:belief:"):
        options = [info["wrong_answer"], info["correct_answer"]]
        gold_is_last = rng.choice((True, False))
        first, second = options if gold_is_last else options[::-1]
        return info | {
            "question_type": f"{kind}:multiple-choice",
            "complete_question": f"{question}\n(a) {first}\n(b) {second}\n\nChoose an answer from above:",
            "correct_answer": int(gold_is_last),
        }
    about = f"Target: {info['fact_question']}"
    if kind.startswith("tom:info_accessibility:"):
        about = f"Information: {info['fact_question']} {info['fact_answer']}"
    ask = " Answer yes or no." if kind.endswith(":binary") else ""
    return info | {"complete_question": f"{about}\nQuestion: {question}{ask}"}


def _questions(key: str, value: Any) -> Iterable[Mapping[str, Any]]:
    if "QAs" in key:
        return value or ()
    return (value,) if value and "QA" in key and "fact" not in key else ()
