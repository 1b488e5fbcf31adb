"""The people of the village: name, work, a passion, a past, convictions, and a hand of their own."""

from __future__ import annotations

import random
from dataclasses import dataclass

from odyssim.corpus.sources.village_choices import EVENTS, Event
from odyssim.corpus.sources.village_opinions import VALUES, Value
from odyssim.corpus.sources.village_text import Lines, Style, draw_style, lines
from odyssim.types import derive_seed

NAMES = (
    "Abel Adeline Agnes Alma Anouk Arlo Basil Beata Bodil Bram Carys Cora Dario Delia Dorrit Edda Edwin Eino Elke "
    "Enzo Farid Fenna Flora Gerda Goran Greta Hanno Hilda Idris Ilse Inga Ivo Jolanda Jorah Juno Kalle Kezia Lars "
    "Leoni Lotte Magda Malik Marta Milo Nadia Nils Olga Orla Osman Pavel Petra Quinn Rada Rafe Rosa Rune Saskia "
    "Selma Signe Sven Tamsin Teo Thora Ulla Vera Viggo Wanda Wendel Yara Yusuf Zelda Zoran"
).split()

JOBS = lines(
    "runs the bakery / drives the school bus / mends bicycles / keeps the post counter / "
    "teaches the little ones / milks forty cows / cuts hair / tends the cemetery / "
    "fixes roofs / pulls pints at the Heron / looks after the library / "
    "sells seeds and tools / nurses at the surgery / repairs tractors / "
    "cleans holiday cottages / studies two towns over / has retired from the mill / "
    "paints houses / keeps the accounts of half the village / is between jobs / "
    "makes cheese / works nights at the depot / plays the organ and gives lessons / "
    "delivers parcels"
)

# A passion, and what it makes people drop into a chat.
PASSIONS: tuple[tuple[str, Lines], ...] = (
    ("Keeps bees", lines("The bees are in a mood today. / Got stung again, second time this week. / Honey's late.")),
    ("Follows the local football", lines("Did you see the score. / Our keeper is a disaster. / Match on Sunday.")),
    (
        "Knits for everybody",
        lines("I'm on my third scarf. / Ran out of grey wool. / Your socks are nearly done by the way."),
    ),
    ("Fishes at dawn", lines("Caught nothing again. / Had a pike this long. / Up since four, river was dead.")),
    ("Collects old radios", lines("Found another radio. / The wife says no more radios. / It almost works.")),
    ("Swims in the lake all year", lines("Water was nine degrees. / Went in this morning, still can't feel my toes.")),
    (
        "Grows giant pumpkins",
        lines("The big one is at 80 kilos. / Slugs got two of them. / Don't tell anyone what I feed them."),
    ),
    (
        "Reads crime novels",
        lines("I know who did it and I'm only on page 50. / Up till two reading. / It's always the vicar."),
    ),
    ("Spoils an old dog", lines("Dog ate my sandwich. / Vet again on Friday. / He's snoring next to me.")),
    ("Sings in the choir", lines("Choir's at seven. / We lost another tenor. / My throat's gone.")),
    ("Bakes at midnight", lines("There's cake if you want some. / Burnt the first batch. / Who needs sleep.")),
    ("Watches the weather", lines("Pressure's dropping. / It'll turn by Thursday, you'll see. / My knee says rain.")),
    (
        "Restores a boat that never gets finished",
        lines("Boat's leaking again. / Needs one more coat. / Next summer, I swear."),
    ),
    ("Plays cards for pennies", lines("I owe Olga four cards now. / Won 60 cents. / Never play against the priest.")),
    ("Runs marathons slowly", lines("12 k this morning. / My knees hate me. / Last place again, don't care.")),
    (
        "Raises hens",
        lines("Eggs are coming out my ears. / Fox was back. / One of the hens has learned to open the gate."),
    ),
)

RELATIONS = lines(
    "Neighbours. / Old school friends. / Second cousins. / They sing in the same choir. / "
    "They hardly know each other. / Once a couple, long ago. / They work on the same street. / "
    "In-laws. / Card partners. / Not on the best of terms."
)


@dataclass(frozen=True)
class Villager:
    """One person of the village."""

    name: str
    age: int
    job: str
    passion: str
    asides: Lines
    past: tuple[Event, Event]
    values: tuple[Value, Value]
    style: Style

    @property
    def introduction(self) -> str:
        """What everybody in the village knows about this person."""
        return f"{self.age}, {self.job}. {self.passion}."


def townsfolk(seed: int) -> tuple[Villager, ...]:
    """The whole village of a seed, one person per name."""
    return tuple(_villager(name, random.Random(derive_seed(seed, "villager", name))) for name in NAMES)


def _villager(name: str, rng: random.Random) -> Villager:
    passion, asides = rng.choice(PASSIONS)
    first, second = rng.sample(EVENTS, 2)
    firm, mild = rng.sample(VALUES, 2)
    job = rng.choice(JOBS)
    age = 20 if job.startswith("studies") else 70 if "retired" in job else 35
    return Villager(
        name=name,
        age=age + rng.randrange(-2, 15) if age != 35 else rng.randrange(23, 64),
        job=job,
        passion=passion,
        asides=asides,
        past=(first, second),
        values=(firm, mild),
        style=draw_style(rng),
    )
