"""Which items of a task a run uses."""

from __future__ import annotations

import random
from collections.abc import Sequence

from odyssim.tasks.base import ItemT

SELECTION_SEED = 20260601


def select_items(items: Sequence[ItemT], limit: int | None) -> list[ItemT]:
    """`limit` items drawn without replacement, in file order; all of them without a limit.

    The draw does not depend on the run's seeds: every model and every seed sees the same items.
    """
    if limit is None or limit >= len(items):
        return list(items)
    chosen = random.Random(SELECTION_SEED).sample(range(len(items)), limit)
    return [items[index] for index in sorted(chosen)]
