"""What a check found about a judge: the result file, and what counts against the judge."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import Final

from odyssim.soul.interval import Interval, mean_interval
from odyssim.soul.judges.agreement import kendall_tau, partial_correlation
from odyssim.soul.judges.calibration import Grade, Group, calibration_set
from odyssim.soul.result import FailureCount
from odyssim.storage import write_text
from odyssim.tasks.pairwise import BothOrders
from odyssim.tasks.records import digest
from odyssim.types import Cost, Json, Record

SCHEMA_VERSION: Final = 1

LEAST_TAU: Final = 0.6
"""Four of five pairs in the right order."""
LEAST_SEEN_THROUGH: Final = 0.95
MOST_FLIPPED: Final = 0.2
MOST_FAILED: Final = 0.05
MOST_LENGTH: Final = 0.3

_NAME_SHOWN: Final = 60


class TextScores(Record):
    """The scores of one text, 1 to 10, one per sample."""

    group: str
    grade: Grade
    scores: tuple[int, ...]

    @property
    def mean(self) -> float:
        return fmean(self.scores)


class PairChoice(Record):
    """Two texts of neighbouring grades, asked in both orders: how often the `better` one was chosen (`share`), how
    often the choice changed with the order, and how often the first place won; all in 0..1."""

    group: str
    better: Grade
    worse: Grade
    share: float
    flipped: float
    first_place: float

    @classmethod
    def of(cls, group: Group, better: Grade, worse: Grade, asked: BothOrders) -> PairChoice:
        return cls(
            group=group.id,
            better=better,
            worse=worse,
            share=asked.share,
            flipped=asked.flipped,
            first_place=asked.first_place,
        )


class JudgeCheck(Record):
    """The result file of one judge and one version of the calibration set.

    `tau` is the mean over groups of Kendall's tau-a between scores and known order, -1..1, 0 by guessing, and
    `tau_by_kind` the same per kind of judging. `right_order` is, per pair of grades, how often the better text got the
    higher score, a tie being half; `seen_through` how often a hacked text got less than each other text of its group,
    by the kind of hack. `spread` is the mean standard deviation over samples, none for a single one. `flipped` is the
    share of pairs whose winner changes with the order. `length` is the correlation of score and log length with group
    and grade held fixed: what length is worth to the judge beyond quality. None: too much failed to tell.
    """

    schema_version: int = SCHEMA_VERSION
    odyssim_version: str
    judge: str
    set_version: str
    samples: int
    tau: float | None
    tau_interval: Interval | None
    tau_by_kind: dict[str, float]
    right_order: dict[str, float]
    seen_through: dict[str, float]
    spread: float | None
    pairs_right: float | None
    flipped: float | None
    flipped_interval: Interval | None
    first_place: float | None
    length: float | None
    length_interval: Interval | None
    questions: int
    failed: int
    asked_again: int
    failures: tuple[FailureCount, ...]
    cost: Cost
    wall_s: float
    texts: tuple[TextScores, ...]
    pairs: tuple[PairChoice, ...]

    @property
    def failure_rate(self) -> float:
        """Questions without an answer, 0..1."""
        return self.failed / self.questions

    @property
    def concerns(self) -> tuple[str, ...]:
        """What counts against the judge, in words; empty for one that did well."""
        return tuple(_concerns(self))

    def save(self, folder: Path) -> Path:
        """Write the result to where `judge_standing` looks for it. Raises `StorageError`."""
        path = check_file(folder, self.judge, self.set_version)
        write_text(path, self.model_dump_json(indent=2) + "\n")
        return path


def measures(texts: Sequence[TextScores], pairs: Sequence[PairChoice]) -> Json:
    """The fields of a `JudgeCheck` that follow from the judge's scores and choices alone."""
    by_group: dict[str, dict[Grade, float]] = defaultdict(dict)
    for text in texts:
        by_group[text.group][text.grade] = text.mean
    groups = {group.id: group for group in calibration_set()}
    whole = {id_: means for id_, means in by_group.items() if len(means) == len(Grade)}
    taus = {id_: kendall_tau([means[grade] for grade in Grade]) for id_, means in whole.items()}
    spreads = [stdev(text.scores) for text in texts if len(text.scores) > 1]
    flipped = [pair.flipped for pair in pairs]
    correlation = partial_correlation(
        [text.mean for text in texts],
        [math.log(len(groups[text.group].text(text.grade).split())) for text in texts],
        [text.group for text in texts],
        [text.grade.value for text in texts],
    )
    return {
        "tau": fmean(taus.values()) if taus else None,
        "tau_interval": _tau_interval(taus),
        "tau_by_kind": _means((groups[id_].kind.value, tau) for id_, tau in taus.items()),
        "right_order": _means(
            (f"{better} > {worse}", _higher(means[better], means[worse]))
            for means in by_group.values()
            for better in means
            for worse in means
            if list(Grade).index(better) < list(Grade).index(worse)
        ),
        "seen_through": _means(
            (groups[id_].hack.value, _higher(mean, means[Grade.HACKED]))
            for id_, means in by_group.items()
            for grade, mean in means.items()
            if grade is not Grade.HACKED and Grade.HACKED in means
        ),
        "spread": fmean(spreads) if spreads else None,
        "pairs_right": fmean(pair.share for pair in pairs) if pairs else None,
        "flipped": fmean(flipped) if pairs else None,
        "flipped_interval": mean_interval(flipped, [pair.group for pair in pairs]) if pairs else None,
        "first_place": fmean(pair.first_place for pair in pairs) if pairs else None,
        "length": correlation[0] if correlation else None,
        "length_interval": correlation[1] if correlation else None,
    }


