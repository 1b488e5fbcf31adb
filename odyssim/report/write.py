"""`write_report`: a run folder becomes one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path

from odyssim.report.examples import read_examples
from odyssim.report.page import render
from odyssim.report.records import read_run
from odyssim.storage import write_text


def write_report(run_folder: Path, out: Path | None = None) -> Path:
    """Write the report of a run to `out` (default: report/report.html in the run folder) and return its path.

    What was not run is said to be missing. The same folder gives the same bytes. Raises `DataError` if there is no
    run here or one of its files is broken, `StorageError` if writing fails.
    """
    run = read_run(run_folder)
    path = out or run_folder / "report" / "report.html"
    write_text(path, render(run, read_examples(run)))
    return path
