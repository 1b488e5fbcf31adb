"""RM-R1: which of two answers is better, with the reasons written out? The policy as a reward model that thinks.

    question 1   what the user asked, the answers of A (better) and B      "... <answer>[[A]]</answer>"
    question 2   the same with the answers exchanged                       "... <answer>[[B]]</answer>"
    score        1: the share of the orders in which the better answer won (`reference`: one order only)

Source: Chen et al. 2025 (arXiv 2505.02387). As published, rows for training earn +1 or -1 for how the output ends
(`rl_reward`), rows of evaluation suites 1 or 0 for the verdicts anywhere in it; as a score, -1 becomes 0. The rows come
from an envelope file: `--data FILE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import ClassVar, Final

from pydantic import ValidationError

from odyssim.errors import DataError
from odyssim.tasks.choice import ChoiceItem, Mark
from odyssim.tasks.extraction import final_text, tag_letter, tag_text
from odyssim.tasks.judging import JudgingTask, Question, bracketed_letter, spelt
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Message, Profile

PLACES: Final = "AB"
RL_SUITES: Final = frozenset({"rlvr", "train", "rm_r1_rlvr", "reasoning_rlvr", "after_distill_rlvr"})
RL_TAIL: Final = 80
"""How many characters at the end of an output the published reward looks at."""

RUBRICS = """\
You are an impartial judge of two assistants, A and B, who answer the same user. Decide whose answer is better.

First find out what kind of request it is, and say so in <type> tags: 'reasoning' if it has an answer that can be \
worked out (mathematics, code, logic, facts that follow from given ones), else 'chat'.

If it is reasoning: work out your own answer in <solution> tags before you look at theirs, and check each of them \
against it step by step. A right result by a sound way beats everything else.

If it is chat: write in <rubric> tags three to five criteria on which this request deserves to be judged, such as \
being right, being safe, meeting the wishes the user stated, being clear; give each a weight in percent, and say in \
<why> tags why these and these weights.

Then compare the answers in <eval> tags, criterion by criterion or step by step, and quote what you rely on. Neither \
the order of the answers, nor their length, nor the names may sway you.

