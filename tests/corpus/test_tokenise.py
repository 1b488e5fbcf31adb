"""Tokenising a corpus: each file once, again only if it or the way has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import DocumentStore
from odyssim.corpus.render import cluster_of
from odyssim.corpus.store import InteractionWriter
from odyssim.corpus.summary import SUMMARY_FILE, Compared, CorpusFile, CorpusSummary, read_summary
from odyssim.corpus.tokenise import tokenise_file
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, Source, Turn
from tests.corpus.made import make_chatml

FILES = {"chats/train-00000": 5, "chats/train-00001": 4, "chats/validation-00000": 3, "talks/train-00000": 2}


def interaction(dataset: str, split: str, uid: int) -> Interaction:
    return Interaction(
        turns=tuple(Turn(speaker="AB"[n % 2], text=f"turn {n} of {uid}", human=True, train=True) for n in range(4)),
        context=None,
        source=Source(dataset=dataset, licence="MIT", split=split, original_id=str(uid)),
        axis=Axis.CONV,
    )


def write_corpus(folder: Path, files: dict[str, int]) -> None:
    """A corpus of these files with so many interactions each."""
    entries = []
    for name, count in files.items():
        dataset, part = name.split("/")
        path = folder / f"{name}.parquet"
        with InteractionWriter(path) as writer:
            for uid in range(count):
                writer.add(interaction(dataset, part.split("-")[0], uid))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entries.append(CorpusFile(path=f"{name}.parquet", source=dataset, split=part.split("-")[0], sha256=digest))
    summary = CorpusSummary(
        key="",
        config={},
        sources=(),
        files=tuple(entries),
        compared=Compared(),
        workers=1,
        seconds={},
        work_seconds={},
    )
    (folder / SUMMARY_FILE).write_text(summary.model_dump_json())


def tokenise(corpus: Path, split: str, out: Path, *, chatml: ChatML, max_tokens: int) -> list[DocumentStore]:
    files = [file for file in read_summary(corpus).files if file.split == split]
    return [tokenise_file(corpus, file, out, chatml=chatml, max_tokens=max_tokens) for file in files]


@pytest.fixture(scope="module")
def chatml(tmp_path_factory: pytest.TempPathFactory) -> ChatML:
    return make_chatml(tmp_path_factory.mktemp("tokenise"))


def times(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("index.json")}


def test_every_file_of_the_split_has_a_store(chatml: ChatML, tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", FILES)
    stores = tokenise(tmp_path / "corpus", "train", tmp_path / "out", chatml=chatml, max_tokens=100)
    assert [(store.index.source, len(store)) for store in stores] == [("chats", 10), ("chats", 8), ("talks", 4)]
    assert stores[2].path == tmp_path / "out/talks/train-00000"
    found = stores[2].read(np.arange(4)).clusters.tolist()
    assert found == [cluster_of(interaction("talks", "train", uid).source) for uid in (0, 0, 1, 1)]


def test_only_what_changed_is_tokenised_again(chatml: ChatML, tmp_path: Path) -> None:
    def stores(max_tokens: int = 100) -> dict[str, int]:
        tokenise(tmp_path / "corpus", "train", tmp_path / "out", chatml=chatml, max_tokens=max_tokens)
        return times(tmp_path / "out")

    write_corpus(tmp_path / "corpus", FILES)
    first = stores()
    assert stores() == first
    write_corpus(tmp_path / "corpus", FILES | {"chats/train-00001": 6})
    second = stores()
    assert [name for name in first if first[name] != second[name]] == ["chats/train-00001/index.json"]
    third = stores(max_tokens=90)
    assert all(second[name] != third[name] for name in second)


def test_a_broken_file_is_named_and_what_is_done_stays(chatml: ChatML, tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", FILES)
    (tmp_path / "corpus/talks/train-00000.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"talks/train-00000\.parquet"):
        tokenise(tmp_path / "corpus", "train", tmp_path / "out", chatml=chatml, max_tokens=100)
    assert set(times(tmp_path / "out")) == {"chats/train-00000/index.json", "chats/train-00001/index.json"}
