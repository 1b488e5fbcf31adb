"""A real HTTP server on a free loopback port that speaks the chat-completions protocol, well or badly."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from odyssim.types import Json

Behaviour = Callable[[web.Request, Json], Awaitable[web.StreamResponse]]

SOON = {"Retry-After": "0.01"}


@dataclass
class Server:
    """`behaviours` answer one request each; the last one answers all that follow."""

    base_url: str
    behaviours: list[Behaviour]
    bodies: list[Json] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    open_now: int = 0
    open_at_most: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        behaviour = self.behaviours[min(len(self.bodies), len(self.behaviours) - 1)]
        self.bodies.append(body)
        self.headers.append(request.headers)
        self.open_now += 1
        self.open_at_most = max(self.open_at_most, self.open_now)
        try:
            return await behaviour(request, body)
        finally:
            self.open_now -= 1


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Server]:
    """A server that runs in a thread of its own until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", list(behaviours))
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        end = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), end))
        await end.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    loop, end = ready.result(timeout=10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(timeout=10)


def completion(content: str | None = "Hello.", finish_reason: str | None = "stop", **message: Any) -> Json:
    """A completion as the official endpoint sends it: 1000 prompt and 100 completion tokens."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }


def sends(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer with `body` as JSON."""

    async def behave(request: web.Request, asked: Json) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return behave


def sends_text(text: str, content_type: str = "text/html", status: int = 200) -> Behaviour:
    async def behave(request: web.Request, asked: Json) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type, status=status, headers=SOON)

    return behave


def error(status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None) -> Behaviour:
    return sends({"error": {"message": message, "type": "error", "code": code}}, status, headers)


def waits(seconds: float) -> Behaviour:
    """Answer well, after a while, with what was asked."""

    async def behave(request: web.Request, asked: Json) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.json_response(completion(asked["messages"][-1]["content"]))

    return behave


async def drips(request: web.Request, asked: Json) -> web.StreamResponse:
    """Send one byte at a time and never finish."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def closes(request: web.Request, asked: Json) -> web.StreamResponse:
    """Close the connection without a word."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def breaks_off(request: web.Request, asked: Json) -> web.StreamResponse:
    """Promise a completion and close the connection in the middle of it."""
    text = json.dumps(completion()).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text))})
    await response.prepare(request)
    await response.write(text[:40])
    assert request.transport is not None
    request.transport.close()
    return response


async def speaks_no_http(request: web.Request, asked: Json) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    request.transport.close()
    return web.Response()


ok = sends(completion())
unauthorised = error(401, "Incorrect API key provided.", "invalid_api_key")
unknown_model = error(404, "The model `m` does not exist.", "model_not_found")
rate_limited = error(429, "Rate limit reached.", "rate_limit_exceeded", SOON)
broken = error(500, "Internal error.", None, SOON)
hangs = waits(30)
html = sends_text("<html><body>" + "Welcome to nginx! " * 500 + "</body></html>")
other_json = sends({"generated_text": "Hello."})
empty_choices = sends({**completion(), "choices": []})
overflow_official = error(400, "Your input is too long.", "context_length_exceeded")
overflow_vllm = sends(
    {
        "object": "error",
        "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
        "type": "BadRequestError",
        "param": None,
        "code": 400,
    },
    400,
)


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
