"""Progress on a terminal: a bar with the time left; in a log file, a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeftColumn

from odyssim.progress import Work

LINE_EVERY_S = 10.0
WORTH_A_LINE_S = 2.0
"""What takes less leaves no line in a log file."""


class TerminalProgress:
    """A live bar per piece of work, with the latest figures and an estimate of the time left."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def work(self, title: str, total: int, done: int = 0) -> Iterator[Work]:
        if not self._console.is_terminal:
            yield _Lines(self._console, title, total, done)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeftColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        with Progress(*columns, console=self._console) as bars:
            yield _Bar(bars, bars.add_task(title, total=total or None, completed=done, figures=""))


class _Bar:
    def __init__(self, bars: Progress, bar: TaskID) -> None:
        self._bars, self._bar = bars, bar

    def advance(self, amount: int = 1, **figures: float) -> None:
        self._bars.update(self._bar, advance=amount)
        if figures:
            self._bars.update(self._bar, figures=_shown(figures))


class _Lines:
    def __init__(self, console: Console, title: str, total: int, done: int) -> None:
        self._console, self._title, self._total = console, title, total
        self._first, self._done = done, done
        self._begun = self._said = time.monotonic()

    def advance(self, amount: int = 1, **figures: float) -> None:
        self._done += amount
        now = time.monotonic()
        if now - self._said < LINE_EVERY_S and (self._done < self._total or not self._total):
            return
        spent = now - self._begun
        if spent < WORTH_A_LINE_S:
            return
        self._said = now
        line = f"{self._title}: {self._done}, {spent:.0f} s"
        if self._total:
            left = spent / max(self._done - self._first, 1) * max(self._total - self._done, 0)
            line = f"{self._title}: {self._done}/{self._total}, {spent:.0f} s, about {left:.0f} s left"
        self._console.print(f"{line}  {_shown(figures)}".rstrip(), highlight=False, soft_wrap=True)


def _shown(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
