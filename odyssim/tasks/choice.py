"""Tasks with an objective answer: one prompt, one completion, one mark.

A choice task says how a published row becomes an item (`read`), what the policy sees (`prompt`) and what a completion
is worth (`mark`). Everything else is here: finding the rows, keeping unusable ones apart, fitting the prompt into the
budget, asking the policy, and counting an unfinished thought as a failure and not as a wrong answer. `RowTask` is the
part of it that does not depend on how often the policy is asked.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

from pydantic import Field

from odyssim.errors import DataError, PromptTooLong, TruncatedThought, UnknownName, UsageError
from odyssim.models.base import Floor, Role
from odyssim.tasks.base import Item, Items, ItemT, Played, Task, failure_of
from odyssim.tasks.extraction import final_text
from odyssim.tasks.feedback import Arm, Brief, Coached, Flow, Secret
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.published import FIXTURE, FIXTURES, TEST, TRAIN, PublishedFiles, fixture_rows, published_rows
from odyssim.tasks.rows import Row
from odyssim.types import Episode, EpisodeStop, Message, Outcome, Profile, Record, Reply, StopReason, Turn

EXAMINER = "examiner"
NO_RESPONSE: Final = "(no response)"
GOLD_HEADING: Final = "# Right answer, for your eyes only"

COACH: Final = """\
You coach somebody who works on the task below. {ask} {never}

Write only what you want to tell them, in the language of the task: no greeting, no praise, no heading."""


@runtime_checkable
class ExplainsByRule(Protocol):
    """A task that can say without a model where an answer went wrong."""

    def missed_step(self, item: Any, draft: str | None, profile: Profile) -> str:
        """One sentence on what the draft overlooked; it never names the gold answer."""
        ...


class ChoiceItem(Item):
    """An item made from a row. `published_prompt`: the messages that decide, in `reference`, whether it is dropped."""

    published_prompt: tuple[Message, ...] = Field(default=(), repr=False)


class Mark(Record):
    """What a completion earns: `score` in 0..1, the answer that was read (none if there was none), other figures."""

    score: float
    answer: str | None
    metrics: dict[str, float] = Field(default_factory=dict)


class RowTask(Task[ItemT]):
    """A task whose items are rows: finding and reading them, and asking the policy about one of them.

    `fixtures` is the folder that holds `NAME.jsonl`.
    """

    published: ClassVar[PublishedFiles]
    fixtures: ClassVar[Path] = FIXTURES

    @abstractmethod
    def read(self, row: Row, profile: Profile) -> ItemT:
        """The item in a row. `DataError` if it cannot be used; then it is dropped, counted and reported."""

    def original(self, data: Path) -> Iterable[Row] | None:
        """The rows of the original benchmark's files below `data`, brought into the envelope; none if not there."""
        return None

    def further_splits(self) -> tuple[str, ...]:
        """Names of splits that `other_rows` knows, besides 'test', 'train' and 'fixture'."""
        return ()

    def other_rows(self, split: str, data: Path | None, seed: int) -> Iterable[Row]:
        """The rows of one of `further_splits`."""
        raise NotImplementedError(split)

    def arranged(self, items: Sequence[ItemT], profile: Profile, seed: int) -> Sequence[ItemT]:
        """The items of a split together: the place for what must be balanced over all of them."""
        return items

    def items(
        self, split: str = TEST, *, data: Path | None = None, profile: Profile = Profile.IMPROVED, seed: int = 0
    ) -> Items[ItemT]:
        items, dropped = [], []
        for row in self.rows(split, data=data, seed=seed):
            try:
                item = self.read(row, profile)
            except DataError as error:
                dropped.append(failure_of(error))
                continue
            if profile is Profile.REFERENCE and row.prompt:
                item = item.model_copy(update={"published_prompt": row.prompt})
            items.append(item)
        return Items(self.arranged(items, profile, seed), dropped)

    def rows(self, split: str = TEST, *, data: Path | None = None, seed: int = 0) -> Iterator[Row]:
        """The rows of a split, as published."""
        if split in self.further_splits():
            yield from self.other_rows(split, data, seed)
        elif split == FIXTURE:
            yield from fixture_rows(self.fixtures, self.name)
        elif split in (TEST, TRAIN):
            paths = self.published.find(split, data)
            original = self.original(data) if data is not None and not paths and split == TEST else None
            if paths:
                yield from published_rows(paths, self.published.keys, _known_keys())
            elif original is not None:
                yield from original
            elif split == TEST:
                yield from fixture_rows(self.fixtures, self.name)
            else:
                names = ", ".join(self.published.train) or "none published"
                raise DataError(
                    f"no training rows of {self.name} in {data or 'no data folder'} ({names})",
                    hint="add --data FOLDER (the folder of the published files)",
                )
        else:
            raise UnknownName(f"split of {self.name}", split, [TEST, TRAIN, FIXTURE, *self.further_splits()])

    async def ask_policy(
        self, item: ItemT, messages: Sequence[Message], floor: Floor, profile: Profile, *keys: object
    ) -> Reply:
        """What the policy says to `messages`, under a seed of its own for the item and `keys`.

        Raises `TruncatedThought` in `improved` for a reply that ended inside a thought.
        """
        sampling = floor.cast.sampling.with_seed_for(self.name, item.id, *keys)
        reply = await floor.ask(Role.POLICY, messages, sampling)
        unfinished = reply.stop_reason is StopReason.LENGTH and final_text(reply.text) is None
        if unfinished and profile is Profile.IMPROVED:
            error = TruncatedThought(
                f"The reply to {self.name} item {item.id} ended inside a thought after {sampling.max_tokens} tokens.",
                hint="raise --max-tokens, or switch the model's thinking off",
            )
            error.party = Role.POLICY.party
            raise error
        return reply

    def refuse_dropped(self, item: ItemT, floor: Floor) -> None:
        """As published, a row whose own messages are over the budget is not evaluated."""
        published = item.published_prompt if isinstance(item, ChoiceItem) else ()
        size = sum(len(floor.cast.split_tokens(message.content)) for message in published)
        if size > floor.cast.prompt_tokens:
            raise PromptTooLong(
                f"The published messages of {self.name} item {item.id} have {size} tokens.",
                hint="raise --prompt-tokens, or use the profile 'improved', which shortens long parts",
            )


