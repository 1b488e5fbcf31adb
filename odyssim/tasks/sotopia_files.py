"""The original files of Sotopia, brought into the envelope: scenario x two people x relationship x goals, each side.

A combination names an environment (scenario, two goals, how the two are related) and two people. What one may see of
the other follows from the relationship, as in Sotopia: strangers nothing, then the name, then what is public, then
(friends, a couple, family) personality and values. A secret is its owner's alone, and so is a goal with its tags.
The stories of relationships stay out: some tell both sides' secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from odyssim.errors import DataError
from odyssim.tasks.records import published_file, read_json, read_jsonl
from odyssim.tasks.rows import Row
from odyssim.tasks.sotopia_scene import SEATS
from odyssim.types import Json, Origin

FOLDER: Final = "bench/sotopia"

_FOR_JUDGES: Final = re.compile(r'<p viewer="environment">(.*?)</p>', re.DOTALL)
_TAG: Final = re.compile(r"</?\w[^<>]*>")


class Relationship(IntEnum):
    """How two people are related, in the numbers of the files."""

    STRANGERS = 0
    KNOWN_BY_NAME = 1
    ACQUAINTANCES = 2
    FRIENDS = 3
    COUPLE = 4
    FAMILY = 5

    @property
    def words(self) -> str:
        """The relationship as the two are told."""
        return _WORDS[self]


_WORDS: Final = {
    Relationship.STRANGERS: "strangers",
    Relationship.KNOWN_BY_NAME: "they know each other by name",
    Relationship.ACQUAINTANCES: "acquaintances",
    Relationship.FRIENDS: "friends",
    Relationship.COUPLE: "a romantic couple",
    Relationship.FAMILY: "family",
}


class Environment(BaseModel):
    """A scene for two. Goals may hold tags; their contents are the owner's."""

    env_id: str
    scenario: str
    agent_goals: tuple[str, str]
    relationship: Relationship


class Person(BaseModel):
    """Somebody who can be in a scene."""

    agent_id: str
    first_name: str
    last_name: str
    age: int
    occupation: str
    gender: str
    gender_pronoun: str
    public_info: str
    personality_and_values: str
    secret: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def background(self) -> str:
        """What the person knows of themselves."""
        return f"{self.shown_to(Relationship.FAMILY)} {self.first_name}'s secret: {self.secret}"

    def shown_to(self, other: Relationship) -> str:
        """What somebody who stands in this relationship to the person may see of them; '' for a stranger."""
        if other is Relationship.STRANGERS:
            return ""
        if other is Relationship.KNOWN_BY_NAME:
            return f"{self.name}, known by name only."
        known = (
            f"{self.name}, {self.age}, {self.gender.lower()} ({self.gender_pronoun.lower()}), works as "
            f"{self.occupation.lower()}. {self.public_info}"
        )
        if other is Relationship.ACQUAINTANCES:
            return known
        return f"{known} Personality and values: {self.personality_and_values}"


class _Related(BaseModel):
    agent1_id: str
    agent2_id: str
    relationship: Relationship


class _Combination(BaseModel):
    env_id: str
    agent_ids: tuple[str, str]


def upstream_rows(data: Path | None, *, hard: bool) -> Iterator[Row]:
    """Two rows, one per seat, of every combination in a hard environment (or, unless `hard`, in any other).

    Raises `DataError` with file and line for a record that is malformed, names what no file describes, or joins people
    who are not related as the environment asks.
    """
    environments = {each.env_id: each for _, each in _read(data, "environment_profiles", Environment)}
    people = {each.agent_id: each for _, each in _read(data, "agent_profiles", Person)}
    related = {
        (frozenset((each.agent1_id, each.agent2_id)), each.relationship)
        for _, each in _read(data, "relationship_profiles", _Related)
    }
    hard_ids = _hard_environments(data)
    path = _path(data, "env_agent_combo_storages")
    index = 0
    for line, combination in _read(data, path.stem, _Combination):
        if (combination.env_id in hard_ids) is not hard:
            continue
        ids = combination.agent_ids
        if combination.env_id not in environments or not people.keys() >= set(ids):
            raise DataError("names an environment or people that no file describes", path=path, line=line)
        environment = environments[combination.env_id]
        if (frozenset(ids), environment.relationship) not in related:
            raise DataError("joins people who are not related as the environment asks", path=path, line=line)
        info = combined(environment, [people[one] for one in ids])
        for seat in SEATS:
            yield Row("sotopia", index, info | {"eval_position": seat}, Origin.PUBLISHED, path=path, line=line)
            index += 1


def combined(environment: Environment, people: list[Person]) -> Json:
    """The `extra_info` of a combination, but for the seat that is evaluated."""
    info: Json = {
        "scenario": _FOR_JUDGES.sub("", environment.scenario).strip(),
        "environment_note": " ".join(_FOR_JUDGES.findall(environment.scenario)),
        "relationship": environment.relationship.words,
    }
    for seat, person, goal in zip(SEATS, people, environment.agent_goals, strict=True):
        info |= {
            f"{seat}_name": person.name,
            f"{seat}_background": person.background,
            f"{seat}_shown": person.shown_to(environment.relationship),
            f"{seat}_goal": _TAG.sub("", goal),
        }
    return info


ModelT = TypeVar("ModelT", bound=BaseModel)


def _read(data: Path | None, stem: str, model: type[ModelT]) -> Iterator[tuple[int, ModelT]]:
    path = _path(data, stem)
    for line, record in read_jsonl(path):
        try:
            yield line, model.model_validate(record)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            place = ".".join(map(str, problem["loc"]))
            raise DataError(f"'{place}': {problem['msg']}", path=path, line=line) from error


def _path(data: Path | None, stem: str) -> Path:
    return published_file(data, f"{FOLDER}/profiles/{stem}.jsonl")


def _hard_environments(data: Path | None) -> frozenset[str]:
    path = published_file(data, f"{FOLDER}/env_files/used_env.json")
    lists = read_json(path)
    if not isinstance(lists, dict) or not isinstance(lists.get("sotopia_hard_env"), list):
        raise DataError("expected an object with the list 'sotopia_hard_env'", path=path)
    return frozenset(lists["sotopia_hard_env"])
