"""Who tells which of several contexts belongs to a conversation: word overlap, an embedding, or a judge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from odyssim.corpus.leak import FUNCTION_WORDS, has_no_spaces, runs
from odyssim.models.base import Cast, ChatModel, Floor, Role
from odyssim.models.judge import ask_judge
from odyssim.types import Message, Record, Sampling

_STEM: Final = 6


class Matcher(Protocol):
    """Scores each of several contexts for a conversation; only the order of the scores counts."""

    @property
    def name(self) -> str: ...

    async def scores(self, conversation: str, contexts: Sequence[str], seed: int) -> Sequence[float]:
        """One score per context. Raises `ModelCallError` if a model had to be asked and failed."""
        ...


class TfidfMatcher:
    """Cosine of TF-IDF vectors: weights (1 + log tf) log(N / df), terms cut to a stem, function words left out.

    `documents` fix how rare a term is; a term that none of them has counts as the rarest.
    """

    name = "tf-idf"

    def __init__(self, documents: Iterable[str]) -> None:
        spread: Counter[str] = Counter()
        count = 0
        for text in documents:
            spread.update(set(_terms(text)))
            count += 1
        self._rarest = math.log(count + 1)
        self._rarity = {term: math.log((count + 1) / found) for term, found in spread.items()}
        self._vector = lru_cache(maxsize=4096)(self._weigh)

    async def scores(self, conversation: str, contexts: Sequence[str], seed: int) -> list[float]:
        said = self._vector(conversation)
        return [_dot(self._vector(context), said) for context in contexts]

    def _weigh(self, text: str) -> dict[str, float]:
        vector = {
            term: (1 + math.log(count)) * self._rarity.get(term, self._rarest)
            for term, count in Counter(_terms(text)).items()
        }
        length = math.sqrt(sum(weight**2 for weight in vector.values()))
        return {term: weight / length for term, weight in vector.items()} if length else {}


class EmbeddingMatcher:
    """Cosine of embeddings; `embed` turns n texts into an array (n, d)."""

    def __init__(self, name: str, embed: Callable[[Sequence[str]], NDArray[np.floating]]) -> None:
        self.name = name
        self._embed = embed

    async def scores(self, conversation: str, contexts: Sequence[str], seed: int) -> list[float]:
        vectors = np.asarray(self._embed([conversation, *contexts]), dtype=np.float64)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        found: list[float] = (vectors[1:] @ vectors[0]).tolist()
        return found


class _Choice(Record):
    """Which scene belongs to the conversation."""

    number: int = Field(ge=1, description="the number of the scene that fits best")


_QUESTION: Final = """\
Below are a conversation and {count} short descriptions of scenes. One of the scenes is that of this conversation, the \
others belong to other conversations. Which one fits best?

<conversation>
{conversation}
</conversation>

{scenes}"""


class JudgeMatcher:
    """A model picks one: its choice scores 1, the others 0."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return f"judge {self._model.name}"

    async def scores(self, conversation: str, contexts: Sequence[str], seed: int) -> list[float]:
        scenes = "\n\n".join(f"Scene {number}: {context}" for number, context in enumerate(contexts, start=1))
        question = _QUESTION.format(count=len(contexts), conversation=conversation, scenes=scenes)
        choice, _ = await ask_judge(
            Floor(Cast(judges=(self._model,))),
            [Message(role="user", content=question)],
            _Choice,
            sampling=Sampling(temperature=0.0, seed=seed),
            role=Role.JUDGE,
        )
        return [float(number == choice.number) for number in range(1, len(contexts) + 1)]


def _terms(text: str) -> Iterator[str]:
    """Word stems, and pairs of characters where words have no spaces."""
    for run in runs(text):
        if has_no_spaces(run):
            yield from map("".join, pairwise(run))
        elif run not in FUNCTION_WORDS:
            yield run[:_STEM]


def _dot(first: dict[str, float], second: dict[str, float]) -> float:
    return sum(weight * second[term] for term, weight in first.items() if term in second)
