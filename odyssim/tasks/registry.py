"""Task names. Built-in tasks are listed here; a plugin adds one through the entry-point group `odyssim.tasks`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from odyssim.errors import UnknownName
from odyssim.tasks.base import Task

_BUILT_IN = {
    "hitom": ("odyssim.tasks.hitom", "HiToM"),
    "paratomi": ("odyssim.tasks.paratomi", "ParaToMi"),
}
GROUP = "odyssim.tasks"


def task_names() -> list[str]:
    """All known task names, built-in first, plugins after."""
    plugins = sorted(entry.name for entry in entry_points(group=GROUP) if entry.name not in _BUILT_IN)
    return [*_BUILT_IN, *plugins]


def get_task(name: str) -> Task[Any]:
    """The task called `name`; `UnknownName` otherwise, never a default."""
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name]
        task: Task[Any] = getattr(import_module(module), attribute)()
        return task
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            plugin: Task[Any] = entry.load()()
            return plugin
    raise UnknownName("task", name, task_names(), hint="odyssim tasks list")
