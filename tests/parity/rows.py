"""What most adapters need: a row from the fields of a case, and the mark of its response in the `reference` profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odyssim.errors import DataError
from odyssim.tasks.choice import ChoiceTask, Mark
from odyssim.tasks.rows import Row
from odyssim.types import Origin, Profile

REJECTED = {"error": True}


def row_of(key: str, info: Mapping[str, Any]) -> Row:
    """A published row with these fields."""
    index = info.get("index")
    return Row(data_source=key, index=0 if index is None else int(index), info=info, origin=Origin.PUBLISHED)


def reference_mark(task: ChoiceTask[Any], info: Mapping[str, Any], response: str | None) -> Mark:
    """The mark of `response` on the row with these fields. Raises `DataError` if the row is unusable."""
    item = task.read(row_of(task.published.keys[0], info), Profile.REFERENCE)
    return task.mark(item, response, Profile.REFERENCE)


def reward(task: ChoiceTask[Any], info: Mapping[str, Any], response: str | None) -> dict[str, Any]:
    """The usual form of an expected reward; a rejected row is an error."""
    try:
        return {"reward": reference_mark(task, info, response).score}
    except DataError:
        return REJECTED
