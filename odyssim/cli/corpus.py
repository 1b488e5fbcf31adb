"""`odyssim corpus`: what there is, building a corpus from it, and looking at what came out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from odyssim.cli.console import AsJson, Data, err_console, out_console, print_json, progress
from odyssim.errors import UsageError
from odyssim.types import Axis

if TYPE_CHECKING:
    from odyssim.corpus.build.config import ExecutorConfig
    from odyssim.corpus.summary import CorpusSummary

corpus_app = typer.Typer(help="Sources of human behaviour, and the corpus built from them.", no_args_is_help=True)

Corpus = Annotated[Path, typer.Argument(help="A corpus folder, for example runs/quickstart/corpus.")]
Executor = Annotated[Literal["local", "ray", "slurm"], typer.Option(help="Where the work is done.")]
Workers = Annotated[int, typer.Option(min=1, help="Tasks at once.")]
Slurm = Annotated[Optional[list[str]], typer.Option(help="KEY=VALUE for Slurm: partition, time.")]  # noqa: UP045


@corpus_app.command("list")
def list_(
    data: Data = None,
    axis: Annotated[Optional[Axis], typer.Option(help="Only this axis.")] = None,  # noqa: UP045
    at_hand: Annotated[bool, typer.Option("--at-hand", help="Only what lies in the data folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every source of the catalogue: the 62 of the published corpus, and others."""
    from odyssim.cli.corpus_tables import sources_table
    from odyssim.corpus.catalog import SOURCES

    rows = [
        {
            "id": reader.card.id,
            "title": reader.card.title,
            "axis": [one.value for one in reader.card.axes],
            "licence": reader.card.licence,
            "in_paper": reader.card.in_paper,
            "at_hand": reader.at_hand(data),
            "synthetic": reader.card.synthetic,
            "role_rule": reader.card.role_rule.value,
            "aliases": list(reader.card.aliases),
            "interactions": reader.card.interactions,
            "rows_upstream": reader.card.rows_upstream,
        }
        for reader in SOURCES.values()
        if (axis is None or axis in reader.card.axes) and (not at_hand or reader.at_hand(data))
    ]
    print_json(rows) if as_json else out_console.print(sources_table(rows))


@corpus_app.command()
def show(name: Annotated[str, typer.Argument(help="Id or alias of a source.")], as_json: AsJson = False) -> None:
    """The card of a source: what it is, whose turns are imitated, and what may be done with it."""
    from odyssim.cli.corpus_tables import card_table
    from odyssim.corpus.catalog import source

    card = source(name).card
    print_json(card) if as_json else out_console.print(card_table(card))


