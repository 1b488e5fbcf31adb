"""What a corpus source is: a card that says what it holds, and a reader from its published files to interactions.

A published dataset lies in `corpus/ID` below the data folder, in its upstream layout, or in the archive
`corpus/ID.zip` with the same paths inside. A reader streams the files, counts everything it saw in a `ReadReport`, and
never repairs a broken file: it says where it broke.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.files import READABLE, RawFile, RawFiles
from odyssim.errors import DataError, UsageError
from odyssim.types import Axis, Interaction, Record, SocialContext, Source, Turn, derive_seed

Split = Literal["train", "validation"]
SPLITS: tuple[Split, ...] = ("train", "validation")

_ONE_IN = 20


class SourceCard(Record):
    """What a source is, where it comes from and what may be done with it.

    What it is
        `id`; `aliases`, other names of the same set (the published `data_source` names); `title`; `axes`; `languages`
        (ISO 639-1; none: it must be detected); `synthetic`: written in people's place by machines or rules;
        `templated`: items share sentences by construction, so only equal ones are copies; `in_paper`: one of the 62
        datasets of the published corpus.
    Where it comes from
        `url` of the project; `hub`, its Hugging Face id; `gated`: the hub asks for consent; `licence`, an SPDX
        identifier, `LicenseRef-...` for terms without one, or 'unknown'; `citation`.
    How it is read
        `files`, globs below the dataset's folder; `columns` that must be there; `rows_upstream` in the whole
        published set, `interactions` in the files known to us (none: unknown).
    Who is imitated
        `role_rule` of the published rows; `imitated`, the speakers whose turns are trained on where they have fixed
        names; `human`, one sentence on who the person is.
    What it may spoil
        `contamination`: SOUL tasks that share its origin.
    """

    id: str
    title: str
    axes: tuple[Axis, ...]
    licence: str
    citation: str
    url: str
    human: str
    role_rule: RoleFamily = RoleFamily.DIALOGUE
    imitated: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    hub: str = ""
    gated: bool = False
    languages: tuple[str, ...] = ("en",)
    files: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows_upstream: int | None = None
    interactions: int | None = Field(default=None, ge=1)
    contamination: tuple[str, ...] = ()
    synthetic: bool = False
    templated: bool = False
    in_paper: bool = False


class Skip(Record):
    """Conversations left out for one reason, and where the first of them stands."""

    reason: str
    count: int
    first: str


@dataclass
class ReadReport:
    """What one reading saw: records per file (by path below the folder), interactions handed out, and skips."""

    records: dict[str, int] = field(default_factory=dict)
    interactions: int = 0
    skips: dict[str, Skip] = field(default_factory=dict)

    def count_records(self, file: str, count: int = 1) -> None:
        self.records[file] = self.records.get(file, 0) + count

    def skip(self, reason: str, place: str) -> None:
        seen = self.skips.get(reason, Skip(reason=reason, count=0, first=place))
        self.skips[reason] = seen.model_copy(update={"count": seen.count + 1})


class SourceReader(ABC):
    """One source of interactions."""

    card: SourceCard
    made_here: bool = False
    """Whether it has no files of its own: made up by rules, or derived from other sources."""

    def files(self, data: Path | None) -> RawFiles:
        """The dataset's files below the data folder.

        Raises `UsageError` if there is no data folder, `DataError` if it has neither the folder nor the archive.
        """
        where = f"corpus/{self.card.id}"
        hint = f"put the published files of {self.card.url} under {where} in the folder that --data names"
        if data is None:
            raise UsageError(
                f"The source '{self.card.id}' reads published files, and no data folder is given.",
                hint=f"add --data FOLDER, where FOLDER/{where} holds the files of {self.card.url}",
            )
        root = self._root(data)
        if root is None:
            raise DataError(f"the folder of {self.card.id} is missing", path=data / where, hint=hint)
        return RawFiles(root, hint=hint)

    def at_hand(self, data: Path | None) -> bool:
        """Whether its files lie in the data folder. Raises `DataError` if nobody may look into it."""
        return data is not None and self._root(data) is not None

    def _root(self, data: Path) -> Path | None:
        """The dataset's folder or archive, whichever is there."""
        folder, archive = (data / "corpus" / name for name in (self.card.id, f"{self.card.id}.zip"))
        try:
            return folder if folder.is_dir() else archive if archive.is_file() else None
        except PermissionError as error:
            raise DataError("you may not look into its folder", path=folder, hint=READABLE) from error

    def parts(self, files: RawFiles) -> list[RawFiles]:
        """Groups of files that can be read independently of each other, for work in parallel."""
        return [files]

    def raw_files(self, data: Path | None) -> list[RawFile]:
        """The files that are read: those of the card's globs, or all of them."""
        files = self.files(data)
        return files.match(*self.card.files) if self.card.files else files.all

    @abstractmethod
    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        """Stream the interactions of the dataset, counting into `report`.

        Raises `DataError` with file and line for missing, empty or malformed files.
        """

    def emit(
        self,
        turns: Sequence[Turn],
        context: SocialContext | None,
        report: ReadReport,
        *,
        axis: Axis,
        split: Split,
        original_id: str,
        place: str,
        licence: str | None = None,
        tags: Sequence[str] = (),
    ) -> Iterator[Interaction]:
        """The interaction of one conversation; nothing but a counted skip if no turn is worth imitating.

        Turns without text are left out. `licence` is the card's unless the conversation has its own.
        """
        spoken = tuple(turn for turn in turns if turn.text)
        if not any(turn.train for turn in spoken):
            report.skip("no human turn worth imitating", place)
            return
        report.interactions += 1
        source = Source(
            dataset=self.card.id,
            licence=licence or self.card.licence,
            split=split,
            original_id=original_id,
            place=place,
        )
        language = self.card.languages[0] if len(self.card.languages) == 1 else ""
        yield Interaction(turns=spoken, context=context, source=source, axis=axis, language=language, tags=tuple(tags))


def hash_split(original_id: str) -> Split:
    """A split for sources that have none: about 5 % validation, by the conversation's own id alone."""
    return "validation" if derive_seed(0, "split", original_id) % _ONE_IN == 0 else "train"
