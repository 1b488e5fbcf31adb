"""Personal data: precision and recall on the labelled set, and what looking for it costs.

    python -m benchmarks.pii                                        # turns of the generated village
    python -m benchmarks.pii --data FOLDER --source casino          # turns of a published set in FOLDER/corpus

Speed is turns per second of one core, process time, the best of several rounds over the same turns: of `find_pii`, and
beside it of the cheapest thing one can do with a text, looking for a digit.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from pathlib import Path

from odyssim.corpus.catalog import source
from odyssim.corpus.clean.pii import PiiKind, find_pii
from odyssim.corpus.sources.base import ReadReport
from tests.corpus.test_pii import agreement

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds corpus/")
    parser.add_argument("--source", default="village", help="a source of the catalogue")
    given = parser.parse_args()

    print_agreement()
    reader = source(given.source)
    turns = [turn.text for one in reader.read(reader.files(given.data), ReadReport()) for turn in one.turns]
    found = sum(bool(find_pii(turn)) for turn in turns)
    print(f"\n{len(turns):,} turns of {given.source}, {sum(map(len, turns)) / len(turns):.0f} characters on average")
    print(f"{found / len(turns):10.3%}  of the turns hold personal data")
    print(f"{rate(find_pii, turns):10,.0f}  turns/s find_pii")
    print(f"{rate(re.compile(r'[0-9]').search, turns):10,.0f}  turns/s looking for a digit")


def print_agreement() -> None:
    """Precision and recall by kind; a span counts if its kind and both its ends are right."""
    counts = agreement()
    right, missed, extra = counts["right"], counts["missed"], counts["extra"]
    print(f"{'':10}{'spans':>7}{'precision':>11}{'recall':>8}")
    for name, kinds in [*((kind, [kind]) for kind in right | missed | extra), ("all", [*PiiKind])]:
        hits, misses, alarms = (sum(counted[kind] for kind in kinds) for counted in (right, missed, extra))
        print(f"{name:10}{hits + misses:7}{hits / max(1, hits + alarms):11.3f}{hits / max(1, hits + misses):8.3f}")


def rate(look: Callable[[str], object], turns: list[str]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for turn in turns:
            look(turn)
        seconds.append(time.process_time() - started)
    return len(turns) / min(seconds)


if __name__ == "__main__":
    main()
