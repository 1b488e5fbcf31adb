"""What a task is: items, `play` (the policy acts), `score` (no policy needed), `validate` (gold = full marks).

The same object serves evaluation and reinforcement learning. Subclasses write `converse` and `grade` as plain code
that may raise; `play` and `score` are the only places where an error becomes a `Failure`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar, overload

from odyssim.errors import DataError, ModelCallError, OdysSimError, Party
from odyssim.models.base import Cast, Floor, Role
from odyssim.types import Axis, Episode, EpisodeStop, Failure, Origin, Outcome, Profile, Record, Turn


class Item(Record):
    """One question, scene or conversation of a task. Items that share a `cluster` (a story) are not independent."""

    id: str
    origin: Origin
    cluster: str


ItemT = TypeVar("ItemT", bound=Item)


class Items(Sequence[ItemT]):
    """The usable items of a split. `dropped` says what was wrong with the rest, one failure each."""

    def __init__(self, items: Iterable[ItemT], dropped: Iterable[Failure] = ()) -> None:
        self._items = tuple(items)
        self.dropped = tuple(dropped)

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ItemT]: ...
    def __getitem__(self, index: int | slice) -> ItemT | Sequence[ItemT]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)


class HumanLevel(Record):
    """How people do on a task: `score` in 0..1 over `n` answers, and who says so."""

    score: float
    n: int
    source: str


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
    human: ClassVar[HumanLevel | None] = None

    @abstractmethod
    def items(
        self, split: str = "test", *, data: Path | None = None, profile: Profile = Profile.IMPROVED, seed: int = 0
    ) -> Items[ItemT]:
        """All usable items of a split, and what was wrong with the others.

        'test' and 'train' read published files below `data`, or the fixtures of the package where `data` has none for
        this task; 'fixture' always reads those; a task may have further splits. `seed` founds generated items and the
        order of options. Raises `DataError` for a file that cannot be read, `UnknownName` for an unknown split.
        """

    @abstractmethod
    async def converse(self, item: ItemT, floor: Floor, profile: Profile, hint: str = "") -> Played:
        """Let the cast speak, the policy with a `hint` if there is one (a second attempt in training).

        Raise `ModelCallError` or `DataError` freely; `play` turns it into a failure.
        """

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

    def stratum(self, item: ItemT) -> str:
        """The part of the task that the item belongs to: the score is the mean of the parts' means."""
        return ""

    def diagnostics(self, scored: Sequence[tuple[ItemT, Outcome]]) -> dict[str, float]:
        """Figures over the scored items besides their mean; never part of an index. By default, means by facet."""
        return means_by_facet((outcome.score or 0.0, self.facets(item)) for item, outcome in scored)

    async def play(self, item: ItemT, cast: Cast, profile: Profile = Profile.IMPROVED, *, hint: str = "") -> Episode:
        """One episode. Never raises for a failure of a model or of the item: it is on the episode."""
        floor = Floor(cast)
        failure = None
        try:
            played = await self.converse(item, floor, profile, hint)
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
            return Outcome(failure=failure_of(error), calls=tuple(floor.calls), cost=floor.cost)
        return outcome.model_copy(update={"calls": tuple(floor.calls), "cost": floor.cost})

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


def means_by_facet(scored: Iterable[tuple[float, Mapping[str, str]]]) -> dict[str, float]:
    """Plain means: `accuracy_overall`, and `accuracy_<facet>_<value>` for every group."""
    groups: dict[str, list[float]] = defaultdict(list)
    for score, facets in scored:
        groups["accuracy_overall"].append(score)
        for facet, value in facets.items():
            groups[f"accuracy_{facet}_{value}"].append(score)
    return {name: sum(values) / len(values) for name, values in sorted(groups.items())}
