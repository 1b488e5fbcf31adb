"""EmpatheticDialogues (Rashkin et al., ACL 2019): one person tells of an emotional moment, another listens.

Layout: one CSV file per emotion, the file name being the emotion; columns `Dialog_ID,Type,Actor,Text`. A dialogue is
a run of rows with one id: a `situation` row (written by the speaker beforehand), then the utterances.

    hit:4821_conv:9643,situation,none,When my car caught on fire while driving
    hit:4821_conv:9643,utterance,speaker,I had my car catch on fire while driving!
    hit:4821_conv:9643,utterance,listener,"Oh my gosh, what did you do?"

Emotion and situation are known to the speaker only, so they are the speaker's private goal. Many speakers open with
their situation word for word; there the context keeps only the emotion.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from odyssim.corpus.leak import leaks
from odyssim.corpus.sources.base import (
    ReadReport,
    SourceCard,
    SourceReader,
    hash_split,
)
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction, SocialContext, Turn


class _Row(UpstreamRecord):
    dialogue: str = Field(alias="Dialog_ID")
    kind: Literal["situation", "utterance"] = Field(alias="Type")
    actor: Literal["none", "speaker", "listener"] = Field(alias="Actor")
    text: str = Field(alias="Text")


class EmpatheticDialogues(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="empathetic_dialogues",
        title="EmpatheticDialogues, by emotion",
        axes=(Axis.CONV,),
        licence="CC-BY-NC-4.0",
        citation="Rashkin et al., ACL 2019; Welivita and Pu, COLING 2020",
        url="https://github.com/anuradha1992/EmpatheticIntents",
        files=("datasets/empatheticdialogues_unannotated/*.csv",),
        human="Both are crowd workers: the speaker tells, the listener reacts.",
        aliases=("empathetic",),
        columns=("Dialog_ID", "Type", "Actor", "Text"),
        rows_upstream=24_850,
        in_paper=True,
        imitated=("speaker", "listener"),
        interactions=17_411,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            records = csv_records(file, _Row, report)
            for dialogue, group in groupby(records, key=lambda placed: placed[1].dialogue):
                places, rows = zip(*group, strict=True)
                turns = [
                    Turn(speaker=row.actor, text=row.text.strip(), human=True, train=True)
                    for row in rows
                    if row.kind == "utterance"
                ]
                situation = " ".join(row.text.strip() for row in rows if row.kind == "situation")
                yield from self.emit(
                    turns,
                    _context(PurePosixPath(file.name).stem, situation, turns),
                    report,
                    axis=Axis.CONV,
                    split=hash_split(dialogue),
                    original_id=dialogue,
                    place=places[0],
                )


def _context(emotion: str, situation: str, turns: list[Turn]) -> SocialContext:
    share = f"Bring up something from your own life. The feeling that goes with it: {emotion}."
    told = f'{share} It is this: "{situation}"'
    spoken = [turn.text for turn in turns if turn.speaker == "speaker"]
    return SocialContext(
        scenario="An online chat about personal experiences.",
        relationship="They have never met.",
        goals={
            "speaker": share if not situation or leaks(told, spoken) else told,
            "listener": "Hear the other out and react.",
        },
    )
