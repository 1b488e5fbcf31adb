"""Fresh Hi-ToM stories in the published wording, with the answer to every question known from the start.

People enter a room, see where a thing is, and leave it one by one, some after moving the thing. Up to two further
chapters bring some of them back to that room or to another one; in stories with deception they talk in between, and
need not tell the truth. While a story is written, a mind is kept for every chain of people: what the first thinks the
second thinks ... Each event writes into the minds it reaches, so the answers never come from reading the text, and
`odyssim.tasks.worlds.hitom_solver`, which reads nothing else, can check them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Self

from pydantic import Field, model_validator

from odyssim.settings import Settings
from odyssim.tasks.worlds.hitom_solver import Chain

MAX_ORDER = 4
LETTERS = "ABCDEFGHIJKLMNO"
PEOPLE = (
    "Adele Amos Anika Bela Boris Celia Clara Cyrus Daphne Delia Edgar Elsa Emil Esther Fabian Flora Freya Gideon Gwen "
    "Hamid Helga Ida Imre Iris Ivan Jasper Joan Kamal Keiko Lars Leila Lorna Magnus Marta Milo Nadia Nestor Olga Oscar "
    "Paula Petra Quentin Ramona Reza Rupert Selma Sven Tamar Tobias Uma Viktor Wanda Xenia Yusuf Zelda"
).split()
ROOMS = (
    "archive balcony barn brewery cabin canteen chapel courtyard dairy foyer gallery greenhouse gym harbour_office "
    "ironing_room lobby mill museum nursery observatory pavilion sewing_room smithy stable tool_shed veranda winery "
    "wood_shed"
).split()
THINGS = (
    "acorn almond apricot artichoke bagel beetroot biscuit blueberry chestnut coconut date fig ginger_root hazelnut "
    "kiwi leek mango mushroom nectarine olive papaya parsnip pineapple pretzel pumpkin quince radish raspberry rhubarb "
    "strawberry truffle walnut"
).split()
COLOURS = "black brown grey orange pink purple white yellow".split()
CONTAINERS = (
    "barrel bin bowl bucket cabinet canister casket chest drawer hamper jar locker pail pot pouch sack tin trunk tub"
).split()
ANIMALS = "beetle fox hedgehog moth pigeon rabbit snail sparrow".split()

_MOVE_RATE = 0.5
_RETURN_RATE = 0.5  # a later chapter goes on with the thing that is asked about
_SAME_ROOM_RATE = 0.25  # ... or else happens in its room all the same
_LATER_TALK_RATE = 0.7
_PUBLIC_RATE = 0.6
_TRUTH_RATE = 0.4


class HiToMDifficulty(Settings):
    """How hard a story is.

    `people` take part; `containers` is the number of answer options; `asides` the chance, per sentence, of a sentence
    that does not matter after it; questions of order 0 to `max_order` are asked. With `false_beliefs` the answer to
    each question of order 1 or more differs from the real place.
    """

    people: int = Field(default=5, ge=2, le=8)
    containers: int = Field(default=15, ge=3, le=len(LETTERS))
    chapters: int = Field(default=1, ge=1, le=3)
    deception: bool = False
    asides: float = Field(default=0.15, ge=0.0, le=1.0)
    max_order: int = Field(default=MAX_ORDER, ge=0, le=MAX_ORDER)
    false_beliefs: bool = False

    @model_validator(mode="after")
    def _enough_people(self) -> Self:
        if self.max_order > self.people:
            raise ValueError(f"a question of order {self.max_order} needs as many people, not {self.people}")
        return self


@dataclass(frozen=True)
class GeneratedQuestion:
    """Where the first of `chain` thinks the second thinks ... the thing is; `answer` is one of `options`."""

    chain: Chain
    text: str
    options: tuple[str, ...]
    answer: str

    @property
    def choices(self) -> str:
        """The options in one line, as published: 'A. red_box, B. ...'."""
        return ", ".join(f"{letter}. {option}" for letter, option in zip(LETTERS, self.options, strict=False))


@dataclass(frozen=True)
class GeneratedStory:
    """A story about one `thing`, its questions by rising order, and the answer for every chain of different people."""

    sentences: tuple[str, ...]
    thing: str
    people: tuple[str, ...]
    beliefs: Mapping[Chain, str]
    questions: tuple[GeneratedQuestion, ...]

    @property
    def text(self) -> str:
        """One numbered sentence a line, from 1."""
        return "\n".join(f"{number} {sentence}" for number, sentence in enumerate(self.sentences, start=1))


def generate_story(rng: random.Random, difficulty: HiToMDifficulty) -> GeneratedStory:
    """A story of this difficulty with one question of each order; the same state of `rng` gives the same story."""
    while True:
        world = _World(rng, difficulty)
        world.play()
        chain = world.chain_to_ask()
        if chain is not None:
            break
    beliefs = world.minds.places
    questions = tuple(
        GeneratedQuestion(
            chain=inner,
            text=question_text(world.thing, inner),
            options=tuple(rng.sample(world.containers, len(world.containers))),
            answer=beliefs[inner],
        )
        for inner in (chain[start:] for start in range(len(chain), -1, -1))
    )
    return GeneratedStory(tuple(world.sentences), world.thing, world.people, beliefs, questions)


def question_text(thing: str, chain: Chain) -> str:
    """The question in the published wording."""
    match chain:
        case ():
            return f"Where is the {thing} really?"
        case (believer,):
            return f"Where does {believer} really think the {thing} is?"
    outer, *inner = chain
    return f"Where does {outer} think {' thinks '.join(inner)} thinks the {thing} is?"


class _Minds:
    """One place for every chain of different people up to a depth: what the first thinks the second thinks ...

    The empty chain is the world itself. Talk is followed as in the published answers; the rules are listed in
    `odyssim.tasks.worlds.hitom_solver`.
    """

    def __init__(self, depth: int) -> None:
        self.places: dict[Chain, str] = {}
        self._depth = depth
        self._leavers: list[str] = []  # by last exit, earliest first

    def witness(self, present: Iterable[str], place: str) -> None:
        """All `present` see the thing in `place`, and see each other see it."""
        present = tuple(present)
        for order in range(self._depth + 1):
            self.places.update(dict.fromkeys(permutations(present, order), place))

    def leave(self, person: str) -> None:
        if person in self._leavers:
            self._leavers.remove(person)
        self._leavers.append(person)

    def hear(self, teller: str, listeners: Iterable[str], place: str) -> None:
        """`teller` says that the thing is in `place`; only listeners who left earlier believe it."""
        for listener in listeners:
            self.places[teller, listener] = place
            if self._leavers.index(listener) < self._leavers.index(teller):
                self.places[listener,] = self.places[listener, teller] = place


class _World:
    """Writes one story and keeps its minds."""

    def __init__(self, rng: random.Random, difficulty: HiToMDifficulty) -> None:
        self.rng = rng
        self.difficulty = difficulty
        self.people = tuple(rng.sample(PEOPLE, difficulty.people))
        colour_and_kind = [f"{colour}_{kind}" for colour in COLOURS for kind in CONTAINERS]
        self.containers = tuple(rng.sample(colour_and_kind, difficulty.containers))
        self.thing, *self.other_things = rng.sample(THINGS, difficulty.chapters)
        self.room, *self.other_rooms = rng.sample(ROOMS, difficulty.chapters)
        self.minds = _Minds(depth=min(MAX_ORDER, difficulty.people))
        self.sentences: list[str] = []

    def play(self) -> None:
        """The chapters; as published, two people sit out the second and one the third, if at least two are left."""
        self._chapter(self.people, self.room, self.thing, self.rng.choice(self.containers))
        for absent in (2, 1)[: self.difficulty.chapters - 1]:
            group = self.rng.sample(self.people, max(2, len(self.people) - absent))
            if self.rng.random() < _RETURN_RATE:
                self._chapter(group, self.room, self.thing, self.minds.places[()])
            else:
                room = self.room if self.rng.random() < _SAME_ROOM_RATE else self.other_rooms.pop()
                self._chapter(group, room, self.other_things.pop(), self.rng.choice(self.containers))

    def chain_to_ask(self) -> Chain | None:
        """The chain of the deepest question, whose ends are asked about too; none if there is no belief as asked for.

        Most chains give nearly the same answer at each order, so what is drawn first is the number of different ones.
        """
        by_variety: dict[int, list[Chain]] = {}
        for chain in permutations(self.people, self.difficulty.max_order):
            answers = [self.minds.places[chain[start:]] for start in range(len(chain))]
            if not (self.difficulty.false_beliefs and self.minds.places[()] in answers):
                by_variety.setdefault(len(set(answers)), []).append(chain)
        return self.rng.choice(self.rng.choice(list(by_variety.values()))) if by_variety else None

    def _chapter(self, group: Sequence[str], room: str, thing: str, place: str) -> None:
        opening = not self.sentences
        watched = thing == self.thing
        present = list(group)
        self._say(f"{_listed(group)} entered the {room}.")
        if room == self.room and not opening:
            self.minds.witness(present, self.minds.places[()])
        self._say(f"The {thing} is in the {place}.")
        if watched:
            self.minds.witness(present, place)
        for person in group:
            if self.rng.random() < _MOVE_RATE:
                place = self._container_but(place)
                self._say(f"{person} moved the {thing} to the {place}.")
                if watched:
                    self.minds.witness(present, place)
            else:
                self._say(f"{person} made no movements and stayed in the {room} for 1 minute.")
            self._say(f"{person} exited the {room}.")
            present.remove(person)
            self.minds.leave(person)
        self._say(f"{_listed(group)} entered the waiting_room.")
        if self.difficulty.deception and (opening or self.rng.random() < _LATER_TALK_RATE):
            self._talk(group, thing, place)

    def _talk(self, group: Sequence[str], thing: str, place: str) -> None:
        """Two of the group say where the thing is, the second in private; who stayed behind is in the waiting room."""
        tellers = self.rng.sample(group, 2)
        for teller, public in zip(tellers, (self.rng.random() < _PUBLIC_RATE, False), strict=True):
            others = [person for person in self.people if person != teller]
            said = place if self.rng.random() < _TRUTH_RATE else self._container_but(place)
            if public:
                self._say(f"{teller} publicly claimed that {thing} is in the {said}.")
            else:
                others = [self.rng.choice(others)]
                self._say(f"{teller} privately told {others[0]} that the {thing} is in the {said}.")
            if thing == self.thing:
                self.minds.hear(teller, others, said)

    def _say(self, sentence: str) -> None:
        self.sentences.append(sentence)
        if self.rng.random() < self.difficulty.asides:
            person, container = self.rng.choice(self.people), self.rng.choice(self.containers)
            asides = (
                f"{person} likes the {container}.",
                f"{person} dislikes the {container}.",
                f"{person} dislikes the {self.rng.choice(THINGS)}.",
                f"{person} saw a {self.rng.choice(ANIMALS)}.",
            )
            self.sentences.append(self.rng.choice(asides))

    def _container_but(self, place: str) -> str:
        return self.rng.choice([container for container in self.containers if container != place])


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
