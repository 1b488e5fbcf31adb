"""Is a context that of its conversation? Rates of right picks among ten, and places between floor and ceiling."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import norm

from odyssim.corpus.ground.matchers import Matcher
from odyssim.corpus.leak import grams, words
from odyssim.errors import ModelCallError
from odyssim.human_likeness.stats import bootstrap_weights, percentile_interval
from odyssim.types import Record, derive_seed

CANDIDATES: Final = 10
_DRAWS: Final = 2000

View = Literal["as written", "nothing shared"]
VIEWS: Final[tuple[View, ...]] = ("as written", "nothing shared")
"""Contexts as they are, and without any 4-gram that stands in the conversation as well."""


@dataclass(frozen=True)
class Conversation:
    """What a matcher sees of an interaction: its source, and everything that is said, without the names."""

    uid: str
    source: str
    text: str


class Rate(Record):
    """A share of `trials` independent conversations with its 95 % interval (Wilson 1927)."""

    value: float
    low: float
    high: float
    trials: int

    @classmethod
    def of(cls, successes: Sequence[float]) -> Rate | None:
        """From one success, 0 to 1, per conversation; none without conversations."""
        n = len(successes)
        if n == 0:
            return None
        z, p = float(norm.ppf(0.975)), sum(successes) / n
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        return cls(value=p, low=max(0.0, centre - half), high=min(1.0, centre + half), trials=n)


class Place(Record):
    """Where a writer stands: 0 at the floor, 1 at the ceiling; with a 95 % bootstrap interval over conversations."""

    value: float
    low: float
    high: float


async def trials(
    conversations: Sequence[Conversation],
    contexts: Mapping[str, str],
    matcher: Matcher,
    seed: int,
    *,
    view: View,
    foil: bool = False,
) -> dict[str, float]:
    """For each conversation that has a context: 1 if the matcher picks it among ten, a share of 1 if it is tied.

    `contexts` by conversation. The other nine are contexts of conversations of the same source, drawn by `seed`, the
    same for every writer as far as there are any. With `foil`, one more of these stands in for the right context.
    Conversations with too few others, or whose matcher fails, are left out.
    """
    sources: dict[str, list[str]] = defaultdict(list)
    for conversation in conversations:
        sources[conversation.source].append(conversation.uid)
    picked: dict[str, float] = {}
    for conversation in conversations:
        own = derive_seed(seed, conversation.uid)
        others = _others(conversation.uid, sources[conversation.source], derive_seed(own, "others"))
        available = [contexts[uid] for uid in others if uid in contexts]
        if conversation.uid not in contexts or len(available) < CANDIDATES:
            continue
        right = available.pop(0) if foil else contexts[conversation.uid]
        shown = [right, *available[: CANDIDATES - 1]]
        if view == "nothing shared":
            said = set(grams(conversation.text))
            shown = [_without(text, said) for text in shown]
        order = random.Random(own).sample(range(CANDIDATES), CANDIDATES)
        try:
            scores = await matcher.scores(conversation.text, [shown[at] for at in order], own)
        except ModelCallError:
            continue
        best = max(scores)
        won = scores[order.index(0)] == best
        picked[conversation.uid] = won / sum(score == best for score in scores)
    return picked


def place(
    writer: Mapping[str, float], floor: Mapping[str, float], ceiling: Mapping[str, float], seed: int
) -> Place | None:
    """(writer - floor) / (ceiling - floor) over the conversations that all three have; none if there is no scale."""
    common = [uid for uid in writer if uid in floor and uid in ceiling]
    if not common:
        return None
    successes = np.array([[found[uid] for found in (writer, floor, ceiling)] for uid in common])
    weights = np.vstack([np.ones(len(common)), bootstrap_weights(len(common), _DRAWS, np.random.default_rng(seed))])
    means = weights @ successes / len(common)
    scale = means[:, 2] - means[:, 1]
    places = np.divide(means[:, 0] - means[:, 1], scale, out=np.full_like(scale, np.nan), where=scale > 0)
    interval = percentile_interval(places[1:])
    if interval is None or np.isnan(places[0]):
        return None
    return Place(value=float(places[0]), low=interval[0], high=interval[1])


def _others(uid: str, pool: Sequence[str], seed: int) -> list[str]:
    """All conversations of a source but `uid`, in an order of their own for each."""
    others = [other for other in pool if other != uid]
    random.Random(seed).shuffle(others)
    return others


def _without(context: str, said: Set[tuple[str, ...]]) -> str:
    """The words of a context outside all 4-grams that were `said`."""
    kept = words(context)
    shared = {at + step for at, gram in enumerate(grams(context)) if gram in said for step in range(len(gram))}
    return " ".join(word for at, word in enumerate(kept) if at not in shared)
