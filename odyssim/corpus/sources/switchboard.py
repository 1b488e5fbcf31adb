"""Switchboard with dialogue acts (Godfrey et al., 1992; Jurafsky et al., 1997): strangers talk on the telephone.

Layout: one text file per conversation, `swda_data/train/2005.txt`, with one utterance per line as
`SPEAKER|TEXT|ACT`; A placed the call, B took it:

    A|Uh, do you have, uh,|%
    A|do you have any pets?|qy
    B|Yeah,|ny

Utterances are shorter than turns: consecutive ones of a speaker are joined. Notes of the annotators, from an asterisk
to the end of the line, are cut, and asides to others in the room (act `t3`, garbled upstream) are left out. The topic
that the callers were given is not part of the files, so there is no context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final, Literal

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction, Turn

_Side = Literal["A", "B"]
_NAMES: Final[dict[_Side, str]] = {"A": "caller", "B": "callee"}
_ASIDE: Final = "t3"
_NOTE: Final = re.compile(r"\*.*")


class _Utterance(UpstreamRecord):
    side: _Side
    text: str
    act: str


class Switchboard(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="switchboard",
        title="Switchboard: telephone conversations between strangers",
        axes=(Axis.CONV,),
        licence="CC-BY-NC-SA-3.0",
        citation="Godfrey et al., ICASSP 1992; Jurafsky et al., 1997",
        url="https://github.com/NathanDuran/Switchboard-Corpus",
        files=("swda_data/train/*.txt",),
        human="Both callers are people who were given a topic to talk about.",
        role_rule=RoleFamily.SWAP,
        aliases=("convokit_switchboard-corpus",),
        columns=tuple(_Utterance.model_fields),
        rows_upstream=1_155,
        in_paper=True,
        imitated=tuple(_NAMES.values()),
        interactions=1_115,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            records = csv_records(
                file, _Utterance, report, delimiter="|", header=tuple(_Utterance.model_fields), quoted=False
            )
            spoken = (utterance for _, utterance in records if utterance.act != _ASIDE)
            turns = [
                Turn(speaker=_NAMES[side], text=_joined(said), human=True, train=True)
                for side, said in groupby(spoken, key=lambda utterance: utterance.side)
            ]
            yield from self.emit(
                turns,
                None,
                report,
                axis=Axis.CONV,
                split="train",
                original_id=PurePosixPath(file.name).stem,
                place=file.name,
            )


def _joined(said: Iterator[_Utterance]) -> str:
    return " ".join(" ".join(_NOTE.sub("", utterance.text) for utterance in said).split())
