"""The company of a CoSER scene: the policy in every character, the environment, and the director who calls them.

Each of them hears everybody else and has the talk, and the budget, from their own side: the director's calls and the
thoughts in brackets reach nobody.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from odyssim.models.base import Cast, Floor, Role
from odyssim.tasks.coser_prompts import START, character_prompt, director_prompt, narrator_prompt
from odyssim.tasks.coser_scene import CoSERItem
from odyssim.tasks.coser_text import (
    END_CHAT,
    ENVIRONMENT,
    aloud,
    labelled,
    named,
    reference_aloud,
    reference_labelled,
    reference_named,
)
from odyssim.tasks.extraction import final_text, reference_strip_thoughts
from odyssim.tasks.prompt import Prompt, Section, fitted
from odyssim.tasks.stage import FEWEST_TOKENS, Part, Stage
from odyssim.types import Message, Profile, Sampling, derive_seed

TASK: Final = "coser"
FIRST_ENDING: Final = 5
"""The first round, from 0, after which the director may end the scene."""


@dataclass
class Actor:
    """A part with a budget of its own."""

    part: Part
    stage: Stage

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.stage.left < FEWEST_TOKENS

    def hear(self, text: str) -> None:
        """Take in what somebody else said; it counts against the budget."""
        self.part.hear(text)
        self.stage.spend(text)

    async def speak(self) -> str:
        """The next words, without reasoning; '' if nothing came. Raises `ModelCallError` with its party."""
        raw = await self.stage.speak(self.part) or ""
        if self.stage.profile is Profile.REFERENCE:
            return reference_strip_thoughts(raw, drop_unclosed=True) or ""
        return final_text(raw) or ""


class Company:
    """Everybody in one performance of `item`. `actors` stand by name; the director is not among them."""

    def __init__(self, item: CoSERItem, floor: Floor, profile: Profile, hint: str = "") -> None:
        self.item = item
        self.profile = profile
        self._seed = floor.cast.sampling.seed or 0
        self._instructions = director_prompt(item).user
        # The published calls leave the temperature to the engine.
        temperature = None if profile is Profile.REFERENCE else 1.0
        sampling = Sampling(temperature=temperature, seed=floor.cast.sampling.seed)

        def actor(name: str, role: Role, system: str) -> Actor:
            policy = role is Role.POLICY
            part = Part(name, role, system, merges=not policy, sampling=None if policy else sampling)
            part.hear(START)
            return Actor(part, Stage(floor, profile, TASK, item.id))

        self.actors = {
            name: actor(name, Role.POLICY, told[0].content)
            for name, told in character_openings(item, profile, floor.cast, hint).items()
        }
        self.actors[ENVIRONMENT] = actor(ENVIRONMENT, Role.NARRATOR, narrator_prompt(item).user)
        self._director = actor(Role.DIRECTOR.value, Role.DIRECTOR, self._instructions)

    def broadcast(self, speaker: str, text: str) -> None:
        """Let everybody but the speaker hear what can be heard of `text`."""
        for actor in (*self.actors.values(), self._director):
            if actor.part.name != speaker:
                actor.hear(heard(self.item, speaker, text, self.profile))

    async def next_speaker(self, speaker: str, number: int) -> str | None:
        """Who comes after `speaker` in round `number` (from 0); none if the scene ends here.

        Within the book's own lines the book decides. A call that names nobody else in the scene is replaced by chance.
        """
        if number < self.item.continue_from and number + 1 < len(self.item.lines):
            called: str | None = self.item.lines[number + 1].speaker
        else:
            said = await self._director.speak()
            if not said:
                return None
            called = self._called(said)
            if called == END_CHAT and number >= FIRST_ENDING:
                return None
            if called not in self.actors or called == speaker:
                self._instruct_again(called or said)
        if called in self.actors and called != speaker:
            return called
        return self._drawn(speaker, number)

    def _called(self, said: str) -> str | None:
        if self.profile is Profile.REFERENCE:
            return reference_named(said)
        return named(said, (*self.item.names, END_CHAT))

    def _instruct_again(self, called: str) -> None:
        part = self._director.part
        part.talk.pop()
        part.say(called)
        part.hear(self._instructions)

    def _drawn(self, speaker: str, number: int) -> str:
        # As published, but for major characters that nobody plays, and for the sorted order: a seed needs one.
        candidates = sorted({*self.item.major, ENVIRONMENT} & self.actors.keys() - {speaker})
        dice = random.Random(derive_seed(self._seed, TASK, self.item.id, number))
        return dice.choice(candidates or sorted(self.actors.keys() - {speaker}))


def heard(item: CoSERItem, speaker: str, text: str, profile: Profile) -> str:
    """What others hear of a turn, behind the speaker's name."""
    return (reference_labelled if profile is Profile.REFERENCE else labelled)(said_aloud(item, text, profile), speaker)


def said_aloud(item: CoSERItem, text: str, profile: Profile) -> str:
    """A turn without its thoughts."""
    return reference_aloud(text) if profile is Profile.REFERENCE else aloud(text, brackets=not item.wo_thought)


def character_openings(item: CoSERItem, profile: Profile, cast: Cast, hint: str = "") -> dict[str, tuple[Message, ...]]:
    """What every character is told before the scene, by name, within the budget of the policy."""
    prompts = {name: character_prompt(item, name, profile, hint) for name in item.characters}
    return {
        name: (
            Message(role="system", content=_fitted(prompt, cast, profile)),
            Message(role="user", content=START),
        )
        for name, prompt in prompts.items()
    }


def _fitted(prompt: Prompt, cast: Cast, profile: Profile) -> str:
    """The text of `prompt` as a system message that leaves room for the first user message."""
    if profile is Profile.REFERENCE:
        whole = Prompt(system=prompt.user, sections=(Section(text=START),))
        return fitted(whole, cast.prompt_tokens, cast.split_tokens, profile)[0].content
    left = cast.prompt_tokens - len(cast.split_tokens(START))
    return fitted(prompt, left, cast.split_tokens, profile)[0].content
