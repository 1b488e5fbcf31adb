"""An episode as people read it: who was told what, who said what, and what was only thought or done.

    Ana Reyes   policy    [sits down] (aside)  Good morning.
    Bo Lund     partner   Oh, it is you.

What a model said is found again among the turns by its words, so that every turn has the seat of its speaker.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from odyssim.models.base import Role
from odyssim.tasks.choice import EXAMINER
from odyssim.tasks.coser_play import TASK as STAGED
from odyssim.tasks.sotopia_actions import Kind, read_line
from odyssim.types import Call, Episode, Message, Turn

ON_STAGE: Final = (Role.POLICY, Role.PARTNER, Role.NARRATOR)
"""The seats whose words can be heard; directors and judges speak behind the scenes."""

_REASONING: Final = re.compile(r"(<think>.*?(?:</think>|\Z))", re.DOTALL)
_ASIDES: Final = re.compile(
    r"(<think>.*?(?:</think>|\Z)|<\s*(?:system|role|)[_\s]*think(?:ing)?\s*>.*?(?:<\s*/[^<>]*>|\Z)|\[[^\[\]]*\]|\([^()]*\))",
    re.DOTALL | re.IGNORECASE,
)
_THINK_TAG: Final = re.compile(r"<\s*/?[\w\s]*think(?:ing)?\s*>", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")


@dataclass(frozen=True)
class Piece:
    """A part of a turn; an aside is a thought, a gesture or a deed, everything else is said."""

    text: str
    aside: bool = False


@dataclass(frozen=True)
class Line:
    """A turn. `seat` is that of its speaker, none for whoever asks the questions.

    `recorded`: no model said it in this episode, it comes from the data.
    """

    speaker: str
    seat: Role | None
    text: str
    pieces: tuple[Piece, ...]
    recorded: bool = False
    model: str = ""


@dataclass(frozen=True)
class Briefing:
    """What a speaker was told before the first word, without what is among the lines anyway."""

    speaker: str
    seat: Role
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Transcript:
    """An episode to read."""

    briefings: tuple[Briefing, ...]
    lines: tuple[Line, ...]


def transcript(episode: Episode) -> Transcript:
    """The briefings and lines of an episode; a failed one has no lines, only what was told until then."""
    said = _said(episode)
    seats: dict[str, Counter[Role]] = defaultdict(Counter)
    for place, call in said.items():
        seats[episode.turns[place].speaker][Role(call.role)] += 1
    lines = []
    for place, turn in enumerate(episode.turns):
        heard = said.get(place)
        usual = seats[turn.speaker].most_common(1)
        seat = Role(heard.role) if heard else usual[0][0] if usual else None
        asks = turn.speaker == EXAMINER
        recorded = heard is None and not asks and bool(episode.calls)
        model = heard.model if heard else ""
        lines.append(Line(turn.speaker, None if asks else seat, turn.text, _pieces(episode, turn), recorded, model))
    return Transcript(briefings=_briefings(episode, said), lines=tuple(lines))


def _said(episode: Episode) -> dict[int, Call]:
    """The calls whose words were heard, by the place of the turn; both are in the order of the talk."""
    found: dict[int, Call] = {}
    start = 0
    for call in (call for call in episode.calls if call.role in ON_STAGE):
        words = _letters(call.reply.text)
        for place in range(start, len(episode.turns)):
            turn = episode.turns[place]
            if turn.speaker != EXAMINER and _letters(_spoken(turn)) in words:
                found[place] = call
                start = place + 1
                break
    return found


def _briefings(episode: Episode, said: dict[int, Call]) -> tuple[Briefing, ...]:
    """The prompt of everybody's first call."""
    speakers = {id(call): episode.turns[place].speaker for place, call in said.items()}
    heard = {turn.text for turn in episode.turns}
    first: dict[str, Briefing] = {}
    for call in (call for call in episode.calls if call.role in ON_STAGE):
        speaker = speakers.get(id(call), call.role)
        told = tuple(message for message in call.messages if message.content and message.content not in heard)
        if told and speaker not in first:
            first[speaker] = Briefing(speaker, Role(call.role), told)
    return tuple(first.values())


def _spoken(turn: Turn) -> str:
    action = read_line(turn.speaker, turn.text)
    return turn.text if action is None else action.text


def _letters(text: str) -> str:
    """What is left of words in whatever way they were escaped, quoted and spaced."""
    unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", text)
    return "".join(filter(str.isalnum, unescaped))


def _pieces(episode: Episode, turn: Turn) -> tuple[Piece, ...]:
    action = read_line(turn.speaker, turn.text)
    if action is not None:
        deed = turn.text.removeprefix(turn.speaker).strip()
        return (Piece(action.text) if action.kind is Kind.SPEAK else Piece(deed, aside=True),)
    # A capturing group makes every second piece an aside.
    parts = (_ASIDES if episode.task == STAGED else _REASONING).split(turn.text)
    return tuple(
        Piece(_THINK_TAG.sub("", text).strip(), aside=bool(place % 2))
        for place, text in enumerate(parts)
        if text.strip()
    )
