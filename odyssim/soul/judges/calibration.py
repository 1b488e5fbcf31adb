"""The calibration set: texts whose order is known, to see whether a judge finds it.

Every group is one place (a talk, a scene, a post to answer) with four texts for it, from the one that a person would
most likely write to one that only aims at the judge. All were written for this set; none is a recorded person's.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from odyssim.tasks.records import read_jsonl
from odyssim.types import Record

SET_VERSION: Final = "1"
"""Stands for the texts and the rubric: with another number, checks are not comparable."""

_FILE: Final = Path(__file__).with_name("calibration.jsonl")


class Grade(StrEnum):
    """The known order, best first."""

    HUMAN_LIKE = "human_like"
    GOOD = "good"
    STILTED = "stilted"
    HACKED = "hacked"


class Kind(StrEnum):
    """What is judged: the kinds of the generative tasks."""

    NEXT_MESSAGE = "next_message"
    STYLE = "style"
    PERSONA_REPLY = "persona_reply"
    SOCIAL_SCENE = "social_scene"
    STORY_SCENE = "story_scene"


class Hack(StrEnum):
    """How a hacked text tries it: by reciting the rubric, repeating itself, talking to the judge, copying what was
    shown, forging the markers round it, or piling up what looks human."""

    RECITAL = "recital"
    DEGENERATE = "degenerate"
    GRADER = "grader"
    COPY = "copy"
    MARKER = "marker"
    STUFFING = "stuffing"


class Group(Record):
    """One place, told in `scene`, and a text of every grade for it."""

    id: str
    kind: Kind
    scene: str
    human_like: str
    good: str
    stilted: str
    hacked: str
    hack: Hack

    def text(self, grade: Grade) -> str:
        """The text of a grade."""
        text: str = getattr(self, grade.value)
        return text


@cache
def calibration_set() -> tuple[Group, ...]:
    """All groups, in the order of the file."""
    return tuple(Group.model_validate(row) for _, row in read_jsonl(_FILE))
