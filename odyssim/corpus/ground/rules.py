"""The hard rules for a written context, checked for every row it enters.

leak      more than 2 % of a target speaker's word 4-grams stand in what that speaker reads before the first turn
verbatim  eight words in a row of any turn, of anybody, stand in the context
outcome   the wording tells how the talk goes or ends, or the context holds what first comes up in the closing turns
answer    in a question-and-answer row, the context holds the answer, or announces one

What a rule cannot see is a leak in other words; the prompt forbids that as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain
from typing import Final

import regex

from odyssim.corpus.ground.outcome import tells_answer, tells_outcome
from odyssim.corpus.leak import FUNCTION_WORDS, grams, leaks, words
from odyssim.corpus.render import system_message
from odyssim.types import Axis, Interaction, Record, SocialContext, Turn

LONGEST_RUN: Final = 7
"""Words in a row that a context may share with a turn."""

_CLOSING_TURNS: Final = 2
_CLOSING_NEWS: Final = 3
_LONGEST_ANSWER: Final = 7

_NAME_INSIDE: Final = regex.compile(r"(?<=[^\s.!?:;\"“]\s+|,\s+)\p{Lu}[\p{L}'’]+")
_SMALL: Final = regex.compile(r"\b\p{Ll}[\p{L}'’]*")
_ANNOUNCING: Final = r"\b(?:answer|option|choice|choose|pick|say)s?(?:\s+is)?\W+"
_QUESTION_AXES: Final = (Axis.COG, Axis.EVAL)


class Fault(StrEnum):
    """Why a written context was turned down."""

    LEAK = "leak"
    VERBATIM = "verbatim"
    OUTCOME = "outcome"
    ANSWER = "answer"
    MALFORMED = "malformed"
    REFUSED = "refused"


class Violation(Record):
    """One broken rule: in which field or whose row, and what is wrong, in words that do not repeat the leak."""

    fault: Fault
    where: str
    complaint: str


def violations(interaction: Interaction, context: SocialContext) -> list[Violation]:
    """Every rule that `context` breaks as the context of `interaction`; none if it is fit to be trained on."""
    return list(
        chain(
            _leaks(interaction, context),
            _verbatim(interaction, context),
            _outcomes(interaction, context),
            _answers(interaction, context),
        )
    )


def gives_away(interaction: Interaction, context: SocialContext) -> bool:
    """Whether a target speaker reads more than 2 % of the own 4-grams: the rule that holds for all contexts."""
    return any(_leaks(interaction, context))


def row_texts(interaction: Interaction, context: SocialContext) -> Iterator[tuple[str, str, list[str]]]:
    """For each imitated speaker: the name, what stands in the speaker's row before the first turn, and the targets."""
    speakers = tuple(dict.fromkeys(turn.speaker for turn in interaction.turns))
    for speaker in interaction.imitated_speakers:
        others = [name for name in speakers if name != speaker]
        targets = [turn.text for turn in interaction.turns if turn.train and turn.speaker == speaker]
        yield speaker, system_message(context, speaker, others), targets


def brought_along(interaction: Interaction, speaker: str) -> frozenset[str]:
    """The names and numbers that `speaker` knows before the first turn, as `words` gives them.

    These are the names of the participants, and every name or number that nobody mentions before `speaker` does. A
    name is a capitalised word inside a sentence that nobody writes small; a number is a word with a digit.
    """
    known = {word for turn in interaction.turns for word in words(turn.speaker)}
    small = {word for turn in interaction.turns for found in _SMALL.findall(turn.text) for word in words(found)}
    heard: set[str] = set()
    for turn in interaction.turns:
        said = set(words(turn.text))
        if turn.speaker == speaker:
            names = {word for name in _NAME_INSIDE.findall(turn.text) for word in words(name)}
            numbers = {word for word in said if any(map(str.isdigit, word))}
            known |= (names - small - FUNCTION_WORDS | numbers) - heard
        else:
            heard |= said
    return frozenset(known)


