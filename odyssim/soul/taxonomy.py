"""The tasks of the SOUL-Index by axis, in the order in which tables show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from odyssim.errors import UnknownName
from odyssim.tasks.registry import task_names
from odyssim.types import Axis

INDEX_TASKS: Final[dict[Axis, tuple[str, ...]]] = {
    Axis.CONV: ("userllm", "mirrorbench", "sim_arena_doc", "humanual-chat"),
    Axis.SS: ("sotopia",),
    Axis.COG: ("fantom", "hitom", "paratomi", "social_r1"),
    Axis.ROLE: (
        "lifechoices",
        "twinvoice",
        "behavior_chain",
        "mistakes",
        "coser",
        "humanual-email",
        "humanual-news",
        "humanual-politics",
        "sim_arena_math",
    ),
    Axis.EVAL: ("alignx", "humanllm", "socsci210", "humanual-book", "humanual-opinion"),
}


ALL: Final = "all"


def chosen_tasks(names: Iterable[str]) -> dict[str, bool]:
    """Task names, each once, and whether it was asked for by its own name.

    The name of an axis (in any case) stands for its tasks of the index, 'all' for those of every axis. Raises
    `UnknownName` for what is none of these.
    """
    known = task_names()
    groups = {axis.value.lower(): tasks for axis, tasks in INDEX_TASKS.items()}
    groups[ALL] = tuple(task for tasks in INDEX_TASKS.values() for task in tasks)
    chosen: dict[str, bool] = {}
    for name in (name.strip() for name in names):
        if name.lower() in groups:
            for task in groups[name.lower()]:
                chosen.setdefault(task, False)
        elif name in known:
            chosen[name] = True
        else:
            raise UnknownName("task or axis", name, [*groups, *known], hint="odyssim tasks list")
    return chosen
