"""CoSER: a scene of a book played again, every character by the same policy, and compared with the book (ROLE).

    scene      Two sisters sort their dead father's study; one of them has already found the will.
    Ann        [Not before she has eaten.] (closes the drawer) Leave the desk to me.      others do not hear the [...]
    director   "Ida saw the drawer close. Next Speaker: Ida"
    Ida        (looks up) What is in there?
    director   "Next Speaker: Environment"
    Environment    The clock on the landing strikes two, and the dog begins to whine.
    ...        ten rounds at most; from the sixth on the director may end the scene
    critic     Storyline Consistency 7, Character Fidelity 6, Anthropomorphism 5, Storyline Quality 8
    score      0.61: the mean of (rating - 1) / 9

`improved` also understands a called name that is not spelt exactly, keeps thoughts that span lines or never close from
the others, gives book lines to those who say them, measures a scene that was broken off against as many of the book's
lines, and counts a policy that never says anything as 0 (as published, such rows vanish). In both profiles chance
calls only those who are played.

Source: CoSER (Wang et al., ICML 2025), given-circumstance acting, 200 scenes; MIT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import ClassVar, Final

from odyssim.errors import DataError, EmptyReply
from odyssim.models.base import Cast, Floor, Role
from odyssim.tasks.base import Played
from odyssim.tasks.coser_overlap import overlaps
from odyssim.tasks.coser_play import Company, character_openings, said_aloud
from odyssim.tasks.coser_prompts import START, character_prompt
from odyssim.tasks.coser_scene import CoSERItem, scene_of
from odyssim.tasks.coser_score import (
    DIMENSIONS,
    critic_messages,
    panel_critique,
    panel_metrics,
    verdict_type,
    yardstick,
)
from odyssim.tasks.coser_text import ENVIRONMENT
from odyssim.tasks.extraction import first_words
from odyssim.tasks.feedback import Arm, Flow, Secret, telling_runs, untold
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.panel import ask_panel
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import read_json
from odyssim.tasks.rows import Row
from odyssim.tasks.rubrics import coser as rubric
from odyssim.types import Axis, Episode, EpisodeStop, Message, Origin, Outcome, Profile, Turn

FILE: Final = "bench/coser/data/test/test_set.json"
ROUNDS: Final = 10
REFERENCE_HINTED_ROUNDS: Final = 15
HINT_UP_TO: Final = 0.2
"""The highest score that earns a hint."""
SHOWN_LINE_WORDS: Final = 500
SHOWN_WORDS: Final = 2000
SHORTEST_SECRET: Final = 4
"""In words: a shorter sentence of the book gives nothing away."""
SECRET_WORDS: Final = 6
"""So many words of a longer sentence in a row give it away."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?)])\s+|\n")


