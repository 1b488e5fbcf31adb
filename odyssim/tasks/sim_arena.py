"""SimulatorArena: a person asks an AI for help, in at most eight rounds. What its two tasks share.

    policy   Message: can u help me say sorry to a friend        plays one particular person
    partner  Of course. What happened between you?               the writing assistant, or the tutor
    policy   Message: forgot her birthday. twice
    ...
    policy   terminate conversation                              satisfied, or it leads nowhere
    judges   how close is this to the way in which the person really wrote and dealt with an AI?

Source: Dou et al., EMNLP 2025 (arXiv 2510.05444); data microsoft/SimulatorArena, MIT.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple, TypeVar

from odyssim.models.base import Cast, Floor, Role
from odyssim.tasks.base import Played
from odyssim.tasks.choice import ChoiceItem
from odyssim.tasks.extraction import final_text, plain_words
from odyssim.tasks.feedback import Secret
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.judged import judged
from odyssim.tasks.prompt import Prompt
from odyssim.tasks.sim_arena_judges import Bench, Feature
from odyssim.tasks.stage import FEWEST_TOKENS, Part, Stage
from odyssim.types import Episode, EpisodeStop, Message, Outcome, Profile, Sampling, Turn

ROUNDS: Final = 8
END: Final = "terminate conversation"
HELPER_TOKENS: Final = 2048
SECRET_WORDS: Final = 5
"""A real message of fewer words may well stand in a hint by chance."""


class SimArenaItem(ChoiceItem):
    """One person with one request. `human_talk` is their real conversation, rendered; `human_queries` their side."""

    human_queries: tuple[str, ...]
    human_talk: str
    profile_text: str = ""
    interaction_features: tuple[Feature, ...] = ()


ArenaItemT = TypeVar("ArenaItemT", bound=SimArenaItem)


class Heard(NamedTuple):
    """What an episode holds for the judges: the person's messages, and the whole talk, both ready to be shown."""

    messages: str
    talk: str


