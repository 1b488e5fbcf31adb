"""`odyssim soul`: what the index is made of; and `odyssim compare`: which of several runs is better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from odyssim.cli.console import AsJson, out_console, print_json, progress

soul_app = typer.Typer(help="The SOUL-Index: axes, tasks, datasets.", no_args_is_help=True)


@soul_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The five axes with their definitions, the 23 tasks, and the 62 datasets with the reason for the axis."""
    from odyssim.cli.soul_tables import taxonomy_table
    from odyssim.soul.taxonomy import DATASETS, DEFINITIONS, INDEX_TASKS
    from odyssim.tasks.registry import get_task

    rows = [
        {
            "axis": axis.value,
            "definition": DEFINITIONS[axis],
            "tasks": [{"name": task, "title": get_task(task).title} for task in tasks],
            "datasets": [
                {"id": name, "reason": place.reason, "ours": place.task is None}
                for name, place in DATASETS.items()
                if place.axis is axis
            ],
        }
        for axis, tasks in INDEX_TASKS.items()
    ]
    print_json(rows) if as_json else out_console.print(taxonomy_table(rows))


@soul_app.command()
def index(
    folder: Annotated[Path, typer.Argument(help="A result folder of odyssim eval.")], as_json: AsJson = False
) -> None:
    """The index of an evaluation: both weightings, the axes, and what does not count."""
    from odyssim.cli.soul_tables import index_table
    from odyssim.soul.finished import FinishedRun
    from odyssim.soul.index import soul_index

    run = FinishedRun.read(folder)
    found = soul_index(run.result, run.samples)
    print_json(found) if as_json else out_console.print(index_table(found))


def compare_(
    folders: Annotated[list[Path], typer.Argument(help="Result folders of odyssim eval, two or more.")],
    items: Annotated[int, typer.Option(min=0, help="Items to show per pair, those that differ most.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Compare evaluations, paired by item: differences with intervals, ranks, and where they differ most."""
    from odyssim.cli.soul_tables import comparison_table
    from odyssim.soul.compare import compare

    found = compare(folders, contrasts=items, progress=progress())
    print_json(found) if as_json else out_console.print(comparison_table(found))
