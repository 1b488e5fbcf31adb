"""The verb: sources in, a corpus folder out."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from odyssim import __version__
from odyssim.corpus.build.config import CorpusConfig, ExecutorConfig
from odyssim.corpus.build.dedup import comparing, matching
from odyssim.corpus.build.executor import Pipeline, Step, forget, run_steps
from odyssim.corpus.build.finish import FinishPart
from odyssim.corpus.build.layout import Layout
from odyssim.corpus.build.parts import Plan, plan_parts
from odyssim.corpus.build.read import ReadPart
from odyssim.corpus.build.reports import PartReport
from odyssim.corpus.build.summarise import Summarise
from odyssim.corpus.decontaminate.build_index import build_index
from odyssim.corpus.licences import check_release
from odyssim.corpus.summary import REJECTS_FOLDER, Compared, CorpusSummary, read_summary
from odyssim.errors import DataError
from odyssim.progress import Progress, Silent
from odyssim.storage import write_text, writing
from odyssim.types import Record

_POLL_S = 0.3


def build_corpus(
    config: CorpusConfig,
    data: Path | None,
    out: Path,
    *,
    executor: ExecutorConfig = ExecutorConfig(),
    progress: Progress = Silent(),
) -> CorpusSummary | None:
    """Read, clean, compare and store the chosen sources, published ones from `data`/corpus, in the folder `out`.

    The same settings and files give the same stored bytes on every executor. What is done already is kept: a build
    that was interrupted goes on, a finished one is not repeated. A source that cannot be read is left out and stands
    in the summary's `failures`; the next build tries it again. None if the work was handed to Slurm.

    Raises `UsageError` for a choice that makes no sense or a release that may not be, `DataError` if no source can be
    read, `StorageError` if writing fails, `WorkerDied` if a worker is killed.
    """
    plan = plan_parts(config, data)
    if config.release:
        check_release((reader.card for reader in plan.readers.values()), config.allow)
    # Absolute: jobs run elsewhere, and datatrove's file systems remember where a relative path led at first.
    layout, key = Layout(out.absolute()), _key(config, plan)
    if (done := _finished(layout, key)) is not None:
        return done
    steps = _steps(config, data, plan, layout, key, executor.workers)
    _prepare(layout, key, plan, steps)
    if config.decontaminate != "off":
        _index_benchmarks(data, layout)
    if executor.kind == "slurm":
        run_steps(steps, layout.steps, executor)
        return None
    with _watched(plan, layout, progress):
        run_steps(steps[:1], layout.steps, executor)
    run_steps(steps[1:], layout.steps, executor, progress)
    summary = read_summary(out)
    if not summary.interactions:
        layout.summary.unlink()
        first = next((failures[0] for failures in summary.failures.values()), None)
        why, hint = (first.message, first.hint) if first else ("everything was left out", f"see {out / REJECTS_FOLDER}")
        raise DataError(f"there is nothing to learn from in these sources: {why}", path=out, hint=hint)
    if not summary.failures:  # otherwise the next build needs to read only what failed
        shutil.rmtree(layout.work)
    return summary


def _steps(config: CorpusConfig, data: Path | None, plan: Plan, layout: Layout, key: str, workers: int) -> list[Step]:
    parts, tasks, dedup = plan.parts, len(plan.parts), config.dedup
    reading: Pipeline = [ReadPart(config, parts, data, layout), *(comparing(dedup, plan, layout) if dedup else [])]
    steps = [
        Step("read", reading, tasks),
        *(matching(dedup, plan, layout) if dedup else []),
        Step("finish", [FinishPart(parts, layout)], tasks),
    ]
    cards = tuple(reader.card for reader in plan.readers.values())
    names = tuple(step.name for step in steps)
    settings = config.model_dump(mode="json")
    return [
        *steps,
        Step("summary", [Summarise(key, settings, parts, cards, plan.missing, layout, names, workers)], 1),
    ]


def _index_benchmarks(data: Path | None, layout: Layout) -> None:
    """Store the index of all evaluation items at hand, unless that is done."""
    if not layout.benchmarks.is_file():
        index = build_index(data)
        shutil.rmtree(layout.overlap_index, ignore_errors=True)  # left by an interruption before the next line
        index.save(layout.overlap_index)
        write_text(layout.benchmarks, Compared(items=index.items, missing=index.missing).model_dump_json())


def _key(config: CorpusConfig, plan: Plan) -> str:
    content = [__version__, config.model_dump(mode="json"), plan.raw, sorted(plan.missing)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class _Begun(Record):
    """What a build in a folder began with: written first and kept, so that the next one knows what is its own."""

    key: str
    folders: tuple[str, ...]


def _finished(layout: Layout, key: str) -> CorpusSummary | None:
    """The summary of a whole corpus with this very key whose files are still there, else none."""
    if not layout.summary.is_file():
        return None
    summary = read_summary(layout.out)
    whole = not summary.failures and all((layout.out / file.path).is_file() for file in summary.files)
    return summary if whole and summary.key == key else None


def _prepare(layout: Layout, key: str, plan: Plan, steps: Sequence[Step]) -> None:
    """Keep what an interrupted build with the same key has done, but for parts that failed; else start anew."""
    begun = _Begun.model_validate_json(layout.begun.read_bytes()) if layout.begun.is_file() else None
    with writing(layout.out):
        layout.summary.unlink(missing_ok=True)
        if begun is not None and begun.key == key:
            reading, *later = steps
            failed = [task for task in range(reading.tasks) if _failed(layout, task)]
            forget(reading, layout.steps, failed)
            for step in later if failed else later[-1:]:
                forget(step, layout.steps)
            return
        stale = begun.folders if begun else ()
        for folder in (*stale, *(reader.card.id for reader in plan.readers.values()), REJECTS_FOLDER):
            shutil.rmtree(layout.out / folder, ignore_errors=True)
        shutil.rmtree(layout.work, ignore_errors=True)
    write_text(layout.begun, _Begun(key=key, folders=tuple(plan.readers)).model_dump_json())


def _failed(layout: Layout, task: int) -> bool:
    path = layout.read_report(task)
    return path.is_file() and PartReport.model_validate_json(path.read_bytes()).failure is not None


@contextmanager
def _watched(plan: Plan, layout: Layout, progress: Progress) -> Iterator[None]:
    """Show how many interactions have been read while the block runs, whoever reads them."""
    sizes = [reader.card.interactions for reader in plan.readers.values()]
    total = sum(size for size in sizes if size) if all(sizes) else 0
    stop = threading.Event()

    def watch() -> None:
        seen = 0
        stopping = False
        while not stopping:
            stopping = stop.wait(_POLL_S)
            now = sum(_count(layout, task) for task in range(len(plan.parts)))
            if now > seen:
                work.advance(now - seen)
                seen = now

    with progress.work("corpus", total=total) as work:
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


def _count(layout: Layout, task: int) -> int:
    try:
        return int(layout.progress(task).read_text())
    except FileNotFoundError:
        return 0
