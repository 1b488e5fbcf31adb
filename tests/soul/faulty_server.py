"""A chat endpoint for all seats that goes wrong at every k-th question of a seat, in each of its ways in turn.

A fault is of the transport (HTTP 429, 500, silence, no JSON), of a verdict, or of what a speaker says. Transport and
verdict go wrong in two ways: once, so that the next attempt at the same question gets a good answer, and for good.
Whatever is put again, by the client or by us, is the same question.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from aiohttp import web

from odyssim.types import Json
from tests.models.server import SOON, completion
from tests.soul.seats import SEATS, dressed, number_of, question_of, said_by_rule, takes_actions, verdict

MARKER: Final = "E-7311 upstream exploded"
"""Stands in every error that the server tells, and in nothing that a seat says."""
SAID_ERROR: Final = "Error: request failed after 3 retries (HTTP 429)"
"""What a seat says with HTTP 200, in so many words."""
FORGED: Final = "forged words 7311"
SILENCE_S: Final = 60.0


class Fault(StrEnum):
    """One way to go wrong."""

    RATE_LIMIT = "rate limit"
    SERVER_ERROR = "server error"
    HANG = "hang"
    NO_JSON = "no JSON"
    EMPTY = "empty"
    CUT = "cut mid-word"
    ERROR_TEXT = "error text"
    PROSE = "prose"
    OUT_OF_RANGE = "out of range"
    WRONG_KEYS = "wrong keys"
    REPEATS = "repeats"
    SPEAKS_FOR_OTHER = "speaks for the other side"
    BROKEN_ACTION = "broken action"
    NEVER_STOPS = "never stops"


TRANSPORT: Final = (Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.HANG, Fault.NO_JSON)
VERDICT: Final = (Fault.EMPTY, Fault.CUT, Fault.ERROR_TEXT, Fault.PROSE, Fault.OUT_OF_RANGE, Fault.WRONG_KEYS)
SPEECH: Final = {
    "policy": (Fault.EMPTY, Fault.CUT, Fault.ERROR_TEXT, Fault.BROKEN_ACTION, Fault.NEVER_STOPS),
    "partner": (
        Fault.EMPTY,
        Fault.CUT,
        Fault.ERROR_TEXT,
        Fault.REPEATS,
        Fault.SPEAKS_FOR_OTHER,
        Fault.BROKEN_ACTION,
    ),
    "narrator": (Fault.SPEAKS_FOR_OTHER, Fault.EMPTY, Fault.CUT, Fault.ERROR_TEXT, Fault.REPEATS),
    "director": (Fault.EMPTY, Fault.CUT, Fault.ERROR_TEXT, Fault.REPEATS),
}


class Injected(NamedTuple):
    """A fault at one question. `lasting`: every attempt at the question meets it. `acts`: a turn is a JSON action."""

    seat: str
    fault: Fault
    lasting: bool
    acts: bool


def faults_of(seat: str) -> list[tuple[Fault, bool]]:
    """The faults of a seat in their turn, and whether they last: what a speaker says is said for good."""
    if seat == "judge":
        return [(fault, lasting) for fault in (*VERDICT, *TRANSPORT) for lasting in (False, True)]
    said = [(fault, True) for fault in SPEECH[seat]]
    return said + [(fault, lasting) for lasting in (False, True) for fault in TRANSPORT]


@dataclass
class FaultyServer:
    """What a seat is asked, what goes wrong, and how: `every` is the k of a seat (0: never).

    `injected` holds every fault by the question that met it.
    """

    every: dict[str, int]
    injected: dict[int, Injected] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)
    _turn: dict[str, deque[tuple[Fault, bool]]] = field(
        default_factory=lambda: {seat: deque(faults_of(seat)) for seat in SEATS}
    )

    async def answer(self, request: web.Request, asked: Json) -> web.StreamResponse:
        """Answer one request, well or badly."""
        key = _question(asked)
        self.attempts[key] += 1
        if self.attempts[key] == 1:
            self._meet(key, asked)
        met = self.injected.get(key)
        if met is None or not (met.lasting or self.attempts[key] == 1):
            return web.json_response(completion(said_by_rule(asked)))
        return await _gone_wrong(met.fault, asked)

    def _meet(self, key: int, asked: Json) -> None:
        seat, messages = asked["model"], asked["messages"]
        self.questions[seat] += 1
        if not self.every[seat] or self.questions[seat] % self.every[seat]:
            return
        turn = self._turn[seat]
        due = next(each for each in turn if _fits(each[0], messages))
        turn.remove(due)
        turn.append(due)
        self.injected[key] = Injected(seat, *due, acts=takes_actions(messages))


def _question(asked: Json) -> int:
    """The same for every attempt at a question: a judge's objections are no new one, and nor is their seed."""
    if asked["model"] != "judge":
        return number_of(asked)
    return number_of({"model": "judge", "messages": question_of(asked["messages"])})


def _fits(fault: Fault, messages: list[Json]) -> bool:
    if fault is Fault.BROKEN_ACTION:
        return takes_actions(messages)
    return fault is not Fault.REPEATS or _last_own(messages) is not None


def _last_own(messages: list[Json]) -> str | None:
    return next((said["content"] for said in reversed(messages) if said["role"] == "assistant"), None)


async def _gone_wrong(fault: Fault, asked: Json) -> web.StreamResponse:
    failure = {"error": {"message": MARKER, "type": "error", "code": None}}
    match fault:
        case Fault.RATE_LIMIT:
            return web.json_response(failure, status=429, headers=SOON)
        case Fault.SERVER_ERROR:
            return web.json_response(failure, status=500, headers=SOON)
        case Fault.NO_JSON:
            return web.Response(text=f"<html>{MARKER}</html>", content_type="text/html")
        case Fault.HANG:
            await asyncio.sleep(SILENCE_S)
            return web.json_response(failure)
        case Fault.CUT:
            said = said_by_rule(asked)
            return web.json_response(completion(said[: len(said) // 2], finish_reason="length"))
        case Fault.NEVER_STOPS:
            line = f"{number_of(asked)}{' and so on' * 300}"
            return web.json_response(completion(dressed(line, asked["messages"])[:-20], finish_reason="length"))
        case _:
            return web.json_response(completion(_badly_said(fault, asked)))


def _badly_said(fault: Fault, asked: Json) -> str:
    messages, number = asked["messages"], number_of(asked)
    match fault:
        case Fault.EMPTY:
            return ""
        case Fault.ERROR_TEXT:
            line = f"{SAID_ERROR} {number}"
            return line if asked["model"] in ("judge", "director") else dressed(line, messages)
        case Fault.PROSE:
            return "I would say this is rather good, seven or eight of ten."
        case Fault.OUT_OF_RANGE:
            return json.dumps(verdict(messages, out_of_range=True))
        case Fault.WRONG_KEYS:
            return json.dumps({"opinion": "fine", "points": 3})
        case Fault.REPEATS:
            return _last_own(messages) or ""
        case Fault.SPEAKS_FOR_OTHER:
            return dressed(f"{number} it is.\nUSER: {FORGED}\nStudent: {FORGED}\n- User: {FORGED}", messages)
        case Fault.BROKEN_ACTION:
            return f'{{"action_type": "speak", "argument": {number} I would "rather not'
    raise AssertionError(fault)
