"""Any OpenAI-compatible chat endpoint, over the official client on its aiohttp transport.

The client retries connection errors, time-outs and HTTP 408, 409, 429 and 5xx with exponential back-off and jitter,
and obeys a Retry-After of up to two minutes. An answer that is no chat completion draws on the same retries.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import re
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from odyssim.errors import (
    BadRequest,
    ConfigError,
    ContentFiltered,
    ContextOverflow,
    EndpointDown,
    EndpointNonsense,
    EndpointOverloaded,
    EndpointRefused,
    EndpointTimeout,
    ModelCallError,
    TruncatedThought,
)
from odyssim.models.prices import Price, price_of
from odyssim.types import Cost, Json, Message, Reply, Sampling, StopReason, Usage

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

OFFICIAL_ADDRESS = "https://api.openai.com/v1"

_NO_KEY = "no-key-needed"
_CONNECT_TIMEOUT_S = 10.0
_LONGEST_RETRY_AFTER_S = 120.0
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 8.0
_SHOWN_CHARACTERS = 200

_STOP_REASONS = {
    "stop": StopReason.END,
    "eos_token": StopReason.END,
    "stop_sequence": StopReason.END,
    "length": StopReason.LENGTH,
}

# vLLM, SGLang, llama.cpp and the official endpoint word it differently and only the last sends a code.
_CONTEXT_EXCEEDED = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum (context|model) length|context (length|size|window)", re.I
)


class _AnswerMessage(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _AnswerMessage
    finish_reason: str


class _Tokens(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class _Completion(BaseModel):
    """The part of a chat completion that is read; everything else is ignored."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Tokens | None = None


@dataclass(frozen=True)
class _Line:
    """The connections of one event loop, kept open by `keeper`."""

    client: AsyncOpenAI
    slots: asyncio.Semaphore
    keeper: AsyncGenerator[AsyncOpenAI]


