"""ESConv (Liu et al., ACL 2021): a crowd worker in distress talks to another who has learnt to support people.

Layout: `FailedESConv.json` holds the conversations that did not pass the authors' filter,

    [{"experience_type": "Current Experience", "emotion_type": "anxiety", "problem_type": "job crisis",
      "situation": "My shop may close.",
      "survey_score": {"seeker": {"initial_emotion_intensity": "4", "final_emotion_intensity": "2"}, "supporter": {}},
      "dialog": [{"speaker": "speaker", "annotation": {}, "content": "Hello\\n"},
                 {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": "What is on your mind?"}]}]

and `codes/dataset/devWithStrategy_short.tsv` accepted ones, as windows of up to five turns that end with each turn of
the supporter; a turn is `weight role number [strategy] text`, with role 0 for the seeker:

    1.0 0 0 hi there EOS 1.0 1 1 [Questions] Hello, what is on your mind?
    0.0 0 0 hi there EOS 0.0 1 1 [Questions] Hello, what is on your mind? EOS 0.0 0 2 work EOS 1.0 1 3 [Other] I see

The windows are put together again by the turns' numbers; what the seeker says after the supporter's last turn, and
in runs of more than four turns, is not published there. Conversations that stand in both files are read from the
first (whose longer lines are held in memory for that). The intensity after the talk is its outcome and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_records, text_lines
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext, Turn

_FAILED, _WINDOWS = "FailedESConv.json", "codes/dataset/devWithStrategy_short.tsv"
_SCENARIO = "An anonymous chat in which one person looks for comfort and the other listens."
_WINDOW_TURN = re.compile(r"\s*\d\.\d (?P<role>[01]) (?P<number>\d+) (?:\[[^\]]*\] )?(?P<text>.*)", re.DOTALL)
_DISTINCTIVE = 30
_COPIED = 0.25


class _Line(UpstreamRecord):
    speaker: Literal["speaker", "seeker", "listener", "supporter"]
    content: str


class _Scores(UpstreamRecord):
    initial_emotion_intensity: str = ""


class _Survey(UpstreamRecord):
    seeker: _Scores


class _Conversation(UpstreamRecord):
    experience_type: str
    emotion_type: str
    problem_type: str
    situation: str
    survey_score: _Survey
    dialog: tuple[_Line, ...]


class EsConv(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="esconv",
        title="ESConv: emotional support",
        axes=(Axis.CONV,),
        licence="CC-BY-NC-4.0",
        citation="Liu et al., ACL 2021",
        url="https://github.com/thu-coai/Emotional-Support-Conversation",
        files=(_FAILED, _WINDOWS),
        human="Both are crowd workers: the seeker tells of a trouble, the supporter has been trained to help.",
        role_rule=RoleFamily.SWAP,
        aliases=("convokit_emotional-support",),
        columns=("situation", "dialog"),
        rows_upstream=1_300 + 196,
        in_paper=True,
        imitated=("seeker", "supporter"),
        interactions=196 + 202,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        lines: set[str] = set()
        for number, (place, conversation) in enumerate(
            json_records(files.one(_FAILED), _Conversation, report), start=1
        ):
            turns = [_turn(line.speaker in ("speaker", "seeker"), line.content) for line in conversation.dialog]
            lines.update(_distinctive(turns))
            original_id = f"failed-{number}"
            yield from self.emit(
                turns,
                _context(conversation, turns),
                report,
                axis=Axis.CONV,
                split=hash_split(original_id),
                original_id=original_id,
                place=place,
            )
        for number, (place, turns) in enumerate(_from_windows(files.one(_WINDOWS), report), start=1):
            if len(lines.intersection(_distinctive(turns))) > _COPIED * len(turns):
                report.skip("a copy of a conversation of FailedESConv.json", place)
                continue
            yield from self.emit(
                turns, None, report, axis=Axis.CONV, split="validation", original_id=f"dev-{number}", place=place
            )


def _turn(seeker: bool, text: str) -> Turn:
    return Turn(speaker="seeker" if seeker else "supporter", text=text.strip(), human=True, train=True)


def _distinctive(turns: Iterable[Turn]) -> Iterator[str]:
    """What is too long to be said twice by chance."""
    return (turn.text.casefold() for turn in turns if len(turn.text) > _DISTINCTIVE)


def _from_windows(file: RawFile, report: ReadReport) -> Iterator[tuple[str, list[Turn]]]:
    """The conversations of a file of windows, with the place of their first window."""
    known: dict[int, Turn] = {}
    place = ""
    for line, window in text_lines(file):
        report.count_records(file.name)
        turns = _window(window, file, line)
        goes_on = bool(known) and max(turns) > max(known) and all(known.get(n, turns[n]) == turns[n] for n in turns)
        if known and not goes_on:
            yield place, list(known.values())
            known = {}
        place = place if known else f"{file.name}, line {line}"
        known |= turns
    yield place, list(known.values())


def _window(window: str, file: RawFile, line: int) -> dict[int, Turn]:
    turns = {}
    for part in window.split(" EOS "):
        said = _WINDOW_TURN.fullmatch(part)
        if said is None:
            raise DataError("a turn is not 'weight role number text'", path=file.path, line=line)
        turns[int(said["number"])] = _turn(said["role"] == "0", said["text"])
    return turns


def _context(conversation: _Conversation, turns: Sequence[Turn]) -> SocialContext:
    trouble = f"Your trouble: {conversation.problem_type} ({conversation.experience_type.lower()})."
    feeling = f"What you feel: {conversation.emotion_type}."
    intensity = conversation.survey_score.seeker.initial_emotion_intensity
    strength = [f"How strongly, from 1 to 5: {intensity}."] if intensity else []
    pieces = [trouble, feeling, *strength, *sentences(conversation.situation)]
    return SocialContext(
        scenario=_SCENARIO,
        relationship="They have never met.",
        profiles={"seeker": " ".join(unsaid(pieces, turns, "seeker", beside=_SCENARIO))},
        goals={"seeker": "Talk it over and feel better.", "supporter": "Hear the other out and help."},
        author="native",
    )
