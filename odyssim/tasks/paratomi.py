"""ParaToMi / ToMi: where will she look for it? False beliefs about a moved thing, first and second order (COG).

    story      Aria entered the porch. Aiden entered the porch. The plum is in the green_bucket. Aiden left the porch.
               Aria moved the plum to the blue_box.
    question   Where will Aiden look for the plum?
    options    green_bucket, blue_box
    policy     Aiden was away when it moved. <answer>green_bucket</answer>
    score      1: the gold is named as a whole word and no other option is

Sources: ToMi (Le et al., EMNLP 2019, CC-BY-NC-4.0), its repaired answers (Wilf et al. 2023), and the paraphrases
ParaToMi (Sclar et al. 2023). Split 'test' is the repaired ToMi, 'tomi' the original bAbI-style file.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from odyssim.errors import DataError
from odyssim.models.base import Cast
from odyssim.settings import Settings
from odyssim.tasks.base import HumanLevel
from odyssim.tasks.choice import ChoiceItem, ChoiceTask, Mark
from odyssim.tasks.extraction import (
    contains_word,
    final_text,
    reference_strip_thoughts,
    reference_tag_text,
    tag_text,
)
from odyssim.tasks.feedback import Brief, Secret
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest, published_file
from odyssim.tasks.rows import Row
from odyssim.tasks.story_world import search_question, unseen_move_story
from odyssim.tasks.tomi_files import FIXED_FILE, ORIGINAL_FILE, fixed_rows, original_rows
from odyssim.tasks.worlds.tomi_missed import missed_step
from odyssim.tasks.worlds.tomi_solver import answer, read_question, read_story
from odyssim.tasks.worlds.tomi_story import Difficulty, generate_question
from odyssim.types import Axis, Episode, Origin, Outcome, Profile, derive_seed

VILLAGE_ITEMS = 200
GENERATED_ITEMS = 600

WORLD = """\
You watch a scene. Everyone in it notices only what happens in the place where they are; once they have left, they \
miss what is done there. A thing that has been moved is no longer where it was.

Answer with the innermost container, the smallest thing that holds what is asked for, and put only that in tags, \
like <answer>basket</answer>."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_SEPARATORS = re.compile(r"[\s_\-]+")


class ParaToMiItem(ChoiceItem):
    """One question in the published form; `cands` is a list, a string that holds a list, or nothing."""

    story: str | tuple[str, ...]
    question: str
    correct_answer: str
    cands: str | tuple[str, ...] | None = None
    question_type: str = ""
    story_type: str = ""
    extra_info: str = ""


