"""The model calls behind the numbers: how many, how many failed and how, what they cost."""

from __future__ import annotations

from dataclasses import dataclass

from odyssim.report.records import RunRecords
from odyssim.soul.result import EvalResult, FailureCount
from odyssim.types import Cost


@dataclass(frozen=True)
class Calls:
    """The calls of one measurement; `asked` counts samples, `cost` is none where it was not recorded."""

    measured: str
    model: str
    asked: int
    failures: tuple[FailureCount, ...]
    cost: Cost | None

    @property
    def failed(self) -> int:
        return sum(failure.n for failure in self.failures)


def calls_of(evaluation: EvalResult, variant: str = "") -> list[Calls]:
    """One row per task, named with the `variant` that was evaluated if there are several."""
    return [
        Calls(
            measured=f"{task.title}, {variant}" if variant else task.title,
            model=evaluation.model,
            asked=task.n_samples,
            failures=task.failures,
            cost=task.cost,
        )
        for task in evaluation.tasks
    ]


def calls_of_run(run: RunRecords) -> list[Calls]:
    """The rows of every evaluation of a run and of its next turns."""
    rows = [row for variant, evaluation in run.evals.items() for row in calls_of(evaluation, variant)]
    for variant, spoken in run.likeness.items():
        rows.append(Calls(f"Next turns, {variant}", spoken.model, spoken.n_places, spoken.failures, cost=None))
    return rows
