"""How long work reports how far it is, without knowing whether a terminal, a log file or nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Work(Protocol):
    """One running piece of work."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """`amount` more units are done; `figures` (loss=2.1) are the latest numbers worth showing."""
        ...


class Progress(Protocol):
    """Whoever watches. `work` opens a task of `total` units (0: unknown); the watcher derives rate and time left."""

    @contextmanager
    def work(self, title: str, total: int, done: int = 0) -> Iterator[Work]: ...


class Silent:
    """Nobody watches: the default of every verb of the Python API."""

    @contextmanager
    def work(self, title: str, total: int, done: int = 0) -> Iterator[Work]:
        yield self

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Nothing to tell."""
