"""behaviorchain: reward and prompt of BehaviorChain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from odyssim.tasks.behavior_chain import BehaviorChain
from odyssim.types import Profile
from tests.parity.flow import COUNT, count_of
from tests.parity.rows import reward, row_of


def info(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the row that carries the object of a case."""
    return {"raw": json.dumps(given["raw_object"])}


def cases(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The cases, each with the fragments that it asks for in its input."""
    for case in content["cases"]:
        fragments = list(case["expected"].get("contains", ()))
        yield case | {"input": case["input"] | {"fragments": fragments}}


def _contains(given: dict[str, Any]) -> dict[str, Any]:
    task = BehaviorChain()
    user = task.prompt(task.read(row_of("behavior_chain", info(given)), Profile.REFERENCE), Profile.REFERENCE).user
    return {"contains": {fragment: fragment in user for fragment in given["fragments"]}}


COVERED = {
    "end-to-end reward of one node": lambda given: reward(BehaviorChain(), info(given), given["response"]),
    "which literal fragments reach the prompt": _contains,
    COUNT: lambda given: count_of(BehaviorChain(), info(given))(given),
}
