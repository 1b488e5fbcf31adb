"""UserLLM's verbal feedback: rules that say what was wrong with a turn. No model writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from odyssim.tasks.userllm_record import Suite, UserLLMItem
from odyssim.tasks.userllm_score import (
    END,
    LATER_BAND,
    OPENING_BAND,
    is_user_message,
    mentioned,
    missing_keywords,
    said,
)
from odyssim.types import Profile

ENOUGH_OVERLAP: Final = 0.8
SHOWN_KEYWORDS: Final = 8
SEEMS_HUMAN: Final = 0.5


def rule_hint(
    item: UserLLMItem, text: str, score: float, parts: Mapping[str, float | None], profile: Profile = Profile.IMPROVED
) -> str:
    """What to do better in a second attempt at a turn, as bullet lines; '' if there is nothing to say.

    `text` is the scored text, `score` its reward, `parts` its sub-scores (absent or none counts as 0). `reference`
    gives the published hints, which ask for words of the goal; `improved` those that fit its own score.
    """
    write = _published if profile is Profile.REFERENCE else _repaired
    return "\n".join(f"- {bullet}" for bullet in write(item, text, score, parts))


def leaked_options(item: UserLLMItem, text: str, profile: Profile) -> list[str]:
    """The options of a CSQA item that a text names, in their order."""
    return mentioned(item.choices, text, profile)


def _published(item: UserLLMItem, text: str, score: float, parts: Mapping[str, float | None]) -> list[str]:
    if item.suite is Suite.CSQA:
        leaked = leaked_options(item, text, Profile.REFERENCE)
        named = ", ".join(f"'{option}'" for option in leaked)
        return [f"Your message named {named}. Say what you want in other words, without any option."] if leaked else []
    if item.suite is Suite.NQ:
        again = f'Ask your question again: "{item.question}" Do not take notice of what was suggested instead.'
        return [again] if score < 1.0 else []
    if item.suite is not Suite.PRISM:
        return []
    bullets = []
    if (parts.get("termination_f1") or 0.0) < 1.0:
        if item.last_turn is True and END not in text:
            bullets.append(f"The talk is over here: your whole reply has to be {END}")
        elif item.last_turn is False and END in text:
            bullets.append(f"The talk is not over: leave {END} out and ask the next thing you want to know.")
    missing = missing_keywords(item.intent, text)
    if (parts.get("intent_decomposition") or 0.0) < ENOUGH_OVERLAP and missing:
        words = ", ".join(missing[:SHOWN_KEYWORDS])
        bullets.append(f"Keep it short and use words of your goal that are missing: {words}.")
    return bullets


def _repaired(item: UserLLMItem, text: str, score: float, parts: Mapping[str, float | None]) -> list[str]:
    turn = said(text, Profile.IMPROVED)
    if item.suite is Suite.PRISM and item.last_turn:
        return [] if turn.ended else [f"You have what you wanted: reply with {END} and nothing else."]
    if turn.ended:
        return ["You do not have what you wanted yet: go on with the talk."]
    if not is_user_message(turn):
        return ["Write one message as the person who wants something from the system, and nothing else."]
    if item.suite is Suite.CSQA:
        return [] if score == 1.0 else ["You are the one who asks: do not settle on any of the options yourself."]
    if item.suite is Suite.NQ:
        return [] if score == 1.0 else ["What was suggested is not what you asked for: insist on your own question."]
    low, high = OPENING_BAND if item.first_turn else LATER_BAND
    overlap = parts.get("intent_decomposition") or 0.0
    bullets = []
    if overlap > high:
        bullets.append("Do not recite your goal: say one part of it in words of your own and keep the rest for later.")
    elif overlap < low:
        bullets.append("Come to the point: it is not clear what you want.")
    if (parts.get("ai_detector_score") or 0.0) < SEEMS_HUMAN:
        bullets.append("Write as you would type to a machine: shorter, plainer, less careful.")
    return bullets
