"""What an evaluation found: the result file, and how scored samples become a task result."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from odyssim.errors import Party
from odyssim.soul.interval import Interval, mean_interval
from odyssim.soul.published import PublishedScore
from odyssim.storage import write_text
from odyssim.types import Cost, Episode, Json, Origin, Outcome, Profile, Record, Sampling

SCHEMA_VERSION = 1


class ScoredSample(Record):
    """One item under one seed: the line format of `episodes.jsonl`."""

    item_id: str
    cluster: str
    seed: int
    origin: Origin
    chance: float | None
    facets: dict[str, str]
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
    """One task's row. `score` is the mean over scored samples; excluded samples are counted, never imputed."""

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
    metrics: dict[str, float]
    breakdown: dict[str, float]
    failures: tuple[FailureCount, ...]
    note: str
    published: tuple[PublishedScore, ...]
    cost: Cost


class EvalResult(Record):
    """The result file of `odyssim eval`: enough to repeat the run and to read it without the logs."""

    schema_version: int = SCHEMA_VERSION
    odyssim_version: str
    model: str
    judges: tuple[str, ...]
    profile: Profile
    sampling: Sampling
    seeds: tuple[int, ...]
    limit: int | None
    concurrency: int
    tasks: tuple[TaskResult, ...]
    cost: Cost
    wall_s: float
    environment: Json

    def save(self, path: Path) -> None:
        write_text(path, self.model_dump_json(indent=2) + "\n")


def count_failures(outcomes: Iterable[Outcome]) -> tuple[FailureCount, ...]:
    """Failures by party and kind, most frequent first."""
    failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    counts = Counter((failure.party, failure.kind) for failure in failures)
    first = {(failure.party, failure.kind): failure for failure in reversed(failures)}
    return tuple(
        FailureCount(party=party, kind=kind, n=n, example=first[party, kind].message, hint=first[party, kind].hint)
        for (party, kind), n in counts.most_common()
    )


def breakdown(scored: Iterable[tuple[float, Mapping[str, str]]]) -> dict[str, float]:
    """Plain means: `accuracy_overall`, and `accuracy_<facet>_<value>` for every group. Diagnosis, never an index."""
    groups: dict[str, list[float]] = defaultdict(list)
    for score, facets in scored:
        groups["accuracy_overall"].append(score)
        for facet, value in facets.items():
            groups[f"accuracy_{facet}_{value}"].append(score)
    return {name: sum(values) / len(values) for name, values in sorted(groups.items())}


def summarise(samples: Sequence[ScoredSample]) -> Json:
    """The computed fields of a `TaskResult` for the samples of one task.

    Fixtures prove code: if any sample is one, there is no score at all.
    """
    scored = [sample for sample in samples if sample.outcome.score is not None]
    origins = tuple(sorted({sample.origin for sample in samples}))
    scores = [sample.outcome.score for sample in scored if sample.outcome.score is not None]
    chances = [sample.chance for sample in scored]
    known_chances = [chance for chance in chances if chance is not None]
    countable = bool(scores) and Origin.FIXTURE not in origins
    metrics: dict[str, list[float]] = defaultdict(list)
    for sample in scored:
        for name, value in sample.outcome.metrics.items():
            if value is not None:
                metrics[name].append(value)
    notes = []
    if Origin.FIXTURE in origins:
        notes.append("fixtures only: no score")
    elif Origin.GENERATED in origins:
        notes.append("synthetic items: not comparable with published scores")
    if samples and not scores:
        notes.append("no sample could be scored")
    return {
        "origins": origins,
        "n_items": len({sample.item_id for sample in samples}),
        "n_samples": len(samples),
        "n_scored": len(scored),
        "n_excluded": len(samples) - len(scored),
        "score": sum(scores) / len(scores) if countable else None,
        "interval": mean_interval(scores, [sample.cluster for sample in scored]) if countable else None,
        "chance": sum(known_chances) / len(chances) if chances and len(known_chances) == len(chances) else None,
        "metrics": {name: sum(values) / len(values) for name, values in sorted(metrics.items())},
        "breakdown": breakdown((score, sample.facets) for score, sample in zip(scores, scored, strict=True)),
        "failures": count_failures(sample.outcome for sample in samples),
        "note": "; ".join(notes),
        "cost": sum((sample.episode.cost + sample.outcome.cost for sample in samples), Cost()),
    }
