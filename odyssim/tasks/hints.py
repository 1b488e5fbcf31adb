"""Hint writers: who looks at a wrong answer and says, in a sentence, what was overlooked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from odyssim.errors import TruncatedThought, UsageError
from odyssim.models.base import ChatModel
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.extraction import final_text, reference_strip_thoughts
from odyssim.tasks.feedback import Arm
from odyssim.tasks.prompt import Prompt, Section
from odyssim.types import Cost, Message, Profile, Record, Sampling

NO_RESPONSE: Final = "(no response)"
SAMPLING: Final = Sampling(max_tokens=2048)

COACH = """\
You coach somebody who works on the task below. {ask} {never}

Write only what you want to tell them, in the language of the task: no greeting, no praise, no heading."""


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the task's item, and what the policy said (none if nothing came)."""

    task: ChoiceTask[Any]
    item: Any
    draft: str | None
    profile: Profile


class Written(Record):
    """What a writer wrote (think-stripped; '' for nothing), and what it cost."""

    text: str
    cost: Cost = Cost()


class HintWriter(Protocol):
    """Writes a hint for a second attempt."""

    async def write(self, wrong: Wrong, arm: Arm) -> Written:
        """The hint. Raises `ModelCallError` if the writer fails."""
        ...


class ModelWriter:
    """A model that writes by the task's brief."""

    def __init__(self, model: ChatModel, sampling: Sampling = SAMPLING) -> None:
        self.model = model
        self.sampling = sampling

    async def write(self, wrong: Wrong, arm: Arm) -> Written:
        reply = await self.model.say(brief_messages(wrong, arm), self.sampling)
        if wrong.profile is Profile.REFERENCE:
            return Written(text=reference_strip_thoughts(reply.text) or "", cost=reply.cost)
        text = final_text(reply.text)
        if text is None:
            raise TruncatedThought("The hint writer's reply ended inside a thought.", cost=reply.cost)
        return Written(text=text, cost=reply.cost)


@runtime_checkable
class ExplainsByRule(Protocol):
    """A task that can say without a model where an answer went wrong."""

    def missed_step(self, item: Any, draft: str | None, profile: Profile) -> str:
        """One sentence on what the draft overlooked; it never names the gold answer."""
        ...


class RuleWriter:
    """Names the step of belief that went wrong, by rule: for tasks that can work out what everybody believes."""

    async def write(self, wrong: Wrong, arm: Arm) -> Written:
        if not isinstance(wrong.task, ExplainsByRule):
            raise UsageError(f"{wrong.task.name} has no rule-based hints.", hint="name a writer model instead")
        return Written(text=wrong.task.missed_step(wrong.item, wrong.draft, wrong.profile))


def brief_messages(wrong: Wrong, arm: Arm) -> tuple[Message, ...]:
    """What a writer model is shown: its brief, the task, and the draft and the gold answer as the arm allows.

    `reference` shows what the published writer of the task sees, whatever the arm. Raises `UsageError` for a task
    without verbal feedback.
    """
    task, profile = wrong.task, wrong.profile
    brief = task.brief(profile)
    if brief is None:
        raise UsageError(f"{task.name} has no verbal feedback.", hint="train it without hints")
    published = profile is Profile.REFERENCE
    sees_draft = brief.published_sees_draft if published else True
    sees_gold = published or arm is Arm.CRITIQUE_AND_GOLD
    shown = task.prompt(wrong.item, profile)
    coach = COACH.format(ask=brief.ask, never=brief.never).strip()
    sections = (
        Section(text=coach),
        Section(text=task.angle(wrong.item)),
        Section(heading="# Task", text="\n\n".join(filter(None, (shown.system, shown.user)))),
        Section(heading="# Their answer (wrong)", text=(wrong.draft or NO_RESPONSE) if sees_draft else ""),
        Section(heading="# Right answer, for your eyes only", text=_gold(wrong) if sees_gold else ""),
    )
    return Prompt(sections=sections).messages(profile)


def gold_hint(wrong: Wrong) -> str:
    """The hint of the arm that gives the gold answer away."""
    return f"The right answer is {wrong.task.gold_reply(wrong.item, wrong.profile)}."


def _gold(wrong: Wrong) -> str:
    secret = wrong.task.secret(wrong.item, wrong.profile)
    return "; ".join(filter(None, (secret.letter, *secret.texts)))
