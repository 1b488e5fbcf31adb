"""Deal or No Deal (Lewis et al., EMNLP 2017): two strangers divide books, hats and balls by chat.

Layout: `data.txt` has a dialogue per line as one side sees it: count and own value of the three kinds of things, the
talk, the outcome, then count and value on the other side.

    1 0 4 2 1 2 YOU: 4 hats for me ? <eos> THEM: deal <eos> YOU: <selection> item0=0 item1=4 item2=0 <eos> reward=8
    agree 1 4 4 1 1 2

The other side's view is mostly the next line; both become one interaction. `<selection>` is the act of ending the
talk; then each side enters the division it understood, of which a line holds its own side's part. `val.txt` repeats
dialogues of `data.txt` in another layout: it only says which of them are for validation, and they are held in memory
for that (some 600). Points scored are the outcome and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import text_lines
from odyssim.corpus.sources.spacing import detokenised
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext, Turn

_DATA, _VALIDATION = "src/data/negotiate/data.txt", "src/data/negotiate/val.txt"
_SIX: Final = r"\d+(?: \d+){5}"
_DATA_LINE: Final = re.compile(rf"(?P<mine>{_SIX}) (?P<talk>.+) <eos> reward=.+ (?:dis)?agree (?P<theirs>{_SIX})")
_VALIDATION_LINE: Final = re.compile(
    rf"<input> (?P<mine>{_SIX}) </input> <dialogue> (?P<talk>.+) </dialogue> <output> .+ </output> "
    rf"<partner_input> (?P<theirs>{_SIX}) </partner_input>"
)
_SELECTION: Final = re.compile(r"(?P<act><selection>) ?(?P<entered>.*)")
_AMOUNT: Final = re.compile(r"item\d=(\d+)")
_KINDS: Final = ("book", "hat", "ball")
_NAMES: Final = ("Person 1", "Person 2")
_ACTS: Final = {"no agreement": "[ends the talk without a deal]", "disconnect": "[leaves]"}

_Values = tuple[int, ...]


@dataclass(frozen=True)
class _Talk:
    """A dialogue, the same from both sides: whoever opens comes first."""

    counts: _Values
    values: tuple[_Values, _Values]
    turns: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _View:
    """One line: the dialogue, the side that saw it (0 opened), and what that side entered in the end."""

    place: str
    number: int
    talk: _Talk
    side: int
    entered: str


class DealOrNoDeal(SourceReader):
    """Both sides are people and both are imitated."""

    card = SourceCard(
        id="deal_or_no_deal",
        title="Deal or No Deal: dividing books, hats and balls",
        axes=(Axis.SS,),
        licence="CC-BY-NC-4.0",
        citation="Lewis et al., EMNLP 2017",
        url="https://github.com/facebookresearch/end-to-end-negotiator",
        files=(_VALIDATION, _DATA),
        human="Both sides are crowd workers; how they end the talk is an act of theirs.",
        columns=("input", "dialogue", "partner_input"),
        rows_upstream=12_234,
        imitated=_NAMES,
        interactions=5_773,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        data, validation = files.one(_DATA), files.one(_VALIDATION)
        held_out: set[_Talk] = set()
        for view in _views(validation, _VALIDATION_LINE, report):
            held_out.add(view.talk)
            report.skip(f"stands in {_DATA} as well", view.place)
        for talk, group in groupby(_views(data, _DATA_LINE, report), key=lambda view: view.talk):
            first, *others = group
            for other in others:
                report.skip("the other side of the same dialogue", other.place)
            turns = _turns(talk, {view.side: view.entered for view in (first, *others)})
            yield from self.emit(
                turns,
                _context(talk, turns),
                report,
                axis=Axis.SS,
                split="validation" if talk in held_out else "train",
                original_id=f"data-{first.number}",
                place=first.place,
            )


def _views(file: RawFile, layout: re.Pattern[str], report: ReadReport) -> Iterator[_View]:
    for number, line in text_lines(file):
        report.count_records(file.name)
        found = layout.fullmatch(line.strip())
        if found is None:
            raise DataError("this is no dialogue of the published layout", path=file.path, line=number)
        mine, theirs = _numbers(found["mine"]), _numbers(found["theirs"])
        said = [turn.split(": ", 1) for turn in found["talk"].split(" <eos> ")]
        opener = said[0][0]
        side = 0 if opener == "YOU" else 1
        entered = _SELECTION.fullmatch(said[-1][-1])
        if entered:
            said[-1][-1] = entered["act"]
        values = (mine[1::2], theirs[1::2]) if side == 0 else (theirs[1::2], mine[1::2])
        turns = tuple((int(name != opener), text) for name, text in said)
        talk = _Talk(counts=mine[::2], values=values, turns=turns)
        yield _View(f"{file.name}, line {number}", number, talk, side, entered["entered"] if entered else "")


def _numbers(text: str) -> _Values:
    return tuple(int(number) for number in text.split())


def _turns(talk: _Talk, entered: dict[int, str]) -> list[Turn]:
    turns = []
    for side, text in talk.turns:
        spoken = _ending(talk, entered.get(side)) if text == "<selection>" else detokenised(text)
        turns.append(Turn(speaker=_NAMES[side], text=spoken, human=True, train=True))
    return turns


def _ending(talk: _Talk, entered: str | None) -> str:
    """How the side that ends the talk does it; what it entered is none where only the other side's line is at hand."""
    if entered is None:
        return "[ends the talk]"
    if entered in _ACTS:
        return _ACTS[entered]
    mine = tuple(int(amount) for amount in _AMOUNT.findall(entered))
    yours = tuple(count - amount for count, amount in zip(talk.counts, mine, strict=True))
    return f"[enters the deal: I get {_things(mine)}; you get {_things(yours)}]"


def _things(amounts: _Values) -> str:
    listed = [
        f"{amount} {kind}{'s' if amount > 1 else ''}" for amount, kind in zip(amounts, _KINDS, strict=True) if amount
    ]
    return ", ".join(listed) or "nothing"


def _context(talk: _Talk, turns: list[Turn]) -> SocialContext:
    pile = ", ".join(f"of {kind}s: {count}" for kind, count in zip(_KINDS, talk.counts, strict=True))
    goals = {}
    for name, values in zip(_NAMES, talk.values, strict=True):
        worth = "; ".join(f"{kind}: {value}" for kind, value in zip(_KINDS, values, strict=True))
        goals[name] = " ".join(unsaid([f"Points for you, each: {worth}."], turns, name))
    return SocialContext(
        scenario=(
            f"Two people must split a pile (number {pile}). What a thing counts differs between them and stays secret. "
            "When one closes the chat, each enters who takes what; unless both enter the same, neither scores."
        ),
        relationship="Strangers on an online platform.",
        goals={name: goal for name, goal in goals.items() if goal},
    )
