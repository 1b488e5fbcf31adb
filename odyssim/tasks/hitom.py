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
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import ClassVar

from odyssim.errors import DataError
from odyssim.settings import Settings
from odyssim.tasks.choice import Mark
from odyssim.tasks.extraction import reference_strip_thoughts, reference_tag_letter
from odyssim.tasks.feedback import Brief
from odyssim.tasks.letters import ASK_FOR_LETTER, LETTERS, LetterItem, LetterTask, checked_options
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest, read_json
from odyssim.tasks.rows import Row
from odyssim.tasks.story_world import belief_question, departing_story
from odyssim.tasks.worlds.hitom_missed import missed_step
from odyssim.tasks.worlds.hitom_solver import believed_place, read_question, read_story
from odyssim.tasks.worlds.hitom_story import HiToMDifficulty, generate_story
from odyssim.types import Axis, Json, Origin, Profile, derive_seed

DATA_FILE = "bench/hitom/Hi-ToM_data.json"
VILLAGE_ITEMS = 200
GENERATED_ITEMS = 600
TALK = "Whoever tells something counts on being believed; those who were not told, or only overheard, ignore it."

_REFERENCE_OPTION = re.compile(r"([A-Z])\. ([^,]+?)(?=,\s*[A-Z]\.|$)")
_NEXT_OPTION = re.compile(r",\s*(?=[A-Z]\. )")

WORLD = """\
Read the story and work out who knows what. In this world:

1. People in a room notice everything that happens there until they leave it.
2. To know what somebody else has in mind, a person must have been in the same room with them or have talked to them.
3. People may lie. Telling something does not change what the teller believes; a listener trusts whoever left the \
room later than they did themselves. Everybody knows in which order people left.
4. What is said in private is heard by the one it is said to; what is said in public is heard by everybody present."""


class HiToMItem(LetterItem):
    """One question. `choices` is the published line of options, `correct_answer` the text of the right one."""

    story: str
    question: str
    choices: str
    correct_answer: str
    deception: str = "False"
    story_length: int = 1
    question_order: int = 0
    extra_info: str = ""


