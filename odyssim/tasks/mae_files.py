"""The MaE file (misconceptions in middle-school algebra), brought into the envelope of Mistakes.

A record has a question, the answer of a learner with a misconception, and the right answer; it is no multiple choice.
The other two options are answers that other misconceptions gave elsewhere: to the same question if there are any, else
of the same kind (fraction, decimal, words ...), within the same topic if that has enough, and of similar length. Where
both answers are plain calculations ('1/4+2/3=3/7' and '11/12') the options are their results, so that no option repeats
the question; otherwise they are the answers as written, and then the borrowed ones often speak of another problem and
are easy to rule out.

Source: Otero et al. 2024; creature-ai/math-misconceptions, MIT.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from odyssim.errors import DataError
from odyssim.tasks.records import read_json, text_of
from odyssim.tasks.rows import Row
from odyssim.types import Json, Origin, derive_seed

DATA_FILE: Final = "bench/mistakes_mae/data/data.json"

# The options of a record belong to the data set: they are the same in every run.
_SEED: Final = 8
_BORROWED: Final = 2

# Worked through by hand: the answer listed as right is false, or the learner's answer is right.
_FALSE_KEYS: Final = frozenset({"MaE03-3", "MaE26-1", "MaE27-4", "MaE36-3", "MaE41-3"})
_RIGHT_LEARNERS: Final = frozenset({"MaE03-1", "MaE06-3", "MaE29-4", "MaE44-4"})

_NUMBER: Final = r"-?(?:\d[\d,]*(?:\.\d*)?(?:/[1-9]\d*|\s\d+/[1-9]\d*)?|\.\d+)"
_RESULT: Final = re.compile(rf"(?:^|(?<![<>])=)\s*\$?\s*({_NUMBER})\s*%?$")
_UNIT: Final = re.compile(r"\s+[a-z]+$")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_SOLVED: Final = re.compile(r"[A-Za-z]\s*=")


@dataclass(frozen=True)
class _Problem:
    """One record. `flaw` says why no question can be made of it, '' if one can."""

    id: str
    misconception: str
    misconception_id: str
    topic: str
    question: str
    wrong: str
    right: str
    calculated: bool
    flaw: str


def mae_rows(path: Path) -> Iterator[Row]:
    """One row a record; one that cannot be used says so in its field `unusable`. `DataError` for a broken file."""
    records = read_json(path)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DataError("expected a JSON list of objects", path=path)
    problems = [_problem(record) for record in records]
    usable = [problem for problem in problems if not problem.flaw]
    for index, problem in enumerate(problems):
        info = {"id": problem.id, "unusable": problem.flaw} if problem.flaw else _info(problem, usable)
        yield Row(data_source="mistakes", index=index, info=info, origin=Origin.PUBLISHED, path=path)


def result(answer: str) -> str | None:
    """The number that a calculation comes to, without sign of money, percent or unit; none for anything in words.

    'x=7-1/3=6/3=2' comes to '2', and so does 'x=2' followed by a check of it.
    """
    calculation = _UNIT.sub("", answer.strip())
    if _WORD.search(calculation):
        return None
    lines = [line.strip() for line in calculation.splitlines()] or [""]
    solved = [line for line in lines if _SOLVED.match(line)]
    found = _RESULT.search((solved or lines)[-1])
    return found.group(1).rstrip(".") if found else None


def _problem(record: Json) -> _Problem:
    wrong, right = text_of(record, "Incorrect Answer").strip(), text_of(record, "Correct Answer").strip()
    results = result(wrong), result(right)
    calculated = results[0] is not None and results[1] is not None
    if calculated:
        wrong, right = results[0] or "", results[1] or ""
    misconception_id = text_of(record, "Misconception ID")
    name = f"{misconception_id}-{text_of(record, 'Example Number')}"
    return _Problem(
        id=name,
        misconception=text_of(record, "Misconception").strip(),
        misconception_id=misconception_id,
        topic=text_of(record, "Topic"),
        question=text_of(record, "Question").strip(),
        wrong=wrong,
        right=right,
        calculated=calculated,
        flaw=_flaw(name, record, wrong, right),
    )


def _flaw(name: str, record: Json, wrong: str, right: str) -> str:
    question = text_of(record, "Question")
    if text_of(record, "Question image") and "[" not in question:
        return f"the question needs its picture '{text_of(record, 'Question image')}'"
    for what, text in (("question", question), ("learner's answer", wrong), ("right answer", right)):
        if text.strip() in ("", "[Image]"):
            return f"the {what} is missing or only a picture"
    if name in _FALSE_KEYS:
        return f"the right answer of {name} is false upstream"
    if name in _RIGHT_LEARNERS:
        return f"the learner's answer of {name} is right"
    if _sameness(wrong) == _sameness(right):
        return f"the learner's answer and the right one both come to '{right}'"
    return ""


def _info(problem: _Problem, usable: Sequence[_Problem]) -> Json:
    options = [problem.wrong, problem.right, *_borrowed(problem, usable)]
    random.Random(derive_seed(_SEED, problem.id)).shuffle(options)
    letters = dict(zip(options, "ABCD", strict=False))
    return {
        "id": problem.id,
        "QuestionText": problem.question,
        **{f"Answer{letter}Text": text for text, letter in letters.items()},
        "MisconceptionId": problem.misconception_id,
        "MisconceptionName": problem.misconception,
        "TargetOption": letters[problem.wrong],
        "TargetAnswer": problem.wrong,
        "CorrectAnswer": letters[problem.right],
    }


def _borrowed(problem: _Problem, usable: Sequence[_Problem]) -> list[str]:
    """Wrong answers of other misconceptions that differ from both answers of `problem`, the most fitting first."""

    def fit(other: _Problem) -> tuple[Any, ...]:
        return (
            other.question != problem.question,
            _kind(other.wrong) != _kind(problem.wrong),
            other.topic != problem.topic,
            abs(len(other.wrong).bit_length() - len(problem.wrong).bit_length()),
            derive_seed(_SEED, problem.id, other.id),
        )

    taken = {_sameness(problem.wrong), _sameness(problem.right)}
    borrowed: list[str] = []
    others = (
        other
        for other in usable
        if other.misconception_id != problem.misconception_id and other.calculated == problem.calculated
    )
    for other in sorted(others, key=fit):
        if len(borrowed) == _BORROWED:
            break
        if _sameness(other.wrong) not in taken:
            taken.add(_sameness(other.wrong))
            borrowed.append(other.wrong)
    return borrowed


def _kind(answer: str) -> str:
    """What an answer looks like: '' for a whole number, '.', '/' and ' /' for other numbers, else words or signs."""
    number = result(answer)
    if number is None:
        return "words" if _WORD.search(answer) else "signs"
    return "".join(sign for sign in " ./" if sign in number)


def _sameness(answer: str) -> Fraction | str:
    """Equal for numbers of the same value and for texts that differ in spacing or case only."""
    number = result(answer)
    if number is None:
        return " ".join(answer.lower().split())
    whole, _, part = number.replace(",", "").partition(" ")
    return Fraction(whole) + (Fraction(part) if part else 0) * (-1 if whole.startswith("-") else 1)
