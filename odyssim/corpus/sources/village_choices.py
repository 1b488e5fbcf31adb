"""Choices in character (ROLE): what people went through, what they are asked, and why they choose as they do.

An event of the past leaves a trait; a dilemma has an option for some traits. Whoever is asked takes the option of the
trait that their past left, and gives a reason that only this past explains.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from odyssim.corpus.sources.village_text import Lines, lines

Trait = Literal["careful", "generous", "wary", "loyal", "bold", "thrifty", "honest"]


@dataclass(frozen=True)
class Event:
    """Something that happened to a person, as others tell it, and what the person says about it."""

    told: str
    trait: Trait
    reasons: Lines


@dataclass(frozen=True)
class Dilemma:
    """A question, and what the people of each trait answer."""

    questions: Lines
    options: dict[Trait, Lines]


@dataclass(frozen=True)
class Decision:
    """A question put to a person, the patterns of the answer, and the reasons from their past."""

    question: str
    answers: Lines
    reasons: Lines


EVENTS = (
    Event(
        "Lost the house to a fire at nineteen; a candle had been left burning.",
        "careful",
        lines("I've seen how fast it goes. / I've watched everything I had go up. / Ask me about candles."),
    ),
    Event(
        "Nearly drowned in the flood of the mill stream as a child.",
        "careful",
        lines("Water taught me that early. / I still dream about that stream. / Being lucky once is enough."),
    ),
    Event(
        "Fell off a scaffold while hurrying and limped for two years.",
        "careful",
        lines(
            "My leg remembers what rushing costs. / I hurried once. Ended up on crutches. / "
            "No hurry. Not since the fall."
        ),
    ),
    Event(
        "Was taken in by neighbours after the parents died.",
        "generous",
        lines(
            "Somebody opened their door for me once. / "
            "I ate at other people's tables for years. / "
            "I know what it's like to have nobody."
        ),
    ),
    Event(
        "Came to the village with one suitcase and was lent a room for a year.",
        "generous",
        lines(
            "I got a room when I had nothing, didn't I. / "
            "Nobody asked me for rent back then. / I'm still paying that year back."
        ),
    ),
    Event(
        "Was nursed through a long illness by people who hardly knew them.",
        "generous",
        lines("Strangers sat at my bed. / I'd not be here without folks like that. / They brought me soup for months."),
    ),
    Event(
        "Was cheated out of a shop by a business partner.",
        "wary",
        lines(
            "I signed things on trust once. Never again. / "
            "Last time somebody smiled like that I lost a shop. / "
            "I had a partner, remember?"
        ),
    ),
    Event(
        "Bought land from a charming man who did not own it.",
        "wary",
        lines(
            "I paid for a field that wasn't his to sell. / Charming's expensive, I learned. / "
            "I've got papers at home worth nothing."
        ),
    ),
    Event(
        "Had a best friend who spread a secret through the whole school.",
        "wary",
        lines(
            "I told one person once. One. / People talk. I found out the hard way. / "
            "Secrets don't stay put, believe me."
        ),
    ),
    Event(
        "Served nine years on a ship with the same small crew.",
        "loyal",
        lines(
            "You don't leave a crew. / At sea you stick together or you sink. / "
            "Nine winters on deck, you learn who your people are."
        ),
    ),
    Event(
        "Was raised by a grandmother who never missed a visit.",
        "loyal",
        lines(
            "Gran would've turned in her grave otherwise. / "
            "She came every single week. So do I. / That's how I was brought up."
        ),
    ),
    Event(
        "Sat out a strike of five months beside the same colleagues.",
        "loyal",
        lines(
            "We went hungry together, that counts. / "
            "I never crossed a line and won't start. / They stood by me for five months."
        ),
    ),
    Event(
        "Quit a safe office job, sailed to Iceland, and came back happy.",
        "bold",
        lines(
            "Best thing I ever did was not ask first. / I left a desk for an island, so. / "
            "You regret what you didn't do."
        ),
    ),
    Event(
        "Won the village race at the first try, on a borrowed horse.",
        "bold",
        lines("I'd never ridden before either. / Worked with the horse, didn't it. / First try's the best try."),
    ),
    Event(
        "Grew up with six siblings on one small wage.",
        "thrifty",
        lines(
            "Seven kids, one pair of good shoes. / We counted potatoes at home. / "
            "You don't waste when you've been short."
        ),
    ),
    Event(
        "Went bankrupt once and paid back every coin in twelve years.",
        "thrifty",
        lines("Twelve years of owing, thank you, no. / I know what a coin weighs. / I've been broke. It's dull."),
    ),
    Event(
        "Was blamed for a theft at school that somebody else had done.",
        "honest",
        lines(
            "I got punished for another's lie. / Nobody spoke up for me back then. / "
            "I know how it feels when they all look at you."
        ),
    ),
    Event(
        "Hid a mistake at work until it cost a colleague the job.",
        "honest",
        lines(
            "I kept my mouth shut once and someone paid for it. / "
            "I still can't look him in the eye. / Silence isn't free."
        ),
    ),
)

DILEMMAS = (
    Dilemma(
        lines(
            "A stranger knocks late in the rain and asks for a bed. What do you do? / "
            "It is pouring, past ten, and somebody you don't know wants to stay the night. Well?"
        ),
        {
            "generous": lines("Let them in, {food}'s on. / They get the sofa and some {food}."),
            "wary": lines("I talk through the door, no further. / There's an inn. I'd call them a lift."),
            "careful": lines("Not at night. The barn, maybe, without a lamp. / I'd ask {person} to come over first."),
            "bold": lines("In you come! I want to hear the story. / Sure, why not, company."),
        },
    ),
    Dilemma(
        lines(
            "You find a purse with 300 in it behind the market. What now? / "
            "Behind the stalls lies a full purse. Nobody is looking. What do you do?"
        ),
        {
            "honest": lines("Straight to the post counter with it. / I'd ask around till I find whose it is."),
            "thrifty": lines(
                "Hand it in and hope for a reward. / Count it twice, then hand it in. Money's somebody's bread."
            ),
            "wary": lines("Leave it. It's a trick. / I'm not touching that without a witness."),
            "generous": lines(
                "Whoever lost that needs it. I'd run after them. / I'd put up a note and add nothing about the sum."
            ),
        },
    ),
    Dilemma(
        lines(
            "A cousin offers you a share in a new guesthouse. You would have to put in your savings. / "
            "There is a guesthouse for sale and family wants you in, with all you have. In or out?"
        ),
        {
            "wary": lines("Not without a lawyer. / Show me the books first."),
            "bold": lines("I'm in. / Where do I sign."),
            "thrifty": lines("Out. My savings stay where they are. / I'd put in a tenth, not a coin more."),
            "careful": lines("Too fast for me, ask me in a year. / Out, sorry."),
            "loyal": lines("It's family, so yes, a bit. / I'd help with my hands. And some money."),
        },
    ),
    Dilemma(
        lines(
            "Your team is losing, it is cold, and the coach asks who wants to go home. / "
            "It is the last week of the harvest and half the helpers have left. Do you go too?"
        ),
        {
            "loyal": lines("I'm staying. / Nobody leaves before {person} does."),
            "bold": lines("Staying! It's just getting fun. / I go last, as always."),
            "careful": lines("If it gets icy I'm off. / I stay as long as there's light."),
            "honest": lines("I'd say I'm cold. But I stay. / I told them till six, so till six."),
        },
    ),
    Dilemma(
        lines(
            "The bus driver gives you back too much change. He has not noticed. / "
            "At the shop they forgot to charge you for the cheese. What do you do?"
        ),
        {
            "honest": lines("Tell them. / I go back, even if it's raining."),
            "thrifty": lines("I give it back, but I count mine first. / A coin's a coin, theirs too. Back it goes."),
            "generous": lines("Give it back and buy them a coffee. / I pay and round up."),
            "loyal": lines("I know {person} there. Of course I say it. / They're our people, you don't do that."),
        },
    ),
    Dilemma(
        lines(
            "There is ice on the lake for the first time this year. The children want to cross. / "
            "The short way home leads over the frozen pond. Do you take it?"
        ),
        {
            "careful": lines("No. Round the long way. / Nobody goes on that before February."),
            "bold": lines("I go first and jump. / Give me a stick and a rope, let's see."),
            "loyal": lines("Only if we all hold hands. / I go where the little ones go, so no."),
            "wary": lines("Who says it holds? {person}? Then no. / I don't trust it."),
        },
    ),
    Dilemma(
        lines(
            "A friend asks you to keep quiet about a broken window. / "
            "Your best friend dented the priest's car and begs you to say nothing."
        ),
        {
            "honest": lines("I'd give him a day to own up. / No. We go there together."),
            "loyal": lines("I don't know anything about a {thing}. / My lips are shut."),
            "wary": lines("I wish they hadn't told me. / I say nothing, but I say nothing to them either."),
            "thrifty": lines("Let's find out what the repair costs first. / We split it before it gets expensive."),
        },
    ),
    Dilemma(
        lines(
            "You may spend 500 from the village fund as you like. On what? / "
            "The council gives you 500 for the common good. What do you do with it?"
        ),
        {
            "generous": lines("Coal for the ones who can't pay. / A big table and {food} for everybody."),
            "thrifty": lines("Keep it for the winter. / Fix the gutter before it costs ten times that."),
            "careful": lines("New fire buckets and a ladder. / A railing at the mill bridge."),
            "bold": lines("A raft race. / Fireworks. No, a zip line."),
            "honest": lines("I'd put up a list so everyone sees where it goes. / Not my money. Let them vote."),
        },
    ),
    Dilemma(
        lines(
            "The new teacher asks you to tell her about the people here. What do you say? / "
            "A journalist wants to know who is who in the village. How much do you tell?"
        ),
        {
            "wary": lines("Nothing. / The weather's nice, I'd say."),
            "honest": lines("What's true and only what I saw. / The good and the bad."),
            "loyal": lines("They're all fine people, that's what. / You won't hear a bad word from me."),
            "bold": lines("Everything! Sit down. / How much time have you got."),
        },
    ),
    Dilemma(
        lines(
            "Somebody at work is let go without cause. The others keep their heads down. And you? / "
            "They want to sack old {person}. You could speak at the meeting."
        ),
        {
            "loyal": lines("If {person} goes I go. / I stand up, that's all."),
            "honest": lines("I say what happened. / I'd speak. Out loud."),
            "generous": lines("I'd help find something new, and pay for lunch till then. / I'd share my hours."),
            "careful": lines("I'd write a letter, slowly. / One talk in private first."),
        },
    ),
    Dilemma(
        lines(
            "The dog of your neighbour has eaten two of your hens. He offers nothing. / "
            "Your neighbour's goat ate the whole bed of lettuce. What follows?"
        ),
        {
            "generous": lines("Nothing follows. Animals are animals. / I'd bring him what's left."),
            "thrifty": lines("He pays, to the coin. / Two hens are two hens. I send a bill."),
            "wary": lines("I photograph it. Then I knock. / A higher fence, and no more chats."),
            "loyal": lines(
                "We've been neighbours too long to fight about a {thing}. / We have a drink and that's that."
            ),
        },
    ),
    Dilemma(
        lines(
            "You are offered a job abroad, well paid, starting Monday. / "
            "There is a place free on a boat going south for a year. Leaving Monday."
        ),
        {
            "bold": lines("Bag's packed. / Yes. What's the job again?"),
            "loyal": lines("Who'd look after {person} then? No. / My place is here."),
            "thrifty": lines("What do they pay for the move? / Double pay, then we talk."),
            "careful": lines("Monday's too soon. / I'd want to see the place first."),
        },
    ),
)

FORMS = lines(
    "{answer} {reason} / {reason} {answer} / {answer} / {answer} {reason} That's all. / Easy. {answer} {reason}"
)
SLOTS: dict[str, Lines] = {
    "food": lines("soup / bread / stew / pancakes / tea / potatoes / dumplings"),
    "thing": lines("window / car / hen / salad / bit of glass / fence"),
}


def decide(past: tuple[Event, ...], questions: int, rng: random.Random) -> list[Decision]:
    """Up to `questions` different dilemmas that the past of a person settles, and what follows from it."""
    decisions: list[Decision] = []
    for dilemma in rng.sample(DILEMMAS, len(DILEMMAS)):
        settling = [event for event in past if event.trait in dilemma.options]
        if settling and len(decisions) < questions:
            event = rng.choice(settling)
            question = rng.choice(dilemma.questions)
            decisions.append(Decision(question, dilemma.options[event.trait], event.reasons))
    return decisions
