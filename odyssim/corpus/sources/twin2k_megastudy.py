"""Twin-2K-500 Mega-Study (Peng et al., 2025): the same people take part in many survey experiments.

Layout: each study has `STUDY/raw_data/survey.qsf`, the survey (see `odyssim.corpus.sources.qualtrics`), and
`response.csv`, whose first three lines name the columns: by tag, by question, by Qualtrics' own id. Then one line per
participant follows:

    StartDate,Q1,Q2_4,Q2_DO_4,...,TWIN_ID
    Start Date,"Is a tip fair?",...
    "{""ImportId"":""startDate""}","{""ImportId"":""QID1""}",...,TWIN_ID
    6/12/2025 17:51,2,1,3,...,13

One survey is held in memory at a time. An interaction is one participant in one study. Of the row only answers are
used, and the places at which things were shown; the dataset's own number of the person joins the studies of one person,
so that they fall on the same side of the split, and appears in no turn.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.qualtrics import Survey
from odyssim.corpus.sources.qualtrics_session import conversation
from odyssim.corpus.sources.records import UpstreamRecord, checked_records, text_lines
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction

_PERSON = "TWIN_ID"


class _Response(UpstreamRecord):
    person: str
    cells: dict[str, str]


class Twin2kMegastudy(SourceReader):
    """The participant is imitated."""

    card = SourceCard(
        id="twin2k_megastudy",
        title="Twin-2K-500 Mega-Study: people in survey experiments",
        axes=(Axis.COG,),
        licence="Apache-2.0",
        citation="Peng et al., 2025 (arXiv 2509.19088)",
        url="https://github.com/TianyiPeng/Twin-2K-500-Mega-Study",
        files=("*/raw_data/response.csv", "*/raw_data/survey.qsf"),
        human="Participants recruited online, who answer for themselves.",
        role_rule=RoleFamily.EXPERIMENT,
        columns=(_PERSON,),
        imitated=("participant",),
        templated=True,
        interactions=3_084,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match("*/raw_data/response.csv"):
            study = file.name.partition("/")[0]
            survey = Survey(files.one(f"{study}/raw_data/survey.qsf"), report)
            for place, response in checked_records(_rows(file), file, _Response, report):
                yield from self.emit(
                    conversation(survey, response.cells, place),
                    None,
                    report,
                    axis=Axis.COG,
                    split=hash_split(response.person),
                    original_id=f"{study}-{response.person}",
                    place=place,
                )


def _rows(file: RawFile) -> Iterator[tuple[str, object]]:
    """The participants' rows, each with its place; a row of another length has no cells."""
    rows = csv.reader((line for _, line in text_lines(file)), strict=True)
    try:
        names = [next(rows, []) for _ in range(3)][-1]
        columns = [_column(name, file) for name in names]
        if _PERSON not in columns:
            raise DataError(f"the third line does not name a column {_PERSON}", path=file.path)
        for row in rows:
            label = f"line {rows.line_num}"
            if len(row) == len(columns):
                cells = dict(zip(columns, row, strict=True))
                yield label, {"person": cells[_PERSON], "cells": cells}
            else:
                yield label, {}
    except csv.Error as error:
        raise DataError(f"broken CSV: {error}", path=file.path, line=rows.line_num) from error


def _column(name: str, file: RawFile) -> str:
    """`QID3/5` for choice 5 of question 3, the bare id for a column without a choice."""
    if not name.startswith("{"):
        return name
    try:
        column = json.loads(name)
    except json.JSONDecodeError as error:
        raise DataError(f"'{name}' is no id of a column", path=file.path) from error
    return "/".join(column[part] for part in ("ImportId", "choiceId") if part in column)
