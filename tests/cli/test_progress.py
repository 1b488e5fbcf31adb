"""Progress for people: a bar with the time left on a terminal, a line now and then in a log file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from odyssim.cli import progress
from odyssim.cli.progress import TerminalProgress


def test_a_log_file_gets_lines_with_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 4.0, 12.0, 13.0, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    written = io.StringIO()
    with TerminalProgress(Console(file=written)).work("train", total=10, done=2) as work:
        work.advance(1)
        work.advance(3, loss=2.5)
        work.advance(1)
        work.advance(3, loss=1.25)
    assert written.getvalue().splitlines() == [
        "train: 6/10, 12 s, about 12 s left  loss 2.5",
        "train: 10/10, 30 s, about 0 s left  loss 1.25",
    ]


def test_without_a_total_there_is_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 4.0, 12.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    written = io.StringIO()
    with TerminalProgress(Console(file=written)).work("read", total=0) as work:
        work.advance(1)
        work.advance(3)
    assert written.getvalue() == "read: 4, 12 s\n"


def test_a_terminal_gets_a_bar() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=120)
    with TerminalProgress(console).work("train", total=4) as work:
        work.advance(4, loss=2.5)
    shown = written.getvalue()
    assert "train" in shown
    assert "4/4" in shown
    assert "loss 2.5" in shown
