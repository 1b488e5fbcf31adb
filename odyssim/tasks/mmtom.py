"""MMToM-QA, text version: what does somebody who walks through a home want, or believe? Outside the index.

    question   What's inside the apartment: The kitchen has a fridge and two cabinets. ...
               Actions taken by Nora: Nora walks to the fridge, opens it, closes it and walks to the first cabinet.
               Question: Which one of the following statements is more likely to be true?
               (a) Nora has been trying to get a melon. (b) Nora has been trying to get a cup.
    policy     She saw the melon in the fridge and left it there. <answer>b</answer>
    score      1, because b is the published letter

Source: Jin et al., ACL 2024 (arXiv 2401.08743). Types 1.1 to 1.3 ask for a belief, 2.1 to 2.4 for a goal.
"""

from __future__ import annotations

from typing import ClassVar, Final

from odyssim.tasks.choice import Mark
from odyssim.tasks.letters import LetterItem, LetterTask, checked_options
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Profile

TASK: Final = (
    "You read what is in a home and what somebody does there. Decide which of two statements about this person's "
    "wishes or beliefs is more likely. Think it through first. Then give only its letter, a or b, in answer tags, "
    "like <answer>a</answer>."
)
_ASKED, _A, _B, _REPLY = "Question:", "(a)", "(b)", "Please respond with either a or b."


class MMToMItem(LetterItem):
    """One question. `text` is it as published; `scene` and `asked` are its parts in front of the options."""

    text: str
    scene: str
    asked: str
    question_type: str = ""


class MMToM(LetterTask[MMToMItem]):
    """Goals and beliefs of a person who is looking for something at home."""

    name: ClassVar[str] = "mmtom"
    title: ClassVar[str] = "MMToM-QA (text)"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(keys=("mmtom",))
    reference_letters: ClassVar[str] = "AB"

    def read(self, row: Row, profile: Profile) -> MMToMItem:
        text = row.need("question")
        scene, asked, options = parts(text)
        episode = row.text("episode")
        item = MMToMItem(
            **row.identity(f"episode {episode}" if episode else digest(text)),
            options=options,
            gold=row.text("answer").strip().upper(),
            text=text,
            scene=scene,
            asked=asked,
            question_type=row.text("question_type"),
        )
        if profile is Profile.IMPROVED:
            checked_options(item)
        return item

    def prompt(self, item: MMToMItem, profile: Profile) -> Prompt:
        task = Section(text=TASK)
        if profile is Profile.REFERENCE:
            return Prompt(sections=(task, Section(text=item.text)))
        options = "\n".join(f"({letter.lower()}) {text}" for letter, text in self.shown(item, profile).items())
        return Prompt(
            sections=(
                task,
                Section(text=item.scene, cut=Cut.MIDDLE),
                Section(text=f"{_ASKED} {item.asked}\n{options}"),
            )
        )

    def mark(self, item: MMToMItem, text: str | None, profile: Profile) -> Mark:
        if profile is Profile.IMPROVED:
            return super().mark(item, text, profile)
        letter = self.letter(item, text, profile)
        # As published, no answer equals an empty gold answer.
        return Mark(score=float((letter or "") == item.gold), answer=letter)

    def chance(self, item: MMToMItem) -> float:
        return 0.5

    def facets(self, item: MMToMItem) -> dict[str, str]:
        if not item.question_type:
            return {}
        return {"about": "belief" if item.question_type.startswith("1") else "goal", "type": item.question_type}


def parts(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Scene, question and the two options of a published text; no options if it does not hold both."""
    head, found, tail = text.rpartition(_A)
    first, then, second = tail.partition(_B)
    if not (found and then):
        return "", text, ()
    scene, _, asked = head.rpartition(_ASKED)
    options = (first, second.strip().removesuffix(_REPLY))
    return scene.strip(), asked.strip(), tuple(option.strip() for option in options)
