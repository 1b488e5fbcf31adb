"""Everyday chat (CONV): how a short conversation runs through a topic."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from odyssim.corpus.sources.village_text import Lines, lines
from odyssim.corpus.sources.village_topics import Topic

Who = Literal["first", "second"]


@dataclass(frozen=True)
class Move:
    """One utterance to come: who speaks, and the patterns to choose from."""

    who: Who
    patterns: Lines


GREETINGS = lines("{hey} {opener} / {opener} / {opener} / {name}! {opener} / {name}? {opener} / {opener}")
NODS = lines(
    "Ha. / Oh. / Typical. / No way. / Same here. / Poor you. / Good. / Fair enough. / "
    "Really? / Nice. / Ugh. / True. / Hm. / Who would've thought. / If you say so. / "
    "That's {day} for you."
)
ENDS = lines(
    "Got to go. / Right, back to work. / See you {day}. / Later then. / Anyway. Bye. / "
    "Talk soon. / My soup's burning, bye. / Say hi at home. / Okay, off I go. / "
    "Somebody's at the door. / Bye."
)
LAST_WORDS = lines("Bye. / See you. / Yep. / Okay. / Sleep well. / Take care. / Will do. / You too. / Cheers.")


def chat(topic: Topic, asides: dict[Who, Lines], rng: random.Random) -> list[Move]:
    """The course of one chat: an opener, a reaction, some questions to the opener, and an end, or none.

    The patterns need the slots of `village_topics`, `opener` (those of the topic) and `name` (of the second person).
    """
    moves = [Move("first", GREETINGS), Move("second", topic.reactions)]
    for questions, answers in rng.sample(topic.exchanges, rng.randint(0, len(topic.exchanges))):
        moves += [Move("second", questions), Move("first", answers)]
        if rng.random() < 0.4:
            moves.append(Move("second", NODS))
    if rng.random() < 0.35:
        telling, nodding = _pair(rng)
        moves += [Move(telling, asides[telling]), Move(nodding, NODS)]
    if rng.random() < 0.5:
        leaving, staying = _pair(rng)
        moves.append(Move(leaving, ENDS))
        if rng.random() < 0.6:
            moves.append(Move(staying, LAST_WORDS))
    return moves


def _pair(rng: random.Random) -> tuple[Who, Who]:
    return ("first", "second") if rng.random() < 0.5 else ("second", "first")
