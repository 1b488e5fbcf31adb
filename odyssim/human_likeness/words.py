"""Word choice: which words a model over- or under-uses, how far its vocabulary is from people's, and AI-isms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, Self

import numpy as np
import regex
from scipy.special import rel_entr

from odyssim.errors import DataError
from odyssim.human_likeness.stats import Bools, Floats, Ints
from odyssim.human_likeness.surface import Measure, per_1000_tokens
from odyssim.types import Record, derive_seed

View = Literal["word", "bigram", "first_word"]
VIEWS: Final[dict[View, Callable[[Sequence[str]], list[str]]]] = {
    "word": list,
    "bigram": lambda tokens: [f"{left} {right}" for left, right in pairwise(tokens)],
    "first_word": lambda tokens: list(tokens[:1]),
}
"""What is counted as a term of a turn's tokens."""

PRIOR_STRENGTH: Final = 500.0
MIN_DIALOGUES: Final = 3
MIN_Z: Final = 1.96
TOP: Final = 25

# --- lexicons ---------------------------------------------------------------------------------------------------

_FUNCTION_WORDS: Final = frozenset(
    ["the", "and", "you", "of", "that", "for", "with", "this", "have", "what", "my", "not", "are", "but", "be", "it"]
)


def is_english(tokens: Sequence[str]) -> bool:
    """Whether a body of text is English enough for English word lists.

    The function words asked for are about a quarter of English tokens, of chat too, and nearly none elsewhere.
    """
    return sum(1 for token in tokens if token in _FUNCTION_WORDS) >= 0.1 * len(tokens)


def _phrases(*patterns: str) -> regex.Pattern[str]:
    return regex.compile(r"\b(?:" + "|".join(patterns) + r")\b")


_AI_ISM: Final = _phrases(
    r"certainly|absolutely|additionally|furthermore|moreover|however|kindly",
    r"ensur(?:e|es|ed|ing)|seamless(?:ly)?|navigat(?:e|es|ed|ing)|delv(?:e|es|ed|ing)|tapestry",
    r"leverag(?:e|es|ed|ing)|utili[sz](?:e|es|ed|ing)",
    r"(?:great|excellent|good) (?:question|point)",
    r"(?:i'd|i would) be (?:happy|glad|delighted) to",
    r"(?:i )?hope this (?:message |email )?finds you well",
    r"thank you (?:so|very) much for|i (?:truly |really )?appreciate your|i understand (?:that|your)",
    r"could you (?:please|kindly) (?:clarify|provide|confirm)|please let me know if",
    r"look(?:ing)? forward to|that being said|in terms of|it(?:'s| is) important to note",
    r"as an? (?:ai|language model|customer|user|valued \w+|professional)",
    r"to summarize|in (?:conclusion|summary)",
    r"not (?:just|only|merely|simply) [^.!?\n]{1,60}?,? but",
)
_THREEFOLD: Final = _phrases(r"\w+, \w+, (?:and|or) \w+")
_AGENT_TALK: Final = _phrases(
    r"how (?:can|may) i (?:help|assist)(?: you)?|what can i (?:do for|help) you",
    r"(?:is there )?anything else i can|i'm here to help|i am here to help",
    r"(?:happy|glad) to (?:help|assist)(?: you)?",
    r"let me (?:check|look (?:into )?(?:that|this|it)(?: up)?|pull up)[^.!?\n]{0,20} for you",
    r"i(?:'ve| have) (?:processed|updated|cancelled|canceled|located|issued) (?:your|the)",
    r"(?:can|could|may) i (?:please )?have your|to verify your|please provide (?:me with )?your",
    r"is there anything else you",
)


def _per_1000(name: str, what: str, pattern: regex.Pattern[str]) -> Measure:
    return Measure(name, what, "per 1000 tokens", lambda u: u.count_folded(pattern), per_1000_tokens, english=True)


LEXICON: Final[tuple[Measure, ...]] = (
    _per_1000("ai_isms", "words and frames that assistant models over-use when they play a person", _AI_ISM),
    _per_1000("threefold_lists", "lists of the form 'a, b, and c'", _THREEFOLD),
    _per_1000("agent_talk", "service phrases of the other side: the roles are reversed", _AGENT_TALK),
)
"""The measures that count phrases. The AI-ism list is a seed: held fixed so that rates stay comparable."""

# --- which words ------------------------------------------------------------------------------------------------


def log_odds(first: Mapping[str, int], second: Mapping[str, int], strength: float = PRIOR_STRENGTH) -> dict[str, float]:
    """z-scores of the log-odds of each word, `first` against `second`; positive: more typical of `first`.

    Informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words"): `strength` pseudo-words (50 to
    500; more shrinks more) spread like the pooled frequencies. A vocabulary of one word offers no choice: z = 0.
    """
    words = sorted({word for side in (first, second) for word, count in side.items() if count})
    if len(words) < 2:
        return dict.fromkeys(words, 0.0)
    y_1, y_2 = (np.array([side.get(word, 0) for word in words], dtype=np.float64) for side in (first, second))
    prior = strength * (y_1 + y_2) / (y_1 + y_2).sum()
    a_1, a_2 = y_1 + prior, y_2 + prior
    delta = np.log(a_1 / (a_1.sum() - a_1)) - np.log(a_2 / (a_2.sum() - a_2))
    z = delta / np.sqrt(1 / a_1 + 1 / a_2)
    return dict(zip(words, z.tolist(), strict=True))


