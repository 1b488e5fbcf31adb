"""Records that belong together, brought together in bounded memory.

Files of single utterances usually keep a conversation in one piece; then its records are grouped as they come. Where
they do not, the records go through a temporary folder: each into the bucket that its key's hash names, then bucket by
bucket back into memory.
"""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeVar

from odyssim.storage import writing

BUCKET_BYTES: Final = 24 << 20
"""What one bucket is meant to hold on disk; as Python objects this is a few hundred MB at most."""
_MAX_BUCKETS: Final = 512  # all are open at once, and systems allow 1,024 files

RecordT = TypeVar("RecordT")


def in_one_piece(keys: Iterable[str]) -> bool:
    """Whether equal keys always follow each other. Holds 8 bytes per run of equal keys."""
    import numpy as np

    hashes = np.fromiter((_hash(key) for key, _ in groupby(keys)), dtype=np.uint64)
    return len(np.unique(hashes)) == len(hashes)


def neighbours(records: Iterable[tuple[str, RecordT]]) -> Iterator[tuple[str, list[RecordT]]]:
    """Runs of records with equal keys, in order."""
    for key, run in groupby(records, key=itemgetter(0)):
        yield key, [record for _, record in run]


def gathered(records: Iterable[tuple[str, RecordT]], *, size: int) -> Iterator[tuple[str, list[RecordT]]]:
    """All records of each key, wherever they stood; `size` is about how many bytes the records take on disk.

    Within a key the order is kept. Keys come bucket by bucket, in order of first appearance within one: an order that
    depends on keys and `size` alone. Raises `StorageError` if the temporary folder ($TMPDIR) is full.
    """
    count = min(_MAX_BUCKETS, size // BUCKET_BYTES + 1)
    with tempfile.TemporaryDirectory(prefix="odyssim-buckets-") as folder:
        paths = [Path(folder) / f"{number}.pickle" for number in range(count)]
        _spill(records, paths)
        for path in paths:
            groups: dict[str, list[RecordT]] = {}
            for key, record in _load(path):
                groups.setdefault(key, []).append(record)
            path.unlink()
            yield from groups.items()


def _spill(records: Iterable[tuple[str, RecordT]], paths: list[Path]) -> None:
    with writing(paths[0].parent), ExitStack() as stack:
        buckets = [stack.enter_context(path.open("wb")) for path in paths]
        for key, record in records:
            pickle.dump((key, record), buckets[_hash(key) % len(buckets)], protocol=5)


def _load(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as bucket:
        while bucket.peek(1):
            yield pickle.load(bucket)


def _hash(key: str) -> int:
    """64 bits of a key, the same on every platform and run."""
    return int.from_bytes(hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest(), "big")
