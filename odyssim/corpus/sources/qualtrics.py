"""Surveys made with Qualtrics: the definition in `survey.qsf`, as far as it says what people see.

The file has questions ("SQ"), blocks of questions ("BL"), and the flow from block to block ("FL"):

    {"SurveyElements": [
        {"Element": "FL", "Payload": {"Type": "Root", "FlowID": "FL_1", "Flow": [
            {"Type": "BlockRandomizer", "FlowID": "FL_2", "Flow": [
                {"Type": "EmbeddedData", "FlowID": "FL_3", "EmbeddedData": [{"Field": "fee", "Value": "a tip"}]}]},
            {"Type": "Block", "ID": "BL_1"}]}},
        {"Element": "BL", "Payload": [{"ID": "BL_1", "BlockElements": [{"Type": "Question", "QuestionID": "QID1"}]}]},
        {"Element": "SQ", "Payload": {
            "QuestionID": "QID1", "QuestionType": "MC", "Selector": "SAVR", "QuestionText": "Is ${e://Field/fee} fair?",
            "Choices": {"1": {"Display": "Yes"}, "2": {"Display": "No"}}, "ChoiceOrder": ["1", "2"]}}]}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile
from odyssim.corpus.sources.records import UpstreamRecord, UpstreamT, first_problem, json_object
from odyssim.errors import DataError

_Kind = Literal["Root", "Group", "Block", "Standard", "BlockRandomizer", "Branch", "EmbeddedData", "EndSurvey"]


class _Record(UpstreamRecord):
    """A part of a definition, in which texts that look like numbers are written as numbers."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class Label(_Record):
    """The text of a choice, an answer or a row."""

    markup: str = Field(alias="Display")


class Question(_Record):
    """A question, or ("DB") a text between questions.

    `choices` are what can be picked; where there are several rows to answer ("Matrix", "CS"), they are the rows and
    `answers` what can be picked. `values`: what is written in the data for a pick, if not its key.
    """

    id: str = Field(alias="QuestionID")
    kind: str = Field(alias="QuestionType")
    selector: str = Field(alias="Selector")
    markup: str = Field(alias="QuestionText")
    choices: dict[str, Label] = Field({}, alias="Choices")
    choice_order: tuple[str, ...] = Field((), alias="ChoiceOrder")
    answers: dict[str, Label] = Field({}, alias="Answers")
    answer_order: tuple[str, ...] = Field((), alias="AnswerOrder")
    values: dict[str, str] = Field({}, alias="RecodeValues")
    condition: dict[str, Any] | None = Field(None, alias="DisplayLogic")

    @model_validator(mode="after")
    def _orders_what_is_there(self) -> Self:
        if not (set(self.choice_order) <= self.choices.keys() and set(self.answer_order) <= self.answers.keys()):
            raise ValueError(f"{self.id} orders choices that are not there")
        return self


class Assignment(_Record):
    """A field that later texts refer to; without a value it is only declared."""

    name: str = Field(alias="Field")
    value: str | None = Field(None, alias="Value")


class Step(_Record):
    """A step of the flow: a block, a choice between steps, an assignment of fields."""

    kind: _Kind = Field(alias="Type")
    flow_id: str = Field(alias="FlowID")
    block: str = Field("", alias="ID")
    assignments: tuple[Assignment, ...] = Field((), alias="EmbeddedData")
    condition: dict[str, Any] | None = Field(None, alias="BranchLogic")
    steps: tuple[Step, ...] = Field((), alias="Flow")


class Condition(_Record):
    """When a text or a branch is shown."""

    kind: str = Field(alias="LogicType")
    left: str = Field(alias="LeftOperand")
    operator: str = Field(alias="Operator")
    right: str = Field("", alias="RightOperand")


class _Rounds(_Record):
    fields: dict[str, dict[str, str]] = Field({}, alias="Static")


class _Options(_Record):
    looping: Literal["None", "Static"] = Field("None", alias="Looping")
    rounds: _Rounds | None = Field(None, alias="LoopingOptions")


class _Element(_Record):
    question: str = Field("", alias="QuestionID")


class Block(_Record):
    """Questions that are shown together, perhaps in several rounds."""

    id: str = Field(alias="ID")
    name: str = Field("", alias="Description")
    elements: tuple[_Element, ...] = Field((), alias="BlockElements")
    options: _Options = Field(_Options(), alias="Options")

    @property
    def questions(self) -> tuple[str, ...]:
        """The ids of its questions, in order."""
        return tuple(element.question for element in self.elements if element.question)

    @property
    def rounds(self) -> dict[str, dict[str, str]]:
        """What texts refer to in each round, by the prefix of the round's columns."""
        if self.options.looping == "None" or self.options.rounds is None:
            return {"": {}}
        rounds = self.options.rounds.fields
        return {
            f"{key}_": {f"lm://Field/{name}": value for name, value in fields.items()}
            | {"lm://CurrentLoopNumber": str(number), "lm://TotalLoops": str(len(rounds))}
            for number, (key, fields) in enumerate(rounds.items(), start=1)
        }


class _Part(UpstreamRecord):
    kind: str = Field(alias="Element")
    payload: Any = Field(alias="Payload")


class _Definition(UpstreamRecord):
    parts: tuple[_Part, ...] = Field(alias="SurveyElements")


class Survey:
    """A survey by its flow (`steps`), `blocks` and `questions`, read into memory as a whole and counted as one record.

    Raises `DataError` if the file is none, or has a step in its flow that is not known here.
    """

    def __init__(self, file: RawFile, report: ReadReport) -> None:
        self.path = file.path
        parts = json_object(file, _Definition, report).parts
        flows = [part.payload for part in parts if part.kind == "FL"]
        blocks = [block for part in parts if part.kind == "BL" for block in _listed(part.payload)]
        questions = [self._checked(Question, part.payload) for part in parts if part.kind == "SQ"]
        self.steps = [self._checked(Step, flow) for flow in flows]
        self.blocks = {block.id: block for block in (self._checked(Block, block) for block in blocks)}
        self.questions = {question.id: question for question in questions}

    def block(self, step: Step) -> Block:
        if step.block not in self.blocks:
            raise DataError(f"the flow leads to a block '{step.block}' that is not there", path=self.path)
        return self.blocks[step.block]

    def question(self, question_id: str) -> Question:
        if question_id not in self.questions:
            raise DataError(f"a block has a question '{question_id}' that is not there", path=self.path)
        return self.questions[question_id]

    def condition(self, logic: dict[str, Any]) -> Condition:
        """The only expression of a condition, which the file wraps in numbered groups."""
        groups = [group for group in logic.values() if isinstance(group, dict)]
        expressions = [inner for group in groups for inner in group.values() if isinstance(inner, dict)]
        if len(expressions) != 1:
            raise DataError(f"a condition of {len(expressions)} expressions, not one", path=self.path)
        return self._checked(Condition, expressions[0])

    def _checked(self, shape: type[UpstreamT], value: object) -> UpstreamT:
        try:
            return shape.model_validate(value)
        except ValidationError as error:
            raise DataError(first_problem(error), path=self.path) from error


def _listed(payload: Any) -> Iterable[Any]:
    """PHP writes a map whose keys count from 0 as a list."""
    return payload.values() if isinstance(payload, dict) else payload