class CoSER(GenerativeTask[CoSERItem]):
    """A scene of a book, played again."""

    name: ClassVar[str] = "coser"
    title: ClassVar[str] = "CoSER"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.ROLE
    licence: ClassVar[str] = "MIT"
    roles: ClassVar[tuple[Role, ...]] = (Role.POLICY, Role.NARRATOR, Role.DIRECTOR)
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("coser",), test=("coser_val.parquet",), train=("coser_rl_train.parquet",)
    )
    published_flow: ClassVar[Flow] = Flow(until_step=30)

    def read(self, row: Row, profile: Profile) -> CoSERItem:
        return scene_of(row, profile)

    def original(self, data: Path) -> Iterable[Row] | None:
        path = data / FILE
        if not path.is_file():
            return None
        scenes = read_json(path)
        if not isinstance(scenes, list):
            raise DataError("expected a list of scenes", path=path)
        return (
            Row("coser", index, {"circumstance": scene}, Origin.PUBLISHED, path=path)
            for index, scene in enumerate(scenes)
        )

    def first_prompt(self, item: CoSERItem, profile: Profile, hint: str = "") -> Prompt:
        """What the first character is told; the others are told the same about themselves."""
        told = character_prompt(item, item.characters[0], profile, hint)
        return Prompt(system=told.user, sections=(Section(text=START),))

    def openings(self, item: CoSERItem, profile: Profile, cast: Cast, hint: str = "") -> dict[str, tuple[Message, ...]]:
        return character_openings(item, profile, cast, hint)

    def gold_reply(self, item: CoSERItem, profile: Profile) -> str:
        """The first thing that the first character says in the book."""
        return next((line.text for line in item.lines if line.speaker == item.characters[0]), "")

    def facets(self, item: CoSERItem) -> dict[str, str]:
        return {"tag": item.tag} if item.tag else {}

    async def converse(self, item: CoSERItem, floor: Floor, profile: Profile, hint: str = "") -> Played:
        self.refuse_dropped(item, floor)
        company = Company(item, floor, profile, hint)
        turns: list[Turn] = []
        speaker = item.names[0]
        for number in range(REFERENCE_HINTED_ROUNDS if hint and profile is Profile.REFERENCE else ROUNDS):
            if number < item.continue_from:
                line = item.lines[number]
                # As published, whoever was called says it.
                speaker, text = (speaker if profile is Profile.REFERENCE else line.speaker), line.text
                company.actors[speaker].part.say(text)
            else:
                text = await company.actors[speaker].speak()
            if not text:
                spent = company.actors[speaker].spent
                return Played(turns=tuple(turns), stop=EpisodeStop.LENGTH if spent else EpisodeStop.LEFT)
            turns.append(Turn(speaker=speaker, text=text, human=False, train=False))
            company.broadcast(speaker, text)
            following = await company.next_speaker(speaker, number)
            if following is None:
                return Played(turns=tuple(turns))
            speaker = following
        return Played(turns=tuple(turns), stop=EpisodeStop.TURN_LIMIT)

    async def grade(self, item: CoSERItem, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        if profile is Profile.REFERENCE and not _generated(episode):
            error = EmptyReply(f"The policy generated nothing in {self.name} item {item.id}.", hint="check the model")
            error.party = Role.POLICY.party
            raise error
        if profile is Profile.IMPROVED and not _acted(item, episode):
            return Outcome(score=0.0, metrics=dict.fromkeys(DIMENSIONS.values()))
        messages = critic_messages(item, episode, profile)
        panel = await ask_panel(floor, messages, verdict_type(profile), profile, self.name, item.id)
        metrics = panel_metrics(panel, profile)
        book = [(line.speaker, said_aloud(item, line.text, profile)) for line in yardstick(item, episode, profile)]
        play = [(turn.speaker, said_aloud(item, turn.text, profile)) for turn in episode.turns]
        return Outcome(
            score=fmean(metrics[field] for field in DIMENSIONS.values()),
            metrics=metrics | overlaps(book, play, skip=item.continue_from),
            critique=panel_critique(panel),
        )

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """A judged scene of 0.2 or less."""
        return outcome.score is not None and outcome.score <= HINT_UP_TO and bool(outcome.critique)

    def writer_prompt(self, item: CoSERItem, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm) -> Prompt:
        """The attempt, and why its two weakest dimensions are weak.

        As published the writer sees the thoughts and the book's dialogue too. Its notes go to everybody, so that
        `improved` shows it only what everybody could hear, and the dialogue if the arm says so.
        """
        published = profile is Profile.REFERENCE
        weakest = sorted(DIMENSIONS, key=lambda title: outcome.metrics[DIMENSIONS[title]] or 0.0)[:2]
        reasons = outcome.critique if published else untold(outcome.critique, self.secret(item, profile))
        attempt = [
            (turn.speaker, turn.text if published else said_aloud(item, turn.text, profile)) for turn in episode.turns
        ]
        sees_gold = published or arm is Arm.CRITIQUE_AND_GOLD
        never = rubric.NEVER_PUBLISHED if published else rubric.NEVER
        sections = (
            Section(text=rubric.WRITER.format(book=item.book, never=never)),
            Section(heading="# The scene", text=item.scenario),
            Section(heading="# What was played", text="\n\n".join(f"{speaker}: {text}" for speaker, text in attempt)),
            Section(
                heading="# The book's dialogue, for your eyes only",
                text=self.gold(item, profile) if sees_gold else "",
            ),
            *(Section(heading=f"# {title}: what a critic says", text=reasons.get(title, "")) for title in weakest),
        )
        return Prompt(sections=sections)

    def gold(self, item: CoSERItem, profile: Profile) -> str:
        """The book's dialogue, shortened; in `improved` without the thoughts, which the others must not read."""
        told = (
            (line.speaker, line.text if profile is Profile.REFERENCE else said_aloud(item, line.text, profile))
            for line in item.lines
        )
        lines = [f"{speaker}: {first_words(text, SHOWN_LINE_WORDS)}" for speaker, text in told if text]
        return first_words("\n\n".join(lines), SHOWN_WORDS) or ""

    def secret(self, item: CoSERItem, profile: Profile) -> Secret:
        """The sentences that the characters say in the book, and what moves each of them, six words in a row."""
        told = (*(said_aloud(item, line.text, profile) for line in item.lines), *item.motivations.values())
        sentences = [sentence.strip() for text in told for sentence in _SENTENCE_END.split(text)]
        telling = (one for one in sentences if len(one.split()) >= SHORTEST_SECRET)
        known = f"{item.scenario}\n{item.plot}"
        return Secret(texts=tuple(run for one in telling for run in telling_runs(one, SECRET_WORDS, known)))


def _generated(episode: Episode) -> bool:
    """Whether the policy generated any token: a reply may end before its first word."""
    replies = (call.reply for call in episode.calls if call.role == Role.POLICY.value)
    return any(reply.text or reply.usage.completion_tokens for reply in replies)


def _acted(item: CoSERItem, episode: Episode) -> bool:
    """Whether the policy said or did anything that others could notice."""
    own = (turn for turn in episode.turns[item.continue_from :] if turn.speaker != ENVIRONMENT)
    return any(said_aloud(item, turn.text, Profile.IMPROVED) for turn in own)
