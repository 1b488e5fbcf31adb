"""The compact form in which a small model of ours writes contexts: a transcript in, a few labelled lines out.

    reads                                        writes
    A = Mia                                      situation: Two sisters text each other in the evening.
    B = Noor                                     relationship: Sisters who share a flat.
    A: did you eat yet                           about A: You are still at work.
    B: no, waiting for you                       A wants: Find out whether you have to cook.
    [... 12 turns are left out here ...]         B wants: Not to eat alone.
    A: ok home in five

Letters stand for the people, so that a name costs nothing to write and cannot be misspelt. Every line but the first may
be missing, and the order is fixed. The texts are short by construction, because a small model must learn to write
them: of a longer context the first sentences are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Final

from odyssim.corpus.ground.prompt import described, transcript
from odyssim.corpus.ground.schema import Malformed
from odyssim.corpus.sources.unsaid import sentences
from odyssim.types import Interaction, SocialContext

LINES_VERSION: Final = "lines-1"
"""Goes into every row that is written in this form, and into the checkpoints that were trained on it. A changed
transcript, label or limit is a new version."""

MAX_TRANSCRIPT: Final = 1200
"""Characters of a conversation that are shown."""
MAX_TEXT: Final = 240
"""Characters of one line without its label."""
MAX_LINES: Final = 1000
"""Characters of all lines of a context that is learned from."""
MAX_CAST: Final = 4
"""People who get letters; the others keep their names and get no lines."""

_SITUATION: Final = "situation"
_RELATIONSHIP: Final = "relationship"


def cast_of(interaction: Interaction) -> tuple[str, ...]:
    """The speakers who have lines; A is the first."""
    return described(interaction, MAX_TRANSCRIPT, at_most=MAX_CAST)


def shown_lines(interaction: Interaction) -> str:
    """What the model reads: who has which letter, then the conversation."""
    letters = dict(zip(cast_of(interaction), ascii_uppercase, strict=False))
    named = (f"{letter} = {speaker}" for speaker, letter in letters.items())
    return "\n".join([*named, transcript(interaction.turns, MAX_TRANSCRIPT, names=letters)])


def context_lines(context: SocialContext, cast: Sequence[str]) -> str | None:
    """What the model is to write for `context`; none if there is no situation, or it would be too long."""
    texts = {
        _SITUATION: context.scenario,
        _RELATIONSHIP: context.relationship,
        **{label: context.profiles.get(speaker, "") for label, speaker in _profiles(cast)},
        **{label: context.goals.get(speaker, "") for label, speaker in _goals(cast)},
    }
    written = [(label, _shortened(texts[label])) for label in _labels(cast)]
    lines = "\n".join(f"{label}: {text}" for label, text in written if text)
    return lines if lines.startswith(_SITUATION) and len(lines) <= MAX_LINES else None


def read_lines(text: str, cast: Sequence[str]) -> SocialContext | Malformed:
    """The context that `text` writes for the people of `cast`."""
    labels = _labels(cast)
    found: dict[str, str] = {}
    for line in text.strip().split("\n"):
        label, _, said = (part.strip() for part in line.partition(":"))
        if label not in labels:
            return Malformed(complaint=f"The labels, in this order, are: {', '.join(_labels(cast))}.")
        labels = labels[labels.index(label) + 1 :]
        if not 0 < len(said) <= MAX_TEXT:
            return Malformed(complaint=f"'{label}' must have between 1 and {MAX_TEXT} characters.")
        found[label] = said
    if _SITUATION not in found:
        return Malformed(complaint="There is no situation.")
    return SocialContext(
        scenario=found[_SITUATION],
        relationship=found.get(_RELATIONSHIP, ""),
        profiles={speaker: found[label] for label, speaker in _profiles(cast) if label in found},
        goals={speaker: found[label] for label, speaker in _goals(cast) if label in found},
        author="back_generated",
        prompt_version=LINES_VERSION,
    )


def _labels(cast: Sequence[str]) -> list[str]:
    people = (label for pair in zip(_profiles(cast), _goals(cast), strict=True) for label, _ in pair)
    return [_SITUATION, _RELATIONSHIP, *people]


def _profiles(cast: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((f"about {letter}", speaker) for letter, speaker in zip(ascii_uppercase, cast, strict=False))


def _goals(cast: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((f"{letter} wants", speaker) for letter, speaker in zip(ascii_uppercase, cast, strict=False))


def _shortened(text: str) -> str:
    """The first sentences of `text` that fit into one line."""
    short = ""
    for sentence in sentences(text):
        longer = f"{short} {' '.join(sentence.split())}".strip()
        if len(longer) > MAX_TEXT:
            break
        short = longer
    return short
