"""The rewards that every correct implementation must give, in the profile `improved`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from odyssim.tasks.choice import ChoiceTask
from odyssim.types import Profile
from tests.parity.rows import row_of


def core_rewards(vectors: Path, name: str, task: ChoiceTask[Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Expected and found rewards of the core cases of a vector file, by case id."""
    cases = json.loads((vectors / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    core = [case for case in cases if case["class"] == "core" and "reward" in case["expected"]]
    expected = {case["id"]: float(case["expected"]["reward"]) for case in core}
    found = {}
    for case in core:
        item = task.read(row_of(task.published.keys[0], case["input"]["row"]), Profile.IMPROVED)
        found[case["id"]] = task.mark(item, case["input"]["response"], Profile.IMPROVED).score
    return expected, found
