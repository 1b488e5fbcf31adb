"""Schema-Guided Dialogue (Rastogi et al., AAAI 2020): errands settled with an assistant that uses several services.

Layout: `{train,dev,test}/schema.json` lists the services, `dialogues_NNN.json` beside it the dialogues:

    [{"service_name": "Buses_1", "description": "...", "intents": [{"name": "FindBus", "description": "Find a bus"}]}]

    [{"dialogue_id": "1_00000", "services": ["Buses_1"],
      "turns": [{"speaker": "USER", "utterance": "is there a bus to Fresno",
                 "frames": [{"service": "Buses_1", "actions": [{"act": "INFORM_INTENT", "values": ["FindBus"]}]}]},
                {"speaker": "SYSTEM", "utterance": "From where?", "frames": [...]}]}]

A machine made the outlines, crowd workers put both sides into words; only the user is imitated. What the user wants
are the intents that the user brings up (not those that the assistant offers), in the schema's words; the values stay
out, for the user is the first to say them. Ids repeat between splits, so the split is part of the id. The schema of a
split (some ten services) is held in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_records
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_NAMES = {"USER": "user", "SYSTEM": "assistant"}
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class _Intent(UpstreamRecord):
    name: str
    description: str


class _Service(UpstreamRecord):
    service_name: str
    intents: tuple[_Intent, ...]


class _Action(UpstreamRecord):
    act: str
    values: tuple[str, ...]


class _Frame(UpstreamRecord):
    service: str
    actions: tuple[_Action, ...]


class _Turn(UpstreamRecord):
    speaker: Literal["USER", "SYSTEM"]
    utterance: str
    frames: tuple[_Frame, ...]


class _Dialogue(UpstreamRecord):
    dialogue_id: str
    services: tuple[str, ...]
    turns: tuple[_Turn, ...]


_Errands = Mapping[tuple[str, str], str]
"""What a user can want, by service and intent."""


class Sgd(SourceReader):
    """The user is imitated; the assistant is a person's wording of what a system would say."""

    card = SourceCard(
        id="sgd",
        title="Schema-Guided Dialogue: errands with an assistant",
        axes=(Axis.CONV,),
        licence="CC-BY-SA-4.0",
        citation="Rastogi et al., AAAI 2020",
        url="https://github.com/google-research-datasets/dstc8-schema-guided-dialogue",
        files=("*/schema.json", "*/dialogues_*.json"),
        human="Crowd workers put a machine's outline into words, for both sides.",
        columns=("dialogue_id", "services", "turns"),
        rows_upstream=22_825,
        imitated=("user",),
        interactions=3_453,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        schemas, dialogues = self.card.files
        errands = {
            (service.service_name, intent.name): intent.description
            for file in files.match(schemas)
            for _, service in json_records(file, _Service, report)
            for intent in service.intents
        }
        for file in files.match(dialogues):
            part = file.name.split("/")[0]
            for place, dialogue in json_records(file, _Dialogue, report):
                turns = [
                    Turn(
                        speaker=_NAMES[turn.speaker],
                        text=turn.utterance.strip(),
                        human=True,
                        train=turn.speaker == "USER",
                    )
                    for turn in dialogue.turns
                ]
                yield from self.emit(
                    turns,
                    _context(dialogue, errands, turns),
                    report,
                    axis=Axis.CONV,
                    split="train" if part == "train" else "validation",
                    original_id=f"{part}/{dialogue.dialogue_id}",
                    place=place,
                )


def _context(dialogue: _Dialogue, errands: _Errands, turns: Sequence[Turn]) -> SocialContext:
    brought_up = dict.fromkeys(
        (frame.service, intent)
        for turn in dialogue.turns
        if turn.speaker == "USER"
        for frame in turn.frames
        for action in frame.actions
        if action.act == "INFORM_INTENT"
        for intent in action.values
    )
    fields = dict.fromkeys(_HUMP.sub(" ", service.rpartition("_")[0]).lower() for service in dialogue.services)
    scenario = f"A chat with an assistant for {', '.join(fields)}."
    wishes = (f"{errands[wish].rstrip('.')}." for wish in brought_up if wish in errands)
    goal = " ".join(unsaid(wishes, turns, "user", beside=scenario))
    return SocialContext(scenario=scenario, goals={"user": goal} if goal else {})
