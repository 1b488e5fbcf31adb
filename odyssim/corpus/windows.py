"""A conversation that is too long for its place: the windows through which all of it is learnt.

    turn       0  1  2  3  4  5  6  7  8  9  10 11
    window 1   o  X  o  X  o  X  o  X                     room for eight turns; X is trained
    window 2                        o  o  X  o  X         o is context: read, not trained

Every trained turn is trained in one window. A window after the first also shows the turns before its fresh part, as
many as fit into `CONTEXT_SHARE` of the room, so that nobody answers out of the blue. Turns are never cut, and every
window begins with the whole opening (the system message).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil
from typing import Final

CONTEXT_SHARE: Final = 0.125


@dataclass(frozen=True, slots=True)
class Window:
    """Turns `start` .. `stop` - 1 behind the opening, `length` tokens in all; those from `first` on are learnt here.

    `progress` estimates how many tokens fewer are left for other windows, their openings and context included.
    """

    start: int
    first: int
    stop: int
    length: int
    progress: int


class Conversation:
    """What of a conversation is still to be learnt, as numbers of tokens.

    `opening` is what every window repeats, `lengths` are those of the turns, `trained` (ascending) the turns to learn.
    `dropped` counts trained turns that are longer than a window, `unseen` other turns that no window shows although
    they stand before a trained one. `end` is the turn behind the last trained one.
    """

    def __init__(self, opening: int, lengths: Sequence[int], trained: Sequence[int]) -> None:
        self.opening, self.lengths, self.trained = opening, lengths, trained
        self.total = [0, *accumulate(lengths)]
        self.end = trained[-1] + 1
        self.dropped = self.unseen = 0
        self._done = 0  # trained turns that are learnt or dropped
        self._fresh = 0  # the turn behind the last window
        self._skipped = 0  # dropped turns from there on

    def windows(self, capacity: int) -> list[Window]:
        """Every window of at most `capacity` tokens that can be next, from the shortest to the longest.

        They share their start and end behind different trained turns. None if nothing is left to learn.
        """
        room = capacity - self.opening
        while self._done < len(self.trained) and self.lengths[self.trained[self._done]] > room:
            self._done += 1
            self._skipped += 1
            self.dropped += 1
        if self._done == len(self.trained):
            return []
        first = self.trained[self._done]
        context = int(CONTEXT_SHARE * room)
        start = max(
            bisect_left(self.total, self.total[self._fresh] - context),
            bisect_left(self.total, self.total[first + 1] - room),
        )
        end = bisect_left(self.trained, bisect_right(self.total, self.total[start] + room) - 1)

        def left(turn: int) -> int:
            """Tokens of the windows for everything from `turn` on, about."""
            content = self.total[self.end] - self.total[turn]
            return content + ceil(content / (room - context)) * (self.opening + context)

        now = left(max(start, self._fresh))
        return [
            Window(
                start=start,
                first=first,
                stop=last + 1,
                length=self.opening + self.total[last + 1] - self.total[start],
                progress=now - left(last + 1),
            )
            for last in self.trained[self._done : end]
        ]

    def extended(self, window: Window, capacity: int) -> Window:
        """`window` with as many more turns before it as fit into `capacity` tokens."""
        start = bisect_left(self.total, self.total[window.start] - (capacity - window.length))
        longer = self.total[window.start] - self.total[start]
        return replace(window, start=start, length=window.length + longer)

    def take(self, window: Window) -> bool:
        """Go on behind `window`; whether anything is left to learn."""
        self.unseen += max(0, window.start - self._fresh - self._skipped)
        self._done = bisect_left(self.trained, window.stop)
        self._fresh, self._skipped = window.stop, 0
        return self._done < len(self.trained)
