"""Context writing: from a finished conversation to its social context, a task for a small model of ours.

    reader   A = Mia / B = Noor / A: did you eat yet / ...
    writer   situation: Two sisters text each other in the evening. / relationship: ... / A wants: ...

Every conversation of another source that came with a context is one task, in the form of `odyssim.corpus.ground.lines`:
the transcript is read, the context is written. A model that has learned these writes the contexts that other sources
lack (`odyssim.corpus.ground`). A task keeps axis, licence, language, tags and split of its conversation, so held-out
conversations stay held out. Contexts that break a rule for written contexts are no example to learn from, and the rules
see outcomes in English only: conversations that are known to be in another language are left out. Of a source
that is held out for the most part, no more is kept for validation than for training: the loss by which a checkpoint is
chosen must be that of what was learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappush, heappushpop
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Final

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.errors import UsageError
from odyssim.types import Axis, Interaction, SocialContext, Source, Turn, derive_seed

CAP: Final = 16_000


class ContextWriting(SourceReader):
    """The tasks that the conversations of `origins` make, at most `cap` of each, drawn by their ids.

    Sources whose conversations are made from templates are not among them. Memory: the tasks of one source.
    """

    card = SourceCard(
        id="context_writing",
        title="Writing the social context of a finished conversation",
        axes=tuple(Axis),
        licence="LicenseRef-as-each-row-says",
        citation="As of the source that each row names",
        url="",
        human="Nobody: it teaches a model to write contexts, and is no part of a corpus of human behaviour.",
        imitated=("writer",),
    )
    made_here = True

    def __init__(self, origins: Iterable[SourceReader], cap: int = CAP) -> None:
        self._origins = {reader.card.id: reader for reader in origins if not reader.card.templated}
        self._cap = cap

    def files(self, data: Path | None) -> RawFiles:
        """The files of all sources. Raises `UsageError` if there is no data folder, `DataError` if it is empty."""
        if data is None:
            raise UsageError(
                "Writing tasks are made from published conversations, and no data folder is given.",
                hint="add --data FOLDER, where FOLDER/corpus holds published datasets",
            )
        return RawFiles(data / "corpus", hint="put published datasets there, as docs/corpus.md says")

    def raw_files(self, data: Path | None) -> list[RawFile]:
        """The files that the sources at hand read; an archive counts as one."""
        return [file for part in self.parts(self.files(data)) for file in part.all]

    def parts(self, files: RawFiles) -> list[RawFiles]:
        """One part for each source that is there."""
        return [files.only(*_files_of(reader, files)) for reader in self._present(files)]

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for reader in self._present(files):
            yield from self._tasks_of(reader, reader.files(files.root.parent), report)

    def _present(self, files: RawFiles) -> list[SourceReader]:
        names = {PurePosixPath(file.name).parts[0].removesuffix(".zip") for file in files.all}
        return [reader for name, reader in self._origins.items() if name in names]

    def _tasks_of(self, reader: SourceReader, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        """The tasks of one source, in the order of its conversations."""
        drawn = self._drawn(reader, files, report)
        room = sum(task.source.split == "train" for task in drawn)
        for task in drawn:
            if task.source.split == "validation" and room == 0:
                report.skip("held out, and more than there is to train on", task.source.place)
                continue
            room -= task.source.split == "validation"
            report.interactions += 1
            yield task

    def _drawn(self, reader: SourceReader, files: RawFiles, report: ReadReport) -> list[Interaction]:
        """At most `cap` tasks: those whose ids have the lowest numbers."""
        seen = ReadReport()
        tasks = (task for one in reader.read(files, seen) if (task := self._task(one, report)) is not None)
        drawn: list[tuple[int, int, Interaction]] = []
        for place, task in enumerate(tasks):
            entry = (-derive_seed(0, task.source.original_id), place, task)
            if len(drawn) < self._cap:
                heappush(drawn, entry)
            else:
                _, _, surplus = heappushpop(drawn, entry)
                report.skip("more than one source may give", surplus.source.place)
        for file, count in seen.records.items():
            report.count_records(f"{reader.card.id}/{file}", count)
        return [task for _, _, task in sorted(drawn, key=itemgetter(1))]

    def _task(self, interaction: Interaction, report: ReadReport) -> Interaction | None:
        """The task that a conversation makes, or a counted skip."""
        # The rules bring numpy and the tokenizers along, which the catalogue does not wait for.
        from odyssim.corpus.ground.lines import cast_of, context_lines, read_lines, shown_lines
        from odyssim.corpus.ground.rules import violations

        source = interaction.source
        place = f"{source.dataset}/{source.place}"
        if interaction.language not in ("en", ""):
            report.skip("not in English", place)
            return None
        cast = cast_of(interaction)
        lines = context_lines(interaction.context, cast) if interaction.context else None
        if lines is None:
            report.skip("no context, or none that fits into a few lines", place)
            return None
        written = read_lines(lines, cast)
        assert isinstance(written, SocialContext)
        if broken := violations(interaction, written):
            report.skip(f"a context that breaks a rule: {broken[0].fault.value}", place)
            return None
        turns = (
            Turn(speaker="reader", text=shown_lines(interaction), human=True, train=False),
            Turn(speaker="writer", text=lines, human=True, train=True),
        )
        original = Source(
            dataset=self.card.id,
            licence=source.licence,
            split=source.split,
            original_id=f"{source.dataset}/{source.original_id}",
            place=place,
        )
        return interaction.model_copy(update={"turns": turns, "context": None, "source": original})


def _files_of(reader: SourceReader, files: RawFiles) -> list[RawFile]:
    """The source's folder as far as it reads it, or its archive."""
    name = reader.card.id
    archive = [file for file in files.all if file.name == f"{name}.zip"]
    return archive or files.match(*(f"{name}/{pattern}" for pattern in reader.card.files or ("**/*",)))
