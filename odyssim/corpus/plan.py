"""What a corpus of any size would take: time, disk and money, from the rates of one that was built.

Time and disk are taken to grow with the number of words. Reading and finishing run on all workers, pairing on as many
as MinHash has buckets; finding copies and the summary see all parts at once and run on one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from odyssim.corpus.summary import CorpusSummary
from odyssim.errors import UsageError
from odyssim.types import Record

PUBLISHED_INTERACTIONS: Final = 21_400_000
PUBLISHED_TOKENS: Final = 10_000_000_000
TOKENS_PER_WORD: Final = 1.35
"""English chat under a vocabulary of about 150,000; measured when nothing else is known."""

_AT_MOST: Final = {"copies": 1, "pairs": 14, "near-copies": 1, "summary": 1}
"""Workers that a step can use; those that are not named here use all."""
_SIGNATURE_BYTES: Final = 14 * (8 * 8 + 4)
"""MinHash of one interaction: 14 buckets of 8 hashes and a row number."""
_PACKED_BYTES: Final = 4 + 1 / 8
"""Bytes per token in packed shards: an id of 32 bits and a bit of loss."""


class CorpusPlan(Record):
    """Hours of wall time by step, gigabytes by kind, and money. `usd` is none where no price is known or asked."""

    interactions: int
    words: int
    tokens: int
    nodes: int
    workers: int
    hours: dict[str, float]
    gigabytes: dict[str, float]
    node_usd: float | None
    contexts_usd: float | None

    @property
    def wall_hours(self) -> float:
        return sum(self.hours.values())


def plan_corpus(
    measured: CorpusSummary,
    folder: Path,
    *,
    interactions: int = PUBLISHED_INTERACTIONS,
    tokens: int = PUBLISHED_TOKENS,
    nodes: int = 1,
    workers_per_node: int = 32,
    usd_per_node_hour: float | None = None,
    usd_per_context: float | None = None,
) -> CorpusPlan:
    """The plan of a corpus of `interactions` with `tokens` tokens, from `measured`, which lies in `folder`.

    `usd_per_context` is what writing one social context costs, for every interaction. Raises `UsageError` if the
    measured corpus was not timed, or is too small to learn from.
    """
    words = sum(tally.words for tally in measured.tallies)
    if not any(measured.seconds.values()) or words < 100_000:
        raise UsageError(
            f"{folder} has {words:,} words and {sum(measured.seconds.values()):.0f} s on record: too few for a plan.",
            hint="build one of 100,000 words or more on local workers first: odyssim corpus build",
        )
    planned_words = round(tokens / TOKENS_PER_WORD)
    scale, workers = planned_words / words, nodes * workers_per_node
    stored = sum((folder / file.path).stat().st_size for file in measured.files) * scale / 1e9
    # Of what was read for an earlier build only the work is on record, not the wall time.
    wall = measured.seconds | {"read": sum(measured.work_seconds.values()) / measured.workers}
    hours = {
        step: seconds * scale / 3600 * _at_once(step, measured.workers) / _at_once(step, workers)
        for step, seconds in wall.items()
    }
    return CorpusPlan(
        interactions=interactions,
        words=planned_words,
        tokens=tokens,
        nodes=nodes,
        workers=workers,
        hours=hours,
        gigabytes={
            "corpus": stored,
            # What was read, beside what is written of it: as much again. It stays until OUT/.build is removed.
            "while it is built": 2 * stored + interactions * _SIGNATURE_BYTES / 1e9,
            "packed": tokens * _PACKED_BYTES / 1e9,
        },
        node_usd=None if usd_per_node_hour is None else sum(hours.values()) * nodes * usd_per_node_hour,
        contexts_usd=None if usd_per_context is None else interactions * usd_per_context,
    )


def _at_once(step: str, workers: int) -> int:
    return min(workers, _AT_MOST.get(step, workers))
