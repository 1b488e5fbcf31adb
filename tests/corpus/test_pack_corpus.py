"""A corpus packed on processes, on Ray, and after an interruption: the same bytes everywhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from odyssim.corpus.build.config import CorpusConfig, ExecutorConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.build.pack import PackSettings, pack_corpus
from odyssim.corpus.mix import MixConfig, SourceMix
from odyssim.corpus.summary import read_all
from odyssim.corpus.tokenizer import train_tokenizer

SMALL = PackSettings(seq_len=256, shard_tokens=8_000)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packing") / "corpus"
    build_corpus(CorpusConfig(sources=(SourceChoice(name="village", limit=300),), decontaminate="off"), None, out)
    return out


@pytest.fixture(scope="module")
def tokenizer(corpus: Path) -> Path:
    folder = corpus.parent / "tokenizer"
    train_tokenizer((turn.text for one in read_all(corpus) for turn in one.turns), 600, folder)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the packed splits."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for split in ("train", "validation")
        for path in sorted((folder / split).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def packed_here(corpus: Path, tokenizer: Path) -> Path:
    out = corpus.parent / "here"
    indices = pack_corpus(corpus, tokenizer, out, SMALL)
    assert indices is not None
    assert len(indices["train"].shards) > 3
    return out


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_other_executors_write_the_same_shards(
    kind: str, corpus: Path, tokenizer: Path, packed_here: Path, tmp_path: Path
) -> None:
    if kind == "ray":
        pytest.importorskip("ray", reason="SKIPPED FOR LACK OF RAY: pip install 'odyssim[ray]'")
    where = ExecutorConfig.model_validate({"kind": kind, "workers": 2})
    pack_corpus(corpus, tokenizer, tmp_path / "out", SMALL, executor=where)
    assert hashes(tmp_path / "out") == hashes(packed_here)


def test_what_is_there_is_not_written_again(corpus: Path, tokenizer: Path, packed_here: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack_corpus(corpus, tokenizer, out, SMALL)
    kept, lost = sorted(path for path in (out / "train").iterdir() if path.is_dir())[:2]
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    for path in (*lost.iterdir(), out / "train" / "index.json"):
        path.unlink()
    lost.rmdir()
    pack_corpus(corpus, tokenizer, out, SMALL)
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    assert hashes(out) == hashes(packed_here)


def test_another_mixture_uses_the_same_documents(corpus: Path, tokenizer: Path, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    once = pack_corpus(corpus, tokenizer, tmp_path / "once", SMALL, documents=documents)
    written = {path: path.stat().st_mtime_ns for path in documents.rglob("*.bin")}
    twice = SMALL.model_copy(update={"mix": MixConfig(sources={"village": SourceMix(ratio=2.0)})})
    doubled = pack_corpus(corpus, tokenizer, tmp_path / "twice", twice, documents=documents)
    assert {path: path.stat().st_mtime_ns for path in documents.rglob("*.bin")} == written
    assert once is not None
    assert doubled is not None
    assert doubled["train"].documents >= 2 * once["train"].documents
    assert doubled["validation"].tokens == once["validation"].tokens