class SimArena(GenerativeTask[ArenaItemT]):
    """The talk of a person (the policy) with a helper (the partner), and how close it is to the real person's.

    `person` and `helper` are the speakers' names. `tags` open a message: the first is the one for all turns but the
    first turn, which prefers the last.
    """

    licence: ClassVar[str] = "MIT"
    roles: ClassVar[tuple[Role, ...]] = (Role.POLICY, Role.PARTNER)
    person: ClassVar[str]
    helper: ClassVar[str]
    helper_system: ClassVar[str]
    tags: ClassVar[tuple[str, ...]]

    @abstractmethod
    def prompt(self, item: ArenaItemT) -> Prompt:
        """Who the policy is and what it is asked for first; a section 'ask' comes last."""

    @abstractmethod
    def request(self, item: ArenaItemT, message: str) -> str:
        """The person's first message as the helper gets it, with what it is about."""

    @abstractmethod
    async def judge(self, item: ArenaItemT, heard: Heard, episode: Episode, bench: Bench) -> None:
        """Ask the judges everything; the numbers are in `bench.metrics` afterwards."""

    @abstractmethod
    def weigh(self, metrics: Mapping[str, float | None], profile: Profile) -> float:
        """The score in 0..1 that the numbers come to; a number that is missing is none."""

    def first_prompt(self, item: ArenaItemT, profile: Profile, hint: str = "") -> Prompt:
        prompt = self.prompt(item)
        return prompt.with_hint(hint, before="ask", lead="Keep in mind:") if hint else prompt

    def secret(self, item: ArenaItemT, profile: Profile) -> Secret:
        return Secret(texts=tuple(text for text in item.human_queries if len(text.split()) >= SECRET_WORDS))

    def gold_reply(self, item: ArenaItemT, profile: Profile) -> str:
        return f"{self.tags[-1]}: {item.human_queries[0]}" if item.human_queries else ""

    async def converse(self, item: ArenaItemT, floor: Floor, profile: Profile, hint: str = "") -> Played:
        stage = self.stage(item, floor, profile)
        system, ask = self.opening(item, profile, hint, floor.cast)
        person = Part(self.person, Role.POLICY, system=system.content)
        person.hear(ask.content)
        helper = Part(
            self.helper, Role.PARTNER, self.helper_system, merges=True, sampling=helper_sampling(floor.cast, profile)
        )
        first = ""
        stop = EpisodeStop.TURN_LIMIT
        for number in range(ROUNDS):
            raw = await stage.speak(person)
            message = self.message(raw or "", number, profile)
            if raw is None or not message or ends(raw, message, profile):
                stop = _why(raw, message, stage)
                break
            first = first or message
            helper.hear(message if number else self.request(item, message))
            reply = await stage.speak(helper)
            if reply is None:
                stop = EpisodeStop.LEFT
                break
            person.hear(visible(reply, profile))
        turns = (
            turn(self.person, said.content)
            if said.role == "user"
            else turn(self.helper, visible(said.content, profile))
            for said in public_talk(helper.talk, first)
        )
        return Played(turns=(*turns, *await self.result(helper, stage, profile)), stop=stop)

    async def result(self, helper: Part, stage: Stage, profile: Profile) -> tuple[Turn, ...]:
        """What the helper still has to deliver after the talk, besides what was said."""
        return ()

    def message(self, raw: str, number: int, profile: Profile) -> str:
        """The words for the helper in the raw reply of round `number` (from 0); '' if there are none."""
        if profile is Profile.REFERENCE:
            return reference_message(raw, self.tags)
        return tagged_message(final_text(raw) or "", self.tags if number else self.tags[::-1])

    async def grade(self, item: ArenaItemT, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        talk = [turn for turn in episode.turns if turn.speaker in (self.person, self.helper)]
        said = [turn.text for turn in talk if turn.speaker == self.person]
        bench = Bench(floor, profile, keys=(self.name, item.id))
        bench.metrics["num_turn"] = float(len(talk) - len(said))
        if not said and profile is Profile.IMPROVED:
            return Outcome(score=0.0, metrics=bench.metrics)
        heard = Heard(messages=judged("\n".join(said)), talk=judged(render(talk, profile)))
        await self.judge(item, heard, episode, bench)
        return Outcome(score=self.weigh(bench.metrics, profile), metrics=bench.metrics, critique=bench.critique)


# --- what is said -----------------------------------------------------------------------------------------------


def reference_message(raw: str, tags: Sequence[str]) -> str:
    """As published: what follows the first tag of `tags` that occurs anywhere, trimmed; without one the raw text."""
    for tag in tags:
        _, found, message = raw.partition(f"{tag}:")
        if found:
            return message.strip()
    return raw


def tagged_message(text: str, tags: Sequence[str]) -> str:
    """What follows a tag at the start of a line, in any case and emphasis; earlier `tags` win; else the whole text."""
    for tag in tags:
        match = re.search(rf"^[ \t*_#>]*{tag}[ \t*_]*:[ \t*_]*", text, re.IGNORECASE | re.MULTILINE)
        if match:
            return text[match.end() :].strip()
    return text.strip()


def ends(raw: str, message: str, profile: Profile) -> bool:
    """Whether the person ends the talk. As published, the words may stand anywhere, also in a thought."""
    if profile is Profile.REFERENCE:
        return END in raw.lower()
    return plain_words(message) == END


def public_talk(talk: Sequence[Message], first: str | None) -> tuple[Message, ...]:
    """A helper's talk as both sides heard it: no system message, and the first request as the bare message `first`.

    As published the wrapped request stays where `first` is missing or empty.
    """
    public = [said for said in talk if said.role != "system"]
    opening = next((number for number, said in enumerate(public) if said.role == "user"), None)
    if first and opening is not None:
        public[opening] = Message(role="user", content=first)
    return tuple(public)


def render(turns: Sequence[Turn], profile: Profile) -> str:
    """One entry for each turn, `- Speaker: text`; `improved` indents further lines, so that no text forges a turn."""
    margin = "\n" if profile is Profile.REFERENCE else "\n  "
    return "\n".join(f"- {turn.speaker}: " + margin.join(turn.text.split("\n")) for turn in turns)


def helper_sampling(cast: Cast, profile: Profile) -> Sampling:
    """How the helper speaks: as published without a stated temperature, in `improved` as repeatably as possible."""
    if profile is Profile.REFERENCE:
        return Sampling(temperature=None, max_tokens=HELPER_TOKENS)
    return Sampling(temperature=0.0, max_tokens=HELPER_TOKENS, seed=cast.sampling.seed)


def visible(reply: str, profile: Profile) -> str:
    """What others get of a helper's reply: all of it as published, in `improved` what follows its thoughts."""
    return reply if profile is Profile.REFERENCE else final_text(reply) or ""


def turn(speaker: str, text: str) -> Turn:
    """What somebody in the episode said: a model, so nothing to imitate."""
    return Turn(speaker=speaker, text=text, human=False, train=False)


def _why(raw: str | None, message: str, stage: Stage) -> EpisodeStop:
    if raw is None and stage.left < FEWEST_TOKENS:
        return EpisodeStop.LENGTH
    return EpisodeStop.COMPLETED if raw and message else EpisodeStop.LEFT
