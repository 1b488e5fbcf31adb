"""BigToM (Gandhi et al., NeurIPS 2023): what somebody believes, wants and does who saw a change, or did not see it.

Layout: files without a header, separated by semicolons. A row of `bigtom.csv` is a story from which questions are made:

    Ann fills the jug with milk. ... Ben swaps the milk for cream.;Ann sees it.;Ann does not see it.;...

Here each of its three questions is asked twice, once after either of the two percepts: six questions per story.
Everywhere else a row is a question already:

    story;question;right answer;wrong answer

Those are the experts' items in `expert_data`, and the conditions in which SimToM (Wilf et al., 2023) published BigToM:
`0_` leaves the first belief out of the story, `forward` tells the percept and `backward` the action, and in a `control`
the change is one that does not matter.

Two conditions are counted and left out. `0_backward_belief_true_control` repeats the stories of `..._false_control`
word for word. The stories of `1_percept_to_belief_true_belief` end before the change, but its key is the belief after
it: not one of the people in `simulatedtom_human` who were asked the same answers so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.exam import exam, opening
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction

_STORIES: Final = "data/bigtom/bigtom.csv"
_STORY_COLUMNS: Final = (
    *("story", "aware", "unaware", "aware_act", "unaware_act"),
    *("belief", "desire", "action"),
    *("aware_belief", "aware_desire", "aware_action"),
    *("unaware_belief", "unaware_desire", "unaware_action"),
    *("event", "aware_of_event", "unaware_of_event", "author", "flag"),
)
_COLUMNS: Final = ("story", "question", "answer", "wrong")
_EXPERTS: Final[dict[str, tuple[str, ...]]] = {
    "data/expert_data/dodell-feder.csv": _COLUMNS,
    "data/expert_data/kosinski.csv": _COLUMNS,
    "data/expert_data/ullman.csv": (*_COLUMNS, "also_wrong"),
}
_LEFT_OUT: Final = {
    "0_backward_belief_true_control": "repeats another condition",
    "1_percept_to_belief_true_belief": "key of another story",
}


class _Question(UpstreamRecord):
    story: str
    question: str
    answer: str


class _Story(UpstreamRecord):
    story: str
    aware: str
    unaware: str
    belief: str
    desire: str
    action: str
    aware_belief: str
    aware_desire: str
    aware_action: str
    unaware_belief: str
    unaware_desire: str
    unaware_action: str

    def questions(self) -> Iterator[tuple[str, _Question]]:
        """The questions about the story, each with a name."""
        asked = {"belief": self.belief, "desire": self.desire, "action": self.action}
        told = {
            "aware": (self.aware, self.aware_belief, self.aware_desire, self.aware_action),
            "unaware": (self.unaware, self.unaware_belief, self.unaware_desire, self.unaware_action),
        }
        for view, (percept, *answers) in told.items():
            for (aspect, question), answer in zip(asked.items(), answers, strict=True):
                story = f"{self.story.strip()} {percept}"
                yield f"{view}-{aspect}", _Question(story=story, question=question, answer=answer)


class _Questions(SourceReader):
    """A source of stories with a question and its right answer."""

    def _asked(self, item: _Question, report: ReadReport, *, original_id: str, place: str) -> Iterator[Interaction]:
        return self.emit(
            exam(f"{item.story.strip()}\n\n{item.question.strip()}", item.answer),
            None,
            report,
            axis=Axis.COG,
            split=hash_split(opening(item.story)),
            original_id=original_id,
            place=place,
        )


class BigToM(_Questions):
    """The respondent stands in a person's place: stories by a model, checked by people, answers by the key."""

    card = SourceCard(
        id="bigtom",
        title="BigToM: stories of true and false beliefs, and experts' items",
        axes=(Axis.COG,),
        licence="MIT",
        citation="Gandhi et al., NeurIPS Datasets and Benchmarks 2023",
        url="https://github.com/cicl-stanford/procedural-evals-tom",
        files=(_STORIES, *_EXPERTS),
        human="A respondent who has read the story; the answers are the key.",
        role_rule=RoleFamily.NO_SWAP,
        columns=_STORY_COLUMNS,
        rows_upstream=229,
        imitated=("respondent",),
        synthetic=True,
        templated=True,
        interactions=6 * 200 + 29,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        stories = csv_records(files.one(_STORIES), _Story, report, delimiter=";", header=_STORY_COLUMNS)
        for number, (place, story) in enumerate(stories, start=1):
            for name, item in story.questions():
                yield from self._asked(item, report, original_id=f"bigtom-{number}-{name}", place=place)
        for path, columns in _EXPERTS.items():
            records = csv_records(files.one(path), _Question, report, delimiter=";", header=columns)
            for number, (place, item) in enumerate(records, start=1):
                yield from self._asked(item, report, original_id=f"{PurePosixPath(path).stem}-{number}", place=place)


class BigToMConditions(_Questions):
    """The respondent stands in a person's place, as in BigToM itself."""

    card = SourceCard(
        id="bigtom_conditions",
        title="BigToM by condition, as used by SimToM",
        axes=(Axis.COG,),
        licence="MIT",
        citation="Wilf et al., 2023 (arXiv 2311.10227); Gandhi et al., NeurIPS Datasets and Benchmarks 2023",
        url="https://github.com/shawnsihyunlee/simulatedtom",
        files=("data/conditions/*/stories.csv",),
        human="A respondent who has read the story; the answers are the key.",
        role_rule=RoleFamily.NO_SWAP,
        columns=_COLUMNS,
        rows_upstream=25 * 200,
        imitated=("respondent",),
        synthetic=True,
        templated=True,
        interactions=7 * 200,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            condition = PurePosixPath(file.name).parent.name
            records = csv_records(file, _Question, report, delimiter=";", header=_COLUMNS)
            for number, (place, item) in enumerate(records, start=1):
                if reason := _LEFT_OUT.get(condition):
                    report.skip(reason, place)
                else:
                    yield from self._asked(item, report, original_id=f"{condition}-{number}", place=place)
