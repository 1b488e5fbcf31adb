"""The command line: one thin layer over the verbs. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from odyssim import __version__
from odyssim.cli.console import AsJson, Data, TaskData, err_console, out_console, print_json, progress, task_data
from odyssim.cli.corpus import corpus_app
from odyssim.cli.judge import judge_app
from odyssim.cli.soul import compare_, soul_app
from odyssim.cli.tau_usi import tau_usi
from odyssim.errors import DataError, OdysSimError, UsageError
from odyssim.types import Profile

Judges = Annotated[Optional[list[str]], typer.Option("--judge", help="A judge; repeatable.")]  # noqa: UP045
JudgeSamples = Annotated[int, typer.Option(min=1, help="Verdicts per judge.")]
CompanyUrl = Annotated[Optional[str], typer.Option(help="Address of partners and judges.")]  # noqa: UP045

app = typer.Typer(
    name="odyssim",
    help="Train, measure and serve language models that behave like people.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
tasks_app = typer.Typer(help="List, show and check the tasks.", no_args_is_help=True)
app.add_typer(tasks_app, name="tasks")
app.add_typer(corpus_app, name="corpus")
app.add_typer(judge_app, name="judge")
app.command("tau-usi")(tau_usi)
app.add_typer(soul_app, name="soul")
app.command("compare")(compare_)


def _version(wanted: bool) -> None:
    if wanted:
        out_console.print(f"odyssim {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version.")] = False,
) -> None:
    """Train, measure and serve language models that behave like people."""


@app.command()
def run(
    recipe: Annotated[
        str, typer.Argument(help="A recipe file, or the name of a packaged one: quickstart, osim-nano-cpu.")
    ],
    data: Data = None,
    out: Annotated[Optional[Path], typer.Option(help="Run folder. Default: runs/RECIPE.")] = None,  # noqa: UP045
    settings: Annotated[Optional[list[str]], typer.Option("--set", help="Override: key.sub=value.")] = None,  # noqa: UP045
    until: Annotated[Optional[str], typer.Option(help="Stop after this stage.")] = None,  # noqa: UP045
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a whole recipe: corpus, tokenizer, packing, midtraining, evaluation, likeness, report. Resumes by itself."""
    from odyssim.cli.tables import plan_table, run_table
    from odyssim.recipe.config import load_recipe
    from odyssim.recipe.plan import plan
    from odyssim.recipe.run import default_folder
    from odyssim.recipe.run import run as run_recipe

    loaded = load_recipe(recipe, settings or [])
    folder = out or default_folder(loaded)
    err_console.print(plan_table(loaded, plan(loaded, folder, data=data)))
    if dry_run:
        return
    result = run_recipe(loaded, data=data, out=folder, until=until, progress=progress(), say=err_console.print)
    if as_json:
        print_json(result)
        return
    out_console.print(run_table(result))
    if result.report is not None:
        out_console.print(f"Report: {result.report}", highlight=False, soft_wrap=True)


