"""OpenToM (Xu et al., ACL 2024): stories in which somebody moves a thing, and questions on what the two people think.

Layout: JSON objects by story id. `meta_data.json` has the stories, every other file questions of one kind:

    {"101": {"narrative": "Ann put the hat ...", "plot": "...", "true_sentiment": "negative", "observed": true, ...}}
    {"101": [{"question": "As Ben, what is your attitude towards ...?", "answer": "negative", "type": "attitude"}]}

The 596 stories are held in memory (1 MB) for the questions to join; what else stands beside a story gives answers
away and is not read. `meta_data_long.json` tells 100 of the stories again at length; it is counted only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from pydantic import model_validator

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, json_entries
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, Turn

_FOLDER: Final = "data/opentom_data"
_STORIES, _LONG_STORIES = f"{_FOLDER}/meta_data.json", f"{_FOLDER}/meta_data_long.json"
_QUESTIONS: Final = (f"{_FOLDER}/attitude.json", f"{_FOLDER}/location_*.json", f"{_FOLDER}/multihop_*.json")


class _Story(UpstreamRecord):
    narrative: str


class _Question(UpstreamRecord):
    question: str
    answer: str


class _Questions(UpstreamRecord):
    questions: tuple[_Question, ...]

    @model_validator(mode="before")
    @classmethod
    def _is_the_list(cls, value: object) -> object:
        return {"questions": value}


class OpenToM(SourceReader):
    """The respondent stands in a person's place; the answers follow from the plot by rules."""

    card = SourceCard(
        id="opentom",
        title="OpenToM: questions about what characters think and feel",
        axes=(Axis.COG,),
        licence="CC-BY-NC-4.0",
        citation="Xu et al., ACL 2024 (arXiv 2402.06044)",
        url="https://github.com/seacowx/OpenToM",
        files=(_STORIES, _LONG_STORIES, *_QUESTIONS),
        human="A respondent who has read the story; stories by a model, revised by people, answers by rules.",
        role_rule=RoleFamily.NO_SWAP,
        columns=("narrative", "question", "answer"),
        imitated=("respondent",),
        synthetic=True,
        interactions=13_708,
        templated=True,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        stories = {
            story_id: story.narrative for _, story_id, story in json_entries(files.one(_STORIES), _Story, report)
        }
        count_json(files.one(_LONG_STORIES), report)
        for file in files.match(*_QUESTIONS):
            kind = PurePosixPath(file.name).stem
            for place, story_id, asked in json_entries(file, _Questions, report):
                if story_id not in stories:
                    raise DataError(f"{_STORIES} has no story {story_id}", path=file.path)
                for number, question in enumerate(asked.questions, start=1):
                    task = f"{stories[story_id]}\n\n{question.question}"
                    yield from self.emit(
                        (
                            Turn(speaker="examiner", text=_plain(task), human=False, train=False),
                            Turn(speaker="respondent", text=_plain(question.answer), human=True, train=True),
                        ),
                        None,
                        report,
                        axis=Axis.COG,
                        split=hash_split(story_id),
                        original_id=f"{story_id}-{kind}-{number}",
                        place=f"{place}, question {number}",
                    )


def _plain(text: str) -> str:
    return text.strip().replace("_", " ")
