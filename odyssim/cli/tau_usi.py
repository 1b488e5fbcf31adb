"""`odyssim tau-usi`: how close simulated customers come to people on the same tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Optional

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from odyssim.cli.console import AsJson, out_console, print_json
from odyssim.errors import UsageError

if TYPE_CHECKING:
    from odyssim.soul.tau_usi.difficulty import Difficulty
    from odyssim.soul.tau_usi.result import Cell, TauUsi, UsiRow

_SURVEYS: Final = "survey_comparable_{}.json"
_PEOPLE: Final = "human-eval-100"
_REACTION: Final = "D4_react"
_LEAST_ALIKE: Final = 5


def tau_usi(
    simulated: Annotated[list[Path], typer.Argument(help="Dialogues of a simulator: τ-USI, τ-bench or tau2 results.")],
    human: Annotated[Path, typer.Option(help="People's dialogues on the same tasks, by id.")],
    surveys: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help=f"Folder with {_SURVEYS.format('NAME')} of a NAME.json, or of people ({_PEOPLE})."),
    ] = None,
    difficulty: Annotated[Optional[Path], typer.Option(help="Success by task. Default: the published map.")] = None,  # noqa: UP045
    pool: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="Dialogues to pool the difficulty from instead; repeatable."),
    ] = None,
    draws: Annotated[int, typer.Option(min=0, help="Bootstrap samples of the tasks, for the intervals.")] = 2000,
    seed: Annotated[int, typer.Option(help="Draws the samples.")] = 0,
    as_json: AsJson = False,
) -> None:
    """τ-USI of given dialogues: style, outcome and survey of simulated customers against people, and the ceiling."""
    from odyssim.soul.tau_usi.read import GATED, read_dialogues, read_simulator
    from odyssim.soul.tau_usi.score import tau_usi as measure

    if len({path.stem for path in simulated}) < len(simulated):
        raise UsageError(
            "Two simulators have the same name.", hint="rename a file: a simulator is called like its file"
        )
    filled_in = _survey_files(surveys, [*(path.stem for path in simulated), _PEOPLE])
    result = measure(
        [read_simulator(path, filled_in.get(path.stem)) for path in simulated],
        read_dialogues(human, hint=GATED),
        human_surveys=read_dialogues(filled_in[_PEOPLE]) if _PEOPLE in filled_in else None,
        difficulty=_difficulty(difficulty, pool or []),
        draws=draws,
        seed=seed,
    )
    print_json(result) if as_json else out_console.print(usi_table(result))
    if all(row.usi.mean is None for row in result.simulators):
        raise typer.Exit(1)


def usi_table(result: TauUsi) -> RenderableType:
    """Every row with its terms, D4 as reaction alignment beside people's, and what fails behind the dimensions."""
    from odyssim.cli.tables import plain_table, text_row

    dimensions = (f"{name} >" for name in ("D1", "D2", "D3", "D4"))
    table = plain_table("", *dimensions, "Survey >", "ECE >", "USI >", "Interval >", "Terms")
    ranked = sorted(result.simulators, key=lambda row: -(getattr(row, result.ranked_by).mean or 0.0))
    for row in (result.human, *ranked):
        text_row(
            table,
            row.name,
            *(_mean_sd(cell) for cell in row.dimensions.values()),
            "–" if row.eval_agree is None else _mean_sd(row.eval_agree),
            _mean_sd(row.ece, digits=3),
            _mean_sd(row.usi),
            _interval(row.usi),
            "six" if row.form == "usi6" else "five",
        )
    return Group(table, *map(Text, _sentences(result, ranked)))


def _sentences(result: TauUsi, ranked: Sequence[UsiRow]) -> Iterator[str]:
    people = result.human.dimensions[_REACTION]
    for row in ranked:
        if row.below_people is not None and row.below_people.mean is not None:
            yield f"{row.name} is {_mean_sd(row.below_people)}{_interval(row.below_people)} below people."
        own = row.dimensions[_REACTION]
        yield (
            f"Reaction alignment (D4) of {row.name}: {_mean_sd(own)}{_interval(own)}; "
            f"people among themselves: {_mean_sd(people)}{_interval(people)}."
        )
        apart = [(one.similarity, one) for one in row.features if one.similarity is not None and one.similarity < 1]
        apart.sort(key=lambda pair: pair[0])
        listed = (f"{one.feature} {one.other:.3g} (people {one.human:.3g})" for _, one in apart[:_LEAST_ALIKE])
        yield f"Least like people in {row.name}: {', '.join(listed) or 'nothing'}."
    for row in (result.human, *ranked):
        yield from (f"{row.name}: {note}." for note in row.notes)
    if len({row.form for row in (result.human, *ranked)}) > 1:
        order = "six" if result.ranked_by == "usi6" else "five"
        yield f"USI of five terms and of six are not comparable; the order is by {order} terms."
    yield f"± is over the batches of people, 95 % intervals are over tasks. Difficulty: {result.difficulty.source}."


def _mean_sd(cell: Cell, digits: int = 1) -> str:
    if cell.mean is None:
        return "–"
    return f"{cell.mean:.{digits}f}" + ("" if cell.sd is None else f"±{cell.sd:.{digits}f}")


def _interval(cell: Cell) -> str:
    return "" if cell.interval is None else f" [{cell.interval.low:.1f}, {cell.interval.high:.1f}]"


def _survey_files(folder: Path | None, names: Sequence[str]) -> dict[str, Path]:
    """The files of surveys in a folder by name, for those of `names` that have one."""
    if folder is None:
        return {}
    paths = {name: folder / _SURVEYS.format(name) for name in names}
    found = {name: path for name, path in paths.items() if path.is_file()}
    if not found:
        expected = ", ".join(path.name for path in paths.values())
        raise UsageError(f"{folder} has no survey of these rows.", hint=f"it should hold some of: {expected}")
    return found


def _difficulty(given: Path | None, pool: Sequence[Path]) -> Difficulty | None:
    from odyssim.soul.tau_usi.difficulty import pooled_difficulty
    from odyssim.soul.tau_usi.read import read_difficulty, read_simulator

    if given is not None and pool:
        raise UsageError("--difficulty and --pool exclude each other.", hint="give one of them")
    if given is not None:
        return read_difficulty(given)
    if not pool:
        return None
    runs = [outcomes for path in pool for outcomes in read_simulator(path).outcomes]
    return pooled_difficulty(f"pooled from {len(runs)} runs in {len(pool)} files", runs)
