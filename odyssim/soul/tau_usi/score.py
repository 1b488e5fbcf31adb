"""τ-USI of given dialogues (arXiv 2603.11245), people's ceiling beside it, with intervals from drawing tasks.

    D1–D4   similarity of the two sides' mean features, in four groups        usi5 = mean of D1–D4 and 100·(1 − ECE)
    ECE     gap in the agent's success at equal difficulty of the task        usi6 = the same with the survey, if any
    Eval    agreement of the surveys

People annotated in three batches. A cell is the mean over the batches, and for people over the pairs of batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from odyssim.errors import DataError
from odyssim.human_likeness.stats import Floats, bootstrap_weights
from odyssim.soul.tau_usi.compare import Comparison, measured, numbered_tasks
from odyssim.soul.tau_usi.dialogue import Dialogues, Outcomes, human_outcomes, in_batches, in_runs, outcomes_by_run
from odyssim.soul.tau_usi.difficulty import Difficulty, frozen_difficulty
from odyssim.soul.tau_usi.features import Side
from odyssim.soul.tau_usi.figures import Figures
from odyssim.soul.tau_usi.notes import human_notes, simulator_notes
from odyssim.soul.tau_usi.result import TauUsi
from odyssim.soul.tau_usi.survey import human_agreement, simulator_agreement

CEILING: Final = "People"


@dataclass(frozen=True)
class Simulator:
    """One simulator's dialogues by run, the agent's success by run, and the surveys it filled in, if any.

    `notes` is what whoever reads its numbers must know of the file.
    """

    name: str
    runs: tuple[Dialogues, ...]
    outcomes: tuple[Outcomes, ...]
    surveys: Dialogues | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, dialogues: Dialogues, surveys: Dialogues | None = None) -> Simulator:
        """From dialogues whose ids say the run, read as the published scorer does."""
        return cls(name, in_runs(dialogues), outcomes_by_run(dialogues), surveys)


def tau_usi(
    simulators: Sequence[Simulator],
    human: Dialogues,
    *,
    human_surveys: Dialogues | None = None,
    difficulty: Difficulty | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> TauUsi:
    """τ-USI of simulators against people's dialogues, whose ids end in _ann2 and _ann3 in the second and third batch.

    `human_surveys` are surveys of the first batch's dialogues filled in by other people: the survey's ceiling.
    `difficulty` is by default the published map. `draws` bootstrap samples of the tasks, drawn by `seed`, give the
    intervals; there are none where the two sides share fewer than six tasks. Raises `DataError` if no human dialogue
    is kept, or if a batch has two dialogues of one task.
    """
    difficulty = difficulty or frozen_difficulty()
    batches = in_batches(human)
    people = [measured(batch, Side.HUMAN) for batch in batches]
    if not any(people):
        raise DataError("no dialogue of the human baseline is kept", hint='a record counts unless its "keep" is false')
    successes = [human_outcomes(batch) for batch in batches]
    played = [[measured(run, Side.SIMULATOR) for run in simulator.runs] for simulator in simulators]
    tasks = numbered_tasks(
        [*people, *(run for runs in played for run in runs)],
        [*successes, *(outcomes for simulator in simulators for outcomes in simulator.outcomes)],
    )
    weights = _weights(len(tasks), draws, seed)
    pairs = [
        Comparison.of(people[one], successes[one], [people[two]], [successes[two]], difficulty.bins, tasks)
        for one, two in combinations(range(len(people)), 2)
    ]
    ceiling = Figures.of(pairs, human_agreement(batches[0], human_surveys or {}), tasks, weights)
    rows = []
    for simulator, runs in zip(simulators, played, strict=True):
        against = [
            Comparison.of(batch, success, runs, simulator.outcomes, difficulty.bins, tasks)
            for batch, success in zip(people, successes, strict=True)
        ]
        agreement = None if simulator.surveys is None else simulator_agreement(batches, simulator.surveys)
        notes = (*simulator.notes, *simulator_notes(people, runs, simulator.outcomes, difficulty.bins, agreement))
        rows.append(Figures.of(against, agreement, tasks, weights).row(simulator.name, len(runs), notes, ceiling))
    return TauUsi(
        difficulty=difficulty,
        human=ceiling.row(CEILING, 1, tuple(human_notes(people))),
        simulators=tuple(rows),
        ranked_by="usi6" if all(row.usi6 is not None for row in rows) else "usi5",
        draws=draws,
        seed=seed,
    )


def _weights(n_tasks: int, draws: int, seed: int) -> Floats:
    """A row of ones, the estimate itself, and a row for every bootstrap sample of the tasks: (1 + draws, T)."""
    drawn = bootstrap_weights(n_tasks, draws, np.random.default_rng(seed))
    return np.concatenate([np.ones((1, n_tasks)), drawn])
