"""A scene of a book as CoSER describes it: who speaks, what they are like, what moves them, and how the book has it.

{"circumstance": {"book": ..., "scenario": ..., "plot": {"summary": ..., "key_characters": [...]},
                  "key_characters": [{"name": "Ann", "motivation": ...}], "character_profiles": {"Ann": ...},
                  "dialogues": [{"character": "Ann", "message": "[hm] (nods) Yes."}, ...],
                  "speaking_characters_w_env": ["Ann", "Bob", "Environment"], "major_characters": ["Ann"]},
 "wo_thought": false, "continue_from": 0, "index": 3}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from odyssim.tasks.choice import ChoiceItem
from odyssim.tasks.coser_text import ENVIRONMENT
from odyssim.tasks.extraction import plain_words
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Profile, Record


class Line(Record):
    """A line of the book: thoughts in [square], deeds in (round) brackets."""

    speaker: str
    text: str


class CoSERItem(ChoiceItem):
    """A scene. `names` are all who can speak, in order, the environment included; `major` as the book's editors say.

    `profiles` and `motivations` have entries for some characters only. The first `continue_from` lines are the book's.
    """

    book: str
    scenario: str
    plot: str
    names: tuple[str, ...]
    major: tuple[str, ...]
    profiles: dict[str, str]
    motivations: dict[str, str]
    lines: tuple[Line, ...]
    wo_thought: bool = False
    continue_from: int = 0
    tag: str = ""

    @property
    def characters(self) -> tuple[str, ...]:
        """Those whom the policy plays."""
        return tuple(name for name in self.names if name != ENVIRONMENT)


def scene_of(row: Row, profile: Profile) -> CoSERItem:
    """The scene in a row. `DataError` if nobody speaks in it; in `improved` also if an essential part is missing."""
    scene = replace(row, info=_circumstance(row))
    plot = _part(scene, scene.info.get("plot"))
    speakers = scene.texts("speaking_characters_w_env")
    names = tuple(dict.fromkeys((*speakers, ENVIRONMENT)))
    motives = [_part(scene, member) for member in scene.objects("key_characters")]
    lines = [_part(scene, member) for member in scene.objects("dialogues")]
    item = CoSERItem(
        **row.identity(digest(scene.text("book") or str(row.index))),
        book=scene.text("book"),
        scenario=scene.text("scenario"),
        plot=plot.text("summary"),
        names=names,
        major=scene.texts("major_characters"),
        profiles=resolved_profiles(scene, names),
        motivations={motive.text("name"): motive.text("motivation", "thought") for motive in motives},
        lines=tuple(Line(speaker=line.text("character"), text=line.text("message")) for line in lines),
        wo_thought=bool(row.info.get("wo_thought")),
        continue_from=row.whole("continue_from") or 0,
        tag=scene.text("tag"),
    )
    if not item.characters:
        row.fail("'speaking_characters_w_env' names nobody who speaks")
    if not 0 <= item.continue_from <= len(item.lines):
        row.fail(f"'continue_from' is {item.continue_from}, but the book has {len(item.lines)} lines")
    if profile is Profile.IMPROVED:
        _check(row, item)
    return item


def resolved_profiles(scene: Row, names: Iterable[str]) -> dict[str, str]:
    """What is known about each of `names` but the environment: the plot's description, then the profile."""
    plot = _part(scene, scene.info.get("plot"))
    profiles = _part(scene, scene.info.get("character_profiles"))
    known = [_part(scene, member) for member in plot.objects("key_characters")]
    resolved = {}
    for name in names:
        described = next((one.text("description") for one in known if one.text("name") == name), "")
        profile = "\n\n".join(text.strip("\n") for text in (described, profiles.text(name))).strip(" \n")
        if profile and name != ENVIRONMENT:
            resolved[name] = profile
    return resolved


def _circumstance(row: Row) -> Mapping[str, Any]:
    given = row.info.get("circumstance")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            row.fail(f"'circumstance' is not valid JSON: {error}")
    return given if isinstance(given, Mapping) else row.fail("'circumstance' is no object")


def _part(scene: Row, value: object) -> Row:
    """A part of the scene with the accessors of a row; an absent part has no fields."""
    return replace(scene, info=value if isinstance(value, Mapping) else {})


def _check(row: Row, item: CoSERItem) -> None:
    if not (item.book and item.scenario and item.lines):
        row.fail("a book, a scenario and the book's dialogue are needed")
    if not all(line.speaker and line.text for line in item.lines):
        row.fail("a line of 'dialogues' has no character or no message")
    if len(set(map(plain_words, item.names))) < len(item.names):
        row.fail("two speakers have the same name")
    strangers = {line.speaker for line in item.lines[: item.continue_from]} - set(item.names)
    if strangers:
        row.fail(f"{', '.join(sorted(strangers))} speak before 'continue_from' and are not among the speakers")
