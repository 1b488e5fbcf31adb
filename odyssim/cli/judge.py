"""`odyssim judge`: how far a judge can be trusted, and a judge that needs no language model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from odyssim.cli.console import AsJson, err_console, out_console, print_json, progress

judge_app = typer.Typer(help="Check judges, and train one that needs no language model.", no_args_is_help=True)

"""Where checks are kept, and where an evaluation looks for them."""


@judge_app.command()
def check(
    judge: Annotated[list[str], typer.Option(help="A model, as for eval, or discriminator/FOLDER. Repeatable.")],
    samples: Annotated[int, typer.Option(min=1, help="Times every question is asked.")] = 1,
    out: Annotated[Optional[Path], typer.Option(help="Folder of all checks. Default: runs/judges.")] = None,  # noqa: UP045
    base_url: Annotated[Optional[str], typer.Option(help="Address of the endpoint.")] = None,  # noqa: UP045
    timeout: Annotated[Optional[float], typer.Option(min=0.1, help="Seconds an endpoint may be silent.")] = None,  # noqa: UP045
    concurrency: Annotated[int, typer.Option(min=1, help="Questions under way at once.")] = 16,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print calls and price, and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Does a judge find the known order of 80 texts, alone and in pairs, and what sways it?"""
    from odyssim.cli.judge_tables import checks_table, plans_table
    from odyssim.soul.judges.check import check_judge, plan_check
    from odyssim.soul.judges.several import agreement
    from odyssim.soul.judges.standing import JUDGE_CHECKS

    if dry_run:
        plans = [plan_check(name, samples) for name in judge]
        print_json([plan.model_dump() for plan in plans]) if as_json else out_console.print(plans_table(plans))
        return
    checks = [
        check_judge(
            name,
            out=out or JUDGE_CHECKS,
            samples=samples,
            concurrency=concurrency,
            base_url=base_url,
            timeout_s=timeout,
            progress=progress(),
        )
        for name in judge
    ]
    together = agreement(checks) if len(checks) > 1 else None
    if as_json:
        found = [one.model_dump(mode="json") for one in checks]
        print_json({"checks": found, "agreement": together and together.model_dump()})
    else:
        out_console.print(checks_table(checks, together))
    err_console.print(f"Results: {out or JUDGE_CHECKS}", highlight=False, soft_wrap=True)
    if all(one.tau is None for one in checks):
        raise typer.Exit(1)


@judge_app.command()
def train(
    human: Annotated[Path, typer.Option(help="People's turns: a corpus folder or a JSONL file.")],
    model_turns: Annotated[Path, typer.Option(help="A model's turns: the same forms, or turns.jsonl of likeness.")],
    out: Annotated[Path, typer.Option(help="New folder; the judge is then called discriminator/FOLDER.")],
    turns: Annotated[int, typer.Option(min=50, help="Turns of each side at most.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Draws turns and held-out dialogues.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a judge that is a classifier of characters and style: for demos and for the study of reward hacking."""
    from odyssim.cli.judge_tables import card_table
    from odyssim.soul.judges.train import train_discriminator

    card = train_discriminator(human, model_turns, out, turns=turns, seed=seed, progress=progress())
    print_json(card) if as_json else out_console.print(card_table(card))
    err_console.print(f"Judge: discriminator/{out}", highlight=False, soft_wrap=True)
