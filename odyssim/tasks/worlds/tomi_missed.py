"""Which step of belief a wrong answer to a ToMi question missed, for a tutor that needs no model.

    story     1 Aria entered the porch.  2 Aiden entered the porch.  3 The plum is in the tin.
              4 Aiden exited the porch.  5 Aria moved the plum to the jar.
    question  Where will Aiden look for the plum?
    answered  jar
    missed    Your answer is where it really is, but Aiden left in sentence 4 and did not see the move in sentence 5.

What is said names people and sentence numbers, never a container, a room or a thing. So it cannot give the answer away,
not even where a room is called like a container in it.
"""

from __future__ import annotations

import re
from typing import Final

from odyssim.tasks.extraction import contains_word
from odyssim.tasks.worlds.tomi_solver import Enters, Leaves, Lies, Moves, ParsedStory, Question, answer

_SEPARATORS: Final = re.compile(r"[\s_\-]+")


def missed_step(story: ParsedStory, question: Question, answered_place: str | None) -> str:
    """One sentence on the step that led to `answered_place` instead of the right answer.

    Where there is no single wrong place to explain (no answer, several places, the right one in another spelling), it
    says which sentence to go by. `DataError` if the story does not answer the question.
    """
    placings = story.placings(question.thing)
    given = [placing for placing in placings if answered_place and _names(answered_place, placing.container)]
    go_by = _sentence_to_go_by(story, question)
    if answered_place and not given:
        return f"No sentence puts it where you say: go by {go_by}."
    places = {placing.container for placing in given}
    if len(places) != 1 or answer(story, question).place in places:
        return f"Go by {go_by}."
    return f"Your answer is {_slip(story, question, given[-1])}."


def _names(text: str, place: str) -> bool:
    return contains_word(_SEPARATORS.sub(" ", text), _SEPARATORS.sub(" ", place))


def _sentence_to_go_by(story: ParsedStory, question: Question) -> str:
    settling = f"sentence {answer(story, question).sentence}"
    if question.at_first:
        return f"{settling}, the first that says where it is"
    if not question.people:
        return f"{settling}, the last that says where it is, whoever saw that"
    together = " together" if len(question.people) == 2 else ""
    parting = _parting(story, question)
    left = f": {parting.person} left in sentence {parting.number}" if parting else ""
    return f"{settling}, the last that showed {' and '.join(question.people)}{together} where it is{left}"


def _slip(story: ParsedStory, question: Question, given: Lies | Moves) -> str:
    """What the wrong place is in the story (`given` was the last to put it there), and why it is not the answer."""
    if question.at_first:
        return f"where it was put in sentence {given.number}, and the question is about the beginning"
    settled = answer(story, question).sentence
    if not question.people:
        return f"where it was before sentence {settled}, which moved it, whoever saw that"
    first, other = question.people[0], question.people[-1]
    parting = _parting(story, question)
    if parting is None or given.number < parting.number:
        there = f"{first} was" if first == other else f"{first} and {other} were both"
        return f"an old place: {there} there in sentence {settled} and saw that it was elsewhere by then"
    left = f"{parting.person} left in sentence {parting.number}"
    missed = "did not see" if first == other else f"{first} never saw {other} learn of"
    return f"{_where(story, question, given)}, but {left} and {missed} the move in sentence {given.number}"


def _where(story: ParsedStory, question: Question, given: Lies | Moves) -> str:
    beliefs = {person: answer(story, Question(question.thing, (person,))).place for person in question.people}
    lookers = [person for person, place in beliefs.items() if place == given.container]
    if lookers:
        return f"where {' and '.join(lookers)} would look"
    if given is story.placings(question.thing)[-1]:
        return "where it really is"
    return f"where it was put in sentence {given.number}"


def _parting(story: ParsedStory, question: Question) -> Enters | Leaves | None:
    """How the people of the question were last separated beside the thing; none if they are there to the end."""
    last = story.moments(question.thing, question.people)[-1]
    if last == len(story.events):
        return None
    event = story.events[last]
    assert isinstance(event, Enters | Leaves)  # nothing else changes who is where
    return event
