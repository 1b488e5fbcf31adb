"""A person's own conversations: a JSONL file with one `Interaction` per line.

    {"turns": [{"speaker": "Ana", "text": "you up?", "human": true, "train": true}], "context": null,
     "source": {"dataset": "my-chats", "licence": "unknown", "split": "train", "original_id": "1"}, "axis": "CONV"}

Published corpora may hold conversations without a person in them; in one's own file that is a mistake, so it is one.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from odyssim.corpus.sources.base import SPLITS, ReadReport, SourceCard, SourceReader, first_problem, text_lines
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction


class InteractionFile(SourceReader):
    """The interactions of one JSONL file; licence, split and axis are what each line says.

    Raises `DataError` if there is no such file.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError("there is no such file", path=path, hint="give the path of a JSONL file of interactions")
        with path.open("rb") as file:
            count = sum(1 for _ in file)
        self.path = path
        self.card = SourceCard(
            id=path.stem,
            title=f"Own interactions ({path.name})",
            axes=tuple(Axis),
            licence="unknown",
            citation="",
            url="",
            files=(glob.escape(path.name),),
            imitated=(),
            interactions=count,
        )

    def root(self, data: Path | None) -> Path:
        """The folder of the file, wherever the data folder is."""
        return self.path.parent

    def read(self, root: Path, report: ReadReport) -> Iterator[Interaction]:
        path = root / self.path.name
        for number, line in text_lines(path):
            report.count_records(path.name)
            try:
                interaction = Interaction.model_validate_json(line)
            except ValidationError as error:
                raise DataError(first_problem(error), path=path, line=number) from error
            if not interaction.imitated_speakers:
                raise DataError(
                    "no human turn worth imitating",
                    path=path,
                    line=number,
                    hint='mark the turns to learn from with "human": true, "train": true',
                )
            if interaction.source.split not in SPLITS:
                raise DataError(
                    f"the split is '{interaction.source.split}', not {' or '.join(SPLITS)}", path=path, line=number
                )
            report.interactions += 1
            yield interaction