def neighbours() -> list[tuple[Grade, Grade]]:
    """Pairs of grades next to each other: the hardest to tell apart, and so the ones that the order can sway."""
    return list(pairwise(Grade))


def check_file(folder: Path, judge: str, set_version: str) -> Path:
    """Where the check of a judge is kept; different judges never share a file."""
    shown = "".join(character if character.isalnum() or character in "-._" else "-" for character in judge)
    return folder / f"{shown[:_NAME_SHOWN]}-{digest(judge)}-set{set_version}.json"


def _higher(better: float, worse: float) -> float:
    return 1.0 if better > worse else 0.5 if better == worse else 0.0


def _means(labelled: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean per label, labels in the order in which they come up."""
    values: dict[str, list[float]] = defaultdict(list)
    for label, value in labelled:
        values[label].append(value)
    return {label: fmean(each) for label, each in values.items()}


def _tau_interval(taus: dict[str, float]) -> Interval | None:
    """The interval of the share of pairs in order, put on tau's range."""
    shares = mean_interval([(1 + tau) / 2 for tau in taus.values()], list(taus)) if taus else None
    return shares and shares.model_copy(update={"low": 2 * shares.low - 1, "high": 2 * shares.high - 1})


def _concerns(check: JudgeCheck) -> Iterable[str]:
    if check.failure_rate > MOST_FAILED:
        yield f"{check.failure_rate:.0%} of the questions failed"
    if check.tau is None:
        yield "no group of texts got all its scores"
    elif check.tau < LEAST_TAU:
        yield f"rank agreement with the known order is {check.tau:.2f}, below {LEAST_TAU}"
    fooled = [hack for hack, share in check.seen_through.items() if share < LEAST_SEEN_THROUGH]
    if fooled:
        yield f"texts that aim at the judge are not always put last ({', '.join(fooled)})"
    if check.flipped is not None and check.flipped > MOST_FLIPPED:
        yield f"{check.flipped:.0%} of its choices change with the order"
    certain = check.length_interval is not None and not check.length_interval.low <= 0.0 <= check.length_interval.high
    if check.length is not None and abs(check.length) > MOST_LENGTH and certain:
        yield f"{'longer' if check.length > 0 else 'shorter'} texts score higher at equal quality"
