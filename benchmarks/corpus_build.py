"""Building a corpus: interactions per second, cost per step, growth with size, and memory.

    python benchmarks/corpus_build.py --data FOLDER                  all of FOLDER/corpus, one worker
    python benchmarks/corpus_build.py --rows 20000                   a generated source, and one ten times as large
    python benchmarks/corpus_build.py --rows 5000000 --times 1       memory on a large source

Time is wall time of `odyssim corpus build` in a process of its own, memory the peak resident size of its largest
process. The generated source is a JSONL file of two- to six-turn conversations; every tenth is a copy.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from odyssim.corpus.summary import CorpusSummary, read_summary

WORDS = [
    first + second for first in "ba be bi bo bu da de di do du ka ke ki".split() for second in "l m n r s t".split()
]


def generate(path: Path, rows: int, seed: int = 0) -> None:
    """Write `rows` conversations of invented words."""
    rng = random.Random(seed)
    line = ""
    with path.open("w", encoding="utf-8") as file:
        for row in range(rows):
            if row % 10 or not line:
                turns = [
                    {
                        "speaker": "AB"[turn % 2],
                        "text": " ".join(rng.choices(WORDS, k=rng.randint(3, 20))),
                        "human": True,
                        "train": True,
                    }
                    for turn in range(rng.randint(2, 6))
                ]
            source = {"dataset": "generated", "licence": "CC0-1.0", "split": "train", "original_id": str(row)}
            line = json.dumps({"turns": turns, "context": None, "source": source, "axis": "CONV"})
            file.write(line + "\n")


def build(out: Path, options: Sequence[str]) -> tuple[CorpusSummary, float]:
    """Build in a process of its own: the summary and the wall time in seconds."""
    command = [sys.executable, "-m", "odyssim.cli.main", "corpus", "build", "--out", str(out), *options]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return read_summary(out), time.perf_counter() - begun


def tell(title: str, summary: CorpusSummary, seconds: float) -> None:
    read = summary.interactions + sum(sum(source.rejects.values()) for source in summary.sources)
    work = sum(summary.work_seconds.values())
    shares = ", ".join(f"{step} {100 * spent / seconds:.0f} %" for step, spent in summary.work_seconds.items())
    print(f"{title}: {read:,} interactions in {seconds:.1f} s, {read / seconds:,.0f} per second")
    print(f"    of the wall time: {shares}, comparing copies, storing, start {100 * (1 - work / seconds):.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="build all of its corpus/")
    parser.add_argument("--rows", type=int, help="size of a generated source")
    parser.add_argument("--times", type=int, default=10, help="a second source is this many times as large")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        if arguments.data:
            tell("all of corpus/", *build(room / "all", ["--data", str(arguments.data)]))
        if arguments.rows:
            seconds = []
            for times in dict.fromkeys((1, arguments.times)):
                source = room / f"generated{times}.jsonl"
                generate(source, arguments.rows * times)
                summary, spent = build(room / str(times), ["--source", str(source)])
                tell(f"generated, {arguments.rows * times:,} rows", summary, spent)
                seconds.append(spent)
            if arguments.times > 1:
                print(f"{arguments.times} times the rows take {seconds[1] / seconds[0]:.1f} times as long")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"peak memory of the largest process: {peak / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()
