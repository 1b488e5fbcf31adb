"""`OpenAIModel` against a real HTTP server: what it asks for, what it makes of answers, and how it fails."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import warnings
from typing import Any

import pytest

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
from odyssim.models.openai import OFFICIAL_ADDRESS, OpenAIModel
from odyssim.models.prices import PRICES, Price, price_of
from odyssim.types import Message, Reply, Sampling, StopReason, Usage
from tests.models import server as serve
from tests.models.server import Behaviour, completion, sends, serving

HI = (Message(role="user", content="Hi."),)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OTHER_KEY"):
        monkeypatch.delenv(name, raising=False)


def say(
    base_url: str, messages: tuple[Message, ...] = HI, sampling: Sampling = Sampling(), model: str = "m", **options: Any
) -> Reply:
    async def once() -> Reply:
        speaker = OpenAIModel(model, base_url=base_url, **options)
        try:
            return await speaker.say(messages, sampling)
        finally:
            await speaker.aclose()

    return asyncio.run(once())


# --- what is asked ------------------------------------------------------------------------------------------------


def test_sampling_reaches_the_endpoint_and_unset_fields_do_not() -> None:
    with serving(serve.ok) as server:
        say(server.base_url, sampling=Sampling(temperature=0.5, top_p=0.9, max_tokens=7, stop=("\n",), seed=3))
        say(server.base_url, sampling=Sampling(temperature=None))
    full, bare = server.bodies
    assert full == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi."}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["\n"],
        "seed": 3,
    }
    assert bare.keys() == {"model", "messages", "max_tokens"}


def test_empty_system_message_is_omitted() -> None:
    with serving(serve.ok) as server:
        say(server.base_url, (Message(role="system", content=" "), *HI))
        say(server.base_url, (Message(role="system", content="Be brief."), *HI))
    assert [len(body["messages"]) for body in server.bodies] == [1, 2]


def test_key_comes_from_the_named_variable_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(serve.ok) as server:
        say(server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-official")
        say(server.base_url, api_key_env="OTHER_KEY")
        monkeypatch.setenv("OTHER_KEY", "sk-other")
        say(server.base_url, api_key_env="OTHER_KEY")
    sent = [headers["Authorization"] for headers in server.headers]
    assert sent == ["Bearer no-key-needed", "Bearer no-key-needed", "Bearer sk-other"]


def test_address_falls_back_to_the_environment_then_to_the_official_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OpenAIModel("gpt-5").name == OpenAIModel("gpt-5", base_url=OFFICIAL_ADDRESS).name == "openai-api/gpt-5"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert OpenAIModel("qwen").name == "openai-api/qwen@localhost:8000"


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host/v1", "http://", ""])
def test_wrong_address_is_a_config_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "nowhere")
    with pytest.raises(ConfigError, match="not the address"):
        OpenAIModel("m", base_url=address)


def test_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="user or password") as caught:
        OpenAIModel("m", base_url="http://me:secret@localhost:8000/v1")
    assert "secret" not in caught.value.message + caught.value.hint


# --- what is made of an answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text", "stop"),
    [
        (completion("Hello."), "Hello.", StopReason.END),
        (completion(""), "", StopReason.END),
        (completion("Hello", "length"), "Hello", StopReason.LENGTH),
        (completion(None, refusal="I will not."), "I will not.", StopReason.END),
        (completion("No.", refusal="I will not."), "No.", StopReason.END),
    ],
)
def test_text_and_stop_reason(answer: dict[str, Any], text: str, stop: StopReason) -> None:
    with serving(sends(answer)) as server:
        reply = say(server.base_url)
    assert (reply.text, reply.stop_reason) == (text, stop)
    assert reply.usage == Usage(prompt_tokens=1000, completion_tokens=100)


@pytest.mark.parametrize("left", ["Hel", "", None])
def test_what_a_filter_leaves_is_a_failure_and_no_reply(left: str | None) -> None:
    with serving(sends(completion(left, "content_filter"))) as server, pytest.raises(ContentFiltered) as caught:
        say(server.base_url)
    assert caught.value.cost is not None
    assert caught.value.cost.prompt_tokens == 1000
    assert len(server.bodies) == 1  # asking again would cost again and be filtered again


def test_cost_has_a_price_only_where_one_is_known() -> None:
    with serving(serve.waits(0.05)) as server:
        unknown = say(server.base_url).cost
        listed = say(server.base_url, model="gpt-5-2025-08-07").cost
        given = say(server.base_url, price=Price(prompt=10.0, completion=0.0)).cost
    assert (unknown.calls, unknown.usd, unknown.prompt_tokens) == (1, None, 1000)
    assert 0.05 <= unknown.seconds < 5
    assert listed.usd == pytest.approx(1000 * 1.25e-6 + 100 * 10e-6)
    assert given.usd == pytest.approx(0.01)


def test_without_usage_the_cost_is_unknown_even_with_a_price() -> None:
    with serving(sends({"choices": completion()["choices"]})) as server:
        reply = say(server.base_url, model="gpt-5")
    assert (reply.usage, reply.cost.usd) == (Usage(), None)


def test_price_table_knows_snapshots_and_nothing_else() -> None:
    assert price_of("gpt-5-mini-2025-08-07") == PRICES["gpt-5-mini"] == price_of("gpt-5-mini")
    assert price_of("gpt-5-mini-finetuned") is None


# --- how it fails -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "error", "calls", "told"),
    [
        (serve.unauthorised, EndpointRefused, 1, "Incorrect API key"),
        (serve.error(403, "No."), EndpointRefused, 1, "HTTP 403"),
        (serve.unknown_model, BadRequest, 1, "does not exist"),
        (sends({"detail": "Not Found"}, 404), BadRequest, 1, "Not Found"),
        (serve.error(422, "top_p is not supported"), BadRequest, 1, "top_p"),
        (serve.overflow_official, ContextOverflow, 1, "too long"),
        (serve.overflow_vllm, ContextOverflow, 1, "4096"),
        (serve.rate_limited, EndpointOverloaded, 3, "Rate limit"),
        (serve.broken, EndpointOverloaded, 3, "HTTP 500"),
        (serve.error(408, "Slow.", None, serve.SOON), EndpointTimeout, 3, "HTTP 408"),
        (serve.speaks_no_http, EndpointNonsense, 1, "not HTTP"),
        (sends(completion("", "length")), TruncatedThought, 1, "before its answer"),
        (sends(completion(None, "length", reasoning_content="Hm")), TruncatedThought, 1, "before its answer"),
    ],
)
def test_http_failures_are_typed(behaviour: Behaviour, error: type[ModelCallError], calls: int, told: str) -> None:
    with serving(behaviour) as server, pytest.raises(error, match=told) as caught:
        say(server.base_url, max_retries=2)
    assert type(caught.value) is error
    assert len(server.bodies) == calls
    assert caught.value.hint


@pytest.mark.parametrize(
    "behaviour",
    [
        serve.html,
        serve.other_json,
        serve.empty_choices,
        sends(None),
        sends([]),
        sends({"error": {"message": "Provider returned error"}}),
        sends(completion(None)),
        sends(completion("Hello.", None)),
        sends(completion("Hello.", "abort")),
        serve.sends_text("", "application/json"),
    ],
)
def test_nonsense_is_retried_then_typed(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odyssim.models.openai._FIRST_BACKOFF_S", 0.01)
    with serving(behaviour) as server, pytest.raises(EndpointNonsense) as caught:
        say(server.base_url, max_retries=2)
    assert len(server.bodies) == 3
    assert len(caught.value.message) < 500
    assert "\n" not in caught.value.message
    assert f"odyssim doctor --base-url {server.base_url}" in caught.value.hint


def test_nonsense_and_refused_attempts_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odyssim.models.openai._FIRST_BACKOFF_S", 0.01)
    mixed = (serve.rate_limited, serve.html, serve.broken, serve.html)
    with serving(*mixed, serve.ok) as server:
        assert say(server.base_url, max_retries=4).text == "Hello."
        assert len(server.bodies) == 5
    with serving(*mixed, serve.ok) as server, pytest.raises(EndpointNonsense):
        say(server.base_url, max_retries=3)


def test_retry_after_is_obeyed() -> None:
    limited = serve.error(429, "Slow down.", None, {"Retry-After": "0.9"})
    started = time.perf_counter()
    with serving(limited, serve.ok) as server:
        reply = say(server.base_url, max_retries=1)
    assert reply.text == "Hello."
    assert reply.cost.calls == 1
    assert reply.cost.seconds >= 0.9  # the client's own first back-off is at most 0.5 s
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("behaviour", [serve.closes, serve.breaks_off])
def test_broken_connection_is_retried(behaviour: Behaviour) -> None:
    with serving(behaviour, serve.ok) as server:
        assert say(server.base_url, max_retries=1).text == "Hello."
    with serving(behaviour) as server, pytest.raises(EndpointDown):
        say(server.base_url, max_retries=0)


def test_nothing_listening_is_endpoint_down_and_names_the_command() -> None:
    address = f"http://127.0.0.1:{serve.unused_port()}/v1"
    with pytest.raises(EndpointDown, match="Connect call failed") as caught:
        say(address, max_retries=1)
    assert f"odyssim doctor --base-url {address}" in caught.value.hint


def test_silence_is_a_timeout() -> None:
    with serving(serve.hangs) as server, pytest.raises(EndpointTimeout, match="2 times"):
        say(server.base_url, timeout_s=0.2, max_retries=1)
    assert len(server.bodies) == 2


def test_an_answer_that_never_ends_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odyssim.models.openai._LONGEST_RETRY_AFTER_S", 0.5)
    with serving(serve.drips) as server, pytest.raises(EndpointTimeout, match="did not finish"):
        say(server.base_url, timeout_s=0.5, max_retries=0)


def test_missing_and_wrong_key_get_different_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(serve.unauthorised) as server:
        with pytest.raises(EndpointRefused) as missing:
            say(server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
        with pytest.raises(EndpointRefused) as wrong:
            say(server.base_url)
    assert missing.value.hint == "set OPENAI_API_KEY, which is empty"
    assert wrong.value.hint == "check the key in OPENAI_API_KEY"


def test_a_key_echoed_by_the_server_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with serving(serve.error(401, "Wrong key sk-very-secret.")) as server, pytest.raises(EndpointRefused) as caught:
        say(server.base_url)
    assert "very-secret" not in caught.value.message
    assert "[key]" in caught.value.message


def test_truncated_thought_carries_its_cost() -> None:
    with serving(sends(completion("", "length"))) as server, pytest.raises(TruncatedThought) as caught:
        say(server.base_url, model="gpt-5")
    assert caught.value.cost is not None
    assert caught.value.cost.completion_tokens == 100
    assert caught.value.cost.usd == pytest.approx(1000 * 1.25e-6 + 100 * 10e-6)


# --- event loops, load, imports -----------------------------------------------------------------------------------


def test_one_model_serves_several_event_loops_and_leaves_nothing_open(caplog: pytest.LogCaptureFixture) -> None:
    gc.collect()
    caplog.clear()
    with serving(serve.ok) as server, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        model = OpenAIModel("m", base_url=server.base_url)
        texts = [asyncio.run(model.say(HI)).text for _ in range(3)]
        del model
        gc.collect()
    assert texts == ["Hello."] * 3
    assert [str(warning.message) for warning in warned] == []
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_a_closed_model_opens_again() -> None:
    async def twice(model: OpenAIModel) -> list[str]:
        first = await model.say(HI)
        await model.aclose()
        await model.aclose()
        return [first.text, (await model.say(HI)).text]

    with serving(serve.ok) as server:
        assert asyncio.run(twice(OpenAIModel("m", base_url=server.base_url))) == ["Hello.", "Hello."]


def test_200_calls_32_at_a_time_take_less_than_twice_the_ideal() -> None:
    waves, wait_s = 7, 0.05  # 200 / 32, rounded up

    async def flood(base_url: str) -> tuple[list[Reply], float]:
        model = OpenAIModel("m", base_url=base_url, concurrency=32)
        await model.say(HI)
        started = time.perf_counter()
        questions = [(Message(role="user", content=str(number)),) for number in range(200)]
        replies = await asyncio.gather(*(model.say(question) for question in questions))
        return replies, time.perf_counter() - started

    with serving(serve.waits(wait_s)) as server:
        floods = [asyncio.run(flood(server.base_url)) for _ in range(3)]
    for replies, _ in floods:
        assert [reply.text for reply in replies] == [str(number) for number in range(200)]
    assert server.open_at_most == 32
    # The best of three, because the server and other work share this process and machine.
    assert min(seconds for _, seconds in floods) < 2 * waves * wait_s


def test_importing_the_module_does_not_import_the_client() -> None:
    code = "import odyssim.models.openai, odyssim.models.registry, sys; print({'openai', 'aiohttp'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
