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
from typing import ClassVar

from pydantic import Field

from odyssim.errors import DataError, PromptTooLong, TruncatedThought, UnknownName
from odyssim.models.base import Cast, Floor, Role
from odyssim.tasks.base import Item, Items, ItemT, Played, Task, failure_of
from odyssim.tasks.extraction import final_text
from odyssim.tasks.feedback import Brief, Secret
from odyssim.tasks.prompt import Prompt, fitted
from odyssim.tasks.published import FIXTURE, FIXTURES, TEST, TRAIN, PublishedFiles, fixture_rows, published_rows
from odyssim.tasks.rows import Row
from odyssim.types import Episode, EpisodeStop, Message, Outcome, Profile, Record, Reply, StopReason, Turn

EXAMINER = "examiner"


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


class ChoiceTask(RowTask[ItemT]):
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

    def brief(self, profile: Profile) -> Brief | None:
        """What the feedback writer is asked for; none for a task without verbal feedback."""
        return self.feedback

    def angle(self, item: ItemT) -> str:
        """What the writer should look at in an item of this kind, beside its brief."""
        return ""

    def hinted(self, item: ItemT, hint: str, profile: Profile) -> Prompt:
        """The prompt of a second attempt."""
        brief = self.brief(profile)
        if brief is None:
            raise NotImplementedError(f"{self.name} has no verbal feedback")
        return self.prompt(item, profile).with_hint(hint, before=brief.before, lead=brief.lead)

    async def converse(self, item: ItemT, floor: Floor, profile: Profile, hint: str = "") -> Played:
        self.refuse_dropped(item, floor)
        prompt = self.hinted(item, hint, profile) if hint else self.prompt(item, profile)
        messages = fitted(prompt, floor.cast.prompt_tokens, floor.cast.split_tokens, profile)
        reply = await self.ask_policy(item, messages, floor, profile)
        return played([(messages, reply)])

    async def grade(self, item: ItemT, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        mark = self.mark(item, episode.turns[-1].text, profile)
        answered = 0.0 if mark.answer is None else 1.0
        return Outcome(score=mark.score, answer=mark.answer, metrics={"answered": answered, **mark.metrics})

    async def score_hinted(self, item: ItemT, episode: Episode, cast: Cast, profile: Profile) -> Outcome:
        """Score a second attempt: as a first one, but for tasks whose published code does it differently."""
        return await self.score(item, episode, cast, profile)


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
