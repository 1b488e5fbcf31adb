"""Human answers of SimToM (Wilf et al., 2023): people answer items of BigToM and ToMi.

Layout: CSV without a header; cells hold line breaks. `bigtom_human_evals_*.csv` has a story, the question with its
choices, and what the person answered; `tomi_human_evals_*.csv` has the type of the question besides:

    "1 Ann entered the back_yard.\\n3 The hat is in the box.","You are Ann.\\n...\\nWhere will Ann look for the hat?
    Choose from the following:\\nbox, bag\\n...",box,first_order_0_tom

The stories are cut down to what one character knows. ToMi's line numbers and underscores are its notation and are
undone; questions about no character begin "You are the.", which is left out. An answer of which characters were lost
("350??F") is counted only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.exam import exam, opening
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction

_COLUMNS: Final = ("story", "question", "answer")
_BIGTOM, _TOMI = "code/human_eval_data/bigtom_*.csv", "code/human_eval_data/tomi_*.csv"
_LINE_NUMBER: Final = re.compile(r"^\d+ ", re.MULTILINE)
_LOST: Final = "??"


class _Answered(UpstreamRecord):
    story: str
    question: str
    answer: str


class SimulatedToMHuman(SourceReader):
    """The person who answers is imitated."""

    card = SourceCard(
        id="simulatedtom_human",
        title="SimToM: people's answers to BigToM and ToMi",
        axes=(Axis.COG,),
        licence="MIT",
        citation="Wilf et al., 2023 (arXiv 2311.10227)",
        url="https://github.com/shawnsihyunlee/simulatedtom",
        files=(_BIGTOM, _TOMI),
        human="A person who answers as the character whose view the story tells.",
        role_rule=RoleFamily.NO_SWAP,
        columns=_COLUMNS,
        rows_upstream=250,
        imitated=("respondent",),
        contamination=("paratomi", "hitom"),
        templated=True,
        interactions=249,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for pattern, columns in {_BIGTOM: _COLUMNS, _TOMI: (*_COLUMNS, "type")}.items():
            plain = _plain if pattern == _TOMI else str
            for file in files.match(pattern):
                for number, (place, item) in enumerate(csv_records(file, _Answered, report, header=columns), start=1):
                    if _LOST in item.answer:
                        report.skip("characters of the answer are lost", place)
                        continue
                    yield from self.emit(
                        exam(f"{plain(item.story)}\n\n{plain(item.question)}", plain(item.answer)),
                        None,
                        report,
                        axis=Axis.COG,
                        split=hash_split(opening(item.story)),
                        original_id=f"{PurePosixPath(file.name).stem}-{number}",
                        place=place,
                    )


def _plain(text: str) -> str:
    return _LINE_NUMBER.sub("", text).removeprefix("You are the.\n").replace("_", " ")
