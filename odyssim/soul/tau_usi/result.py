"""What τ-USI found: the result of `odyssim tau-usi`, as it is printed with --json."""

from __future__ import annotations

from typing import Final, Literal

from odyssim.soul.interval import Interval
from odyssim.soul.tau_usi.difficulty import Difficulty
from odyssim.types import Record

SCHEMA_VERSION: Final = 1

Form = Literal["usi5", "usi6"]


class Cell(Record):
    """One number of the table: mean over the human batches, with their population standard deviation.

    `sd` says how much the people's side moves, not how sure the number is; that says `interval`, from drawing tasks.
    None where there is nothing to average.
    """

    mean: float | None
    sd: float | None
    interval: Interval | None = None


class FeatureRow(Record):
    """One feature on both sides, means over the batches; rates in 0..1. `similarity` is 2·min/(sum), in 0..1."""

    feature: str
    dimension: str
    human: float | None
    other: float | None
    similarity: float | None
    human_interval: Interval | None = None
    other_interval: Interval | None = None


class BatchRow(Record):
    """One human batch: dialogues that both sides have, the means of both sides by feature, and what follows.

    `human` and `other` also have `success`, the mean of the rewards cut to whole numbers, and `n`, the dialogues.
    """

    n_overlap: int
    human: dict[str, float | None]
    other: dict[str, float | None]
    dimensions: dict[str, float | None]
    ece_by_run: tuple[float | None, ...]


class UsiRow(Record):
    """One simulator, or people among themselves (the ceiling).

    `dimensions` D1–D4, `eval_agree` and the index are on 0..100, `ece` on 0..1. `usi5` averages D1–D4 and
    100·(1 − ECE), `usi6` the survey as well; `usi` is the one of the two that the published scorer prints, and `form`
    says which. `below_people` is the ceiling's index less this one, in one form and over the same drawn tasks.
    """

    name: str
    n_runs: int
    dimensions: dict[str, Cell]
    eval_agree: Cell | None
    ece: Cell
    usi5: Cell
    usi6: Cell | None
    form: Form
    usi: Cell
    below_people: Cell | None = None
    features: tuple[FeatureRow, ...] = ()
    batches: tuple[BatchRow, ...] = ()
    notes: tuple[str, ...] = ()


class TauUsi(Record):
    """The whole table. `ranked_by` is the form that every row has; rows of different forms are never ranked."""

    schema_version: int = SCHEMA_VERSION
    difficulty: Difficulty
    human: UsiRow
    simulators: tuple[UsiRow, ...]
    ranked_by: Form
    draws: int
    seed: int
