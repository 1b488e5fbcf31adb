"""Written dialogue: DailyDialog (everyday talk) and the Cornell Movie-Dialogs Corpus (film scripts).

DailyDialog comes in ConvLab's layout, `dialogues.json` in `data.zip`; copies with a list `dialog` are read as well:

    {"dialogue_id": "dailydialog-train-0", "data_split": "train", "domains": ["work"],
     "turns": [{"speaker": "user", "utterance": "Busy?", ...}, {"speaker": "system", "utterance": "Always.", ...}]}

Cornell's three files are Latin-1 text whose fields are set apart by ` +++$+++ `. The 300,000 lines of speech are held
in memory for the conversations to pick from:

    movie_lines.txt             L7 +++$+++ u0 +++$+++ m0 +++$+++ ANN +++$+++ They do not!
    movie_conversations.txt     u0 +++$+++ u2 +++$+++ m0 +++$+++ ['L6', 'L7']
    movie_titles_metadata.txt   m0 +++$+++ the long night +++$+++ 1999 +++$+++ 6.90 +++$+++ 620 +++$+++ ['comedy']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import model_validator

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, imitated
from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext

_NAMES: Final = {"user": "Person 1", "system": "Person 2"}
_SPLITS: Final[dict[str, Split]] = {"train": "train", "validation": "validation", "test": "validation"}

_FIELD: Final = " +++$+++ "
_LINES, _CONVERSATIONS, _TITLES = "**/movie_lines.txt", "**/movie_conversations.txt", "**/movie_titles_metadata.txt"
_LINE_ID: Final = re.compile(r"L\d+")


class _Utterance(UpstreamRecord):
    speaker: str
    utterance: str | None


class DailyDialogRow(HubRow):
    """A conversation of two."""

    dialogue_id: str = ""
    data_split: str = ""
    domains: tuple[str, ...] = ()
    turns: tuple[_Utterance, ...]

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, row: Any) -> Any:
        if not isinstance(row, dict) or "dialog" not in row:
            return row
        sides = tuple(_NAMES)
        return {**row, "turns": [{"speaker": sides[n % 2], "utterance": text} for n, text in enumerate(row["dialog"])]}

    @classmethod
    def read_columns(cls) -> tuple[str, ...]:
        return (*super().read_columns(), "dialog")

    def conversations(self) -> Iterable[Conversation]:
        turns = [imitated(_NAMES.get(said.speaker, said.speaker), said.utterance) for said in self.turns]
        topics = ", ".join(domain.replace("_", " ") for domain in self.domains)
        scene = unsaid([f"Two people talk. The topic: {topics}."] if topics else [], turns, *_NAMES.values())
        yield Conversation(
            turns,
            id=self.dialogue_id,
            context=SocialContext(scenario=scene[0]) if scene else None,
            split=_SPLITS.get(self.data_split),
        )


class CornellMovie(SourceReader):
    """Both characters are imitated."""

    card = SourceCard(
        id="cornell_movie",
        title="Cornell Movie-Dialogs: exchanges between characters of films",
        axes=(Axis.CONV,),
        licence="unknown",
        citation="Danescu-Niculescu-Mizil and Lee, CMCL 2011, arXiv:1106.3077",
        url="https://www.cs.cornell.edu/~cristian/Cornell_Movie-Dialogs_Corpus.html",
        files=(_LINES, _CONVERSATIONS, _TITLES),
        human="Both are characters, whose lines were written by screenwriters.",
        role_rule=RoleFamily.DIALOGUE,
        columns=("line id", "character id", "movie id", "character name", "text"),
        rows_upstream=83_097,
        in_paper=True,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        said = {line: (name, text) for _, (line, _, _, name, text) in _fields(files.one(_LINES), 5, report)}
        titles = {movie: (title, year) for _, (movie, title, year, *_) in _fields(files.one(_TITLES), 6, report)}
        conversations = files.one(_CONVERSATIONS)
        for number, (_, _, movie, listed) in _fields(conversations, 4, report):
            lines = _LINE_ID.findall(listed)
            place = f"{conversations.name}, line {number}"
            if missing := [line for line in lines if line not in said]:
                report.skip("a line of the conversation is missing", f"{place}: {missing[0]}")
                continue
            turns = [imitated(name.strip().title(), text) for name, text in map(said.__getitem__, lines)]
            title, year = titles.get(movie, ("", ""))
            scene = [f"A scene of the film {title.title()} ({year})."] if title else []
            scene = unsaid(scene, turns, *{turn.speaker for turn in turns})
            name = "-".join(lines)
            yield from self.emit(
                turns,
                SocialContext(scenario=scene[0]) if scene else None,
                report,
                axis=Axis.CONV,
                split=hash_split(movie),
                original_id=name,
                place=place,
            )


def _fields(file: RawFile, count: int, report: ReadReport) -> Iterator[tuple[int, list[str]]]:
    """The lines of a file as `count` fields each, with their 1-based numbers; the last field may be empty."""
    with file.open() as content:
        for number, line in enumerate(content, start=1):
            report.count_records(file.name)
            fields = line.decode("iso-8859-1").rstrip("\r\n").split(_FIELD, count - 1)
            if len(fields) == count - 1:
                fields[-1:] = [fields[-1].removesuffix(_FIELD.rstrip()), ""]
            if len(fields) != count:
                raise DataError(f"{len(fields)} fields, not {count}", path=file.path, line=number)
            yield number, fields


READERS: Final = (
    HubReader(
        SourceCard(
            id="dailydialog",
            title="DailyDialog: everyday conversations for learners of English",
            axes=(Axis.CONV,),
            licence="CC-BY-NC-SA-4.0",
            citation="Li et al., IJCNLP 2017, arXiv:1710.03957",
            url="https://huggingface.co/datasets/ConvLab/dailydialog",
            hub="ConvLab/dailydialog",
            files=("**/dialogues.json",),
            human="Both, as written for language learners.",
            role_rule=RoleFamily.DIALOGUE,
            imitated=tuple(_NAMES.values()),
            rows_upstream=13_118,
            in_paper=True,
        ),
        DailyDialogRow,
    ),
    CornellMovie(),
)
