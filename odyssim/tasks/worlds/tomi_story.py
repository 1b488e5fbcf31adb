"""Fresh ToMi stories: people come and go, a thing is moved, and what each one believes is known as it happens.

    Vera entered the barn.      Piet entered the barn.               The key is in the red_jar.
    Piet exited the barn.       Vera moved the key to the blue_tin.  Vera exited the barn.       Piet entered the barn.

    kind       second_order_false_belief: both know where the key is, and each thinks that the other does not
    questions  where it is and was, where each looks for it, where each thinks that another searches: 6 for two people

After Le et al. (EMNLP 2019); with `paraphrase` in several wordings, after ParaToMi (Sclar et al. 2023). The truth is
simulated: at every step whoever is with the thing sees where it is, and sees who else sees it. `worlds.tomi_solver`
works the answers out of the finished text by other means, so that their agreement is a test of both.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from odyssim.errors import UsageError
from odyssim.settings import Settings
from odyssim.tasks.story_world import COLOURS, CONTAINERS, PEOPLE, ROOMS, THINGS

# The first wording of each is that of ToMi.
WORDINGS: Final = {
    "enter": (
        "{person} entered the {room}.",
        "{person} stepped into the {room}.",
        "{person} walked into the {room}.",
        "{person} came into the {room}.",
    ),
    "leave": (
        "{person} exited the {room}.",
        "{person} left the {room}.",
        "{person} stepped out of the {room}.",
        "{person} went out of the {room}.",
    ),
    "lie": (
        "The {thing} is in the {container}.",
        "The {thing} lies in the {container}.",
        "Inside the {container} is the {thing}.",
        "The {container} holds the {thing}.",
    ),
    "stand": (
        "The {container} is in the {room}.",
        "The {container} stands in the {room}.",
        "In the {room} stands the {container}.",
    ),
    "move": (
        "{person} moved the {thing} to the {container}.",
        "{person} carried the {thing} to the {container}.",
        "{person} put the {thing} into the {container}.",
        "The {thing} was put into the {container} by {person}.",
    ),
    "aside": (
        "{person} {taste} the {something}.",
        "{person} is fond of the {something}.",
        "{person} cannot stand the {something}.",
        "{person} often thinks of the {something}.",
    ),
    "reality": ("Where is the {thing} really?", "Where is the {thing} now?"),
    "memory": ("Where was the {thing} at the beginning?", "Where was the {thing} at first?"),
    "first_order": (
        "Where will {person} look for the {thing}?",
        "Where does {person} think the {thing} is?",
        "Where does {person} expect to find the {thing}?",
    ),
    "second_order": (
        "Where does {person} think that {other} searches for the {thing}?",
        "Where does {person} think that {other} thinks the {thing} is?",
        "Where does {person} expect {other} to look for the {thing}?",
    ),
}
TASTES: Final = ("likes", "loves", "dislikes", "hates")


class StoryKind(StrEnum):
    """What is false at the end: nothing, somebody's own belief, or only what somebody thinks that another believes."""

    TRUE_BELIEF = "true_belief"
    FALSE_BELIEF = "false_belief"
    SECOND_ORDER_FALSE_BELIEF = "second_order_false_belief"


class QuestionType(StrEnum):
    """What is asked."""

    REALITY = "reality"
    MEMORY = "memory"
    FIRST_ORDER = "first_order"
    SECOND_ORDER = "second_order"


_BY_ORDER: Final = {1: QuestionType.FIRST_ORDER, 2: QuestionType.SECOND_ORDER}


class Difficulty(Settings):
    """How hard the stories are.

    `people` includes those who come late or never meet the thing; `asides` are sentences that tell nothing;
    `containers` may be more than the story uses; `rooms_told` adds in which room a container is, as the repaired ToMi
    does; `reentrance` lets people come back to the room of the thing. All `kinds` are equally frequent.
    """

    people: int = Field(default=3, ge=2, le=6)
    containers: int = Field(default=2, ge=2, le=8)
    moves: int = Field(default=1, ge=1, le=4)
    asides: int = Field(default=1, ge=0, le=8)
    second_room: bool = True
    reentrance: bool = True
    rooms_told: bool = False
    paraphrase: bool = False
    kinds: tuple[StoryKind, ...] = tuple(StoryKind)

    @model_validator(mode="after")
    def _kinds_can_happen(self) -> Self:
        if not self.kinds:
            raise ValueError("name at least one kind of story")
        if StoryKind.SECOND_ORDER_FALSE_BELIEF in self.kinds and not self.reentrance:
            raise ValueError("a second-order false belief needs reentrance: somebody must come back unseen")
        return self


@dataclass(frozen=True)
class GeneratedQuestion:
    """A question and its answer. `people` is empty for reality and memory, else whose belief (of whose) is asked."""

    text: str
    type: QuestionType
    people: tuple[str, ...]
    place: str


@dataclass(frozen=True)
class GeneratedStory:
    """Sentences in order, what kind of story they tell, and every question that has an answer.

    A person who never met the thing is not asked about, nor a pair that never met beside it. `containers` are the
    candidates; `real_place` is where the thing ends.
    """

    sentences: tuple[str, ...]
    kind: StoryKind
    thing: str
    containers: tuple[str, ...]
    real_place: str
    questions: tuple[GeneratedQuestion, ...]


def generate_story(rng: random.Random, difficulty: Difficulty) -> GeneratedStory:
    """A story of a kind drawn from `difficulty.kinds`; the same state of `rng` gives the same story."""
    kind = rng.choice(difficulty.kinds)
    while True:
        world = _World(rng, difficulty)
        if world.kind() is kind:
            return world.told()


