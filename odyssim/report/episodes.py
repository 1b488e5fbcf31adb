"""Episodes as a page shows them: the transcript, and beside it what it was worth and in whose eyes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from odyssim.models.judge import last_json_object
from odyssim.models.scripted import offered_options
from odyssim.report.records import each_line
from odyssim.report.shown import percent
from odyssim.soul.result import ScoredSample
from odyssim.soul.transcript import Transcript, transcript
from odyssim.types import Call, Message, Outcome

_SCALES: Final = ("", "_likert", "_rating")
"""Endings of the metrics in which a judge's number for a dimension is kept."""


_IN_A_WORD: Final = {1.0: "right", 0.0: "wrong"}


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from, in the order in which the policy saw them."""

    letter: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class Reason:
    """What was said of one dimension, with its number where there is one; of several judges with their names."""

    dimension: str
    number: float | None
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verdict:
    """What one judge answered to one question, field by field; none that can be read leaves the `raw` answer."""

    role: str
    judge: str
    fields: tuple[tuple[str, str], ...]
    raw: str


@dataclass(frozen=True)
class ShownEpisode:
    """One sample, ready to be shown."""

    sample: ScoredSample
    transcript: Transcript
    options: tuple[Option, ...]
    reasons: tuple[Reason, ...]
    metrics: dict[str, float]
    verdicts: tuple[Verdict, ...]

    @property
    def mark(self) -> str:
        """The score in a word: of a choice right or wrong, else per cent; who failed where there is none."""
        outcome = self.sample.outcome
        if outcome.failure is not None:
            return f"{outcome.failure.party.value} failed"
        if self.sample.chance is not None and outcome.score in _IN_A_WORD:
            return _IN_A_WORD[outcome.score]
        return percent(outcome.score)


def chosen_episodes(path: Path) -> dict[str, list[ShownEpisode]]:
    """Of every task in an `episodes.jsonl` the best, the worst and a failed episode, the first of each kind.

    Reads one line at a time. Empty if there is no file; raises `DataError` for a broken line.
    """
    kept: dict[str, dict[str, tuple[float, ScoredSample]]] = {}
    for sample in each_line(path, ScoredSample) if path.is_file() else ():
        mine = kept.setdefault(sample.episode.task, {})
        score = sample.outcome.score
        if score is None:
            mine.setdefault("failed", (0.0, sample))
            continue
        for kind, sign in (("best", 1), ("worst", -1)):
            if kind not in mine or sign * score > sign * mine[kind][0]:
                mine[kind] = (score, sample)
    return {task: [show_episode(sample) for sample in _distinct(mine)] for task, mine in kept.items()}


def show_episode(sample: ScoredSample) -> ShownEpisode:
    """What is to be seen of a sample."""
    outcome = sample.outcome
    reasons = tuple(_reasons(outcome))
    told = {name for reason in reasons for name in _names(reason.dimension)}
    return ShownEpisode(
        sample=sample,
        transcript=transcript(sample.episode),
        options=() if sample.chance is None else tuple(_options(sample)),
        reasons=reasons,
        metrics={name: value for name, value in outcome.metrics.items() if value is not None and name not in told},
        verdicts=tuple(map(_verdict, outcome.calls)),
    )


def _distinct(kept: Mapping[str, tuple[float, ScoredSample]]) -> Iterator[ScoredSample]:
    """Best, worst and failed; where all scored alike, one of them is enough."""
    for kind in ("best", "worst", "failed"):
        if kind in kept and not (kind == "worst" and kept["worst"][0] == kept["best"][0]):
            yield kept[kind][1]


def _options(sample: ScoredSample) -> Iterator[Option]:
    asked = sample.episode.turns[0].text if sample.episode.turns else ""
    for letter in offered_options([Message(role="user", content=asked)]):
        option = rf"(?:^(?:Options: )?|, )\(?{re.escape(letter)}[.):] ?(.+?)(?=, [A-Z]\. |$)"
        texts = re.findall(option, asked, re.MULTILINE)
        chosen = (sample.outcome.answer or "").lower() == letter.lower()
        yield Option(letter, texts[-1] if texts else "", chosen)


def _reasons(outcome: Outcome) -> Iterator[Reason]:
    judges = {call.model for call in outcome.calls}
    for dimension, text in outcome.critique.items():
        numbers = [outcome.metrics[name] for name in _names(dimension) if name in outcome.metrics]
        said = tuple(_by_judge(text, judges))
        yield Reason(dimension.replace("_", " "), numbers[0] if numbers else None, said)


def _by_judge(text: str, judges: Collection[str]) -> Iterator[tuple[str, str]]:
    """The parts of a critique that begin with a judge's name at the start of a line; what has no name belongs to ''."""
    names = "|".join(map(re.escape, sorted(judges, key=len, reverse=True)))
    parts = re.split(rf"^({names}): ", text, flags=re.MULTILINE) if names else [text]
    for name, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        if part.strip():
            yield name, part.strip()


def _names(dimension: str) -> list[str]:
    return [dimension.lower().replace(" ", "_") + scale for scale in _SCALES]


def _verdict(call: Call) -> Verdict:
    found = last_json_object(call.reply.text)
    fields = tuple(_flat(found)) if found is not None else ()
    return Verdict(role=call.role, judge=call.model, fields=fields, raw=call.reply.text)


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of a JSON value with the way to them: 'stance thought', 'results 2 analysis'."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{place} {name}".strip().replace("_", " "))
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{place} {number}")
    else:
        yield place, str(value)
