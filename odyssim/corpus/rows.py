"""Which documents share a row of fixed length, so that hardly any of it is padding.

A pool holds the next documents in their order. Each row begins with the oldest; its mates are those of the pool whose
lengths add up to what is left, found as an exact subset sum with one bit per length. Where nothing adds up, and where
the oldest is too long for a row, it goes in as a window (see `odyssim.corpus.windows`) that ends where the most tokens
come to good use; what room is left then takes windows of other long documents, and at last more of their context. The
rests return to the pool. No order by length: documents stay mixed, and the time is linear in their number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from odyssim.corpus.windows import Conversation, Window
from odyssim.types import Record

POOL: Final = 128


class PackCounts(Record):
    """What became of the documents.

    `windows` were placed for `sequences` documents, more than one where a document did not fit or was cut to fill a
    row. `dropped_turns` are trained turns that are longer than a row, `unseen_turns` turns before a trained one that no
    window had room for, `dropped_sequences` documents of which nothing is left.
    """

    sequences: int = 0
    windows: int = 0
    dropped_turns: int = 0
    unseen_turns: int = 0
    dropped_sequences: int = 0

    @classmethod
    def sum(cls, counts: Iterable[PackCounts]) -> PackCounts:
        total: Counter[str] = Counter()
        for one in counts:
            total.update(one.model_dump())
        return cls(**total)


@dataclass(frozen=True, slots=True)
class Placed:
    """Tokens in a row: `ids` and `loss` are equally long, `source` and `cluster` are those of the document."""

    ids: NDArray[np.unsignedinteger[Any]]
    loss: NDArray[np.bool_]
    source: int
    cluster: int


class Piece:
    """A document on its way into rows of `capacity` tokens, or what is left of it.

    Its first `opening` tokens belong to every window; `turn_start` is the id with which each turn begins. `rest` is
    the number of tokens of all that is left if one window can hold it, else 0. `placed` counts its windows so far;
    `entire`: it was placed as it is; `finished`: nothing is left.
    """

    def __init__(
        self,
        ids: NDArray[np.unsignedinteger[Any]],
        loss: NDArray[np.bool_],
        opening: int,
        source: int,
        cluster: int,
        *,
        turn_start: int,
        capacity: int,
    ) -> None:
        self.ids, self.loss, self.opening, self.source, self.cluster = ids, loss, opening, source, cluster
        self.turn_start, self.capacity = turn_start, capacity
        self.placed = 0
        self.entire = self.finished = False
        self.rest = self._rest()

    @cached_property
    def conversation(self) -> Conversation:
        starts = self.opening + np.flatnonzero(self.ids[self.opening :] == self.turn_start)
        trained = np.flatnonzero(np.logical_or.reduceat(self.loss, starts))
        return Conversation(self.opening, np.diff(starts, append=len(self.ids)).tolist(), trained.tolist())

    @cached_property
    def windows(self) -> list[Window]:
        """The windows that can be next, see `Conversation.windows`."""
        return self.conversation.windows(self.capacity)

    @property
    def rest_window(self) -> Window | None:
        """The window that holds the `rest`; none for a document that fits as it is."""
        return None if self._fits_as_it_is else self.windows[-1]

    def place(self, window: Window | None, free: int) -> Placed:
        """The tokens of `window` with up to `free` more of context, or the document as it is; the piece goes on behind.

        All before the window's first turn to learn is context.
        """
        self.placed += 1
        if window is None:
            self.entire = self.finished = True
            return Placed(self.ids, self.loss, self.source, self.cluster)
        window = self.conversation.extended(window, window.length + free)
        total, opening = self.conversation.total, self.opening
        body = slice(opening + total[window.start], opening + total[window.stop])
        loss = np.concatenate([self.loss[:opening], self.loss[body]])
        loss[: opening + total[window.first] - total[window.start]] = False
        ids = np.concatenate([self.ids[:opening], self.ids[body]])
        self.finished = not self.conversation.take(window)
        del self.windows
        self.rest = self._rest()
        return Placed(ids, loss, self.source, self.cluster)

    @property
    def _fits_as_it_is(self) -> bool:
        return not self.placed and len(self.ids) <= self.capacity

    def _rest(self) -> int:
        if self._fits_as_it_is:
            return len(self.ids)
        return self.windows[-1].length if self.windows and self.windows[-1].stop == self.conversation.end else 0


class RowBuilder:
    """The rows of `capacity` tokens that a stream of pieces gives, each a list of at least one `Placed`.

    Iterate once; `counts` is complete then.
    """

    def __init__(self, pieces: Iterable[Piece], capacity: int) -> None:
        self._stream = iter(pieces)
        self._capacity = capacity
        self._pool: list[Piece] = []
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> PackCounts:
        return PackCounts(**self._counts)

    def __iter__(self) -> Iterator[list[Placed]]:
        while True:
            self._pool += islice(self._stream, POOL - len(self._pool))
            if not self._pool:
                return
            oldest = self._pool.pop(0)
            if oldest.rest or oldest.windows:
                yield self._row(oldest)
            else:
                self._leave(oldest)

    def _row(self, oldest: Piece) -> list[Placed]:
        """Place `oldest` and what goes with it; what is then left of them goes to the end of the pool."""
        chosen = self._chosen(oldest)
        free = self._capacity - sum(_length(piece, window) for piece, window in chosen)
        row: list[Placed] = []
        for piece, window in chosen:
            planned = _length(piece, window)
            row.append(piece.place(window, free))
            free -= len(row[-1].ids) - planned
            if piece.finished:
                self._leave(piece)
            else:
                self._pool.append(piece)
        return row

    def _chosen(self, oldest: Piece) -> list[tuple[Piece, Window | None]]:
        """`oldest` and its mates, which leave the pool, each with its window: whole ones, then parts of long ones."""
        mates = [piece for piece in self._pool if piece.rest]
        goal = self._capacity - oldest.rest if oldest.rest else None
        sums = SubsetSums([piece.rest for piece in mates], self._capacity, goal)
        exact = goal is not None and sums.best(goal) == goal
        window = oldest.rest_window if exact else self._best_window(oldest, sums)
        free = self._capacity - _length(oldest, window)
        chosen = [(oldest, window)]
        for number in sums.members(sums.best(free)):
            chosen.append((mates[number], mates[number].rest_window))
            self._pool.remove(mates[number])
            free -= mates[number].rest
        while free and (part := self._best_part(free)):
            chosen.append(part)
            self._pool.remove(part[0])
            free -= part[1].length
        return chosen

    def _best_window(self, piece: Piece, sums: SubsetSums) -> Window:
        """The window of `piece` that fills its row best; tokens of mates count double, as filled and as done with."""

        def value(window: Window) -> int:
            beside = sums.best(self._capacity - window.length)
            filled = piece.conversation.extended(window, self._capacity - beside).length + beside
            return filled + window.progress + beside

        return max(reversed(piece.windows), key=value)

    def _best_part(self, free: int) -> tuple[Piece, Window] | None:
        """The most of a document too long for one window that goes into `free` tokens."""
        fitting = [
            (piece, piece.windows[count - 1])
            for piece in self._pool
            if not piece.rest and (count := bisect_right(piece.windows, free, key=lambda window: window.length))
        ]
        return max(fitting, key=lambda part: part[1].progress, default=None)

    def _leave(self, piece: Piece) -> None:
        """Count what became of a piece."""
        self._counts.update(sequences=1, windows=piece.placed, dropped_sequences=int(not piece.placed))
        if not piece.entire:
            conversation = piece.conversation
            self._counts.update(dropped_turns=conversation.dropped, unseen_turns=conversation.unseen)


def _length(piece: Piece, window: Window | None) -> int:
    return piece.rest if window is None else window.length


class SubsetSums:
    """What totals up to `limit` some of `lengths` can have; no more of them are tried once one has the total `goal`.

    Bit s of `_reached[n]` tells whether some of the first n lengths add up to s.
    """

    def __init__(self, lengths: Sequence[int], limit: int, goal: int | None = None) -> None:
        self._lengths = lengths
        self._reached = [1]
        mask = (1 << limit + 1) - 1
        for length in lengths:
            sums = self._reached[-1]
            if goal is not None and sums >> goal & 1:
                break
            self._reached.append((sums | sums << length) & mask)

    def best(self, room: int) -> int:
        """The largest total that is at most `room`."""
        return (self._reached[-1] & (1 << room + 1) - 1).bit_length() - 1

    def members(self, total: int) -> list[int]:
        """Indices of lengths with this total, the earliest that will do."""
        chosen = []
        for number in range(len(self._reached) - 1, 0, -1):
            if not self._reached[number - 1] >> total & 1:
                chosen.append(number - 1)
                total -= self._lengths[number - 1]
        return chosen[::-1]
