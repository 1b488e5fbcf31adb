"""Grounding a whole corpus: a second corpus folder in which every conversation has a context."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from odyssim.corpus.figures import Counting
from odyssim.corpus.ground.form import CARD, Form
from odyssim.corpus.ground.ground import DEFAULTS, GroundReport, GroundSettings, ground
from odyssim.corpus.store import count_interactions, read_interactions
from odyssim.corpus.summary import REJECTS_FOLDER, SUMMARY_FILE, CorpusSummary, SourceSummary, read_summary, sha256
from odyssim.errors import UsageError
from odyssim.models.base import ChatModel
from odyssim.progress import Progress, Silent
from odyssim.storage import write_text, writing
from odyssim.types import Failure

WORK_FOLDER: Final = ".grounding"

GroundFiles = Callable[[Mapping[Path, Path], Path], Mapping[Path, GroundReport]]
"""Grounds Parquet files, from each to where its copy goes, with a folder to work in; the report of each copy."""


def ground_corpus(corpus: Path, out: Path, ground_files: GroundFiles) -> CorpusSummary | None:
    """Write the corpus folder `out`: that of `corpus`, with contexts written where there were none.

    `ground_files` does the work: `through(model)`, or `ground_bulk` with its settings. Conversations without a context
    that keeps the rules are left out and counted. Those whose calls failed are missing too, and stand in the summary's
    `failures`: the same call asks for them again, and only for them. None if the work was handed to Slurm. Raises
    `DataError` if there is no corpus, `UsageError` if `out` is its own folder, and what `ground_files` raises.
    """
    summary = read_summary(corpus)
    if out.resolve() == corpus.resolve():
        raise UsageError("A corpus cannot be grounded into its own folder.", hint="choose another --out")
    with writing(out):
        (out / SUMMARY_FILE).unlink(missing_ok=True)
        if (corpus / REJECTS_FOLDER).is_dir():
            shutil.copytree(corpus / REJECTS_FOLDER, out / REJECTS_FOLDER, dirs_exist_ok=True)
    out = out.absolute()  # the library below would look for a relative path from wherever it first was
    copies = {corpus.absolute() / file.path: out / file.path for file in summary.files}
    reports = ground_files(copies, out / WORK_FOLDER)
    if not reports:
        return None
    of_source = {
        source.card.id: [reports[out / file.path] for file in summary.files if file.source == source.card.id]
        for source in summary.sources
    }
    grounded = summary.model_copy(
        update={
            "sources": tuple(_grounded(source, of_source[source.card.id], out, summary) for source in summary.sources),
            "files": tuple(file.model_copy(update={"sha256": sha256(out / file.path)}) for file in summary.files),
            "grounding": {file.path: reports[out / file.path] for file in summary.files},
        }
    )
    write_text(out / SUMMARY_FILE, grounded.model_dump_json(indent=2) + "\n")
    return grounded


def through(
    model: ChatModel,
    settings: GroundSettings = DEFAULTS,
    form: Form = CARD,
    *,
    progress: Progress = Silent(),
) -> GroundFiles:
    """Grounding by calls to a model, one file after the other."""

    async def all_of(copies: Mapping[Path, Path], work: Path) -> dict[Path, GroundReport]:
        return {
            copy: await ground(
                read_interactions(file),
                model,
                copy,
                work,
                settings=settings,
                form=form,
                total=count_interactions(file),
                progress=progress,
            )
            for file, copy in copies.items()
        }

    return lambda copies, work: asyncio.run(all_of(copies, work))


def _grounded(
    source: SourceSummary, reports: Iterable[GroundReport], out: Path, summary: CorpusSummary
) -> SourceSummary:
    """The source as it is in the new folder."""
    left_out: Counter[str] = Counter(source.rejects)
    failures: dict[str, Failure] = {}
    for report in reports:
        left_out.update({f"context: {fault}": count for fault, count in report.dropped.items()})
        left_out.update({f"context: call failed ({kind})": count for kind, count in report.failed.items()})
        failures |= {failure.kind: failure for failure in report.failures}
    counting = Counting()
    for file in summary.files:
        if file.source == source.card.id:
            for interaction in read_interactions(out / file.path):
                counting.add(interaction)
    return source.model_copy(
        update={
            "figures": counting.figures(),
            "rejects": dict(left_out),
            "failures": (*source.failures, *failures.values()),
        }
    )
