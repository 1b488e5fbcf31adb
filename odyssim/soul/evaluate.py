"""Evaluate a model on SOUL tasks: a thin layer that runs an Inspect eval set and computes our results from its logs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from odyssim import __version__
from odyssim.environment import environment
from odyssim.errors import (
    BadRequest,
    DataError,
    EndpointDown,
    EndpointNonsense,
    EndpointOverloaded,
    EndpointRefused,
    EndpointTimeout,
    OdysSimError,
    UsageError,
)
from odyssim.models.base import PROMPT_TOKENS, Cast, ChatModel
from odyssim.models.registry import load_model
from odyssim.progress import Progress, Silent
from odyssim.settings import Settings
from odyssim.soul.company import NOBODY, Company, names
from odyssim.soul.judges.standing import JUDGE_CHECKS, judge_standing
from odyssim.soul.published import PUBLISHED
from odyssim.soul.result import EvalResult, ScoredSample, TaskResult, count_failures, summarise
from odyssim.soul.selection import select_items
from odyssim.soul.taxonomy import chosen_tasks
from odyssim.storage import write_text, writing
from odyssim.tasks.base import Item, Items, Task
from odyssim.tasks.records import digest
from odyssim.tasks.registry import get_task
from odyssim.types import Cost, Episode, Origin, Outcome, Profile, Sampling

HOPELESS = frozenset(
    error.kind
    for error in (EndpointDown, EndpointRefused, EndpointTimeout, EndpointOverloaded, EndpointNonsense, BadRequest)
)
"""Failures of the endpoint and not of an item: a run that meets nothing else stops."""


class EvalConfig(Settings):
    """What to run: tasks by name, or all of an axis by its name.

    `limit` draws that many items per task, the same ones for every model and seed. `item_seed` founds generated items
    and the order of options. A prompt of more than `prompt_tokens` is shortened as the profile says.
    """

    tasks: tuple[str, ...] = ("hitom", "paratomi")
    split: str = "test"
    profile: Profile = Profile.IMPROVED
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    item_seed: int = 0
    limit: int | None = Field(default=None, ge=1)
    prompt_tokens: int = Field(default=PROMPT_TOKENS, ge=1)
    concurrency: int = Field(default=32, ge=1)
    sampling: Sampling = Sampling()


def evaluate(
    model: ChatModel | str,
    config: EvalConfig = EvalConfig(),
    *,
    out: Path,
    data: Path | None = None,
    company: Company = NOBODY,
    judge_checks: Path = JUDGE_CHECKS,
    base_url: str | None = None,
    timeout_s: float | None = None,
    progress: Progress = Silent(),
) -> EvalResult:
    """Run `model` on the tasks of `config`; write logs, `episodes.jsonl` and `eval.json` below `out`.

    `company` are the partners and judges that the tasks need; a judge that `odyssim judge check` did not find good, by
    the results in `judge_checks`, is warned of in the result. `base_url` and `timeout_s` (seconds) are for a model
    given by name; such a model is closed at the end, a model object stays open. Started again with the same `out`,
    samples that are already in the logs are not run again.

    A task of an axis for which a partner or a judge is missing is left out and named in the result.

    Raises `UnknownName` for an unknown task, `UsageError` if a task that was named lacks a model, `DataError` for
    missing items, and `HopelessRun` if every call fails in a way that the next one would as well.
    """
    policy = load_model(model, base_url=base_url, timeout_s=timeout_s) if isinstance(model, str) else model
    cast = company.cast(policy, config.sampling, config.prompt_tokens, cache=out / "judged")
    tasks, left_out = _playable(config.tasks, cast)
    offered = [task.items(config.split, data=data, profile=config.profile, seed=config.item_seed) for task in tasks]
    selected = [select_items(items, config.limit) for items in offered]
    started = time.perf_counter()
    total = sum(map(len, selected)) * len(config.seeds)
    if not total:
        reasons = [failure.message for items in offered for failure in items.dropped]
        raise DataError(f"none of the tasks has a usable item: {', '.join(reasons[:1])}", hint="odyssim tasks validate")
    with writing(out), progress.work(f"evaluate {policy.name}", total) as work:
        out.mkdir(parents=True, exist_ok=True)
        tripwire = Tripwire(patience=min(config.concurrency, total), advance=work.advance)
        logs = out / "logs" / _run_key(tasks, selected, cast, config)
        samples = _run_set(tasks, selected, cast, config, logs, tripwire)
        rows = (row for samples_of_task in samples.values() for row in samples_of_task)
        write_text(out / "episodes.jsonl", "".join(row.model_dump_json() + "\n" for row in rows))
    if isinstance(model, str):
        asyncio.run(policy.aclose())
    asyncio.run(company.dismiss(cast))
    results = tuple(
        task_result(task, config.split, items, samples[task.name]) for task, items in zip(tasks, offered, strict=True)
    )
    result = EvalResult(
        odyssim_version=__version__,
        model=policy.name,
        judges=tuple(judge.name for judge in cast.judges),
        judge_samples=cast.judge_samples,
        company=names(cast),
        profile=config.profile,
        sampling=config.sampling,
        seeds=config.seeds,
        item_seed=config.item_seed,
        limit=config.limit,
        concurrency=config.concurrency,
        tasks=results,
        left_out=left_out,
        warnings=_judge_warnings(tasks, cast, judge_checks),
        cost=sum((row.cost for row in results), Cost()),
        wall_s=time.perf_counter() - started,
        environment=environment(),
    )
    result.save(out / "eval.json")
    return result


def _judge_warnings(tasks: Sequence[Task[Any]], cast: Cast, checks: Path) -> tuple[str, ...]:
    if not any(task.judge_roles for task in tasks):
        return ()
    return tuple(filter(None, (judge_standing(checks, judge.name).warning for judge in cast.judges)))


def _playable(names: Sequence[str], cast: Cast) -> tuple[list[Task[Any]], dict[str, str]]:
    """The tasks for which every seat is taken, and what the others of an axis lack.

    Raises `UsageError` if a task that was asked for by its own name, or every task, lacks a model.
    """
    tasks, left_out = [], {}
    for name, by_own_name in chosen_tasks(names).items():
        task = get_task(name)
        try:
            for role in (*task.roles, *task.judge_roles):
                cast.model_for(role)
        except UsageError as error:
            if by_own_name:
                raise
            left_out[name] = error.hint
        else:
            tasks.append(task)
    if not tasks:
        raise UsageError("None of these tasks has all the models that it needs.", hint=", ".join({*left_out.values()}))
    return tasks, left_out


def _run_key(tasks: Sequence[Task[Any]], selected: Sequence[Sequence[Item]], cast: Cast, config: EvalConfig) -> str:
    """Names everything that a logged sample depends on, so that a run never takes up another run's samples."""
    models = [model.name for model in (cast.policy, *cast.judges) if model is not None]
    models += [*names(cast).values(), str(cast.judge_samples)]
    versions = [f"{task.name} {task.version}" for task in tasks]
    settings = config.model_dump_json(exclude={"concurrency", "limit", "tasks"})
    items = [item.model_dump_json() for items in selected for item in items]
    return digest("\n".join([*models, *versions, settings, *items]))


