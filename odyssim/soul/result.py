"""What an evaluation found: the result file, and how scored samples become a task result."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from odyssim.errors import DataError, Party
from odyssim.soul.interval import Interval, mean_interval, stratified_mean
from odyssim.soul.published import PublishedScore
from odyssim.storage import write_text
from odyssim.tasks.base import HumanLevel
from odyssim.types import Cost, Episode, Failure, Json, Origin, Outcome, Profile, Record, Sampling

SCHEMA_VERSION = 1


class ScoredSample(Record):
    """One item under one seed: the line format of `episodes.jsonl`."""

    item_id: str
    cluster: str
    seed: int
    origin: Origin
    chance: float | None
    facets: dict[str, str]
    stratum: str = ""
    episode: Episode
    outcome: Outcome


class FailureCount(Record):
    """How often one kind of failure of one party occurred, with the first message as an example."""

    party: Party
    kind: str
    n: int
    example: str
    hint: str


class TaskResult(Record):
    """One task's row. `score` is the mean over scored samples, or of the means of the task's parts (`n_strata`).

    Excluded samples and items dropped before the run are counted, never imputed. `breakdown` is diagnosis.
    """

    task: str
    title: str
    version: str
    axis: str
    licence: str
    split: str
    origins: tuple[Origin, ...]
    n_items: int
    n_samples: int
    n_scored: int
    n_excluded: int
    score: float | None
    interval: Interval | None
    chance: float | None
    human: HumanLevel | None = None
    n_strata: int = 1
    metrics: dict[str, float]
    breakdown: dict[str, float]
    failures: tuple[FailureCount, ...]
    dropped: tuple[FailureCount, ...] = ()
    note: str
    published: tuple[PublishedScore, ...]
    cost: Cost


class EvalResult(Record):
    """The result file of `odyssim eval`: enough to repeat the run and to read it without the logs.

    `company` is who sat in the other seats (partner, narrator, director, auditor); `left_out` are the tasks of an
    axis that could not be played, with the option that helps.
    """

    schema_version: int = SCHEMA_VERSION
    odyssim_version: str
    model: str
    judges: tuple[str, ...]
    judge_samples: int = 1
    company: dict[str, str] = Field(default_factory=dict)
    profile: Profile
    sampling: Sampling
    seeds: tuple[int, ...]
    item_seed: int = 0
    limit: int | None
    concurrency: int
    tasks: tuple[TaskResult, ...]
    left_out: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    cost: Cost
    wall_s: float
    environment: Json

    @classmethod
    def read(cls, path: Path) -> EvalResult:
        """The result in a file; `DataError` if it is none."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise DataError(f"no result of an evaluation: {error}", path=path, hint="odyssim eval writes it") from error

    def save(self, path: Path) -> None:
        write_text(path, self.model_dump_json(indent=2) + "\n")


def count_failures(failures: Iterable[Failure]) -> tuple[FailureCount, ...]:
    """Failures by party and kind, most frequent first."""
    failures = list(failures)
    counts = Counter((failure.party, failure.kind) for failure in failures)
    first = {(failure.party, failure.kind): failure for failure in reversed(failures)}
    return tuple(
        FailureCount(party=party, kind=kind, n=n, example=first[party, kind].message, hint=first[party, kind].hint)
        for (party, kind), n in counts.most_common()
    )


def summarise(samples: Sequence[ScoredSample]) -> Json:
    """The fields of a `TaskResult` that follow from the samples of one task alone.

    Fixtures prove code: if any sample is one, there is no score at all.
    """
    scored = [sample for sample in samples if sample.outcome.score is not None]
    origins = tuple(sorted({sample.origin for sample in samples}))
    scores = [sample.outcome.score for sample in scored if sample.outcome.score is not None]
    chances = [sample.chance for sample in scored]
    known_chances = [chance for chance in chances if chance is not None]
    strata = [sample.stratum for sample in scored]
    countable = bool(scores) and Origin.FIXTURE not in origins
    metrics: dict[str, list[float]] = defaultdict(list)
    for sample in scored:
        for name, value in sample.outcome.metrics.items():
            if value is not None:
                metrics[name].append(value)
    notes = []
    if Origin.FIXTURE in origins:
        notes.append("fixtures only: no score (they prove the code; --data names the folder of the published items)")
    elif Origin.GENERATED in origins:
        notes.append("synthetic items: not comparable with published scores")
    if not scores:
        notes.append("no sample could be scored" if samples else "no usable item")
    return {
        "origins": origins,
        "n_items": len({sample.item_id for sample in samples}),
        "n_samples": len(samples),
        "n_scored": len(scored),
        "n_excluded": len(samples) - len(scored),
        "score": stratified_mean(scores, strata) if countable else None,
        "interval": mean_interval(scores, [sample.cluster for sample in scored], strata) if countable else None,
        "chance": stratified_mean(known_chances, strata) if chances and len(known_chances) == len(chances) else None,
        "n_strata": len(set(strata)),
        "metrics": {name: sum(values) / len(values) for name, values in sorted(metrics.items())},
        "failures": count_failures(sample.outcome.failure for sample in samples if sample.outcome.failure is not None),
        "note": "; ".join(notes),
        "cost": sum((sample.episode.cost + sample.outcome.cost for sample in samples), Cost()),
    }
