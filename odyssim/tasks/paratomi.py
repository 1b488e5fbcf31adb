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
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from odyssim.errors import DataError, UnknownName
from odyssim.tasks.base import Item
from odyssim.tasks.choice import ChoiceTask, Mark
from odyssim.tasks.extraction import (
    contains_word,
    final_text,
    reference_strip_thoughts,
    reference_tag_text,
    tag_text,
)
from odyssim.tasks.records import digest, published_file, read_jsonl, text_of
from odyssim.tasks.story_world import search_question, unseen_move_story
from odyssim.types import Axis, Origin, Profile, derive_seed

FIXED_FILE = "bench/tomi_fixed/data/fixedtomi/test_balanced.jsonl"
ORIGINAL_FILE = "bench/tomi/tomi_balanced_story_types/fb_all_test.txt"
VILLAGE_ITEMS = 200

PROMPT = """\
You watch a scene. Everyone in it notices only what happens in the place where they are; once they have left, they \
miss what is done there. A thing that has been moved is no longer where it was.

Answer with the innermost container, the smallest thing that holds what is asked for, and put only that in tags, \
like <answer>basket</answer>.

Story:
{story}
{note}
Question: {question}"""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_SEPARATORS = re.compile(r"[\s_\-]+")


class ParaToMiItem(Item):
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
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "CC-BY-NC-4.0"

    def items(self, split: str = "test", *, data: Path | None = None) -> Sequence[ParaToMiItem]:
        if split == "village":
            return self.generate(VILLAGE_ITEMS, seed=0)
        if split == "test":
            path = published_file(data, FIXED_FILE)
            return [fixed_item(row, path, line) for line, row in read_jsonl(path)]
        if split == "tomi":
            return original_items(published_file(data, ORIGINAL_FILE))
        raise UnknownName("split of paratomi", split, ["test", "tomi", "village"])

    def generate(self, n: int, seed: int) -> list[ParaToMiItem]:
        """`n` synthetic questions of order 0 to 2, three to a story; the same seed gives the same items."""
        items = []
        for index in range(n):
            number, order = divmod(index, 3)
            story = unseen_move_story(random.Random(derive_seed(seed, "paratomi", number)))
            rng = random.Random(derive_seed(seed, "paratomi", number, order))
            chain = tuple(rng.sample(story.people, order))
            items.append(
                ParaToMiItem(
                    id=f"village-{seed}-{index}",
                    origin=Origin.GENERATED,
                    cluster=f"village-{seed}-{number}",
                    story=tuple(story.sentences),
                    question=search_question(story.thing, chain),
                    correct_answer=story.believed_place(chain),
                    cands=tuple(sorted(story.containers)),
                    question_type=f"order_{order}",
                )
            )
        return items

    def prompt(self, item: ParaToMiItem, profile: Profile) -> str:
        note = f"\n{item.extra_info}\n" if item.extra_info else ""
        text = PROMPT.format(story=story_text(item.story), note=note, question=item.question)
        shown = shown_candidates(item.cands)
        return text if shown is None else f"{text}\n\nOptions: {shown}"

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

    def gold_reply(self, item: ParaToMiItem, profile: Profile) -> str:
        return f"<answer>{item.correct_answer}</answer>"

    def chance(self, item: ParaToMiItem) -> float | None:
        choices = candidates(item.cands)
        return 1 / len(choices) if choices else None

    def facets(self, item: ParaToMiItem) -> dict[str, str]:
        return {"question_type": item.question_type} | ({"story_type": item.story_type} if item.story_type else {})


def fixed_item(row: dict[str, Any], path: Path, line: int) -> ParaToMiItem:
    """One line of the repaired ToMi file: story with numbered lines, containers as candidates."""
    story = re.sub(r"^\d+ ", "", text_of(row, "story"), flags=re.MULTILINE)
    answer, containers = text_of(row, "answer"), row.get("containers") or []
    if not story or not answer:
        raise DataError("a ToMi row needs 'story' and 'answer'", path=path, line=line)
    return ParaToMiItem(
        id=f"tomi_fixed-{line}",
        origin=Origin.PUBLISHED,
        cluster=digest(story),
        story=tuple(story.splitlines()),
        question=text_of(row, "question"),
        correct_answer=answer,
        cands=tuple(map(str, containers)),
        question_type=text_of(row, "question_type"),
        story_type=text_of(row, "story_type"),
    )


def original_items(path: Path) -> list[ParaToMiItem]:
    """All questions of a bAbI-style ToMi file; types come from the `.trace` file beside it, one line a question.

    Containers are the places that the story puts the asked thing into.
    """
    traces = path.with_suffix(".trace").read_text(encoding="utf-8").splitlines()
    items: list[ParaToMiItem] = []
    story: list[str] = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        index, _, rest = raw.partition(" ")
        if not index.isdigit():
            raise DataError("expected 'N sentence'", path=path, line=number)
        if index == "1":
            story = []
        if "\t" not in rest:
            story.append(rest)
            continue
        question, answer, *_ = rest.split("\t")
        if len(items) >= len(traces):
            raise DataError("more questions than trace lines", path=path, line=number)
        *_, question_type, story_type = traces[len(items)].split(",")
        items.append(
            ParaToMiItem(
                id=f"tomi-{len(items)}",
                origin=Origin.PUBLISHED,
                cluster=digest(" ".join(story)),
                story=tuple(story),
                question=question,
                correct_answer=answer,
                cands=tuple(_places_of_asked_thing(story, question)),
                question_type=question_type,
                story_type=story_type,
            )
        )
    return items


def _places_of_asked_thing(story: list[str], question: str) -> list[str]:
    places = []
    for sentence in story:
        match = re.fullmatch(r"(?:The (\w+) (?:is|are) in the (\w+)|\w+ moved the (\w+) to the (\w+))\.", sentence)
        if match:
            thing, place = match.group(1) or match.group(3), match.group(2) or match.group(4)
            if contains_word(question, thing):
                places.append(place)
    return sorted(set(places))


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
