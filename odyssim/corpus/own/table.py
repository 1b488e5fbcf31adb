"""Tables of turns: CSV files with a header, one turn to a row, the turns of a conversation in one block.

    conversation_id,speaker,text
    17,Ana,"you up?"
    17,Ben,always

The columns are found by their usual names; without a column for the conversation the file is one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pydantic import ConfigDict

from odyssim.corpus.own.conversation import Conversation
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile
from odyssim.corpus.sources.records import UpstreamRecord, csv_records, text_lines
from odyssim.errors import DataError

_DELIMITERS: Final = ",;\t|"
_CONVERSATION: Final = """
    conversation_id conversation conv_id dialogue_id dialogue dialog_id dialog chat_id chat thread_id thread
    session_id session ticket_id ticket
""".split()
_SPEAKER: Final = "speaker role sender author from participant username user name who".split()
_TEXT: Final = "text message content utterance body value msg".split()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what, by its name in the header; no `conversation`: the file is one."""

    conversation: str | None
    speaker: str
    text: str
    delimiter: str


class _Row(UpstreamRecord):
    """A row with all its cells, whatever they are called."""

    model_config = ConfigDict(extra="allow")

    def cell(self, column: str) -> str:
        return str((self.model_extra or {})[column])


def columns_of(file: RawFile) -> Columns:
    """The columns by the header. Raises `DataError` if there is none for the speaker or the text."""
    _, header = next(text_lines(file))
    delimiter = max(_DELIMITERS, key=header.count)
    [names] = csv.reader([header], delimiter=delimiter)
    return Columns(
        conversation=_called(_CONVERSATION, names),
        speaker=_needed("speaker", _SPEAKER, names, file),
        text=_needed("text", _TEXT, names, file),
        delimiter=delimiter,
    )


def table_conversations(file: RawFile, report: ReadReport) -> Iterator[Conversation]:
    """The conversations of a table, in its order.

    Raises `DataError` if the header does not tell the columns, or if the rows of one conversation do not lie together.
    """
    columns = columns_of(file)
    rows = csv_records(file, _Row, report, delimiter=columns.delimiter)
    read: set[str] = set()
    for key, block in groupby(rows, key=lambda row: row[1].cell(columns.conversation) if columns.conversation else ""):
        placed = list(block)
        place = placed[0][0]
        if key in read:
            raise DataError(
                f"{place}: the rows of conversation '{key}' do not lie together",
                path=file.path,
                hint=f"sort the rows by '{columns.conversation}', and by time within it",
            )
        read.add(key)
        said = [(row.cell(columns.speaker).strip(), row.cell(columns.text).strip()) for _, row in placed]
        yield Conversation(
            place=place,
            id=key or place,
            lines=tuple((speaker, text) for speaker, text in said if speaker and text),
        )


def _called(usual: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of the usual names that is a column, as the header spells it."""
    spelled = {name.strip().casefold().replace(" ", "_").replace("-", "_"): name for name in names}
    return next((spelled[name] for name in usual if name in spelled), None)


def _needed(what: str, usual: Sequence[str], names: Sequence[str], file: RawFile) -> str:
    column = _called(usual, names)
    if column is None:
        raise DataError(
            f"the header names no column for the {what}; its columns are: {', '.join(names)}",
            path=file.path,
            line=1,
            hint=f"let the first line name the columns; the {what} may be called {', '.join(usual)}",
        )
    return column
