"""SimArena-Doc: get a document written the way a particular person gets one written (CONV).

    person   casual, no capitals, answers in fragments, likes short e-mails without exclamation marks
    wants    an e-mail that says sorry to a friend; notes: missed her birthday twice
    policy   Message: can u help me say sorry to a friend
    partner  Of course. What happened between you?
    ...      up to eight rounds; then the assistant hands over the final document
    judges   writing style 4 of 5, interaction style 3 of 5, features met 3 of 4, document 7 of 10

The score is the mean of the parts. `reference` counts the document among them and a rating as its share of the scale,
so that the worst conversation still has 0.1. `improved` leaves the document out, which mostly shows how well the
assistant writes (it stays a metric), puts the worst rating at 0, drops what an item has no target features for, and
gives 0 to who says nothing.

Source: Dou et al., EMNLP 2025 (arXiv 2510.05444); data microsoft/SimulatorArena, MIT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field

from odyssim.tasks.judged import judged
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.tasks.rubrics.sim_arena_doc import DOCUMENT, INTERACTION, WRITING
from odyssim.tasks.sim_arena import END, Heard, SimArena, SimArenaItem, turn, visible
from odyssim.tasks.sim_arena_judges import Bench, Feature, Fulfilment, Rated
from odyssim.tasks.sim_arena_rows import DOCUMENTS, document_rows, features, human_talk, queries, unpacked
from odyssim.tasks.sim_arena_score import (
    DOCUMENT_MOST,
    STYLE_MOST,
    mean_of_known,
    mean_with_nulls,
    place,
    share,
)
from odyssim.tasks.stage import Part, Stage
from odyssim.types import Axis, Episode, Profile, Turn

DOCUMENT_SPEAKER: Final = "Final document"
WORDS: Final = "100 to 500 words"

PLAY: Final = f"""\
You play one particular person who has a document written with the help of an AI writing assistant. You are that \
person and not an assistant: you know what is in your notes, you write as this person writes, and you want what this \
person would want.

