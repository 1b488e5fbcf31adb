"""CRD3 (Rameshkumar and Bailey, ACL 2020): friends play Dungeons & Dragons for hours, in and out of character.

Layout: one JSON file per episode, `data/cleaned data/C1E004.json`,

    {"METADATA": {"Wiki Blurb": [...], "Synopsis": [{"heading": "Previously on ...", "content": [{"content": "..."}]}]},
     "TURNS": [{"NAMES": ["LAURA", "SAM"], "UTTERANCES": ["To the dungeon,", "then!"], "NUMBER": 12}, ...]}

`UTTERANCES` are the lines of one caption. What several say in unison is a turn of each of them. The game master opens
by telling the story so far, which is the synopsis of the earlier episodes: it goes to the players' profiles and not
to his. The rest of the synopsis is what happens in the episode and is never read. Captions of sounds in the room are
left out; what a speaker does with the voice, `(whispering)`, stays. The aligned files are counted only: they cut the
same turns to the sentences of summaries. `*_files` name the episodes of each split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from pydantic import Field

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, json_object, text_lines
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext, Turn

_EPISODES: Final = "data/cleaned data/*.json"
_ALIGNED: Final = "data/aligned data/c=2/*.json"
_SPLITS: Final[dict[str, Split]] = {
    "data/aligned data/train_files": "train",
    "data/aligned data/val_files": "validation",
    "data/aligned data/test_files": "validation",
}
_GAME_MASTER: Final = "Matt"
_SCENARIO: Final = (
    "A weekly evening of Dungeons & Dragons, played aloud round a table and streamed live. "
    f"{_GAME_MASTER} runs the world; everybody else plays one character in it."
)
_THINGS: Final = frozenset(("SOUND", "SCREEN", "COMPUTER", "GENERATED VOICE", "IPHONE", "TOY IN BAG"))
_CROWDS: Final = frozenset(("ALL", "AUDIENCE", "AUDIENCE MEMBER", "CAST", "CREW", "OFFSCREEN", "ANNOUNCER"))
_ROOM: Final = re.compile(
    r"\[[^\]]*\]|\((?:laughter|cheering|applause|(?:all|group|audience|crowd)\b[^)]*)\)", re.IGNORECASE
)


class _Turn(UpstreamRecord):
    names: tuple[str, ...] = Field(alias="NAMES")
    lines: tuple[str, ...] = Field(alias="UTTERANCES")


class _Part(UpstreamRecord):
    content: str


class _Section(UpstreamRecord):
    heading: str
    content: tuple[_Part, ...]


class _Metadata(UpstreamRecord):
    synopsis: tuple[_Section, ...] = Field(alias="Synopsis")


class _Episode(UpstreamRecord):
    metadata: _Metadata = Field(alias="METADATA")
    turns: tuple[_Turn, ...] = Field(alias="TURNS")


class Crd3(SourceReader):
    """Everybody at the table is imitated, each for what was said by that person alone or in unison."""

    card = SourceCard(
        id="crd3",
        title="CRD3: Critical Role role-play transcripts",
        axes=(Axis.ROLE,),
        licence="CC-BY-SA-4.0",
        citation="Rameshkumar and Bailey, ACL 2020",
        url="https://github.com/RevanthRameshkumar/CRD3",
        files=(*_SPLITS, _ALIGNED, _EPISODES),
        human="All are people: a game master and players, professional actors who improvise.",
        columns=("METADATA", "TURNS"),
        rows_upstream=159,
        interactions=156,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        split_of: dict[str, Split] = {}
        for name, split in _SPLITS.items():
            for _, line in text_lines(files.one(name)):
                report.count_records(name)
                split_of[line.strip()] = split
        for aligned in files.match(_ALIGNED):
            count_json(aligned, report)
        for file in files.match(_EPISODES):
            episode_id = PurePosixPath(file.name).stem
            if episode_id not in split_of:
                raise DataError(f"the episode is in none of {', '.join(_SPLITS)}", path=file.path)
            episode = json_object(file, _Episode, report)
            turns = [turn for said in episode.turns for turn in _turns(said)]
            yield from self.emit(
                turns,
                _context(episode.metadata.synopsis, turns),
                report,
                axis=Axis.ROLE,
                split=split_of[episode_id],
                original_id=episode_id,
                place=file.name,
            )


def _turns(said: _Turn) -> Iterator[Turn]:
    text = " ".join(_ROOM.sub(" ", " ".join(said.lines)).split())
    for label in said.names:
        name = "ALL" if label.startswith("ALL -") else label
        alone = name not in _CROWDS | _THINGS
        yield Turn(
            speaker="Everyone" if name == "ALL" else name.title(), text=text, human=name not in _THINGS, train=alone
        )


def _context(synopsis: tuple[_Section, ...], turns: list[Turn]) -> SocialContext:
    paragraphs = [
        paragraph.strip(' "')
        for section in synopsis
        if section.heading.startswith("Previously")
        for part in section.content
        for paragraph in part.content.splitlines()
    ]
    recap = " ".join(paragraph for paragraph in paragraphs if paragraph)
    players = {turn.speaker: None for turn in turns if turn.train and turn.speaker != _GAME_MASTER}
    profiles = {
        player: f"You remember the story so far: {recap}"
        for player in players
        if recap and unsaid([recap], turns, player)
    }
    return SocialContext(
        scenario=_SCENARIO,
        relationship="Friends and colleagues.",
        profiles=profiles,
        author="native" if profiles else "rendered",
    )
