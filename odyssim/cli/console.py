"""What every command shares: where it prints, the options that mean the same everywhere, JSON, and progress."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.console import Console

out_console = Console()
err_console = Console(stderr=True)

Data = Annotated[
    Optional[Path],  # noqa: UP045  (typer reads Optional)
    typer.Option("--data", envvar="ODYSSIM_DATA", help="Folder that holds corpus/ and bench/."),
]
TaskData = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--data",
        envvar="ODYSSIM_DATA",
        metavar="FOLDER",
        help="Folder with bench/ or the published Parquet files, one such file, or hf://OWNER/NAME (downloads).",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def print_json(result: Any) -> None:
    """A record, or plain lists and dicts, as indented JSON on standard output."""
    text = result.model_dump_json(indent=2) if hasattr(result, "model_dump_json") else json.dumps(result, indent=2)
    sys.stdout.write(text + "\n")


def progress() -> Any:
    """Progress on the terminal."""
    from odyssim.cli.progress import TerminalProgress

    return TerminalProgress(err_console)


def task_data(given: str | None) -> Path | None:
    """The folder or file that `--data` of a task command names."""
    from odyssim.tasks.hub import data_folder

    return None if given is None else data_folder(given)
