"""The tasks of the SOUL-Index by axis, in the order in which tables show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from odyssim.errors import UnknownName
from odyssim.tasks.registry import task_names
from odyssim.types import Axis

INDEX_TASKS: Final[dict[Axis, tuple[str, ...]]] = {
    Axis.COG: ("fantom", "hitom", "paratomi", "social_r1"),
    Axis.ROLE: ("lifechoices", "twinvoice", "behavior_chain", "mistakes"),
    Axis.EVAL: ("alignx", "humanllm", "socsci210"),
}


def chosen_tasks(names: Iterable[str]) -> tuple[str, ...]:
    """Task names, each once, where the name of an axis (in any case) stands for its tasks of the index.

    Raises `UnknownName` for what is neither.
    """
    known = task_names()
    axes = {axis.value.lower(): tasks for axis, tasks in INDEX_TASKS.items()}
    chosen: dict[str, None] = {}
    for name in (name.strip() for name in names):
        if name.lower() in axes:
            chosen.update(dict.fromkeys(axes[name.lower()]))
        elif name in known:
            chosen[name] = None
        else:
            raise UnknownName("task or axis", name, [*axes, *known], hint="odyssim tasks list")
    return tuple(chosen)
