"""Humanual: write what this very person wrote. A persona, what the person read, one message (CONV, ROLE, EVAL).

    persona   Retired harbour pilot. Answers in a line or two, hates fuss, distrusts anything sold as 'smart'.
    context   They want app-controlled locks on every door of our building. Am I the only one against it?
    policy    <response>You're not. A key has never once asked me for an update.</response>
    person    No, and good luck when the battery's flat. A brass key works for fifty years.
    judge     {"stance": {"thought": "both against, other reason", "score": 0.8}, "emotion": ..., ...}
    score     0.7: the mean of six ratings, times a factor for the length

Six sets by what is written: messages to an assistant (chat), e-mails (email), comments on news videos (news) and on
articles about politics (politics), reviews of books (book), opinions on other people's conflicts (opinion).

Source: HUMANUAL of HumanLM (Wu et al. 2026, arXiv:2603.03303). Its personas were written by a model from earlier texts
of the same person. The data come from six platforms, each with terms of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from odyssim.models.base import Floor
from odyssim.tasks.base import Played
from odyssim.tasks.choice import ChoiceItem, played
from odyssim.tasks.extraction import first_words, last_words, reference_tagged
from odyssim.tasks.feedback import Arm, Flow, Secret, telling_runs
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.humanual_judge import judge_as_published, judge_improved, judge_key_points
from odyssim.tasks.humanual_score import Graded, group_means
from odyssim.tasks.humanual_text import TAG, improved_message, reference_context, reference_message, spoken_context
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import TEST, PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.tasks.rubrics.humanual import RESPECTS
from odyssim.types import Axis, Episode, Outcome, Profile

SHARED_KEY: Final = "humanual"
"""A routing key of all six sets: the row's 'dataset' says to which one it belongs."""
SETS: Final = ("chat", "email", "news", "politics", "book", "opinion")

HINTED_WORDS: Final = 2000
REFERENCE_GATE: Final = 1.0
IMPROVED_GATE: Final = 0.7
SECRET_WORDS: Final = 5
"""A hint with so many words in a row from the person's message tells it."""

SELF: Final = """\
You are a real person, called HUMAN here. This is who you are:

{persona}

You are about to write {writes}. Write it as this person would, on an ordinary day: with common manners and with \
convictions that last, but also with moods, contradictions, little time, and no more knowledge than this person has."""

FORMAT: Final = """\
Write your message between <response> and </response>, and nothing before or after them."""

NOTE: Final = "A note for you alone, which you do not mention:"
INSPIRATION: Final = "For inspiration only, neither to be copied nor mentioned, a message that suits you well:"

COACH: Final = """\
You coach somebody who writes {writes} in a real person's place. Below stand what was read, what the person really \
wrote, the attempt, and what a judge found when comparing the two. Name the one gap that matters most, in tone, style, \
content or length, as advice to the one who writes. Neither copy nor quote what the person wrote."""

BLIND_COACH: Final = """\
You coach somebody who writes {writes} in a real person's place. Below stand who the person is, what was read, the \
attempt, and how close it came to the person's own message, which you do not know. Say what in the attempt suits this \
person least, in tone, style, content or length. Use nothing but what you can read here, and do not write the message \
for them."""

ONE_SENTENCE: Final = "Answer with one sentence and nothing else."


class HumanualItem(ChoiceItem):
    """One message of a person. `context` is what the person had read; `completion` is what the person wrote."""

    persona: str
    context: str
    completion: str
    dataset: str
    category: str


