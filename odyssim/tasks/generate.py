"""Tasks whose benchmark is a generator: fresh rows of any difficulty, for training and for tests that nobody saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from odyssim.errors import UnknownName
from odyssim.settings import Settings, checked
from odyssim.tasks.registry import get_task, task_names
from odyssim.tasks.rows import Row, write_rows


@runtime_checkable
class Generates(Protocol):
    """A task with a generator; `difficulty` is the class of its knobs."""

    difficulty: type[Settings]

    def generate(self, n: int, seed: int, difficulty: Any) -> Iterator[Row]:
        """`n` rows; the same seed and knobs give the same rows."""
        ...


def generators() -> list[str]:
    """The names of the tasks that generate."""
    return [name for name in task_names() if isinstance(get_task(name), Generates)]


def generate_rows(name: str, path: Path, *, n: int, seed: int, knobs: Mapping[str, Any]) -> int:
    """Write `n` fresh rows of a task to an envelope file; returns how many.

    Raises `UnknownName` for a task without a generator, `ConfigError` for a wrong knob, `UsageError` if `path` exists.
    """
    task = get_task(name)
    if not isinstance(task, Generates):
        raise UnknownName("generator", name, generators(), hint="only these tasks generate items")
    difficulty = checked(
        task.difficulty, knobs, place=f"{name} --set", hint=f"knobs: {', '.join(task.difficulty.model_fields)}"
    )
    return write_rows(path, task.generate(n, seed, difficulty))
