"""Verbal feedback: what a task offers for a second attempt, and what a hint may never tell.

policy   ... <answer>A</answer>                                             wrong
writer   "Noah had left before the plum was moved."                         one sentence, no letter, no gold text
policy   sees the prompt again, with the sentence above the question        and tries a second time

A task that is played in words works alike: there the verdicts of judges are the critique, what people really said is
the gold answer, and the second attempt is a whole new episode with the hint in the policy's opening.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final

from odyssim.errors import UsageError
from odyssim.models.base import Cast
from odyssim.tasks.base import ItemT, Task
from odyssim.tasks.extraction import contains_word, plain_words
from odyssim.tasks.prompt import Prompt, fitted
from odyssim.types import Episode, Message, Outcome, Profile, Record

ONLY_PART: Final = ""
"""The name of the part of a policy that plays one part."""


class Arm(StrEnum):
    """What the second attempt is given. The three are trained and reported apart: two of them use the gold answer."""

    CRITIQUE = "critique"
    """A hint by a writer that sees the draft and not the gold answer."""
    CRITIQUE_AND_GOLD = "critique+gold"
    """A hint by a writer that sees the gold answer too, and must not tell it."""
    GOLD = "gold"
    """The gold answer itself, and no writer: what is gained by privileged data alone."""


class Flow(Record):
    """How the released code of a task departs from the flow of `second_attempt`; the defaults depart in nothing."""

    until_step: int | None = None
    """No hints from this training step (from 0) on."""
    asks_outside_training: bool = False
    """The writer is asked where its hint is not used."""
    tries_without_hint: bool = False
    """An empty hint brings a second attempt all the same."""
    shares_rollout: bool = False
    """The second attempt counts as the generation of the draft."""
    trains_hinted: bool = True
    """The hinted prompt is trained on as well."""


class Brief(Record):
    """What a task's writer is asked for.

    `ask` says what to write, `never` what not to reveal. The hint stands behind `lead`, in front of the prompt section
    `before` (last if empty). Published details: whether the writer sees the draft, the training step from which on no
    hints are given, and whether the hinted prompt is trained on as well.
    """

    ask: str
    never: str
    before: str = ""
    lead: str = "Keep in mind:"
    published_sees_draft: bool = True
    published_until_step: int | None = None
    published_trains_hinted: bool = True


class Secret(Record):
    """The gold answer as a hint could give it away: the option letter (if there are letters) and its texts."""

    letter: str | None = None
    texts: tuple[str, ...] = ()


_WORDS = r"(?:answer|option|choice|letter|pick|choose|select|correct|right)"


def leaks(hint: str, secret: Secret) -> bool:
    """Whether a hint names the gold letter as an option, or holds a gold text (also with other case or signs)."""
    if secret.letter:
        letter = re.escape(secret.letter)
        named = (
            rf"\b{_WORDS}\b(?:\s+(?:is|was|should\s+be|would\s+be|the|letter|option))*\s*[:=]?\s*[(\[*\"']*{letter}\b"
        )
        tagged = (
            rf"<answer>\s*{letter}\s*</answer>|\[\[\s*{letter}\s*\]\]|\({letter}\)|\b{letter}\s+is\s+(?:right|correct)"
        )
        if re.search(f"{named}|{tagged}", hint, re.IGNORECASE):
            return True
    plain = plain_words(hint)
    return any(contains_word(plain, plain_words(text)) for text in secret.texts if plain_words(text))


def untold(reasons: Mapping[str, str], secret: Secret) -> dict[str, str]:
    """The reasons of judges that do not give the secret away: judges know more than the policy may be told."""
    return {name: reason for name, reason in reasons.items() if not leaks(reason, secret)}


def telling_runs(text: str, length: int, known: str = "") -> tuple[str, ...]:
    """Every run of `length` words of a text (all of a shorter one) that `known` does not hold, each once, as plain
    words."""
    words, told = plain_words(text).split(), plain_words(known)
    starts = range(max(len(words) - length, 0) + 1)
    runs = dict.fromkeys(" ".join(words[start : start + length]) for start in starts)
    return tuple(run for run in runs if run and not contains_word(told, run))


class Coached(Task[ItemT]):
    """A task with everything that the one flow of `second_attempt` asks of it. Without more, it gives no hints."""

    published_flow: ClassVar[Flow] = Flow()

    # --- what the policy sees first -----------------------------------------------------------------------------

    @abstractmethod
    def first_prompt(self, item: ItemT, profile: Profile, hint: str = "") -> Prompt:
        """What the policy is told before its first words, with a `hint` if there is one."""

    def opening(self, item: ItemT, profile: Profile, hint: str = "", cast: Cast | None = None) -> tuple[Message, ...]:
        """The messages before the policy's first words, cut to the budget of a `cast`.

        Raises `PromptTooLong` in `improved` if they cannot be cut to it.
        """
        prompt = self.first_prompt(item, profile, hint)
        if cast is None:
            return prompt.messages(profile)
        return fitted(prompt, cast.prompt_tokens, cast.split_tokens, profile)

    def openings(self, item: ItemT, profile: Profile, cast: Cast, hint: str = "") -> dict[str, tuple[Message, ...]]:
        """The openings of all parts that the policy plays in one episode, by name."""
        return {ONLY_PART: self.opening(item, profile, hint, cast)}

    # --- when there is a hint, and who writes it from what --------------------------------------------------------

    def flow(self, profile: Profile) -> Flow:
        """What a profile does differently from the plain flow."""
        return self.published_flow if profile is Profile.REFERENCE else Flow()

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """The task's gate: whether an attempt with this outcome gets a hint."""
        return False

    def feedback_messages(
        self, item: ItemT, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm = Arm.CRITIQUE
    ) -> tuple[Message, ...] | None:
        """What a writer model is shown after a scored attempt; none where the task's gate is closed."""
        if not self.earns_hint(outcome, profile):
            return None
        return self.writer_prompt(item, episode, outcome, profile, arm).messages(profile)

    def writer_prompt(self, item: ItemT, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm) -> Prompt:
        """The prompt of a writer model.

        `reference` shows what the published writer of the task sees, whatever the arm. `UsageError` if no model writes
        hints for this task.
        """
        raise UsageError(f"No model writes hints for {self.name}.", hint="use rule-based hints, or none")

    def rule_hint(self, item: ItemT, episode: Episode, outcome: Outcome, profile: Profile) -> str:
        """A hint that no model writes; '' if there is nothing to say. `UsageError` for a task without rules."""
        raise UsageError(f"{self.name} has no rule-based hints.", hint="name a writer model instead")

    # --- what only some may know ------------------------------------------------------------------------------------

    def secret(self, item: ItemT, profile: Profile) -> Secret:
        """What a hint must not tell: the gold answer, and what only others in the scene know."""
        return Secret()

    def gold(self, item: ItemT, profile: Profile) -> str:
        """The gold answer for a writer's eyes; '' for a task or an item without one."""
        return ""

    def gold_hint(self, item: ItemT, profile: Profile) -> str:
        """The hint of the arm that gives the gold answer away."""
        return f"What was really said:\n{self.gold(item, profile)}"

    # --- what an attempt is worth -----------------------------------------------------------------------------------

    async def score_hinted(self, item: ItemT, episode: Episode, cast: Cast, profile: Profile) -> Outcome:
        """Score a second attempt: as a first one, but for tasks whose published code does it differently."""
        return await self.score(item, episode, cast, profile)

    def reward(self, episode: Episode, outcome: Outcome, profile: Profile, *, hinted: bool) -> float | None:
        """What a trainer is given for an attempt: the score; none if there is none."""
        return outcome.score
