"""Running steps: the same pipelines on local processes, Ray or Slurm, through datatrove's executors.

Every task leaves a marker when it is done and is skipped the next time. What the library prints goes to log files
below the step's folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from odyssim.corpus.build.config import ExecutorConfig
from odyssim.errors import MissingDependency, OdysSimError, UsageError
from odyssim.progress import Progress, Silent, Work
from odyssim.storage import write_text

try:
    from datatrove.executor import LocalPipelineExecutor, SlurmPipelineExecutor
    from datatrove.utils.logging import logger as library_log
except ImportError as error:
    raise MissingDependency("datatrove", "corpus", purpose="Building a corpus") from error

library_log.remove()  # what it says goes to the log files of each task, not to the terminal

_SECONDS: Final = "seconds"

Pipeline = Sequence[Callable[..., Any]]


class WorkerDied(OdysSimError):
    """A worker process was killed in the middle of a task. Finished tasks stay finished."""

    kind = "worker_died"


@dataclass(frozen=True)
class Step:
    """`tasks` independent runs of one pipeline: `pipeline[0](None, rank, tasks)` feeds the next, and so on."""

    name: str
    pipeline: Pipeline
    tasks: int


class Workers(LocalPipelineExecutor):  # type: ignore[misc]  # datatrove is untyped
    """Local processes. Unlike the library's pool, this one notices when a worker is killed."""

    def run(self, work: Work = Silent()) -> None:
        """Run every task that is not done. Raises `WorkerDied`, or what a task raised."""
        ranks = self.get_incomplete_ranks()
        if self.workers == 1:
            for rank in ranks:
                self._run_quietly(rank)
                work.advance()
            return
        with ProcessPoolExecutor(min(self.workers, len(ranks) or 1), mp_context=get_context("forkserver")) as pool:
            running = [pool.submit(self._run_quietly, rank) for rank in ranks]
            try:
                for done in as_completed(running):
                    done.result()
                    work.advance()
            except BrokenProcessPool as error:
                raise WorkerDied(
                    f"A worker process was killed; {len(self.get_incomplete_ranks())} tasks are left.",
                    hint="run the same command again: finished tasks are kept (fewer --workers need less memory)",
                ) from error
            finally:
                pool.shutdown(cancel_futures=True)

    def _run_quietly(self, rank: int) -> None:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
            try:
                self._run_for_rank(rank, local_rank=1)
            finally:
                library_log.remove()  # it has just put itself on the standard error of this moment


def run_steps(steps: Sequence[Step], folder: Path, config: ExecutorConfig, progress: Progress = Silent()) -> bool:
    """Run `steps` in order, each after the one before; logs and markers go below `folder`. Local tasks are watched.

    True when everything is done; false when it was handed to Slurm, whose jobs go on by themselves.
    """
    if config.kind == "local":
        for step in steps:
            executor = Workers(
                list(step.pipeline), tasks=step.tasks, workers=config.workers, logging_dir=str(folder / step.name)
            )
            done = step.tasks - len(incomplete(step, folder))
            with timed(step, folder), progress.work(step.name, total=step.tasks, done=done) as work:
                executor.run(work)
        return True
    if config.kind == "ray":
        _run_on_ray(steps, folder, config.workers)
        return True
    _submit_to_slurm(steps, folder, config)
    return False


@contextlib.contextmanager
def timed(step: Step, folder: Path) -> Iterator[None]:
    """Add the wall time of the block to what the step has taken so far."""
    begun = time.monotonic()
    yield
    write_text(folder / step.name / _SECONDS, str(seconds_of(step.name, folder) + time.monotonic() - begun))


def seconds_of(step: str, folder: Path) -> float:
    """Wall time of a step so far, over all runs that did a part of it."""
    path = folder / step / _SECONDS
    return float(path.read_text()) if path.is_file() else 0.0


def incomplete(step: Step, folder: Path) -> list[int]:
    """The tasks of a step that have not finished."""
    markers = folder / step.name / "completions"
    return [rank for rank in range(step.tasks) if not (markers / f"{rank:05d}").is_file()]


def forget(step: Step, folder: Path, ranks: Sequence[int] | None = None) -> None:
    """Make tasks of a step (all by default) run again."""
    markers = folder / step.name / "completions"
    for rank in range(step.tasks) if ranks is None else ranks:
        (markers / f"{rank:05d}").unlink(missing_ok=True)


def remember(step: Step, folder: Path, ranks: Sequence[int]) -> None:
    """Have tasks of a step whose results are there already skipped."""
    for rank in ranks:
        write_text(folder / step.name / "stats" / f"{rank:05d}.json", "[]")  # the library adds them up on Ray
        write_text(folder / step.name / "completions" / f"{rank:05d}", "")


def _run_on_ray(steps: Sequence[Step], folder: Path, workers: int) -> None:
    try:
        import ray
        from datatrove.executor.ray import RayPipelineExecutor
    except ImportError as error:
        raise MissingDependency("ray", "ray", purpose="--executor ray") from error
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
    try:
        for step in steps:
            executor = RayPipelineExecutor(
                list(step.pipeline), tasks=step.tasks, workers=workers, logging_dir=str(folder / step.name)
            )
            with timed(step, folder):
                executor.run()
            if left := incomplete(step, folder):
                raise WorkerDied(
                    f"{len(left)} tasks of '{step.name}' did not finish on Ray; logs: {folder / step.name / 'logs'}",
                    hint="run the same command again: finished tasks are kept",
                )
    finally:
        if started_here:
            ray.shutdown()


def _submit_to_slurm(steps: Sequence[Step], folder: Path, config: ExecutorConfig) -> None:
    missing = [key for key in ("partition", "time") if key not in config.slurm]
    if missing:
        raise UsageError(
            f"Slurm needs to know: {', '.join(missing)}.", hint="--slurm partition=NAME --slurm time=12:00:00"
        )
    depends: SlurmPipelineExecutor | None = None
    for step in steps:
        depends = SlurmPipelineExecutor(
            list(step.pipeline),
            tasks=step.tasks,
            workers=config.workers,
            job_name=f"odyssim-{step.name}",
            logging_dir=str(folder / step.name),
            slurm_logs_folder=str(folder / step.name / "slurm"),
            depends=depends,
            **config.slurm,
        )
    assert depends is not None
    depends.run()
