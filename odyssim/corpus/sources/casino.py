"""CaSiNo (Chawla et al., NAACL 2021): two campers split packages of food, water and firewood.

Layout: JSON lists `data/split/casino_{train,valid}.json`, whose elements look like

    {"dialogue_id": 938,
     "chat_logs": [{"id": "mturk_agent_1", "text": "Hello!", "task_data": {}},
                   {"id": "mturk_agent_2", "text": "Submit-Deal",
                    "task_data": {"issue2youget": {"Water": "3", ...}, "issue2theyget": {"Water": "0", ...}}}],
     "participant_info": {"mturk_agent_1": {"value2issue": {"High": "Firewood", ...},
                                            "value2reason": {"High": "It gets cold at night", ...}}, ...}}

The buttons of the deal form are acts that a person chose, so they stay as trained turns, in square brackets and with
the division they stand for. Demographics, personality scores and the points scored are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from odyssim.corpus.leak import leaks
from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import (
    ReadReport,
    SourceCard,
    SourceReader,
    Split,
)
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_records
from odyssim.types import Axis, Interaction, SocialContext, Turn

_Camper = Literal["mturk_agent_1", "mturk_agent_2"]
_Supply = Literal["Food", "Water", "Firewood"]
_Rank = Literal["High", "Medium", "Low"]

_SUPPLIES: tuple[_Supply, ...] = ("Food", "Water", "Firewood")
_NAMES: dict[_Camper, str] = {"mturk_agent_1": "Camper 1", "mturk_agent_2": "Camper 2"}
_SPLITS: dict[str, Split] = {
    "data/split/casino_train.json": "train",
    "data/split/casino_valid.json": "validation",
}
_ACTS = {
    "Accept-Deal": "[accepts the deal]",
    "Reject-Deal": "[rejects the deal]",
    "Walk-Away": "[walks away without a deal]",
}


class _Division(UpstreamRecord):
    issue2youget: dict[_Supply, int]
    issue2theyget: dict[_Supply, int]


class _Button(UpstreamRecord):
    data: str | None = None


class _Line(UpstreamRecord):
    id: _Camper
    text: str
    task_data: _Division | _Button


class _Person(UpstreamRecord):
    value2issue: dict[_Rank, _Supply]
    value2reason: dict[_Rank, str]


class _Dialogue(UpstreamRecord):
    dialogue_id: int
    chat_logs: tuple[_Line, ...]
    participant_info: dict[_Camper, _Person]


class Casino(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="casino",
        title="CaSiNo: campsite negotiations",
        axes=(Axis.SS,),
        licence="CC-BY-4.0",
        citation="Chawla et al., NAACL 2021",
        url="https://github.com/kushalchawla/CaSiNo",
        files=tuple(_SPLITS),
        human="Both campers are people; the deal form's buttons are acts of theirs.",
        role_rule=RoleFamily.SWAP,
        aliases=("convokit_casino-corpus",),
        columns=("chat_logs", "participant_info"),
        rows_upstream=1_030,
        in_paper=True,
        imitated=tuple(_NAMES.values()),
        interactions=930,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            for place, dialogue in json_records(file, _Dialogue, report):
                turns = [
                    Turn(speaker=_NAMES[line.id], text=_spoken(line), human=True, train=True)
                    for line in dialogue.chat_logs
                ]
                yield from self.emit(
                    turns,
                    _context(dialogue.participant_info, turns),
                    report,
                    axis=Axis.SS,
                    split=_SPLITS[file.name],
                    original_id=str(dialogue.dialogue_id),
                    place=place,
                )


def _spoken(line: _Line) -> str:
    if isinstance(line.task_data, _Division):
        mine, yours = _amounts(line.task_data.issue2youget), _amounts(line.task_data.issue2theyget)
        return f"[offers a deal: I get {mine}; you get {yours}]"
    return _ACTS.get(line.text, line.text.strip())


def _amounts(packages: Mapping[_Supply, int]) -> str:
    listed = [f"{packages[supply]} {supply.lower()}" for supply in _SUPPLIES if packages.get(supply)]
    return ", ".join(listed) or "nothing"


def _context(people: Mapping[_Camper, _Person], turns: list[Turn]) -> SocialContext:
    goals = {}
    for camper, person in people.items():
        name = _NAMES[camper]
        goals[name] = _goal(person, [turn.text for turn in turns if turn.speaker == name])
    return SocialContext(
        scenario=(
            "A campground hands out spare supplies: three packages of each of food, water, firewood. Two campers chat "
            "about who takes what. Either may put a division on the table for the other to accept or reject, or leave."
        ),
        relationship="Strangers about to camp nearby.",
        goals=goals,
    )


def _goal(person: _Person, own_turns: list[str]) -> str:
    """What a camper wants and why; a reason the camper goes on to say word for word is left out."""
    wish = person.value2issue
    goal = f"Priorities, highest first: {wish['High']} / {wish['Medium']} / {wish['Low']}."
    for rank in ("High", "Medium", "Low"):
        longer = f'{goal} Why {wish[rank].lower()} counts: "{person.value2reason[rank].strip()}"'
        if not leaks(longer, own_turns):
            goal = longer
    return goal
