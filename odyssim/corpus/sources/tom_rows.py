"""Rows of theory-of-mind sets: a story, a question, and the answer of somebody who understood it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import AliasChoices, Field

from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.corpus.sources.records import UpstreamRecord

EXAMINER: Final = "examiner"
RESPONDENT: Final = "respondent"


class RiddleRow(HubRow):
    """A row with one question."""

    @property
    @abstractmethod
    def asked(self) -> str:
        """What the respondent reads."""

    @property
    @abstractmethod
    def told(self) -> str:
        """What the respondent answers."""

    def conversations(self) -> Iterable[Conversation]:
        yield Conversation([heard(EXAMINER, self.asked), imitated(RESPONDENT, self.told)])


class HiToMRow(RiddleRow):
    """{"story": "1 Ann entered the porch.\\n...", "question": "...", "choices": "A. box, B. bag", "answer": "box"}"""

    story: str
    question: str
    choices: str = ""
    answer: str

    @property
    def asked(self) -> str:
        return "\n\n".join(part.strip() for part in (self.story, self.question, self.choices) if part)

    @property
    def told(self) -> str:
        return self.answer


class ParaToMiRow(RiddleRow):
    """{"story": "...", "question": "...", "correct_answer": "box", "cands": ["box", "bag"]}"""

    story: str
    question: str
    answer: str = Field(validation_alias=AliasChoices("correct_answer", "answer"))
    candidates: tuple[str, ...] = Field(default=(), validation_alias="cands")

    @property
    def asked(self) -> str:
        choices = f" ({' or '.join(self.candidates)})" if self.candidates else ""
        return f"{self.story.strip()}\n\n{self.question.strip()}{choices}"

    @property
    def told(self) -> str:
        return self.answer


class MMToMRow(RiddleRow):
    """{"question": "What is inside ... Actions: ... Which one is more likely? (a) ... (b) ...", "answer": "a"}"""

    question: str
    answer: str

    @property
    def asked(self) -> str:
        return self.question

    @property
    def told(self) -> str:
        return self.answer


class SocialIqaRow(RiddleRow):
    """{"context": "...", "question": "...", "answerA": "...", "answerB": "...", "answerC": "...", "label": "2"}"""

    context: str
    question: str
    first: str = Field(validation_alias="answerA")
    second: str = Field(validation_alias="answerB")
    third: str = Field(validation_alias="answerC")
    label: Literal["1", "2", "3"]

    @property
    def asked(self) -> str:
        options = f"A. {self.first}\nB. {self.second}\nC. {self.third}"
        return f"{self.context} {self.question}\n{options}"

    @property
    def told(self) -> str:
        number = int(self.label) - 1
        return f"{'ABC'[number]}. {(self.first, self.second, self.third)[number]}"


class EntailmentRow(RiddleRow):
    """{"premise": "Ann knows that ...", "hypothesis": "Ben does not know ...", "label": "entailment"}"""

    premise: str
    hypothesis: str
    label: Literal["entailment", "not_entailment", "neutral", "contradiction"]

    @property
    def asked(self) -> str:
        return f"{self.premise.strip()}\n\nDoes it follow? {self.hypothesis.strip()}"

    @property
    def told(self) -> str:
        return {"entailment": "Yes.", "contradiction": "No, on the contrary."}.get(self.label, "No.")


class MoralStoryRow(RiddleRow):
    """{"norm": "...", "situation": "...", "intention": "...", "moral_action": "...", "immoral_action": "...", ...}"""

    norm: str
    situation: str
    intention: str
    moral_action: str

    @property
    def asked(self) -> str:
        return f"{self.situation} {self.intention}\n\nThink of this: {self.norm} What is the right thing to do?"

    @property
    def told(self) -> str:
        return self.moral_action


class _Question(UpstreamRecord):
    question: str
    answer: str | tuple[str, ...] = Field(validation_alias="correct_answer")


class FantomRow(HubRow):
    """{"set_id": "s1", "short_context": "Ann: hi\\n...", "factQA": {"question": ..., "correct_answer": ...},
    "beliefQAs": [...], "answerabilityQA_list": {...}, "answerabilityQAs_binary": [...], "infoAccessibility...": ...}"""

    set_id: str
    story: str = Field(validation_alias=AliasChoices("short_context", "full_context"))
    fact: _Question | None = Field(default=None, validation_alias="factQA")
    beliefs: tuple[_Question, ...] = Field(default=(), validation_alias="beliefQAs")
    answerable: _Question | None = Field(default=None, validation_alias="answerabilityQA_list")
    answerable_to: tuple[_Question, ...] = Field(default=(), validation_alias="answerabilityQAs_binary")
    accessible: _Question | None = Field(default=None, validation_alias="infoAccessibilityQA_list")
    accessible_to: tuple[_Question, ...] = Field(default=(), validation_alias="infoAccessibilityQAs_binary")

    def conversations(self) -> Iterable[Conversation]:
        for number, question in enumerate(self._questions(), start=1):
            told = question.answer if isinstance(question.answer, str) else ", ".join(question.answer)
            asked = f"{self.story.strip()}\n\n{question.question.strip()}"
            yield Conversation([heard(EXAMINER, asked), imitated(RESPONDENT, told)], id=f"{self.set_id}-{number}")

    def _questions(self) -> Iterator[_Question]:
        single = (self.fact, self.answerable, self.accessible)
        yield from (question for question in single if question is not None)
        yield from (*self.beliefs, *self.answerable_to, *self.accessible_to)
