"""Writers that need no model, to hold others against in the quality report.

The dataset's own contexts, the ceiling, are in every report already.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from odyssim.corpus.ground.lines import cast_of
from odyssim.corpus.leak import FUNCTION_WORDS, words
from odyssim.types import Interaction, SocialContext, derive_seed

_KEYWORDS: Final = 6


def copied(interactions: Iterable[Interaction], seed: int) -> Iterator[Interaction]:
    """Each conversation with the context of another one of its source, drawn by `seed`: the floor.

    Conversations without a context, and those that are alone in their source, are left out. Holds all in memory.
    """
    by_source: dict[str, list[Interaction]] = defaultdict(list)
    for interaction in interactions:
        if interaction.context is not None:
            by_source[interaction.source.dataset].append(interaction)
    for source, pool in by_source.items():
        random.Random(derive_seed(seed, "copied", source)).shuffle(pool)
        for own, other in zip(pool, [*pool[1:], pool[0]], strict=True):
            if own is not other:
                yield own.model_copy(update={"context": other.context})


def keywords(interactions: Iterable[Interaction]) -> Iterator[Interaction]:
    """Each conversation with a list of its most frequent content words: specific, and no scene at all.

    A matcher that counts words is fooled by it; so its place tells how far such a matcher can be trusted.
    """
    for interaction in interactions:
        said = Counter(word for turn in interaction.turns for word in words(turn.text) if word not in FUNCTION_WORDS)
        listed = ", ".join(word for word, _ in said.most_common(_KEYWORDS))
        context = SocialContext(
            scenario=f"A talk between {', '.join(cast_of(interaction))}. It is about: {listed}.",
            author="back_generated",
            model="keywords",
        )
        yield interaction.model_copy(update={"context": context})