def _leaks(interaction: Interaction, context: SocialContext) -> Iterator[Violation]:
    for speaker, known, targets in row_texts(interaction, context):
        # Names and numbers can only lower the share, and telling them apart costs more than counting.
        if leaks(known, targets) and leaks(known, targets, brought_along(interaction, speaker)):
            complaint = f"Rule 1: what {speaker} reads before the talk repeats what {speaker} then says."
            yield Violation(fault=Fault.LEAK, where=speaker, complaint=complaint)


def _verbatim(interaction: Interaction, context: SocialContext) -> Iterator[Violation]:
    size = LONGEST_RUN + 1
    fields = {where: set(grams(text, size)) for where, text in fields_of(context)}
    said = {gram for turn in interaction.turns for gram in grams(turn.text, size)} if any(fields.values()) else set()
    for where, shown in fields.items():
        if not said.isdisjoint(shown):
            yield Violation(
                fault=Fault.VERBATIM,
                where=where,
                complaint=f"Rule 1: the {where} copies a run of {size} or more words from the transcript.",
            )


def _outcomes(interaction: Interaction, context: SocialContext) -> Iterator[Violation]:
    news = _closing_news(interaction.turns)
    numbers = {word for said in news for word in said if word.isdigit() and len(word) > 1}
    speakers = dict.fromkeys(turn.speaker for turn in interaction.turns)
    for where, text in fields_of(context):
        shown = set(words(text))
        if tells_outcome(text, speakers):
            complaint = f"Rule 3: the {where} tells how the talk goes or ends."
        elif shown & numbers:
            complaint = f"Rule 3: the {where} holds a number that first comes up at the end."
        elif any(len(shown & said) >= max(_CLOSING_NEWS, len(said) / 2) for said in news):
            complaint = f"Rule 3: the {where} holds what first comes up in the last turns."
        else:
            continue
        yield Violation(fault=Fault.OUTCOME, where=where, complaint=complaint)


def _closing_news(turns: Sequence[Turn]) -> list[set[str]]:
    """For each of the last turns, its content words that nobody said before the first of them.

    The last turns lie in the second half; a conversation of one turn has none.
    """
    start = max(len(turns) - _CLOSING_TURNS, (len(turns) + 1) // 2)
    before = {word for turn in turns[:start] for word in words(turn.text)} | FUNCTION_WORDS
    return [set(words(turn.text)) - before for turn in turns[start:]]


def _answers(interaction: Interaction, context: SocialContext) -> Iterator[Violation]:
    gold = list(_gold_answers(interaction))
    for where, text in fields_of(context):
        if tells_answer(text) or any(_states(text, answer) for answer in gold):
            complaint = f"Rule 4: the {where} holds the answer to what is asked."
            yield Violation(fault=Fault.ANSWER, where=where, complaint=complaint)


def _gold_answers(interaction: Interaction) -> Iterator[tuple[str, ...]]:
    """The short replies of a question-and-answer row: COG or EVAL, and the imitated side never speaks first."""
    if interaction.axis in _QUESTION_AXES and not interaction.turns[0].train:
        for turn in interaction.turns:
            answer = tuple(words(turn.text))
            if turn.train and 0 < len(answer) <= _LONGEST_ANSWER:
                yield answer


def _states(text: str, answer: tuple[str, ...]) -> bool:
    """Whether `text` holds `answer`; one that is no more than function words or a letter must be called an answer."""
    if all(word in FUNCTION_WORDS or len(word) == 1 for word in answer):
        return bool(regex.search(rf"{_ANNOUNCING}{' '.join(answer)}\s*(?=[^\w\s]|$)", text, regex.I))
    return answer in grams(text, len(answer))


def fields_of(context: SocialContext) -> Iterator[tuple[str, str]]:
    """The parts of a context with their names, as a writer knows them."""
    yield "scenario", context.scenario
    yield "relationship", context.relationship
    yield from ((f"profile of {speaker}", text) for speaker, text in context.profiles.items())
    yield from ((f"goal of {speaker}", text) for speaker, text in context.goals.items())
