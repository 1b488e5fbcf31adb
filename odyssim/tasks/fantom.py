"""FANToM: who knows what, in a conversation that people leave and join? (COG)

    context    Theo: Excuse me, the school is calling. ...
               Mira: I have sold the boat, to my cousin. ...
               Theo: I'm back. What did I miss?   Ines: Only the weather.
    question   Target: Who bought Mira's boat?
               Question: List all the characters who know the correct answer to this question.
    policy     Theo was on the phone. <answer>Mira, Ines</answer>
    score      1: both who know are named, and Theo is not

A choice is right by its letter, a list by all its names and nobody else, yes or no by being said without the other; a
fact earns the F1 of its words. Source: Kim et al., EMNLP 2023 (arXiv 2310.15421); data skywalker023/fantom, MIT.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final

from odyssim.tasks.choice import Mark
from odyssim.tasks.extraction import final_text, plain_words, reference_strip_thoughts, reference_tag_text, tag_text
from odyssim.tasks.fantom_answers import (
    listed_names,
    names_exactly,
    reference_names,
    reference_names_right,
    reference_side,
    said_side,
    token_f1,
)
from odyssim.tasks.fantom_files import UPSTREAM_FILE, upstream_rows
from odyssim.tasks.feedback import Brief, Secret
from odyssim.tasks.letters import LETTERS, LetterItem, LetterTask, checked_options
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Outcome, Profile

ROLE: Final = """\
You read a conversation and work out what the people in it have in mind. Each of them knows only what was said while \
they were there: what comes before they join or after they leave stays unknown to them, unless somebody tells them \
later. You can read all of it; they could not hear all of it.

