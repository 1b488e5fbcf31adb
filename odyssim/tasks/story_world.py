"""A small world in which things are moved while some people are away, and who believes what is computed, not guessed.

A story is a list of events; each event has the people who witnessed it. Somebody's belief about a thing is its place
after the last event they witnessed; "A thinks B thinks" is its place after the last event that A and B witnessed
together, since A knows what B saw only by having been there. (Nobody in these stories comes back or talks.)
"""

from __future__ import annotations

import random
from dataclasses import dataclass

PEOPLE = (
    "Agnes Bram Carla Dario Edith Felix Greta Hugo Ines Jonas Kirsten Lorenz Mabel Nils Odette Piet Rosa Silas Thea "
    "Umberto Vera Wendel Yara Zeno"
).split()
ROOMS = "bakery mill barn chapel kiosk greenhouse boathouse workshop pantry schoolhouse".split()
THINGS = "pear lantern key radish kettle violin scarf marble whistle cheese candle map".split()
COLOURS = "red blue green yellow white".split()
CONTAINERS = "crate basket drawer bucket trunk barrel jar sack cupboard tin".split()
ASIDES = (
    "{person} hummed a tune.",
    "{person} saw a moth.",
    "{person} likes the {container}.",
    "{person} yawned.",
    "{person} dislikes the smell of the {room}.",
)


@dataclass(frozen=True)
class Event:
    """One sentence, who witnessed it, and where the thing is afterwards (none if the sentence is not about it)."""

    sentence: str
    witnesses: frozenset[str]
    place: str | None = None


@dataclass(frozen=True)
class Story:
    """Events in order, about one thing, the people and the containers of the world."""

    events: tuple[Event, ...]
    thing: str
    people: tuple[str, ...]
    containers: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        return [event.sentence for event in self.events]

    def numbered(self) -> str:
        """One numbered sentence a line, from 1."""
        return "\n".join(f"{number} {sentence}" for number, sentence in enumerate(self.sentences, start=1))

    def believed_place(self, chain: tuple[str, ...] = ()) -> str:
        """Where the first of `chain` thinks the second thinks ... the thing is; the real place for an empty chain."""
        placed = [event for event in self.events if event.place is not None and event.witnesses >= set(chain)]
        if not placed:
            raise ValueError(f"{chain} together never saw where the {self.thing} is")
        place = placed[-1].place
        assert place is not None
        return place


def departing_story(rng: random.Random, *, people: int = 5, containers: int = 8) -> Story:
    """Everybody enters, then one after the other may move the thing and leaves (the Hi-ToM pattern)."""
    cast = tuple(rng.sample(PEOPLE, people))
    room, thing = rng.choice(ROOMS), rng.choice(THINGS)
    places = _containers(rng, containers)
    here = rng.choice(places)
    present = set(cast)

    def seen(sentence: str, place: str | None = None) -> Event:
        return Event(sentence, frozenset(present), place)

    events = [
        seen(f"{', '.join(cast[:-1])} and {cast[-1]} entered the {room}."),
        seen(f"The {thing} is in the {here}.", here),
    ]
    for person in cast:
        if rng.random() < 0.6:
            here = rng.choice([place for place in places if place != here])
            events.append(seen(f"{person} moved the {thing} to the {here}.", here))
        else:
            events.append(seen(f"{person} stayed in the {room} for a minute and moved nothing."))
        if rng.random() < 0.3:
            events.append(seen(_aside(rng, person, room, rng.choice(places))))
        present.discard(person)
        events.append(seen(f"{person} left the {room}."))
    return Story(tuple(events), thing, cast, places)


def unseen_move_story(rng: random.Random) -> Story:
    """Two people see where a thing is; mostly one leaves before the other moves it (the ToMi pattern)."""
    mover, other = rng.sample(PEOPLE, 2)
    room, thing = rng.choice(ROOMS), rng.choice(THINGS)
    first, second = places = _containers(rng, 2)
    both, alone = frozenset({mover, other}), frozenset({mover})
    leaves = Event(f"{other} left the {room}.", both)
    unseen = rng.random() < 0.67
    move = Event(f"{mover} moved the {thing} to the {second}.", alone if unseen else both, second)
    events = [
        *(Event(f"{person} entered the {room}.", both) for person in rng.sample((mover, other), 2)),
        Event(f"The {thing} is in the {first}.", both, first),
        *((leaves, move) if unseen else (move, leaves)),
    ]
    if rng.random() < 0.5:
        events.insert(rng.randrange(3), Event(_aside(rng, rng.choice((mover, other)), room, first), both))
    return Story(tuple(events), thing, (mover, other), places)


def belief_question(thing: str, chain: tuple[str, ...]) -> str:
    """The question in the wording of Hi-ToM."""
    if not chain:
        return f"Where is the {thing} really?"
    thoughts = " thinks ".join(chain[1:])
    inner = f"{thoughts} thinks the {thing} is" if thoughts else f"the {thing} is"
    return f"Where does {chain[0]} think {inner}?"


def search_question(thing: str, chain: tuple[str, ...]) -> str:
    """The question in the wording of ToMi (order 0 to 2)."""
    if not chain:
        return f"Where is the {thing} really?"
    if len(chain) == 1:
        return f"Where will {chain[0]} look for the {thing}?"
    return f"Where does {chain[0]} think that {chain[1]} searches for the {thing}?"


def _containers(rng: random.Random, n: int) -> tuple[str, ...]:
    pairs = [f"{colour}_{container}" for colour in COLOURS for container in CONTAINERS]
    return tuple(rng.sample(pairs, n))


def _aside(rng: random.Random, person: str, room: str, container: str) -> str:
    return rng.choice(ASIDES).format(person=person, room=room, container=container)