@app.command("eval")
def evaluate_(
    model: Annotated[str, typer.Option(help="openai-api/NAME, local/FOLDER, scripted/NAME or inspect/PROVIDER/NAME.")],
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks, or axes: cog, role, eval.")] = "hitom,paratomi",
    data: TaskData = None,
    out: Annotated[Optional[Path], typer.Option(help="Result folder. Default: runs/eval/MODEL.")] = None,  # noqa: UP045
    split: Annotated[str, typer.Option(help="'test' and 'train' (published), 'fixture', 'generated'.")] = "test",
    profile: Annotated[Profile, typer.Option(help="How items are presented and scored.")] = Profile.IMPROVED,
    base_url: Annotated[Optional[str], typer.Option(help="Address of the endpoint.")] = None,  # noqa: UP045
    timeout: Annotated[Optional[float], typer.Option(min=0.1, help="Seconds an endpoint may be silent.")] = None,  # noqa: UP045
    limit: Annotated[Optional[int], typer.Option(min=1, help="Items per task.")] = None,  # noqa: UP045
    seeds: Annotated[str, typer.Option(help="Comma-separated seeds; each item is played once per seed.")] = "0",
    temperature: Annotated[Optional[float], typer.Option(min=0.0, help="Sampling temperature.")] = 1.0,  # noqa: UP045
    max_tokens: Annotated[int, typer.Option(min=1, help="Answer budget.")] = 1024,
    prompt_tokens: Annotated[int, typer.Option(min=1, help="Prompt budget; long parts are shortened.")] = 8192,
    item_seed: Annotated[int, typer.Option(help="Founds generated items and the order of options.")] = 0,
    judge: Judges = None,
    judge_samples: JudgeSamples = 1,
    partner: Annotated[Optional[str], typer.Option(help="Who talks with the model.")] = None,  # noqa: UP045
    narrator: Annotated[Optional[str], typer.Option(help="The surroundings; default: the partner.")] = None,  # noqa: UP045
    director: Annotated[Optional[str], typer.Option(help="Who speaks next; default: the partner.")] = None,  # noqa: UP045
    company_url: CompanyUrl = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls under way at once.")] = 32,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on SOUL tasks. Run again with the same --out, it goes on where it stopped."""
    from odyssim.cli.tables import eval_table
    from odyssim.settings import checked
    from odyssim.soul.company import Company
    from odyssim.soul.evaluate import EvalConfig, evaluate
    from odyssim.types import Sampling

    values = {
        "tasks": tasks.split(","),
        "split": split,
        "profile": profile,
        "seeds": seeds.split(","),
        "item_seed": item_seed,
        "limit": limit,
        "prompt_tokens": prompt_tokens,
        "concurrency": concurrency,
        "sampling": Sampling(temperature=temperature, max_tokens=max_tokens),
    }
    config = checked(EvalConfig, values, place="odyssim eval", hint="odyssim eval --help")
    folder = out or Path("runs") / "eval" / _slug(model)
    company = Company(
        judges=tuple(judge or ()),
        partner=partner,
        narrator=narrator,
        director=director,
        judge_samples=judge_samples,
        base_url=company_url,
    )
    result = evaluate(
        model,
        config,
        out=folder,
        data=task_data(data),
        company=company,
        base_url=base_url,
        timeout_s=timeout,
        progress=progress(),
    )
    print_json(result) if as_json else out_console.print(eval_table(result))
    err_console.print(f"Result: {folder / 'eval.json'}", highlight=False, soft_wrap=True)
    if all(row.score is None for row in result.tasks):
        raise typer.Exit(1)


@app.command("rescore")
def rescore_(
    folder: Annotated[Path, typer.Argument(help="A finished evaluation: runs/eval/MODEL.")],
    out: Annotated[Path, typer.Option(help="Result folder.")],
    judge: Judges = None,
    judge_samples: JudgeSamples = 1,
    company_url: CompanyUrl = None,
    data: TaskData = None,
    profile: Annotated[Optional[Profile], typer.Option(help="Default: that of the evaluation.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Score finished episodes again with other judges or another profile; nothing is played again."""
    from odyssim.cli.tables import eval_table
    from odyssim.soul.company import Company
    from odyssim.soul.rescore import rescore

    company = Company(judges=tuple(judge or ()), judge_samples=judge_samples, base_url=company_url)
    result = rescore(folder, company, out=out, data=task_data(data), profile=profile, progress=progress())
    print_json(result) if as_json else out_console.print(eval_table(result))


@app.command()
def likeness(
    mine: Annotated[Optional[Path], typer.Argument(help='A file of a model\'s turns: {"text": ...} lines.')] = None,  # noqa: UP045
    human: Annotated[Optional[Path], typer.Option(help="Such a file of people's turns.")] = None,  # noqa: UP045
    model: Annotated[Optional[str], typer.Option(help="Instead of a file: as for eval.")] = None,  # noqa: UP045
    corpus: Annotated[Optional[Path], typer.Option(help="With --model: runs/quickstart/corpus.")] = None,  # noqa: UP045
    out: Annotated[Optional[Path], typer.Option(help="Result folder. With --model: runs/likeness/MODEL.")] = None,  # noqa: UP045
    turns: Annotated[Optional[int], typer.Option(min=1, help="At most so many. Default: 200, lines: 5000.")] = None,  # noqa: UP045
    seed: Annotated[int, typer.Option(help="Draws places and turns.")] = 0,
    base_url: Annotated[Optional[str], typer.Option(help="Address of the endpoint.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Compare a model's turns with people's: of two files, or at the same places of held-out dialogues."""
    if mine is not None and human is not None and model is None and corpus is None:
        from odyssim.cli.likeness import of_files

        of_files(mine, human, out=out, lines=turns, seed=seed, as_json=as_json)
    elif model is not None and corpus is not None and mine is None and human is None:
        from odyssim.cli.likeness import of_model

        folder = out or Path("runs") / "likeness" / _slug(model)
        of_model(model, corpus, out=folder, turns=turns, seed=seed, base_url=base_url, as_json=as_json)
    else:
        raise UsageError(
            "likeness compares either two files or a model with a corpus.",
            hint="odyssim likeness MINE.jsonl --human THEIRS.jsonl, or odyssim likeness --model NAME --corpus FOLDER",
        )


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A run, runs/quickstart, or an evaluation, runs/eval/MODEL.")],
) -> None:
    """Write the report of a run or an evaluation, from what its folder holds."""
    from odyssim.report.write import write_report

    out_console.print(f"Report: {write_report(folder)}", highlight=False, soft_wrap=True)


@app.command()
def doctor(
    base_url: Annotated[Optional[str], typer.Option(help="Endpoint to check.")] = None,  # noqa: UP045
    model: Annotated[Optional[str], typer.Option(help="Model to ask for a few words.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """What is installed, what is missing and the command for it; with --base-url or --model, whether they answer."""
    from odyssim.cli.doctor import doctor as examine
    from odyssim.cli.doctor import render

    found = examine(base_url=base_url, model=model)
    print_json(found) if as_json else render(found, out_console)
    if found.broken:
        raise typer.Exit(1)


@tasks_app.command("list")
def tasks_list(as_json: AsJson = False) -> None:
    """All tasks with axis, version and licence."""
    from odyssim.cli.tables import tasks_table
    from odyssim.tasks.registry import get_task, task_names

    rows = [
        {"name": task.name, "title": task.title, "axis": task.axis.value, "version": task.version,
         "licence": task.licence, "roles": [role.value for role in (*task.roles, *task.judge_roles)]}
        for task in map(get_task, task_names())
    ]  # fmt: skip
    print_json(rows) if as_json else out_console.print(tasks_table(rows))


@tasks_app.command("show")
def tasks_show(
    name: str,
    data: TaskData = None,
    split: Annotated[str, typer.Option(help="As for eval.")] = "test",
    profile: Annotated[Profile, typer.Option(help="As for eval.")] = Profile.IMPROVED,
    index: Annotated[int, typer.Option(min=0, help="Which item.")] = 0,
    as_json: AsJson = False,
) -> None:
    """One item of a task: what the policy is shown, and the answer that scores full marks."""
    from odyssim.cli.tables import show_item
    from odyssim.tasks.registry import get_task

    task = get_task(name)
    items = task.items(split, data=task_data(data), profile=profile)
    if not items:
        raise DataError(f"the split '{split}' of {name} has no usable item", hint=f"odyssim tasks validate {name}")
    item = items[min(index, len(items) - 1)]
    print_json(item) if as_json else show_item(task, item, profile, out_console)


@tasks_app.command("validate")
def tasks_validate(
    names: Annotated[Optional[list[str]], typer.Argument(help="Task names; all by default.")] = None,  # noqa: UP045
    data: TaskData = None,
    split: Annotated[str, typer.Option(help="As for eval.")] = "test",
    as_json: AsJson = False,
) -> None:
    """Check that the gold answer of every item scores full marks, in both profiles; list the items where not."""
    from odyssim.cli.tables import validation_table
    from odyssim.tasks.registry import task_names
    from odyssim.tasks.validate import validate_task

    found = [
        validate_task(name, split, profile, data=task_data(data))
        for name in names or task_names()
        for profile in Profile
    ]
    print_json([one.model_dump(mode="json") for one in found]) if as_json else out_console.print(
        validation_table(found)
    )
    if any(one.unsound for one in found if one.profile is Profile.IMPROVED):
        raise typer.Exit(1)


@tasks_app.command("generate")
def tasks_generate(
    name: Annotated[str, typer.Argument(help="hitom or paratomi.")],
    out: Annotated[Path, typer.Option(help="New Parquet file; eval and training read it with --data FILE.")],
    n: Annotated[int, typer.Option(min=1, help="Rows.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed, other rows.")] = 0,
    settings: Annotated[Optional[list[str]], typer.Option("--set", help="knob=value, repeatable.")] = None,  # noqa: UP045
) -> None:
    """Fresh items of a task whose benchmark is a generator, in the published form."""
    from odyssim.recipe.config import apply_override
    from odyssim.tasks.generate import generate_rows

    knobs: dict[str, Any] = {}
    for setting in settings or []:
        apply_override(knobs, setting)
    written = generate_rows(name, out, n=n, seed=seed, knobs=knobs)
    out_console.print(f"{written} rows of {name}: {out}", highlight=False, soft_wrap=True)


def _slug(name: str) -> str:
    return "".join(character if character.isalnum() or character in "-._" else "-" for character in name)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `odyssim`. A named failure ends in one paragraph and an exit code, never in a traceback."""
    # Idle OpenMP threads spin by default: with another busy process beside it, training runs at a third of its speed.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app(args=arguments, standalone_mode=True)
    except OdysSimError as error:
        err_console.print(f"[bold red]error:[/] {_escape(error.message)}", highlight=False, soft_wrap=True)
        if error.hint:
            err_console.print(f"[bold]what helps:[/] {_escape(error.hint)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err_console.print("Interrupted. The same command goes on where it stopped.")
        sys.exit(130)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
