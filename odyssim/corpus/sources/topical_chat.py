"""Topical-Chat (Gopalakrishnan et al., Interspeech 2019): two crowd workers chat about things they have just read.

Layout: `conversations/*.json` and `reading_sets/pre-build/*.json` are JSON objects by conversation id:

    {"t_1": {"article_url": "https://www.example.com/2018/03/04/owls-return-to-the-old-mill/", "config": "A",
             "content": [{"agent": "agent_1", "message": "do you like owls?", "sentiment": "...", ...}]}}

    {"t_1": {"config": "A", "agent_1": {"FS1": {"entity": "Owl", "fun_facts": ["t3_x"], ...}, "FS2": {...}}}}

What each has read about is that person's profile; the title of the article is taken from its address. In configuration
C nobody saw the article. The pre-built reading sets lack the texts; the names of their entities (three per person) are
held in memory, and conversations without a reading set at hand do without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_entries
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_CONVERSATIONS, _READING_SETS = "conversations/*.json", "reading_sets/pre-build/*.json"
_NAMES = {"agent_1": "Person 1", "agent_2": "Person 2"}
_SCENARIO = "Two strangers chat online, having just read up on a few things."
_SHORTEST_TITLE = 3


class _Message(UpstreamRecord):
    agent: Literal["agent_1", "agent_2"]
    message: str


class _Conversation(UpstreamRecord):
    article_url: str
    config: str
    content: tuple[_Message, ...]


class _Section(UpstreamRecord):
    entity: str


class _ReadingSet(UpstreamRecord):
    agent_1: dict[str, _Section]
    agent_2: dict[str, _Section]

    @property
    def subjects(self) -> dict[str, list[str]]:
        """What each person has read about, by name."""
        return {
            _NAMES["agent_1"]: [section.entity for section in self.agent_1.values()],
            _NAMES["agent_2"]: [section.entity for section in self.agent_2.values()],
        }


class TopicalChat(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="topical_chat",
        title="Topical-Chat: strangers talk about what they have read",
        axes=(Axis.CONV,),
        licence="CDLA-Sharing-1.0",
        citation="Gopalakrishnan et al., Interspeech 2019",
        url="https://github.com/alexa/Topical-Chat",
        files=(_READING_SETS, _CONVERSATIONS),
        human="Both are crowd workers.",
        columns=("article_url", "config", "content"),
        rows_upstream=10_784,
        imitated=tuple(_NAMES.values()),
        interactions=3 * 539,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        subjects = {
            name: reading_set.subjects
            for file in files.match(_READING_SETS)
            for _, name, reading_set in json_entries(file, _ReadingSet, report)
        }
        for file in files.match(_CONVERSATIONS):
            for place, name, conversation in json_entries(file, _Conversation, report):
                turns = [
                    Turn(speaker=_NAMES[line.agent], text=line.message.strip(), human=True, train=True)
                    for line in conversation.content
                ]
                yield from self.emit(
                    turns,
                    _context(conversation, subjects.get(name, {}), turns),
                    report,
                    axis=Axis.CONV,
                    split="train" if file.name.endswith("train.json") else "validation",
                    original_id=name,
                    place=place,
                )


def _context(
    conversation: _Conversation, subjects: Mapping[str, Sequence[str]], turns: Sequence[Turn]
) -> SocialContext | None:
    title = "" if conversation.config == "C" else _title(conversation.article_url)
    article = [f'Both have seen a newspaper article: "{title}".'] if title else []
    scenario = " ".join([_SCENARIO, *unsaid(article, turns, *_NAMES.values(), beside=_SCENARIO)])
    profiles = {
        person: f"You have read about: {', '.join(known)}."
        for person, entities in subjects.items()
        if (known := unsaid(entities, turns, person, beside=scenario))
    }
    if not profiles and scenario == _SCENARIO:
        return None
    return SocialContext(scenario=scenario, relationship="They have never met.", profiles=profiles)


def _title(url: str) -> str:
    """The words of the article's title, in lower case, as they stand in its address; empty if they do not."""
    words = max((part.split("-") for part in url.split("/") if "." not in part), key=len)
    return " ".join(words) if len(words) >= _SHORTEST_TITLE else ""
