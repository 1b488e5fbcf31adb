"""Rendering with loss masks against two baselines, on the same conversations, in one run.

    python benchmarks/render.py                       # generated conversations, a tokenizer trained on them
    python benchmarks/render.py --tokenizer FOLDER    # any folder with a ChatML tokenizer

`batch` is the tokenizer's own `encode_batch` of the finished texts, which gives ids and no masks, and `fast` the same
without offsets. `growing prefix` is the published trainer's way: every prefix of a conversation rendered with the chat
template, then the whole, then three dummy conversations. All take turns; medians are printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from conversations import conversations
from transformers import AutoTokenizer

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.reference_row import RowDict, growing_prefix, header_length
from odyssim.corpus.render import messages_before, render
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.types import Interaction

TURNS = (5, 10, 20, 40, 80)
PREFIX_CONVERSATIONS = 5


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def whole(interaction: Interaction) -> list[RowDict]:
    """The messages of a conversation up to its last trained turn, from the imitated side."""
    last = max(place for place, turn in enumerate(interaction.turns) if turn.train)
    prompt = [message.model_dump() for message in messages_before(interaction, last)]
    return [*prompt, {"role": "assistant", "content": interaction.turns[last].text}]


def measure(turns: int, folder: Path, arguments: argparse.Namespace) -> None:
    interactions = list(conversations(arguments.tokens // (turns * 20), turns, seed=turns))
    tokenizer, template = load_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    chatml = ChatML(tokenizer)
    rows = [whole(interaction) for interaction in interactions]
    texts = [str(template.apply_chat_template(row, tokenize=False)) for row in rows]

    def prefix(messages: list[RowDict], *, add_generation_prompt: bool, **options: object) -> list[int]:
        ids: list[int] = template.apply_chat_template(
            messages, add_generation_prompt=add_generation_prompt, return_dict=False
        )
        return ids

    def growing(row: list[RowDict]) -> None:
        growing_prefix(row, prefix)
        prefix(row, add_generation_prompt=False)
        header_length(prefix)  # renders two dummies
        prefix(row[:1], add_generation_prompt=True)

    few = rows[:PREFIX_CONVERSATIONS]
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: list(render(interactions, chatml, max_tokens=1 << 20)),
        "batch": lambda: tokenizer.encode_batch(texts, add_special_tokens=False),
        "fast": lambda: tokenizer.encode_batch_fast(texts, add_special_tokens=False),
        "prefix": lambda: [growing(row) for row in few],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.repeats):
        for name, work in ways.items():
            times[name].append(seconds(work))
    median = {name: statistics.median(found) for name, found in times.items()}
    tokens = sum(len(documents.ids) for documents in render(interactions, chatml, max_tokens=1 << 20))
    by_prefix = median["prefix"] / len(few) * len(rows)
    print(
        f"{turns:5d} {len(rows):13d} {tokens / median['ours'] / 1e6:8.2f} {tokens / median['batch'] / 1e6:9.2f} "
        f"{median['batch'] / median['ours']:8.0%} {median['fast'] / median['ours']:9.0%} "
        f"{by_prefix / median['ours']:10.1f}x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, help="a folder with tokenizer.json and a ChatML template")
    parser.add_argument("--tokens", type=int, default=300_000, help="about so many in each measurement")
    parser.add_argument("--repeats", type=int, default=11)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.tokenizer
        if folder is None:
            folder = Path(temporary) / "tokenizer"
            train_tokenizer((turn.text for one in conversations(500, 40) for turn in one.turns), 8192, folder)
        print("turns conversations  million tokens/s   speed, share of   times as fast")
        print("                      ours     batch    batch      fast   as growing prefix")
        for turns in TURNS:
            measure(turns, folder, arguments)


if __name__ == "__main__":
    main()