Think it through first. Then give only your answer in answer tags: <answer>the answer</answer>. If there are options, \
that is the letter of one; for a list, the names with commas between them; for a question to be answered with yes or \
no, that word; otherwise a few words from the conversation."""


class Kind(StrEnum):
    """How a question is answered, and so how it is marked."""

    CHOICE = "choice"
    LIST = "list"
    BINARY = "binary"
    FACT = "fact"


_KINDS: Final = {
    "tom:belief:inaccessible:multiple-choice": Kind.CHOICE,
    "tom:belief:accessible:multiple-choice": Kind.CHOICE,
    "tom:answerability:list": Kind.LIST,
    "tom:info_accessibility:list": Kind.LIST,
    "tom:answerability:binary": Kind.BINARY,
    "tom:info_accessibility:binary": Kind.BINARY,
}
_ANGLES: Final = {
    Kind.CHOICE: "Look only at what each character heard, saw or was told.",
    Kind.LIST: "Go through who was there and when: whoever qualifies belongs in the list, and nobody else.",
    Kind.BINARY: "Only direct access counts: to have been there, or to have been told. Nothing may be inferred.",
    Kind.FACT: "The answer comes from the words of the conversation alone, and it should be complete.",
}
_SIDES: Final = {"yes": "yes", "no": "no", "no:long": "no"}

_OPTION = re.compile(r"^[ \t]*\(?([a-d])[).][ \t]+(\S.*)$", re.MULTILINE | re.IGNORECASE)
_REFERENCE_LETTER = re.compile(r"\(?([a-d])\)?\.?")


class FantomItem(LetterItem):
    """One question. `right` holds the names of a list, otherwise the gold as published; `wrong` who must not be named.

    Only a choice has `options` and a `gold` letter.
    """

    kind: Kind
    question_type: str
    context: str
    question: str
    extra_info: str = ""
    right: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    accessibility: str = "unknown"
    set_id: str = ""


class Fantom(LetterTask[FantomItem]):
    """What the people in a conversation know, believe and could have heard."""

    name: ClassVar[str] = "fantom"
    title: ClassVar[str] = "FANToM"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "MIT"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("fantom",), test=("fantom_val.parquet",), train=("fantom_rl_train.parquet",)
    )
    feedback: ClassVar[Brief | None] = Brief(
        ask="Write exactly one sentence that puts them on the right track, tied to what happens in this conversation.",
        never="Do not say which option letter is right, do not answer with yes or no, and do not name anybody who "
        "belongs in a list.",
        before="question",
    )

    def read(self, row: Row, profile: Profile) -> FantomItem:
        question_type, question = row.text("question_type"), row.text("complete_question", "question")
        kind = kind_of(question_type) or row.fail(f"nothing can mark a question of type '{question_type}'")
        names = reference_names if profile is Profile.REFERENCE else listed_names
        item = FantomItem(
            **row.identity(digest(row.text("full_context", "context"))),
            kind=kind,
            options=options(question) if kind is Kind.CHOICE else (),
            gold=_gold_letter(row, profile) if kind is Kind.CHOICE else "",
            question_type=question_type,
            context=row.text("context"),
            question=question,
            extra_info=row.text("extra_info"),
            right=names(row.info.get("correct_answer")) if kind is Kind.LIST else (row.text("correct_answer"),),
            wrong=names(row.info.get("wrong_answer")) if kind is Kind.LIST else (),
            accessibility=row.text("missed_info_accessibility") or "unknown",
            set_id=row.text("set_id"),
        )
        if profile is Profile.IMPROVED:
            _check(row, item)
        return item

    def original(self, data: Path) -> Iterable[Row] | None:
        path = data / UPSTREAM_FILE
        return upstream_rows(path) if path.is_file() else None

    def prompt(self, item: FantomItem, profile: Profile) -> Prompt:
        question = item.question
        if profile is Profile.IMPROVED and item.options:
            shown = self.shown(item, profile)
            question = _OPTION.sub(lambda line: f"({line[1].lower()}) {shown[line[1].upper()]}", question)
        return Prompt(
            sections=(
                Section(heading="## Instructions", text=ROLE),
                Section(heading="## Context", text=item.context.strip(), cut=Cut.MIDDLE),
                Section(heading="## Extra information", text=item.extra_info),
                Section(heading="## Question", text=question, name="question"),
            )
        )

    def mark(self, item: FantomItem, text: str | None, profile: Profile) -> Mark:
        published, answer = profile is Profile.REFERENCE, _answer(text, profile)
        match item.kind:
            case Kind.CHOICE:
                return super().mark(item, text, profile)
            case Kind.FACT:
                score = token_f1(item.right[0], answer)
            case Kind.BINARY:
                side = reference_side(answer) if published else said_side(answer)
                score = float(side is not None and side == _SIDES.get(item.right[0]))
                answer = answer if published else side or ""
            case Kind.LIST if published:
                score = float(reference_names_right(answer, item.right, item.wrong))
            case Kind.LIST:
                score = float(names_exactly(answer, item.right, item.wrong, item.context))
        return Mark(score=score, answer=answer or None)

    def letter(self, item: FantomItem, text: str | None, profile: Profile) -> str | None:
        answer = _answer(text, profile)
        if profile is Profile.REFERENCE:
            found = _REFERENCE_LETTER.fullmatch(answer.lower())
            return found[1].upper() if found else None
        shown = self.shown(item, profile)
        by_text = {plain_words(option): letter for letter, option in shown.items()}
        by_number = dict(zip("0123", shown, strict=False))
        return by_text.get(plain_words(answer)) or by_number.get(answer) or super().letter(item, text, profile)

    def gold_reply(self, item: FantomItem, profile: Profile) -> str:
        if item.kind is Kind.CHOICE:
            return f"<answer>{self.gold_letter(item, profile).lower()}</answer>"
        gold = _SIDES.get(item.right[0], "") if item.kind is Kind.BINARY else ", ".join(item.right)
        return f"<answer>{gold}</answer>"

    def chance(self, item: FantomItem) -> float | None:
        """As in `Task`; for a list, a coin is flipped for each of the people who may be named."""
        if item.kind is Kind.FACT:
            return None
        if item.kind is Kind.LIST:
            return 0.5 ** len({*item.right, *item.wrong}) if item.right else 0.0
        return 1 / (len(item.options) or 2)

    def brief(self, profile: Profile) -> Brief | None:
        if profile is Profile.IMPROVED or self.feedback is None:
            return self.feedback
        return self.feedback.model_copy(update={"never": "Do not say which option letter is right."})

    def angle(self, item: FantomItem) -> str:
        return _ANGLES[item.kind]

    def secret(self, item: FantomItem, profile: Profile) -> Secret:
        if item.kind is Kind.CHOICE:
            return super().secret(item, profile)
        if item.kind is Kind.BINARY and _SIDES.get(item.right[0]) == "no":
            return Secret(letter="no")  # to be found as an answer only: 'no' stands in many an honest hint
        return Secret(texts=tuple(filter(None, item.right)))

    def facets(self, item: FantomItem) -> dict[str, str]:
        return {"type": item.question_type, "accessibility": item.accessibility}

    def diagnostics(self, scored: Sequence[tuple[FantomItem, Outcome]]) -> dict[str, float]:
        marks = [(outcome.score or 0.0, item) for item, outcome in scored]
        by_type = published_means((score, item.question_type, item.accessibility) for score, item in marks)
        return by_type | whole_sets(marks)


def kind_of(question_type: str) -> Kind | None:
    """How a question of this type is answered; none for a type that nothing can mark (a free-form belief)."""
    return Kind.FACT if question_type.startswith("fact") else _KINDS.get(question_type)


def options(question: str) -> tuple[str, ...]:
    """The texts of the option lines '(a) ...', '(b) ...' of a question; nothing if the letters are out of order."""
    lines = _OPTION.findall(question)
    in_order = [letter.upper() for letter, _ in lines] == list(LETTERS[: len(lines)])
    return tuple(text.strip() for _, text in lines) if in_order else ()


def published_means(marks: Iterable[tuple[float, str, str]]) -> dict[str, float]:
    """Means under the published keys, from (score, question type, accessibility of the missed information)."""
    groups: dict[str, list[float]] = defaultdict(list)
    for score, question_type, accessibility in marks:
        is_fact = question_type.startswith("fact")
        groups["f1_fact" if is_fact else f"accuracy_{question_type}"].append(score)
        groups[f"accuracy_accessibility_{accessibility or 'unknown'}"].append(score)
        if not is_fact:
            groups["accuracy_tom_overall"].append(score)
    return {key: sum(scores) / len(scores) for key, scores in sorted(groups.items())}


def whole_sets(marks: Iterable[tuple[float, FantomItem]]) -> dict[str, float]:
    """`all_in_set_<accessibility>`: the share of sets with all their questions right, over sets of two or more.

    This is upstream's ALL; its ALL* also counts free-form belief questions, which are not among the rows.
    """
    sets: dict[tuple[str, str], list[float]] = defaultdict(list)
    for score, item in marks:
        if item.set_id and item.kind is not Kind.FACT:
            sets[item.accessibility, item.set_id].append(score)
    groups: dict[str, list[bool]] = defaultdict(list)
    for (accessibility, _), scores in sets.items():
        if len(scores) > 1:
            groups[f"all_in_set_{accessibility}"].append(min(scores) == 1.0)
    return {key: sum(won) / len(won) for key, won in sorted(groups.items())}


def _answer(text: str | None, profile: Profile) -> str:
    if profile is Profile.REFERENCE:
        return reference_tag_text(reference_strip_thoughts(text) or "")
    return tag_text(final_text(text or "") or "") or ""


def _gold_letter(row: Row, profile: Profile) -> str:
    """The letter of a gold index from 0 to 3; '' for anything else."""
    value: Any = row.info.get("correct_answer") if profile is Profile.REFERENCE else row.whole("correct_answer")
    try:
        place = int(value)
    except (TypeError, ValueError, OverflowError):
        return ""
    return LETTERS[place] if place in range(4) else ""


def _check(row: Row, item: FantomItem) -> None:
    row.need("context")
    row.need("complete_question", "question")
    row.need("correct_answer")
    if item.kind is Kind.CHOICE:
        checked_options(item)
    elif item.kind is Kind.LIST:
        if not item.right:
            row.fail("no name is right")
        if both := {name.lower() for name in item.right} & {name.lower() for name in item.wrong}:
            row.fail(f"both right and wrong: {', '.join(sorted(both))}")
    elif item.kind is Kind.BINARY:
        gold, whole = item.right[0], row.text("full_context").strip()
        if gold not in _SIDES:
            row.fail(f"the gold answer '{gold}' is neither yes nor no")
        if gold == "no:long" and whole and whole != item.context.strip():
            row.fail("asks about somebody who joins after the part that is shown ('no:long')")
