"""Which models does an OpenAI-compatible endpoint serve? Asked with the standard library alone."""

from __future__ import annotations

import json
import os
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from pydantic import HttpUrl, TypeAdapter, ValidationError

from odyssim.errors import (
    BadRequest,
    ConfigError,
    EndpointDown,
    EndpointNonsense,
    EndpointOverloaded,
    EndpointRefused,
    EndpointTimeout,
    ModelCallError,
)

TIMEOUT_S = 5.0


def list_models(base_url: str) -> tuple[str, ...]:
    """The model names that an OpenAI-compatible endpoint lists, waiting at most 5 s for each step of the answer.

    $OPENAI_API_KEY is sent if set. Raises `ConfigError` for an address that is no http(s) URL, and the
    `ModelCallError` that fits for everything else.
    """
    place = shown_address(base_url)
    request = Request(f"{base_url.rstrip('/')}/models")
    if key := os.environ.get("OPENAI_API_KEY"):
        # A redirect must not carry the key to another host.
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:
            listing = json.load(response)
        return tuple(str(entry["id"]) for entry in listing["data"])
    except HTTPError as error:
        raise _refusal(place, error.code) from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, TimeoutError):
            raise EndpointTimeout(
                f"{place} accepts the connection but does not answer within {TIMEOUT_S:.0f} s.",
                hint="the server may still be loading its model: look at its log and try again",
            ) from error
        raise EndpointDown(
            f"Nothing usable answers at {place}: {reason}.",
            hint="start the server, or correct host and port in --base-url",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise EndpointNonsense(
            f"{place}/models answers, but not with a list of models.",
            hint="is this an OpenAI-compatible API? Its address usually ends in /v1",
        ) from error


def _refusal(place: str, code: int) -> ModelCallError:
    """The error for an HTTP status other than success."""
    message = f"{place}/models answers HTTP {code}."
    if code in (401, 403):
        return EndpointRefused(message, hint="export OPENAI_API_KEY=..., with a key of this endpoint")
    if code == 429 or code >= 500:
        return EndpointOverloaded(message, hint="the server is up but not serving: look at its log and try again")
    return BadRequest(message, hint="the address usually ends in /v1: --base-url http://HOST:PORT/v1")


def shown_address(base_url: str) -> str:
    """The address without a user name or password in it. Raises `ConfigError` unless it is an http(s) URL."""
    try:
        TypeAdapter(HttpUrl).validate_python(base_url)
    except ValidationError as error:
        raise ConfigError(
            f"The base URL is not an http(s) address: {error.errors()[0]['msg']}.",
            hint="--base-url http://HOST:PORT/v1",
        ) from error
    parts = urlsplit(base_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
