"""Leaks put into contexts on purpose: what the rules must find whatever the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from odyssim.corpus.ground.rules import LONGEST_RUN
from odyssim.corpus.leak import words
from odyssim.types import Interaction, SocialContext, Turn

_ENDINGS: Final = ("In the end everybody agrees.", "The conversation ends well.", "They finally settle on a plan.")


def planted_leaks(interaction: Interaction, context: SocialContext) -> Iterator[tuple[str, SocialContext]]:
    """`context` with one leak more, by kind; kinds that the conversation has nothing for are left out."""
    own = [turn for turn in interaction.turns if turn.train]
    if quoted := _longest(own):
        goal = f"{context.goals.get(quoted.speaker, '')} {quoted.text}"
        yield "target turn in a goal", _with_goal(context, quoted.speaker, goal)
        shouted = " - ".join(quoted.text.upper().split())
        yield "target turn, other case and punctuation", _with_goal(context, quoted.speaker, shouted)
    if heard := _longest([turn for turn in interaction.turns if turn not in own]):
        yield "another's turn in the scenario", _with_scenario(context, heard.text)
    ending = _ENDINGS[len(interaction.turns) % len(_ENDINGS)]
    yield "outcome in the scenario", _with_scenario(context, ending)


def _longest(turns: list[Turn]) -> Turn | None:
    """The turn with most words, if it is long enough to be recognised."""
    longest = max(turns, key=lambda turn: len(words(turn.text)), default=None)
    return longest if longest and len(words(longest.text)) > LONGEST_RUN else None


def _with_goal(context: SocialContext, speaker: str, goal: str) -> SocialContext:
    return context.model_copy(update={"goals": context.goals | {speaker: goal}})


def _with_scenario(context: SocialContext, sentence: str) -> SocialContext:
    return context.model_copy(update={"scenario": f"{context.scenario} {sentence}"})
