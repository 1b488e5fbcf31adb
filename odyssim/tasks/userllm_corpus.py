"""The figures of UserLLM over many cases: how varied the openings are, F1 of ending, means of the other parts.

A case is an object: `related_metrics` (names of the figures that it counts for; none or empty: all), and what those
need: `generated_output` with `is_first_turn`, `pred_endconversation` with `true_endconversation`, `has_intent`, scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any, Final

from odyssim.tasks.userllm_record import named_metrics
from odyssim.tasks.userllm_score import word_tokens

Case = Mapping[str, Any]


def first_turn_diversity(openings: Iterable[str]) -> float | None:
    """1 minus the mean Jaccard index of the token sets of all pairs; none for fewer than two texts with tokens."""
    sets = [tokens for tokens in map(word_tokens, openings) if tokens]
    if len(sets) < 2:
        return None
    return 1.0 - fmean(len(one & other) / len(one | other) for one, other in combinations(sets, 2))


def termination_f1(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """F1 of ending the talk over (predicted, true) pairs; 0 if nobody ended one, none without pairs."""
    hits = sum(predicted and true for predicted, true in pairs)
    marked = sum(predicted + true for predicted, true in pairs)
    return (2 * hits / marked if marked else 0.0) if pairs else None


def corpus_figures(cases: Iterable[object]) -> dict[str, float | None]:
    """The six figures; none where no case has a value. What is no object does not count."""
    objects = [case for case in cases if isinstance(case, Mapping)]
    return {name: figure(list(_naming(name, objects))) for name, figure in _FIGURES.items()}


def reference_aggregate(cases: Iterable[object]) -> dict[str, float]:
    """The six figures as published: 0 where there is no value."""
    return {name: value or 0.0 for name, value in corpus_figures(cases).items()}


def _naming(name: str, cases: Iterable[Case]) -> Iterator[Case]:
    for case in cases:
        named = named_metrics(case.get("related_metrics"))
        if not named or name in named:
            yield case


def _diversity(cases: Sequence[Case]) -> float | None:
    outputs = (case.get("generated_output") for case in cases if case.get("is_first_turn"))
    return first_turn_diversity(output for output in outputs if isinstance(output, str))


def _overlap(cases: Sequence[Case]) -> float | None:
    return _mean(case.get("intent_decomposition", 0.0) for case in cases if case.get("has_intent"))


def _f1(cases: Sequence[Case]) -> float | None:
    pairs = ((case.get("pred_endconversation"), case.get("true_endconversation")) for case in cases)
    return termination_f1([(a, b) for a, b in pairs if isinstance(a, bool) and isinstance(b, bool)])


def _mean_of(name: str) -> Callable[[Sequence[Case]], float | None]:
    return lambda cases: _mean(case.get(name) for case in cases)


def _mean(values: Iterable[object]) -> float | None:
    numbers = [number for number in map(_number, values) if number is not None]
    return fmean(numbers) if numbers else None


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


_FIGURES: Final[dict[str, Callable[[Sequence[Case]], float | None]]] = {
    "first_turn_diversity": _diversity,
    "intent_decomposition": _overlap,
    "termination_f1": _f1,
    **{name: _mean_of(name) for name in ("ai_detector_score", "role_adherence", "intent_adherence")},
}
