"""MathDial (Macina et al., Findings of EMNLP 2023): teachers help a pupil, played by a model, with a word problem.

Layout: `data/*.jsonl`, one tutoring session per line:

    {"qid": 5000794, "question": "Two pens cost ...", "student_incorrect_solution": "2 + 3 = 6 ...",
     "student_profile": "Kim is a 7th grade student. She has problem with ...",
     "conversation": "Teacher: (generic)Hi Kim, how did you get there?|EOM|Kim: I added ...|EOM|Teacher: (focus)..."}

The label before a teacher's words is an annotation of the move; empty turns are left out. The teacher knows the
problem and the pupil's wrong solution. `ground_truth` is the answer, the confusion and the `self-` fields are written
after the session: none of them is read. `test.csv` repeats the sessions of `test.jsonl` and is only counted. Ids are
those of the problems; a second session on the same problem gets a number (so the ids are held in memory).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records, jsonl_records
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_SCENARIO = (
    "A maths lesson by chat: a pupil of grade 7 has got a word problem wrong, and a teacher helps to find out where."
)
_SESSIONS, _COPIES = "data/*.jsonl", "data/*.csv"
_TURN = re.compile(r"\s*(?P<name>[^:\n]+):\s*(?:\((?:generic|focus|probing|telling)\))?(?P<text>.*)", re.DOTALL)


class _Session(UpstreamRecord):
    qid: int
    question: str
    student_incorrect_solution: str
    student_profile: str
    conversation: str


class MathDial(SourceReader):
    """The teacher is imitated; the pupil is a language model."""

    card = SourceCard(
        id="mathdial",
        title="MathDial: teachers help a pupil with a word problem",
        axes=(Axis.CONV,),
        licence="CC-BY-SA-4.0",
        citation="Macina et al., Findings of EMNLP 2023",
        url="https://github.com/eth-nlped/mathdial",
        files=(_SESSIONS, _COPIES),
        human="The teacher is a person; the pupil is written by a language model.",
        role_rule=RoleFamily.SWAP,
        columns=("qid", "conversation"),
        rows_upstream=2_861,
        imitated=("teacher",),
        in_paper=True,
        interactions=2 + 489,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(_COPIES):
            for place, _ in csv_records(file, _Session, report):
                report.skip("a copy of a session of the JSONL file", place)
        sessions: Counter[int] = Counter()
        for file in files.match(_SESSIONS):
            for place, session in jsonl_records(file, _Session, report):
                sessions[session.qid] += 1
                turns = list(_turns(session))
                yield from self.emit(
                    turns,
                    _context(session, turns),
                    report,
                    axis=Axis.CONV,
                    split="validation" if file.name.endswith("test.jsonl") else "train",
                    original_id=f"{session.qid}-{sessions[session.qid]}",
                    place=place,
                )


def _turns(session: _Session) -> Iterator[Turn]:
    for part in session.conversation.split("|EOM|"):
        if said := _TURN.fullmatch(part):
            teacher = said["name"] == "Teacher"
            speaker = "teacher" if teacher else "pupil"
            yield Turn(speaker=speaker, text=said["text"].strip(), human=teacher, train=teacher)


def _context(session: _Session, turns: Sequence[Turn]) -> SocialContext:
    pupil = session.student_profile.partition(" is a ")[0]
    profile = ""
    for what, text in (("The problem", session.question), (f"What {pupil} wrote", session.student_incorrect_solution)):
        if told := unsaid(sentences(text), turns, "teacher", beside=f"{_SCENARIO} {profile} {what}:"):
            profile += f'{what}: "{" ".join(told)}" '
    return SocialContext(
        scenario=_SCENARIO,
        relationship=f"Teacher and pupil; the pupil is called {pupil}.",
        profiles={"teacher": profile.strip(), "pupil": session.student_profile},
        author="native",
    )
