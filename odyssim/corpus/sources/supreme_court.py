"""Oral arguments before the US Supreme Court, as the Oyez project publishes them.

Layout: `oyez/cases/TERM.DOCKET.json` is a case, `TERM.DOCKET-t01.json` the transcript of one argument in it:

    {"first_party": "Doe", "second_party": "City of Springfield", "facts_of_the_case": "<p>...</p>", "question": "...",
     "advocates": [{"advocate": {"name": "Ann Roe"}, "advocate_description": "for the petitioner"}, ...],
     "conclusion": ..., "decisions": ...}

    {"transcript": {"sections": [{"turns": [{"speaker": {"name": "Ann Roe", "roles": [{"role_title": ...}]} | null,
                                             "text_blocks": [{"text": "May it please the Court:"}]}]}]}}

Facts and question are what everybody has read before the argument; conclusion, votes and opinions are never read.
A speaker whom the transcript does not identify is heard but not imitated. Notes on the sound (`[Laughter]`) are cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_object
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext, Turn

_OPENING: Final = "Counsel argue a case before the justices of the US Supreme Court, who interrupt at will."
_UNKNOWN: Final = "Unidentified speaker"
_TRANSCRIPT: Final = re.compile(r"(?P<case>.+)-t\d+")
_MARKUP: Final = re.compile(r"<[^>]+>")
_SOUND: Final = re.compile(r"[\[(](?:general)?\s*(?:laughter|inaudible|voice overlap|ph|NS)\.?[\])]", re.IGNORECASE)


class _Person(UpstreamRecord):
    name: str


class _Speaker(_Person):
    roles: tuple[object, ...] | None = None


class _Block(UpstreamRecord):
    text: str


class _Turn(UpstreamRecord):
    speaker: _Speaker | None
    text_blocks: tuple[_Block, ...]


class _Section(UpstreamRecord):
    turns: tuple[_Turn, ...]


class _Transcript(UpstreamRecord):
    sections: tuple[_Section, ...]


class _Argument(UpstreamRecord):
    transcript: _Transcript | None


class _Advocate(UpstreamRecord):
    advocate: _Person | None
    advocate_description: str | None


class _Case(UpstreamRecord):
    first_party: str
    second_party: str
    facts_of_the_case: str | None
    question: str | None
    advocates: tuple[_Advocate | None, ...] | None


class SupremeCourt(SourceReader):
    """Justices and advocates are imitated."""

    card = SourceCard(
        id="supreme_court",
        title="US Supreme Court oral arguments",
        axes=(Axis.CONV,),
        licence="CC-BY-NC-4.0",
        citation="The Oyez Project; Danescu-Niculescu-Mizil et al., WWW 2012 (supreme-corpus)",
        url="https://github.com/walkerdb/supreme_court_transcripts",
        files=("oyez/cases/*.json",),
        human="Justices and advocates, public officials and lawyers in public proceedings.",
        role_rule=RoleFamily.SWAP,
        aliases=("convokit_supreme-corpus",),
        columns=("transcript", "facts_of_the_case", "question", "advocates"),
        rows_upstream=8_532,
        in_paper=True,
        interactions=148,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for case_id, group in groupby(files.match(*self.card.files), key=_case_id):
            *arguments, case_file = group
            if _TRANSCRIPT.fullmatch(PurePosixPath(case_file.name).stem):
                raise DataError(f"the file of case {case_id} is missing", path=files.root, hint=files.hint)
            case = json_object(case_file, _Case, report)
            for file in arguments:
                argument = json_object(file, _Argument, report)
                if argument.transcript is None:
                    report.skip("no transcript", file.name)
                    continue
                turns = [_turn(said) for section in argument.transcript.sections for said in section.turns]
                justices = {
                    said.speaker.name
                    for section in argument.transcript.sections
                    for said in section.turns
                    if said.speaker and said.speaker.roles
                }
                yield from self.emit(
                    turns,
                    _context(case, justices, turns),
                    report,
                    axis=Axis.CONV,
                    split=hash_split(case_id),
                    original_id=PurePosixPath(file.name).stem,
                    place=file.name,
                )


def _case_id(file: RawFile) -> str:
    """The case a file belongs to. A case's files are neighbours when sorted, the transcripts before the case."""
    name = PurePosixPath(file.name).stem
    found = _TRANSCRIPT.fullmatch(name)
    return found["case"] if found else name


def _turn(said: _Turn) -> Turn:
    text = " ".join(_SOUND.sub(" ", " ".join(block.text for block in said.text_blocks)).split())
    known = said.speaker is not None
    return Turn(speaker=said.speaker.name if said.speaker else _UNKNOWN, text=text, human=True, train=known)


def _context(case: _Case, justices: set[str], turns: list[Turn]) -> SocialContext:
    speakers = dict.fromkeys(turn.speaker for turn in turns if turn.train)
    title = f"The case: {case.first_party} v. {case.second_party.rstrip('.')}."
    pieces = filter(None, (title, _plain(case.facts_of_the_case), _plain(case.question)))
    told = unsaid(pieces, turns, *speakers, beside=_OPENING)
    profiles = {name: "A justice of the court." for name in speakers if name in justices}
    for entry in case.advocates or ():
        if entry and entry.advocate and entry.advocate.name in speakers and entry.advocate_description:
            profiles[entry.advocate.name] = f"An advocate: {entry.advocate_description.strip(' .')}."
    return SocialContext(
        scenario=" ".join([_OPENING, *told]),
        profiles={name: profile for name, profile in profiles.items() if unsaid([profile], turns, name)},
        author="rendered" if told in ([], [title]) else "native",
    )


def _plain(markup: str | None) -> str:
    return " ".join(unescape(_MARKUP.sub(" ", markup or "")).split())
