"""Asking a judge for a verdict: one JSON object of a stated shape, checked, and asked for again if it is wrong.

A verdict type is a frozen `Record`; its fields, ranges and descriptions become the instructions:

    class Warmth(Record):
        reason: str
        score: int = Field(ge=1, le=5, description="5 = as warm as a close friend")

    verdict, cost = await ask_judge(floor, messages, Warmth, sampling=Sampling(temperature=0.0))
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from odyssim.errors import UnparsableVerdict
from odyssim.models.base import Floor, Role
from odyssim.types import Cost, Json, Message, Record, Reply, Sampling, StopReason

VerdictT = TypeVar("VerdictT", bound=Record)

_MOST_COMPLAINTS = 5
_SHOWN_CHARACTERS = 300

_OBJECT_START = re.compile(r'\{\s*"')
# Judges break lines inside their strings, which strict JSON forbids.
_DECODER = json.JSONDecoder(strict=False)


async def ask_judge(
    floor: Floor,
    messages: Sequence[Message],
    verdict_type: type[VerdictT],
    *,
    sampling: Sampling,
    retries: int = 2,
    role: Role = Role.JUDGE,
    judge: int = 0,
) -> tuple[VerdictT, Cost]:
    """Put `messages` to the model in the seat `role` (of several judges, number `judge`): its verdict, and the cost.

    The shape of `verdict_type` is appended to the last message. An answer without a valid verdict is put back to the
    judge with what was wrong, with a seed of its own, at most `retries` times. Every attempt is kept on `floor`.

    Raises `UnparsableVerdict`, with the cost of all attempts, if none held a verdict; `ModelCallError` if a call fails.
    """
    question = with_instructions(messages, verdict_type)
    asked = question
    cost = Cost()
    for attempt in range(retries + 1):
        draw = sampling.with_seed_for("verdict", attempt) if attempt else sampling
        reply = await floor.ask(role, asked, draw, judge=judge)
        cost += reply.cost
        try:
            return _verdict(reply, verdict_type), cost
        except _NoVerdict as error:
            complaint = str(error)
        asked = (*question, *_objection(reply, complaint))

    hint = "raise the judge's max_tokens" if reply.stop_reason is StopReason.LENGTH else "use a stronger judge model"
    failure = UnparsableVerdict(
        f"{floor.cast.model_for(role, judge).name} gave no valid {verdict_type.__name__} in {retries + 1} attempts: "
        f"{complaint[:_SHOWN_CHARACTERS]}",
        hint=hint,
        cost=cost,
    )
    failure.party = role.party
    raise failure


def with_instructions(messages: Sequence[Message], verdict_type: type[Record]) -> tuple[Message, ...]:
    """`messages` with the asked shape appended to the last one, which becomes or stays a user message."""
    schema = verdict_type.model_json_schema(schema_generator=_UntitledFields)
    shape = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
    instructions = f"Answer with a single JSON object that fits this JSON schema, and write nothing after it:\n{shape}"
    *earlier, last = messages
    if last.role == "user":
        return *earlier, last.model_copy(update={"content": f"{last.content}\n\n{instructions}"})
    return *messages, Message(role="user", content=instructions)


def last_json_object(text: str) -> Json | None:
    """The last top-level JSON object of `text` after any reasoning, or none.

    None also if reasoning or the last object never ended or is malformed: what stands before it, or inside it, is a
    draft or a part and not the verdict.
    """
    answer = _after_reasoning(text)
    if "<think>" in answer:
        return None
    found: Json | None = None
    position = 0
    while start := _OBJECT_START.search(answer, position):
        try:
            found, position = _DECODER.raw_decode(answer, start.start())
        except json.JSONDecodeError as error:
            found, position = None, max(error.pos, start.end())
        except (RecursionError, ValueError):  # nested, or a number, beyond what Python reads
            return None
    return found


class _NoVerdict(Exception):
    """What is wrong with an answer, in words for the judge."""


class _UntitledFields(GenerateJsonSchema):
    """A schema without the titles that repeat every field's name."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _verdict(reply: Reply, verdict_type: type[VerdictT]) -> VerdictT:
    found = last_json_object(reply.text)
    if found is None:
        cut = " It was cut off at the length limit." if reply.stop_reason is StopReason.LENGTH else ""
        raise _NoVerdict(f"The answer does not end in one complete JSON object.{cut}")
    try:
        # Through JSON, because only there does strict mode let a list fill a tuple and a string an enum.
        return verdict_type.model_validate_json(json.dumps(found, allow_nan=False), strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)[:_MOST_COMPLAINTS]
        raise _NoVerdict(
            "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the object'}: {each['msg']}" for each in problems)
        ) from error
    except (RecursionError, ValueError) as error:
        raise _NoVerdict("Numbers must be finite and objects must not be deeply nested.") from error


def _objection(reply: Reply, complaint: str) -> tuple[Message, Message]:
    # Several endpoints refuse empty messages and two user messages in a row.
    answer = _after_reasoning(reply.text).strip() or "(no answer)"
    objection = f"This cannot be used. {complaint}\nGive the whole answer again as one JSON object of the stated shape."
    return Message(role="assistant", content=answer), Message(role="user", content=objection)


def _after_reasoning(text: str) -> str:
    return text.rpartition("</think>")[2]
