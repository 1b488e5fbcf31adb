"""A finished evaluation as it lies in its folder: the result file and the samples behind it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from odyssim.errors import DataError
from odyssim.models.base import Role
from odyssim.soul.evaluate import read_episodes
from odyssim.soul.index import scored
from odyssim.soul.result import SCHEMA_VERSION, EvalResult, ScoredSample, TaskResult


@dataclass(frozen=True)
class FinishedRun:
    """A result and its samples by task, in the order of the file."""

    folder: Path
    result: EvalResult
    samples: dict[str, list[ScoredSample]]

    @classmethod
    def read(cls, folder: Path) -> FinishedRun:
        """The evaluation in a folder.

        Raises `DataError` if there is none, if it was written in another form, or if its two files do not belong
        together.
        """
        path, episodes = folder / "eval.json", folder / "episodes.jsonl"
        version = _schema_version(path)
        if version != SCHEMA_VERSION:
            raise DataError(
                f"a result of form {version}; this version of OdysSim reads form {SCHEMA_VERSION}",
                path=path,
                hint="evaluate again, or compare with the version of OdysSim that wrote it",
            )
        result = EvalResult.read(path)
        if not episodes.is_file():
            raise DataError("no such file: items are paired by it", path=episodes, hint="odyssim eval writes it")
        samples: dict[str, list[ScoredSample]] = defaultdict(list)
        for sample in read_episodes(episodes):
            samples[sample.episode.task].append(sample)
        for row in result.tasks:
            if (row.n_samples, row.n_scored) != (len(samples[row.task]), len(scored(samples[row.task]))):
                raise DataError(
                    f"{len(samples[row.task])} samples of {row.task}, but eval.json beside it tells of {row.n_samples}",
                    path=episodes,
                    hint="run odyssim eval again with the same --out",
                )
        return cls(folder=folder, result=result, samples=dict(samples))

    def row(self, task: str) -> TaskResult | None:
        """The result of a task, none if it was not run."""
        return next((row for row in self.result.tasks if row.task == task), None)

    def conditions(self, task: str) -> dict[str, str]:
        """What two runs must share for their scores of a task to mean the same; the task must have been run."""
        row = next(row for row in self.result.tasks if row.task == task)
        seats: dict[str, set[str]] = defaultdict(set)
        for sample in self.samples[task]:
            for call in (*sample.episode.calls, *sample.outcome.calls):
                seats[call.role].add(call.model)
        company = {role: " and ".join(sorted(models)) for role, models in seats.items() if role != Role.POLICY}
        if Role.JUDGE in company:
            company["samples of each judge"] = str(self.result.judge_samples)
        settings = {
            "task version": row.version,
            "profile": self.result.profile.value,
            "split": row.split,
            "item seed": str(self.result.item_seed),
        }
        return settings | company


def _schema_version(path: Path) -> object:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"no result of an evaluation: {error}", path=path, hint="odyssim eval writes it") from error
    return content.get("schema_version") if isinstance(content, dict) else None
