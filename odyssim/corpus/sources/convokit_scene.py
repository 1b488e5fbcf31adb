"""How the conversations of a ConvoKit corpus are set and cast."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Final

from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import SocialContext, Turn

HEADING: Final = "heading"
"""What a fact calls the section header, which is an utterance and no metadata."""
_OWN_ID: Final = "id"
_ASIDE: Final = re.compile(r"\s*\(.*?\)")


@dataclass(frozen=True)
class Scene:
    """How the conversations of a corpus are set and cast.

    `setting` is true of all of them, `facts` hold metadata fields in braces: a context is the setting with the facts
    that are known and give nothing away, and there is none without a fact. `{heading}` is the section header among the
    utterances. `wording` says a field's values in words; a value that is not there is not told.

    Speakers are called by the noun `people`, numbered if there are several, unless `name_field` says where their
    public name or role stands: a field of `speakers.json`, or 'id'. `roles` names single ids; an empty name is nobody,
    for what is no speech. `split_field` holds the published split of a conversation.
    """

    setting: str = ""
    facts: tuple[str, ...] = ()
    wording: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    people: str = "Person"
    name_field: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    split_field: str = ""

    @cached_property
    def conversation_fields(self) -> frozenset[str]:
        """The fields of `conversations.json` that are read."""
        named = {name for fact in self.facts for _, name, _, _ in Formatter().parse(fact) if name}
        return frozenset(named | {self.split_field}) - {HEADING, ""}

    @cached_property
    def speaker_fields(self) -> frozenset[str]:
        """The fields of `speakers.json` that are read."""
        return frozenset({self.name_field}) - {_OWN_ID, ""}

    def context(self, known: Mapping[str, str], turns: Sequence[Turn]) -> SocialContext | None:
        """What is known beforehand, without the facts that one of the speakers goes on to say."""
        told = {
            name: self.wording[name].get(value, "") if name in self.wording else value for name, value in known.items()
        }
        facts = [sentence for fact in self.facts if (sentence := _filled(fact, told))]
        facts = unsaid(facts, turns, *{turn.speaker for turn in turns}, beside=self.setting)
        return SocialContext(scenario=" ".join((self.setting, *facts)).strip()) if facts else None

    def cast(self, speakers: Iterable[str], known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """What each of `speakers` (ids, in order of appearance) is called; nobody is called ''.

        `known` are the metadata of speakers.
        """
        names: dict[str, str] = {}
        for speaker in dict.fromkeys(speakers):
            if speaker in self.roles:
                names[speaker] = self.roles[speaker]
            elif self.name_field == _OWN_ID:
                names[speaker] = _full_name(_on_air(speaker), names.values())
            else:
                name = known.get(speaker, {}).get(self.name_field, self.people)
                names[speaker] = name[0].upper() + name[1:]
        return names if self.name_field == _OWN_ID else _numbered(names)


PLAIN: Final = Scene()
"""Nothing is known, and people are numbered."""


def _numbered(names: Mapping[str, str]) -> dict[str, str]:
    """Names that several share with a number behind them."""
    shared, met = Counter(names.values()), Counter[str]()
    numbered = {}
    for speaker, name in names.items():
        met[name] += 1
        numbered[speaker] = f"{name} {met[name]}" if name and shared[name] > 1 else name
    return numbered


def _filled(fact: str, known: Mapping[str, str]) -> str:
    """The sentence with its fields filled in, empty if one is unknown."""
    fields = [name for _, name, _, _ in Formatter().parse(fact) if name]
    return fact.format_map(known) if all(known.get(name) for name in fields) else ""


def _on_air(speaker: str) -> str:
    """A name as transcripts give it: 'ANA RUIZ, REPORTER (voice-over)' is Ana Ruiz."""
    name = _ASIDE.sub("", speaker).split(",")[0].strip() or speaker
    return name.title() if name.isupper() else name


def _full_name(name: str, met: Iterable[str]) -> str:
    """Whoever was introduced by full name goes by the last name afterwards."""
    called = {full for full in met if full.endswith(f" {name}")}
    return called.pop() if len(called) == 1 else name
