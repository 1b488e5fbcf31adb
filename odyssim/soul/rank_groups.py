"""Many comparisons at once: Holm's correction, and groups of runs that cannot be told apart."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """P-values corrected for their number (Holm 1979): all that stay below 0.05 are right together in 95 % of cases."""
    corrected, largest = {}, 0.0
    for place, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[key]))
        corrected[key] = largest
    return {key: corrected[key] for key in p_values}


def alike_groups(n: int, different: Set[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The largest groups of 0..n-1 without a `different` pair, in order of their first members.

    Insert and absorb (Piepho 2004): a pair that differs splits every group that holds both, and a group inside
    another one goes.
    """
    groups = {frozenset(range(n))}
    for pair in different:
        whole = {group for group in groups if group.issuperset(pair)}
        groups = groups - whole | {group - {member} for group in whole for member in pair}
        groups = {group for group in groups if not any(group < other for other in groups)}
    return sorted(tuple(sorted(group)) for group in groups)
