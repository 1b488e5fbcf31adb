"""A scene of Sotopia: two sides, what each of them knows, and the seat that is evaluated."""

from __future__ import annotations

import re
from typing import Final, Self

from odyssim.tasks.choice import ChoiceItem
from odyssim.tasks.extraction import contains_word, plain_words
from odyssim.tasks.neutral_names import NeutralNames
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Profile, Record

SEATS: Final = ("agent1", "agent2")
"""The seats as rows name them; the first one moves first."""
UNKNOWN: Final = "Unknown"

_PIECE_ENDS: Final = re.compile(r"[.!?;:)]+(?=\s|$)|[(\n]")
_FEWEST_TELLING_WORDS: Final = 4


class Side(Record):
    """One person: their name, all that they know of themselves, their goal, and what the other may know of them."""

    name: str
    background: str = ""
    goal: str = ""
    shown: str = ""

    def seen(self, profile: Profile) -> str:
        """What the other side is told; nothing of it as published."""
        return UNKNOWN if profile is Profile.REFERENCE else self.shown or UNKNOWN


class SotopiaItem(ChoiceItem):
    """Two people in a scene. `seat` (0 moves first) is evaluated; `note` is for the judges only."""

    scenario: str
    note: str = ""
    relationship: str = ""
    sides: tuple[Side, Side]
    seat: int

    @property
    def own(self) -> Side:
        """The side that is evaluated."""
        return self.sides[self.seat]

    @property
    def other(self) -> Side:
        """The side of the partner."""
        return self.sides[1 - self.seat]

    @property
    def names(self) -> NeutralNames:
        """Neutral names; the side that is evaluated is Person A."""
        return NeutralNames((self.own.name, self.other.name))

    @property
    def key(self) -> tuple[object, ...]:
        """The same for items that differ in nothing that is played."""
        return self.scenario, self.relationship, self.sides, self.seat

    @property
    def known(self) -> str:
        """What the side that is evaluated is told."""
        return "\n".join((self.scenario, self.own.background, self.own.goal, self.other.shown, self.relationship))

    @property
    def private(self) -> tuple[str, ...]:
        """What only the partner knows, in pieces of four words and more."""
        told = plain_words(self.known)
        found = _PIECE_ENDS.split(f"{self.other.background}\n{self.other.goal}")
        return tuple(
            piece.strip()
            for piece in found
            if len(plain_words(piece).split()) >= _FEWEST_TELLING_WORDS and not contains_word(told, plain_words(piece))
        )

    def mirrored(self) -> Self:
        """The same scene with the other side evaluated."""
        return self.model_copy(update={"id": f"{self.id}-swapped", "seat": 1 - self.seat})


def read_scene(row: Row, profile: Profile) -> SotopiaItem:
    """The scene in a row. `DataError` without a scenario or a name, in `improved` also without goals and seat."""
    sides = tuple(
        Side(
            name=row.need(f"{seat}_name"),
            background=row.text(f"{seat}_background"),
            goal=row.text(f"{seat}_goal"),
            shown=row.text(f"{seat}_shown"),
        )
        for seat in SEATS
    )
    first, second = sides
    scenario = row.need("scenario")
    position = row.text("eval_position") or SEATS[0]
    if profile is Profile.IMPROVED:
        if position not in SEATS:
            row.fail(f"'eval_position' is '{position}', not one of {', '.join(SEATS)}")
        if not (first.goal and second.goal):
            row.fail("one of the two has no goal")
        if first.name == second.name:
            row.fail("the two have the same name")
    return SotopiaItem(
        **row.identity(digest("\n".join((scenario, first.goal, second.goal)))),
        scenario=_with_names(scenario, first.name, second.name),
        note=row.text("environment_note"),
        relationship=row.text("relationship"),
        sides=(first, second),
        seat=0 if position == SEATS[0] else 1,
    )


def _with_names(scenario: str, first: str, second: str) -> str:
    for place, name in (("Agent1", first), ("Agent2", second), ("agent1", first), ("agent2", second)):
        scenario = scenario.replace(place, name)
    return scenario
