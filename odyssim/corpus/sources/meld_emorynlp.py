"""MELD (Poria et al., ACL 2019) and EmoryNLP (Zahiri and Choi, 2018): scenes of the TV series Friends, line by line.

Layout: CSV files with one line of the script per row. A dialogue is a run of rows with one `Dialogue_ID` in MELD,
with one season, episode and `Scene_ID` in EmoryNLP, where the speaker is a Python list:

    1,Is this seat taken?,Ross,neutral,neutral,0,0,8,21,"00:16:16,059","00:16:21,731"
    Is this seat taken?,"['Ross Geller', 'Chandler Bing']",Neutral,1,1,1,2,00:00:02.877,00:00:07.548

A line that several say together is a turn of each of them; a crowd's line is heard but not imitated. Emotions are
labels and no part of what is said. The two sets cut the script in different places and share scenes of the first four
seasons, which is left to the removal of duplicates.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction, Turn

_CROWDS: Final = frozenset(
    "All|Both|#ALL#|Guys|The Guys|Kids|Quartet|The Whole Party|Her Friends|Joey's Sisters|Phoebe's Friends".split("|")
)
_NOTE: Final = re.compile(r" \(.*\)$")


def _python_list(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except SyntaxError as error:
        raise ValueError(f"{text} is no list of names") from error


class _MeldLine(UpstreamRecord):
    text: str = Field(alias="Utterance")
    speaker: str = Field(alias="Speaker")
    dialogue_id: int = Field(alias="Dialogue_ID")

    @property
    def names(self) -> Sequence[str]:
        return self.speaker.split(" and ")

    @property
    def dialogue(self) -> str:
        return str(self.dialogue_id)


class _EmoryLine(UpstreamRecord):
    text: str = Field(alias="Utterance")
    names: Annotated[tuple[str, ...], BeforeValidator(_python_list)] = Field(alias="Speaker")
    season: int = Field(alias="Season")
    episode: int = Field(alias="Episode")
    scene: int = Field(alias="Scene_ID")

    @property
    def dialogue(self) -> str:
        return f"s{self.season:02}e{self.episode:02}-{self.scene}"


_FILES: Final[dict[str, tuple[str, Split, type[_MeldLine | _EmoryLine], str]]] = {
    "data/MELD/train_sent_emo.csv": ("meld-train", "train", _MeldLine, "GPL-3.0-only"),
    "data/MELD/dev_sent_emo.csv": ("meld-dev", "validation", _MeldLine, "GPL-3.0-only"),
    "data/emorynlp/emorynlp_train_final.csv": ("emorynlp-train", "train", _EmoryLine, "Apache-2.0"),
    "data/emorynlp/emorynlp_dev_final.csv": ("emorynlp-dev", "validation", _EmoryLine, "Apache-2.0"),
}


class MeldEmoryNlp(SourceReader):
    """Every named character is imitated."""

    card = SourceCard(
        id="meld_emorynlp",
        title="MELD and EmoryNLP: scenes of the TV series Friends",
        axes=(Axis.CONV,),
        licence="GPL-3.0-only",
        citation="Poria et al., ACL 2019; Zahiri and Choi, AAAI workshops 2018",
        url="https://github.com/declare-lab/MELD",
        files=tuple(_FILES),
        human="Characters of a TV series; their lines were written by people and played by actors.",
        columns=("Utterance", "Speaker"),
        rows_upstream=26_314,
        interactions=1_899,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            part, split, shape, licence = _FILES[file.name]
            records = csv_records(file, shape, report)
            for dialogue, group in groupby(records, key=lambda placed: placed[1].dialogue):
                places, lines = zip(*group, strict=True)
                yield from self.emit(
                    [turn for line in lines for turn in _turns(line)],
                    None,
                    report,
                    axis=Axis.CONV,
                    split=split,
                    original_id=f"{part}-{dialogue}",
                    place=places[0],
                    licence=licence,
                )


def _turns(line: _MeldLine | _EmoryLine) -> Iterator[Turn]:
    for name in line.names:
        crowd = name in _CROWDS
        speaker = "Everyone" if crowd else _NOTE.sub("", name)
        yield Turn(speaker=speaker, text=" ".join(line.text.split()), human=True, train=not crowd)
