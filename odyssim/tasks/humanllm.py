"""HumanLLM, item selection: which of twenty products does this person buy next? A ranking of five (EVAL).

    person       Runs a small pottery studio. History 1: glaze brushes, History 2: kiln thermometer;
    candidates   A: phone case   B: pottery sponge   C: dog lead ...
    policy       Clay work all over. <answer>B,K,A,F,C</answer>
    score        1, the reciprocal rank of the product bought (B); 1/2 in second place, 0 beyond the fifth

Source: HumanLLM, KDD 2026 (arXiv 2601.15793), Amazon part of its data.
"""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar, Final

from odyssim.tasks.choice import Mark
from odyssim.tasks.extraction import final_text, reference_strip_thoughts, tag_text
from odyssim.tasks.letters import LETTERS, LetterItem, LetterTask, checked_options, option_lines
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Profile

TOP: Final = 5
CANDIDATES: Final = 20

SYSTEM = """\
You are the person described below, shopping. Choose what you would buy next, as that person would and not as a \
salesperson might advise. You may think first. Your last line must hold {count} different letters of products, the \
most likely one first, joined by commas without spaces, in answer tags, like <answer>{example}</answer>."""

TASK = """\
Which product do you buy next? Rank the {count} most likely of the products above, best first.
- Use only the letters above, each at most once: exactly {count} letters.
- Put commas between them, no spaces, and nothing else into the tags.
- End with that line, for example: <answer>{example}</answer>"""

_EXAMPLE: Final = "BACDE"
_FIRST_CANDIDATE: Final = re.compile(r"Candidate\s*1\s*:")
_HISTORY: Final = re.compile(r"History\s*(\d+)\s*:")
_REFERENCE_RANKING: Final = re.compile(r"<answer>([A-T](?:,[A-T]){4})</answer>")
_BETWEEN: Final = re.compile(r"[\s,;>]+")


class HumanLLMItem(LetterItem):
    """One person and their candidates; `person` is the published text as far as the candidates in it."""

    person: str


class HumanLLM(LetterTask[HumanLLMItem]):
    """The product that a person buys next."""

    name: ClassVar[str] = "humanllm"
    title: ClassVar[str] = "HumanLLM"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.EVAL
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("humanllm",), test=("humanllm_val.parquet",), train=("humanllm_rl_train.parquet",)
    )
    options_stand_alone: ClassVar[bool] = True

    def read(self, row: Row, profile: Profile) -> HumanLLMItem:
        text = row.text("prompt_text") or _first_message(row.info.get("conversations"))
        candidates, answer = row.texts("candidates"), row.whole("answer_index")
        if not text or not candidates:
            row.fail("'prompt_text' or 'candidates' is missing or blank")
        if answer is None or not 0 <= answer < len(candidates):
            row.fail(f"'answer_index' is {answer}, with {len(candidates)} candidates")
        person = before_candidates(text)
        item = HumanLLMItem(
            **row.identity(digest(person)),
            options=candidates[:CANDIDATES],
            gold=LETTERS[answer] if answer < CANDIDATES else "",
            person=person,
        )
        if profile is Profile.IMPROVED:
            checked_options(item)
            letter = row.text("answer_letter").strip().upper()
            if letter and letter != item.gold:
                row.fail(f"'answer_index' {answer} and 'answer_letter' {letter} are not the same candidate")
        return item

    def prompt(self, item: HumanLLMItem, profile: Profile) -> Prompt:
        shown = self.shown(item, profile)
        count = TOP if profile is Profile.REFERENCE else min(TOP, len(shown))
        asked = {"count": count, "example": ",".join(_EXAMPLE[:count])}
        return Prompt(
            system=SYSTEM.format(**asked),
            sections=(
                Section(text=history_lines(item.person, renumber=profile is Profile.REFERENCE), cut=Cut.MIDDLE),
                Section(text=option_lines(shown, ":")),
                Section(text=TASK.format(**asked)),
            ),
        )

    def mark(self, item: HumanLLMItem, text: str | None, profile: Profile) -> Mark:
        """The reciprocal rank among the first five; `ndcg` counts later places of a longer ranking too."""
        gold = self.gold_letter(item, profile)
        ranking = self.ranking(item, text, profile)
        rank = ranking.index(gold) + 1 if gold in ranking else math.inf
        return Mark(
            score=1 / rank if rank <= TOP else 0.0,
            answer=",".join(ranking) or None,
            metrics={
                "hit_at_5": float(rank <= TOP),
                "top1": float(rank == 1),
                "ndcg": 1 / math.log2(1 + rank),
            },
        )

    def ranking(self, item: HumanLLMItem, text: str | None, profile: Profile) -> list[str]:
        """The letters that a completion ranks, best first; empty if it gives no ranking of legal letters.

        `improved` takes any spacing, case and length, and a repeated letter at its first place.
        """
        if profile is Profile.REFERENCE:
            found = _REFERENCE_RANKING.search(reference_strip_thoughts(text) or "")
            letters = found.group(1).split(",") if found else []
            legal = LETTERS[: len(item.options)]
            return letters if len(set(letters)) == len(letters) and set(letters) <= set(legal) else []
        inside = tag_text(final_text(text or "") or "") or ""
        letters = [letter for letter in _BETWEEN.split(inside.upper().strip(" \n.[]()")) if letter]
        return list(dict.fromkeys(letters)) if set(letters) <= set(self.shown(item, profile)) else []

    def gold_reply(self, item: HumanLLMItem, profile: Profile) -> str:
        gold = self.gold_letter(item, profile)
        others = [letter for letter in self.shown(item, profile) if letter != gold]
        return f"<answer>{','.join([gold, *others[: TOP - 1]])}</answer>"

    def chance(self, item: HumanLLMItem) -> float | None:
        shown = len(self.shown(item, Profile.IMPROVED))
        return sum(1 / rank for rank in range(1, min(TOP, shown) + 1)) / shown


def before_candidates(text: str) -> str:
    """The text up to the published list of candidates, which is shown in lines of its own instead."""
    found = _FIRST_CANDIDATE.search(text)
    return text[: found.start()].rstrip() if found else text


def history_lines(text: str, *, renumber: bool) -> str:
    """The purchases in `text`, introduced by 'History n:', on a line each; as published they are counted anew.

    Trailing commas and semicolons go; blanks before them stay, as published.
    """
    head, *entries = _HISTORY.split(text)
    if not entries:
        return text
    lines = [head.rstrip()] if head.strip() else []
    for place, (number, entry) in enumerate(zip(entries[::2], entries[1::2], strict=True), start=1):
        lines.append(f"History {place if renumber else number}: {entry.strip().rstrip(',;')}")
    return "\n".join(lines)


def _first_message(conversations: Any) -> str:
    """The text of the first message of the first conversation; '' if there is none."""
    found = conversations
    while isinstance(found, (list, tuple, dict)) and found:
        found = found.get("messages") or found.get("content") if isinstance(found, dict) else found[0]
    return found if isinstance(found, str) else ""
