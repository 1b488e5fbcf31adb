"""Haggling between two villagers (SS): a thing, two private limits, offers, and a deal or none."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from odyssim.corpus.sources.village_text import Lines, lines

Side = Literal["seller", "buyer"]
Kind = Literal["ask", "offer", "counter", "accept", "leave"]


@dataclass(frozen=True)
class Thing:
    """Something for sale: its usual price, what speaks for it, what speaks against it."""

    name: str
    price: int
    praise: Lines
    flaws: Lines


@dataclass(frozen=True)
class Act:
    """One move of a bargain; `price` is the sum named or agreed on."""

    side: Side
    kind: Kind
    price: int


@dataclass(frozen=True)
class Bargain:
    """A finished bargain. `floor` is the seller's private limit, `ceiling` the buyer's."""

    floor: int
    ceiling: int
    acts: tuple[Act, ...]

    @property
    def deal(self) -> int | None:
        """The agreed price, never below `floor` nor above `ceiling`; none if somebody left."""
        last = self.acts[-1]
        return last.price if last.kind == "accept" else None


THINGS = (
    Thing(
        "old bicycle",
        90,
        lines("New chain. / Rides fine. / Brakes were done in spring."),
        lines("The saddle's torn. / It's got no lights. / One gear's stuck."),
    ),
    Thing(
        "oak wardrobe",
        160,
        lines("Solid oak. / It was my aunt's. / You won't find one like it."),
        lines("The door hangs. / It won't fit up my stairs easily. / There's woodworm in the back."),
    ),
    Thing(
        "load of firewood",
        120,
        lines("Two years dry. / All beech. / I'd stack it for you."),
        lines("It got rained on. / Half of it is pine. / I'd have to split it myself."),
    ),
    Thing(
        "pair of goats",
        140,
        lines("They give good milk. / They're tame. / They eat anything."),
        lines("One's limping. / They ate your own hedge. / They're not young."),
    ),
    Thing(
        "kitchen table",
        70,
        lines("Seats six. / I sanded it myself. / Not a wobble."),
        lines("There's a burn mark on it. / It's a bit big. / One leg's been glued."),
    ),
    Thing(
        "rowing boat",
        260,
        lines("It doesn't leak. / Oars come with it. / Fresh paint."),
        lines("That paint hides something. / Where would I put it. / The oars don't match."),
    ),
    Thing(
        "sewing machine",
        80,
        lines("It hums like new. / Serviced last year. / I'll throw in the thread."),
        lines("It's older than me. / The pedal sticks. / I'd only use it twice."),
    ),
    Thing(
        "chainsaw",
        130,
        lines("Starts first pull. / New blade. / I barely used it."),
        lines("It smells burnt. / No case with it. / The neighbour's is cheaper."),
    ),
    Thing(
        "pile of records",
        45,
        lines("No scratches. / There are some rare ones in there. / Fifty of them."),
        lines("Half are marching bands. / The covers are mouldy. / I only want three of them."),
    ),
    Thing(
        "laying hens",
        40,
        lines("Five eggs a day. / Healthy birds. / Not even two years old."),
        lines("They look bald. / They're noisy. / I've got to build a coop first."),
    ),
    Thing(
        "pram",
        60,
        lines("It folds. / Only one baby had it. / The wheels are new."),
        lines("There's a stain on it. / It squeaks. / It's a strange colour."),
    ),
    Thing(
        "lawn mower",
        110,
        lines("It cuts like butter. / Just had an oil change. / It even mulches."),
        lines("It's loud. / The bag has a hole. / My lawn's tiny."),
    ),
    Thing(
        "accordion",
        220,
        lines("Listen to that sound. / It's been to weddings. / Italian."),
        lines("Two keys are dead. / I can't even play yet. / The strap's gone."),
    ),
    Thing(
        "beehive with bees",
        150,
        lines("Calm bees. / Came through two winters. / I'll show you how."),
        lines("I'm half allergic. / It's nearly autumn. / The box is rotten at the bottom."),
    ),
)

LINES: dict[Kind, Lines] = {
    "ask": lines(
        "{hello} you wanted to know about the {thing}? {praise} I was thinking {price}. / "
        "Still want the {thing}? {price} and it's yours. / "
        "The {thing}, yes. {price}. {praise} / {hello} {thing} is still here. Say {price}. / "
        "{praise} So {price}, I'd say. / {price} for the {thing}."
    ),
    "offer": lines(
        "Would you take {price}? / {flaw} I can do {price}. / I've got {price} on me. / "
        "How about {price}? {flaw} / {price} and I'll fetch it today. / {price}? / "
        "Hm. {flaw} {price}. / I was more thinking {price}. / {grumble} {price}, cash."
    ),
    "counter": lines(
        "{no} {price}. / {praise} {price} is fair. / Let's say {price}. / "
        "{price}, and I'm being nice. / {no} {praise} {price}. / "
        "I could go down to {price}. / For you {price}. / "
        "{price}. Somebody else asked about it too."
    ),
    "accept": lines(
        "{yes} {price}. / {yes} / {price}, done. / {yes} I'll come by {when}. / "
        "{yes} But you carry it. / Okay, {price}. {when} alright?"
    ),
    "leave": lines(
        "{no} Then I'll leave it. / Can't do it. Another time. / "
        "That's too far apart, forget it. / {grumble} No hard feelings. / I'll pass. / "
        "{no} See you at church. / Let me sleep on it. Actually no."
    ),
}

WORDS: dict[str, Lines] = {
    "hello": lines("Hi. / Hey. / Morning. / So, / Ah, / Evening."),
    "no": lines("No way. / Nah. / Come on. / You're joking. / That's robbery. / Not for that. / Hm, no."),
    "yes": lines("Deal. / Fine. / Alright then. / Okay okay. / Go on then. / You win. / Sold. / Works for me."),
    "grumble": lines("Money's tight. / The roof ate my savings. / I'm not made of money. / It's the end of the month."),
    "when": lines("tomorrow / after work / Saturday / tonight / around six / once the rain stops"),
}


def bargain(price: int, rng: random.Random) -> Bargain:
    """Two limits around the usual `price`, and the offers that follow from them. Nobody ever passes their limit."""
    floor = _round(price * rng.uniform(0.7, 1.0))
    ceiling = _round(price * rng.uniform(0.7, 1.25))
    asked = max(floor, _round(price * rng.uniform(1.05, 1.5)))
    offered = min(ceiling, _round(price * rng.uniform(0.4, 0.75)))
    acts = [Act("seller", "ask", asked), Act("buyer", "offer", offered)]
    for _ in range(rng.randint(1, 4)):
        if offered >= floor and (offered >= asked or rng.random() < 0.5):
            return Bargain(floor, ceiling, (*acts, Act("seller", "accept", offered)))
        asked = max(floor, offered, _round(asked - (asked - offered) * rng.uniform(0.2, 0.6)))
        acts.append(Act("seller", "counter", asked))
        if asked <= ceiling and (asked <= offered or rng.random() < 0.5):
            return Bargain(floor, ceiling, (*acts, Act("buyer", "accept", asked)))
        offered = min(ceiling, asked, _round(offered + (asked - offered) * rng.uniform(0.2, 0.6)))
        acts.append(Act("buyer", "offer", offered))
    kind: Kind = "accept" if offered >= floor else "leave"
    return Bargain(floor, ceiling, (*acts, Act("seller", kind, offered)))


def _round(price: float) -> int:
    """To the sums people name: whole units, fives or tens."""
    step = 1 if price < 30 else 5 if price < 150 else 10
    return max(step, round(price / step) * step)
