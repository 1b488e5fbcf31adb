"""The loader: an endless stream of packed rows, each epoch in an order of its own, shared among any number of ranks.

The stream is a function of the shards and the seed alone. Where it stands is one number, the rows consumed by all
ranks together, so a run that stopped in the middle of an epoch goes on with the very next row, on as many ranks as
there are then.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from odyssim.corpus.permutation import Permutation
from odyssim.corpus.shards import PackedShards, Rows
from odyssim.errors import UsageError

_AHEAD: Final = 4096


class Loader:
    """One rank's share of the stream of `shards`: every `world`-th row, beginning with the `rank`-th (0-based).

    `consumed` is the whole state: how many rows of the stream all ranks have taken. Raises `UsageError` for a rank
    outside 0 .. world-1.
    """

    def __init__(self, shards: PackedShards, *, seed: int, rank: int = 0, world: int = 1, consumed: int = 0) -> None:
        if not 0 <= rank < world:
            raise UsageError(f"There is no rank {rank} among {world}.")
        self.shards, self.rank, self.world = shards, rank, world
        self.consumed = consumed
        self._seed = seed
        self._ahead_of = 0
        self._ahead = np.empty(0, dtype=np.int64)

    def take(self, rows: int) -> Rows:
        """This rank's part of the next `rows` rows of the stream, in stream order; `consumed` grows by `rows`.

        Raises `UsageError` if the ranks cannot have equally many.
        """
        if rows % self.world:
            raise UsageError(
                f"{rows} rows cannot be shared by {self.world} ranks.", hint="take a multiple of the ranks"
            )
        numbers = self._next(rows)[self.rank :: self.world]
        self.consumed += rows
        return self.shards.rows(numbers)

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row numbers at ascending places of the stream."""
        epochs, ranks = np.divmod(places, len(self.shards))
        numbers = np.empty_like(places)
        for epoch in np.unique(epochs).tolist():
            now = epochs == epoch
            numbers[now] = Permutation(len(self.shards), self._seed, "epoch", epoch)(ranks[now])
        return numbers

    def _next(self, rows: int) -> NDArray[np.int64]:
        """The next row numbers of the stream; as they cost little in bulk, more are kept for the next call."""
        start = self.consumed - self._ahead_of
        if not 0 <= start <= len(self._ahead) - rows:
            self._ahead_of, start = self.consumed, 0
            self._ahead = self.numbers(np.arange(self.consumed, self.consumed + max(rows, _AHEAD)))
        return self._ahead[start : start + rows]
