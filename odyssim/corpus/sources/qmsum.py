"""QMSum (Zhong et al., NAACL 2021): transcripts of meetings, in companies, at a university and in parliaments.

Layout: one JSON file per meeting, `data/ALL/train/NAME.json`, or one per line of `data/Committee/jsonl/val.jsonl`:

    {"topic_list": [{"topic": "Choice of a battery", ...}], "general_query_list": [...], "specific_query_list": [...],
     "meeting_transcripts": [{"speaker": "Grad B", "content": "We 're al - {disfmarker} almost done {vocalsound} ."}]}

The kind of meeting shows in the file's name. Its topics are the agenda of the context, without those that somebody
goes on to say word for word; queries and summaries tell what came of it and are not read. Transcribers' tags are
taken out, a broken-off sentence ends in `--`, and tokens are joined: `We're al-- almost done.` What stands in brackets
after a politician's name, the seat or office, is the own profile. Parliaments' records lost their narrow spaces
(`Mr.Chair`, `45minutes`), which are put back. Companies' and researchers' meetings are from the AMI and ICSI corpora
and keep their licence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_object, jsonl_records
from odyssim.corpus.sources.spacing import detokenised
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_TRAIN: Final = "data/ALL/train/*.json"
_VALIDATION: Final = "data/Committee/jsonl/val.jsonl"
_KINDS: Final = {
    "company": "A small team develops a new remote control; each member has one job in the project.",
    "university": "A weekly meeting of a speech research group, recorded for its own research.",
    "committee": "A public sitting of a parliamentary body.",
}
_AMI_ICSI_LICENCE: Final = "CC-BY-4.0"
_COMPANY: Final = ("ES", "IS", "TS")
_UNIVERSITY: Final = "B"

_BROKEN_OFF: Final = re.compile(r"\s*\{disfmarker\}(?:\s*[.,])?")
_TAG: Final = re.compile(r"\{(?!disfmarker)[a-z]+\}|\[Inaudible\.\]|@(?: @)*")
_SPELLED: Final = re.compile(r"(?<=[A-Z])_")
_REPEATED: Final = re.compile(r"(?P<start>\w+) - (?=(?P=start))", re.IGNORECASE)
_HYPHEN: Final = re.compile(r"(?<=\w) - (?=\w)")
_LOST_SPACE: Final = re.compile(r"\b(?:Mr|Mrs|Ms|Dr)\.(?=[A-Z])|\d(?=(?!st|nd|rd|th)[a-z]{3,})")
_OFFICE: Final = re.compile(r"(?P<name>.+?) \((?P<office>.+)\)")


class _Topic(UpstreamRecord):
    topic: str


class _Said(UpstreamRecord):
    speaker: str
    content: str


class _Meeting(UpstreamRecord):
    topic_list: tuple[_Topic, ...]
    meeting_transcripts: tuple[_Said, ...]


class QmSum(SourceReader):
    """Everybody in a meeting is imitated."""

    card = SourceCard(
        id="qmsum",
        title="QMSum: meetings of companies, researchers and parliaments",
        axes=(Axis.CONV,),
        licence="MIT",
        citation="Zhong et al., NAACL 2021",
        url="https://github.com/Yale-LILY/QMSum",
        files=(_TRAIN, _VALIDATION),
        human="All are people in a meeting; the politicians among them speak in public office.",
        columns=("topic_list", "meeting_transcripts"),
        rows_upstream=232,
        interactions=168,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(_TRAIN):
            name = PurePosixPath(file.name).stem
            yield from self._meeting(json_object(file, _Meeting, report), name, "train", file.name, report)
        records = jsonl_records(files.one(_VALIDATION), _Meeting, report)
        for number, (place, meeting) in enumerate(records, start=1):
            yield from self._meeting(meeting, f"committee-val-{number}", "validation", place, report)

    def _meeting(
        self, meeting: _Meeting, name: str, split: Split, place: str, report: ReadReport
    ) -> Iterator[Interaction]:
        kind = _kind(name)
        offices: dict[str, str] = {}
        turns = []
        for said in meeting.meeting_transcripts:
            speaker = said.speaker.strip()
            if found := _OFFICE.fullmatch(speaker):
                speaker = found["name"]
                offices.setdefault(speaker, f"{found['office']}.")
            turns.append(Turn(speaker=speaker, text=_spoken(said.content), human=True, train=True))
        return self.emit(
            turns,
            _context(kind, [topic.topic.strip() for topic in meeting.topic_list], offices, turns),
            report,
            axis=Axis.CONV,
            split=split,
            original_id=name,
            place=place,
            licence=_AMI_ICSI_LICENCE if kind in ("company", "university") else None,
        )


def _kind(name: str) -> str:
    if name.startswith(_COMPANY):
        return "company"
    return "university" if name.startswith(_UNIVERSITY) else "committee"


def _spoken(content: str) -> str:
    text = _BROKEN_OFF.sub("--", _TAG.sub(" ", content))
    text = _HYPHEN.sub("-", _REPEATED.sub(r"\g<start>-- ", _SPELLED.sub("", text)))
    text = detokenised(_LOST_SPACE.sub(r"\g<0> ", text))
    return text if any(letter.isalnum() for letter in text) else ""


def _context(kind: str, topics: list[str], offices: dict[str, str], turns: list[Turn]) -> SocialContext:
    speakers = dict.fromkeys(turn.speaker for turn in turns)
    agenda = unsaid(topics, turns, *speakers, beside=_KINDS[kind])
    return SocialContext(
        scenario=f"{_KINDS[kind]} On the agenda: {'; '.join(agenda)}." if agenda else _KINDS[kind],
        profiles={name: office for name, office in offices.items() if unsaid([office], turns, name)},
        author="native" if agenda else "rendered",
    )
