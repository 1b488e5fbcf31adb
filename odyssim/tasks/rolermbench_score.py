"""The published figures of RoleRMBench: two settings, seven subsets, ties and parse failures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from odyssim.types import Record

SUBSETS: Final = (
    "narrative",
    "scene_transition",
    "role_consistency",
    "instruction_following",
    "safety",
    "multi_turn_coherence",
    "attractiveness",
)
TIE: Final = 0.5


class Judged(Record):
    """A row judged in both settings: rewards in 0..1, none if there is none; whether a verdict could not be read."""

    subset: str
    pairwise: float | None
    rating: float | None
    pairwise_parse_failure: bool = False
    rating_parse_failure: bool = False


def aggregate(results: Iterable[Judged]) -> dict[str, float]:
    """Means of the settings `pairwise`, `rating` and `row_max` (the better per row): per subset, overall, macro.

    Figures without a setting in their name are those of the setting with the better overall mean, chosen on these very
    rows (optimistic; equal means pairwise); `accuracy_macro_best_setting` is the larger of the two macro means. Rows of
    other subsets or with a missing reward do not count; a subset without rows is 0 in the macro means.
    """
    rows = [
        (one, {"pairwise": one.pairwise, "rating": one.rating, "row_max": max(one.pairwise, one.rating)})
        for one in results
        if one.subset in SUBSETS and one.pairwise is not None and one.rating is not None
    ]
    figures: dict[str, float] = {}
    for setting in ("pairwise", "rating", "row_max"):
        rewards = [values[setting] for _, values in rows]
        means = [_mean([values[setting] for one, values in rows if one.subset == subset]) for subset in SUBSETS]
        figures |= {f"accuracy_{subset}_{setting}": mean for subset, mean in zip(SUBSETS, means, strict=True)}
        figures[f"accuracy_overall_{setting}"] = _mean(rewards)
        figures[f"accuracy_macro_{setting}"] = _mean(means)
        figures[f"tie_rate_{setting}"] = _mean([reward == TIE for reward in rewards])
    by_rating = figures["accuracy_overall_rating"] > figures["accuracy_overall_pairwise"]
    chosen = "rating" if by_rating else "pairwise"
    pairwise_failures = [one.pairwise_parse_failure for one, _ in rows]
    rating_failures = [one.rating_parse_failure for one, _ in rows]
    return figures | {
        **{f"accuracy_{subset}": figures[f"accuracy_{subset}_{chosen}"] for subset in SUBSETS},
        "accuracy_overall_rolermbench": figures[f"accuracy_overall_{chosen}"],
        "accuracy_macro_best_setting": max(figures["accuracy_macro_pairwise"], figures["accuracy_macro_rating"]),
        "selected_setting_is_rating": float(by_rating),
        "tie_rate_overall": figures[f"tie_rate_{chosen}"],
        "parse_failure_rate_overall": _mean(
            [any(pair) for pair in zip(pairwise_failures, rating_failures, strict=True)]
        ),
        "parse_failure_rate_pairwise": _mean(pairwise_failures),
        "parse_failure_rate_rating": _mean(rating_failures),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
