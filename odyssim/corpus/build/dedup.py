"""Copies: equal conversations by hash, similar ones by MinHash (Broder, 1997) with datatrove's four steps.

Similar means: the word 5-grams of two conversations agree in about 72 % or more (14 buckets of 8 hashes). Text of
sources whose items share sentences by construction, and of short conversations, is compared for equality only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from datatrove.data import Document
from datatrove.io import get_datafolder
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.word_tokenizers import WordTokenizer
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from odyssim.corpus.build.config import DedupConfig
from odyssim.corpus.build.executor import Pipeline, Step
from odyssim.corpus.build.layout import Layout
from odyssim.corpus.build.parts import Part, Plan
from odyssim.corpus.build.reports import PartReport
from odyssim.corpus.decontaminate.fingerprint import Hashes, gram_hashes, normalise, word_hashes
from odyssim.storage import write_text, writing
from odyssim.types import Interaction

_MINHASH: Final = MinhashConfig()
_RECORDS: Final = 4096
_COMMON_WORDS: Final = 8

COPY: Final = np.dtype([("row", "<u4"), ("of", "<u4")])
"""Row number of a copy within its part, and the part that holds the first of its kind."""


@dataclass(frozen=True)
class Compare:
    """Called after `ReadPart`: stores a hash per interaction, and passes on its text for MinHash (empty: not to be
    compared for similarity)."""

    config: DedupConfig
    templated: tuple[bool, ...]
    layout: Layout

    def __call__(self, data: Iterable[Interaction], rank: int, world_size: int) -> Iterator[Document]:
        hashes = array("Q")
        for row, interaction in enumerate(data):
            said = normalise("\n".join(turn.text for turn in interaction.turns))
            size = said.count(" ") + 1
            # What is said in a few words ("hi", "hello") is said by many: a copy only within its own dataset.
            whose = interaction.source.dataset if size < _COMMON_WORDS else ""
            hashes.append(
                int.from_bytes(hashlib.blake2b(f"{whose}\n{said}".encode(), digest_size=8).digest(), "little")
            )
            similar = not self.templated[rank] and size >= self.config.min_words
            yield Document(text=said if similar else "", id=f"{rank}/{row}")
        path = self.layout.hashes(rank)
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                np.save(file, np.frombuffer(hashes, dtype=np.uint64))


@dataclass(frozen=True)
class Settle:
    """Called last: a part is whole now. One that failed must not make others look like copies."""

    layout: Layout

    def __call__(self, data: Iterable[object] | None, rank: int, world_size: int) -> None:
        deque(data or (), maxlen=0)
        report = PartReport.model_validate_json(self.layout.read_report(rank).read_bytes())
        if report.failure is None:
            write_text(self.layout.whole(rank), "")
        else:
            self.layout.hashes(rank).unlink(missing_ok=True)
            shutil.rmtree(self.layout.signatures(rank), ignore_errors=True)


@dataclass(frozen=True)
class FindCopies:
    """One task over all hashes: which rows of which part equal an earlier one. Holds 40 bytes per interaction."""

    parts: tuple[Part, ...]
    layout: Layout

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        tasks = [task for task in range(len(self.parts)) if self.layout.hashes(task).is_file()]
        hashes = [np.load(self.layout.hashes(task)) for task in tasks]
        if not hashes:
            return
        nodes = np.concatenate([_nodes(task, np.arange(len(part))) for task, part in zip(tasks, hashes, strict=True)])
        _, first, where = np.unique(np.concatenate(hashes), return_index=True, return_inverse=True)
        _store(nodes, nodes[first[where]], self.layout.copies)


@dataclass(frozen=True)
class GatherSignatures:
    """One task: the signatures of all parts where the library looks for them, by bucket and number of the part."""

    parts: tuple[Part, ...]
    layout: Layout

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        shutil.rmtree(self.layout.minhash, ignore_errors=True)
        with writing(self.layout.minhash):
            for bucket in range(_MINHASH.num_buckets):
                folder = self.layout.minhash / "signatures" / f"bucket_{bucket:03d}"
                folder.mkdir(parents=True)
                for task in range(len(self.parts)):
                    signatures = self.layout.signatures(task) / folder.name / _signature_file(0)
                    if signatures.is_file():
                        (folder / _signature_file(task)).symlink_to(os.path.relpath(signatures, folder))


@dataclass(frozen=True)
class FindNearCopies:
    """One task over all pairs that MinHash found: of each connected group, all but the first row are near copies."""

    layout: Layout

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        files = sorted((self.layout.minhash / "pairs").glob("*.dups"))
        pairs = np.concatenate([np.fromfile(file, dtype="<u4").reshape(-1, 4) for file in files])
        ends = np.stack([_nodes(pairs[:, 0], pairs[:, 1]), _nodes(pairs[:, 2], pairs[:, 3])])
        nodes, places = np.unique(ends, return_inverse=True)
        one, other = places.reshape(ends.shape)
        links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(nodes), len(nodes)))
        _, group = connected_components(links, directed=False)
        _, first = np.unique(group, return_index=True)  # nodes are sorted, so the first is the earliest row
        _store(nodes, nodes[first[group]], self.layout.near_copies)


def _signature_file(number: int) -> str:
    return f"{number:05d}.minhash.sig"


def _nodes(task: int | NDArray[np.uint32], row: NDArray[Any]) -> NDArray[np.uint64]:
    """Rows of parts as single numbers that sort like (task, row)."""
    return (np.asarray(task, dtype=np.uint64) << np.uint64(32)) | row.astype(np.uint64)


def _store(nodes: NDArray[np.uint64], originals: NDArray[np.uint64], path_of: Callable[[int], Path]) -> None:
    """Write, for each part, its rows that are not their own original."""
    is_copy = nodes != originals
    tasks, rows, of = (nodes >> np.uint64(32))[is_copy], nodes[is_copy], (originals >> np.uint64(32))[is_copy]
    for task in np.unique(tasks).tolist():
        mine = tasks == task
        copies = np.empty(int(mine.sum()), dtype=COPY)
        copies["row"], copies["of"] = rows[mine] & np.uint64(0xFFFFFFFF), of[mine]
        path = path_of(task)
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, copies)


def copies_in(path: Path) -> dict[int, int]:
    """Rows of a part that are copies, each with the number of the part that holds the original."""
    if not path.is_file():
        return {}
    copies = np.load(path)
    return dict(zip(copies["row"].tolist(), copies["of"].tolist(), strict=True))


class _Signatures(MinhashDedupSignature):  # type: ignore[misc]  # datatrove is untyped
    """The library's signatures over our words, which every script has, hashed all at once."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(str(layout.parts), _MINHASH, language=_NoTokenizer())
        self.layout = layout

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        """Each part has a folder of its own and is number 0 in it: its number in this build may change."""
        self.output_folder = get_datafolder(str(self.layout.signatures(rank)))
        super().run(data, 0, 1)

    def get_shingles(self, text: str) -> Hashes:
        hashes, _ = word_hashes([text])
        return gram_hashes(hashes, _MINHASH.n_grams).reshape(-1, 1)


