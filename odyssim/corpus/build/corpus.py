"""The verb: sources in, a corpus folder out."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from odyssim import __version__
from odyssim.corpus.build.config import CorpusConfig, ExecutorConfig
from odyssim.corpus.build.dedup import Settle, comparing, matching
from odyssim.corpus.build.executor import Pipeline, Step, forget, remember, run_steps
from odyssim.corpus.build.finish import FinishPart
from odyssim.corpus.build.layout import Layout
from odyssim.corpus.build.parts import Plan, digest, part_keys, plan_parts
from odyssim.corpus.build.read import ReadPart
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
    keep_parts: bool = True,
    progress: Progress = Silent(),
) -> CorpusSummary | None:
    """Read, clean, compare and store the chosen sources, published ones from `data`/corpus, in the folder `out`.

    The same settings and files give the same stored bytes on every executor. What is done already is kept: a build
    that was interrupted goes on, a finished one is not repeated. A source that cannot be read is left out and stands
    in the summary's `failures`; the next build tries it again. None if the work was handed to Slurm.

    With `keep_parts`, what was read of each source stays in `out`/.build/parts, about as large as the corpus and 1 kB
    per conversation: a build with other sources reads only those that are new, and looks for copies among all of them.

    Raises `UsageError` for a choice that makes no sense or a release that may not be, `DataError` if no source can be
    read, `StorageError` if writing fails, `WorkerDied` if a worker is killed.
    """
    plan = plan_parts(config, data)
    if config.release:
        check_release((reader.card for reader in plan.readers.values()), config.allow)
    index = None if config.decontaminate == "off" else build_index(data, progress=progress)
    # Absolute: jobs run elsewhere, and datatrove's file systems remember where a relative path led at first.
    layout = Layout(out.absolute(), part_keys(config, plan, index.digest if index else ""))
    key = digest([__version__, config.model_dump(mode="json"), layout.keys, sorted(plan.missing)])
    if (done := _finished(layout, key)) is not None:
        return done
    compared = Compared(items=index.items, missing=index.missing) if index else Compared()
    steps = _steps(config, data, plan, compared, layout, key, executor.workers)
    _prepare(layout, key, plan, steps)
    if index is not None and not layout.overlap_index.is_dir():
        index.save(layout.overlap_index)
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
        _clear(layout)
        if not keep_parts:
            shutil.rmtree(layout.work)
    return summary


def _steps(
    config: CorpusConfig, data: Path | None, plan: Plan, compared: Compared, layout: Layout, key: str, workers: int
) -> list[Step]:
    parts, tasks, dedup = plan.parts, len(plan.parts), config.dedup
    reading: Pipeline = [
        ReadPart(config, parts, data, layout),
        *(comparing(dedup, plan, layout) if dedup else []),
        Settle(layout),
    ]
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
        Step("summary", [Summarise(key, settings, parts, cards, plan.missing, compared, layout, names, workers)], 1),
    ]


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
    """Keep every part that was read before, and what else an interrupted build with the same key has done."""
    reading, *later = steps
    read = [task for task in range(reading.tasks) if layout.whole(task).is_file()]
    unread = sorted(set(range(reading.tasks)) - set(read))
    begun = _Begun.model_validate_json(layout.begun.read_bytes()) if layout.begun.is_file() else None
    with writing(layout.out):
        layout.summary.unlink(missing_ok=True)
        if begun is None or begun.key != key:
            _clear(layout)
            stale = begun.folders if begun else ()
            for folder in (*stale, *(reader.card.id for reader in plan.readers.values()), REJECTS_FOLDER):
                shutil.rmtree(layout.out / folder, ignore_errors=True)
        for part in layout.parts.glob("*"):
            if part.name not in layout.keys:
                shutil.rmtree(part)
        for task in unread:
            layout.progress(task).unlink(missing_ok=True)
        forget(reading, layout.steps, unread)
        for step in later if unread else later[-1:]:
            forget(step, layout.steps)
    remember(reading, layout.steps, read)
    write_text(layout.begun, _Begun(key=key, folders=tuple(plan.readers)).model_dump_json())


def _clear(layout: Layout) -> None:
    """Remove what passes from step to step, the markers first. What was read of each part stays."""
    shutil.rmtree(layout.steps, ignore_errors=True)
    for path in layout.work.glob("*"):
        if path != layout.parts:
            shutil.rmtree(path)


@contextmanager
def _watched(plan: Plan, layout: Layout, progress: Progress) -> Iterator[None]:
    """Show how many interactions have been read while the block runs, whoever reads them."""
    sizes = [reader.card.interactions for reader in plan.readers.values()]
    total = sum(size for size in sizes if size) if all(sizes) else 0
    stop = threading.Event()

    def count() -> int:
        return sum(_count(layout, task) for task in range(len(plan.parts)))

    def watch(seen: int) -> None:
        stopping = False
        while not stopping:
            stopping = stop.wait(_POLL_S)
            now = count()
            if now > seen:
                work.advance(now - seen)
                seen = now

    done = count()
    with progress.work("corpus", total=total, done=done) as work:
        watcher = threading.Thread(target=watch, args=(done,), daemon=True)
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
