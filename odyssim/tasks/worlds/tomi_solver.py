"""ToMi from its text: who was where, what they saw there, and so where each one thinks the thing is.

    story     1 Aria entered the porch.               2 Aiden entered the porch.  3 The plum is in the green_bucket.
              4 Aria moved the plum to the blue_box.  5 Aiden exited the porch.   6 Aria moved the plum to the tin.
    question  Where will Aiden look for the plum?
    answer    blue_box, settled by sentence 4: the last that Aiden saw

One rule answers all: whoever is in the room of the thing sees at every moment where it is, on entering too. So a
person's belief is its place at the last moment that the person was there, and what A thinks of B is its place at the
last moment that both were there. Nobody knows what others see behind their back.

The rule gives 796 of the 797 repaired answers of ToMi (Wilf et al. 2023; Sclar et al. 2023); line 436 of that file lets
somebody see a move from another room. Of the answers as first published (Le et al., EMNLP 2019) it gives all on
reality, memory and first order. On second order the published answer is the real place, against any reading of the
story, exactly when the belief is false and the room of the thing has been entered three times or more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from odyssim.errors import DataError

# --- what a story and a question say ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Enters:
    """Somebody comes into a room, or is said to be in it."""

    number: int
    person: str
    room: str


@dataclass(frozen=True)
class Leaves:
    """Somebody goes out of a room."""

    number: int
    person: str
    room: str


@dataclass(frozen=True)
class Lies:
    """The thing is in a container, to be seen by all who are in the room."""

    number: int
    thing: str
    container: str


@dataclass(frozen=True)
class Stands:
    """A container is in a room."""

    number: int
    container: str
    room: str


@dataclass(frozen=True)
class Moves:
    """Somebody puts the thing into another container."""

    number: int
    person: str
    thing: str
    container: str


@dataclass(frozen=True)
class Aside:
    """A distractor: tells nothing about who is where."""

    number: int
    person: str
    something: str


Event = Enters | Leaves | Lies | Stands | Moves | Aside


@dataclass(frozen=True)
class ParsedStory:
    """One event per sentence, and in which room each person is after it (`whereabouts[number - 1]`)."""

    events: tuple[Event, ...]
    whereabouts: tuple[Mapping[str, str], ...]

    def placings(self, thing: str) -> list[Lies | Moves]:
        """The sentences that say where the thing is from then on; `DataError` if there are none."""
        found = [event for event in self.events if isinstance(event, Lies | Moves) and event.thing == thing]
        if not found:
            raise DataError(f"no sentence of the story says where the {thing} is")
        return found

    def room_of(self, thing: str) -> str:
        """The room in which the thing stays: where its containers stand and its movers are."""
        placings = self.placings(thing)
        containers = {placing.container for placing in placings}
        rooms = {event.room for event in self.events if isinstance(event, Stands) and event.container in containers}
        rooms |= {self.whereabouts[move.number - 1][move.person] for move in placings if isinstance(move, Moves)}
        if len(rooms) != 1:
            told = "no room" if not rooms else f"more than one room ({', '.join(sorted(rooms))})"
            raise DataError(f"the story tells of {told} for the {thing}")
        return rooms.pop()

    def moments(self, thing: str, people: Sequence[str]) -> list[int]:
        """Numbers of the sentences after which all of `people` are with the thing; `DataError` if there are none."""
        room, first = self.room_of(thing), self.placings(thing)[0].number
        together = [
            number
            for number, rooms in enumerate(self.whereabouts, start=1)
            if number >= first and all(rooms.get(person) == room for person in people)
        ]
        if not together:
            who = f"{people[0]} is never" if len(people) == 1 else f"{' and '.join(people)} are never together"
            raise DataError(f"{who} in the room of the {thing}")
        return together


@dataclass(frozen=True)
class Question:
    """Where is the thing (`people` empty), where did it start (`at_first`), or where do `people` think it is?

    One person: where they will look. Two: where the first thinks that the second will look.
    """

    thing: str
    people: tuple[str, ...] = ()
    at_first: bool = False


@dataclass(frozen=True)
class Belief:
    """A place, and the number of the sentence (from 1) that settles it: the thing was put there, or seen there."""

    place: str
    sentence: int


# --- reading ----------------------------------------------------------------------------------------------------


def _reads(wording: str) -> re.Pattern[str]:
    """`<name>` stands for one word, kept under that name."""
    return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[\\w'-]+)", wording))


# The published wording of each event comes first.
_SENTENCES: tuple[tuple[type[Event], re.Pattern[str]], ...] = (
    (Enters, _reads("<person> (?:entered|is in|stepped into|walked into|came into) the <room>")),
    (Leaves, _reads("<person> (?:exited|left|stepped out of|walked out of|went out of) the <room>")),
    (Lies, _reads("The <thing> (?:is|are|lies|lie) in the <container>")),
    (Lies, _reads("Inside the <container> (?:is|are) the <thing>")),
    (Lies, _reads("The <container> holds the <thing>")),
    (Stands, _reads("The <container> stands in the <room>")),
    (Stands, _reads("In the <room> stands the <container>")),
    (Moves, _reads("<person> (?:moved|carried) the <thing> to the <container>")),
    (Moves, _reads("<person> put the <thing> into the <container>")),
    (Moves, _reads("The <thing> (?:was|were) put into the <container> by <person>")),
    (Aside, _reads("<person> (?:likes|dislikes|loves|hates|is fond of|cannot stand|often thinks of) the <something>")),
)
_MEMORY = _reads("Where (?:was|were) the <thing> (?:at the beginning|at first)")
_QUESTIONS = (
    _MEMORY,
    _reads("Where (?:is|are) the <thing> (?:really|now)"),
    _reads("Where will <person> look for the <thing>"),
    _reads("Where does <person> think the <thing> is"),
    _reads("Where does <person> expect to find the <thing>"),
    _reads("Where does <person> think that <other> (?:searches|looks) for the <thing>"),
    _reads("Where does <person> think that <other> thinks the <thing> is"),
    _reads("Where does <person> expect <other> to look for the <thing>"),
)


def read_story(sentences: Sequence[str]) -> ParsedStory:
    """The events of a story, one sentence each, without numbers before them; a missing full stop is forgiven.

    `DataError` with the number of a sentence that is of none of the known wordings, or that has somebody leave a room
    they are not in or move a thing while they are nowhere.
    """
    events = [_read_sentence(number, sentence) for number, sentence in enumerate(sentences, start=1)]
    # "The crate is in the porch" has the form of "The plum is in the crate"; what holds something is no thing itself.
    containers = {event.container for event in events if isinstance(event, Lies | Moves)}
    events = [
        Stands(event.number, event.thing, event.container)
        if isinstance(event, Lies) and event.thing in containers
        else event
        for event in events
    ]
    return ParsedStory(tuple(events), tuple(_whereabouts(events)))


def _read_sentence(number: int, sentence: str) -> Event:
    for kind, wording in _SENTENCES:
        if match := wording.fullmatch(sentence.strip().rstrip(".")):
            return kind(number, **match.groupdict())
    raise DataError(f"sentence {number} has none of the wordings of ToMi: '{sentence}'")


def _whereabouts(events: Iterable[Event]) -> Iterator[Mapping[str, str]]:
    rooms: dict[str, str] = {}
    for event in events:
        match event:
            case Enters():
                rooms = {**rooms, event.person: event.room}
            case Leaves():
                if rooms.get(event.person) != event.room:
                    raise DataError(f"sentence {event.number}: {event.person} is not in the {event.room}")
                rooms = {person: room for person, room in rooms.items() if person != event.person}
            case Moves() if event.person not in rooms:
                raise DataError(f"sentence {event.number}: {event.person} is in no room")
        yield rooms


def read_question(question: str) -> Question:
    """What is asked; `DataError` if the question has none of the known wordings."""
    for wording in _QUESTIONS:
        if match := wording.fullmatch(question.strip().rstrip("?")):
            found = match.groupdict()
            people = tuple(found[role] for role in ("person", "other") if role in found)
            return Question(found["thing"], people, at_first=wording is _MEMORY)
    raise DataError(f"the question has none of the wordings of ToMi: '{question}'")


# --- answering --------------------------------------------------------------------------------------------------


def answer(story: ParsedStory, question: Question) -> Belief:
    """Where the thing is, was or is thought to be, and the sentence that settles it.

    `DataError` if the story does not tell: no such thing, its room unknown, or people who never were there together.
    """
    placings = story.placings(question.thing)
    if not question.people:
        settling = placings[0] if question.at_first else placings[-1]
        return Belief(settling.container, settling.number)
    moments = story.moments(question.thing, question.people)
    known = [placing for placing in placings if placing.number <= moments[-1]][-1]
    return Belief(known.container, next(moment for moment in moments if moment >= known.number))
