"""Mistakes: which wrong answer would a pupil with this misconception choose? (ROLE)

    problem        What is 1/2 + 1/3?
    choices        A) 2/5   B) 5/6   C) 1/6   D) 1
    misconception  Adds numerators and denominators
    policy         I add the tops and I add the bottoms. <answer>A</answer>
    score          1: A is the wrong option that the misconception leads to; B, the right answer, scores 0

Source: Ross & Andreas 2025 (arXiv 2510.11502) on 'Eedi: Mining Misconceptions in Mathematics', whose competition terms
apply. The items of `bench/mistakes_mae` are made from other data, see `mae_files`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from odyssim.tasks.choice import Mark
from odyssim.tasks.feedback import Brief
from odyssim.tasks.letters import LetterItem, LetterTask, checked_options, option_lines
from odyssim.tasks.mae_files import DATA_FILE, mae_rows
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Outcome, Profile

SYSTEM = """\
You are a pupil between kindergarten and twelfth grade, and you hold the misconception described below. Work on the \
problem as that pupil would: think briefly, in the pupil's own way, and let the misconception lead you. Do not give \
the right answer. If no choice is exactly what the pupil would get, take the nearest one.

End with the letter of your choice alone in answer tags, like <answer>B</answer>."""

_LEAKING_BRIEF = Brief(
    ask="Write one or two sentences of the reasoning by which this pupil comes to the wrong answer, in the pupil's "
    "own voice.",
    never="",
    lead="A response to go by:",
    published_sees_draft=False,
    published_until_step=90,
)


class MistakesItem(LetterItem):
    """One question and one misconception. `correct`: the letter of the right answer, '' where the data does not say."""

    question: str
    misconception: str
    correct: str = ""


class Mistakes(LetterTask[MistakesItem]):
    """The wrong answer that a misconception leads to."""

    name: ClassVar[str] = "mistakes"
    title: ClassVar[str] = "Mistakes"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.ROLE
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("mistakes",), test=("mistakes_val.parquet",), train=("mistakes_rl_train.parquet",)
    )
    feedback: ClassVar[Brief | None] = _LEAKING_BRIEF.model_copy(
        update={"never": "Stop before the result: name neither the answer that the pupil arrives at nor its letter."}
    )

    def brief(self, profile: Profile) -> Brief | None:
        return _LEAKING_BRIEF if profile is Profile.REFERENCE else self.feedback

    def read(self, row: Row, profile: Profile) -> MistakesItem:
        if flaw := row.text("unusable"):
            row.fail(flaw)
        question = row.text("QuestionText", "question")
        item = MistakesItem(
            **row.identity(digest(" ".join(question.split()))),
            options=tuple(row.text(f"Answer{letter}Text") for letter in "ABCD"),
            gold=row.text("TargetOption", "target_option").strip().upper(),
            question=question,
            misconception=row.text("MisconceptionName", "misconception_text"),
            correct=row.text("CorrectAnswer").strip().upper(),
        )
        if profile is Profile.IMPROVED:
            row.need("QuestionText", "question")
            row.need("MisconceptionName", "misconception_text")
            checked_options(item)
            if item.correct:
                checked_options(item.model_copy(update={"gold": item.correct}))
                if item.correct == item.gold:
                    row.fail("the option of the misconception is the right answer")
        return item

    def original(self, data: Path) -> Iterable[Row] | None:
        path = data / DATA_FILE
        return mae_rows(path) if path.is_file() else None

    def prompt(self, item: MistakesItem, profile: Profile) -> Prompt:
        choices = option_lines(self.shown(item, profile), ")")
        return Prompt(
            system=SYSTEM,
            sections=(
                Section(heading="Mathematics problem:", text=item.question),
                Section(heading="Choices:", text=choices),
                Section(heading="The pupil's misconception:", text=item.misconception),
            ),
        )

    def mark(self, item: MistakesItem, text: str | None, profile: Profile) -> Mark:
        mark = super().mark(item, text, profile)
        if not item.correct:
            return mark
        right = self.gold_letter(item.model_copy(update={"gold": item.correct}), profile)
        return mark.model_copy(update={"metrics": {"chose_correct": float(mark.answer == right)}})

    def facets(self, item: MistakesItem) -> dict[str, str]:
        return {"target": item.gold or "unknown"}

    def diagnostics(self, scored: Sequence[tuple[MistakesItem, Outcome]]) -> dict[str, float]:
        """The published means by target letter; the mean of the misconceptions' means; and the share of items whose
        misconception leads to more than one option of their question."""
        if not scored:
            return {}
        scores: dict[str, list[float]] = defaultdict(list)
        targets: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        for item, outcome in scored:
            scores[item.misconception].append(outcome.score or 0.0)
            targets[item.cluster, item.misconception].add(self.secret(item, Profile.REFERENCE).texts)
        ambiguous = sum(len(targets[item.cluster, item.misconception]) > 1 for item, _ in scored)
        return super().diagnostics(scored) | {
            "accuracy_macro_misconception": sum(sum(group) / len(group) for group in scores.values()) / len(scores),
            "share_ambiguous_misconception": ambiguous / len(scored),
        }