class Humanual(GenerativeTask[HumanualItem]):
    """A message as one person would write it. `writes` says in a prompt's words what kind of message."""

    version: ClassVar[str] = "1-A"
    licence: ClassVar[str] = "unknown"
    published_flow: ClassVar[Flow] = Flow(shares_rollout=True)
    kind: ClassVar[str]
    writes: ClassVar[str]

    def __init_subclass__(cls, *, kind: str, axis: Axis, writes: str) -> None:
        super().__init_subclass__()
        cls.name, cls.title, cls.axis = f"humanual-{kind}", f"Humanual-{kind.capitalize()}", axis
        cls.kind, cls.writes = kind, writes
        cls.published = PublishedFiles(
            keys=(cls.name, SHARED_KEY), test=(f"humanual_{kind}_val.parquet",), train=(f"humanual_rl_{kind}.parquet",)
        )

    def rows(self, split: str = TEST, *, data: Path | None = None, seed: int = 0) -> Iterator[Row]:
        for row in super().rows(split, data=data, seed=seed):
            if row.data_source != SHARED_KEY or _set_of(row) == self.kind:
                yield row

    def read(self, row: Row, profile: Profile) -> HumanualItem:
        reference = profile is Profile.REFERENCE
        text = row.text if reference else row.need
        return HumanualItem(
            **row.identity(digest(row.text("user_id", "post_id", "id") or f"row {row.index}")),
            persona=text("persona"),
            context=reference_context(row) if reference else spoken_context(row),
            completion=text("completion"),
            dataset=row.text("dataset"),
            category=row.text("category"),
        )

    def first_prompt(self, item: HumanualItem, profile: Profile, hint: str = "") -> Prompt:
        """What the policy sees. As published, a second attempt is given the person's own message beside the hint."""
        told = [SELF.format(persona=item.persona, writes=self.writes)]
        context = item.context
        if hint:
            told.append(f"{NOTE} {hint}")
        if hint and profile is Profile.REFERENCE:
            told.append(f"{INSPIRATION}\n{first_words(item.completion, HINTED_WORDS)}")
            context = last_words(context, HINTED_WORDS) or ""
        return Prompt(system="\n\n".join([*told, FORMAT]), sections=(Section(text=context, cut=Cut.MIDDLE),))

    async def converse(self, item: HumanualItem, floor: Floor, profile: Profile, hint: str = "") -> Played:
        self.refuse_dropped(item, floor)
        messages = self.opening(item, profile, hint, floor.cast)
        reply = await self.ask_policy(item, messages, floor, profile)
        return played([(messages, reply)])

    async def grade(self, item: HumanualItem, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        """`answer` is the message that was read out of the reply.

        Metrics: the ratings by respect (none where the person left it open), their mean `dim_mean`, `length_factor`,
        and `token_f1` with the person's message. `improved` scores an empty message, or a copy of what was read, 0
        without a judge. `reference` judges a second attempt by key points, as published, its thoughts included.
        """
        said, keys = episode.turns[-1].text, (self.name, item.id)
        if profile is Profile.IMPROVED:
            return await judge_improved(item.context, item.completion, improved_message(said), floor, *keys)
        if any(INSPIRATION in asked.content for call in episode.calls for asked in call.messages):
            return await judge_key_points(item.context, item.completion, reference_tagged(said, TAG), floor, *keys)
        return await judge_as_published(item.context, item.completion, reference_message(said), floor, *keys)

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """As published for any score below 1, in `improved` below 0.7."""
        gate = REFERENCE_GATE if profile is Profile.REFERENCE else IMPROVED_GATE
        return outcome.score is not None and outcome.score < gate

    def writer_prompt(
        self, item: HumanualItem, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm
    ) -> Prompt:
        """As published, the writer sees the person's message and the judge's reasons.

        In `improved` it sees the ratings and what the person in the scene could know; of the rest, the arm decides.
        """
        published = profile is Profile.REFERENCE
        sees_gold = published or arm is Arm.CRITIQUE_AND_GOLD
        figures = {"score": outcome.score, **outcome.metrics}
        found = "\n".join(f"{name}: {value:.2f}" for name, value in figures.items() if value is not None)
        reasons = "\n".join(f"{respect}: {reason}" for respect, reason in outcome.critique.items())
        sections = (
            Section(heading="# Who the person is", text="" if published else item.persona),
            Section(heading="# What was read", text=item.context),
            Section(heading="# What the person wrote, for your eyes only", text=item.completion if sees_gold else ""),
            Section(heading="# The attempt", text=outcome.answer or "(nothing)"),
            Section(heading="# What the judge found", text=reasons if sees_gold else ""),
            Section(heading="# Figures, 1 is best", text=found),
            Section(text=ONE_SENTENCE),
        )
        coach = (COACH if sees_gold else BLIND_COACH).format(writes=self.writes)
        return Prompt(system=coach, sections=sections)

    def secret(self, item: HumanualItem, profile: Profile) -> Secret:
        """Every run of `SECRET_WORDS` words in the person's message that the persona and the context do not hold."""
        return Secret(texts=telling_runs(item.completion, SECRET_WORDS, known=f"{item.persona}\n{item.context}"))

    def gold(self, item: HumanualItem, profile: Profile) -> str:
        return item.completion

    def gold_reply(self, item: HumanualItem, profile: Profile) -> str:
        return f"<{TAG}>{item.completion}</{TAG}>"

    def facets(self, item: HumanualItem) -> dict[str, str]:
        return {"category": item.category} if item.category else {}

    def diagnostics(self, scored: Sequence[tuple[HumanualItem, Outcome]]) -> dict[str, float]:
        """Means of the judge's ratings, before the length factor: over all, by respect, data set and category."""
        figures = group_means(
            Graded(
                score=outcome.metrics.get(respect),
                dimension=respect,
                dataset=item.dataset or "unknown",
                category=item.category or "unknown",
            )
            for item, outcome in scored
            for respect in RESPECTS
        )
        return {name: value for name, value in figures.items() if name.endswith("/score")}


class HumanualChat(Humanual, kind="chat", axis=Axis.CONV, writes="your next message to an AI assistant"):
    """What a user of an assistant says next."""


class HumanualEmail(Humanual, kind="email", axis=Axis.ROLE, writes="an e-mail"):
    """What somebody at work mails."""


class HumanualNews(Humanual, kind="news", axis=Axis.ROLE, writes="a comment on a news video"):
    """What a viewer of the news comments."""


class HumanualPolitics(Humanual, kind="politics", axis=Axis.ROLE, writes="a comment on an article about politics"):
    """What a reader comments on politics."""


class HumanualBook(Humanual, kind="book", axis=Axis.EVAL, writes="a review of a book"):
    """What a reader thinks of a book."""


class HumanualOpinion(Humanual, kind="opinion", axis=Axis.EVAL, writes="an opinion on somebody else's conflict"):
    """How somebody judges a conflict of other people."""


def _set_of(row: Row) -> str:
    """The set of a row that all sets share, by the last word of its 'dataset'."""
    name = re.split(r"[-_]", row.text("dataset").strip().lower())[-1]
    return name if name in SETS else row.fail(f"'dataset' is '{row.text('dataset')}', none of {', '.join(SETS)}")
