"""Telling people's turns from a model's without understanding them: character n-grams and style, one linear layer.

Character n-grams of two to five characters, case kept, are hashed into a fixed number of buckets (feature hashing:
Weinberger et al. 2009); the measures of surface form and phrases stand beside them. What is learned is a logistic
regression with an L2 penalty. It knows nothing of sense, so whoever is trained against it can learn to please it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from odyssim.errors import DataError
from odyssim.human_likeness.stats import Bools, Floats
from odyssim.human_likeness.surface import SURFACE, Measure, Utterance
from odyssim.human_likeness.tokens import strip_residue
from odyssim.human_likeness.words import LEXICON
from odyssim.storage import writing

STYLE: Final[tuple[Measure, ...]] = SURFACE + LEXICON
"""The measures that stand beside the n-grams, in the order of their weights."""
BITS: Final = 17
"""Two to the power of this many buckets for n-grams."""
LONGEST: Final = 5

_BUCKETS: Final = 1 << BITS
_STEP: Final = np.uint64(0x100000001B3)
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_FURTHEST: Final = 4.0
"""Standard deviations beyond which a measure counts no more: one endless turn must not outweigh everything else."""
_STEPS: Final = 300


@dataclass(frozen=True)
class Features:
    """What the classifier sees of n turns: hashed n-grams (n, buckets) with rows of length 1, and style (n, S)."""

    grams: sparse.csr_matrix
    style: Floats

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Traces of a model's machinery (thoughts, role prefixes) are taken out first; NaN: not measurable there."""
        turns = [Utterance(strip_residue(text).text) for text in texts]
        counted = [_grams(turn.text) for turn in turns]
        grams = sparse.csr_matrix(
            (
                np.concatenate([values for _, values in counted]),
                np.concatenate([buckets for buckets, _ in counted]),
                np.cumsum([0, *(len(buckets) for buckets, _ in counted)]),
            ),
            shape=(len(turns), _BUCKETS),
        )
        return cls(grams, np.array([[_value(measure, turn) for measure in STYLE] for turn in turns]))

    def take(self, rows: Bools) -> Features:
        """Some of the turns."""
        return Features(self.grams[rows], self.style[rows])


@dataclass(frozen=True)
class TurnClassifier:
    """Weights of the n-grams (buckets,) and of the standardised style (S,); `centre` and `scale` standardise it."""

    grams: Floats
    style: Floats
    bias: float
    centre: Floats
    scale: Floats

    @classmethod
    def fit(cls, features: Features, human: Bools, *, l2: float, start: TurnClassifier | None = None) -> Self:
        """The weights with the least mean log loss plus `l2` / 2 times their squared length; deterministic.

        `human` (n,) says whose turns they are; `start` is a solution nearby. Raises `ValueError` if one side is empty.
        """
        if human.all() or not human.any():
            raise ValueError("a classifier needs turns of both sides")
        measurable = ~np.isnan(features.style)
        known = np.maximum(measurable.sum(axis=0), 1)
        centre = np.where(measurable, features.style, 0.0).sum(axis=0) / known
        scale = np.sqrt((np.where(measurable, features.style - centre, 0.0) ** 2).sum(axis=0) / known)
        scale[scale == 0.0] = 1.0
        seen = np.flatnonzero(features.grams.getnnz(axis=0))  # the weights of all other buckets stay zero
        inputs = sparse.hstack([features.grams[:, seen], _standard(features.style, centre, scale)], format="csr")
        truth = human.astype(np.float64)

        def loss(weights: Floats) -> tuple[float, Floats]:
            logits = inputs @ weights[:-1] + weights[-1]
            wrong = (expit(logits) - truth) / len(truth)
            value = float(np.mean(np.logaddexp(0.0, logits) - truth * logits) + l2 / 2 * weights[:-1] @ weights[:-1])
            return value, np.append(inputs.T @ wrong + l2 * weights[:-1], wrong.sum())

        first = np.zeros(len(seen) + len(STYLE) + 1)
        if start is not None:
            first = np.concatenate([start.grams[seen], start.style, [start.bias]])
        found: Floats = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
        grams = np.zeros(_BUCKETS)
        grams[seen] = found[: len(seen)]
        return cls(grams, found[len(seen) : -1], float(found[-1]), centre, scale)

    def probability(self, features: Features) -> Floats:
        """How probable it is that a person wrote each turn (n,), if as many turns are people's as are models'."""
        style = _standard(features.style, self.centre, self.scale)
        probability: Floats = expit(features.grams @ self.grams + style @ self.style + self.bias)
        return probability

    def save(self, path: Path) -> None:
        """Write an `.npz` file, weights in single precision. Raises `StorageError`."""
        arrays: dict[str, Any] = {"grams": self.grams, "style": self.style, "centre": self.centre, "scale": self.scale}
        with writing(path.parent):
            np.savez_compressed(
                path,
                measures=np.array([measure.name for measure in STYLE]),
                bias=np.float32(self.bias),
                **{name: values.astype(np.float32) for name, values in arrays.items()},
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote. Raises `DataError` if it is missing, damaged, or made with other measures of style."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                names = tuple(stored["measures"].tolist())
                grams, style, centre, scale = (
                    stored[name].astype(np.float64) for name in ("grams", "style", "centre", "scale")
                )
                bias = float(stored["bias"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"not the weights of a discriminator: {error}", path=path, hint=_TRAIN) from error
        expected = (tuple(measure.name for measure in STYLE), (_BUCKETS,), *[(len(STYLE),)] * 3)
        if (names, grams.shape, style.shape, centre.shape, scale.shape) != expected:
            raise DataError("it was trained on other features than this version measures", path=path, hint=_TRAIN)
        return cls(grams, style, bias, centre, scale)


_TRAIN: Final = "train it again: odyssim judge train"


def _grams(text: str) -> tuple[NDArray[np.int64], Floats]:
    """Buckets of a text's n-grams, line breaks put around it, and how much each counts: 1 + log of the count, scaled
    so that the squares sum to one. A rolling hash: that of n + 1 characters extends that of n."""
    codes = np.frombuffer(f"\n{text}\n".encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    rolled, found = codes, []
    for length in range(2, LONGEST + 1):
        rolled = rolled[:-1] * _STEP + codes[length - 1 :]
        found.append((rolled * _SPREAD) >> np.uint64(64 - BITS))
    buckets, counts = np.unique(np.concatenate(found), return_counts=True)
    values: Floats = 1.0 + np.log(counts)
    return buckets.astype(np.int64), values / np.linalg.norm(values)


def _value(measure: Measure, turn: Utterance) -> float:
    base = measure.base(turn)
    return measure.count(turn) / base if base else np.nan


def _standard(style: Floats, centre: Floats, scale: Floats) -> Floats:
    """Style in standard deviations from the mean; 0 where it is not measurable."""
    standard: Floats = np.clip(np.nan_to_num((style - centre) / scale), -_FURTHEST, _FURTHEST)
    return standard


def strongest(classifier: TurnClassifier, count: int) -> Sequence[tuple[str, float]]:
    """The measures of style that count most, with their weights per standard deviation; positive: more human."""
    order = np.argsort(-np.abs(classifier.style), kind="stable")[:count]
    return [(STYLE[index].name, float(classifier.style[index])) for index in order]