class ParaToMi(ChoiceTask[ParaToMiItem]):
    """False beliefs about a moved thing."""

    name: ClassVar[str] = "paratomi"
    title: ClassVar[str] = "ParaToMi (ToMi)"
    version: ClassVar[str] = "2-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "CC-BY-NC-4.0"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("paratomi",), test=("paratomi_val.parquet",), train=("paratomi_rl_train.parquet",)
    )
    difficulty: type[Settings] = Difficulty
    human: ClassVar[HumanLevel | None] = HumanLevel(
        score=1.0, n=114, source="SimToM (Wilf et al. 2023), shown only what the asked person knew"
    )
    feedback: ClassVar[Brief | None] = Brief(
        ask="Write one sentence on the reasoning step that the answer missed.",
        never="Do not name any location or container.",
        before="question",
    )

    def read(self, row: Row, profile: Profile) -> ParaToMiItem:
        story, cands = row.info.get("story"), row.info.get("cands")
        gold = row.text("correct_answer")
        item = ParaToMiItem(
            **row.identity(digest(story_text(story) if isinstance(story, (str, list)) else row.text("story"))),
            story=tuple(map(str, story)) if isinstance(story, list) else row.need("story"),
            question=row.text("question"),
            correct_answer=gold,
            cands=tuple(map(str, cands)) if isinstance(cands, list) else row.text("cands") or None,
            question_type=row.text("qType"),
            story_type=row.text("qTypeRaw"),
            extra_info=row.text("extra_info"),
        )
        if profile is Profile.IMPROVED:
            listed = [plain(place) for place in candidates(item.cands)]
            if not item.question or not gold:
                row.fail("a question and a gold answer are needed")
            if listed and plain(gold) not in listed:
                row.fail(f"the gold answer '{gold}' is none of the candidates")
            if len(set(listed)) < len(listed):
                row.fail("two candidates are the same")
        return item

    def original(self, data: Path) -> Iterable[Row] | None:
        path = data / FIXED_FILE
        return fixed_rows(path) if path.is_file() else None

    def further_splits(self) -> tuple[str, ...]:
        return ("tomi", "generated", "village")

    def other_rows(self, split: str, data: Path | None, seed: int) -> Iterator[Row]:
        """'tomi': the original bAbI-style file. 'generated': fresh stories, paraphrased. 'village': easy ones."""
        if split == "tomi":
            yield from original_rows(published_file(data, ORIGINAL_FILE))
        elif split == "village":
            yield from village_rows(VILLAGE_ITEMS, seed)
        else:
            yield from self.generate(GENERATED_ITEMS, seed, Difficulty(paraphrase=True))

    def generate(self, n: int, seed: int, difficulty: Difficulty) -> Iterator[Row]:
        """`n` rows of this difficulty, first and second order in turn, each about a story of its own.

        The answers are balanced: the last place is right about half of the time.
        """
        for index in range(n):
            rng = random.Random(derive_seed(seed, self.name, index))
            story, question = generate_question(rng, difficulty, 2 if index % 2 else 1)
            info = {
                "story": list(story.sentences),
                "question": question.text,
                "correct_answer": question.place,
                "cands": sorted(story.containers),
                "qType": question.type.value,
                "qTypeRaw": story.kind.value,
            }
            yield Row(data_source="paratomi", index=index, info=info, origin=Origin.GENERATED)

    def missed_step(self, item: ParaToMiItem, draft: str | None, profile: Profile) -> str:
        """The step of belief that the draft missed; '' where the published answer is not what the story says."""
        sentences = item.story if isinstance(item.story, tuple) else _literal(item.story)
        if not isinstance(sentences, (tuple, list)):
            return ""
        try:
            story, question = read_story(list(map(str, sentences))), read_question(item.question)
            if plain(answer(story, question).place) != plain(item.correct_answer):
                return ""
            return missed_step(story, question, self.mark(item, draft, profile).answer)
        except DataError:
            return ""

    def prompt(self, item: ParaToMiItem, profile: Profile) -> Prompt:
        shown = shown_candidates(item.cands)
        return Prompt(
            sections=(
                Section(text=WORLD),
                Section(heading="Story:", text=story_text(item.story), cut=Cut.MIDDLE),
                Section(text=item.extra_info),
                Section(name="question", text=f"Question: {item.question}"),
                Section(text="" if shown is None else f"Options: {shown}"),
            )
        )

    def secret(self, item: ParaToMiItem, profile: Profile) -> Secret:
        return Secret(texts=(item.correct_answer,))

    def mark(self, item: ParaToMiItem, text: str | None, profile: Profile) -> Mark:
        gold, others = item.correct_answer, candidates(item.cands)
        if profile is Profile.REFERENCE:
            answer = reference_tag_text(reference_strip_thoughts(text) or "")
            others = [other for other in others if other.strip().lower() != gold.strip().lower()]
        else:
            answer = plain(tag_text(final_text(text or "") or "") or "")
            gold = plain(gold)
            # A candidate inside the gold ('box' in 'red box') would make the item impossible to win.
            others = [other for other in map(plain, others) if not contains_word(gold, other)]
        named = contains_word(answer, gold)
        right = named and not any(contains_word(answer, other) for other in others)
        return Mark(score=float(right), answer=answer or None)

    async def score_hinted(self, item: ParaToMiItem, episode: Episode, cast: Cast, profile: Profile) -> Outcome:
        """As published, a second attempt is right if the gold stands anywhere in the tag, part of a word or not."""
        if profile is Profile.IMPROVED or episode.failure is not None:
            return await self.score(item, episode, cast, profile)
        answer = reference_tag_text(reference_strip_thoughts(episode.turns[-1].text) or "")
        gold = item.correct_answer.lower()
        return Outcome(score=float(bool(gold) and gold in answer.lower()), answer=answer or None)

    def gold_reply(self, item: ParaToMiItem, profile: Profile) -> str:
        return f"<answer>{item.correct_answer}</answer>"

    def chance(self, item: ParaToMiItem) -> float | None:
        choices = candidates(item.cands)
        return 1 / len(choices) if choices else None

    def facets(self, item: ParaToMiItem) -> dict[str, str]:
        return {"question_type": item.question_type} | ({"story_type": item.story_type} if item.story_type else {})


def village_rows(n: int, seed: int) -> Iterator[Row]:
    """`n` rows of order 0 to 2 about easy stories, three to a story."""
    for index in range(n):
        number, order = divmod(index, 3)
        story = unseen_move_story(random.Random(derive_seed(seed, "paratomi", number)))
        chain = tuple(random.Random(derive_seed(seed, "paratomi", number, order)).sample(story.people, order))
        info = {
            "story": story.sentences,
            "question": search_question(story.thing, chain),
            "correct_answer": story.believed_place(chain),
            "cands": sorted(story.containers),
            "qType": f"order_{order}",
        }
        yield Row(data_source="paratomi", index=index, info=info, origin=Origin.GENERATED)


def story_text(story: str | Sequence[str]) -> str:
    """The story as one text: the sentences of a list (or of a string holding one) joined by spaces."""
    sentences = _literal(story) if isinstance(story, str) else list(story)
    return " ".join(map(str, sentences)) if isinstance(sentences, list) else str(story)


def shown_candidates(cands: str | Sequence[str] | None) -> str | None:
    """The candidates as shown to the policy, or none for no such line.

    A string that is no Python literal is shown as it stands; a literal other than a non-empty list gives no line.
    """
    if not cands:
        return None
    if not isinstance(cands, str):
        return ", ".join(map(str, cands))
    literal = _literal(cands)
    if literal is _NOT_A_LITERAL:
        return cands
    return ", ".join(map(str, literal)) if isinstance(literal, list) and literal else None


def candidates(cands: str | Sequence[str] | None) -> list[str]:
    """The candidates as used for scoring: a string that holds no list is one single candidate."""
    if not cands:
        return []
    if not isinstance(cands, str):
        return list(map(str, cands))
    literal = _literal(cands)
    return list(map(str, literal)) if isinstance(literal, list) else [cands]


def plain(text: str) -> str:
    """Lower case, without articles, with underscores and hyphens as spaces."""
    return _SEPARATORS.sub(" ", _ARTICLES.sub(" ", _SEPARATORS.sub(" ", text.lower()))).strip()


_NOT_A_LITERAL = object()


def _literal(text: str) -> Any:
    """A Python literal (never an expression), or the marker that there is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _NOT_A_LITERAL
