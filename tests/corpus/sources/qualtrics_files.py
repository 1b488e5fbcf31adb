"""Surveys and their exports as Qualtrics writes them, in short."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

PERSON = "TWIN_ID"


def question(name: str, kind: str, text: str, *labels: str, **fields: Any) -> dict[str, Any]:
    """A question with choices 1, 2, ... in this order."""
    kind, _, selector = kind.partition("/")
    choices = {str(number): {"Display": label} for number, label in enumerate(labels, start=1)}
    payload = {
        "QuestionID": name,
        "QuestionType": kind,
        "Selector": selector or "TB",
        "QuestionText": text,
        **({"Choices": choices, "ChoiceOrder": [int(key) for key in choices]} if labels else {"ChoiceOrder": []}),
        **fields,
    }
    return {"Element": "SQ", "Payload": payload}


def block(name: str, *questions: str, **options: Any) -> dict[str, Any]:
    elements = [{"Type": "Question", "QuestionID": question} for question in questions]
    return {
        "ID": f"BL_{name}",
        "Description": name,
        "BlockElements": [*elements, {"Type": "Page Break"}],
        "Options": options,
    }


def step(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"Type": kind, "FlowID": f"FL_{number}", **fields}


def assign(number: int, **fields: str | None) -> dict[str, Any]:
    assigned = [{"Field": name} | ({"Value": value} if value else {}) for name, value in fields.items()]
    return step(number, "EmbeddedData", EmbeddedData=assigned)


def condition(kind: str, left: str, operator: str, right: str = "") -> dict[str, Any]:
    expression = {"LogicType": kind, "LeftOperand": left, "Operator": operator, "RightOperand": right}
    return {"0": {"0": expression, "Type": "If"}, "Type": "BooleanExpression", "inPage": False}


def survey(flow: list[dict[str, Any]], blocks: object, *questions: dict[str, Any]) -> dict[str, Any]:
    return {
        "SurveyElements": [
            {"Element": "FL", "Payload": step(1, "Root", Flow=flow)},
            {"Element": "BL", "Payload": blocks},
            *questions,
            {"Element": "QC", "Payload": None},
        ]
    }


def responses(*participants: dict[str, str]) -> str:
    """An export of these cells, whose keys are ids of columns; QID3/5 is choice 5 of question 3."""
    columns = list(dict.fromkeys(column for cells in participants for column in cells if column != PERSON))
    ids = [dict(zip(("ImportId", "choiceId"), column.split("/"), strict=False)) for column in columns]
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([f"tag {number}" for number, _ in enumerate(columns)] + [PERSON])
    rows.writerow(["Two\nlines", *("One line" for _ in columns[1:]), PERSON])
    rows.writerow([json.dumps(column) for column in ids] + [PERSON])
    rows.writerows([cells.get(column, "") for column in (*columns, PERSON)] for cells in participants)
    return text.getvalue()
