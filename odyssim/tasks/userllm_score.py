"""What a user turn of UserLLM is worth: pure functions of the item, the text, and what a judge made of it.

Functions named `reference_*` reproduce the published scores, defects included; the others are what `improved` uses.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

import regex

from odyssim.tasks.extraction import contains_word, final_text, plain_words, reference_strip_thoughts
from odyssim.tasks.userllm_record import Suite, UserLLMItem
from odyssim.types import Profile, Record

END: Final = "<|endconversation|>"

STOP_WORDS: Final = frozenset(
    "a an and are as at be but by can could did do does for from had has have how i if in into is it its me might my "
    "of on or our should so that the their them then there these they this to us was we were what when where which who "
    "why will with would you your".split()
)
_TOKEN: Final = regex.compile(r"\b\w+\b|[\u4E00-\u9FFF]|[\u3040-\u30FF]|\d|[\p{P}\p{S}]")
_KEYWORD: Final = re.compile(r"[a-z0-9]{3,}")
_PLAIN: Final = re.compile(r"[^0-9a-z]+")

OPENING_BAND: Final = (0.2, 0.8)
LATER_BAND: Final = (0.0, 0.7)
"""Shares of a turn's content words that also stand in the goal, as people have them: the 10th and 75th percentile of
476 openings, the 10th and 90th of 805 later turns (MirrorBench conversations against their task descriptions)."""

# Only the other side of the conversation says these.
_ASSISTANT_VOICE: Final = re.compile(
    r"\bas an? (?:ai|(?:ai |large )?language model)\b[^.!?\n]{0,30}\bi(?:'m| am| can| can't| cannot| do| don't)\b"
    r"|\bi(?:'m| am) (?:sorry|afraid)\b[^.!?\n]{0,20}\bi (?:can't|cannot|am unable to|am not able to) "
    r"(?:assist|help|comply|fulfill?|provide|do that)\b"
    r"|\bi (?:can't|cannot|am unable to) (?:assist|comply|fulfill? (?:this|that|your))\b"
    r"|\bhow (?:can|may) i (?:help|assist) you\b",
    re.IGNORECASE,
)


PARTS: Final = ("intent_decomposition", "termination_f1", "ai_detector_score", "role_adherence", "intent_adherence")
"""The published sub-scores. `termination_f1` is the accuracy of one row; an F1 exists over a corpus only."""


class Said(Record):
    """A user turn without its thoughts. `message` is what the other side reads, `text` that with the end token."""

    message: str
    ended: bool

    @property
    def text(self) -> str:
        return f"{self.message}{END}" if self.ended else self.message


class Scores(Record):
    """`score` in 0..1, and its parts by name; none where a part does not apply."""

    score: float
    parts: Mapping[str, float | None]


def visible(reply: str, profile: Profile) -> str:
    """A reply without its thoughts; in `improved`, empty if a thought never ended."""
    if profile is Profile.REFERENCE:
        return reference_strip_thoughts(reply) or ""
    return final_text(reply) or ""


def said(text: str, profile: Profile) -> Said:
    """What a visible text says. The end token ends the talk anywhere (`reference`), or as the whole message."""
    if profile is Profile.REFERENCE:
        before, token, _ = text.partition(END)
        return Said(message=before.strip() if token else text, ended=bool(token))
    ended = text.strip() == END
    return Said(message="" if ended else text, ended=ended)


# --- overlap with the goal --------------------------------------------------------------------------------------


def word_tokens(text: str) -> frozenset[str]:
    """The distinct tokens of a text in lower case: runs of word characters, and single signs."""
    return frozenset(_TOKEN.findall(text.lower()))


def content_tokens(text: str) -> frozenset[str]:
    """The tokens that carry content: no stop words, no signs, nothing with an underscore."""
    return frozenset(token for token in word_tokens(text) if _has_content(token))


def intent_overlap(intent: str, turn: str) -> float:
    """The share of a turn's content tokens that stand in the goal, 0..1; 0 if either has none."""
    goal, own = content_tokens(intent), content_tokens(turn)
    return len(goal & own) / len(own) if own else 0.0


def within_band(overlap: float, band: tuple[float, float]) -> float:
    """1 inside the band in which people are, falling in a line to 0 where nothing or everything is shared."""
    low, high = band
    if overlap < low:
        return overlap / low
    return 1.0 if overlap <= high else (1.0 - overlap) / (1.0 - high)


def missing_keywords(intent: str, output: str) -> list[str]:
    """The keywords of the goal that a text lacks, in alphabetical order."""
    return sorted(_keywords(intent) - _keywords(output))


