"""How people do on ToMi: the answers that SimToM collected (Wilf et al. 2023), marked by the task's own rules.

    python benchmarks/human_level.py --data FOLDER

The participants were shown only the sentences that the asked person knows of, so this is an upper bound for people who
read the whole story. A question counts if its whole story is among the published items, which give the gold answer.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

from odyssim.soul.interval import mean_interval
from odyssim.tasks.paratomi import ParaToMi, ParaToMiItem
from odyssim.types import Profile

FOLDER = Path("corpus/simulatedtom_human/code/human_eval_data")
FILES = ("tomi_human_evals_all.csv", "tomi_human_evals_fb.csv")


def marked(data: Path, name: str) -> Iterator[tuple[str, float]]:
    """(story, score) of every answer of a file whose item is known."""
    task = ParaToMi()
    by_question: dict[str, list[ParaToMiItem]] = {}
    for item in task.items("test", data=data):
        by_question.setdefault(item.question, []).append(item)
    with (data / FOLDER / name).open(encoding="utf-8", newline="") as file:
        for story, asked, answer, _ in csv.reader(file):
            known = [line.partition(" ")[2] for line in story.splitlines()]
            question = next(line for line in asked.splitlines() if line.endswith("?"))
            whole = [item for item in by_question.get(question, []) if set(known) <= set(item.story)]
            if len(whole) == 1:
                mark = task.mark(whole[0], f"<answer>{answer}</answer>", Profile.IMPROVED)
                yield whole[0].cluster, mark.score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    everything = []
    for name in FILES:
        found = list(marked(data, name))
        everything += found
        print(f"{name}: {sum(score for _, score in found):.0f} of {len(found)} right")
    interval = mean_interval([score for _, score in everything], [cluster for cluster, _ in everything])
    mean = sum(score for _, score in everything) / len(everything)
    print(f"together: {mean:.3f}, n = {len(everything)}, 95 % interval {interval}")


if __name__ == "__main__":
    main()
