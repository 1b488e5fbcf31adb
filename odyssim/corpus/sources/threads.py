"""From a tree of replies to one line of talk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf
from typing import Protocol, TypeVar


class Utterance(Protocol):
    """What is needed to place an utterance: its id, the id it answers, and when it was said (seconds), if known."""

    @property
    def id(self) -> str: ...
    @property
    def reply_to(self) -> str | None: ...
    @property
    def time(self) -> float | None: ...


UtteranceT = TypeVar("UtteranceT", bound=Utterance)


def in_order(thread: Sequence[UtteranceT]) -> list[UtteranceT]:
    """The utterances of a conversation as people could have read them, branches interleaved.

    The root comes first, every utterance after the one it answers; among those that can come next the earliest does,
    and of equal times the one that stands first in `thread`. One without a time counts as said right with the one it
    answers. Answers to nobody we know, and rings of replies, hang on the root.
    """
    if not thread:
        return []
    place = {utterance.id: index for index, utterance in reversed(list(enumerate(thread)))}
    root = next((index for index, utterance in enumerate(thread) if not utterance.reply_to), 0)
    answers = defaultdict(list)
    for index, utterance in enumerate(thread):
        if index != root:
            answers[place.get(utterance.reply_to or "", root)].append(index)

    order: dict[int, UtteranceT] = {}
    sayable: list[tuple[float, int]] = [(-inf, root)]
    in_time = iter(sorted(range(len(thread)), key=lambda index: (_time(thread[index], -inf), index)))
    while len(order) < len(thread):
        if not sayable:  # what is left goes round in rings
            heappush(sayable, (-inf, next(index for index in in_time if index not in order)))
        time, index = heappop(sayable)
        if index not in order:
            order[index] = thread[index]
            for answer in answers[index]:
                heappush(sayable, (_time(thread[answer], _time(thread[index], time)), answer))
    return list(order.values())


def _time(utterance: Utterance, otherwise: float) -> float:
    return otherwise if utterance.time is None else utterance.time
