"""People in experiments: Psych-101 (whole sessions) and SocSci210 (single answers to survey experiments).

    Psych-101   {"text": "You choose between two machines.\\nYou press <<F>> and get 3 points.\\n...",
                 "experiment": "author2020title/exp1.csv", "participant": "7"}
    SocSci210   {"demographic": {"age": "34", "gender": "Female", ...}, "prompt": "...", "response": 5,
                 "reasoning": "...", "study_id": "abcde", "participant": 12, "condition_num": 1, "task_num": 3, ...}

In Psych-101 only what stands in <<...>> is the participant's. SocSci210's `reasoning` was written by a model and is not
read; the copies of its rows that hold a chat instead of `prompt` and `response` are read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pydantic import AliasChoices, Field, model_validator

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import ChatMessage
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.types import Axis, SocialContext

_EXPERIMENT, _PARTICIPANT, _SURVEY = "experiment", "participant", "survey"
_ANSWER: Final = re.compile(r"<<(.*?)>>", re.DOTALL)
_LEFT_OVER: Final = ".,; \n"
"""What a sentence goes on with behind an answer."""
_TOLD_OF_PEOPLE: Final = (
    "age",
    "gender",
    "ethnicity",
    "education",
    "employment",
    "income",
    "marital_status",
    "party_id",
    "ideology",
)


class Psych101Row(HubRow):
    """The session of one participant."""

    text: str
    experiment: str
    participant: str

    def conversations(self) -> Iterable[Conversation]:
        turns = [
            imitated(_PARTICIPANT, piece) if number % 2 else heard(_EXPERIMENT, piece.lstrip(_LEFT_OVER))
            for number, piece in enumerate(_ANSWER.split(self.text))
        ]
        yield Conversation(turns, id=f"{self.experiment}:{self.participant}")


class SocSciRow(HubRow):
    """One answer of one participant."""

    prompt: str = Field(validation_alias=AliasChoices("prompt_text", "prompt"))
    response: str
    demographic: dict[str, str | None] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_chat(cls, row: object) -> object:
        if not isinstance(row, dict) or not row.get("conversations") or "response" in row:
            return row
        chat = [ChatMessage.model_validate(message) for message in row["conversations"]]
        asked = "\n\n".join(message.content or "" for message in chat if message.side == "user")
        told = next((message.content for message in chat if message.side == "assistant"), None)
        return {**row, "prompt": asked, "response": told}

    def conversations(self) -> Iterable[Conversation]:
        people = self.demographic or {}
        facts = [f"{name.replace('_', ' ')}: {people[name]}" for name in _TOLD_OF_PEOPLE if people.get(name)]
        profile = {_PARTICIPANT: f"{'; '.join(facts)}."} if facts else {}
        context = SocialContext(scenario="An online survey.", profiles=profile) if facts else None
        yield Conversation([heard(_SURVEY, self.prompt), imitated(_PARTICIPANT, self.response)], context=context)

    @classmethod
    def read_columns(cls) -> tuple[str, ...]:
        return (*super().read_columns(), "conversations")


READERS: Final = (
    HubReader(
        SourceCard(
            id="psych101",
            title="Psych-101: sessions of psychological experiments in words",
            axes=(Axis.COG,),
            licence="Apache-2.0",
            citation="Binz et al., Nature 2025, arXiv:2410.20268",
            url="https://huggingface.co/datasets/marcelbinz/Psych-101",
            hub="marcelbinz/Psych-101",
            human="The participant: what stands in <<...>>, and nothing else.",
            role_rule=RoleFamily.PSYCH101,
            imitated=(_PARTICIPANT,),
            rows_upstream=60_092,
            templated=True,
            in_paper=True,
        ),
        Psych101Row,
    ),
    HubReader(
        SourceCard(
            id="socsci210",
            title="SocSci210: answers in 210 social science experiments",
            axes=(Axis.EVAL,),
            licence="unknown",
            citation="Kolluri et al., EMNLP 2025, arXiv:2509.05830",
            url="https://huggingface.co/datasets/socratesft/SocSci210",
            hub="socratesft/SocSci210",
            files=("data/*.parquet",),
            human="The participant, with what the survey asked about them.",
            role_rule=RoleFamily.EXPERIMENT,
            imitated=(_PARTICIPANT,),
            rows_upstream=2_901_390,
            contamination=("socsci210",),
            templated=True,
            in_paper=True,
        ),
        SocSciRow,
    ),
)
