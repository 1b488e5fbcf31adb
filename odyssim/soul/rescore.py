"""Scoring finished episodes again: other judges or another profile, no policy and no replay."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from odyssim import __version__
from odyssim.environment import environment
from odyssim.errors import DataError, UsageError
from odyssim.models.base import PROMPT_TOKENS, Cast
from odyssim.progress import Progress, Silent
from odyssim.soul.company import Company, names
from odyssim.soul.evaluate import read_episodes, task_result
from odyssim.soul.result import EvalResult, ScoredSample
from odyssim.storage import write_text, writing
from odyssim.tasks.base import Task
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.registry import get_task
from odyssim.types import Cost, Profile

CONCURRENCY = 32


def rescore(
    folder: Path,
    company: Company,
    *,
    out: Path,
    data: Path | None = None,
    profile: Profile | None = None,
    progress: Progress = Silent(),
) -> EvalResult:
    """Score the episodes of an evaluation in `folder` again and write `episodes.jsonl` and `eval.json` below `out`.

    `data` is what the evaluation was given. Without `profile` the one of the evaluation. Raises `DataError` if the
    items of the episodes are not in `data`, `UsageError` for a choice task in another profile: its letters stood in
    another order.
    """
    before = EvalResult.read(folder / "eval.json")
    profile = profile or before.profile
    samples = read_episodes(folder / "episodes.jsonl")
    started = time.perf_counter()
    cast = company.cast(None, before.sampling, PROMPT_TOKENS, cache=out / "judged")
    results, rows = [], []
    with writing(out), progress.work(f"score again {before.model}", len(samples)) as work:
        for row in before.tasks:
            task = get_task(row.task)
            if isinstance(task, ChoiceTask) and profile is not before.profile:
                raise UsageError(f"{task.name} was played in '{before.profile}' and can only be scored in it.")
            for role in task.judge_roles:
                cast.model_for(role)
            items = task.items(row.split, data=data, profile=before.profile, seed=before.item_seed)
            mine = [sample for sample in samples if sample.episode.task == task.name]
            again = asyncio.run(_score(task, {item.id: item for item in items}, mine, cast, profile, work.advance))
            results.append(task_result(task, row.split, items, again))
            rows += again
        write_text(out / "episodes.jsonl", "".join(sample.model_dump_json() + "\n" for sample in rows))
    asyncio.run(company.dismiss(cast))
    result = before.model_copy(
        update={
            "odyssim_version": __version__,
            "judges": tuple(judge.name for judge in cast.judges),
            "judge_samples": cast.judge_samples,
            "company": before.company | names(cast),
            "profile": profile,
            "tasks": tuple(results),
            "cost": sum((result.cost for result in results), Cost()),
            "wall_s": time.perf_counter() - started,
            "environment": environment(),
        }
    )
    result.save(out / "eval.json")
    return result


async def _score(
    task: Task[Any], items: dict[str, Any], samples: list[ScoredSample], cast: Cast, profile: Profile, advance: Any
) -> list[ScoredSample]:
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(sample: ScoredSample) -> ScoredSample:
        if sample.item_id not in items:
            raise DataError(
                f"{task.name} item {sample.item_id} is not in the data", hint="name the --data of the evaluation"
            )
        async with places:
            outcome = await task.score(items[sample.item_id], sample.episode, cast, profile)
        advance(1)
        return sample.model_copy(update={"outcome": outcome})

    return list(await asyncio.gather(*map(one, samples)))
