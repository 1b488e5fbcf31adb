"""Building the index: the items of all benchmarks, cut into texts, hashed, sorted, and freed of templates.

A benchmark text is a text of an item with 13 words or more, or a run of shorter ones that reach 13 together. What an
item consists of only counts whole if it has fewer than 13 words in all.

A gram in more than 20 items, and more than 2 %, of a task is its template ("read the story and choose one answer") and
says nothing about an item, so it is not indexed; nor is a text that consists of nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from odyssim.corpus.decontaminate.fingerprint import GRAM, Hashes, Integers, gram_hashes, whole_hashes, word_hashes
from odyssim.corpus.decontaminate.index import IndexArrays, OverlapIndex, covered_words
from odyssim.corpus.decontaminate.items import EvaluationItem, ItemReport, evaluation_items
from odyssim.progress import Progress, Silent

TEMPLATE_ITEMS: Final = 20
TEMPLATE_SHARE: Final = 0.02
MIN_WHOLE: Final = 3
"""Words of the shortest item that its whole text identifies."""


def build_index(data: Path | None, *, progress: Progress = Silent()) -> OverlapIndex:
    """The index of all evaluation items at hand: of the registered tasks, and of the files in `data`/bench.

    What was not at hand stands in `missing` of the index: with nothing at hand, nothing can be found. Raises
    `DataError` for a benchmark file that is broken or of another shape.
    """
    report = ItemReport()
    return index_items(evaluation_items(data, report, progress=progress), report)


def index_items(items: Iterable[EvaluationItem], report: ItemReport) -> OverlapIndex:
    """The index of `items`; `report` is read after the last of them."""
    draft = _Draft()
    for item in items:
        draft.add(item)
    counts = {task: max(places.values()) for task, places in draft.seen.items()}
    none_here = dict.fromkeys(sorted(report.tasks - counts.keys()), 0)
    return OverlapIndex(draft.arrays(), counts | none_here, dict(sorted(report.missing.items())))


class _Draft:
    """The index while items are added. Tasks, items and texts are numbered as they come."""

    def __init__(self) -> None:
        self.seen: dict[str, Counter[str]] = {}
        self.wholes: set[tuple[int, int]] = set()
        self.texts: dict[tuple[int, int], int] = {}
        self.grams: list[Hashes] = []
        self.numbers = count()
        self.first_item: list[int] = []
        self.holders: list[int] = []

    def add(self, item: EvaluationItem) -> None:
        self.seen.setdefault(item.task, Counter())[item.place] += 1
        task, number = list(self.seen).index(item.task), next(self.numbers)
        held = set()
        for form in item.forms:
            hashes, lengths = word_hashes(form)
            held |= {self._text(task, number, passage) for passage in _passages(hashes, lengths)}
            if MIN_WHOLE <= len(hashes) < GRAM:
                self.wholes.add((_whole(hashes), task))
        for text in held:
            self.holders[text] += 1
        self.wholes |= {(whole, task) for whole in whole_hashes(*word_hashes(item.wholes)).tolist()}

    def _text(self, task: int, item: int, passage: Hashes) -> int:
        """The number of a text; the same text of the same task has one number."""
        key = (_whole(passage), task)
        if key not in self.texts:
            self.texts[key] = len(self.texts)
            self.grams.append(gram_hashes(passage))
            self.first_item.append(item)
            self.holders.append(0)
        return self.texts[key]

    def arrays(self) -> IndexArrays:
        """All grams in rising order, without the templates."""
        grams = np.concatenate([*self.grams, _NOTHING])
        text_tasks = np.array([task for _, task in self.texts], np.uint16)
        sizes = np.fromiter(map(len, self.grams), np.int64, len(self.grams))
        texts = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        places = (np.arange(len(grams)) - np.repeat(np.cumsum(sizes) - sizes, sizes)).astype(np.int32)
        first_items = np.array(self.first_item, np.int64)

        order = np.lexsort((first_items[texts], text_tasks[texts], grams))
        grams, texts, places = grams[order], texts[order], places[order]
        held_by = _items_holding(grams, text_tasks[texts], first_items[texts], np.array(self.holders, np.int64)[texts])
        kept = held_by <= self._limits()[text_tasks[texts]]
        grams, texts, places = grams[kept], texts[kept], places[kept]

        text_words = np.zeros(len(sizes), np.int32)
        indexed, words = covered_words(texts, places)
        text_words[indexed] = words
        wholes = sorted(self.wholes | {key for key, text in self.texts.items() if text_words[text]})
        return IndexArrays(
            grams=grams,
            gram_texts=texts,
            gram_places=places,
            text_tasks=text_tasks,
            text_words=text_words,
            wholes=np.array([whole for whole, _ in wholes], np.uint64),
            whole_tasks=np.array([task for _, task in wholes], np.uint16),
        )

    def _limits(self) -> npt.NDArray[np.float64]:
        """Per task, in how many items a gram may stand."""
        return np.maximum(TEMPLATE_ITEMS, TEMPLATE_SHARE * np.array([places.total() for places in self.seen.values()]))


_NOTHING: Final = np.zeros(0, np.uint64)


def _passages(hashes: Hashes, lengths: Integers) -> Iterator[Hashes]:
    """The words of each text of `GRAM` words or more, and of each run of shorter ones that is as long together."""
    run = 0
    for start, end in zip(np.cumsum(lengths) - lengths, np.cumsum(lengths), strict=True):
        if end - start >= GRAM:
            if start - run >= GRAM:
                yield hashes[run:start]
            yield hashes[start:end]
            run = end
    if len(hashes) - run >= GRAM:
        yield hashes[run:]


def _whole(hashes: Hashes) -> int:
    return int(whole_hashes(hashes, np.array([len(hashes)]))[0])


def _items_holding(grams: Hashes, tasks: Integers, items: Integers, holders: Integers) -> Integers:
    """For each entry, sorted by gram, task and item: how many items of its task hold its gram.

    `items` is the first item with the text of the entry, `holders` the number of items with that text.
    """
    new_task = _changes(grams) | _changes(tasks)
    starts = np.flatnonzero(new_task | _changes(items))
    per_item = np.maximum.reduceat(holders, starts)
    per_task = np.add.reduceat(per_item, np.flatnonzero(new_task[starts]))
    holding: Integers = per_task[np.cumsum(new_task) - 1]
    return holding


def _changes(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]
