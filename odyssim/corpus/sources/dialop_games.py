"""The three games of DialOp: who plays, what each player is dealt, and how an act looks to the others.

A record of the log is a message, a proposal, or the answer to a proposal. Proposals hold a plan of up to three stops
(`itinerary`), one flight for each of two travellers (`mediation`), or an HTML list of pairs (`optimization`).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import SocialContext, Turn

TRAVELLER: Final = "traveller"
AGENT: Final = "agent"
MATCHERS: Final = ("Person 1", "Person 2")

_PAIR: Final = re.compile(r"- (?P<paper>[^:<]+): (?P<reviewer>[^<]+)")

Conversation = tuple[str, list[Turn], SocialContext]
"""What tells a conversation from others of the same game, its turns, and its context."""


class _Message(UpstreamRecord):
    data: str


class _Response(UpstreamRecord):
    accept: bool
    from_player: int


class _Stop(UpstreamRecord):
    name: str
    type: str
    etype: str = ""
    est_price: float = 0
    features: dict[str, bool | int | float | str] = Field(default_factory=dict)

    def __str__(self) -> str:
        has = [name if value is True else f"{name} {value}" for name, value in self.features.items() if value]
        return f"{self.name} ({', '.join([self.etype, f'${self.est_price:.0f}', *has])})"


class _Flight(UpstreamRecord):
    carrier: str
    price: float
    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.carrier} ${self.price:.0f}, {_span(self.start, self.end)}"


class _Meeting(UpstreamRecord):
    start: datetime
    end: datetime
    importance: int

    def __str__(self) -> str:
        return f"{_span(self.start, self.end)} ({self.importance})"


class _Offer(UpstreamRecord):
    proposal_data: _Flight


class _Act(UpstreamRecord):
    type: Literal["message", "proposal", "proposal_response"]
    player: int | None = None
    vroom: int | None = None
    message: _Message | None = None
    response: _Response | None = None
    proposal: str | tuple[_Stop | None, ...] = ""
    proposals: tuple[_Offer, _Offer] | None = None

    @property
    def actor(self) -> int | None:
        return self.response.from_player if self.response else self.player

    def text(self, room: int) -> str:
        """What was said, or done, as the people in `room` saw it."""
        if self.message:
            return "\n".join(line.strip() for line in self.message.data.split(" / ")).strip()
        if self.response:
            return "[accepts the proposal]" if self.response.accept else "[rejects the proposal]"
        if self.proposals:
            flight = self.proposals[room].proposal_data
            leaves = f"{flight.start:%A} at {flight.start:%I:%M %p}"
            return f"[proposes the ${flight.price:.0f} {flight.carrier} flight on {leaves}]"
        if isinstance(self.proposal, str):
            offered = [f"{paper} to {reviewer}" for paper, reviewer in _PAIR.findall(self.proposal)]
        else:
            offered = [stop.name for stop in self.proposal if stop and stop.type == "event"]
        return f"[proposes: {', '.join(offered)}]" if offered else "[proposes nothing yet]"


class Game(UpstreamRecord):
    """One game; `speakers` names its players by the number in the log."""

    speakers: ClassVar[Mapping[int | None, str]]
    action_log: tuple[_Act, ...]

    @model_validator(mode="after")
    def _knows_its_players(self) -> Self:
        for act in self.action_log:
            if act.actor not in self.speakers:
                raise ValueError(f"unknown player {act.actor}")
        return self

    @abstractmethod
    def conversations(self) -> Iterator[Conversation]: ...

    def _speaker(self, act: _Act) -> str:
        return self.speakers[act.actor]

    def _turns(self, room: int = 0) -> list[Turn]:
        return [
            Turn(speaker=self._speaker(act), text=act.text(room), human=True, train=True)
            for act in self.action_log
            if act.vroom in (room, None)
        ]


class Itinerary(Game):
    """An agent, who alone knows the town, plans a trip with a traveller, who alone knows the wishes."""

    speakers: ClassVar[Mapping[int | None, str]] = {0: TRAVELLER, 1: AGENT}
    events: tuple[_Stop, ...]
    preferences: tuple[tuple[object, ...], ...]

    def conversations(self) -> Iterator[Conversation]:
        turns = self._turns()
        wishes = unsaid((str(wish) for wish, *_ in self.preferences), turns, TRAVELLER)
        stops = unsaid((str(event) for event in self.events), turns, AGENT)
        context = SocialContext(
            scenario="By chat, a travel agent plans up to three stops for a traveller who is new in town.",
            profiles={AGENT: _list("What the town has, which you alone can look up", stops)},
            goals={TRAVELLER: _list("Wishes", wishes)},
        )
        yield "", turns, context

    def _speaker(self, act: _Act) -> str:
        """Only the agent can propose; the log often names the other player."""
        return AGENT if act.type == "proposal" else super()._speaker(act)


class _Traveller(UpstreamRecord):
    calendar: tuple[_Meeting, ...]
    shared_calendar: tuple[_Meeting, ...]
    flights: tuple[_Flight, ...]
    price_pref: int
    arrival_time_pref: int


class Mediation(Game):
    """An agent books flights for two travellers, each in a private room; a proposal names no player."""

    speakers: ClassVar[Mapping[int | None, str]] = {0: TRAVELLER, 1: TRAVELLER, 2: AGENT, None: AGENT}
    player_data: tuple[_Traveller, _Traveller]

    def conversations(self) -> Iterator[Conversation]:
        for room, traveller in enumerate(self.player_data):
            turns = self._turns(room)
            meetings = unsaid((str(meeting) for meeting in traveller.calendar), turns, TRAVELLER)
            flights = unsaid((str(flight) for flight in traveller.flights), turns, AGENT)
            shared = unsaid((str(meeting) for meeting in traveller.shared_calendar), turns, AGENT)
            importance = "with their importance from 1 to 10"
            context = SocialContext(
                scenario=(
                    "By private chats, an agent books flights for two friends in different cities, whose landings "
                    "should lie close together. Nothing is booked until both accept."
                ),
                profiles={
                    TRAVELLER: _list(f"Your meetings, {importance}", meetings),
                    AGENT: (
                        f"{_list('Flights for this traveller', flights)} "
                        f"{_list(f'Meetings that you know of, {importance}', shared)}"
                    ),
                },
                goals={
                    TRAVELLER: (
                        "Miss no important meeting. What else counts, out of 20: a low price "
                        f"{traveller.price_pref}, your friend's landing time {traveller.arrival_time_pref}."
                    ),
                    AGENT: "Flights that both friends accept.",
                },
            )
            yield f"-room-{room}", turns, context


class Optimization(Game):
    """Two people match reviewers to papers. The cells of the table have no names in the files, so the context cannot
    say what each of the two sees."""

    speakers: ClassVar[Mapping[int | None, str]] = {0: MATCHERS[0], 1: MATCHERS[1]}

    def conversations(self) -> Iterator[Conversation]:
        turns = self._turns()
        proposed = next((act.proposal for act in self.action_log if isinstance(act.proposal, str) and act.proposal), "")
        pairs = _PAIR.findall(proposed)
        names = (
            _list("The papers", [paper for paper, _ in pairs]),
            _list("The reviewers", sorted(reviewer for _, reviewer in pairs)),
        )
        scenario = (
            "Two people give each paper of a conference one reviewer. A coloured table shows how well they fit; either "
            "sees other cells of it, in shades of an own scale."
        )
        yield "", turns, SocialContext(scenario=" ".join((scenario, *unsaid(filter(None, names), turns, *MATCHERS))))


def _list(what: str, pieces: Sequence[str]) -> str:
    return f"{what}: {'; '.join(pieces)}." if pieces else ""


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%a %b} {start.day} {start:%H:%M}-{end:%H:%M}"
