"""Result files of tau2-bench: tasks, and simulations in which an agent talks with a user whom a model plays.

    {"tasks": [{"id": "7", "user_scenario": {"persona": null, "instructions": {"reason_for_call": ...}}}],
     "simulations": [{"id": "...", "task_id": "7", "messages": [{"role": "user", "content": "hi"}, ...]}]}

The user's side of a task is what the user knows. The markers by which a simulated user ends a run are no speech.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from odyssim.corpus.own.conversation import Conversation
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile
from odyssim.corpus.sources.records import UpstreamRecord, json_records
from odyssim.types import SocialContext

_USER: Final = "user"
_SPEAKERS: Final = frozenset({_USER, "assistant"})
_STOP_MARKER: Final = re.compile(r"###(?:STOP|TRANSFER|OUT-OF-SCOPE)###")


class _Instructions(UpstreamRecord):
    reason_for_call: str | None = None
    known_info: str | None = None
    unknown_info: str | None = None
    task_instructions: str | None = None


class _Scenario(UpstreamRecord):
    persona: str | None = None
    instructions: str | _Instructions


class _Task(UpstreamRecord):
    id: str
    user_scenario: _Scenario


class _Message(UpstreamRecord):
    role: str
    content: str | None = None


class _Simulation(UpstreamRecord):
    id: str
    task_id: str
    messages: tuple[_Message, ...]


def tau2_runs(file: RawFile, report: ReadReport) -> Iterator[Conversation]:
    """The simulations of a result file; the tasks, which they share, are kept in memory."""
    tasks = {task.id: _context(task.user_scenario) for _, task in json_records(file, _Task, ReadReport(), at="tasks")}
    for place, run in json_records(file, _Simulation, report, at="simulations"):
        said = [(message.role, _spoken(message)) for message in run.messages if message.role in _SPEAKERS]
        yield Conversation(
            place=place,
            id=run.id,
            lines=tuple((role, text) for role, text in said if text),
            context=tasks.get(run.task_id),
            tags=("synthetic:model",),
        )


def _spoken(message: _Message) -> str:
    return _STOP_MARKER.sub("", message.content or "").strip()


def _context(scenario: _Scenario) -> SocialContext:
    told = scenario.instructions
    if isinstance(told, str):
        told = _Instructions(task_instructions=told)
    profile = _joined(scenario.persona, told.known_info, told.unknown_info)
    goal = _joined(told.reason_for_call, told.task_instructions)
    return SocialContext(
        profiles={_USER: profile} if profile else {}, goals={_USER: goal} if goal else {}, author="native"
    )


def _joined(*texts: str | None) -> str:
    return "\n".join(text.strip() for text in texts if text)
