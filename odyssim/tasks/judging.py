"""Tasks in which the policy is the judge: an item puts several questions, each in a context of its own.

    question 1   a task with the answers X (better) and Y         "... Decision: Response 1"     verdict 1
    question 2   the same with the answers Y and X                "... Decision: Response 2"     verdict 2
    score        1: both verdicts mean X, so it was not the place that decided

A judging task says how a row becomes an item (`read`), what is asked (`questions`), what a reply decides (`verdict`)
and what the verdicts together are worth (`weigh`).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from odyssim.errors import DataError, PromptTooLong
from odyssim.models.base import Cast, Floor, Role
from odyssim.tasks.base import ItemT, Played
from odyssim.tasks.choice import Mark, RowTask, played
from odyssim.tasks.prompt import Prompt, fitted
from odyssim.types import Episode, Message, Outcome, Profile

UNREAD: Final = "-"
"""Stands in an `Outcome.answer` for a reply without a verdict."""

Question = Prompt | tuple[Message, ...]
"""A prompt, or messages that are put as they are."""


class JudgingTask(RowTask[ItemT]):
    """The policy judges. Replies and verdicts stand in the order of the questions."""

    @abstractmethod
    def questions(self, item: ItemT, profile: Profile) -> Sequence[Question]:
        """What the policy is asked, each question without knowledge of the others."""

    @abstractmethod
    def verdict(self, item: ItemT, number: int, text: str, profile: Profile) -> str | None:
        """What a reply to question `number` (from 0) decides: a letter, a place, a rating; none if it is unreadable."""

    @abstractmethod
    def weigh(self, item: ItemT, verdicts: Sequence[str | None], profile: Profile) -> Mark:
        """What the verdicts are worth together."""

    @abstractmethod
    def gold_replies(self, item: ItemT, profile: Profile) -> Sequence[str]:
        """Replies that must score full marks."""

    def tries(self, number: int) -> int:
        """How often question `number` is put at most, until a verdict can be read."""
        return 1

    def mark(self, item: ItemT, replies: Sequence[str | None], profile: Profile) -> Mark:
        """Mark the raw replies; pure. `answered` is the share of them that hold a verdict."""
        verdicts = [self.verdict(item, number, text or "", profile) for number, text in enumerate(replies)]
        mark = self.weigh(item, verdicts, profile)
        answered = sum(verdict is not None for verdict in verdicts) / max(len(verdicts), 1)
        return mark.model_copy(update={"metrics": {"answered": answered, **mark.metrics}})

    async def converse(self, item: ItemT, floor: Floor, profile: Profile, hint: str = "") -> Played:
        if hint:
            raise NotImplementedError(f"{self.name} has no verbal feedback")
        self.refuse_dropped(item, floor)
        exchanges = []
        for number, question in enumerate(self.questions(item, profile)):
            messages = self._messages(item, question, floor.cast, profile)
            for attempt in range(self.tries(number)):
                reply = await self.ask_policy(item, messages, floor, profile, number, attempt)
                if self.verdict(item, number, reply.text, profile) is not None:
                    break
            exchanges.append((messages, reply))
        return played(exchanges)

    async def grade(self, item: ItemT, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        replies = [turn.text for turn in episode.turns if turn.speaker == Role.POLICY.value]
        asked = len(self.questions(item, profile))
        if len(replies) != asked:
            raise DataError(
                f"the episode of {self.name} item {item.id} has {len(replies)} replies to {asked} questions",
                hint=f"it was played in the profile '{episode.profile}': score it in that one",
            )
        mark = self.mark(item, replies, profile)
        return Outcome(score=mark.score, answer=mark.answer, metrics=dict(mark.metrics))

    async def validate(self, item: ItemT, cast: Cast | None = None, profile: Profile = Profile.IMPROVED) -> None:
        score = self.mark(item, self.gold_replies(item, profile), profile).score
        if score != 1.0:
            raise DataError(f"the gold answers of {self.name} item {item.id} score {score}, not 1")

    def gold_reply(self, item: ItemT, profile: Profile) -> str:
        """The gold replies to all questions, a line each: for people to read."""
        replies = self.gold_replies(item, profile)
        return "\n".join(f"to question {number}: {text}" for number, text in enumerate(replies, start=1))

    def _messages(self, item: ItemT, question: Question, cast: Cast, profile: Profile) -> tuple[Message, ...]:
        if isinstance(question, Prompt):
            return fitted(question, cast.prompt_tokens, cast.split_tokens, profile)
        size = sum(len(cast.split_tokens(message.content)) for message in question)
        if size > cast.prompt_tokens:
            raise PromptTooLong(
                f"The messages of {self.name} item {item.id} have {size} tokens, and none of them may be cut.",
                hint="raise --prompt-tokens if the model reads more",
            )
        return question


def spelt(verdicts: Sequence[str | None]) -> str | None:
    """The verdicts in one line; none if no reply held one."""
    if all(verdict is None for verdict in verdicts):
        return None
    return " ".join(UNREAD if verdict is None else verdict for verdict in verdicts)


def bracketed_letter(text: str, letters: str) -> str | None:
    """The letter of the last verdict in double brackets, upper-cased: who reconsiders means the later one."""
    found = re.findall(rf"\[\[\s*([{letters}])\s*\]\]", text, re.IGNORECASE)
    return found[-1].upper() if found else None
