"""Models for whole evaluations without a model: somebody who plays any task, and a judge who fills in any verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from odyssim.models.scripted import Line, Scripted, offered_options
from odyssim.types import Json, Message, Sampling, derive_seed

_SCHEMA_FOLLOWS = "write nothing after it:\n"
_FEATURES = re.compile(r"^# Features\n((?:- .*\n)+)", re.MULTILINE)
_REASONS = (
    "It reads like somebody in a hurry: short, and to the point.",
    "Too tidy. Nobody puts it in three even sentences; it says what was asked for, but in the voice of a brochure.",
    "It starts well, then repeats itself, and the one thing the person cared about is missing.",
)
_REMARKS = (
    "hm ok. but what about tuesday?",
    "no that's not it, i meant the other one",
    "thanks, that helps a lot :)",
    "wait, can you say that again, shorter?",
)


def judge(name: str = "scripted/judge") -> Scripted:
    """A judge whose reasons and numbers depend on the question alone, in the shape that the question asks for."""

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        question = next(one.content for one in reversed(messages) if _SCHEMA_FOLLOWS in one.content)
        schema = json.loads(question.partition(_SCHEMA_FOLLOWS)[2])
        verdict = filled(schema, schema.get("$defs", {}), derive_seed(0, name, question))
        listed = _FEATURES.search(question)
        if listed and "results" in verdict:  # one result for each feature that is listed
            names = [line.removeprefix("- ").partition(":")[0] for line in listed[1].splitlines()]
            verdict["results"] = [verdict["results"][0] | {"feature_name": one} for one in names]
        return json.dumps(verdict)

    return Scripted(answer, name=name)


def filled(schema: Json, definitions: Json, seed: int) -> Any:
    """A value that fits a JSON schema; `seed` chooses among those that do."""
    if "$ref" in schema:
        return filled(definitions[schema["$ref"].rpartition("/")[2]], definitions, seed)
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], definitions, seed)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][seed % len(schema["enum"])]
    match schema["type"]:
        case "object":
            fields = schema.get("properties", {})
            return {
                name: "Ann Verrill" if name == "name" else filled(field, definitions, derive_seed(seed, name))
                for name, field in fields.items()
            }
        case "array":
            size = max(1, schema.get("minItems", 1))
            return [filled(schema["items"], definitions, derive_seed(seed, place)) for place in range(size)]
        case "integer" | "number":
            low, high = schema.get("minimum", 0), schema.get("maximum", 10)
            return low + seed % (int(high - low) + 1)
        case "boolean":
            return seed % 2 == 0
        case _:
            return _REASONS[seed % len(_REASONS)]


def player(name: str = "scripted/player") -> Scripted:
    """Chooses the first option where there are any, acts in Sotopia, thinks and gestures in CoSER, else remarks."""

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        told = "\n".join(message.content for message in messages)
        remark = _REMARKS[derive_seed(0, name, told) % len(_REMARKS)]
        if "action_type" in told:
            return _action(remark, len(messages))
        if options := offered_options(messages):
            return f"<think>The first one will do.</think><answer>{options[0]}</answer>"
        if "[" in messages[0].content and "===" in told:
            return f"[They suspect nothing.] (looks away) {remark}"
        return remark

    return Scripted(answer, name=name)


def _action(remark: str, so_far: int) -> str:
    kinds = ("speak", "non-verbal communication", "speak", "action", "speak", "leave")
    kind = kinds[min(so_far // 2, len(kinds) - 1)]
    words = {"non-verbal communication": "shrugs and smiles", "action": "puts the kettle on", "leave": ""}
    return json.dumps({"action_type": kind, "argument": words.get(kind, remark)})