class Tripwire:
    """Stops a run in which nothing but hopeless failures happens, instead of failing every remaining item."""

    def __init__(self, patience: int, advance: Callable[..., None]) -> None:
        self._patience = patience
        self._advance = advance
        self._hopeless = 0
        self._alive = False

    def __call__(self, episode: Episode, outcome: Outcome) -> None:
        self._advance(1)
        failure = outcome.failure
        if failure is None or failure.kind not in HOPELESS:
            self._alive = True
            return
        self._hopeless += 1
        if not self._alive and self._hopeless >= self._patience:
            raise HopelessRun(failure.message, hint=failure.hint)


class HopelessRun(OdysSimError):
    """Every call so far failed in a way that the next one would as well."""

    kind = "hopeless_run"


def _run_set(
    tasks: Sequence[Task[Any]],
    selected: Sequence[Sequence[Item]],
    cast: Cast,
    config: EvalConfig,
    logs: Path,
    tripwire: Tripwire,
) -> dict[str, list[ScoredSample]]:
    from inspect_ai import eval_set  # takes seconds: only when an evaluation really starts
    from inspect_ai.log import read_eval_log

    from odyssim.soul.inspect_tasks import inspect_task

    _forget_endpoint_failures(logs)
    playing = [(task, items) for task, items in zip(tasks, selected, strict=True) if items]
    places = asyncio.Semaphore(config.concurrency)
    trip: list[HopelessRun] = []

    def watch(episode: Episode, outcome: Outcome) -> None:
        try:
            tripwire(episode, outcome)
        except HopelessRun as error:
            trip.append(error)
            raise

    _, headers = eval_set(
        [
            inspect_task(task, items, profile=config.profile, seeds=config.seeds, cast=cast, watch=watch, places=places)
            for task, items in playing
        ],
        log_dir=str(logs),
        model=None,
        retry_attempts=0,
        display="none",
        max_samples=config.concurrency,
        max_tasks=len(playing),  # side by side, so that the last episodes of a task do not wait alone
        retry_immediate=False,
        log_realtime=False,  # the database behind live viewing takes a quarter of a sample's time
        ctl_server=False,
        fail_on_error=True,
        log_level="error",
    )
    if trip:
        raise trip[0]
    samples: dict[str, list[ScoredSample]] = {task.name: [] for task in tasks}
    location = {header.eval.task: header.location for header in headers}
    for task, items in playing:
        log = read_eval_log(location[task.name])
        if log.status != "success":
            cause = log.error.message if log.error else log.status
            raise OdysSimError(f"The evaluation of {task.name} stopped: {cause}", hint="run the same command again")
        samples[task.name] = _scored_samples(task, items, config.seeds, log.samples or [])
    return samples


