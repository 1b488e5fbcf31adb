"""Taskmaster (Byrne et al., EMNLP 2019; Sidahmed et al., 2024): people write both sides of an order or booking.

Layout: TM-4 `data/data_NN.json` are JSON lists of

    {"conversation_id": "dlg-…", "scenario": "Auto template 2 order a coffee drink specify milk", "instructions": "…",
     "utterances": [{"index": 0, "speaker": "user", "text": "Can I get a cortado"}, …]}

and the TM-1 sample is one such object with `instruction_id` and upper-case speakers. One worker writes both sides:
both are human, but only the user is imitated, for the assistant is a person's idea of a machine.

Two files are counted and hold no interaction: the ontology lists slots, and the reward file scores single machine
calls against prefixes of dialogues that the data files already hold in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from odyssim.corpus.sources.base import (
    ReadReport,
    SourceCard,
    SourceReader,
    hash_split,
)
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, json_object, json_records
from odyssim.types import Axis, Interaction, SocialContext, Turn

_SAMPLE = "TM-1-2019/sample.json"
_WITHOUT_INTERACTIONS = ("TM-1-2019/ontology.json", "TM-4-2024/reward/")
_TEMPLATE = re.compile(r"Auto template (\w+)")

# What the customer is after, by the number of the published template. Some templates also say what comes of it (the bar
# has not got the drink, or takes it for another): a customer does not know that beforehand, so it is left out.
ERRANDS: Final = {
    "1": "Get yourself a coffee drink, just as it comes.",
    "2": "Get a coffee drink and choose the milk.",
    "3": "Get a coffee drink, sweetened the way you like.",
    "4": "Get a coffee drink; you have wishes about milk and about sweetness.",
    "4b": "Get a sweetened coffee drink without caffeine.",
    "5": "Get a coffee drink with several changes: cold or without caffeine, another milk, sweetened.",
    "7": "Get a coffee drink without caffeine.",
    "8": "Get hot tea.",
    "9": "Get something from the list that is neither plain coffee nor plain tea.",
    "10": "Get a coffee drink and have it called out under a first name.",
    "11": "Get the coffee drink that you have in mind.",
    "12": "Get the coffee drink that you have in mind.",
    "13": "Say something to the barista that has nothing to do with ordering.",
    "14a": "Find out which extras there are.",
    "14b": "Find out what there is to choose from.",
    "15": "Find out about the coffees.",
    "16": "Check whether the bar carries a certain thing.",
    "17": "Check whether the bar carries a thing that one would hardly look for there.",
    "18": "Get a coffee drink and say how strong it should be.",
    "19": "Get a coffee drink; say how strong and which milk.",
    "20": "Get a coffee drink to take along.",
    "20b": "Get a coffee drink with two changes, and say where you will drink it.",
    "22": "Get a coffee drink and add an unusual remark for whoever makes it.",
    "23": "Start with a plain coffee drink, then ask about sweetening it.",
    "25": "Learn how one of the drinks is made.",
    "26": "Get a tea-based milk drink.",
    "27": "Get the same drink twice.",
    "28": "Get the same drink twice, but with different milk.",
    "29": "Get two different drinks, one of them with special milk.",
    "30": "Get a coffee drink with a wish that is not on any list.",
    "31": "Get the same drink twice, caffeine in just one cup.",
    "32": "Get a cold coffee drink; pick milk and sweetness.",
}


class _Utterance(UpstreamRecord):
    speaker: Literal["user", "assistant", "USER", "ASSISTANT"]
    text: str


class _Conversation(UpstreamRecord):
    conversation_id: str
    scenario: str = ""
    instruction_id: str = ""
    utterances: tuple[_Utterance, ...]


class Taskmaster(SourceReader):
    """The user is imitated; the assistant is human text that is not."""

    card = SourceCard(
        id="taskmaster",
        title="Taskmaster-4 coffee orders and the Taskmaster-1 sample",
        axes=(Axis.CONV,),
        licence="CC-BY-4.0",
        citation="Byrne et al., EMNLP 2019; Sidahmed et al., 2024",
        url="https://github.com/google-research-datasets/Taskmaster",
        files=("TM-1-2019/*.json", "TM-4-2024/data/*.json", "TM-4-2024/reward/*.json"),
        human="One worker writes both sides; only the customer is a person's own role.",
        columns=("conversation_id", "utterances"),
        rows_upstream=6_500,
        imitated=("user",),
        interactions=1_501,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            if file.name.startswith(_WITHOUT_INTERACTIONS):
                count_json(file, report)
                continue
            for place, conversation in _conversations(file, report):
                yield from self.emit(
                    [_turn(utterance) for utterance in conversation.utterances],
                    _context(conversation),
                    report,
                    axis=Axis.CONV,
                    split=hash_split(conversation.conversation_id),
                    original_id=conversation.conversation_id,
                    place=place,
                )


def _conversations(file: RawFile, report: ReadReport) -> Iterator[tuple[str, _Conversation]]:
    if file.name == _SAMPLE:
        yield file.name, json_object(file, _Conversation, report, records=3)  # its keys: so it is tallied upstream
    else:
        yield from json_records(file, _Conversation, report)


def _turn(utterance: _Utterance) -> Turn:
    speaker = utterance.speaker.lower()
    return Turn(speaker=speaker, text=utterance.text.strip(), human=True, train=speaker == "user")


def _context(conversation: _Conversation) -> SocialContext:
    if template := _TEMPLATE.match(conversation.scenario):
        return SocialContext(
            scenario="A coffee bar takes orders by chat; what has been ordered shows on a display.",
            relationship="Customer and barista.",
            goals={"user": ERRANDS.get(template[1], "Deal with the coffee bar.")},
        )
    errand = conversation.instruction_id.rstrip("0123456789-").replace("-", " ")
    return SocialContext(
        scenario="Someone arranges things by chat with an assistant.", goals={"user": f"Your errand: {errand}."}
    )
