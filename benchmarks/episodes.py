"""Episodes of all generative tasks at once: calls per second against a bare client that makes the same calls.

    python -m benchmarks.episodes                          # a stand-in server that takes 200 ms, 64 in parallel
    python -m benchmarks.episodes --episodes 400 --rounds 3

The stand-in answers for every seat by rule. Four clients play or repeat the same episodes, 64 at a time: a bare aiohttp
client that sends the recorded requests, one after another within an episode; `Task.play` and `Task.score`; `odyssim
eval`; and the second again through an Inspect provider in place of our client. Rates are calls over wall time, start
and end of the run included; of several rounds the best. CPU time per call, of this process, tells the rate that one
core can reach where the machine is not idle. Memory is the peak of this process in the second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp
from inspect_ai.model import GenerateConfig, get_model

from benchmarks.endpoint_eval import serve, stand_in
from odyssim.models.base import Cast, ChatModel
from odyssim.models.openai import OpenAIModel
from odyssim.soul.company import Company
from odyssim.soul.evaluate import EvalConfig, evaluate
from odyssim.soul.inspect_model import InspectModel
from odyssim.soul.result import EvalResult
from odyssim.soul.taxonomy import INDEX_TASKS
from odyssim.tasks.base import Task
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.registry import get_task
from odyssim.types import Call, Episode, Json, Outcome, Sampling
from tests.soul.seats import SEATS, said_by_rule

MIB = 1024

Requests = list[Json]


@dataclass
class Load:
    """Items to play, each under a seed of its own, and how many at once."""

    plays: list[tuple[Task[Any], Any, int]]
    parallel: int
    base_url: str
    latency: float


@dataclass
class Played:
    """What a client did: calls, in how many seconds of wall time and of this process's own.

    `requests` are those of every episode, if they were kept.
    """

    calls: int
    seconds: float
    own_s: float
    requests: list[Requests] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.calls / self.seconds


Client = Callable[[str, Load], ChatModel]


def tasks() -> list[Task[Any]]:
    known = (get_task(name) for names in INDEX_TASKS.values() for name in names)
    return [task for task in known if isinstance(task, GenerativeTask)]


def plays(episodes: int) -> list[tuple[Task[Any], Any, int]]:
    """`episodes` episodes: every fixture of every task in turn, again and again under the next seed."""
    items = [(task, item) for task in tasks() for item in task.items("fixture")]
    return [(task, item, number // len(items)) for number, (task, item) in enumerate(islice(cycle(items), episodes))]


def endpoint(seat: str, load: Load) -> ChatModel:
    """Our client."""
    return OpenAIModel(seat, base_url=load.base_url, concurrency=load.parallel)


def provider(seat: str, load: Load) -> ChatModel:
    """Inspect's client for the same protocol, allowed as many connections as there are episodes."""
    os.environ.setdefault("STANDIN_API_KEY", "none")
    config = GenerateConfig(max_connections=load.parallel)
    return InspectModel(get_model(f"openai-api/standin/{seat}", base_url=load.base_url, config=config))


# --- the four clients -------------------------------------------------------------------------------------------


def direct(
    load: Load,
    client: Client = endpoint,
    *,
    keep: bool = False,
    watch: Callable[[int], None] = lambda done: None,
) -> Played:
    """Every episode through `Task.play` and `Task.score`."""
    models = {seat: client(seat, load) for seat in SEATS}
    cast = Cast(
        policy=models["policy"],
        partner=models["partner"],
        narrator=models["narrator"],
        director=models["director"],
        judges=(models["judge"],),
    )
    places = asyncio.Semaphore(load.parallel)
    played = Played(calls=0, seconds=0.0, own_s=0.0)
    done = 0

    async def one(task: Task[Any], item: Any, seed: int) -> None:
        nonlocal done
        seeded = replace(cast, sampling=Sampling(seed=seed))
        async with places:
            episode = await task.play(item, seeded)
            outcome = await task.score(item, episode, seeded)
        assert outcome.failure is None, outcome.failure
        played.calls += len(episode.calls) + len(outcome.calls)
        if keep:
            played.requests.append(requests_of(episode, outcome))
        done += 1
        watch(done)

    async def everything() -> None:
        await asyncio.gather(*(one(*each) for each in load.plays))
        for model in models.values():
            await model.aclose()

    played.seconds, played.own_s = timed(lambda: asyncio.run(everything()))
    return played