def _has_content(token: str) -> bool:
    return token not in STOP_WORDS and token.isalnum() and not all(sign in string.punctuation for sign in token)


def _keywords(text: str) -> set[str]:
    return set(_KEYWORD.findall(text.lower())) - STOP_WORDS


# --- options ----------------------------------------------------------------------------------------------------


def reference_normal_form(text: str) -> str:
    """Lower case, single blanks for all but ASCII letters and digits, a blank at each end; ' ' if nothing is left."""
    plain = _PLAIN.sub(" ", text.lower()).strip()
    return f" {plain} " if plain else " "


def mentioned(choices: Sequence[str], text: str, profile: Profile) -> list[str]:
    """The options that a text names. As published, one without ASCII letters or digits is always named."""
    if profile is Profile.REFERENCE:
        output = reference_normal_form(text)
        return [choice for choice in choices if reference_normal_form(choice) in output]
    output = plain_words(text)
    return [choice for choice in choices if contains_word(output, plain_words(choice))]


# --- scores -----------------------------------------------------------------------------------------------------


def reference_asks_judge(item: UserLLMItem, turn: Said) -> bool:
    """Whether a judge is asked at all."""
    if item.suite is Suite.PRISM:
        return bool(turn.message)
    return item.suite is Suite.NQ and bool(item.question and item.suggestion and turn.text)


def reference_scores(item: UserLLMItem, turn: Said, verdict: float | None) -> Scores:
    """The published reward. `verdict` in 0..1 is the judge's; none (not asked, or unreadable) counts as 0.

    PRISM: the mean of overlap with the goal (more is better), right ending, and human-likeness. CSQA and NQ: the one
    part that applies. A source that no rule scores gets 0.
    """
    parts: dict[str, float] = {}
    if item.suite is Suite.PRISM:
        parts["intent_decomposition"] = intent_overlap(item.intent, turn.text)
        parts["termination_f1"] = float(item.last_turn is turn.ended)
        parts["ai_detector_score"] = verdict or 0.0
    elif item.suite is Suite.CSQA:
        named = len(mentioned(item.choices, turn.text, Profile.REFERENCE))
        stays = bool(item.choices) and (named == 0 or 3 <= named < len(item.choices))
        parts["role_adherence"] = float(stays)
    elif item.suite is Suite.NQ:
        parts["intent_adherence"] = verdict or 0.0
    return Scores(score=fmean(parts.values()) if parts else 0.0, parts=dict.fromkeys(PARTS) | parts)


def is_user_message(turn: Said) -> bool:
    """Whether a turn is something a user could send: not blank, no stray end token, not the assistant's voice."""
    folded = turn.message.replace("’", "'")
    return bool(folded.strip()) and END not in folded and not _ASSISTANT_VOICE.search(folded)


def asks_judge(item: UserLLMItem, turn: Said) -> bool:
    """Whether the score depends on a judge: only if a message was due, and one that a user could send came."""
    due = item.suite is Suite.NQ or (item.suite is Suite.PRISM and not item.last_turn)
    return due and is_user_message(turn)


def improved_scores(item: UserLLMItem, turn: Said, verdict: float | None) -> Scores:
    """The repaired score. `verdict` in 0..1 is the judge's, where `asks_judge`.

    What no user could send scores 0, and so does an end that was not due. Where the person ended the talk only the end
    counts. Elsewhere PRISM is the mean of human-likeness and of how close the overlap with the goal is to people's;
    CSQA: who asks names all options or none; NQ: the question was kept up.
    """
    valid = float(is_user_message(turn))
    parts: dict[str, float] = {"valid": max(valid, float(turn.ended))}
    if item.suite is Suite.PRISM:
        parts["termination"] = float(bool(item.last_turn) is turn.ended)
        if item.last_turn:
            return Scores(score=parts["termination"], parts=parts)
    if not valid:
        return Scores(score=0.0, parts=parts)
    if item.suite is Suite.PRISM:
        overlap = intent_overlap(item.intent, turn.message)
        parts["intent_decomposition"] = overlap
        parts["goal_band"] = within_band(overlap, OPENING_BAND if item.first_turn else LATER_BAND)
        parts["ai_detector_score"] = verdict or 0.0
        return Scores(score=fmean((parts["goal_band"], parts["ai_detector_score"])), parts=parts)
    if item.suite is Suite.CSQA:
        named = len(mentioned(item.choices, turn.message, Profile.IMPROVED))
        parts["role_adherence"] = float(named in (0, len(item.choices)))
        return Scores(score=parts["role_adherence"], parts=parts)
    parts["intent_adherence"] = verdict or 0.0
    return Scores(score=parts["intent_adherence"], parts=parts)
