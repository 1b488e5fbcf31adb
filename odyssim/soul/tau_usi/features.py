"""What τ-USI measures in one dialogue (arXiv 2603.11245): counts of phrases and words in the customer's turns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from statistics import fmean, pstdev
from typing import Final

from odyssim.soul.tau_usi.dialogue import Said
from odyssim.soul.tau_usi.lexicons import (
    ACCUSE,
    ACKNOWLEDGEMENTS,
    AGENTLIKE,
    CERTAIN,
    CLARIFY,
    EMOTION,
    IDENTIFIER,
    INFOQ,
    PIVOT,
    POLITE,
    PUSHBACK,
    UNCERTAIN,
)

DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "D1_conv": (
        *("politeness_rate", "short_msg_rate", "formality_rate", "ack_only_rate", "verbosity_cv", "repeat_rate"),
        "id_confuse_rate",
    ),
    "D2_info": ("info_frontload", "id_density", "user_words_per_turn", "opening_words"),
    "D3_clarif": ("uncertainty_rate", "certainty_rate", "pushback_q_rate", "clarify_q_rate", "info_q_rate"),
    "D4_react": ("emotion_rate", "accusation_rate", "pivot_rate"),
}
"""The scored features by dimension, under their published names."""
UNSCORED: Final = "n_turns"
FEATURES: Final = (UNSCORED, *(feature for features in DIMENSIONS.values() for feature in features))

_HUMAN_COMMANDS: Final = ("\\tau ", "\\reward")
_HUMAN_MARKERS: Final = ("<|canvas|>", "<|highlight|>", "<|survey|>")
_MARKUP: Final = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (r"<\|think\|>.*?<\|/think\|>", r"<\|tool\|>.*?<\|/tool\|>", r"<function=.*?(?:</function>|\Z)")
)
_TRAILING: Final = re.compile(r"[\s!.,-]+\Z")
_SHORT: Final = 3
_REPEATED: Final = 10


class Side(StrEnum):
    """Who wrote the customer's turns: each side has its own messages that are no speech."""

    HUMAN = "human"
    SIMULATOR = "simulator"


def cleaned(conversation: Iterable[Said], side: Side) -> list[Said]:
    """The messages of any role that are speech: commands, page markers and stop signs are left out."""
    noise = _is_human_noise if side is Side.HUMAN else _is_simulator_noise
    return [said for said in conversation if not noise(said.text)]


def dialogue_features(conversation: Iterable[Said], side: Side) -> dict[str, float] | None:
    """The features by name, rates in 0..1; none where the customer says nothing.

    `id_confuse_rate` and `repeat_rate` are 0 or 1 for the whole dialogue. `formality_rate` counts dashes, and
    `id_density` mostly long words: the names are the published ones.
    """
    messages = cleaned(conversation, side)
    turns = [_without_markup(said.text) for said in messages if said.role == "user"]
    if not turns:
        return None
    lowered = [turn.lower() for turn in turns]
    lengths = [len(turn.split()) for turn in turns]
    words, mean = sum(lengths), fmean(lengths)
    pushback, clarify, information = (_hits(lexicon, lowered) for lexicon in (PUSHBACK, CLARIFY, INFOQ))
    return {
        "n_turns": float(len(messages)),
        "politeness_rate": fmean(_hits(POLITE, lowered)),
        "short_msg_rate": fmean(length <= _SHORT for length in lengths),
        "formality_rate": fmean("—" in turn or "–" in turn for turn in turns),
        "ack_only_rate": fmean(_TRAILING.sub("", turn.strip()) in ACKNOWLEDGEMENTS for turn in lowered),
        "verbosity_cv": pstdev(lengths) / mean if mean else 0.0,
        "repeat_rate": float(_most_repeated(lowered) > _REPEATED),
        "id_confuse_rate": float(any(_hits(AGENTLIKE, lowered))),
        "info_frontload": sum(lengths[:2]) / words if words else 0.0,
        "id_density": fmean(sum(1 for _ in IDENTIFIER.finditer(turn)) for turn in lowered),
        "user_words_per_turn": mean,
        "opening_words": float(lengths[0]),
        "uncertainty_rate": fmean(_hits(UNCERTAIN, lowered)),
        "certainty_rate": fmean(_hits(CERTAIN, lowered)),
        "pushback_q_rate": fmean(pushback),
        "clarify_q_rate": _share(lambda p, c, i: c and not p, pushback, clarify, information),
        "info_q_rate": _share(lambda p, c, i: i and not c and not p, pushback, clarify, information),
        "emotion_rate": fmean(_hits(EMOTION, lowered)),
        "accusation_rate": fmean(_hits(ACCUSE, lowered)),
        "pivot_rate": fmean(_hits(PIVOT, lowered)),
    }


def _is_human_noise(text: str) -> bool:
    return (
        text.startswith(_HUMAN_COMMANDS) or any(marker in text for marker in _HUMAN_MARKERS) or text.strip() == "/stop"
    )


def _is_simulator_noise(text: str) -> bool:
    return text.strip() == "###STOP###"


def _without_markup(text: str) -> str:
    for markup in _MARKUP:
        text = markup.sub("", text)
    return text


def _hits(lexicon: re.Pattern[str], turns: Iterable[str]) -> list[bool]:
    return [lexicon.search(turn) is not None for turn in turns]


def _share(rule: Callable[[bool, bool, bool], bool], *labels: Sequence[bool]) -> float:
    """Share of turns whose labels fulfil a rule."""
    return fmean(rule(*turn) for turn in zip(*labels, strict=True))


def _most_repeated(turns: Iterable[str]) -> int:
    """How often the most frequent word trigram occurs; trigrams do not cross turns."""
    split = (turn.split() for turn in turns)
    trigrams = Counter(trigram for words in split for trigram in zip(words, words[1:], words[2:], strict=False))
    return max(trigrams.values(), default=0)
