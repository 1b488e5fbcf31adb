"""CIMA (Stasaski et al., BEA 2020): crowd workers learn and teach how to say in Italian where a thing is.

Layout: one JSON object in `dataset.json`; each exercise is a conversation so far, and what tutors answer to it:

    {"prepDataset": {"12": {"past_convo": ["Please try to fill in the blank in Italian. ", "il gatto e ... rosso?"],
                            "img": "\\"pictures/cat_on_red_box.png\\"", "engPrep": "is on top of the",
                            "engObj": "box", "engColor": "red",
                            "tutorResponses": ["Almost! Colours come last.", "Do you know the word for box?"]}},
     "shapeDataset": {}}

In `past_convo` a tutoring program and a student take turns; the replies are alternatives by human tutors, of which the
first becomes the last turn. Exercises stop the same conversation at several points, so a student's turn is trained in
the first exercise that has it and is context in the others (the openings seen so far are held in memory), and all
exercises with the same beginning go to one split.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_entries
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn


class _Exercise(UpstreamRecord):
    past_convo: tuple[str, ...]
    img: str
    engPrep: str
    engObj: str
    engColor: str
    tutorResponses: tuple[str, ...]


class Cima(SourceReader):
    """The student is imitated, and the tutor where a person answers."""

    card = SourceCard(
        id="cima",
        title="CIMA: first steps in Italian, student and tutor",
        axes=(Axis.CONV,),
        licence="CC-BY-2.5",
        citation="Stasaski et al., BEA 2020",
        url="https://github.com/kstats/CIMA",
        files=("dataset.json",),
        human="Crowd workers are students and answer as tutors; the tutor's earlier turns are a program's.",
        columns=("past_convo", "tutorResponses"),
        rows_upstream=1_135,
        imitated=("student", "tutor"),
        interactions=1_135,
        templated=True,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        seen: set[tuple[str, ...]] = set()
        for place, number, exercise in json_entries(files.one("dataset.json"), _Exercise, report, at="prepDataset"):
            past = tuple(text.strip() for text in exercise.past_convo)
            turns = []
            for index, text in enumerate(past, start=1):
                opening, student = past[:index], index % 2 == 0
                new = student and opening not in seen
                turns.append(Turn(speaker="student" if student else "tutor", text=text, human=student, train=new))
                seen.add(opening)
            replies = exercise.tutorResponses[:1]
            turns += [Turn(speaker="tutor", text=reply.strip(), human=True, train=True) for reply in replies]
            yield from self.emit(
                turns,
                _context(exercise, turns),
                report,
                axis=Axis.CONV,
                split=hash_split("\n".join(past[:2])),
                original_id=number,
                place=place,
            )


def _context(exercise: _Exercise, turns: Sequence[Turn]) -> SocialContext:
    thing = PurePosixPath(exercise.img).name.partition("_")[0]
    task = f"A lesson in Italian by chat. A picture shows a {thing}; where it is must be said in Italian."
    pieces = {"where": exercise.engPrep, "what else": exercise.engObj, "its colour": exercise.engColor}
    hints = unsaid((f'{what}: "{english}"' for what, english in pieces.items()), turns, "student", "tutor", beside=task)
    return SocialContext(
        scenario=f"{task} In English: {'; '.join(hints)}." if hints else task, relationship="Student and tutor."
    )
