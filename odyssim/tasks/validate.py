"""Whether the items of a task can be won: the gold answer of every one must score full marks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from odyssim.errors import DataError
from odyssim.tasks.registry import get_task
from odyssim.types import Origin, Profile, Record


class Unsound(Record):
    """An item that its own gold answer does not win, and what it scores instead."""

    item_id: str
    problem: str


class Validation(Record):
    """The items of one split in one profile: how many, where they come from, which were dropped, which are unsound."""

    task: str
    split: str
    profile: Profile
    items: int
    clusters: int
    origins: tuple[Origin, ...]
    dropped: tuple[str, ...]
    unsound: tuple[Unsound, ...]


def validate_task(name: str, split: str, profile: Profile, *, data: Path | None = None) -> Validation:
    """Validate every item. Raises what `Task.items` raises."""
    task = get_task(name)
    items = task.items(split, data=data, profile=profile)

    async def unsound() -> list[Unsound]:
        found = []
        for item in items:
            try:
                await task.validate(item, profile=profile)
            except DataError as error:
                found.append(Unsound(item_id=item.id, problem=error.message))
        return found

    return Validation(
        task=name,
        split=split,
        profile=profile,
        items=len(items),
        clusters=len({item.cluster for item in items}),
        origins=tuple(sorted({item.origin for item in items})),
        dropped=tuple(failure.message for failure in items.dropped),
        unsound=tuple(asyncio.run(unsound())),
    )