class _NoTokenizer(WordTokenizer):  # type: ignore[misc]
    """Keeps the library from loading one of its own."""

    def word_tokenize(self, text: str) -> list[str]:
        raise NotImplementedError

    sent_tokenize = span_tokenize = word_tokenize


def comparing(config: DedupConfig, plan: Plan, layout: Layout) -> Pipeline:
    """What stands between `ReadPart` and `Settle` in the same task."""
    templated = tuple(plan.readers[part.id].card.templated for part in plan.parts)
    return [Compare(config, templated, layout), *([_Signatures(layout)] if config.near else [])]


def matching(config: DedupConfig, plan: Plan, layout: Layout) -> list[Step]:
    """The steps between reading and finishing, which see all parts at once."""
    copies: Pipeline = [
        FindCopies(plan.parts, layout),
        *([GatherSignatures(plan.parts, layout)] if config.near else []),
    ]
    steps = [Step("copies", copies, 1)]
    if config.near:
        pairs = MinhashDedupBuckets(
            str(layout.minhash / "signatures"),
            str(layout.minhash / "pairs"),
            config=_MINHASH,
            lines_to_buffer=_RECORDS,
        )
        steps += [Step("pairs", [pairs], _MINHASH.num_buckets), Step("near-copies", [FindNearCopies(layout)], 1)]
    return steps
