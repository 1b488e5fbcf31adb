"""`odyssim likeness`: a model's turns against people's, from two files or spoken at the places of a corpus."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from odyssim.cli.console import err_console, out_console, print_json, progress
from odyssim.cli.tables import likeness_table, plain_table, text_row
from odyssim.report.shown import gap_interval, number
from odyssim.storage import write_text

if TYPE_CHECKING:
    from odyssim.human_likeness.compare import MeasureResult
    from odyssim.human_likeness.files import FilesResult

RESULT: Final = "likeness.json"
_OF_TURNS: Final = 14
_OF_SETS: Final = 4
_WORDS: Final = 12


def of_model(
    model: str,
    corpus: Path,
    *,
    out: Path,
    turns: int | None,
    seed: int,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Let a model speak at places of held-out dialogues, and compare."""
    from odyssim.soul.next_turn import LikenessConfig, likeness

    config = LikenessConfig(seed=seed) if turns is None else LikenessConfig(turns=turns, seed=seed)
    result = likeness(model, corpus, config, out=out, base_url=base_url, progress=progress())
    print_json(result) if as_json else out_console.print(likeness_table(result))
    _written(out / RESULT)


def of_files(model: Path, human: Path, *, out: Path | None, lines: int | None, seed: int, as_json: bool) -> None:
    """Compare two files; exit code 1 if they hold too little for the one number."""
    # The vectors are short: on a busy machine, OpenBLAS spends ten times as long on its threads as on them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from odyssim.human_likeness.files import LINES, compare_files

    result = compare_files(model, human, lines=lines or LINES, seed=seed, progress=progress())
    if out is not None:
        write_text(out / RESULT, result.model_dump_json(indent=2) + "\n")
        _written(out / RESULT)
    print_json(result) if as_json else out_console.print(files_table(result))
    if result.auc is None:
        raise typer.Exit(1)


def _written(path: Path) -> None:
    err_console.print(f"Result: {path}", highlight=False, soft_wrap=True)


def files_table(result: FilesResult) -> RenderableType:
    """The one number, the measures outside human noise or else the largest gaps, pet words, and what limits it all."""
    panel = result.likeness
    table = plain_table("Measure", "People >", "Model >", "Gap >", "Ceiling >", "Effect >", "Human noise")
    for measure in (*_strongest(panel.measures, _OF_TURNS), *_strongest(panel.diversity, _OF_SETS)):
        text_row(
            table,
            f"{measure.name} ({measure.unit})",
            number(measure.human),
            number(measure.model),
            number(measure.gap, sign=True) + gap_interval(measure.interval),
            number(measure.ceiling),
            number(measure.effect, sign=True),
            measure.verdict,
        )
    sides = (
        f"{one.file}: {one.compared} of {one.lines} lines, {one.units} units" for one in (result.model, result.human)
    )
    words = panel.words["word"]
    measures = (*panel.measures, *panel.diversity)
    outside = sum(measure.verdict == "outside" for measure in measures)
    return Group(
        Text("; ".join(sides), style="dim"),
        table,
        Text(f"{outside} of {len(measures)} measures outside human noise."),
        Text("Over-used: " + (", ".join(shift.word for shift in words.overused[:_WORDS]) or "nothing beyond chance")),
        Text("Under-used: " + (", ".join(shift.word for shift in words.underused[:_WORDS]) or "nothing beyond chance")),
        *(Text(note, style="yellow") for note in result.notes),
        _one_number(result),
    )


def _strongest(measures: Sequence[MeasureResult], most: int) -> list[MeasureResult]:
    """Those outside human noise, or all if none is, by the size of the effect."""
    outside = [measure for measure in measures if measure.verdict == "outside"]
    return sorted(outside or measures, key=lambda measure: -abs(measure.effect or 0.0))[:most]


def _one_number(result: FilesResult) -> Text:
    auc, found = result.auc, result.discrimination
    if auc is None or found is None:
        return Text("AUC: none", style="bold")
    interval = f"[{number(auc.low)}, {number(auc.high)}]"
    people = "" if found.ceiling is None else f"; people against people: {number(found.ceiling)}"
    return Text(f"AUC {number(auc.estimate)} {interval} (0.5: cannot be told from people{people})", style="bold")
