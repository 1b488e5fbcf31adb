"""What a task is: items, `play` (the policy acts), `score` (no policy needed), `validate` (gold = full marks).

The same object serves evaluation and reinforcement learning. Subclasses write `converse` and `grade` as plain code
that may raise; `play` and `score` are the only places where an error becomes a `Failure`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from odyssim.errors import DataError, ModelCallError, OdysSimError, Party
from odyssim.models.base import Cast, Floor, Role
from odyssim.types import Axis, Episode, EpisodeStop, Failure, Origin, Outcome, Profile, Record, Turn


class Item(Record):
    """One question, scene or conversation of a task. Items that share a `cluster` (a story) are not independent."""

    id: str
    origin: Origin
    cluster: str


ItemT = TypeVar("ItemT", bound=Item)


class Played(Record):
    """What `converse` hands back: the dialogue as heard, and why it ended."""

    turns: tuple[Turn, ...]
    stop: EpisodeStop = EpisodeStop.COMPLETED


class Task(ABC, Generic[ItemT]):
    """One task of the benchmark.

    `version` changes when scores stop being comparable. `roles` are the seats that must be filled to play,
    `judge_roles` those needed to score.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[str]
    axis: ClassVar[Axis]
    licence: ClassVar[str]
    roles: ClassVar[tuple[Role, ...]] = (Role.POLICY,)
    judge_roles: ClassVar[tuple[Role, ...]] = ()

    @abstractmethod
    def items(self, split: str = "test", *, data: Path | None = None) -> Sequence[ItemT]:
        """All items of a split. 'test' reads published files below `data`; 'village' makes synthetic ones.

        Raises `DataError` if `data` lacks the task's files, `UnknownName` for an unknown split.
        """

    @abstractmethod
    async def converse(self, item: ItemT, floor: Floor, profile: Profile) -> Played:
        """Let the cast speak. Raise `ModelCallError` or `DataError` freely; `play` turns it into a failure."""

    @abstractmethod
    async def grade(self, item: ItemT, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        """Score a finished episode. Judges are asked through `floor`."""

    @abstractmethod
    def gold_reply(self, item: ItemT, profile: Profile) -> str:
        """A policy reply that must score full marks."""

    def chance(self, item: ItemT) -> float | None:
        """Expected score of a guess in the right format, or none where guessing has no meaning."""
        return None

    def facets(self, item: ItemT) -> dict[str, str]:
        """Groups by which the score is broken down for diagnosis (order, question type); never part of an index."""
        return {}

    async def play(self, item: ItemT, cast: Cast, profile: Profile = Profile.IMPROVED) -> Episode:
        """One episode. Never raises for a failure of a model or of the item: it is on the episode."""
        floor = Floor(cast)
        failure = None
        try:
            played = await self.converse(item, floor, profile)
        except (ModelCallError, DataError) as error:
            failure = failure_of(error)
            played = Played(turns=(), stop=EpisodeStop.FAILED)
        return Episode(
            task=self.name,
            item_id=item.id,
            profile=profile,
            turns=played.turns,
            calls=tuple(floor.calls),
            stop=played.stop,
            failure=failure,
            cost=floor.cost,
        )

    async def score(self, item: ItemT, episode: Episode, cast: Cast, profile: Profile = Profile.IMPROVED) -> Outcome:
        """What the episode is worth. A failed episode, or a judge that fails, gives an unscored outcome."""
        if episode.failure is not None:
            return Outcome(failure=episode.failure)
        floor = Floor(cast)
        try:
            outcome = await self.grade(item, episode, floor, profile)
        except (ModelCallError, DataError) as error:
            return Outcome(failure=failure_of(error), cost=floor.cost)
        return outcome.model_copy(update={"cost": floor.cost})

    async def validate(self, item: ItemT, cast: Cast | None = None, profile: Profile = Profile.IMPROVED) -> None:
        """Raise `DataError` unless the gold answer of `item` scores full marks."""
        gold = Turn(speaker=Role.POLICY.value, text=self.gold_reply(item, profile), human=False, train=False)
        episode = Episode(
            task=self.name, item_id=item.id, profile=profile, turns=(gold,), calls=(), stop=EpisodeStop.COMPLETED
        )
        outcome = await self.score(item, episode, cast or Cast(), profile)
        if outcome.score != 1.0:
            raise DataError(f"the gold answer of {self.name} item {item.id} scores {outcome.score}, not 1")


def failure_of(error: OdysSimError) -> Failure:
    """The record of an error: model errors count for the seat that called, data errors for the data."""
    party = error.party or Party.POLICY if isinstance(error, ModelCallError) else Party.DATA
    return Failure.of(error, party)