class OpenAIModel:
    """A `ChatModel` behind an OpenAI-compatible endpoint.

    `base_url` falls back to $OPENAI_BASE_URL, then to the official address. The key comes from the environment
    variable `api_key_env` alone; where that is unset, a placeholder is sent, which endpoints without keys ignore.
    `timeout_s` limits the silence of one attempt in seconds, `max_retries` the attempts after the first one,
    `concurrency` the calls under way at once in one event loop. `price` overrides the price table; without either,
    costs have no `usd`. The object may outlive event loops: each loop gets connections of its own.

    Raises `ConfigError` if the address is not an http(s) URL or holds a user or password.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        timeout_s: float = 120.0,
        max_retries: int = 4,
        concurrency: int = 64,
        price: Price | None = None,
    ) -> None:
        self._model = model
        self._address = _checked(base_url or os.environ.get("OPENAI_BASE_URL") or OFFICIAL_ADDRESS)
        self._api_key_env = api_key_env
        self._key = os.environ.get(api_key_env) or _NO_KEY
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._concurrency = concurrency
        self._price = price or price_of(model)
        self._lines: dict[asyncio.AbstractEventLoop, _Line] = {}

    @property
    def name(self) -> str:
        """`openai-api/MODEL`, with `@HOST` for any but the official endpoint: two servers may reuse a model name."""
        official = self._address == OFFICIAL_ADDRESS
        return f"openai-api/{self._model}" + ("" if official else f"@{urlsplit(self._address).netloc}")

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """Answer `messages`; `cost.seconds` spans all attempts, not the wait for a free slot.

        Raises the `ModelCallError` subclasses `EndpointDown`, `EndpointRefused`, `EndpointTimeout`,
        `EndpointOverloaded`, `EndpointNonsense`, `BadRequest`, `ContextOverflow`, `ContentFiltered`, and
        `TruncatedThought` if the length limit fell before the answer began.
        """
        line = await self._line()
        request = self._request(messages, sampling)
        # The client's own limits see silence only; this one also ends an answer that drips byte by byte.
        patience_s = (self._max_retries + 1) * (self._timeout_s + _LONGEST_RETRY_AFTER_S)
        async with line.slots:
            try:
                async with asyncio.timeout(patience_s):
                    return await self._ask(line.client, request)
            except EndpointTimeout:
                raise
            except TimeoutError as error:
                raise self._timed_out(f"did not finish its answer within {patience_s:g} s") from error

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        line = self._lines.get(asyncio.get_running_loop())
        if line is not None:
            await line.keeper.aclose()

    # --- connections ------------------------------------------------------------------------------------------

    async def _line(self) -> _Line:
        loop = asyncio.get_running_loop()
        if loop not in self._lines:
            keeper = self._connections()
            self._lines[loop] = _Line(await anext(keeper), asyncio.Semaphore(self._concurrency), keeper)
        return self._lines[loop]

    async def _connections(self) -> AsyncGenerator[AsyncOpenAI]:
        # A generator, because an ending event loop closes its async generators: the only moment at which the
        # connections of `asyncio.run` can still be closed when nobody called `aclose`.
        import openai

        client = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=self._address,
            timeout=openai.Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_TIMEOUT_S)),
            max_retries=self._max_retries,
            http_client=openai.DefaultAioHttpClient(),
        )
        try:
            yield client
        finally:
            del self._lines[asyncio.get_running_loop()]
            await client.close()

    # --- one call ---------------------------------------------------------------------------------------------

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> Json:
        # Reasoning models of the official endpoint refuse `max_tokens`; some other servers know nothing else.
        limit = "max_completion_tokens" if self._address == OFFICIAL_ADDRESS else "max_tokens"
        said = [message for message in messages if message.role != "system" or message.content.strip()]
        options: Json = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop": list(sampling.stop) or None,
            "seed": sampling.seed,
            limit: sampling.max_tokens,
        }
        return {
            "model": self._model,
            "messages": [message.model_dump() for message in said],
            **{key: value for key, value in options.items() if value is not None},
        }

    async def _ask(self, client: AsyncOpenAI, request: Json) -> Reply:
        started = time.perf_counter()
        retries_left = self._max_retries
        while True:
            body, retries_taken = await self._post(client, request)
            try:
                return self._reply(body, seconds=time.perf_counter() - started)
            except EndpointNonsense:
                retries_left -= retries_taken + 1
                if retries_left < 0:
                    raise
            await asyncio.sleep(_backoff_s(self._max_retries - retries_left - 1))
            client = client.with_options(max_retries=retries_left)

    async def _post(self, client: AsyncOpenAI, request: Json) -> tuple[str, int]:
        """The body of a successful answer and the number of retries it took."""
        import aiohttp
        import openai

        try:
            # As `extra_body`, the request skips a third of the client's work: walking it for fields to rename.
            raw: Any = await client.chat.completions.with_raw_response.create(
                model=self._model, messages=(), extra_body=request
            )
        except openai.APIConnectionError as error:
            raise self._unreachable(error) from error
        except openai.APIStatusError as error:
            raise self._declined(error) from error
        except aiohttp.ClientError as error:
            raise self._nonsense("the answer is not HTTP", str(error)) from error
        return raw.text, raw.retries_taken

    def _reply(self, body: str, *, seconds: float) -> Reply:
        try:
            completion = _Completion.model_validate_json(body)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, problem["loc"]))
            raise self._nonsense(f"{place}: {problem['msg']}" if place else problem["msg"], body) from error
        choice = completion.choices[0]
        cost = self._cost(completion.usage, seconds)
        if choice.finish_reason == "content_filter":
            raise ContentFiltered(
                f"A content filter stopped the answer of {self.name}.",
                hint="relax the provider's filter, or use another endpoint",
                cost=cost,
            )
        stop = _STOP_REASONS.get(choice.finish_reason)
        if stop is None:
            raise self._nonsense(f"unknown finish_reason '{self._shown(choice.finish_reason)}'", body)

        # A refusal is what the model chose to say; some endpoints hand it over in a field of its own.
        said = choice.message
        text = said.refusal if said.refusal and not said.content else said.content
        if not text and stop is StopReason.LENGTH:
            raise TruncatedThought(
                f"{self.name} used all its tokens before its answer began.",
                hint="raise max_tokens (--max-tokens)",
                cost=cost,
            )
        if text is None:
            raise self._nonsense("the message has no content", body)
        usage = Usage(prompt_tokens=cost.prompt_tokens, completion_tokens=cost.completion_tokens)
        return Reply(text=text, stop_reason=stop, usage=usage, cost=cost)

    def _cost(self, tokens: _Tokens | None, seconds: float) -> Cost:
        if tokens is None:
            return Cost(calls=1, usd=None, seconds=seconds)
        usage = Usage(prompt_tokens=tokens.prompt_tokens, completion_tokens=tokens.completion_tokens)
        usd = self._price.usd(usage) if self._price else None
        return Cost(calls=1, usd=usd, seconds=seconds, **usage.model_dump())

    # --- failures ---------------------------------------------------------------------------------------------

    def _unreachable(self, error: Exception) -> ModelCallError:
        # The transport reports refused connections as time-outs; only the first cause tells them apart.
        causes = list(_causes(error))
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return self._timed_out(f"did not answer within {self._timeout_s:g} s, {self._max_retries + 1} times")
        return EndpointDown(
            f"Nothing answers at {self._address}: {self._shown(str(causes[-1])) or type(causes[-1]).__name__}.",
            hint=f"is the server running? {self._doctor}",
        )

    def _declined(self, error: APIStatusError) -> ModelCallError:
        status, reason = error.status_code, self._shown(_reason(error))
        said = f"{self._address} answered HTTP {status} for model '{self._model}': {reason}"
        if status in (401, 403):
            if self._key == _NO_KEY:
                return EndpointRefused(said, hint=f"set {self._api_key_env}, which is empty")
            return EndpointRefused(said, hint=f"check the key in {self._api_key_env}")
        if status == 408:
            return EndpointTimeout(said, hint=f"lower the concurrency or raise the time-out; {self._doctor}")
        if status in (409, 429) or status >= 500:
            return EndpointOverloaded(said, hint=f"lower the concurrency, wait, or check your quota; {self._doctor}")
        if _CONTEXT_EXCEEDED.search(f"{error.code} {_reason(error)}"):
            return ContextOverflow(said, hint="lower max_tokens or choose a model with a longer context")
        return BadRequest(said, hint=f"check the model's name and that the address ends in /v1: {self._doctor}")

    def _timed_out(self, what: str) -> EndpointTimeout:
        return EndpointTimeout(f"{self._address} {what}.", hint=self._doctor)

    def _nonsense(self, reason: str, body: str) -> EndpointNonsense:
        return EndpointNonsense(
            f"{self._address} answered something that is no chat completion ({reason}): {self._shown(body)}",
            hint=f"is this the address of a chat API? {self._doctor}",
        )

    @property
    def _doctor(self) -> str:
        return f"odyssim doctor --base-url {self._address}"

    def _shown(self, text: str) -> str:
        """`text` in one short line, without the key that a server may have echoed."""
        line = " ".join(text.replace(self._key, "[key]").split())
        return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"


def _checked(address: str) -> str:
    shown = address.rpartition("@")[2]
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"'{shown}' is not the address of an endpoint.",
            hint="give a URL such as --base-url http://localhost:8000/v1",
        )
    if "@" in parts.netloc:
        raise ConfigError(
            f"The address of the endpoint at {shown} holds a user or password.",
            hint="leave it out of the address: the key is read from the environment",
        )
    return address.rstrip("/")


def _backoff_s(retry: int) -> float:
    longest = min(_FIRST_BACKOFF_S * math.pow(2, retry), _LONGEST_BACKOFF_S)
    return longest * random.uniform(0.75, 1.0)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _reason(error: APIStatusError) -> str:
    """What the server said went wrong: the message of an error object, or the body as it came."""
    body = error.body
    return str(body["message"] if isinstance(body, dict) and "message" in body else body)
