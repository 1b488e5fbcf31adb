"""What one participant of a Qualtrics survey was shown and answered, as a conversation.

A participant's cells are keyed by the names that Qualtrics gives its columns: `QID1` (the value picked), `QID2_4` (row
4 of question 2), `QID3/5` (choice 5 of question 3 is ticked), `QID4_TEXT` (typed), `1_QID5` (question 5 in round 1),
`QID1_DO/2` and `FL_2_DO/FL_3` (at which place a choice, or a step of the flow, was shown).

With these cells the flow is replayed, so that all get the questions, choices and texts that they saw, in their order:

    Survey: In the next pages, we ask about fees.        participant: No
            Is a tip fair?
            - Yes
            - No

What was not answered is not asked. Declarations of consent are left out, and so are reminders of what was shown before
and questions for an id or an address. An answer about a picture means nothing without it: it stays, but is not trained.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from odyssim.corpus.sources.qualtrics import Label, Question, Step, Survey
from odyssim.errors import DataError
from odyssim.types import Turn

_CONSENT: Final = re.compile(r"\bIRB\b|\bI agree\b")
_PRIVATE: Final = re.compile(
    r"\b(?:Prolific|MTurk|worker) ID\b|\be-?mail\b|\bphone number\b|\baddress\b", re.IGNORECASE
)
_SELECTABLE: Final = re.compile(r"q://(\w+)/SelectableChoice/(\w+)")
_PIPE: Final = re.compile(r"\$\{([^}]+)\}")
_PICTURE_TAG: Final = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_PICTURE: Final = "[picture]"
_BREAK: Final = re.compile(r"<br\s*/?>|</(?:div|p|li|h\d)>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]+>")
_GAP: Final = re.compile(r"\n{3,}")


def conversation(survey: Survey, cells: Mapping[str, str], place: str) -> list[Turn]:
    """The turns of the survey and of the participant whose `cells` stand at `place`.

    Raises `DataError` for a question or condition of a kind that is not known here, and for an answer that the survey
    does not offer.
    """
    session = _Session(survey, cells, place)
    session.follow(survey.steps)
    return session.turns


@dataclass
class _Session:
    survey: Survey
    cells: Mapping[str, str]
    place: str
    turns: list[Turn] = field(default_factory=list)
    _fields: dict[str, str] = field(default_factory=dict)
    _untold: list[str] = field(default_factory=list)
    _filled_in: list[str] = field(default_factory=list)

    def follow(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step.kind:
                case "EmbeddedData":
                    self._fields |= {
                        f"e://Field/{one.name}": one.value for one in step.assignments if one.value is not None
                    }
                case "BlockRandomizer":
                    self.follow(self._drawn(step))
                case "Root" | "Group":
                    self.follow(step.steps)
                case "Branch":
                    if self._taken(step):
                        self.follow(step.steps)
                case "Block" | "Standard":
                    self._visit(step)

    def _drawn(self, step: Step) -> list[Step]:
        """The steps of a randomizer that were shown, in the order in which they were."""
        places = []
        for inner in step.steps:
            name = self.survey.block(inner).name if inner.block else inner.flow_id
            column = f"{step.flow_id}_DO/{name}"
            if column not in self.cells:
                raise DataError(f"no column {column} says what was shown ({self.place})", path=self.survey.path)
            places.append(_number(self.cells[column]))
        shown = sorted((place, number) for number, place in enumerate(places) if place)
        return [step.steps[number] for _, number in shown]

    def _taken(self, step: Step) -> bool:
        """Whoever answered on was not sent home; all other branches depend on a condition."""
        leads_on = any(inner.kind != "EndSurvey" for inner in step.steps)
        return leads_on and self._holds(step.condition)

    def _holds(self, logic: dict[str, Any] | None) -> bool:
        if logic is None:
            return True
        condition = self.survey.condition(logic)
        selectable = _SELECTABLE.fullmatch(condition.left)
        match condition.kind, condition.operator:
            case "EmbeddedField", "EqualTo":
                return self._fields.get(f"e://Field/{condition.left}") == condition.right
            case "Question", "Selected" | "NotSelected" if selectable:
                question_id, choice = selectable.groups()
                value = self.survey.question(question_id).values.get(choice, choice)
                return (self.cells.get(question_id) == value) == (condition.operator == "Selected")
        raise DataError(
            f"a condition '{condition.kind} {condition.operator}', which is not known", path=self.survey.path
        )

    def _visit(self, step: Step) -> None:
        block = self.survey.block(step)
        for prefix, fields in block.rounds.items():
            self._fields |= fields
            for question_id in block.questions:
                self._ask(self.survey.question(question_id), prefix)

    def _ask(self, question: Question, prefix: str) -> None:
        text = self._text(question.markup)
        if _CONSENT.search(text):
            return
        if question.kind == "DB":
            if self._holds(question.condition):
                self._tell(text, piped="${" in question.markup)
            return
        options, answer = self._options_and_answer(question, prefix + question.id)
        if answer and not (question.kind == "TE" and _PRIVATE.search(text)):
            asked = "\n\n".join((*self._untold, text))
            self._untold.clear()
            self.turns += (
                Turn(speaker="Survey", text="\n".join((asked, *options)).strip(), human=False, train=False),
                Turn(speaker="participant", text=answer, human=True, train=_PICTURE not in text),
            )

    def _tell(self, text: str, *, piped: bool) -> None:
        """A text that is filled in for the participant and holds an earlier one is a reminder of it."""
        if not text or (piped and any(earlier in text for earlier in self._filled_in)):
            return
        self._untold.append(text)
        if piped:
            self._filled_in.append(text)

    def _options_and_answer(self, question: Question, key: str) -> tuple[Sequence[str], str]:
        """What there is to choose from, line by line, and the answer; empty if there is none."""
        match question.kind, question.selector:
            case "MC", selector:
                choices = self._in_order(question.choice_order, question.choice_order, key)
                options = [f"- {self._label(question.choices[choice])}" for choice in choices]
                picked = (
                    [choice for choice in choices if self.cells.get(f"{key}/{choice}")]
                    if selector.startswith("MA")
                    else self._picked(question, question.choice_order, self.cells.get(key, ""))
                )
                return options, "\n".join(self._choice(question, choice, key) for choice in picked)
            case "Matrix" | "CS", _:
                return self._rows(question, key)
            case "TE", "FORM":
                return self._rows(question, key)
            case "TE", _:
                return (), self.cells.get(f"{key}_TEXT", "").strip()
            case "Timing" | "Captcha", _:
                return (), ""
        raise DataError(f"{question.id} is of the kind '{question.kind}', which is not known", path=self.survey.path)

    def _rows(self, question: Question, key: str) -> tuple[Sequence[str], str]:
        places = [str(number) for number in range(1, len(question.choice_order) + 1)]
        rows = self._in_order(question.choice_order, places, key)
        options = [f"{number}. {self._label(question.choices[row])}" for number, row in enumerate(rows, start=1)]
        if question.answers:
            scale = [f"- {self._label(question.answers[answer])}" for answer in question.answer_order]
            options = [*options, "Answer each with one of these:", *scale]
        given = {number: self._in_row(question, f"{key}_{row}") for number, row in enumerate(rows, start=1)}
        return options, "\n".join(f"{number}. {answer}" for number, answer in given.items() if answer)

    def _in_row(self, question: Question, key: str) -> str:
        """What is given in a row: picked from the question's answers, or typed."""
        cell = self.cells.get(key, "").strip()
        if not question.answers:
            return cell
        picked = self._picked(question, question.answer_order, cell)
        return "".join(self._label(question.answers[answer]) for answer in picked)

    def _picked(self, question: Question, offered: Sequence[str], value: str) -> list[str]:
        """The key of the value that was picked, if one was."""
        keys = [key for key in offered if question.values.get(key, key) == value]
        if value and not keys:
            raise DataError(f"{question.id} does not offer the answer '{value}' ({self.place})", path=self.survey.path)
        return keys

    def _choice(self, question: Question, choice: str, key: str) -> str:
        label, typed = self._label(question.choices[choice]), self.cells.get(f"{key}_{choice}_TEXT", "").strip()
        return f"{label}: {typed}" if typed else label

    def _in_order(self, choices: Sequence[str], names: Sequence[str], key: str) -> list[str]:
        """The choices as they were shown; `names` are what the columns of their places call them."""
        places = [_number(self.cells.get(f"{key}_DO/{name}", "")) for name in names]
        return [choice for _, choice in sorted(zip(places, choices, strict=True), key=lambda pair: pair[0])]

    def _label(self, label: Label) -> str:
        return " ".join(self._text(label.markup).split())

    def _text(self, markup: str) -> str:
        """Markup as plain text, with the fields that it refers to; a field that is not set is empty."""
        return _plain(_PIPE.sub(lambda pipe: self._fields.get(pipe[1], ""), markup))


@lru_cache(maxsize=4096)  # most participants see the same texts
def _plain(markup: str) -> str:
    broken = _BREAK.sub("\n", _PICTURE_TAG.sub(f" {_PICTURE} ", " ".join(markup.split())))
    lines = html.unescape(_TAG.sub("", broken)).split("\n")
    return _GAP.sub("\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()


def _number(cell: str) -> int:
    return int(cell) if cell.isdigit() else 0