def in_eval(load: Load) -> Played:
    """The same episodes in `evaluate`, logs and result file included."""
    models = {seat: endpoint(seat, load) for seat in SEATS}
    seeds = tuple(dict.fromkeys(seed for _, _, seed in load.plays))
    config = EvalConfig(
        tasks=tuple(task.name for task in tasks()), split="fixture", seeds=seeds, concurrency=load.parallel
    )
    company = Company(
        judges=(models["judge"],),
        partner=models["partner"],
        narrator=models["narrator"],
        director=models["director"],
    )
    results: list[EvalResult] = []
    with tempfile.TemporaryDirectory() as out:
        seconds, own_s = timed(
            lambda: results.append(evaluate(models["policy"], config, out=Path(out), company=company))
        )
    (result,) = results
    assert not any(row.failures for row in result.tasks), [row.failures for row in result.tasks]
    return Played(calls=result.cost.calls, seconds=seconds, own_s=own_s)


def bare(load: Load, episodes: Sequence[Requests]) -> Played:
    """The recorded requests through nothing but aiohttp."""
    places = asyncio.Semaphore(load.parallel)

    async def one(session: aiohttp.ClientSession, requests: Requests) -> None:
        async with places:
            for body in requests:
                async with session.post(f"{load.base_url}/chat/completions", json=body) as response:
                    response.raise_for_status()
                    await response.read()

    async def everything() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=load.parallel)) as session:
            await asyncio.gather(*(one(session, requests) for requests in episodes))

    seconds, own_s = timed(lambda: asyncio.run(everything()))
    return Played(calls=sum(map(len, episodes)), seconds=seconds, own_s=own_s)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall time, and of this process's CPU time."""
    begun, begun_own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - begun_own


def requests_of(episode: Episode, outcome: Outcome) -> Requests:
    return [_request(call) for call in (*episode.calls, *outcome.calls)]


def _request(call: Call) -> Json:
    seat = call.model.removeprefix("openai-api/").partition("@")[0]
    drawn = call.sampling.model_dump(exclude_none=True, exclude={"stop"})
    return {"model": seat, "messages": [message.model_dump() for message in call.messages], **drawn}


# --- the tables -------------------------------------------------------------------------------------------------


def compare(load: Load, rounds: int) -> None:
    recorded = direct(load, keep=True).requests  # warms up, too
    clients: dict[str, Callable[[], Played]] = {
        "bare aiohttp client": lambda: bare(load, recorded),
        "Task.play, Task.score": lambda: direct(load),
        "odyssim eval": lambda: in_eval(load),
        "Inspect provider": lambda: direct(load, provider),
    }
    best = {
        name: max((client() for _ in range(rounds)), key=lambda played: played.rate) for name, client in clients.items()
    }
    baseline, ideal = best["bare aiohttp client"].rate, load.parallel / load.latency
    print(f"{len(load.plays)} episodes, {load.parallel} in parallel, best of {rounds}; ideal {ideal:.0f} calls/s")
    print(f"{'':24}{'calls':>7}{'s':>8}{'calls/s':>9}{'of bare':>9}{'of ideal':>9}{'CPU ms/call':>13}")
    for name, played in best.items():
        shares = f"{played.rate / baseline:9.0%}{played.rate / ideal:9.0%}{1000 * played.own_s / played.calls:13.2f}"
        print(f"{name:24}{played.calls:7}{played.seconds:8.2f}{played.rate:9.1f}{shares}")


def peak_mib() -> float:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform != "darwin" else MIB * MIB)


def memory(load: Load) -> None:
    def watch(done: int) -> None:
        if done % (len(load.plays) // 4) == 0:
            print(f"peak memory after {done:5} episodes {peak_mib():8.0f} MiB", flush=True)

    direct(load, watch=watch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=400, help="of the comparison")
    parser.add_argument("--long", type=int, default=2000, help="episodes over which memory is watched; 0 for none")
    parser.add_argument("--parallel", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2, help="of the stand-in, in seconds")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.latency, said_by_rule)
        return
    with stand_in(options.latency, "-m", "benchmarks.episodes") as base_url:
        if options.long:
            memory(Load(plays(options.long), options.parallel, base_url, options.latency))
        if options.episodes:
            compare(Load(plays(options.episodes), options.parallel, base_url, options.latency), options.rounds)


if __name__ == "__main__":
    main()
