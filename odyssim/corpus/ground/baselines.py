"""A writer that needs no model, to hold others against in the quality report.

The dataset's own contexts, the ceiling, and those of other conversations, the floor, are in every report already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from odyssim.corpus.ground.lines import cast_of
from odyssim.corpus.leak import FUNCTION_WORDS, words
from odyssim.types import Interaction, SocialContext

_KEYWORDS: Final = 6


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
