"""CoSER (Wang et al., ICML 2025), the two books in the public domain: King Lear and Othello as role-play.

Layout: `data/final/BOOK.json` is a JSON object,

    {"plots": [{"key_characters": [{"name": "Ann", "description": "A proud innkeeper.", "experience": "..."}],
                "conversation": [{"scenario": "...", "key_characters": [{"name": "Ann", "motivation": "..."}],
                                  "dialogues": [{"character": "Ann", "message": "[What now?] (sits) Good evening."}]}],
                "summary": "...", "text": "..."}, ...],
     "split_plot_index": 16, "character_datasets": {"Ann": {"profile": "..."}}}

A message mixes `[thought]`, `(action)` and speech. Thoughts were added by the extracting model and the others do not
hear them, so they are left out. Where the book was hard to extract from, that model made up the speech as well: a
conversation with less than half of its words in the `text` of its plot is tagged `speech:machine`. Scenario,
description and motivation are the context; profiles, experiences and summaries tell how the play ends. Plots from
`split_plot_index` on are the held-out part. `data/extracted` is an earlier stage of the same conversations;
`sft_sharegpt.json` shows each of them again to one character, narrator or judge of the next speaker at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from odyssim.corpus.leak import leak_share
from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, json_object, json_records
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_BOOKS: Final = "data/final/*.json"
_EXTRACTED: Final = "data/extracted/*.json"
_ONE_SIDED: Final = "data/train/sft_sharegpt.json"
_NARRATOR: Final = "Environment"
_THOUGHT: Final = re.compile(r"\[[^\]]*\]")
_ACTION: Final = re.compile(r"\([^)]*\)")
_QUOTED: Final = re.compile(r"(?P<before>(?:\([^)]*\) )*)'(?P<speech>.*)'(?P<after>(?: \([^)]*\))*)")


class _Message(UpstreamRecord):
    character: str
    message: str


class _Motivated(UpstreamRecord):
    name: str
    motivation: str


class _Conversation(UpstreamRecord):
    scenario: str
    key_characters: tuple[_Motivated, ...]
    dialogues: tuple[_Message, ...]


class _Described(UpstreamRecord):
    name: str
    description: str


class _Plot(UpstreamRecord):
    text: str
    key_characters: tuple[_Described, ...]
    conversation: tuple[_Conversation, ...]


class _Book(UpstreamRecord):
    plots: tuple[_Plot, ...]
    split_plot_index: int


class CoserShakespeare(SourceReader):
    """Every character is imitated; the narrator is a machine."""

    card = SourceCard(
        id="coser_shakespeare",
        title="CoSER: role-play of King Lear and Othello",
        axes=(Axis.ROLE,),
        licence="MIT",
        citation="Wang et al., ICML 2025 (arXiv 2502.09082)",
        url="https://github.com/Neph0s/CoSER",
        hub="Neph0s/CoSER",
        files=(_EXTRACTED, _ONE_SIDED, _BOOKS),
        human="Characters of two plays, whose lines a model extracted; where it made them up, the row is tagged.",
        role_rule=RoleFamily.COSER,
        aliases=("coser",),
        columns=("plots", "split_plot_index"),
        rows_upstream=29_798,
        in_paper=True,
        contamination=("coser",),
        interactions=33,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(_EXTRACTED):
            count_json(file, report)
        for place, _ in json_records(files.one(_ONE_SIDED), UpstreamRecord, report):
            report.skip("a conversation of the books, shown to one role", place)
        for file in files.match(_BOOKS):
            book = json_object(file, _Book, report, records=3)  # its keys: so it is tallied upstream
            title = PurePosixPath(file.name).stem
            for plot_index, plot in enumerate(book.plots):
                described = {character.name: character.description for character in plot.key_characters}
                for index, conversation in enumerate(plot.conversation):
                    turns = [_turn(message) for message in conversation.dialogues]
                    yield from self.emit(
                        turns,
                        _context(conversation, described, turns),
                        report,
                        axis=Axis.ROLE,
                        split="train" if plot_index < book.split_plot_index else "validation",
                        original_id=f"{title}-{plot_index}-{index}",
                        place=f"{file.name}, plot {plot_index}, conversation {index}",
                        tags=() if _is_extracted(turns, plot.text) else ("speech:machine",),
                    )


def _turn(message: _Message) -> Turn:
    person = message.character != _NARRATOR
    text = " ".join(_THOUGHT.sub(" ", message.message).split())
    if quoted := _QUOTED.fullmatch(text):
        text = quoted["before"] + quoted["speech"].strip() + quoted["after"]
    return Turn(speaker=message.character, text=text, human=person, train=person)


def _is_extracted(turns: list[Turn], text: str) -> bool:
    """Whether at least half of the speech, in word 4-grams, stands in the book's text."""
    return leak_share(text, [_ACTION.sub(" ", turn.text) for turn in turns if turn.human]) >= 0.5


def _context(conversation: _Conversation, described: Mapping[str, str], turns: list[Turn]) -> SocialContext:
    speakers = dict.fromkeys(turn.speaker for turn in turns if turn.train)
    motivated = {character.name: character.motivation for character in conversation.key_characters}
    scenario = " ".join(unsaid([conversation.scenario.strip()], turns, *speakers))
    profiles: dict[str, str] = {}
    goals: dict[str, str] = {}
    for name in speakers:
        for known, piece in ((profiles, described.get(name)), (goals, motivated.get(name))):
            if piece and unsaid([piece], turns, name, beside=f"{scenario} {profiles.get(name, '')}"):
                known[name] = piece.strip()
    return SocialContext(scenario=scenario, profiles=profiles, goals=goals, author="native")