class WordShift(Record):
    """A word that one side uses more. `z` > 0: the model over-uses it. Dialogues: how many contain it."""

    word: str
    z: float
    human: int
    model: int
    human_dialogues: int
    model_dialogues: int


# --- how far apart ----------------------------------------------------------------------------------------------


def jensen_shannon(first: Floats | Ints, second: Floats | Ints) -> float:
    """Jensen-Shannon divergence in bits, 0..1, of two count vectors over one vocabulary. No pseudo-counts.

    Raises `DataError` if a side counts nothing.
    """
    if not (first.sum() > 0 and second.sum() > 0):
        raise DataError("a Jensen-Shannon divergence needs words on both sides")
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2
    nats = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2
    return float(np.clip(nats / np.log(2), 0.0, 1.0))


class Divergence(Record):
    """Jensen-Shannon divergences in bits.

    `raw` compares all words of both sides; it grows as samples shrink, and is comparable with nothing else. The
    others are means over random halves of the people, on equal numbers of terms: the first half against the model's
    turns at the places of the second (`model`), and against the second half itself (`human`). `excess` is their
    difference; zero means as close to people as people are. None where there are too few dialogues.
    """

    raw: float | None
    model: float | None = None
    human: float | None = None
    excess: float | None = None
    terms_per_side: int | None = None


@dataclass(frozen=True)
class Terms:
    """Every term one side uses: id in the shared vocabulary, dialogue and unit, one entry per use."""

    ids: Ints
    dialogue: Ints
    unit: Ints

    @classmethod
    def of(cls, turns: Sequence[Sequence[str]], number: Mapping[str, int], dialogue: Ints, unit: Ints) -> Self:
        """From the terms of each turn (n), the numbers of all terms, and each turn's dialogue and unit (n,)."""
        uses = [len(terms) for terms in turns]
        ids = np.array([number[term] for terms in turns for term in terms], dtype=np.int64)
        return cls(ids, np.repeat(dialogue, uses), np.repeat(unit, uses))

    def counts(self, size: int) -> Ints:
        """Uses of each term of a vocabulary of `size`."""
        return np.bincount(self.ids, minlength=size)

    def dialogues(self, size: int) -> Ints:
        """In how many dialogues each term occurs."""
        return np.bincount(np.unique(self.dialogue * size + self.ids) % size, minlength=size)


class WordChoice(Record):
    """One view (words, bigrams, first words): the divergence and the words behind it, strongest first."""

    divergence: Divergence
    overused: tuple[WordShift, ...]
    underused: tuple[WordShift, ...]


def word_choice(human: Terms, model: Terms, vocabulary: Sequence[str], halves: Bools, seed: int) -> WordChoice:
    """Compare two sides over a shared vocabulary; `halves` (splits, U) has no row if there are too few units."""
    shifts = _clear_shifts(human, model, vocabulary)
    return WordChoice(
        divergence=_divergence(human, model, len(vocabulary), halves, seed),
        overused=tuple(shift for shift in shifts if shift.z > 0)[:TOP],
        underused=tuple(shift for shift in reversed(shifts) if shift.z < 0)[:TOP],
    )


def _divergence(human: Terms, model: Terms, size: int, halves: Bools, seed: int) -> Divergence:
    if not (human.ids.size and model.ids.size):
        return Divergence(raw=None)
    raw = jensen_shannon(human.counts(size), model.counts(size))
    rows: list[tuple[float, float, int]] = []
    for split, first in enumerate(halves):
        reference = human.ids[first[human.unit]]
        people, machine = human.ids[~first[human.unit]], model.ids[~first[model.unit]]
        budget = min(reference.size, people.size, machine.size)
        if not budget:
            continue
        base = _draw(reference, budget, size, derive_seed(seed, split, "reference"))
        # People and model share the draw's seed, so that equal texts differ by exactly nothing.
        other = derive_seed(seed, split, "other")
        distances = [jensen_shannon(base, _draw(ids, budget, size, other)) for ids in (machine, people)]
        rows.append((distances[0], distances[1], budget))
    if not rows:
        return Divergence(raw=raw)
    to_model, to_people, terms = np.mean(rows, axis=0).tolist()
    return Divergence(
        raw=raw, model=to_model, human=to_people, excess=to_model - to_people, terms_per_side=round(terms)
    )


def _draw(ids: Ints, budget: int, size: int, seed: int) -> Ints:
    """Counts of `budget` terms drawn without replacement."""
    return np.bincount(np.random.default_rng(seed).choice(ids, budget, replace=False), minlength=size)


def _clear_shifts(human: Terms, model: Terms, vocabulary: Sequence[str]) -> list[WordShift]:
    """Words with |z| > 1.96 that the side using them more uses in enough dialogues, most over-used first."""
    size = len(vocabulary)
    number = {word: index for index, word in enumerate(vocabulary)}
    h_count, m_count = human.counts(size).tolist(), model.counts(size).tolist()
    h_spread, m_spread = human.dialogues(size).tolist(), model.dialogues(size).tolist()
    scores = log_odds(dict(zip(vocabulary, m_count, strict=True)), dict(zip(vocabulary, h_count, strict=True)))
    shifts = [
        WordShift(
            word=word,
            z=z,
            human=h_count[number[word]],
            model=m_count[number[word]],
            human_dialogues=h_spread[number[word]],
            model_dialogues=m_spread[number[word]],
        )
        for word, z in scores.items()
        if abs(z) > MIN_Z
    ]
    spread = [s for s in shifts if (s.model_dialogues if s.z > 0 else s.human_dialogues) >= MIN_DIALOGUES]
    return sorted(spread, key=lambda shift: (-shift.z, shift.word))