class ChoiceTask(RowTask[ItemT], Coached[ItemT]):
    """A single-turn task with an objective answer. `feedback` is what a hint for a second attempt may be."""

    feedback: ClassVar[Brief | None] = None

    @abstractmethod
    def prompt(self, item: ItemT, profile: Profile) -> Prompt:
        """What the policy sees."""

    @abstractmethod
    def mark(self, item: ItemT, text: str | None, profile: Profile) -> Mark:
        """Mark a raw completion; pure. `None` stands for no completion and earns nothing."""

    @abstractmethod
    def secret(self, item: ItemT, profile: Profile) -> Secret:
        """What a hint must not tell."""

    async def converse(self, item: ItemT, floor: Floor, profile: Profile, hint: str = "") -> Played:
        self.refuse_dropped(item, floor)
        messages = self.opening(item, profile, hint, floor.cast)
        reply = await self.ask_policy(item, messages, floor, profile)
        return played([(messages, reply)])

    async def grade(self, item: ItemT, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        mark = self.mark(item, episode.turns[-1].text, profile)
        answered = 0.0 if mark.answer is None else 1.0
        return Outcome(score=mark.score, answer=mark.answer, metrics={"answered": answered, **mark.metrics})

    # --- verbal feedback ------------------------------------------------------------------------------------------

    def brief(self, profile: Profile) -> Brief | None:
        """What the feedback writer is asked for; none for a task without verbal feedback."""
        return self.feedback

    def angle(self, item: ItemT) -> str:
        """What the writer should look at in an item of this kind, beside its brief."""
        return ""

    def hinted(self, item: ItemT, hint: str, profile: Profile) -> Prompt:
        """The prompt of a second attempt."""
        brief = self._brief(profile)
        return self.prompt(item, profile).with_hint(hint, before=brief.before, lead=brief.lead)

    def first_prompt(self, item: ItemT, profile: Profile, hint: str = "") -> Prompt:
        return self.hinted(item, hint, profile) if hint else self.prompt(item, profile)

    def flow(self, profile: Profile) -> Flow:
        brief = self.brief(profile)
        if brief is None or profile is Profile.IMPROVED:
            return Flow()
        return Flow(
            until_step=brief.published_until_step,
            asks_outside_training=True,
            trains_hinted=brief.published_trains_hinted,
        )

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """After a wrong answer; as published also where no answer came."""
        if self.brief(profile) is None or (outcome.score is None and profile is Profile.IMPROVED):
            return False
        return (outcome.score or 0.0) < 1.0

    def writer_prompt(self, item: ItemT, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm) -> Prompt:
        """The task's brief, the prompt, and the draft and the gold answer as the arm allows."""
        brief = self._brief(profile)
        published = profile is Profile.REFERENCE
        sees_draft = brief.published_sees_draft if published else True
        sees_gold = published or arm is Arm.CRITIQUE_AND_GOLD
        shown = self.prompt(item, profile)
        sections = (
            Section(text=COACH.format(ask=brief.ask, never=brief.never).strip()),
            Section(text=self.angle(item)),
            Section(heading="# Task", text="\n\n".join(filter(None, (shown.system, shown.user)))),
            Section(heading="# Their answer (wrong)", text=(_draft(episode) or NO_RESPONSE) if sees_draft else ""),
            Section(heading=GOLD_HEADING, text=self.gold(item, profile) if sees_gold else ""),
        )
        return Prompt(sections=sections)

    def reward(self, episode: Episode, outcome: Outcome, profile: Profile, *, hinted: bool) -> float | None:
        """The score; as published, no answer counts as a wrong one."""
        return 0.0 if outcome.score is None and profile is Profile.REFERENCE else outcome.score

    def rule_hint(self, item: ItemT, episode: Episode, outcome: Outcome, profile: Profile) -> str:
        if isinstance(self, ExplainsByRule):
            return self.missed_step(item, _draft(episode), profile)
        return super().rule_hint(item, episode, outcome, profile)

    def gold(self, item: ItemT, profile: Profile) -> str:
        secret = self.secret(item, profile)
        return "; ".join(filter(None, (secret.letter, *secret.texts)))

    def gold_hint(self, item: ItemT, profile: Profile) -> str:
        return f"The right answer is {self.gold_reply(item, profile)}."

    def _brief(self, profile: Profile) -> Brief:
        brief = self.brief(profile)
        if brief is None:
            raise UsageError(f"{self.name} has no verbal feedback.", hint="train it without hints")
        return brief


def _draft(episode: Episode) -> str | None:
    return episode.turns[-1].text if episode.turns else None


def played(exchanges: Sequence[tuple[Sequence[Message], Reply]]) -> Played:
    """What was asked and said, in turns; ended by length if any of the replies was."""
    cut_off = any(reply.stop_reason is StopReason.LENGTH for _, reply in exchanges)
    return Played(
        stop=EpisodeStop.LENGTH if cut_off else EpisodeStop.COMPLETED,
        turns=tuple(
            Turn(speaker=speaker, text=text, human=False, train=False)
            for messages, reply in exchanges
            for speaker, text in ((EXAMINER, messages[-1].content), (Role.POLICY.value, reply.text))
        ),
    )


def _known_keys() -> list[str]:
    from odyssim.tasks.registry import routing_keys  # the registry imports the tasks

    return routing_keys()
