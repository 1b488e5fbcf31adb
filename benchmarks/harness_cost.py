"""What the harness costs per item, with a model that answers at once: our own loop, and Inspect on top of it.

    python benchmarks/harness_cost.py                  5,000 generated Hi-ToM items
    python benchmarks/harness_cost.py --items 1000

Own loop: `Task.play` and `Task.score`, 32 items under way. Inspect: `odyssim eval` of the same items, which runs the
same loop inside an eval set, writes its logs and reads them back. Times are wall time; medians over the repetitions.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted, load_scripted
from odyssim.soul.evaluate import EvalConfig, evaluate
from odyssim.tasks.generate import generate_rows
from odyssim.tasks.hitom import HiToM, HiToMItem

CONCURRENCY = 32


def own_loop(items: list[HiToMItem], model: Scripted) -> float:
    """Mean score, so that the work is real."""
    task, cast, places = HiToM(), Cast(policy=model), asyncio.Semaphore(CONCURRENCY)

    async def one(item: HiToMItem) -> float:
        async with places:
            outcome = await task.score(item, await task.play(item, cast), cast)
        return outcome.score or 0.0

    async def everything() -> float:
        return statistics.fmean(await asyncio.gather(*map(one, items)))

    return asyncio.run(everything())


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "items.parquet"
        generate_rows("hitom", path, n=options.items, seed=0, knobs={"chapters": 2})
        items = list(HiToM().items("test", data=path))
        model = load_scripted("random-option")
        config = EvalConfig(tasks=("hitom",), concurrency=CONCURRENCY)
        own, inspect = [], []
        for repetition in range(options.times):
            own.append(timed(lambda: own_loop(items, model)))
            out = Path(scratch) / str(repetition)
            inspect.append(timed(lambda out=out: evaluate(model, config, out=out, data=path)))  # type: ignore[misc]
    per_own, per_eval = (1000 * statistics.median(times) / len(items) for times in (own, inspect))
    print(f"own loop          {per_own:6.2f} ms per item, {len(items)} items, median of {options.times}")
    print(f"odyssim eval      {per_eval:6.2f} ms per item, of which Inspect and its logs {per_eval - per_own:.2f} ms")
    print(f"ratio             {per_eval / per_own:6.1f}")


if __name__ == "__main__":
    main()
