"""`write_report`: a run folder, or that of an evaluation, becomes one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path

from odyssim.errors import DataError
from odyssim.report.episodes import chosen_episodes
from odyssim.report.evaluation import render_evaluation
from odyssim.report.examples import read_examples
from odyssim.report.page import render
from odyssim.report.records import RECIPE, read_run
from odyssim.soul.result import EvalResult
from odyssim.storage import write_text


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the report of a run or an evaluation to `out` and return its path.

    Without `out` it is report/report.html in a run folder, report.html in the folder of an evaluation. What was not
    run is said to be missing. The same folder gives the same bytes. Raises `DataError` if it is no such folder or one
    of its files is broken, `StorageError` if writing fails.
    """
    if (folder / RECIPE).is_file():
        run = read_run(folder)
        path, page = folder / "report" / "report.html", render(run, read_examples(run))
    elif (folder / "eval.json").is_file():
        evaluation = EvalResult.read(folder / "eval.json")
        path, page = folder / "report.html", render_evaluation(evaluation, chosen_episodes(folder / "episodes.jsonl"))
    else:
        raise DataError(
            "no run folder and no evaluation: it has neither recipe.yaml nor eval.json",
            path=folder,
            hint=f"odyssim run RECIPE --out {folder}, or odyssim eval --model MODEL --out {folder}",
        )
    write_text(out or path, page)
    return out or path
