"""One index from the hash of a 13-gram, or of a whole text, to all tasks that hold it.

    saved/index.json        format, items per task, what was not at hand
    saved/grams.npy         hashes in rising order; beside each, the benchmark text, and the word where it starts
    saved/gram_texts.npy
    saved/gram_places.npy
    saved/text_tasks.npy    of each benchmark text, the task, and how many of its words stand in indexed 13-grams
    saved/text_words.npy
    saved/wholes.npy        hashes of whole texts in rising order; beside each, the task
    saved/whole_tasks.npy

It takes 16 bytes per word of the benchmarks. A loaded index is memory-mapped: the workers of one machine share it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from odyssim.corpus.decontaminate.fingerprint import (
    GRAM,
    Hashes,
    Integers,
    gram_hashes,
    powers,
    whole_hashes,
    word_hashes,
)
from odyssim.errors import DataError
from odyssim.storage import new_folder, write_text
from odyssim.types import Record

FORMAT: Final = 1
_META: Final = "index.json"
_HINT: Final = "remove the folder: the next build of the corpus makes the index again"


class Overlap(Record):
    """What one row shares with one task.

    `grams`: different 13-grams. `texts`: benchmark texts that hold one of them. `words`, `share`: the most words of
    one benchmark text that stand in shared 13-grams, and the largest such part of one text, 0 to 1. `exact`: texts
    of the row, or pairs of neighbouring ones, that equal a whole item, prompt or benchmark text.
    """

    grams: int
    texts: int
    words: int
    share: float
    exact: int


@dataclass(frozen=True)
class IndexArrays:
    """The arrays of an index, under the names of their files."""

    grams: Hashes
    gram_texts: npt.NDArray[np.int32]
    gram_places: npt.NDArray[np.int32]
    text_tasks: npt.NDArray[np.uint16]
    text_words: npt.NDArray[np.int32]
    wholes: Hashes
    whole_tasks: npt.NDArray[np.uint16]


class _Meta(Record):
    format: int
    items: dict[str, int]
    missing: dict[str, str]


class OverlapIndex:
    """Finds benchmark texts in rows; made by `build_index`.

    `items` per task, in the order of the task numbers (0: none was at hand, so none can be found); `missing`: what was
    not at hand, and why.
    """

    def __init__(self, arrays: IndexArrays, items: dict[str, int], missing: dict[str, str]) -> None:
        self.items = items
        self.missing = missing
        self._tasks = list(items)
        self._arrays = arrays
        # Most grams of a corpus stand in no benchmark: a table by the first bits of the hash says so without a search.
        bits = min(26, max(16, len(arrays.grams).bit_length() + 3))
        self._shift = np.uint64(64 - bits)
        self._possible = np.zeros(1 << bits, dtype=np.bool_)
        self._possible[arrays.grams >> self._shift] = True

    @property
    def digest(self) -> str:
        """Stands for everything that can be found: another digest may find other overlap."""
        digest = hashlib.blake2b(json.dumps([FORMAT, self._tasks]).encode(), digest_size=8)
        for array in vars(self._arrays).values():
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def find(self, texts: Sequence[str]) -> dict[str, Overlap]:
        """What a row, given as its texts in reading order, shares with each task; tasks without overlap are absent.

        13-grams run on from one text to the next.
        """
        index = self._arrays
        hashes, lengths = word_hashes(texts)
        grams = gram_hashes(hashes)
        grams = np.unique(grams[self._possible[grams >> self._shift]])
        hit, entry = _occurrences(index.grams, grams)
        _, exact = _occurrences(index.wholes, _texts_and_pairs(hashes, lengths))
        if not len(entry) and not len(exact):
            return {}
        found, words = covered_words(index.gram_texts[entry], index.gram_places[entry])
        shares = words / index.text_words[found]
        gram_tasks, text_tasks = index.text_tasks[index.gram_texts[entry]], index.text_tasks[found]
        exact_tasks = index.whole_tasks[exact]
        return {
            self._tasks[task]: Overlap(
                grams=len(np.unique(hit[gram_tasks == task])),
                texts=np.count_nonzero(text_tasks == task),
                words=int(words[text_tasks == task].max(initial=0)),
                share=float(shares[text_tasks == task].max(initial=0.0)),
                exact=np.count_nonzero(exact_tasks == task),
            )
            for task in np.union1d(text_tasks, exact_tasks)
        }

    def save(self, folder: Path) -> None:
        """Write the index into a new folder. Raises `UsageError` if it exists, `StorageError` if writing fails."""
        with new_folder(folder) as partial:
            for name, array in vars(self._arrays).items():
                np.save(partial / f"{name}.npy", array)
            meta = _Meta(format=FORMAT, items=self.items, missing=self.missing)
            write_text(partial / _META, meta.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """A saved index, memory-mapped. Raises `DataError` if it is missing, incomplete or of another format."""
        try:
            meta = _Meta.model_validate_json((folder / _META).read_bytes())
            arrays = IndexArrays(**{field.name: _mapped(folder, field.name) for field in fields(IndexArrays)})
        except (OSError, ValueError, ValidationError) as error:
            raise DataError(f"this is no overlap index: {error}", path=folder, hint=_HINT) from error
        if meta.format != FORMAT:
            raise DataError(f"the index has format {meta.format}, not {FORMAT}", path=folder, hint=_HINT)
        return cls(arrays, meta.items, meta.missing)


def covered_words(texts: Integers, places: Integers) -> tuple[Integers, Integers]:
    """The different `texts` in rising order, and how many words of each the grams that start at `places` cover."""
    order = np.lexsort((places, texts))
    texts, places = texts[order], places[order]
    first = np.diff(texts, prepend=-1) > 0
    gained = np.where(first, GRAM, np.minimum(np.diff(places, prepend=0), GRAM))
    return texts[first], np.bincount(np.cumsum(first) - 1, weights=gained).astype(np.int64)


def _occurrences(table: Hashes, keys: Hashes) -> tuple[Integers, Integers]:
    """Every (place in `keys`, place of an equal entry in the sorted `table`)."""
    left = np.searchsorted(table, keys, side="left")
    counts = np.searchsorted(table, keys, side="right") - left
    key = np.repeat(np.arange(len(keys)), counts)
    nth = np.arange(len(key)) - np.repeat(np.cumsum(counts) - counts, counts)
    return key, left[key] + nth


def _texts_and_pairs(hashes: Hashes, lengths: Integers) -> Hashes:
    """The hashes of all texts that have words, and of all neighbouring two of them read as one."""
    lengths = lengths[lengths > 0]
    texts = whole_hashes(hashes, lengths)
    pairs = texts[:-1] + texts[1:] * powers(int(lengths.max(initial=0)) + 1)[lengths[:-1]]
    return np.concatenate([texts, pairs])


def _mapped(folder: Path, name: str) -> npt.NDArray[Any]:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
