"""DialogSum (Chen et al., Findings of ACL 2021): everyday talk between two people, with a topic.

Layout: `DialogSum_Data/dialogsum.dev.jsonl` (and `train`), one dialogue per line:

    {"fname": "dev_0", "topic": "late again", "summary": "#Person1# is late ...",
     "dialogue": "#Person1#: Sorry, I ' m late.\\n#Person2#: Again ?"}

The topic is the context; the summary tells how the talk ends and is not read. A part of the dialogues was split into
tokens upstream: the space around apostrophes, before punctuation and after a dollar sign, and the capital in "I'Ve",
are undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, jsonl_records
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_LINE = re.compile(r"#Person(?P<number>\d)#:(?P<text>.*)")
_APOSTROPHE = re.compile(r"(?<=\w) ' (?=(?:s|t|m|d|ll|re|ve|am)\b)", re.IGNORECASE)
_CAPITAL = re.compile(r"(?<=\w)'Ve\b")
_SPACE = re.compile(r"(?<=\w) (?=[,.;:?!](?:\s|$))|(?<=\$) (?=\d)")


class _Dialogue(UpstreamRecord):
    fname: str
    dialogue: str
    topic: str


class DialogSum(SourceReader):
    """Everybody is imitated."""

    card = SourceCard(
        id="dialogsum",
        title="DialogSum: everyday talk",
        axes=(Axis.CONV,),
        licence="CC-BY-NC-SA-4.0",
        citation="Chen et al., Findings of ACL 2021",
        url="https://github.com/cylnlp/dialogsum",
        files=("DialogSum_Data/dialogsum.*.jsonl",),
        human="People's everyday talk, collected from language-learning material and other dialogue corpora.",
        columns=("fname", "dialogue", "topic"),
        rows_upstream=13_460,
        imitated=("Person 1", "Person 2", "Person 3", "Person 4"),
        interactions=500,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            for place, dialogue in jsonl_records(file, _Dialogue, report):
                turns = [
                    Turn(speaker=f"Person {line['number']}", text=_untokenised(line["text"]), human=True, train=True)
                    for line in _LINE.finditer(dialogue.dialogue)
                ]
                yield from self.emit(
                    turns,
                    _context(dialogue.topic, turns),
                    report,
                    axis=Axis.CONV,
                    split="train" if dialogue.fname.startswith("train") else "validation",
                    original_id=dialogue.fname,
                    place=place,
                )


def _untokenised(text: str) -> str:
    return _SPACE.sub("", _CAPITAL.sub("'ve", _APOSTROPHE.sub("'", text))).strip()


def _context(topic: str, turns: Sequence[Turn]) -> SocialContext | None:
    scenario = unsaid([f"What it is about: {topic.strip()}."], turns, *{turn.speaker for turn in turns})
    return SocialContext(scenario=scenario[0], author="native") if scenario else None