def generate_question(
    rng: random.Random, difficulty: Difficulty, order: Literal[1, 2]
) -> tuple[GeneratedStory, GeneratedQuestion]:
    """A story and one question about a belief of this order, whose answer is the real place half of the time.

    So nothing can be won by always naming the last place, nor by never naming it. Raises `UsageError` if `difficulty`
    leaves out the true or the false beliefs.
    """
    if not {StoryKind.TRUE_BELIEF, StoryKind.FALSE_BELIEF} <= set(difficulty.kinds):
        raise UsageError("Questions balanced between true and false beliefs need stories of both kinds.")
    true = rng.random() < 0.5
    while True:
        story = generate_story(rng, difficulty)
        fitting = [q for q in story.questions if len(q.people) == order and (q.place == story.real_place) is true]
        if fitting:
            return story, rng.choice(fitting)


class _World:
    """The story while it happens: every step adds a sentence and changes who is where and what they believe.

    `beliefs` maps one person to where they think the thing is, and two to where the first thinks that the second
    thinks it is.
    """

    def __init__(self, rng: random.Random, difficulty: Difficulty) -> None:
        self.rng = rng
        self.difficulty = difficulty
        self.people = rng.sample(PEOPLE, difficulty.people)
        self.home, self.elsewhere = rng.sample(ROOMS, 2)
        self.thing, self.other_thing = rng.sample(THINGS, 2)
        pairs = [f"{colour}_{container}" for colour in COLOURS for container in CONTAINERS]
        self.containers = rng.sample(pairs, difficulty.containers)
        self.place = self.containers[0]
        self.room: dict[str, str] = {}
        self.been_home: set[str] = set()
        self.beliefs: dict[tuple[str, ...], str] = {}
        self.sentences: list[str] = []
        self.play()

    def play(self) -> None:
        """Some meet in the room, the thing is seen there, and then it is moved while people come and go."""
        for person in self.people[: self.rng.randint(2, len(self.people))]:
            self.enter(person, self.home)
        self.put("lie")
        agenda = ["move"] * self.difficulty.moves + ["go"] * self.rng.randint(1, 2 * len(self.people))
        self.rng.shuffle(agenda)
        for done, step in enumerate(agenda, start=1):
            if step == "move":
                self.move()
            else:
                self.go(someone_stays="move" in agenda[done:])
        for _ in range(self.difficulty.asides):
            self.sentences.insert(self.rng.randint(0, len(self.sentences)), self.aside())

    def enter(self, person: str, room: str) -> None:
        self.room[person] = room
        if room == self.home:
            self.been_home.add(person)
        self.sentences.append(self.worded("enter", person=person, room=room))
        self.look()

    def leave(self, person: str, room: str) -> None:
        del self.room[person]
        self.sentences.append(self.worded("leave", person=person, room=room))

    def go(self, *, someone_stays: bool) -> None:
        """Somebody enters or leaves a room, if there is anybody who can."""
        ways: list[tuple[Callable[[str, str], None], str, str]] = []
        for person in self.people:
            room = self.room.get(person)
            if room is None:
                ways += [(self.enter, person, target) for target in self.open_to(person)]
            elif not (someone_stays and self.at_home() == [person]):
                ways.append((self.leave, person, room))
        if ways:
            step, person, room = self.rng.choice(ways)
            step(person, room)

    def open_to(self, person: str) -> list[str]:
        home = [self.home] if self.difficulty.reentrance or person not in self.been_home else []
        return home + [self.elsewhere] * self.difficulty.second_room

    def move(self) -> None:
        person = self.rng.choice(self.at_home())
        self.place = self.rng.choice([container for container in self.containers if container != self.place])
        self.put("move", person=person)

    def put(self, event: str, **names: str) -> None:
        self.sentences.append(self.worded(event, thing=self.thing, container=self.place, **names))
        if self.difficulty.rooms_told:
            self.sentences.append(self.worded("stand", container=self.place, room=self.home))
        self.look()

    def look(self) -> None:
        """Whoever is with the thing sees where it is, and sees who else sees it."""
        for order in (1, 2):
            for people in permutations(self.at_home(), order):
                self.beliefs[people] = self.place

    def at_home(self) -> list[str]:
        return [person for person in self.people if self.room.get(person) == self.home]

    def aside(self) -> str:
        something = self.rng.choice((self.other_thing, self.elsewhere, *self.containers))
        return self.worded(
            "aside", person=self.rng.choice(self.people), taste=self.rng.choice(TASTES), something=something
        )

    def worded(self, event: str, **names: str) -> str:
        wordings = WORDINGS[event]
        return (self.rng.choice(wordings) if self.difficulty.paraphrase else wordings[0]).format(**names)

    def kind(self) -> StoryKind:
        false_orders = {len(people) for people, place in self.beliefs.items() if place != self.place}
        if not false_orders:
            return StoryKind.TRUE_BELIEF
        return StoryKind.FALSE_BELIEF if 1 in false_orders else StoryKind.SECOND_ORDER_FALSE_BELIEF

    def told(self) -> GeneratedStory:
        beliefs = [self.question(_BY_ORDER[len(people)], people, place) for people, place in self.beliefs.items()]
        return GeneratedStory(
            sentences=tuple(self.sentences),
            kind=self.kind(),
            thing=self.thing,
            containers=tuple(sorted(self.containers)),
            real_place=self.place,
            questions=(
                self.question(QuestionType.REALITY, (), self.place),
                self.question(QuestionType.MEMORY, (), self.containers[0]),
                *beliefs,
            ),
        )

    def question(self, kind: QuestionType, people: tuple[str, ...], place: str) -> GeneratedQuestion:
        names = dict(zip(("person", "other"), people, strict=False))
        return GeneratedQuestion(self.worded(kind, thing=self.thing, **names), kind, people, place)
