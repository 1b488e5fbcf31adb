"""A small world to train in: a tokenizer, and packed dialogues of two sources."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import DocumentStore, write_documents
from odyssim.corpus.pack import pack
from odyssim.corpus.render import render
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.training.config import ModelShape
from odyssim.types import Axis, Interaction, Source, Turn

WORDS = "so I went home and then you know she said no way but ok it was fine lol see you soon maybe".split()
SHAPE = ModelShape(hidden=32, layers=2, heads=2, kv_heads=1, head_dim=16, intermediate=64, max_positions=256)
SEQ_LEN = 64


def dialogues(split: str, count: int, seed: int, *, last_only: bool = False) -> list[Interaction]:
    """Two-person chats of random words, one side trained, or only the last turn, so that packing cuts none."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        turns = []
        length = rng.randint(2, 5)
        for turn in range(length):
            text = " ".join(rng.choices(WORDS, k=rng.randint(2, 7)))
            trained = turn == length - 1 if last_only else turn % 2 == 1
            turns.append(Turn(speaker="AB"[turn % 2], text=text, human=True, train=trained))
        source = Source(dataset=f"source-{number % 2}", licence="CC0-1.0", split=split, original_id=str(number))
        made.append(Interaction(turns=tuple(turns), context=None, source=source, axis=Axis.CONV))
    return made


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "tokenizer"
    train_tokenizer([turn.text for one in dialogues("train", 50, 0) for turn in one.turns], 320, folder)
    return folder


@pytest.fixture(scope="session")
def chatml(tokenizer: Path) -> ChatML:
    return ChatML(load_tokenizer(tokenizer))


def stores(folder: Path, made: list[Interaction], chatml: ChatML) -> list[DocumentStore]:
    """Tokenised dialogues of both sources."""
    return [
        write_documents(
            render([one for one in made if one.source.dataset == source], chatml, max_tokens=3 * SEQ_LEN),
            folder / source,
            source=source,
            chatml=chatml,
            max_tokens=3 * SEQ_LEN,
        )
        for source in ("source-0", "source-1")
    ]


@pytest.fixture(scope="session")
def shards(chatml: ChatML, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `train` and `validation`."""
    folder = tmp_path_factory.mktemp("shards")
    for seed, (split, count) in enumerate({"train": 120, "validation": 30}.items()):
        documents = stores(folder / "documents" / split, dialogues(split, count, seed), chatml)
        pack(documents, folder / split, seq_len=SEQ_LEN, seed=0)
    return folder


@pytest.fixture(scope="session")
def uncut(chatml: ChatML, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Shards of the same documents in rows of several lengths, each document whole and a cluster of its own."""
    folder = tmp_path_factory.mktemp("uncut")
    documents = stores(folder / "documents", dialogues("validation", 30, 1, last_only=True), chatml)
    packed = {seq_len: folder / str(seq_len) for seq_len in (2 * SEQ_LEN, 2 * SEQ_LEN + 9, 3 * SEQ_LEN)}
    for seq_len, path in packed.items():
        index = pack(documents, path, seq_len=seq_len, seed=seq_len)
        assert index.documents == 30
    return packed