def _forget_endpoint_failures(logs: Path) -> None:
    """Take out of earlier logs what the endpoint failed: started again, a run asks for it again."""
    from inspect_ai.log import list_eval_logs, read_eval_log, write_eval_log

    from odyssim.soul.inspect_tasks import OUTCOME

    for info in list_eval_logs(str(logs)) if logs.is_dir() else ():
        log = read_eval_log(info)
        kept = []
        for sample in log.samples or []:
            outcomes = [score.metadata[OUTCOME] for score in (sample.scores or {}).values() if score.metadata]
            if not any((outcome["failure"] or {}).get("kind") in HOPELESS for outcome in outcomes):
                kept.append(sample)
        if log.samples and len(kept) < len(log.samples):
            log.samples, log.status = kept, "cancelled"
            write_eval_log(log, info.name)


def _scored_samples(
    task: Task[Any], items: Sequence[Item], seeds: Sequence[int], logged: Sequence[Any]
) -> list[ScoredSample]:
    from odyssim.soul.inspect_tasks import EPISODE, OUTCOME

    by_key = {(str(sample.id), sample.epoch): sample for sample in logged}
    samples = []
    for item in items:
        for epoch, seed in enumerate(seeds, start=1):
            entry = by_key[item.id, epoch]
            (score,) = entry.scores.values()
            samples.append(
                ScoredSample(
                    item_id=item.id,
                    cluster=item.cluster,
                    seed=seed,
                    origin=item.origin,
                    chance=task.chance(item),
                    facets=task.facets(item),
                    stratum=task.stratum(item),
                    episode=Episode.model_validate(entry.metadata[EPISODE]),
                    outcome=Outcome.model_validate(score.metadata[OUTCOME]),
                )
            )
    return samples


def task_result(task: Task[Any], split: str, offered: Items[Any], samples: list[ScoredSample]) -> TaskResult:
    """The row of a task, from its items and its samples."""
    published = all(sample.origin is Origin.PUBLISHED for sample in samples)
    items = {item.id: item for item in offered}
    scored = [(items[sample.item_id], sample.outcome) for sample in samples if sample.outcome.score is not None]
    return TaskResult(
        task=task.name,
        title=task.title,
        version=task.version,
        axis=task.axis.value,
        licence=task.licence,
        split=split,
        human=task.human,
        breakdown=task.diagnostics(scored),
        dropped=count_failures(offered.dropped),
        published=PUBLISHED.get(task.name, ()) if published else (),
        **summarise(samples),
    )


def read_episodes(path: Path) -> list[ScoredSample]:
    """The samples of an `episodes.jsonl`; `DataError` with the line if one is broken."""
    samples = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                samples.append(ScoredSample.model_validate_json(line))
            except ValueError as error:
                raise DataError(f"not an episode record: {error}", path=path, line=number) from error
    return samples
