"""Rows per second of the loader on one core, and how packing fares before it.

    python benchmarks/loader.py
    python benchmarks/loader.py --documents FOLDER    # stores of one's own, such as runs/NAME/documents

Rows are read at random from several shards and come as ids, loss masks, positions and document numbers. Medians of
several stretches of time are printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from conversations import conversations

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import DocumentStore, write_documents
from odyssim.corpus.loader import Loader
from odyssim.corpus.pack import pack
from odyssim.corpus.render import render
from odyssim.corpus.shards import PackedShards
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer

SEQ_LENS = (128, 512, 2048)
BATCHES = (8, 64, 256)
SECONDS = 0.5


def generated(folder: Path, longest: int) -> list[DocumentStore]:
    """Short chats and a few long ones."""
    train_tokenizer((turn.text for one in conversations(300, 40) for turn in one.turns), 8192, folder / "tokenizer")
    chatml = ChatML(load_tokenizer(folder / "tokenizer"))
    return [
        write_documents(
            render(conversations(count, turns, words=words, seed=turns), chatml, max_tokens=longest),
            folder / name,
            source=name,
            chatml=chatml,
            max_tokens=longest,
        )
        for name, count, turns, words in (("short", 20_000, 4, 6), ("middle", 4000, 12, 8), ("long", 100, 150, 10))
    ]


def rate(loader: Loader, batch: int, repeats: int) -> float:
    """Rows per second: the median over `repeats` stretches of time."""
    found = []
    for _ in range(repeats):
        begun, before = time.perf_counter(), loader.consumed
        while (passed := time.perf_counter() - begun) < SECONDS:
            loader.take(batch)
        found.append((loader.consumed - before) / passed)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, help="a folder with document stores, at any depth")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if arguments.documents is None:
            stores = generated(folder, max(SEQ_LENS))
        else:
            stores = [DocumentStore(path.parent) for path in sorted(arguments.documents.rglob("index.json"))]
        usable = min(store.index.max_tokens for store in stores)
        for seq_len in (length for length in SEQ_LENS if length <= usable):
            begun = time.perf_counter()
            index = pack(stores, folder / str(seq_len), seq_len=seq_len, seed=0, shard_tokens=1 << 20)
            passed = time.perf_counter() - begun
            print(
                f"rows of {seq_len}: {index.rows} in {len(index.shards)} shards, fill {index.fill:.2%}, packed at "
                f"{index.documents / passed:,.0f} documents/s, {index.tokens / passed / 1e6:.1f} million tokens/s"
            )
            shards = PackedShards(folder / str(seq_len))
            for batch in BATCHES:
                found = rate(Loader(shards, seed=0), batch, arguments.repeats)
                print(f"    batches of {batch:3d}: {found:9,.0f} rows/s, {found * seq_len / 1e6:6.1f} million tokens/s")


if __name__ == "__main__":
    main()
