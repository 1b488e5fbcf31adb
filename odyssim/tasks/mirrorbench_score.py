"""MirrorBench's numbers: words of two users compared, the published reward, and the published aggregate. All pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from odyssim.human_likeness.lexical import calibrated, hdd, mattr, mean_sd, mean_sd_ci95, yules_k, z_score
from odyssim.human_likeness.tokens import tokenize
from odyssim.types import Json, Record

UNREAD: Final = 0.5
"""What the published code makes of a judge that gave no score."""

MEASURES: Final = {"mattr": mattr, "hdd": hdd, "yules_k": yules_k}
HUMAN_SD: Final = {"mattr": 0.10, "hdd": 0.10, "yules_k": 100.0}
"""Standard deviation between people, over the user turns of the 326 published conversations with `FEWEST_WORDS`."""
FEWEST_WORDS: Final = 20
"""With fewer words of the person, the measures mostly tell how many there are."""
NO_CREDIT_AT: Final = 2.0
"""Distance from the person, in standard deviations between people, at which a measure earns nothing."""

WEIGHTS: Final = {"gteval": 0.5, "pairwise": 0.3, "lexical": 0.2}
"""What the parts of the `improved` score weigh; a part that cannot be measured is left out of the mean."""

_FENCED: Final = re.compile(r"```(?:json)?\s*(\{.*?\})\s*```", re.DOTALL)
_DECODER: Final = json.JSONDecoder()


class Lexical(Record):
    """The three measures of one user's words; `words` is how many there are."""

    mattr: float
    hdd: float
    yules_k: float
    words: int

    @classmethod
    def of(cls, turns: Iterable[str]) -> Lexical:
        """Of all turns of a user, joined by blanks. Words are those of `odyssim.human_likeness.tokens`."""
        words = tokenize(" ".join(turns))
        return cls(**{name: measure(words) for name, measure in MEASURES.items()}, words=len(words))

    def value(self, name: str) -> float:
        """The measure called `name`."""
        return float(getattr(self, name))

    def gap(self, other: Lexical, name: str) -> float:
        """Absolute difference of a measure."""
        return abs(self.value(name) - other.value(name))

    def closeness(self, human: Lexical) -> float | None:
        """How close to a person's words, 0..1: 1 at no gap, 0 at `NO_CREDIT_AT` deviations, the mean over measures.

        None if the person wrote too few words to tell.
        """
        if human.words < FEWEST_WORDS:
            return None
        return fmean(max(0.0, 1.0 - self.gap(human, name) / (NO_CREDIT_AT * sd)) for name, sd in HUMAN_SD.items())


def reference_reward(score: float | None) -> float:
    """The published reward: the judge's number clipped to 0..1; 0.5 for none."""
    return UNREAD if score is None else min(max(score, 0.0), 1.0)


def weighted(parts: Mapping[str, float | None]) -> float:
    """The mean of the measured parts under `WEIGHTS`. `parts` has at least one that is measured."""
    measured = {name: value for name, value in parts.items() if value is not None}
    return sum(WEIGHTS[name] * value for name, value in measured.items()) / sum(WEIGHTS[name] for name in measured)


# --- the published protocol over many episodes ------------------------------------------------------------------


def aggregate(episodes: Iterable[object]) -> dict[str, float]:
    """The published figures over episodes; what is no object does not count, a metric without data has no keys.

    An episode holds, each optional: `scores` (gteval, pairwise, rnr, ctr), `proxy_lexical` and `human_lexical` (mattr,
    hdd, yules_k), `control_scores` (hh_pairwise, pp_pairwise). `avg` mixes z-scores with rates, as published: it means
    nothing.
    """
    objects = [episode for episode in episodes if isinstance(episode, Mapping)]
    figures: dict[str, float] = {}
    averaged: list[float] = []
    for name in ("gteval", "rnr", "ctr"):
        if values := _values(objects, "scores", name):
            figures[name], _, figures[f"{name}_ci"] = mean_sd_ci95(values)
            averaged.append(figures[name])
    if values := _values(objects, "scores", "pairwise"):
        figures |= _pairwise(values, objects)
        averaged.append(figures["pairwise_raw"])
    for name in MEASURES:
        if values := _values(objects, "proxy_lexical", name):
            mean, sd = mean_sd(_values(objects, "human_lexical", name))
            figures[f"{name}_zscore"] = fmean(z_score(value, mean, sd) for value in values)
            figures[f"{name}_raw"] = fmean(values)
            figures[f"{name}_human_baseline"] = mean
            averaged.append(figures[f"{name}_zscore"])
    return figures | ({"avg": fmean(averaged)} if averaged else {})


def _pairwise(values: Sequence[float], episodes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    figures = {"pairwise_raw": fmean(values)}
    hh, pp = (_values(episodes, "control_scores", name) for name in ("hh_pairwise", "pp_pairwise"))
    if hh and pp:
        anchors = fmean(hh), fmean(pp)
        figures["pairwise_calibrated"] = fmean(calibrated(values, *anchors))
        figures["pairwise_hh_anchor"], figures["pairwise_pp_anchor"] = anchors
        figures["pairwise_gap"] = anchors[0] - anchors[1]
    return figures


def _values(episodes: Iterable[Mapping[str, Any]], group: str, name: str) -> list[float]:
    groups = (episode.get(group) for episode in episodes)
    found = (values.get(name) for values in groups if isinstance(values, Mapping))
    return [float(value) for value in found if isinstance(value, (int, float))]


def reference_json(text: str) -> Json | None:
    """The object that the published protocol reads out of a judge's reply: a fenced one, else the whole text, else the
    longest that stands anywhere in it (the first of equals).
    """
    for candidate in (*_FENCED.findall(text), text):
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return _longest_object(text)


def _longest_object(text: str) -> Json | None:
    longest, length, position = None, 0, text.find("{")
    while position >= 0:
        try:
            found, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            if end - position > length:
                longest, length = found, end - position
        position = text.find("{", end)
    return longest
