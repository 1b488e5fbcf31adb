"""Conversations to measure with: words made of syllables, as frequent as words are (Zipf), in turns of human length."""

from __future__ import annotations

import random
from collections.abc import Iterator

from odyssim.types import Axis, Interaction, SocialContext, Source, Turn

SYLLABLES = "ba co di fu ga he jo ka li mo na pe qui ro su ta ver wo ya zo an en ing st er".split()


def conversations(count: int, turns: int, *, words: int = 14, seed: int = 0) -> Iterator[Interaction]:
    """`count` dialogues of two with a context, `turns` turns of `words` words on average, one side to imitate."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(5000)]
    weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]
    for number in range(count):
        said = [
            " ".join(rng.choices(vocabulary, weights, k=rng.randint(1, 2 * words - 1)))
            + rng.choice([".", "?", "", "!"])
            for _ in range(turns + 1)
        ]
        yield Interaction(
            turns=tuple(
                Turn(speaker="AB"[place % 2], text=text, human=True, train=place % 2 == 1)
                for place, text in enumerate(said[1:])
            ),
            context=SocialContext(scenario=said[0]),
            source=Source(dataset="generated", licence="Apache-2.0", split="train", original_id=str(number)),
            axis=Axis.CONV,
        )
