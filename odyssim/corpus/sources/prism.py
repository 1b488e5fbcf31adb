"""PRISM (Kirk et al., NeurIPS 2024): people from 75 countries talk with models that they compare, and say who they are.

Layout: `conversations.jsonl` and, joined by `user_id`, `survey.jsonl` (1,500 people, held in memory):

    {"conversation_id": "c1", "user_id": "user7", "conversation_type": "values guided",
     "conversation_history": [{"turn": 0, "role": "user", "content": "..."},
                              {"turn": 0, "role": "model", "content": "...", "if_chosen": true}, ...]}
    {"user_id": "user7", "age": "25-34 years old", "self_description": "...", "stated_prefs": {"factuality": 95}, ...}

Of the answers that a person compared, only the chosen one was read on with. What people wrote may be passed on under
CC-BY-4.0, what the models wrote under CC-BY-NC-4.0, so the whole is under the latter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import AliasPath, Field

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, TableRow, heard, imitated
from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_USER, _ASSISTANT = "user", "assistant"
_CONVERSATIONS, _SURVEY = "**/conversations.jsonl", "**/survey.jsonl"
_GOALS: Final = {
    "unguided": "Talk with the assistant about anything you like.",
    "values guided": "Talk with the assistant about something that matters to you or shows what you value.",
    "controversy guided": "Talk with the assistant about something on which people in your community disagree.",
}
_TOP: Final = 3


class _Utterance(UpstreamRecord):
    role: Literal["user", "model"]
    content: str | None
    if_chosen: bool | None = None


class PrismRow(HubRow):
    """A conversation, without its person."""

    id: str = Field(validation_alias="conversation_id")
    user: str = Field(validation_alias="user_id")
    kind: str = Field(default="", validation_alias="conversation_type")
    history: tuple[_Utterance, ...] = Field(validation_alias="conversation_history")

    def conversations(self) -> Iterable[Conversation]:
        yield Conversation(self.turns, id=self.id)

    @property
    def turns(self) -> list[Turn]:
        return [
            imitated(_USER, said.content) if said.role == "user" else heard(_ASSISTANT, said.content)
            for said in self.history
            if said.role == "user" or said.if_chosen
        ]


class PrismPerson(TableRow):
    """What a person told about themself in the survey, as far as it makes a persona."""

    user: str = Field(validation_alias="user_id")
    age: str | None = None
    gender: str | None = None
    education: str | None = None
    employment: str | None = Field(default=None, validation_alias="employment_status")
    country: str | None = Field(default=None, validation_alias=AliasPath("location", "reside_country"))
    self_description: str | None = None
    system_string: str | None = None
    stated_prefs: dict[str, float | None] = Field(default_factory=dict)

    @property
    def facts(self) -> list[str]:
        told = {"Age": self.age, "Gender": self.gender, "Education": self.education, "Work": self.employment}
        facts = [f"{what}: {answer}." for what, answer in {**told, "Country": self.country}.items() if answer]
        rated = sorted(((rating, name) for name, rating in self.stated_prefs.items() if rating), reverse=True)
        best = ", ".join(name for _, name in rated[:_TOP])
        wishes = [f"Matters to you in an assistant: {best}."] if best else []
        return [*facts, *sentences(self.self_description or ""), *wishes, *sentences(self.system_string or "")]


class Prism(HubReader):
    """Joins conversations to people."""

    joins_rows = True

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        people = {row.user: row for _, _, row in self.rows(files, PrismPerson, report, named=(_SURVEY,))}
        for split, place, row in self.rows(files, PrismRow, report, named=(_CONVERSATIONS,)):
            turns = row.turns
            goal = _GOALS.get(row.kind, "")
            facts = people[row.user].facts if row.user in people else []
            profile = " ".join(unsaid(facts, turns, _USER, beside=goal))
            context = SocialContext(
                profiles={_USER: profile} if profile else {}, goals={_USER: goal} if goal else {}, author="native"
            )
            conversation = Conversation(turns, id=row.id, context=context if profile or goal else None)
            yield from self.hand_out(conversation, report, split=split, place=place)


READERS: Final = (
    Prism(
        SourceCard(
            id="prism",
            title="PRISM: people around the world with models they compare",
            axes=(Axis.CONV,),
            licence="CC-BY-NC-4.0",
            citation="Kirk et al., NeurIPS 2024, arXiv:2404.16019",
            url="https://huggingface.co/datasets/HannahRoseKirk/prism-alignment",
            hub="HannahRoseKirk/prism-alignment",
            files=(_CONVERSATIONS, _SURVEY),
            human="The participant, with what the survey says about them.",
            role_rule=RoleFamily.SWAP,
            imitated=(_USER,),
            rows_upstream=8_011,
            contamination=("userllm",),
            in_paper=True,
        ),
        PrismRow,
    ),
)
