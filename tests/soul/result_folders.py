"""Result folders with scores of our choice: the records and the summary are the real ones, only nobody played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from odyssim import __version__
from odyssim.errors import Party
from odyssim.soul.result import EvalResult, ScoredSample, TaskResult, summarise
from odyssim.tasks.registry import get_task
from odyssim.types import (
    Call,
    Cost,
    Episode,
    EpisodeStop,
    Failure,
    Message,
    Origin,
    Outcome,
    Profile,
    Reply,
    Sampling,
    Turn,
)

Scores = Mapping[str, Sequence[float | None]]
"""By task, the score of every item; none: the item failed."""


def samples_of(
    task: str,
    scores: Sequence[float | None],
    *,
    seed: int = 0,
    per_cluster: int = 2,
    origin: Origin = Origin.PUBLISHED,
    judge: str = "",
) -> list[ScoredSample]:
    """Items 0, 1, 2 ... of a task, in clusters of `per_cluster`; with a `judge`, the outcome has a call of it."""
    question = Message(role="user", content="How human is this?")
    reply = Reply(text="7")
    asked = (Call(role="judge", model=judge, messages=(question,), sampling=Sampling(), reply=reply),) if judge else ()
    nothing = Failure(party=Party.POLICY, kind="empty_reply", message="nothing was said")
    return [
        ScoredSample(
            item_id=str(item),
            cluster=str(item // per_cluster),
            seed=seed,
            origin=origin,
            chance=0.5,
            facets={},
            episode=Episode(
                task=task,
                item_id=str(item),
                profile=Profile.IMPROVED,
                turns=(Turn(speaker="policy", text=f"{task} {item}, seed {seed}: {score}", human=False, train=False),),
                calls=(),
                stop=EpisodeStop.COMPLETED,
            ),
            outcome=Outcome(failure=nothing) if score is None else Outcome(score=score, calls=asked),
        )
        for item, score in enumerate(scores)
    ]


def row_of(samples: Sequence[ScoredSample], version: str = "1") -> TaskResult:
    """The row of a task whose samples these are."""
    task = get_task(samples[0].episode.task)
    return TaskResult(
        task=task.name,
        title=task.title,
        version=version,
        axis=task.axis.value,
        licence=task.licence,
        split="test",
        breakdown={},
        published=(),
        **summarise(samples),
    )


def result_of(rows: Sequence[TaskResult], model: str = "scripted/a", **others: Any) -> EvalResult:
    """A result with these rows; `others` are further fields."""
    fields: dict[str, Any] = {
        "odyssim_version": __version__,
        "model": model,
        "judges": (),
        "profile": Profile.IMPROVED,
        "sampling": Sampling(),
        "seeds": (0, 1),
        "limit": None,
        "concurrency": 1,
        "tasks": tuple(rows),
        "cost": Cost(),
        "wall_s": 1.0,
        "environment": {},
    }
    return EvalResult(**fields | others)


def write_run(folder: Path, samples: Sequence[ScoredSample], version: str = "1", **result: Any) -> Path:
    """A result folder with these samples of any tasks; `result` goes to `result_of`."""
    tasks = dict.fromkeys(sample.episode.task for sample in samples)
    rows = [row_of([sample for sample in samples if sample.episode.task == task], version) for task in tasks]
    folder.mkdir(parents=True)
    (folder / "episodes.jsonl").write_text("".join(sample.model_dump_json() + "\n" for sample in samples))
    result_of(rows, **{"model": f"scripted/{folder.name}"} | result).save(folder / "eval.json")
    return folder


def write_scores(folder: Path, scores: Scores, version: str = "1", **result: Any) -> Path:
    """A result folder with these scores."""
    samples = [sample for task, values in scores.items() for sample in samples_of(task, values)]
    return write_run(folder, samples, version, **result)
