"""A small world to train in: a tokenizer, and packed dialogues of two sources."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.render import render
from odyssim.corpus.shards import pack
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.training.config import ModelShape
from odyssim.types import Axis, Interaction, Source, Turn

WORDS = "so I went home and then you know she said no way but ok it was fine lol see you soon maybe".split()
SHAPE = ModelShape(hidden=32, layers=2, heads=2, kv_heads=1, head_dim=16, intermediate=64, max_positions=256)
SEQ_LEN = 64


def dialogues(split: str, count: int, seed: int) -> list[Interaction]:
    """Two-person chats of random words, one side trained."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        turns = []
        for turn in range(rng.randint(2, 5)):
            text = " ".join(rng.choices(WORDS, k=rng.randint(2, 7)))
            turns.append(Turn(speaker="AB"[turn % 2], text=text, human=True, train=turn % 2 == 1))
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


@pytest.fixture(scope="session")
def shards(chatml: ChatML, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `train` and `validation`."""
    folder = tmp_path_factory.mktemp("shards")
    for seed, (split, count) in enumerate({"train": 120, "validation": 30}.items()):
        sequences = [
            (one.source.dataset, sequence)
            for one in dialogues(split, count, seed)
            for sequence in render(one, chatml, max_tokens=SEQ_LEN)[0]
        ]
        pack(sequences, folder / split, seq_len=SEQ_LEN, chatml=chatml, seed=0)
    return folder
