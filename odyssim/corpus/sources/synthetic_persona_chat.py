"""Synthetic-Persona-Chat (Jandaghi et al., 2023): a model writes the chat of two personas that people wrote.

Layout: `data/Synthetic-Persona-Chat_valid.csv` (and `train`), quoted cells of several lines:

    user 1 personas,user 2 personas,Best Generated Conversation
    "I bake.
    I have two dogs.","I sail.","User 1: Hi! What do you do?
    User 2: Mostly I sail."

A line without a name belongs to the turn before it (recipes, poems), except for stage directions in brackets and rows
of stars, which are nobody's words. Persona lines that a person goes on to say are left out of the profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from pydantic import Field

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_SCENARIO = "Two people chat and get acquainted."
_TURN = re.compile(r"[*\s]*User (?P<number>[12]):[*\s]*(?P<text>.*?)[*\s]*")
_STAGE_DIRECTION = re.compile(r"\s*(?:\[.*|\(.*\)|[*\s]+)")


class _Row(UpstreamRecord):
    first: str = Field(alias="user 1 personas")
    second: str = Field(alias="user 2 personas")
    conversation: str = Field(alias="Best Generated Conversation")


class SyntheticPersonaChat(SourceReader):
    """Both personas are imitated, in a machine's words."""

    card = SourceCard(
        id="synthetic_persona_chat",
        title="Synthetic-Persona-Chat: chats of personas, written by a model",
        axes=(Axis.ROLE,),
        licence="CC-BY-4.0",
        citation="Jandaghi et al., 2023 (arXiv 2312.10007)",
        url="https://github.com/google-research-datasets/Synthetic-Persona-Chat",
        files=("data/Synthetic-Persona-Chat_*.csv",),
        human="People wrote the personas; a language model wrote what they say.",
        columns=("user 1 personas", "user 2 personas", "Best Generated Conversation"),
        rows_upstream=21_277,
        languages=(),
        imitated=("Person 1", "Person 2"),
        synthetic=True,
        interactions=1_000,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            part = PurePosixPath(file.name).stem.rpartition("_")[2]
            for number, (place, row) in enumerate(csv_records(file, _Row, report), start=1):
                turns = _turns(row.conversation)
                yield from self.emit(
                    turns,
                    _context(row, turns),
                    report,
                    axis=Axis.ROLE,
                    split="train" if part == "train" else "validation",
                    original_id=f"{part}-{number}",
                    place=place,
                )


def _turns(conversation: str) -> list[Turn]:
    said: list[tuple[str, list[str]]] = []
    for line in conversation.split("\n"):
        if turn := _TURN.fullmatch(line):
            said.append((f"Person {turn['number']}", [turn["text"]]))
        elif said and not _STAGE_DIRECTION.fullmatch(line):
            said[-1][1].append(line)
    return [Turn(speaker=name, text="\n".join(lines).strip(), human=True, train=True) for name, lines in said]


def _context(row: _Row, turns: Sequence[Turn]) -> SocialContext | None:
    personas = {"Person 1": row.first.splitlines(), "Person 2": row.second.splitlines()}
    profiles = {person: " ".join(unsaid(lines, turns, person, beside=_SCENARIO)) for person, lines in personas.items()}
    if not any(profiles.values()):
        return None
    return SocialContext(
        scenario=_SCENARIO,
        relationship="They have never met.",
        profiles={person: profile for person, profile in profiles.items() if profile},
        author="native",
    )
