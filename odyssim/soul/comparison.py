"""What a comparison of runs found: the records, as `odyssim compare --json` prints them."""

from __future__ import annotations

from typing import Final

from odyssim.soul.index import IndexScore
from odyssim.soul.interval import Interval
from odyssim.types import Profile, Record, Turn

SCHEMA_VERSION: Final = 1


class Difference(Record):
    """First minus second, -1..1, with its 95 % interval.

    `p` is two-sided; `p_corrected` is Holm's, over all tasks and pairs for a task, over all pairs for an index.
    """

    difference: float
    interval: Interval
    p: float
    p_corrected: float


class WinRate(Record):
    """How often the first run scores higher on an item, a tie being half, 0..1."""

    rate: float
    interval: Interval


class TaskDifference(Record):
    """Two runs on the items of a task that all runs scored; `first` and `second` are their scores on these."""

    task: str
    axis: str
    n_items: int
    first: float
    second: float
    gap: Difference
    wins: WinRate


class ShownSample(Record):
    """What one run did with an item: the reply that was scored, in the dialogue in which it stood."""

    seed: int
    score: float
    answer: str | None
    critique: dict[str, str]
    turns: tuple[Turn, ...]


class Contrast(Record):
    """An item that two runs did unequally well at; `gap` is between their means over seeds."""

    task: str
    item_id: str
    gap: float
    first: ShownSample
    second: ShownSample


class Pair(Record):
    """Two runs by name, task by task and in the index (none without a task of the index)."""

    first: str
    second: str
    tasks: tuple[TaskDifference, ...]
    tasks_equal: Difference | None
    axes_equal: Difference | None
    wins: WinRate
    contrasts: tuple[Contrast, ...]


class FirstPlaces(Record):
    """On how many tasks a run is first or tied-first.

    `low` tasks on which it surely beats every other run, `high` on which none surely beats it: all these statements
    together hold in 95 % of cases.
    """

    tasks: int
    low: int
    high: int
    of: int


class Ranked(Record):
    """A run among the others. `groups`: runs that share a number cannot be told apart by the index, tasks equal."""

    name: str
    model: str
    folder: str
    tasks_equal: IndexScore | None
    axes_equal: IndexScore | None
    groups: tuple[int, ...]
    first_places: FirstPlaces


class Comparison(Record):
    """Runs compared on the items that all of them scored, best first by the index with tasks equal.

    `left_out`: tasks that cannot be compared, with the reason. `unpaired`: items per task that only some runs scored.
    """

    schema_version: int = SCHEMA_VERSION
    odyssim_version: str
    profile: Profile
    runs: tuple[Ranked, ...]
    pairs: tuple[Pair, ...]
    partial: bool
    left_out: dict[str, str]
    unpaired: dict[str, int]
    warnings: tuple[str, ...]
