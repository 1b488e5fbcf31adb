"""Hi-ToM: where does A think B thinks C thinks the thing is? Nested beliefs of order 0 to 4, with liars (COG).

    story      1 Mia, Noah and Ava entered the study.
               2 The plum is in the red_box.
               3 Mia moved the plum to the blue_crate.
               4 Mia exited the study.
               5 Noah moved the plum to the red_box. ...
    question   Where does Ava think Mia thinks the plum is?
    choices    A. red_box, B. blue_crate, ...            (one line, usually fifteen options)
    policy     Mia left before the last move ... <answer>B</answer>
    score      1, because option B is the gold text 'blue_crate'

Source: He et al., Findings of EMNLP 2023 (arXiv 2310.16755); data ying-hui-he/Hi-ToM_dataset, Apache-2.0.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from odyssim.errors import DataError, UnknownName
from odyssim.tasks.base import Item
from odyssim.tasks.choice import ChoiceTask, Mark
from odyssim.tasks.extraction import final_text, reference_strip_thoughts, reference_tag_letter, tag_letter
from odyssim.tasks.records import digest, published_file, read_json, text_of
from odyssim.tasks.story_world import belief_question, departing_story
from odyssim.types import Axis, Origin, Profile, derive_seed

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DATA_FILE = "bench/hitom/Hi-ToM_data.json"
VILLAGE_ITEMS = 200

_REFERENCE_OPTION = re.compile(r"([A-Z])\. ([^,]+?)(?=,\s*[A-Z]\.|$)")
_NEXT_OPTION = re.compile(r",\s*(?=[A-Z]\. )")

PROMPT = """\
Read the story and work out who knows what. In this world:

1. People in a room notice everything that happens there until they leave it.
2. To know what somebody else has in mind, a person must have been in the same room with them or have talked to them.
3. People may lie. Telling something does not change what the teller believes; a listener trusts whoever left the \
room later than they did themselves. Everybody knows in which order people left.
4. What is said in private is heard by the one it is said to; what is said in public is heard by everybody present.

Think through the story step by step. Then give only the letter of your answer in tags, like <answer>A</answer>.

Story:
{story}
{note}
Question: {question}
Options: {choices}"""


class HiToMItem(Item):
    """One question in the published form: options in one line, gold as the text of an option."""

    story: str
    question: str
    choices: str
    correct_answer: str
    deception: bool = False
    story_length: int = 1
    question_order: int = 0
    extra_info: str = ""


class HiToM(ChoiceTask[HiToMItem]):
    """Nested beliefs, order 0 to 4."""

    name: ClassVar[str] = "hitom"
    title: ClassVar[str] = "Hi-ToM"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "Apache-2.0"

    def items(self, split: str = "test", *, data: Path | None = None) -> Sequence[HiToMItem]:
        if split == "village":
            return self.generate(VILLAGE_ITEMS, seed=0)
        if split != "test":
            raise UnknownName("split of hitom", split, ["test", "village"])
        path = published_file(data, DATA_FILE)
        rows = read_json(path)["data"]
        items = [published_item(row, index) for index, row in enumerate(rows)]
        for item in items:
            if list(options(item.choices).values()).count(item.correct_answer) != 1:
                raise DataError(f"item {item.id}: the gold answer is not exactly one of the options", path=path)
        return items

    def generate(self, n: int, seed: int) -> list[HiToMItem]:
        """`n` synthetic questions of order 0 to 3, four to a story; the same seed gives the same items."""
        items = []
        for index in range(n):
            number, order = divmod(index, 4)
            story_rng = random.Random(derive_seed(seed, "hitom", number))
            story = departing_story(story_rng)
            rng = random.Random(derive_seed(seed, "hitom", number, order))
            chain = tuple(rng.sample(story.people, order))
            shown = rng.sample(story.containers, len(story.containers))
            items.append(
                HiToMItem(
                    id=f"village-{seed}-{index}",
                    origin=Origin.GENERATED,
                    cluster=f"village-{seed}-{number}",
                    story=story.numbered(),
                    question=belief_question(story.thing, chain),
                    choices=", ".join(f"{letter}. {place}" for letter, place in zip(LETTERS, shown, strict=False)),
                    correct_answer=story.believed_place(chain),
                    question_order=order,
                )
            )
        return items

    def prompt(self, item: HiToMItem, profile: Profile) -> str:
        note = f"\n{item.extra_info}\n" if item.extra_info else ""
        return PROMPT.format(story=item.story.strip(), note=note, question=item.question, choices=item.choices)

    def mark(self, item: HiToMItem, text: str | None, profile: Profile) -> Mark:
        if profile is Profile.REFERENCE:
            letter = reference_tag_letter(reference_strip_thoughts(text) or "", LETTERS)
            chosen = reference_options(item.choices).get(letter) if letter else None
        else:
            final = final_text(text or "")
            letter = tag_letter(final, LETTERS) if final else None
            chosen = options(item.choices).get(letter) if letter else None
        right = chosen is not None and chosen.strip() == item.correct_answer.strip()
        return Mark(score=float(right), answer=letter)

    def gold_reply(self, item: HiToMItem, profile: Profile) -> str:
        parse = reference_options if profile is Profile.REFERENCE else options
        letters = [letter for letter, text in parse(item.choices).items() if text == item.correct_answer]
        return f"<answer>{letters[0]}</answer>" if letters else ""

    def chance(self, item: HiToMItem) -> float | None:
        return 1 / len(options(item.choices))

    def facets(self, item: HiToMItem) -> dict[str, str]:
        return {
            "deception": str(item.deception),
            "length": str(item.story_length),
            "order": str(item.question_order),
        }


def published_item(row: dict[str, object], index: int) -> HiToMItem:
    """One row of the upstream JSON file."""
    story = text_of(row, "story")
    return HiToMItem(
        id=f"hitom-{index}",
        origin=Origin.PUBLISHED,
        cluster=digest(story),
        story=story,
        question=text_of(row, "question"),
        choices=text_of(row, "choices"),
        correct_answer=text_of(row, "answer"),
        deception=str(row.get("deception")) == "True",
        story_length=int(text_of(row, "story_length")),
        question_order=int(text_of(row, "question_order")),
    )


def reference_options(choices: str) -> dict[str, str]:
    """Letter to text as published: an option that contains a comma vanishes."""
    return {match.group(1): match.group(2) for match in _REFERENCE_OPTION.finditer(choices)}


def options(choices: str) -> dict[str, str]:
    """Letter to text; commas inside an option are kept."""
    start = re.search(r"[A-Z]\. ", choices)
    parts = _NEXT_OPTION.split(choices[start.start() :]) if start else []
    return {part[0]: part[3:].strip() for part in parts}
