"""Grounding through datatrove's inference runner, against a real HTTP server of the OpenAI shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from odyssim.corpus.ground.ground import GroundSettings, ground
from odyssim.corpus.store import InteractionWriter, read_interactions
from odyssim.errors import BadRequest, DataError, EndpointRefused
from odyssim.models.openai import OpenAIModel
from odyssim.types import Axis, Interaction, Json, SocialContext, Source, Turn
from tests.models.server import Behaviour, Server, completion, serving, unauthorised

bulk = pytest.importorskip("odyssim.corpus.ground.bulk", exc_type=ImportError)

GOOD = {
    "scenario": "A chat between neighbours.",
    "relationship": "They share a stairwell.",
    "people": [{"speaker": name, "profile": "", "goal": f"Say what {name} came for."} for name in ("Ana", "Ben")],
}
LEAKING = GOOD | {"scenario": "the parcel is on top of the fuse box"}


def talk(number: int, context: SocialContext | None = None) -> Interaction:
    said = (("Ana", f"where is parcel number {number}"), ("Ben", "the parcel is on top of the fuse box"))
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=True) for speaker, text in said),
        context=context,
        source=Source(dataset="tests", licence="CC0-1.0", split="train", original_id=str(number)),
        axis=Axis.CONV,
    )


def number_in(prompt: str) -> int:
    return int(prompt.split("parcel number ")[1].split()[0])


def writer(*, broken: Iterable[int] = ()) -> Behaviour:
    """An endpoint whose every fifth answer leaks, every tenth again and again; `broken` conversations get an error."""

    async def behave(request: web.Request, asked: Json) -> web.StreamResponse:
        prompt = asked["messages"][-1]["content"]
        number, again = number_in(prompt), "Rule 1" in prompt
        if number in broken:
            return web.json_response({"error": {"message": "no such thing", "type": "error"}}, status=404)
        leaks = number % 10 == 0 or (number % 5 == 0 and not again)
        return web.json_response(completion(json.dumps(LEAKING if leaks else GOOD)))

    return behave


def store(path: Path, interactions: Iterable[Interaction]) -> Path:
    with InteractionWriter(path) as file:
        for interaction in interactions:
            file.add(interaction)
    return path


def settings(server: Server, **more: object) -> Any:
    return bulk.BulkSettings.model_validate(
        {"model": "m", "base_url": server.base_url, "concurrency": 4, "checkpoint_every": 7, **more}
    )


def asked(server: Server) -> list[int]:
    return [number_in(body["messages"][-1]["content"]) for body in server.bodies]


NATIVE = SocialContext(scenario="A stairwell.", author="native")


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, Path]:
    first = store(tmp_path / "in" / "a.parquet", [talk(n, NATIVE if n == 3 else None) for n in range(16)])
    second = store(tmp_path / "in" / "b.parquet", [talk(n) for n in range(16, 24)])
    return {first: tmp_path / "out" / "a.parquet", second: tmp_path / "out" / "b.parquet"}


def test_the_rows_are_those_of_ground_for_the_same_replies(files: dict[Path, Path], tmp_path: Path) -> None:
    with serving(writer()) as server:
        reports = bulk.ground_bulk(files, tmp_path / "work", settings(server), tasks=2)
        calls = len(server.bodies)
        for file, out in files.items():
            alone = tmp_path / "alone.parquet"
            model = OpenAIModel("m", base_url=server.base_url)
            journal = tmp_path / "alone"
            report = asyncio.run(
                ground(read_interactions(file), model, alone, journal, settings=GroundSettings(concurrency=4))
            )
            assert list(read_interactions(out)) == list(read_interactions(alone))
            assert reports[out].model_dump(exclude={"cost", "worth", "seconds"}) == report.model_dump(
                exclude={"cost", "worth", "seconds"}
            )
            assert reports[out].worth.prompt_tokens == report.worth.prompt_tokens
        assert len(server.bodies) == 2 * calls
    first = reports[tmp_path / "out" / "a.parquet"]
    assert (first.kept, first.written, first.dropped) == ({"native": 1}, 13, {"leak": 2})
    contexts = [row.context for row in read_interactions(tmp_path / "out" / "b.parquet")]
    assert {context.model for context in contexts if context} == {f"openai-api/m@{server.base_url[7:-3]}"}


def test_failed_calls_are_counted_and_only_they_are_asked_again(files: dict[Path, Path], tmp_path: Path) -> None:
    with serving(writer(broken={4, 17})) as server:
        reports = bulk.ground_bulk(files, tmp_path / "work", settings(server))
        assert [report.failed for report in reports.values()] == [{"model_call": 1}, {"model_call": 1}]
        server.behaviours = [writer()]
        server.bodies.clear()
        reports = bulk.ground_bulk(files, tmp_path / "work", settings(server))
        assert sorted(asked(server)) == [4, 17]
        assert all(report.complete for report in reports.values())
        server.bodies.clear()
        assert bulk.ground_bulk(files, tmp_path / "work", settings(server)).keys() == reports.keys()
        assert server.bodies == []
        bulk.ground_bulk(files, tmp_path / "work", settings(server, seed=1))
        assert set(asked(server)) == set(range(24)) - {3}  # that one has a context


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.parquet"
    with pytest.raises(DataError, match="missing"):
        bulk.ground_bulk({missing: tmp_path / "out"}, tmp_path / "work", bulk.BulkSettings(model="m"))


def test_an_interrupted_run_goes_on_where_it_stopped(files: dict[Path, Path], tmp_path: Path) -> None:
    with serving(writer(broken=range(10, 40))) as server:
        with pytest.raises(BadRequest, match="no such thing"):
            bulk.ground_bulk(files, tmp_path / "work", settings(server, patience=3))
        settled = {n for n in asked(server) if n < 10}
        server.behaviours = [writer()]
        server.bodies.clear()
        reports = bulk.ground_bulk(files, tmp_path / "work", settings(server))
        assert all(report.complete for report in reports.values())
        assert len(settled) > 5
        assert not settled & set(asked(server))


def test_an_endpoint_that_refuses_the_key_is_asked_no_further(files: dict[Path, Path], tmp_path: Path) -> None:
    with serving(unauthorised) as server:
        with pytest.raises(EndpointRefused, match="401"):
            bulk.ground_bulk(files, tmp_path / "work", settings(server, concurrency=1))
        assert len(server.bodies) < 5