class HiToM(LetterTask[HiToMItem]):
    """Nested beliefs, order 0 to 4."""

    name: ClassVar[str] = "hitom"
    title: ClassVar[str] = "Hi-ToM"
    version: ClassVar[str] = "2-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "Apache-2.0"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("hitom",), test=("hitom_val.parquet",), train=("hitom_rl_train.parquet",)
    )
    difficulty: type[Settings] = HiToMDifficulty
    feedback: ClassVar[Brief | None] = Brief(
        ask="Write one very short sentence with the fact of the story that decides the question: who was where, when, "
        "or whom somebody has reason to trust.",
        never="Do not name the right container and do not name an option letter.",
        before="question",
        published_sees_draft=False,
        published_until_step=100,
    )

    def read(self, row: Row, profile: Profile) -> HiToMItem:
        story, choices, gold = row.need("story"), row.need("choices"), row.text("correct_answer")
        parsed = tuple(options(choices).values())
        item = HiToMItem(
            **row.identity(digest(story)),
            options=parsed,
            gold=LETTERS[parsed.index(gold.strip())] if gold.strip() in parsed else "",
            story=story,
            question=row.need("question"),
            choices=choices,
            correct_answer=gold,
            deception=row.text("deception") or "False",
            story_length=row.whole("story_length") or 1,
            question_order=row.whole("question_order") or 0,
            extra_info=row.text("extra_info"),
        )
        if profile is Profile.IMPROVED:
            checked_options(item)
        return item

    def original(self, data: Path) -> Iterable[Row] | None:
        path = data / DATA_FILE
        if not path.is_file():
            return None
        return (
            _row({**record, "correct_answer": record.get("answer")}, index, Origin.PUBLISHED, path)
            for index, record in enumerate(read_json(path)["data"])
        )

    def further_splits(self) -> tuple[str, ...]:
        return ("generated", "village")

    def other_rows(self, split: str, data: Path | None, seed: int) -> Iterator[Row]:
        """'generated': 1 to 3 chapters with and without lies. 'village': order 0 to 3 about easy stories."""
        if split == "village":
            yield from village_rows(VILLAGE_ITEMS, seed)
            return
        kinds = [(chapters, deception) for chapters in (1, 2, 3) for deception in (False, True)]
        each = GENERATED_ITEMS // len(kinds)
        for number, (chapters, deception) in enumerate(kinds):
            difficulty = HiToMDifficulty(chapters=chapters, deception=deception)
            rows = self.generate(each, derive_seed(seed, chapters, deception), difficulty)
            yield from (replace(row, index=number * each + row.index) for row in rows)

    def generate(self, n: int, seed: int, difficulty: HiToMDifficulty) -> Iterator[Row]:
        """`n` rows of this difficulty, a story's questions of every order together; the same seed, the same rows."""
        index = 0
        for number in count():
            story = generate_story(random.Random(derive_seed(seed, self.name, number)), difficulty)
            for question in story.questions:
                if index == n:
                    return
                info = {
                    "story": story.text,
                    "question": question.text,
                    "choices": question.choices,
                    "correct_answer": question.answer,
                    "deception": str(difficulty.deception),
                    "story_length": difficulty.chapters,
                    "question_order": len(question.chain),
                    "extra_info": TALK if difficulty.deception else "",
                }
                yield _row(info, index, Origin.GENERATED)
                index += 1

    def missed_step(self, item: HiToMItem, draft: str | None, profile: Profile) -> str:
        """The step of belief that the draft missed; '' where the published answer is not what the story says."""
        try:
            story, (thing, chain) = read_story(item.story), read_question(item.question)
            if believed_place(story, thing, chain).place != item.correct_answer.strip():
                return ""
            return missed_step(
                story, thing, chain, self.shown(item, profile).get(self.letter(item, draft, profile) or "")
            )
        except DataError:
            return ""

    def prompt(self, item: HiToMItem, profile: Profile) -> Prompt:
        shown = self.shown(item, profile).items()
        line = (
            item.choices if profile is Profile.REFERENCE else ", ".join(f"{letter}. {text}" for letter, text in shown)
        )
        return Prompt(
            sections=(
                Section(text=f"{WORLD}\n\n{ASK_FOR_LETTER}"),
                Section(heading="Story:", text=item.story.strip(), cut=Cut.MIDDLE),
                Section(text=item.extra_info),
                Section(name="question", text=f"Question: {item.question}\nOptions: {line}"),
            )
        )

    def mark(self, item: HiToMItem, text: str | None, profile: Profile) -> Mark:
        if profile is Profile.IMPROVED:
            return super().mark(item, text, profile)
        letter = reference_tag_letter(reference_strip_thoughts(text) or "", LETTERS)
        chosen = reference_options(item.choices).get(letter, "") if letter else ""
        return Mark(score=float(bool(chosen) and chosen.strip() == item.correct_answer.strip()), answer=letter)

    def gold_letter(self, item: HiToMItem, profile: Profile) -> str:
        if profile is Profile.IMPROVED:
            return super().gold_letter(item, profile)
        gold = item.correct_answer.strip()
        return next((letter for letter, text in reference_options(item.choices).items() if text.strip() == gold), "")

    def facets(self, item: HiToMItem) -> dict[str, str]:
        return {"deception": item.deception, "length": str(item.story_length), "order": str(item.question_order)}


def village_rows(n: int, seed: int) -> Iterator[Row]:
    """`n` rows of order 0 to 3 about easy stories, four to a story."""
    for index in range(n):
        number, order = divmod(index, 4)
        story = departing_story(random.Random(derive_seed(seed, "hitom", number)))
        rng = random.Random(derive_seed(seed, "hitom", number, order))
        chain = tuple(rng.sample(story.people, order))
        shown = rng.sample(story.containers, len(story.containers))
        info = {
            "story": story.numbered(),
            "question": belief_question(story.thing, chain),
            "choices": ", ".join(f"{letter}. {place}" for letter, place in zip(LETTERS, shown, strict=False)),
            "correct_answer": story.believed_place(chain),
            "question_order": order,
        }
        yield _row(info, index, Origin.GENERATED)


def _row(info: Json, index: int, origin: Origin, path: Path | None = None) -> Row:
    return Row(data_source="hitom", index=index, info=info, origin=origin, path=path)


def reference_options(choices: str) -> dict[str, str]:
    """Letter to text as published: an option that contains a comma vanishes."""
    return {match.group(1): match.group(2) for match in _REFERENCE_OPTION.finditer(choices)}


def options(choices: str) -> dict[str, str]:
    """Letter to text; commas inside an option are kept."""
    start = re.search(r"[A-Z]\. ", choices)
    parts = _NEXT_OPTION.split(choices[start.start() :]) if start else []
    return {part[0]: part[3:].strip() for part in parts}
