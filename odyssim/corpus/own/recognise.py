"""Recognising a person's own log: what it is, how much it holds, and who in it is the person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from odyssim.corpus.own.chats import chats
from odyssim.corpus.own.conversation import MACHINE_NAMES, PERSON_NAMES, Conversation
from odyssim.corpus.own.layout import Layout, LogFormat, layout_of
from odyssim.corpus.own.table import columns_of, table_conversations
from odyssim.corpus.own.tau2 import tau2_runs
from odyssim.corpus.sources.base import ReadReport, Skip
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.errors import DataError, UsageError
from odyssim.progress import Progress, Silent
from odyssim.types import Record

BOTH: Final = "both"
"""Everybody in the log is a person."""

_EXAMPLES: Final = 2
_EXAMPLE_LENGTH: Final = 60
_SHOWN_SPEAKERS: Final = 10


class SpeakerSeen(Record):
    """Somebody who speaks in a log, with the beginnings of a few turns."""

    name: str
    turns: int
    examples: tuple[str, ...]


class Recognised(Record):
    """What a log was understood as.

    `layout` says in words how it is read, `human` who the person is (none: it must be asked, unless the log marks its
    turns itself), `why` the reason; `speakers` come most talkative first; `skips` are records that fit no format.
    """

    path: Path
    format: LogFormat
    layout: str
    conversations: int
    speakers: tuple[SpeakerSeen, ...]
    human: str | None
    why: str
    skips: tuple[Skip, ...] = ()

    def question(self) -> UsageError:
        """What to raise where nobody can know who the person is: the speakers, and the option that settles it."""
        listed = "; ".join(
            f"'{speaker.name}' ({speaker.turns} times, as in: {' / '.join(speaker.examples)})"
            for speaker in self.speakers[:_SHOWN_SPEAKERS]
        )
        more = len(self.speakers) - _SHOWN_SPEAKERS
        others = f"; and {more} more" if more > 0 else ""
        return UsageError(
            f"{self.path}: {self.why}. The speakers are: {listed}{others}.",
            hint=f"say who the person is: --human NAME, or --human {BOTH} if everybody in it is one",
        )


def recognise(path: Path, *, progress: Progress = Silent()) -> Recognised:
    """Read a log once and say what it is.

    Raises `DataError` with file and line if it is missing, broken, or of no format that is understood.
    """
    file = log_file(path)
    layout, report = layout_of(file), ReadReport()
    turns: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    count = 0
    with progress.work(f"log: {path.name}", total=0) as work:
        for lines in _lines(path, file, layout, report):
            count += 1
            for speaker, text in lines:
                turns[speaker] += 1
                shown = examples.setdefault(speaker, [])
                if len(shown) < _EXAMPLES:
                    shown.append(_beginning(text))
            work.advance()
    human, why = _human_side(layout.format, turns)
    return Recognised(
        path=path,
        format=layout.format,
        layout=_in_words(file, layout),
        conversations=count,
        speakers=tuple(
            SpeakerSeen(name=name, turns=number, examples=tuple(examples[name])) for name, number in turns.most_common()
        ),
        human=human,
        why=why,
        skips=tuple(report.skips.values()),
    )


def log_file(path: Path) -> RawFile:
    """The one file of a log, which may be packed into an archive. Raises `DataError` if there is none, or several."""
    files = RawFiles(path).all
    if len(files) != 1:
        raise DataError(f"{len(files)} files are here, where one log is expected", path=path, hint="give one file")
    return files[0]


def conversations(file: RawFile, layout: Layout, report: ReadReport) -> Iterator[Conversation]:
    """Stream the conversations of a log of any format but our own interactions."""
    match layout.format:
        case LogFormat.CSV:
            return table_conversations(file, report)
        case LogFormat.TAU2:
            return tau2_runs(file, report)
        case _:
            return chats(file, layout, report)


def _lines(path: Path, file: RawFile, layout: Layout, report: ReadReport) -> Iterator[tuple[tuple[str, str], ...]]:
    if layout.format is LogFormat.INTERACTIONS:
        for interaction in InteractionFile(path).read(RawFiles(path), report):
            yield tuple((turn.speaker, turn.text) for turn in interaction.turns)
    else:
        for conversation in conversations(file, layout, report):
            yield conversation.lines


def _human_side(form: LogFormat, speakers: Collection[str]) -> tuple[str | None, str]:
    if form is LogFormat.INTERACTIONS:
        return None, "each turn says whether a person wrote it"
    if form is LogFormat.TAU2:
        return None, "the user of a tau2 run is played by a model"
    people = [name for name in speakers if name.casefold() in PERSON_NAMES]
    others = [name for name in speakers if name not in people]
    if len(people) == 1 and all(name.casefold() in MACHINE_NAMES for name in others):
        return people[0], f"'{people[0]}' is what chat logs call the person"
    return None, "nothing in it says who the person is"


def _in_words(file: RawFile, layout: Layout) -> str:
    if layout.format is not LogFormat.CSV:
        return f"{layout.format} ({layout.container})"
    columns = columns_of(file)
    where = f"conversations by '{columns.conversation}'" if columns.conversation else "one conversation"
    return f"{layout.format} ({where}, speakers in '{columns.speaker}', texts in '{columns.text}')"


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXAMPLE_LENGTH else f"{line[: _EXAMPLE_LENGTH - 1]}…"