How to play:
- Each of your turns is one message, in this form: "Message: " and then what you write to the assistant.
- Do not tell everything at once. Let out what is in your notes little by little, when it is asked for or comes up.
- React to drafts as this person would: ask for changes, correct what is wrong, say what you like or do not like.
- Keep to this person's length, spelling, tone and patience, in every message.
- When the document satisfies you, or going on would lead nowhere, write exactly: {END}"""

ASSISTANT: Final = f"""\
You are a writing assistant. Help the user to a document that they are happy with: ask for what you need to know, \
write drafts, and change them as the user wishes. Keep the document within {WORDS}."""

HAND_OVER: Final = """\
Now write down the final version of the document, whole and with everything we agreed on. Write nothing but the \
document: no remarks before or after it."""


class SimArenaDocItem(SimArenaItem):
    """One person and the document they want."""

    document_type: str
    intent: str
    notes: str = ""
    preferences: str = ""
    writing_features: tuple[Feature, ...] = ()


class DocumentRating(Rated):
    """How good the document is for the person who wanted it."""

    rating: int = Field(ge=1, le=DOCUMENT_MOST, description="1 = of no use, 10 = polished")


class SimArenaDoc(SimArena[SimArenaDocItem]):
    """A person who writes a document with an assistant."""

    name: ClassVar[str] = "sim_arena_doc"
    title: ClassVar[str] = "SimArena-Doc"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.CONV
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("sim_arena_doc",), test=("sim_doc_val.parquet",), train=("sim_doc_rl.parquet",)
    )
    person: ClassVar[str] = "User"
    helper: ClassVar[str] = "AI Writing Assistant"
    helper_system: ClassVar[str] = ASSISTANT
    tags: ClassVar[tuple[str, ...]] = ("Message",)

    def read(self, row: Row, profile: Profile) -> SimArenaDocItem:
        row = unpacked(row, profile, "document_type", "intent", "human_user_queries", "human_public_conversation")
        said = queries(row, profile)
        return SimArenaDocItem(
            **row.identity(row.text("worker_id") or digest("\n".join(said))),
            human_queries=said,
            human_talk=human_talk(row, self.person, self.helper, profile),
            profile_text=row.text("user_profile_text"),
            interaction_features=features(row, "target_interaction_style_features", profile),
            document_type=row.text("document_type"),
            intent=row.text("intent"),
            notes=row.text("pre_writing_materials_text"),
            preferences=row.text("target_document_preferences"),
            writing_features=features(row, "target_writing_style_features", profile),
        )

    def original(self, data: Path) -> Iterable[Row] | None:
        return document_rows(data) if (data / DOCUMENTS).is_file() else None

    def prompt(self, item: SimArenaDocItem) -> Prompt:
        wanted = _wanted(item)
        who = Section(heading="# Who you are and what you like", text=item.profile_text)
        return Prompt(
            system=Prompt(sections=(Section(text=PLAY), *wanted, who)).user,
            sections=(*wanted, Section(name="ask", text="Write your first message to the assistant.")),
        )

    def request(self, item: SimArenaDocItem, message: str) -> str:
        return Prompt(sections=(*_wanted(item), Section(heading="# The user's message", text=message))).user

    async def result(self, helper: Part, stage: Stage, profile: Profile) -> tuple[Turn, ...]:
        """The final document. As published it is asked for even if nothing was said."""
        if profile is Profile.IMPROVED and not helper.talk:
            return ()
        helper.hear(HAND_OVER)
        return (turn(DOCUMENT_SPEAKER, visible(await stage.speak(helper) or "", profile)),)

    async def judge(self, item: SimArenaDocItem, heard: Heard, episode: Episode, bench: Bench) -> None:
        await bench.similarity("writing_style", WRITING, "\n".join(item.human_queries), heard.messages)
        await bench.similarity("interaction_style", INTERACTION, item.human_talk, heard.talk)
        await self._fulfilment(item, heard.messages, bench)
        document = "\n".join(said.text for said in episode.turns if said.speaker == DOCUMENT_SPEAKER)
        sections = (
            Section(heading="# Kind of document", text=item.document_type),
            Section(heading="# What it is for", text=item.intent),
            Section(heading="# What the person likes", text=item.preferences),
            Section(heading="# The document", text=judged(document)),
        )
        await bench.rating("document", DOCUMENT, sections, DocumentRating)

    async def _fulfilment(self, item: SimArenaDocItem, messages: str, bench: Bench) -> None:
        listed = (*item.writing_features, *item.interaction_features)
        first = len(item.writing_features)
        parts = {
            "writing_fulfillment_rate": slice(first),
            "interaction_fulfillment_rate": slice(first, len(listed)),
        }
        bench.metrics |= dict.fromkeys(parts)
        if bench.profile is Profile.IMPROVED:
            parts = {name: part for name, part in parts.items() if listed[part]}
        if parts:
            panel = await bench.fulfilment(listed, messages)
            for name, part in parts.items():
                bench.note(name, panel, partial(Fulfilment.rate, part=part))

    def weigh(self, metrics: Mapping[str, float | None], profile: Profile) -> float:
        rates = [metrics["writing_fulfillment_rate"], metrics["interaction_fulfillment_rate"]]
        styles = [metrics["writing_style_likert"], metrics["interaction_style_likert"]]
        if profile is Profile.IMPROVED:
            return mean_of_known([*(place(style, STYLE_MOST) for style in styles), *rates]) or 0.0
        document = share(metrics["document_rating"], DOCUMENT_MOST)
        return mean_with_nulls([document, *(share(style, STYLE_MOST) for style in styles), *rates])

    def facets(self, item: SimArenaDocItem) -> dict[str, str]:
        return {"document_type": item.document_type}


def _wanted(item: SimArenaDocItem) -> tuple[Section, ...]:
    return (
        Section(
            heading="# The document",
            text=f"Kind: {item.document_type}\nWhat it is for: {item.intent}\nLength: {WORDS}",
        ),
        Section(heading="# Notes made before", text=item.notes, cut=Cut.END),
    )
