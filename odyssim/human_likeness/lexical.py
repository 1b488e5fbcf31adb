"""Lexical diversity, and the small figures that go with it: pure functions of token sequences and of numbers.

Tokens are anything that can be compared: numbers of a vocabulary, or the words of `odyssim.human_likeness.tokens`,
which need no downloaded vocabulary. Values on words and on vocabulary pieces are not comparable with each other.
Definitions are those of MirrorBench (Hathidara et al. 2026, arXiv 2601.08118); the measures' own sources stand below.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from math import comb, sqrt
from statistics import fmean, stdev
from typing import Final

_MOST_T_DEGREES: Final = 30
_NORMAL_975: Final = 1.959963984540054


def mattr(tokens: Sequence[Hashable], window: int = 50) -> float:
    """Moving-average type-token ratio, 0..1 (Covington and McFall 2010): mean share of distinct tokens in a window.

    Of all tokens if they fill no more than one window; 0 for none.
    """
    if len(tokens) <= window:
        return len(set(tokens)) / len(tokens) if tokens else 0.0
    inside = Counter(tokens[:window])
    distinct = [len(inside)]
    for gone, come in zip(tokens, tokens[window:], strict=False):
        inside[come] += 1
        inside[gone] -= 1
        if not inside[gone]:
            del inside[gone]
        distinct.append(len(inside))
    return fmean(distinct) / window


def hdd(tokens: Sequence[Hashable], sample: int = 42) -> float:
    """HD-D, 0..1 (McCarthy and Jarvis 2007): expected share of distinct tokens in a random draw of `sample`.

    Fewer tokens than that are drawn all; 0 for none.
    """
    n = len(tokens)
    drawn = min(sample, n)
    if not drawn:
        return 0.0
    draws = comb(n, drawn)
    return sum(1 - comb(n - uses, drawn) / draws for uses in Counter(tokens).values()) / drawn


def yules_k(tokens: Sequence[Hashable]) -> float:
    """Yule's characteristic K, 0..10,000 (Yule 1944): repetition; 0 if no token repeats or there is none."""
    n = len(tokens)
    return 1e4 * (sum(uses**2 for uses in Counter(tokens).values()) - n) / n**2 if n else 0.0


def mtld(tokens: Sequence[Hashable], threshold: float = 0.72) -> float:
    """MTLD (McCarthy and Jarvis 2010): mean length of stretches whose type-token ratio stays above `threshold`.

    Mean of both reading directions; a stretch that the text cuts short counts in part. In tokens, 0 for none;
    unstable below 100 tokens.
    """
    return fmean(_mean_stretch(way, threshold) for way in (tokens, tokens[::-1])) if tokens else 0.0


def _mean_stretch(tokens: Sequence[Hashable], threshold: float) -> float:
    seen, length, stretches, ratio = set[Hashable](), 0, 0.0, 1.0
    for token in tokens:
        seen.add(token)
        length += 1
        ratio = len(seen) / length
        if ratio <= threshold:
            seen, length, stretches = set(), 0, stretches + 1
    if length:
        stretches += (1 - ratio) / (1 - threshold)
    return len(tokens) / (stretches or 1.0)


def mean_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; 0 where there are too few values."""
    return (fmean(values) if values else 0.0), (stdev(values) if len(values) > 1 else 0.0)


def mean_sd_ci95(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, sample standard deviation, and half the width of the mean's 95 % interval (0 if it has no spread).

    Student's t, its quantile rounded to three decimals, up to 30 degrees of freedom; the normal quantile above.
    """
    mean, sd = mean_sd(values)
    if not sd:
        return mean, sd, 0.0
    return mean, sd, _t_975(len(values) - 1) * sd / sqrt(len(values))


def z_score(value: float, mean: float, sd: float) -> float:
    """Distance from a mean in standard deviations; 0 if there is no spread."""
    return (value - mean) / sd if sd else 0.0


def calibrated(scores: Sequence[float], hh: float, pp: float) -> list[float]:
    """Scores on the line through two controls, clipped to 0..1.

    1 is what people score against people (`hh`), 0 what the proxy scores against itself (`pp`).
    """
    span = max(1e-6, hh - pp)
    return [min(max((score - pp) / span, 0.0), 1.0) for score in scores]


def protocol_seed(base: int, metric: str, episode: str, salt: str) -> int:
    """The 64-bit seed that the published protocol gives one judgement: from SHA-256 of `base:metric:episode:salt`."""
    return int(hashlib.sha256(f"{base}:{metric}:{episode}:{salt}".encode()).hexdigest()[:16], 16)


def _t_975(degrees: int) -> float:
    if degrees > _MOST_T_DEGREES:
        return _NORMAL_975
    from scipy.special import stdtrit  # slow to import, and only intervals need it

    return round(float(stdtrit(degrees, 0.975)), 3)
