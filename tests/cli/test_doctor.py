"""The doctor against a real server, a dead port, and broken settings."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from importlib import metadata
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from odyssim.cli import doctor as doctor_module
from odyssim.cli import endpoint
from odyssim.cli.doctor import VARIABLES, Check, DoctorReport, Status, doctor, render
from odyssim.cli.endpoint import list_models
from odyssim.errors import (
    BadRequest,
    ConfigError,
    EndpointDown,
    EndpointNonsense,
    EndpointOverloaded,
    EndpointRefused,
    EndpointTimeout,
)
from odyssim.types import Json

SECRET = "sk-never-shown"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """An OpenAI-compatible endpoint on a free loopback port, in a thread; `keys` are the keys it was sent."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.address = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/{kind}/models", self._misbehave)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _models(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Authorization"))
        return web.json_response({"object": "list", "data": [{"id": f"villager-{n}"} for n in range(10)]})

    async def _chat(self, request: web.Request) -> web.Response:
        asked: Json = await request.json()
        if asked["model"] != "villager-0":
            return web.json_response({"error": {"message": f"no model {asked['model']}"}}, status=404)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "oh hi"}}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "villager-0",
                "choices": [choice],
                "usage": usage,
            }
        )

    async def _misbehave(self, request: web.Request) -> web.StreamResponse:
        match request.match_info["kind"]:
            case "slow":
                await asyncio.sleep(30)
            case "html":
                return web.Response(text="<html>It works!</html>", content_type="text/html")
            case "shapeless":
                return web.json_response(["villager-0"])
            case "hangup":
                assert request.transport is not None
                request.transport.close()
            case "moved":
                raise web.HTTPFound("/v1/models")
            case status:
                return web.Response(status=int(status), text=SECRET)
        return web.Response()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def dead_address() -> Iterator[str]:
    """A port that is taken but does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def check(report: DoctorReport, name: str) -> Check:
    (found,) = [one for one in report.checks if one.name == name]
    return found


def shown(report: DoctorReport) -> str:
    page = StringIO()
    render(report, Console(file=page))
    return page.getvalue()


# --- the machine, the packages, the settings --------------------------------------------------------------------


def test_a_sound_installation_passes_without_endpoint() -> None:
    report = doctor(base_url=None, model=None)
    assert not report.broken
    assert {"endpoint", "model"}.isdisjoint(one.name for one in report.checks)
    assert metadata.version("pydantic") in check(report, "packages").detail
    assert check(report, "python").detail.startswith(sys.version.split()[0])
    assert int(check(report, "cores").detail) >= 1


def test_the_doctor_does_not_load_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    doctor(base_url=None, model=None)


def test_an_incomplete_extra_is_a_note_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, ["pydantic>=2", "no-such-thing>=1; extra == 'train'", "pydantic>=99; extra == 'train'"])
    report = doctor(base_url=None, model=None)
    extra = check(report, "[train]")
    assert (extra.status, extra.hint) == (Status.NOTE, "pip install 'odyssim[train]'")
    assert "no-such-thing is missing" in extra.detail
    assert f"pydantic {metadata.version('pydantic')} is not >=99" in extra.detail
    assert not report.broken


def test_a_missing_core_package_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, ["no-such-thing>=1"])
    report = doctor(base_url=None, model=None)
    assert check(report, "packages").status is Status.BROKEN
    assert report.broken


def test_the_extras_of_a_package_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, ["openai[aiohttp]"], of_openai=["no-such-thing; extra == 'aiohttp'", "nor-this; extra == 'x'"])
    assert check(doctor(base_url=None, model=None), "packages").detail == "no-such-thing is missing"


def declare(monkeypatch: pytest.MonkeyPatch, requirements: list[str], of_openai: list[str] | None = None) -> None:
    lines = {"odyssim": requirements, "openai": of_openai}
    monkeypatch.setattr(metadata, "requires", lambda package: lines.get(package, []))


@pytest.mark.parametrize(
    ("folders", "status"), [(("corpus", "bench"), Status.OK), (("corpus",), Status.BROKEN), ((), Status.BROKEN)]
)
def test_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: tuple[str, ...], status: Status) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("ODYSSIM_DATA", str(tmp_path))
    found = check(doctor(base_url=None, model=None), "data")
    assert found.status is status
    assert str(tmp_path) in found.detail


def test_keys_are_named_never_shown(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    report = doctor(base_url=f"{server.address}/401", model=None)
    assert check(report, "environment").detail == "set: OPENAI_API_KEY"
    assert "OPENAI_API_KEY" in shown(report)
    assert SECRET not in report.model_dump_json() + shown(report)


def test_what_helps_is_printed() -> None:
    broken = Check(name="disk", status=Status.BROKEN, detail="full [bold]", hint="make clean")
    lines = shown(DoctorReport(checks=(broken, Check(name="cores", detail="2")))).splitlines()
    assert [line.strip() for line in lines] == ["✗ disk   full [bold]", "→ make clean", "✓ cores  2"]


# --- the endpoint -----------------------------------------------------------------------------------------------


def test_a_live_endpoint_lists_its_models(server: Server) -> None:
    report = doctor(base_url=f"{server.address}/v1/", model=None)
    assert not report.broken
    assert check(report, "endpoint").detail.endswith("villager-7 and 2 more")


def test_the_address_comes_from_the_environment_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
    assert check(doctor(base_url=None, model="scripted/echo"), "endpoint").status is Status.OK


@pytest.mark.parametrize("path", ["v1", "moved"])
def test_the_key_is_sent_but_not_along_redirects(server: Server, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    list_models(f"{server.address}/{path}")
    assert server.keys[-1] == (f"Bearer {SECRET}" if path == "v1" else None)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("401", EndpointRefused),
        ("403", EndpointRefused),
        ("404", BadRequest),
        ("429", EndpointOverloaded),
        ("503", EndpointOverloaded),
        ("html", EndpointNonsense),
        ("shapeless", EndpointNonsense),
        ("hangup", EndpointDown),
        ("slow", EndpointTimeout),
    ],
)
def test_each_misbehaviour_has_its_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, kind: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(endpoint, "TIMEOUT_S", 0.3)
    with pytest.raises(error) as caught:
        list_models(f"{server.address}/{kind}")
    assert type(caught.value) is error


@pytest.mark.parametrize("address", ["localhost:8000/v1", "file:///etc", "http://[", "http://host:port/v1", ""])
def test_an_address_that_is_none_is_a_setting_to_correct(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list_models(address)
    assert "--base-url" in caught.value.hint


def test_nothing_listening_is_broken_and_says_what_to_do(dead_address: str) -> None:
    report = doctor(base_url=dead_address, model=None)
    found = check(report, "endpoint")
    assert report.broken
    assert dead_address in found.detail
    assert "start the server" in found.hint


def test_a_password_in_the_address_is_not_shown(dead_address: str) -> None:
    report = doctor(base_url=dead_address.replace("//", f"//me:{SECRET}@"), model=None)
    assert report.broken
    assert SECRET not in report.model_dump_json()


# --- the model --------------------------------------------------------------------------------------------------


def test_a_model_says_something(server: Server) -> None:
    report = doctor(base_url=f"{server.address}/v1", model="openai-api/villager-0")
    assert not report.broken
    assert check(report, "model").detail == "openai-api/villager-0 answers 'oh hi'"


def test_an_unknown_model_is_broken(server: Server) -> None:
    report = doctor(base_url=f"{server.address}/v1", model="openai-api/stranger")
    assert report.broken
    assert "stranger" in check(report, "model").detail


def test_an_unknown_scheme_is_broken() -> None:
    report = doctor(base_url=None, model="telepathy/anyone")
    assert check(report, "model").status is Status.BROKEN


def test_a_model_that_takes_too_long_is_broken(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(doctor_module, "MODEL_TIMEOUT_S", 0.0)
    report = doctor(base_url=f"{server.address}/v1", model="openai-api/villager-0")
    assert "does not answer within" in check(report, "model").detail
