"""Students and their tutors: StudyChat (real students, a machine answers) and Education-Dialogue (machines only).

    StudyChat            {"chatId": "s1", "interactionCount": 0, "prompt": "...", "response": "...", "topic": "a2", ...}
    Education-Dialogue   {"background_info": {"topic": "...", "student_prefrences": "...", ...},
                          "conversation": [{"role": "Student", "text": "..."}, ...]}

StudyChat has a row per prompt; `topic` is the assignment that the student works on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import AliasChoices, Field

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.grouping import gathered
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, Interaction, SocialContext

_STUDENT, _ASSISTANT = "student", "assistant"
_STUDYCHAT_BYTES: Final = 64 << 20


class StudyChatRow(HubRow):
    """One prompt of a student, and the answer."""

    chat: str = Field(validation_alias="chatId")
    number: int = Field(default=0, validation_alias="interactionCount")
    topic: str | None = None
    prompt: str | None
    response: str | None

    def conversations(self) -> Iterable[Conversation]:
        """What was said at this point of the chat."""
        turns = (imitated(_STUDENT, self.prompt), heard(_ASSISTANT, self.response))
        yield Conversation(turns, id=self.chat, context=_assignment(self.topic or ""))


class StudyChat(HubReader):
    """Brings the rows of a chat together, wherever they stand."""

    joins_rows = True

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        rows = ((row.chat, (place, row)) for _, place, row in self.rows(files, StudyChatRow, report))
        for chat, found in gathered(rows, size=_STUDYCHAT_BYTES):
            found.sort(key=lambda placed: placed[1].number)
            said = [exchange for _, row in found for exchange in row.conversations()]
            whole = Conversation([turn for exchange in said for turn in exchange.turns], chat, said[0].context)
            yield from self.hand_out(whole, report, split=None, place=found[0][0])


def _assignment(topic: str) -> SocialContext | None:
    number = topic.removeprefix("a")
    if not number.isdigit():
        return None
    return SocialContext(
        scenario="A university course on artificial intelligence. The student works on assignment "
        f"{number} and may ask an assistant."
    )


class _Lesson(UpstreamRecord):
    topic: str = ""
    likes: str = Field(default="", validation_alias=AliasChoices("student_preferences", "student_prefrences"))


class _Line(UpstreamRecord):
    role: Literal["Teacher", "Student", "teacher", "student"]
    text: str | None


class EducationRow(HubRow):
    """A lesson. How student and teacher are to react would tell its course, and is not read."""

    lesson: _Lesson = Field(default=_Lesson(), validation_alias="background_info")
    conversation: tuple[_Line, ...]

    def conversations(self) -> Iterable[Conversation]:
        turns = [
            (imitated if line.role.lower() == _STUDENT else heard)(line.role.lower(), line.text)
            for line in self.conversation
        ]
        topic = [f"A lesson on: {self.lesson.topic.strip()}."] if self.lesson.topic else []
        scenario = " ".join(unsaid(topic, turns, _STUDENT))
        profile = " ".join(unsaid(sentences(self.lesson.likes), turns, _STUDENT, beside=scenario))
        profiles = {_STUDENT: profile} if profile else {}
        context = SocialContext(scenario=scenario, profiles=profiles, author="native") if scenario or profile else None
        yield Conversation(turns, context=context)


READERS: Final = (
    StudyChat(
        SourceCard(
            id="studychat",
            title="StudyChat: students of a programming course with an assistant",
            axes=(Axis.CONV,),
            licence="CC-BY-4.0",
            citation="McNichols et al., LAK 2026, arXiv:2503.07928",
            url="https://huggingface.co/datasets/wmcnicho/StudyChat",
            hub="wmcnicho/StudyChat",
            gated=True,
            files=("data.jsonl",),
            human="The student.",
            role_rule=RoleFamily.SWAP,
            imitated=(_STUDENT,),
            rows_upstream=16_851,
            contamination=(),
            in_paper=True,
        ),
        StudyChatRow,
    ),
    HubReader(
        SourceCard(
            id="education_dialogue",
            title="Education-Dialogue: lessons between a simulated teacher and a simulated student",
            axes=(Axis.CONV,),
            licence="unknown",
            citation="Shani et al., 2024, arXiv:2405.14655",
            url="https://github.com/google-research-datasets/Education-Dialogue-Dataset",
            files=("conversations_*.json",),
            human="The student, whom a model plays.",
            role_rule=RoleFamily.SWAP,
            imitated=(_STUDENT,),
            synthetic=True,
            in_paper=True,
        ),
        EducationRow,
    ),
)
