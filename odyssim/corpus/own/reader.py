"""A person's own log as a source of interactions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from odyssim.corpus.own.conversation import Conversation
from odyssim.corpus.own.layout import LogFormat, layout_of
from odyssim.corpus.own.recognise import BOTH, Recognised, conversations, log_file, recognise
from odyssim.corpus.sources.base import ReadReport, Skip, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.errors import UnknownName, UsageError
from odyssim.progress import Progress, Silent
from odyssim.storage import new_file
from odyssim.types import Axis, Interaction, Record, SocialContext, Turn


class OwnLog(SourceReader):
    """A recognised log, of which `imitated` are the speakers to learn from; everybody else counts as a machine."""

    def __init__(self, log: Recognised, imitated: tuple[str, ...], *, licence: str, axis: Axis) -> None:
        self._path = log.path
        self._axis = axis
        self.card = SourceCard(
            id=log.path.name.split(".")[0],
            title=f"Own log ({log.path.name}, {log.format})",
            axes=(axis,),
            licence=licence,
            citation="",
            url="",
            human=f"Said by its owner: {', '.join(imitated)}.",
            imitated=imitated,
            languages=(),
            interactions=log.conversations or None,
            synthetic=log.format is LogFormat.TAU2,
        )

    def files(self, data: Path | None) -> RawFiles:
        """The log itself, wherever the data folder is."""
        return RawFiles(self._path)

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        file = log_file(files.root)
        for conversation in conversations(file, layout_of(file), report):
            yield from self.emit(
                [self._turn(speaker, text) for speaker, text in conversation.lines],
                self._context(conversation),
                report,
                axis=self._axis,
                split=hash_split(conversation.id),
                original_id=conversation.id,
                place=conversation.place,
                tags=conversation.tags,
            )

    def _turn(self, speaker: str, text: str) -> Turn:
        person = speaker in self.card.imitated
        return Turn(speaker=speaker, text=text, human=person, train=person)

    def _context(self, conversation: Conversation) -> SocialContext | None:
        """The context if an imitated speaker knows any of it: what only a machine was told does not set a scene."""
        context = conversation.context
        if context is None:
            return None
        informed = {*context.profiles, *context.goals}
        return context if context.scenario or informed & {*self.card.imitated} else None


def own_log(
    path: Path,
    *,
    human: str | None = None,
    licence: str | None = None,
    axis: Axis | None = None,
    progress: Progress = Silent(),
) -> SourceReader:
    """The source that a log of any known format is, after reading it once.

    `human` names the speaker who is the person, or is 'both' if everybody is one; it is needed where the log does not
    tell. The licence is 'unknown' and the axis CONV unless given; interactions say all three themselves.
    Raises `DataError` as `recognise` does, `UnknownName` if nobody is called `human`, and `UsageError` with the
    speakers and examples if nobody can know who the person is, or for a choice that the log has made already.
    """
    return _reader_of(recognise(path, progress=progress), human, licence, axis)


def _reader_of(log: Recognised, human: str | None, licence: str | None, axis: Axis | None) -> SourceReader:
    if log.format is LogFormat.INTERACTIONS:
        if (human, licence, axis) != (None, None, None):
            raise UsageError(
                f"{log.path}: its lines say who is human, under which licence and on which axis.",
                hint="leave out --human, --licence and --axis, or change the lines",
            )
        return InteractionFile(log.path)
    speakers = tuple(speaker.name for speaker in log.speakers)
    person = human or log.human
    if person is None:
        raise log.question()
    if person != BOTH and person not in speakers:
        raise UnknownName("speaker", person, list(speakers), hint=f"or --human {BOTH}")
    imitated = speakers if person == BOTH else (person,)
    return OwnLog(log, imitated, licence=licence or "unknown", axis=axis or Axis.CONV)


class Added(Record):
    """What became of a log: how it was understood, whom the interactions imitate, and what was left out."""

    path: Path
    layout: str
    conversations: int
    interactions: int
    imitated: tuple[str, ...]
    why: str
    skips: tuple[Skip, ...]


def add_log(
    path: Path,
    out: Path,
    *,
    human: str | None = None,
    licence: str | None = None,
    axis: Axis | None = None,
    progress: Progress = Silent(),
) -> Added:
    """Write the interactions of a log to the JSONL file `out`, which is a corpus source by its name.

    The arguments and what is raised are those of `own_log`; `StorageError` if writing fails.
    """
    log, report = recognise(path, progress=progress), ReadReport()
    reader = _reader_of(log, human, licence, axis)
    with new_file(out) as file, progress.work(f"writing {out.name}", total=log.conversations) as work:
        for interaction in reader.read(reader.files(None), report):
            file.write(interaction.model_dump_json() + "\n")
            work.advance()
    return Added(
        path=out,
        layout=log.layout,
        conversations=log.conversations,
        interactions=report.interactions,
        imitated=reader.card.imitated,
        why=log.why if human is None else "as you said",
        skips=tuple(report.skips.values()),
    )