End with your verdict in exactly this form: <answer>[[A]]</answer> if A is better, <answer>[[B]]</answer> if B is."""

REASONING = """\
Two assistants, A and B, have answered the same user; you are the impartial judge. Think about what a good answer \
must contain, and solve the task yourself where it can be solved. Compare both answers with that. Their order, their \
length and their names mean nothing. End with <answer>[[A]]</answer> if A is better, or <answer>[[B]]</answer> if B \
is."""

_REASONING_NAMES: Final = frozenset({"reasoning", "rm-r1-reasoning", "deepseek", "deepseek-distilled"})
_LABEL: Final = re.compile(r"(?:(?:model|answer|response|chatbot)_|model-)?([ab])")


class Mode(StrEnum):
    """How a judge is asked: by rubrics in a system text, or by one user text for models that reason by themselves."""

    INSTRUCT = "instruct"
    REASONING = "reasoning"


class RMR1Item(ChoiceItem):
    """Two answers to a question, or two whole conversations (`question` is blank then).

    `gold` is the place of the better one, '' if the published label names none. `trained` rows are those of the RL
    suites. `context` are messages to be put as they are, in place of a prompt made of the other fields.
    """

    question: str
    answers: tuple[str, ...]
    conversations: bool
    gold: str
    mode: Mode
    suite: str
    trained: bool
    context: tuple[Message, ...] = ()


class RMR1(JudgingTask[RMR1Item]):
    """The better of two answers, judged with written reasons."""

    name: ClassVar[str] = "rm_r1"
    title: ClassVar[str] = "RM-R1"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.EVAL
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(keys=("rm_r1",))

    def read(self, row: Row, profile: Profile) -> RMR1Item:
        conversations = bool(row.info.get("multi_turn")) or bool(row.text("conversation_1"))
        question = "" if conversations else row.text("question", "prompt_text", "prompt", "instruction")
        answers = _conversations(row) if conversations else _answers(row)
        complete = all(answers) and bool(question or conversations)
        context = () if row.info.get("force_rebuild_prompt") else _messages(row)
        if profile is Profile.IMPROVED and complete:
            context = ()  # messages put as they are cannot be asked the other way round
        if not context and not complete:
            row.fail("both conversations are needed" if conversations else "a question and two answers are needed")
        suite = row.text("eval_suite").lower() or "rlvr"
        item = RMR1Item(
            **row.identity(digest(question or "\n".join(map(str, (*answers, *context))))),
            question=question,
            answers=answers,
            conversations=conversations,
            gold=_gold(row),
            mode=mode_of(row.text("rm_r1_mode")),
            suite=suite,
            trained=suite in RL_SUITES or row.text("reward_mode") == "rlvr",
            context=context,
        )
        if not item.gold and (item.trained or profile is Profile.IMPROVED):
            row.fail("the label names neither of the two answers")
        if profile is Profile.IMPROVED and complete and len({answer.strip() for answer in answers}) == 1:
            row.fail("the two answers are the same")
        return item

    def questions(self, item: RMR1Item, profile: Profile) -> list[Question]:
        if item.context:
            return [item.context]
        kind = "Conversation with" if item.conversations else "Answer of"
        system, head = (RUBRICS, "") if item.mode is Mode.INSTRUCT else ("", REASONING)
        return [
            Prompt(
                system=system,
                sections=(
                    Section(text=head),
                    Section(heading="# What the user asked", text=item.question),
                    Section(heading=f"# {kind} assistant A", text=item.answers[PLACES.index(order[0])]),
                    Section(heading=f"# {kind} assistant B", text=item.answers[PLACES.index(order[1])]),
                ),
            )
            for order in orders(item, profile)
        ]

    def verdict(self, item: RMR1Item, number: int, text: str, profile: Profile) -> str | None:
        if profile is Profile.IMPROVED:
            return read_place(text)
        read = tagged_place if item.trained else bracketed_place
        return read(text)

    def weigh(self, item: RMR1Item, verdicts: Sequence[str | None], profile: Profile) -> Mark:
        shown = orders(item, profile)
        chosen = [
            None if verdict is None else order[PLACES.index(verdict)]
            for verdict, order in zip(verdicts, shown, strict=True)
        ]
        score = sum(place == item.gold for place in chosen if item.gold) / len(chosen)
        metrics = {}
        if profile is Profile.REFERENCE and item.trained:
            metrics["rl_reward"] = 2 * score - 1
        if len(chosen) > 1:
            metrics["consistent"] = float(chosen[0] is not None and len(set(chosen)) == 1)
        return Mark(score=score, answer=spelt(verdicts), metrics=metrics)

    def gold_replies(self, item: RMR1Item, profile: Profile) -> list[str]:
        return [f"<answer>[[{PLACES[order.index(item.gold)]}]]</answer>" for order in orders(item, profile)]

    def chance(self, item: RMR1Item) -> float | None:
        return 0.5

    def facets(self, item: RMR1Item) -> dict[str, str]:
        return {"suite": item.suite, "mode": item.mode.value}


def _answers(row: Row) -> tuple[str, str]:
    first, second = (
        row.text(f"answer_{letter}", f"response_{letter}", f"output_{letter}", f"assistant_response_{letter}")
        for letter in "ab"
    )
    return first, second


def _conversations(row: Row) -> tuple[str, str]:
    first, second = (
        row.text(f"conversation_{number}", f"conversation{number}", f"conversation_{letter}")
        for number, letter in ((1, "a"), (2, "b"))
    )
    return first, second


def _messages(row: Row) -> tuple[Message, ...]:
    given = row.objects("context_messages")
    try:
        return tuple(Message.model_validate({"role": one.get("role"), "content": one.get("content")}) for one in given)
    except ValidationError:
        row.fail("'context_messages' is not a list of messages with role and content")


def _gold(row: Row) -> str:
    """The place of the better answer; '' if the first label that is given names none."""
    label = row.text("winner", "answer", "ground_truth")
    if label:
        return place_of(label)
    letter = row.need("correct_letter", "gold_letter").strip().upper()
    return letter if letter in tuple(PLACES) else row.fail(f"the gold letter is {letter!r}, neither A nor B")


def place_of(label: str) -> str:
    """The place that a label such as 'model_a', 'B' or 'response_b' names; '' for any other ('tie')."""
    found = _LABEL.fullmatch(label.strip().lower())
    return found.group(1).upper() if found else ""


def mode_of(name: str | None) -> Mode:
    """The mode of a published mode name; instruct unless it is one of the names of the reasoning mode."""
    return Mode.REASONING if (name or "").strip().lower().replace("_", "-") in _REASONING_NAMES else Mode.INSTRUCT


def orders(item: RMR1Item, profile: Profile) -> tuple[str, ...]:
    """The places as shown: 'BA' shows answer B first. `improved` asks both ways round where the prompt is ours."""
    return ("AB", "BA") if profile is Profile.IMPROVED and not item.context else ("AB",)


# --- verdicts and rewards ---------------------------------------------------------------------------------------


def read_place(text: str) -> str | None:
    """The verdict of the final text: in the last answer tag; without any tag, in the last double brackets."""
    final = final_text(text) or ""
    return bracketed_letter(final, PLACES) if tag_text(final) is None else tag_letter(final, PLACES)


def tagged_place(text: str) -> str | None:
    """The one place whose tagged verdict stands, literally, in the last 80 characters; none if none or both do."""
    return _only(lambda place: f"<answer>[[{place}]]</answer>" in text[-RL_TAIL:])


def bracketed_place(text: str) -> str | None:
    """The one place whose verdict in double brackets stands anywhere in the text; none if none or both do."""
    return _only(lambda place: f"[[{place}]]" in text)


def rl_reward(output: str | None, winner: str) -> float:
    """The published reward for training, +1 or -1. `DataError` for a `winner` that names neither answer."""
    if not place_of(winner):
        raise DataError(f"'{winner}' names neither of the two answers")
    return 1.0 if tagged_place(output or "") == place_of(winner) else -1.0


def _only(stands: Callable[[str], bool]) -> str | None:
    found = [place for place in PLACES if stands(place)]
    return found[0] if len(found) == 1 else None
