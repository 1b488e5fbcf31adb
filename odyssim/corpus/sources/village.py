"""The village: a seeded generator of small-town interactions on all five axes, for demos, tests and quickstarts.

    CONV   Sven: bakery was out of rye again           SS     Thora: 90 for the old bicycle.
           Edda: you have to go early                         Magda: would u take 60?
    ROLE   Narrator: A stranger knocks late ...        EVAL   Survey: "The bus should run every half hour." ...
           Orla: they get the sofa and some stew              Ivo: 5. Good for the river.
    COG    Narrator: 1 Mia, Noah and Ava entered ...   (the stories of Hi-ToM and ToMi, up to third order)
           Rune: <answer>B</answer>

Everything is invented and labelled synthetic: it shows that the machinery works and never enters a published number.
Interaction `i` depends on the seed and `i` alone, so a larger village begins with a smaller one of the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.village_chat import Who, chat
from odyssim.corpus.sources.village_choices import FORMS, decide
from odyssim.corpus.sources.village_choices import SLOTS as CHOICE_SLOTS
from odyssim.corpus.sources.village_haggle import LINES, THINGS, Side, bargain
from odyssim.corpus.sources.village_haggle import WORDS as HAGGLE_SLOTS
from odyssim.corpus.sources.village_opinions import asked, patterns, survey
from odyssim.corpus.sources.village_people import RELATIONS, Villager, townsfolk
from odyssim.corpus.sources.village_text import Lines, Slots, fill, say
from odyssim.corpus.sources.village_topics import SLOTS as CHAT_SLOTS
from odyssim.corpus.sources.village_topics import TOPICS
from odyssim.errors import UsageError
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.hitom import HiToM
from odyssim.tasks.hitom import village_rows as hitom_rows
from odyssim.tasks.paratomi import ParaToMi
from odyssim.tasks.paratomi import village_rows as paratomi_rows
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Interaction, Profile, SocialContext, Turn, derive_seed

VILLAGE_SIZE: Final = 2000
_QUESTIONS_PER_STORY: Final = 12  # a multiple of both tasks' cycles of orders, so that every order is as likely


@dataclass(frozen=True)
class Scene:
    """What happens, and what is known beforehand."""

    turns: list[Turn]
    context: SocialContext


class Village(SourceReader):
    """`n` interactions of the village that `seed` founds; a fifth of them for each axis, in turn.

    Raises `UsageError` unless `n` is positive.
    """

    card = SourceCard(
        id="village",
        title="The village (synthetic)",
        axes=tuple(Axis),
        licence="Apache-2.0",
        citation="The OdysSim authors",
        url="",
        human="Invented townspeople, written by rules: for tests and first runs, never for a published number.",
        imitated=("the villagers",),
        synthetic=True,
        templated=True,
        interactions=VILLAGE_SIZE,
    )

    made_here = True

    def __init__(self, n: int = VILLAGE_SIZE, seed: int = 0) -> None:
        if n < 1:
            raise UsageError(f"A village of {n} interactions is not possible.", hint="ask for 1 or more")
        self.n = n
        self.seed = seed
        self.card = Village.card.model_copy(update={"interactions": n})

    def at_hand(self, data: Path | None) -> bool:
        """Always: it is made here."""
        return True

    def files(self, data: Path | None) -> RawFiles:
        """Any folder will do: nothing is read."""
        return RawFiles(data or Path())

    def raw_files(self, data: Path | None) -> list[RawFile]:
        """None."""
        return []

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        villagers = townsfolk(self.seed)
        for index in range(self.n):
            axis = tuple(SCENES)[index % len(SCENES)]
            scene = SCENES[axis](villagers, random.Random(derive_seed(self.seed, "village", index)))
            name = f"{self.seed}-{index}"
            yield from self.emit(
                scene.turns,
                scene.context,
                report,
                axis=axis,
                split=hash_split(name),
                original_id=name,
                place=f"interaction {index}",
            )


def conversation(villagers: tuple[Villager, ...], rng: random.Random) -> Scene:
    """CONV: two villagers text about something of the day."""
    first, second = rng.sample(villagers, 2)
    people: dict[Who, Villager] = {"first": first, "second": second}
    topic = rng.choice(TOPICS)
    slots = CHAT_SLOTS | {"opener": topic.openers, "name": (second.name,)}
    turns: list[Turn] = []
    for move in chat(topic, {"first": first.asides, "second": second.asides}, rng):
        turns.append(_spoken(people[move.who], move.patterns, slots, rng))
    return Scene(turns, _between(first, second, f"Two villagers text each other. It starts with {topic.name}.", rng))


def haggling(villagers: tuple[Villager, ...], rng: random.Random) -> Scene:
    """SS: one villager sells something to another; each has a limit that the other does not know."""
    seller, buyer = rng.sample(villagers, 2)
    people: dict[Side, Villager] = {"seller": seller, "buyer": buyer}
    thing = rng.choice(THINGS)
    course = bargain(thing.price, rng)
    slots = HAGGLE_SLOTS | {"thing": (thing.name,), "praise": thing.praise, "flaw": thing.flaws}
    turns = [
        _spoken(people[act.side], LINES[act.kind], {**slots, "price": (str(act.price),)}, rng) for act in course.acts
    ]
    goals = {
        seller.name: f"Get as much as you can for it. Limit: not under {course.floor}.",
        buyer.name: f"Get it cheaply. Limit: not over {course.ceiling}.",
    }
    scenario = f"On offer, by {seller.name}: {thing.name}. In between: the price."
    return Scene(turns, _between(seller, buyer, scenario, rng).model_copy(update={"goals": goals}))


def choice(villagers: tuple[Villager, ...], rng: random.Random) -> Scene:
    """ROLE: a villager says what they would do; what they went through settles it."""
    villager, *others = rng.sample(villagers, 6)
    slots = CHOICE_SLOTS | {"person": tuple(other.name for other in others)}
    turns: list[Turn] = []
    for decision in decide(villager.past, rng.randint(1, 3), rng):
        turns.append(_asked("Narrator", decision.question, slots, rng))
        answer = slots | {"answer": decision.answers, "reason": decision.reasons}
        turns.append(_spoken(villager, FORMS, answer, rng))
    history = " ".join(event.told for event in villager.past)
    context = SocialContext(
        scenario="A game by the fire: the narrator puts questions, the villager answers.",
        profiles={villager.name: f"{villager.introduction} {history}"},
        author="native",
    )
    return Scene(turns, context)


def opinions(villagers: tuple[Villager, ...], rng: random.Random) -> Scene:
    """EVAL: a villager with known values answers a survey."""
    villager = rng.choice(villagers)
    turns: list[Turn] = []
    for view in survey(villager.values, rng.randint(2, 4), rng):
        question, wants_number = asked(view, rng)
        turns.append(_asked("Survey", question, {}, rng))
        slots = {"degree": (str(view.degree),), "verdict": view.verdicts, "argument": view.arguments}
        turns.append(_spoken(villager, patterns(view, wants_number), slots, rng))
    firm, mild = villager.values
    context = SocialContext(
        scenario="The council sends a form round.",
        profiles={villager.name: f"{villager.introduction} {firm.told} To a lesser degree: {mild.told}"},
        author="native",
    )
    return Scene(turns, context)


def false_belief(villagers: tuple[Villager, ...], rng: random.Random) -> Scene:
    """COG: a villager works out who believes that a moved thing is where."""
    villager = rng.choice(villagers)
    seed = rng.getrandbits(31)
    number = rng.randrange(_QUESTIONS_PER_STORY)
    games: tuple[tuple[ChoiceTask[Any], Callable[[int, int], Iterator[Row]]], ...] = (
        (HiToM(), hitom_rows),
        (ParaToMi(), paratomi_rows),
    )
    task, rows = games[rng.random() >= 0.5]
    *_, row = rows(number + 1, seed)
    item = task.read(row, Profile.IMPROVED)
    told, answer = task.prompt(item, Profile.IMPROVED).user, task.gold_reply(item, Profile.IMPROVED)
    turns = [
        Turn(speaker="Narrator", text=told, human=False, train=False),
        Turn(speaker=villager.name, text=answer, human=True, train=True),
    ]
    context = SocialContext(
        scenario="A riddle about who knows what.",
        profiles={villager.name: villager.introduction},
        author="native",
    )
    return Scene(turns, context)


SCENES: dict[Axis, Callable[[tuple[Villager, ...], random.Random], Scene]] = {
    Axis.CONV: conversation,
    Axis.SS: haggling,
    Axis.COG: false_belief,
    Axis.ROLE: choice,
    Axis.EVAL: opinions,
}


def _spoken(villager: Villager, patterns: Lines, slots: Slots, rng: random.Random) -> Turn:
    return Turn(speaker=villager.name, text=say(patterns, slots, villager.style, rng), human=True, train=True)


def _asked(speaker: str, question: str, slots: Slots, rng: random.Random) -> Turn:
    return Turn(speaker=speaker, text=fill(question, slots, rng), human=False, train=False)


def _between(one: Villager, other: Villager, scenario: str, rng: random.Random) -> SocialContext:
    return SocialContext(
        scenario=scenario,
        profiles={one.name: one.introduction, other.name: other.introduction},
        relationship=rng.choice(RELATIONS),
        author="native",
    )
