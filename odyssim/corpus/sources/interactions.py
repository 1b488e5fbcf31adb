"""A person's own conversations: a JSONL file with one `Interaction` per line.

    {"turns": [{"speaker": "Ana", "text": "you up?", "human": true, "train": true}], "context": null,
     "source": {"dataset": "my-chats", "licence": "unknown", "split": "train", "original_id": "1"}, "axis": "CONV"}

Published corpora may hold conversations without a person in them; in one's own file that is a mistake, so it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from odyssim.corpus.sources.base import SPLITS, ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import first_problem, text_lines
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction

_CHUNK: Final = 1 << 20


class InteractionFile(SourceReader):
    """The interactions of one JSONL file; licence, split and axis are what each line says.

    Raises `DataError` if there is no such file.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError("there is no such file", path=path, hint="give the path of a JSONL file of interactions")
        self.path = path
        self.card = SourceCard(
            id=path.stem,
            title=f"Own interactions ({path.name})",
            axes=tuple(Axis),
            licence="unknown",
            citation="",
            url="",
            human="Whoever the lines mark.",
            languages=(),
            interactions=_line_ends(path) or None,
        )

    def files(self, data: Path | None) -> RawFiles:
        """The file itself, wherever the data folder is."""
        return RawFiles(self.path)

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        [file] = files.all
        path = file.path
        for number, line in text_lines(file):
            if not line.strip():
                continue
            report.count_records(file.name)
            try:
                interaction = Interaction.model_validate_json(line)
            except ValidationError as error:
                raise DataError(
                    first_problem(error),
                    path=path,
                    line=number,
                    hint="each line is one interaction; odyssim corpus add FILE writes them from your own logs",
                ) from error
            if not interaction.imitated_speakers:
                raise DataError(
                    "no human turn worth imitating",
                    path=path,
                    line=number,
                    hint='mark the turns to learn from with "human": true, "train": true',
                )
            if interaction.source.split not in SPLITS:
                raise DataError(
                    f"the split is '{interaction.source.split}', not {' or '.join(SPLITS)}",
                    path=path,
                    line=number,
                    hint="name one of them in the line",
                )
            report.interactions += 1
            yield interaction
        if not report.interactions:
            raise DataError("there are only empty lines in it", path=path, hint="each line is one interaction")


def _line_ends(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(partial(file.read, _CHUNK), b""))
