"""What the critic of a CoSER scene is asked, and what its ratings are worth.

ratings     Storyline Consistency 7, Character Fidelity 6, Anthropomorphism 5, Storyline Quality 8
reference   66.7, 55.6, 44.4, 77.8: their mean is 61.1 of 100
improved    6/9, 5/9, 4/9, 7/9: their mean is 0.611
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from statistics import fmean
from typing import Any, Final

from pydantic import Field

from odyssim.tasks.coser_play import heard, said_aloud
from odyssim.tasks.coser_prompts import profiles_shown
from odyssim.tasks.coser_scene import CoSERItem, Line
from odyssim.tasks.judged import judged
from odyssim.tasks.panel import Panel
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.rubrics import coser as rubric
from odyssim.types import Episode, EpisodeStop, Message, Profile, Record

DIMENSIONS: Final = {
    "Storyline Consistency": "storyline_consistency",
    "Character Fidelity": "character_fidelity",
    "Anthropomorphism": "anthropomorphism",
    "Storyline Quality": "storyline_quality",
}
"""The dimensions as people read them, and their field in a verdict, which is also the name of the metric."""
LOWEST: Final = 1
HIGHEST: Final = 10
REFERENCE_TRIES: Final = 2


class Rating(Record):
    """One dimension of the scene."""

    reason: str
    score: int = Field(ge=LOWEST, le=HIGHEST)


class CharacterRating(Record):
    """How true one character is to the book."""

    name: str
    reason: str
    score: int = Field(ge=LOWEST, le=HIGHEST)


class Criticism(Record):
    """The critic's verdict."""

    storyline_consistency: Rating
    character_fidelity: Rating
    anthropomorphism: Rating
    storyline_quality: Rating


class CriticismByCharacter(Criticism):
    """The critic's verdict with one for each major character, since one policy played them all."""

    characters: tuple[CharacterRating, ...]


def verdict_type(profile: Profile) -> type[Criticism]:
    """What the critic is asked for."""
    return Criticism if profile is Profile.REFERENCE else CriticismByCharacter


def critic_messages(item: CoSERItem, episode: Episode, profile: Profile) -> tuple[Message, ...]:
    """The critic's brief and the scene as the audience heard it."""
    book = "\n\n".join(
        f"{line.speaker}: {said_aloud(item, line.text, profile)}" for line in yardstick(item, episode, profile)
    )
    play = "\n\n".join(heard(item, turn.speaker, turn.text, profile) for turn in episode.turns)
    skipped = rubric.SKIPPED.format(lines=item.continue_from) if item.continue_from else ""
    each = rubric.EACH_CHARACTER.format(names=", ".join(item.major or item.characters))
    brief = Prompt(
        sections=(
            Section(text=rubric.CRITIC.format(book=item.book)),
            Section(heading="# The story around the scene", text=item.plot),
            Section(heading="# The scene", text=item.scenario),
            Section(heading="# The people", text=profiles_shown(item.profiles)),
            Section(heading="# The book's dialogue", text=book),
            Section(heading=f"# Rubric (version {rubric.VERSION})", text="\n\n".join(rubric.DIMENSIONS)),
            Section(text="" if profile is Profile.REFERENCE else each),
            Section(text=skipped),
        )
    )
    return (Message(role="system", content=brief.user), Message(role="user", content=judged(play)))


def yardstick(item: CoSERItem, episode: Episode, profile: Profile) -> Sequence[Line]:
    """The book's lines that the scene is measured against.

    `improved` takes as many as were played where the scene was broken off by a limit or by the director; who falls
    silent is measured against all of them.
    """
    if profile is Profile.REFERENCE or episode.stop is EpisodeStop.LEFT:
        return item.lines
    return item.lines[: len(episode.turns)]


def worth(score: float, profile: Profile) -> float:
    """A rating of 1..10 in 0..1; `reference` rounds to a thousandth."""
    share = (score - LOWEST) / (HIGHEST - LOWEST)
    return reference_points(score) / 100 if profile is Profile.REFERENCE else share


def reference_points(score: float) -> float:
    """A rating of 1..10, without its fraction, as 0..100 with one decimal."""
    return round((int(score) - LOWEST) * 100 / (HIGHEST - LOWEST), 1)


def reference_scores(attempts: Iterable[Mapping[str, Any] | None]) -> tuple[dict[str, float], float, int]:
    """Points of each dimension, their mean in 0..1, and how many of the critic's attempts were needed.

    The first two attempts count. One is valid if every dimension has a number in 1..10; without a valid one everything
    is 0 (published; a task's outcome is unscored instead).
    """
    used = 0
    points = dict.fromkeys(DIMENSIONS, 0.0)
    for attempt in list(attempts)[:REFERENCE_TRIES]:
        used += 1
        ratings = [(attempt or {}).get(title) for title in DIMENSIONS]
        valid = [rating for rating in ratings if isinstance(rating, (int, float)) and LOWEST <= rating <= HIGHEST]
        if len(valid) == len(DIMENSIONS):
            points = dict(zip(DIMENSIONS, map(reference_points, valid), strict=True))
            break
    return points, fmean(points.values()) / 100, used


def panel_metrics(panel: Panel[Criticism], profile: Profile) -> dict[str, float]:
    """The mean of every dimension in 0..1; of several verdicts the spread too."""
    metrics = {}
    for field in DIMENSIONS.values():
        score = attrgetter(f"{field}.score")
        metrics[field] = fmean(worth(score(verdict), profile) for verdict in panel.verdicts)
        if len(panel.verdicts) > 1:
            metrics[f"{field}_spread"] = panel.spread(score) / (HIGHEST - LOWEST)
    return metrics


def panel_critique(panel: Panel[Criticism]) -> dict[str, str]:
    """The reasons for every dimension and, where they were asked for, for every character with the rating."""
    critique = {title: panel.reasons(attrgetter(f"{field}.reason")) for title, field in DIMENSIONS.items()}
    for verdict in panel.verdicts:
        if isinstance(verdict, CriticismByCharacter):
            for one in verdict.characters:
                key = f"Character Fidelity of {one.name}"
                critique[key] = "\n".join(filter(None, (critique.get(key), f"{one.score} of {HIGHEST}: {one.reason}")))
    return critique
