"""Mixing sources: which documents an epoch draws, and in which order, computed and never stored.

A source of n documents at ratio r gives floor(r) whole copies of itself and a sample of what remains: at 1.5 every
document is drawn once or twice, never not at all. Where the remainder is less than n, epochs take turns, so that two
epochs at 0.5 draw every document once. Each draw is a function of the seed, the source's name and the epoch: other
sources, their order and the number of readers change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from odyssim.corpus.permutation import Permutation
from odyssim.errors import ConfigError, UnknownName
from odyssim.settings import Settings


class SourceMix(Settings):
    """How much of a source an epoch draws: `ratio` times its documents, or about `tokens` tokens of it."""

    ratio: float = Field(default=1.0, ge=0.0)
    tokens: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.tokens is not None and "ratio" in self.model_fields_set:
            raise ValueError("give ratio or tokens, not both")
        return self


class MixConfig(Settings):
    """What an epoch is made of. Sources that are not named have ratio 1.

    `tokens` is the budget of the whole epoch. Sources with a budget of their own get it; the others share the rest of
    the epoch in proportion to n ** `temperature`, where n is their ratio times their tokens: 1 keeps their
    proportions, 0 gives all the same. Without `tokens` they share as many as they have. Documents stay whole, so
    budgets are met in expectation.
    """

    sources: dict[str, SourceMix] = Field(default_factory=dict)
    temperature: float = Field(default=1.0, ge=0.0)
    tokens: int | None = Field(default=None, ge=1)


EVERYTHING_ONCE: Final = MixConfig()


@dataclass(frozen=True, slots=True)
class SourceSize:
    """A source to draw from."""

    name: str
    documents: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Draws:
    """Drawn documents: `sources` index `Mixture.names`, `documents` are numbers within the source."""

    sources: NDArray[np.int64]
    documents: NDArray[np.int64]


class Mixture:
    """One epoch of a mixture over `sizes`. `names` are sorted; `counts` are the draws of each.

    Raises `UnknownName` for a configured source that is not there, `ConfigError` if budgets contradict each other or
    nothing would be drawn.
    """

    def __init__(self, config: MixConfig, sizes: Iterable[SourceSize], *, seed: int, epoch: int = 0) -> None:
        known = sorted(sizes, key=lambda size: size.name)
        self.names = [size.name for size in known]
        for name in config.sources:
            if name not in self.names:
                raise UnknownName("source of the mixture", name, self.names)
        tokens = _tokens(config, known)
        self._draws = [
            _SourceDraws(size, Fraction(share) / size.tokens if size.tokens else Fraction(0), seed, epoch)
            for size, share in zip(known, tokens, strict=True)
        ]
        self.counts = [draws.count for draws in self._draws]
        self._keys = (seed, epoch)
        if not len(self):
            raise ConfigError("The mixture draws no document.", hint="raise a ratio or a token budget")

    def __len__(self) -> int:
        """Draws of the epoch."""
        return sum(self.counts)

    def part(self, number: int, parts: int) -> Draws:
        """Part `number` (0-based) of `parts` equal ones, which together are the epoch.

        Every part holds the same share of each source, shuffled.
        """
        bounds = [(count * number // parts, count * (number + 1) // parts) for count in self.counts]
        documents = [draws(start, stop) for draws, (start, stop) in zip(self._draws, bounds, strict=True)]
        sources = np.repeat(np.arange(len(self.names)), [stop - start for start, stop in bounds])
        order = Permutation(len(sources), *self._keys, "part", number, parts)(np.arange(len(sources)))
        return Draws(sources=sources[order], documents=np.concatenate(documents)[order])


class _SourceDraws:
    """The documents of one source in the order in which an epoch draws them."""

    def __init__(self, size: SourceSize, ratio: Fraction, seed: int, epoch: int) -> None:
        self.count = int(size.documents * ratio)
        self._size, self._epoch = size.documents, epoch
        self._keys = (seed, size.name)

    def __call__(self, start: int, stop: int) -> NDArray[np.int64]:
        """The documents of draws `start` .. `stop` - 1."""
        pieces = [np.empty(0, dtype=np.int64)]
        while start < stop:
            copy, first = divmod(start, self._size)
            last = min(stop - copy * self._size, self._size)
            pieces.append(self._copy(copy, np.arange(first, last)))
            start += last - first
        return np.concatenate(pieces)

    def _copy(self, copy: int, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The documents at these places of a copy; the last copy may be a sample, whose share goes round by epochs."""
        size, sampled = self._size, self.count - copy * self._size
        if sampled >= size:
            return Permutation(size, *self._keys, self._epoch, copy)(ranks)
        places = Permutation(sampled, *self._keys, self._epoch, "sample")(ranks)
        return Permutation(size, *self._keys, "turns")((places + self._epoch * sampled) % size)


def _tokens(config: MixConfig, sizes: list[SourceSize]) -> list[Fraction]:
    """How many tokens each source shall give, exactly."""
    wanted = {size.name: config.sources.get(size.name, SourceMix()) for size in sizes}
    fixed = {name: Fraction(mix.tokens) for name, mix in wanted.items() if mix.tokens is not None}
    shared = {
        size.name: Fraction(str(wanted[size.name].ratio)) * size.tokens for size in sizes if size.name not in fixed
    }
    if config.temperature != 1.0 or config.tokens is not None:
        total = sum(shared.values()) if config.tokens is None else Fraction(config.tokens - sum(fixed.values()))
        if total < 0:
            raise ConfigError(
                f"The sources' own budgets ({sum(fixed.values())} tokens) exceed that of the epoch ({config.tokens}).",
                hint="raise mix.tokens or lower mix.sources.NAME.tokens",
            )
        weights = {
            name: Fraction(float(size) ** config.temperature) if size else Fraction(0) for name, size in shared.items()
        }
        together = sum(weights.values()) or Fraction(1)
        shared = {name: total * weight / together for name, weight in weights.items()}
    return [(fixed | shared)[size.name] for size in sizes]
