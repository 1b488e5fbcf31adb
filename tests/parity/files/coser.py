"""coser: text, parsing, overlaps, ratings and whole scenes of CoSER."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from odyssim.models.base import Cast, Role
from odyssim.models.scripted import Line, Scripted, ScriptFunction
from odyssim.tasks.coser import CoSER
from odyssim.tasks.coser_overlap import overlaps
from odyssim.tasks.coser_prompts import character_of
from odyssim.tasks.coser_score import DIMENSIONS, reference_scores
from odyssim.tasks.coser_text import reference_aloud, reference_field, reference_labelled, reference_named
from odyssim.tasks.extraction import reference_strip_thoughts
from odyssim.tasks.lenient_json import lenient_json
from odyssim.types import Episode, Message, Profile, Reply, Sampling, Usage
from tests.parity.rows import row_of

TASK = CoSER()


def _scores(given: dict[str, Any]) -> dict[str, Any]:
    points, reward, used = reference_scores(given["attempts"])
    return {"scores": points, "reward": reward, "attempts_used": used}


def _overlaps(given: dict[str, Any]) -> dict[str, float]:
    pairs = [[(speaker, text) for speaker, text in given[side]] for side in ("reference", "simulation")]
    return overlaps(*pairs, skip=given["skip"])


def _queue(outputs: Sequence[str | None]) -> ScriptFunction:
    """Says the outputs in turn, then nothing: no token for a missing one, only the end for an empty one."""
    left = iter(outputs)

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        text = next(left, None)
        return Reply(text=text or "", usage=Usage(completion_tokens=int(text is not None)))

    return answer


def _verdict(ratings: dict[str, Any] | None) -> str:
    given = ratings or {}
    rated = {field: given.get(title) for title, field in DIMENSIONS.items()}
    return json.dumps({field: {"reason": "r", "score": score} for field, score in rated.items()})


def _log(episode: Episode) -> list[list[str]]:
    """The lines of the scene, each followed by what the director was understood to call, if anything."""
    said = [call.reply.text for call in episode.calls if call.role == Role.DIRECTOR.value]
    stripped = [reference_strip_thoughts(text, drop_unclosed=True) or "" for text in said]
    called = [["NSP", reference_named(text)] for text in stripped if text]
    log = []
    for number, turn in enumerate(episode.turns):
        log += [[turn.speaker, turn.text], *called[number : number + 1]]
    return log


def _episode(given: dict[str, Any]) -> dict[str, Any]:
    item = TASK.read(row_of("coser", given), Profile.REFERENCE)
    cast = Cast(
        policy=Scripted(_queue(given["policy_outputs"])),
        narrator=Scripted(_queue(given["env_outputs"])),
        director=Scripted(_queue(given["nsp_outputs"])),
        judges=(Scripted(lambda messages, sampling: _verdict(given["judge"])),),
    )
    episode = asyncio.run(TASK.play(item, cast, Profile.REFERENCE))
    outcome = asyncio.run(TASK.score(item, episode, cast, Profile.REFERENCE))
    calls = [call for call in episode.calls if call.role == Role.POLICY.value]
    trained = {character_of(item, call) for call in calls if call.reply.usage.completion_tokens}
    reward = reference_scores([given["judge"]])[1] if trained and outcome.failure else outcome.score
    return {
        "log": _log(episode),
        "policy_speakers": sorted({character_of(item, call) for call in calls}),
        "policy_calls": len(calls),
        "num_outputs": len(trained),
        "reward": reward,
    }


COVERED = {
    "strip_inner_thoughts": reference_aloud,
    "add_speaker": lambda given: reference_labelled(given["text"], given["speaker"]),
    "next_speaker_field": reference_field,
    "json_lenient": lenient_json,
    "dim_scores": _scores,
    "overlap_metrics": _overlaps,
    "episode": _episode,
    "resolved_profiles": lambda given: TASK.read(row_of("coser", {"circumstance": given}), Profile.REFERENCE).profiles,
}
