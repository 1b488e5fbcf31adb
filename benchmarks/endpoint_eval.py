"""How much of an evaluation's wall time is ours: `odyssim.evaluate` against a bare client sending the same requests.

    python benchmarks/endpoint_eval.py                                      # a stand-in server that takes 200 ms
    python benchmarks/endpoint_eval.py --base-url http://localhost:8000/v1 --model NAME

Both send the same prompts with the same parallelism to the same server, several times in turn; medians are printed.
The share that is ours is (evaluation - bare) / evaluation.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from odyssim import evaluate, load_model
from odyssim.soul.evaluate import EvalConfig
from odyssim.soul.selection import select_items
from odyssim.tasks.registry import get_task
from odyssim.types import Json, Profile, Sampling


def serve(port: int, latency_s: float, say: Callable[[Json], str]) -> None:
    """A chat-completions server that answers a request with what `say` makes of it, after `latency_s`."""

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        await asyncio.sleep(latency_s)
        message = {"role": "assistant", "content": say(asked)}
        usage = {"prompt_tokens": 600, "completion_tokens": 5, "total_tokens": 605}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {"id": "1", "object": "chat.completion", "created": 1, "model": asked["model"]}
        return web.json_response({**whole, "choices": [choice], "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


@contextmanager
def stand_in(latency_s: float, *program: str) -> Iterator[str]:
    """The address of a stand-in server in a process of its own: `program`, told to `--serve` at a port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, *program, "--serve", str(port), "--latency", str(latency_s)])
    try:
        deadline = time.monotonic() + 30.0
        while not _listens(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def bare(prompts: list[str], base_url: str, model: str, parallel: int, sampling: Sampling) -> float:
    """Seconds that a plain aiohttp client takes for all prompts."""

    async def run() -> float:
        slots = asyncio.Semaphore(parallel)
        connector = aiohttp.TCPConnector(limit=parallel)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def ask(prompt: str) -> None:
                body = {
                    "model": model,
                    "messages": [{"role": "user", "content": prompt}],
                    "max_tokens": sampling.max_tokens,
                    "temperature": sampling.temperature,
                }
                async with slots, session.post(f"{base_url}/chat/completions", json=body) as response:
                    response.raise_for_status()
                    await response.read()

            begun = time.perf_counter()
            await asyncio.gather(*map(ask, prompts))
            return time.perf_counter() - begun

    return asyncio.run(run())


def ours(config: EvalConfig, base_url: str, model: str) -> float:
    """Seconds that a whole evaluation takes, logs and result file included."""
    with tempfile.TemporaryDirectory() as out:
        policy = load_model(f"openai-api/{model}", base_url=base_url)
        begun = time.perf_counter()
        result = evaluate(policy, config, out=Path(out))
        seconds = time.perf_counter() - begun
    (row,) = result.tasks
    assert row.n_excluded == 0, row.failures
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--model", default="stand-in")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=32)
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.2, help="of the stand-in, in seconds")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.latency, lambda asked: "<answer>A</answer>")
        return
    if arguments.base_url:
        compare(arguments, arguments.base_url)
    else:
        with stand_in(arguments.latency, __file__) as address:
            compare(arguments, address)


def compare(arguments: argparse.Namespace, base_url: str) -> None:
    sampling = Sampling(temperature=0.0, max_tokens=arguments.max_tokens)
    config = EvalConfig(
        tasks=("hitom",),
        split="village",
        limit=arguments.items,
        concurrency=arguments.parallel,
        sampling=sampling,
    )
    task = get_task("hitom")
    items = select_items(task.items("village"), arguments.items)
    prompts = [task.opening(item, Profile.IMPROVED)[-1].content for item in items]
    # Warm both up: imports and first connections here, compilation and caches on the server.
    ours(config.model_copy(update={"limit": 2}), base_url, arguments.model)
    bare(prompts, base_url, arguments.model, arguments.parallel, sampling)
    bares, evaluations = [], []
    for _ in range(arguments.repeats):
        bares.append(bare(prompts, base_url, arguments.model, arguments.parallel, sampling))
        evaluations.append(ours(config, base_url, arguments.model))
    baseline, evaluation = statistics.median(bares), statistics.median(evaluations)
    n = len(prompts)
    print(f"{n} items, {arguments.parallel} in parallel, median of {arguments.repeats}")
    print(f"bare aiohttp client   {baseline:7.2f} s   {n / baseline:7.1f} items/s")
    print(f"odyssim.evaluate      {evaluation:7.2f} s   {n / evaluation:7.1f} items/s")
    print(f"rate reached          {baseline / evaluation:7.0%} of the bare client's")
    print(f"share that is ours    {(evaluation - baseline) / evaluation:7.0%} of the wall time")


if __name__ == "__main__":
    main()
