"""PersuasionForGood (Wang et al., ACL 2019): one crowd worker talks another into giving to a charity.

Layout: `data/FullData/full_dialog.csv` has one turn per row (`Unit` text, `B4` 0 persuader or 1 persuadee, `B2` the
dialogue), `full_info.csv` one participant per row (the same `B2` and `B4`, then survey answers):

    0,Good morning. How are you doing today?,0,0,20180904-045349_715_live

What each side gave in the end (`B6`) is the outcome of the talk and is never read, so it cannot reach a context. The
annotated workbook `300_dialog.xlsx` repeats dialogues of the big file with labels; its rows are only counted.

A persona is what plays into giving, and no more exact than that takes: age band, sex, education, the traits (Big
Five, 1 to 5) that stand out, and the moral foundation (1 to 6) that weighs most. The survey's answers on politics,
religion, race, income, work and family are never read: they say more about a worker than a persona needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Final, Literal
from xml.etree import ElementTree

from pydantic import BeforeValidator, ConfigDict, Field

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import (
    ReadReport,
    SourceCard,
    SourceReader,
    hash_split,
)
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext, Turn

_Side = Literal["0", "1"]
_NAMES: dict[_Side, str] = {"0": "persuader", "1": "persuadee"}
_DIALOGUES, _PEOPLE = "data/FullData/full_dialog.csv", "data/FullData/full_info.csv"
_WORKBOOK = "data/AnnotatedData/300_dialog.xlsx"


_YOUNG, _OLD = 20, 60
_LOW, _HIGH = 2.0, 4.0
_TRAITS: Final = {
    "extrovert": ("reserved", "outgoing"),
    "agreeable": ("blunt", "warm"),
    "conscientious": ("careless", "careful"),
    "neurotic": ("calm", "easily worried"),
    "open": ("down-to-earth", "curious"),
}
"""What a low and a high score of each trait mean."""
_FOUNDATIONS: Final = {
    "care": "kindness",
    "fairness": "fairness",
    "loyalty": "loyalty",
    "authority": "respect",
    "purity": "decency",
    "freedom": "freedom",
}
_Number = Annotated[float | None, BeforeValidator(lambda value: value or None)]


class _Row(UpstreamRecord):
    dialogue: str = Field(alias="B2")
    side: _Side = Field(alias="B4")
    text: str = Field(alias="Unit")


class _Person(UpstreamRecord):
    """The survey answers that make a persona; empty where the participant gave none."""

    model_config = ConfigDict(alias_generator=lambda field: f"{field}.x")

    dialogue: str = Field(alias="B2")
    side: _Side = Field(alias="B4")
    age: _Number
    sex: str
    edu: str
    extrovert: _Number
    agreeable: _Number
    conscientious: _Number
    neurotic: _Number
    open: _Number
    care: _Number
    fairness: _Number
    loyalty: _Number
    authority: _Number
    purity: _Number
    freedom: _Number

    @property
    def profile(self) -> str:
        told = {
            "age": _band(self.age) if self.age else "",
            "sex": self.sex.lower(),
            "education": self.edu.lower(),
            "character": ", ".join(self._traits),
            "what counts": self._value,
        }
        return "; ".join(f"{what}: {answer}" for what, answer in told.items() if answer)

    @property
    def _traits(self) -> Iterator[str]:
        """Those that stand out."""
        for name, (low, high) in _TRAITS.items():
            score = getattr(self, name)
            if score is not None and not _LOW < score < _HIGH:
                yield low if score <= _LOW else high

    @property
    def _value(self) -> str:
        """The moral foundation that weighs more than all others, if there is one."""
        scores = {word: getattr(self, name) or 0.0 for name, word in _FOUNDATIONS.items()}
        first, second = sorted(scores, key=lambda word: scores[word], reverse=True)[:2]
        return first if scores[first] > scores[second] else ""


def _band(age: float) -> str:
    if age < _YOUNG:
        return f"under {_YOUNG}"
    decade = int(age) // 10 * 10
    return f"{_OLD} or over" if decade >= _OLD else f"{decade} to {decade + 9}"


class PersuasionForGood(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="persuasionforgood",
        title="PersuasionForGood: asking for a donation",
        axes=(Axis.SS,),
        licence="Apache-2.0",
        citation="Wang et al., ACL 2019",
        url="https://github.com/Sea-Snell/persuasionforgood",
        files=(_DIALOGUES, _PEOPLE, _WORKBOOK),
        human="Both are crowd workers; the persuadee's is the behaviour that was measured. Of their survey a persona "
        "holds age band, sex, education, character and values; politics, religion, race, income and family stay out.",
        role_rule=RoleFamily.SWAP,
        aliases=("convokit_persuasionforgood-corpus",),
        columns=("Unit", "B4", "B2"),
        rows_upstream=1_017,
        in_paper=True,
        imitated=tuple(_NAMES.values()),
        interactions=867,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        dialogues, participants, workbook = files.match(*self.card.files)
        people = {(person.dialogue, person.side): person for _, person in csv_records(participants, _Person, report)}
        _count_rows(workbook, report)
        records = csv_records(dialogues, _Row, report)
        for dialogue, group in groupby(records, key=lambda placed: placed[1].dialogue):
            places, rows = zip(*group, strict=True)
            profiles = {}
            for side, name in _NAMES.items():
                if (dialogue, side) not in people:
                    raise DataError(f"no row for the {name} of dialogue {dialogue}", path=participants.path)
                profiles[name] = people[dialogue, side].profile
            yield from self.emit(
                [Turn(speaker=_NAMES[row.side], text=row.text.strip(), human=True, train=True) for row in rows],
                _context({name: profile for name, profile in profiles.items() if profile}),
                report,
                axis=Axis.SS,
                split=hash_split(dialogue),
                original_id=dialogue,
                place=places[0],
            )


def _count_rows(workbook: RawFile, report: ReadReport) -> None:
    with RawFiles.inside(workbook).one("xl/worksheets/sheet1.xml").open() as sheet:
        for _, element in ElementTree.iterparse(sheet):
            if element.tag.endswith("}row"):
                report.count_records(workbook.name)
                element.clear()
    report.count_records(workbook.name, -1)  # the header


def _context(profiles: dict[str, str]) -> SocialContext:
    return SocialContext(
        scenario="A paid online task: chat with a stranger. Afterwards each may privately give away part of the pay.",
        relationship="Two crowd workers, matched at random.",
        profiles=profiles,
        goals={
            "persuader": "Win the stranger over to giving something. The recipient: Save the Children.",
            "persuadee": "Hear what the stranger has to say; nobody told you beforehand what it would be about.",
        },
    )
