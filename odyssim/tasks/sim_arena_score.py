"""What the verdicts on a SimulatorArena conversation are worth: pure arithmetic, with and without missing parts.

reference   share of the scale, x / most; a missing part counts 0
improved    place on the scale, (x - 1) / (most - 1), so that the worst rating is 0; a missing part does not count
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

STYLE_MOST = 5
DOCUMENT_MOST = 10


def share(value: float | None, most: float) -> float | None:
    """`value` as a share of `most`, clipped to 0..1; none stays none."""
    return None if value is None else min(max(value / most, 0.0), 1.0)


def place(value: float | None, most: float) -> float | None:
    """Where `value` stands on a scale from 1 to `most`, as 0..1; none stays none."""
    return share(None if value is None else value - 1, most - 1)


def mean_with_nulls(values: Sequence[float | None]) -> float:
    """The mean with none counted as 0; 0 for nothing."""
    return fmean(value or 0.0 for value in values) if values else 0.0


def mean_of_known(values: Sequence[float | None]) -> float | None:
    """The mean of what is not none; none if nothing is left."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
