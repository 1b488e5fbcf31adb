"""A model for every seat, by rule: plain lines, actions, calls of the next speaker, verdicts in the shape asked for.

A request says by its `model` who is asked: policy, partner, narrator, director or judge. What is said begins with a
number of the request, so that no two questions that follow from it are alike.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from typing import Any, Final

from odyssim.types import Json

SEATS: Final = ("policy", "partner", "narrator", "director", "judge")
LINES: Final = (
    "is what i paid last time, so why would it be more now",
    "people asked about this before me, what did you tell them?",
    "steps back, then the door closes and nobody says a word",
    "is my guess. not sure though, could you check that again",
)
SCHEMA_FOLLOWS: Final = "fits this JSON schema"
UNBOUNDED: Final = float("inf")
"""Out of the range of a number that has none: no JSON file can hold it."""
NO_CHOICE: Final = "neither of these"

_NAMES: Final = re.compile(r"Names you may give: (.+?)\. ")
_FEATURES: Final = re.compile(r"# Features\n(.*?)\n\n", re.DOTALL)


def said_by_rule(asked: Json) -> str:
    """What the seat says to a request, in the form that the task wants."""
    messages = asked["messages"]
    if asked["model"] == "judge":
        return json.dumps(verdict(messages))
    number = number_of(asked)
    if asked["model"] == "director":
        names = called_names(messages)
        return f"{number} turns to look.\nNext Speaker: {names[number % len(names)]}"
    return dressed(f"{number} {LINES[number % len(LINES)]}", messages)


def number_of(asked: Json) -> int:
    """A number that only this request has."""
    return zlib.crc32(json.dumps(asked, sort_keys=True).encode())


def dressed(line: str, messages: Sequence[Json]) -> str:
    """A line as an action or between tags, where the task asks for that."""
    told = messages[0]["content"]
    if takes_actions(messages):
        return json.dumps({"action_type": "speak", "argument": line})
    return f"<response>{line}</response>" if "<response>" in told else line


def takes_actions(messages: Sequence[Json]) -> bool:
    """Whether a turn is a JSON action."""
    return '"action_type"' in messages[0]["content"]


def called_names(messages: Sequence[Json]) -> list[str]:
    """Whom the director may call."""
    found = _NAMES.search(messages[0]["content"])
    assert found is not None, "the director's prompt names nobody"
    return found[1].split(", ")


# --- verdicts ---------------------------------------------------------------------------------------------------


def question_of(messages: Sequence[Json]) -> Sequence[Json]:
    """The messages of a judge's question, without failed answers and what was wrong with them."""
    last = next(number for number, said in enumerate(messages) if SCHEMA_FOLLOWS in said["content"])
    return messages[: last + 1]


def verdict(messages: Sequence[Json], *, out_of_range: bool = False) -> Any:
    """A verdict that fits the schema in the prompt, or one of its shape with every number and choice out of range."""
    question = question_of(messages)[-1]["content"]
    schema = json.loads(question[question.rindex(SCHEMA_FOLLOWS) :].partition("\n")[2])
    listed = _FEATURES.search(question)
    features = re.findall(r"^- (.+?):", listed[1], re.MULTILINE) if listed else []
    return _filled(schema, schema.get("$defs", {}), features, out_of_range)


def _filled(schema: Json, definitions: Json, features: Sequence[str], wrong: bool) -> Any:
    if "$ref" in schema:
        return _filled(definitions[schema["$ref"].rpartition("/")[2]], definitions, features, wrong)
    if "enum" in schema:
        return NO_CHOICE if wrong else schema["enum"][0]
    kind = schema["type"]
    if kind == "object":
        return {name: _filled(each, definitions, features, wrong) for name, each in schema["properties"].items()}
    if kind == "array":
        each = _filled(schema["items"], definitions, features, wrong)
        return [{**each, "feature_name": name} for name in features] if _is_feature(each) and not wrong else [each]
    if kind in ("integer", "number"):
        if wrong:
            return schema["maximum"] + 1 if "maximum" in schema else UNBOUNDED
        middle = (schema.get("minimum", 0) + schema.get("maximum", 1)) / 2
        return int(middle) if kind == "integer" else middle
    return True if kind == "boolean" else "It is so, as far as one can see."


def _is_feature(each: Any) -> bool:
    return isinstance(each, dict) and "feature_name" in each