@corpus_app.command()
def add(
    log: Annotated[Path, typer.Argument(help="Your own log: OpenAI messages, ShareGPT, tau2 results, CSV, or a zip.")],
    human: Annotated[Optional[str], typer.Option(help="Who in it is the person; 'both' if everybody is.")] = None,  # noqa: UP045
    licence: Annotated[Optional[str], typer.Option(help="SPDX identifier. Default: unknown.")] = None,  # noqa: UP045
    axis: Annotated[Optional[Axis], typer.Option(help="Default: CONV.")] = None,  # noqa: UP045
    out: Annotated[Optional[Path], typer.Option(help="Default: NAME.interactions.jsonl beside the log.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Make a source of your own conversations: say what the log is, and write it as interactions."""
    from odyssim.corpus.own.reader import add_log

    target = out or log.with_name(f"{log.name.split('.')[0]}.interactions.jsonl")
    added = add_log(log, target, human=human, licence=licence, axis=axis, progress=progress())
    if as_json:
        print_json(added)
        return
    out_console.print(
        f"{added.layout}: {added.interactions} interactions of {added.conversations} conversations; "
        f"imitated: {', '.join(added.imitated) or 'as each line says'} ({added.why}).",
        highlight=False,
        soft_wrap=True,
    )
    for skip in added.skips:
        out_console.print(f"left out: {skip.count} x {skip.reason} (first: {skip.first})", highlight=False)
    out_console.print(f"Use it: odyssim corpus build --source {target}", highlight=False, soft_wrap=True)


@corpus_app.command()
def build(
    out: Annotated[Path, typer.Option(help="The corpus folder.")] = Path("runs/corpus"),
    sources: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--source", help="NAME, FILE.jsonl, or either with :N for N interactions. Default: all at hand."),
    ] = None,
    data: Data = None,
    seed: Annotated[int, typer.Option(help="Draws samples.")] = 0,
    clean: Annotated[bool, typer.Option(help="Repair texts, replace personal data, apply the quality rules.")] = True,
    redact: Annotated[Optional[list[str]], typer.Option(help="A name to replace too; repeat it for more.")] = None,  # noqa: UP045
    dedup: Annotated[Literal["near", "exact", "off"], typer.Option(help="Which copies are left out.")] = "near",
    decontaminate: Annotated[
        Literal["remove", "tag", "off"], typer.Option(help="Conversations that share text with evaluation items.")
    ] = "remove",
    release: Annotated[bool, typer.Option("--release", help="Refuse what may not be passed on.")] = False,
    allow: Annotated[Optional[list[str]], typer.Option(help="A source that --release lets through.")] = None,  # noqa: UP045
    download: Annotated[bool, typer.Option("--download", help="Fetch from the hub what is not at hand.")] = False,
    executor: Executor = "local",
    workers: Workers = 1,
    slurm: Slurm = None,
    as_json: AsJson = False,
) -> None:
    """Build a corpus. Run again with the same options, it goes on where it stopped."""
    from odyssim.cli.corpus_tables import summary_table
    from odyssim.corpus.build.config import CorpusConfig
    from odyssim.corpus.build.corpus import build_corpus
    from odyssim.corpus.catalog import SOURCES
    from odyssim.settings import checked

    names = sources or [name for name, reader in SOURCES.items() if reader.at_hand(data) and not reader.made_here]
    if not names:
        raise UsageError(
            "No source is named, and none is at hand.",
            hint="--source NAME (odyssim corpus list), or --data FOLDER with datasets in FOLDER/corpus",
        )
    steps = {
        "sources": [_choice(name) for name in names],
        "seed": seed,
        "decontaminate": decontaminate,
        "release": release,
        "allow": allow or (),
        "download": download,
        "clean": {"pii": {"names": redact or ()}} if clean else None,
        **({"dedup": None} if dedup == "off" else {"dedup": {"near": dedup == "near"}}),
    }
    help_ = "odyssim corpus build --help"
    config = checked(CorpusConfig, steps, place="odyssim corpus build", hint=help_)
    where = _executor(executor, workers, slurm, "odyssim corpus build")
    summary = build_corpus(config, data, out, executor=where, progress=progress())
    if summary is None:
        err_console.print(f"Handed to Slurm. The corpus is complete when {out / 'corpus.json'} is there.")
        return
    print_json(summary) if as_json else out_console.print(summary_table(summary))
    err_console.print(f"Corpus: {out}", highlight=False, soft_wrap=True)
    _tell_failures(summary)
    if summary.failures:
        raise typer.Exit(1)


@corpus_app.command()
def ground(
    corpus: Corpus,
    writer: Annotated[
        str,
        typer.Option(help="Who writes: openai-api/NAME, local/FOLDER, inspect/PROVIDER/NAME; with --bulk a hub id."),
    ],
    out: Annotated[Optional[Path], typer.Option(help="The grounded corpus. Default: CORPUS-grounded.")] = None,  # noqa: UP045
    rewrite: Annotated[Literal["missing", "all"], typer.Option(help="Which contexts are written.")] = "missing",
    attempts: Annotated[int, typer.Option(min=1, help="Answers per conversation before it is left out.")] = 3,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls under way at once.")] = 16,
    base_url: Annotated[Optional[str], typer.Option(help="Address of the endpoint.")] = None,  # noqa: UP045
    seed: Annotated[int, typer.Option(help="Seeds every answer.")] = 0,
    bulk: Annotated[
        Optional[Literal["vllm", "sglang"]],  # noqa: UP045
        typer.Option(help="Start servers of this kind with the writer, one for each of --tasks, on --executor."),
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, help="Shares of the corpus, with --bulk.")] = 1,
    executor: Executor = "local",
    workers: Workers = 1,
    slurm: Slurm = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate calls, tokens, price and time, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give every conversation without a social context one, written by a model from the finished conversation.

    Run again with the same options, it goes on where it stopped and asks again what failed.
    """
    from odyssim.cli.corpus_tables import estimate_line, grounding_lines
    from odyssim.corpus.ground.corpus import ground_corpus, through
    from odyssim.corpus.ground.estimate import estimate
    from odyssim.corpus.ground.form import form_of
    from odyssim.corpus.ground.ground import GroundSettings
    from odyssim.corpus.look import sample
    from odyssim.corpus.summary import read_all, read_summary
    from odyssim.models.registry import load_model
    from odyssim.settings import checked

    options = {"rewrite": rewrite, "attempts": attempts, "concurrency": concurrency, "seed": seed}
    settings = checked(GroundSettings, options, place="odyssim corpus ground", hint="odyssim corpus ground --help")
    summary = read_summary(corpus)
    form = form_of(writer)
    pilot = sample(read_all(corpus), 200, seed=0)
    expected = estimate(pilot, summary.interactions, writer, settings=settings, form=form)
    if dry_run and as_json:
        print_json(expected)
    else:
        err_console.print(estimate_line(expected), highlight=False)
    if dry_run:
        return
    target = out or corpus.with_name(f"{corpus.name}-grounded")
    if bulk is None:
        model = load_model(writer, base_url=base_url)
        write = through(model, settings, form, progress=progress())
    else:
        from odyssim.corpus.ground.bulk import BulkSettings, in_bulk

        where = _executor(executor, workers, slurm, "odyssim corpus ground")
        started = BulkSettings(**dict(settings), model=writer, server=bulk)
        write = in_bulk(started, tasks=tasks, executor=where, progress=progress())
    grounded = ground_corpus(corpus, target, write)
    if grounded is None:
        err_console.print("Handed to Slurm. Run the same command again when its jobs are done.")
        return
    print_json(grounded) if as_json else out_console.print(grounding_lines(grounded), highlight=False)
    err_console.print(f"Corpus: {target}", highlight=False, soft_wrap=True)
    _tell_failures(grounded)
    if grounded.failures:
        raise typer.Exit(1)


@corpus_app.command()
def contexts(
    corpus: Corpus,
    against: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--written", help="The same corpus grounded with --rewrite all: its writer is judged."),
    ] = None,
    judge: Annotated[Optional[str], typer.Option(help="A model that matches instead of TF-IDF.")] = None,  # noqa: UP045
    limit: Annotated[int, typer.Option(min=20, help="Conversations per source.")] = 300,
    seed: Annotated[int, typer.Option(help="Draws conversations and distractors.")] = 0,
    as_json: AsJson = False,
) -> None:
    """How good contexts are: leaks, and whether they fit their own conversation, between floor and ceiling."""
    import asyncio

    from odyssim.corpus.ground.baselines import keywords
    from odyssim.corpus.ground.matchers import JudgeMatcher
    from odyssim.corpus.ground.quality import context_quality
    from odyssim.corpus.ground.quality_table import quality_table
    from odyssim.corpus.summary import read_all
    from odyssim.models.registry import load_model

    writers = {"keywords": keywords(read_all(corpus)), **{path.name: read_all(path) for path in against or ()}}
    matcher = JudgeMatcher(load_model(judge)) if judge else None
    report = asyncio.run(context_quality(read_all(corpus), writers, seed=seed, matcher=matcher, limit=limit))
    print_json(report) if as_json else out_console.print(
        quality_table(report), highlight=False, markup=False, soft_wrap=True
    )
    if not report.trustworthy:
        raise typer.Exit(1)


@corpus_app.command()
def stats(corpus: Corpus, as_json: AsJson = False) -> None:
    """What is in a corpus: counts by source, axis, language, length, context and licence; what was left out and why."""
    from odyssim.cli.corpus_tables import summary_table
    from odyssim.corpus.summary import read_summary

    summary = read_summary(corpus)
    print_json(summary) if as_json else out_console.print(summary_table(summary))
    _tell_failures(summary)


@corpus_app.command()
def overlap(corpus: Corpus, as_json: AsJson = False) -> None:
    """Which sources share text with which evaluation tasks: conversations found, removed or tagged."""
    from odyssim.cli.corpus_tables import overlap_table
    from odyssim.corpus.summary import read_summary

    summary = read_summary(corpus)
    matrix = {source.card.id: source.overlap for source in summary.sources}
    print_json(matrix) if as_json else out_console.print(overlap_table(summary))


@corpus_app.command()
def view(
    what: Annotated[str, typer.Argument(help="A corpus folder, or a source at hand by name.")],
    data: Data = None,
    original_id: Annotated[str | None, typer.Option("--id", help="The id in the dataset. Default: at random.")] = None,
    speaker: Annotated[Optional[str], typer.Option(help="As whom. Default: the first imitated.")] = None,  # noqa: UP045
    tokenizer: Annotated[Optional[Path], typer.Option(help="A tokenizer's folder. Default: bytes.")] = None,  # noqa: UP045
    number: Annotated[int, typer.Option("-n", min=1, help="How many conversations.")] = 1,
    seed: Annotated[int, typer.Option(help="Draws them.")] = 0,
) -> None:
    """Conversations with their context, as they are trained on: what carries loss is highlighted."""
    from odyssim.cli.corpus_view import shown_interaction
    from odyssim.corpus.look import look

    for interaction in look(what, data, original_id=original_id, count=number, seed=seed):
        out_console.print(shown_interaction(interaction, speaker=speaker, tokenizer=tokenizer), soft_wrap=False)
        out_console.rule(style="dim")


@corpus_app.command()
def card(
    corpus: Corpus,
    out: Annotated[Optional[Path], typer.Option(help="Path without ending. Default: CORPUS/card.")] = None,  # noqa: UP045
    name: Annotated[Optional[str], typer.Option(help="The corpus's name on the card.")] = None,  # noqa: UP045
    packed: Annotated[Optional[Path], typer.Option(help="Packed shards of it, to count tokens.")] = None,  # noqa: UP045
    examples: Annotated[int, typer.Option(min=0, help="Conversations to show.")] = 5,
    seed: Annotated[int, typer.Option(help="Draws the examples.")] = 0,
) -> None:
    """Write the data card of a corpus as Markdown and HTML."""
    from odyssim.corpus.shards import PackedShards
    from odyssim.report.corpus_card import write_corpus_card

    tokens = PackedShards(packed).index if packed else None
    for path in write_corpus_card(
        corpus, out or corpus / "card", name=name, tokens=tokens, examples=examples, seed=seed
    ):
        out_console.print(str(path), highlight=False, soft_wrap=True)


@corpus_app.command()
def pack(
    corpus: Corpus,
    tokenizer: Annotated[Path, typer.Option(help="Folder with a ChatML tokenizer.json.")],
    out: Annotated[Path, typer.Option(help="Folder for train/, validation/ and documents/.")],
    seq_len: Annotated[int, typer.Option(min=64, help="Tokens per row.")] = 4096,
    ratio: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="SOURCE=R: how often an epoch shows its documents; 1.5 is all once and half of them again."),
    ] = None,
    temperature: Annotated[float, typer.Option(min=0.0, help="1 keeps proportions, 0 makes sources equal.")] = 1.0,
    tokens: Annotated[Optional[int], typer.Option(min=1, help="Token budget of an epoch.")] = None,  # noqa: UP045
    epoch: Annotated[int, typer.Option(min=0, help="Which epoch of the mixture.")] = 0,
    seed: Annotated[int, typer.Option(help="Draws and shuffles.")] = 0,
    executor: Executor = "local",
    workers: Workers = 1,
    slurm: Slurm = None,
    as_json: AsJson = False,
) -> None:
    """Tokenise a corpus and pack it into rows: memory-mapped shards, ready for training."""
    from odyssim.corpus.build.pack import PackSettings, pack_corpus
    from odyssim.settings import checked

    sources = {name: {"ratio": value} for name, value in map(_pair, ratio or ())}
    mix = {"sources": sources, "temperature": temperature, "tokens": tokens}
    options = {"seq_len": seq_len, "mix": mix, "epoch": epoch, "seed": seed}
    settings = checked(PackSettings, options, place="odyssim corpus pack", hint="odyssim corpus pack --help")
    where = _executor(executor, workers, slurm, "odyssim corpus pack")
    indices = pack_corpus(corpus, tokenizer, out, settings, executor=where, progress=progress())
    if indices is None:
        err_console.print("Handed to Slurm. Run the same command again when its jobs are done.")
    elif as_json:
        print_json({split: index.model_dump(mode="json") for split, index in indices.items()})
    else:
        for split, index in indices.items():
            line = (
                f"{split}: {index.rows:,} rows of {index.seq_len:,}, {index.tokens:,} tokens, {index.loss_tokens:,} of "
            )
            out_console.print(line + f"them trained, {100 * index.fill:.1f} % full", highlight=False)


@corpus_app.command()
def export(
    corpus: Corpus,
    out: Annotated[Path, typer.Option(help="The folder to write: SOURCE/train_shard_000.parquet and so on.")],
    as_json: AsJson = False,
) -> None:
    """Write a corpus in the layout of the published one (messages, data_source), a row per imitated person."""
    from odyssim.corpus.publish import export_corpus

    rows = export_corpus(corpus, out)
    if as_json:
        print_json(rows)
    else:
        out_console.print(f"{sum(rows.values()):,} rows of {len(rows)} sources in {out}", highlight=False)


@corpus_app.command()
def plan(
    corpus: Annotated[Path, typer.Argument(help="A corpus built here before: its rates are the measure.")],
    interactions: Annotated[int, typer.Option(min=1, help="Size of the planned corpus.")] = 21_400_000,
    tokens: Annotated[int, typer.Option(min=1, help="Its tokens.")] = 10_000_000_000,
    nodes: Annotated[int, typer.Option(min=1, help="Machines.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Workers per machine.")] = 32,
    node_price: Annotated[Optional[float], typer.Option(min=0.0, help="USD per machine and hour.")] = None,  # noqa: UP045
    context_price: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0.0, help="USD per back-generated context (odyssim corpus ground --dry-run tells)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time, disk and money of a corpus of another size, by default the published 21.4 million interactions."""
    from odyssim.cli.corpus_tables import corpus_plan_table
    from odyssim.corpus.plan import plan_corpus
    from odyssim.corpus.summary import read_summary

    planned = plan_corpus(
        read_summary(corpus),
        corpus,
        interactions=interactions,
        tokens=tokens,
        nodes=nodes,
        workers_per_node=workers,
        usd_per_node_hour=node_price,
        usd_per_context=context_price,
    )
    print_json(planned) if as_json else out_console.print(corpus_plan_table(planned))


def _tell_failures(summary: CorpusSummary) -> None:
    from odyssim.cli.corpus_tables import failure_lines

    if summary.failures:
        err_console.print(failure_lines(summary), soft_wrap=True)


def _choice(option: str) -> dict[str, object]:
    """`NAME` or `NAME:LIMIT`."""
    name, colon, limit = option.rpartition(":")
    return {"name": name, "limit": limit} if colon and limit.isdigit() else {"name": option}


def _executor(kind: str, workers: int, slurm: Sequence[str] | None, place: str) -> ExecutorConfig:
    from odyssim.corpus.build.config import ExecutorConfig
    from odyssim.settings import checked

    options = {"kind": kind, "workers": workers, "slurm": dict(_pair(option) for option in slurm or ())}
    return checked(ExecutorConfig, options, place=place, hint=f"{place} --help")


def _pair(option: str) -> tuple[str, str]:
    key, _, value = option.partition("=")
    return key, value
