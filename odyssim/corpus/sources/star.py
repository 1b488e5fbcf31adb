"""STAR (Mosig et al., 2020): a person settles tasks with an assistant whom another person plays.

Layout: one JSON file per dialogue, `dialogues/NNN.json`:

    {"DialogueID": 17,
     "Scenario": {"UserTask": "You want to check your balance.\\n\\n- Your name: Ada", "WizardTask": "...",
                  "WizardCapabilities": [{"Domain": "bank", "Task": "bank_balance"}]},
     "Events": [{"Agent": "UserGuide", "Action": "instruct", "Text": "Say hello. [instruction 1 of 3]"},
                {"Agent": "User", "Action": "utter", "Text": "hey"},
                {"Agent": "Wizard", "Action": "request_suggestions", "Text": "name"},
                {"Agent": "Wizard", "Action": "pick_suggestion", "Text": "Could I get your full name, please?"},
                {"Agent": "Wizard", "Action": "query", "Constraints": [...]}, ...]}

What is said are the user's and the wizard's `utter` events and the machine-made sentences that the wizard picks.
The user's task and the guide's instructions (also those given along the way) are the user's goal, without the
sentences about the web page of the study. The flow charts and replies below `tasks/` are the wizard's; they are
counted and hold no interaction. Dialogues in which the user never came to say anything are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, json_object
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_DIALOGUES, _TASKS = "dialogues/*.json", "tasks/*/*.json"
_SPOKEN = {("User", "utter"), ("Wizard", "utter"), ("Wizard", "pick_suggestion")}

_STAGE_NOTE = re.compile(r"\s*\[instruction [^\]]*\]|\s*\([^()]*\b(?:left|below)\b[^()]*\)|,? as shown on the left")
_ABOUT_THE_STUDY = re.compile(
    r"MTurk|on the left|left panel|last instruction|all the instructions|A few more turns|Almost there"
)


class _Capability(UpstreamRecord):
    Task: str


class _Scenario(UpstreamRecord):
    UserTask: str
    WizardCapabilities: tuple[_Capability, ...]


class _Event(UpstreamRecord):
    Agent: Literal["User", "Wizard", "KnowledgeBase", "UserGuide"]
    Action: str
    Text: str = ""


class _Dialogue(UpstreamRecord):
    DialogueID: int
    Scenario: _Scenario
    Events: tuple[_Event, ...]


class Star(SourceReader):
    """The user is imitated; the assistant is played by a person, mostly with ready-made sentences."""

    card = SourceCard(
        id="star",
        title="STAR: tasks settled with a played assistant",
        axes=(Axis.CONV,),
        licence="MIT",
        citation="Mosig et al., 2020 (arXiv 2010.11853)",
        url="https://github.com/RasaHQ/STAR",
        files=(_DIALOGUES, _TASKS),
        human="Both are crowd workers; the user improvises on instructions, the other plays an assistant.",
        columns=("DialogueID", "Scenario", "Events"),
        rows_upstream=6_652,
        imitated=("user",),
        interactions=6_137,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(_TASKS):
            count_json(file, report)
        for file in files.match(_DIALOGUES):
            dialogue = json_object(file, _Dialogue, report)
            turns = [_turn(event) for event in dialogue.Events if (event.Agent, event.Action) in _SPOKEN]
            original_id = str(dialogue.DialogueID)
            yield from self.emit(
                turns,
                _context(dialogue, turns),
                report,
                axis=Axis.CONV,
                split=hash_split(original_id),
                original_id=original_id,
                place=file.name,
            )


def _turn(event: _Event) -> Turn:
    user = event.Agent == "User"
    return Turn(
        speaker="user" if user else "assistant",
        text=event.Text.strip(),
        human=event.Action == "utter",
        train=user,
    )


def _context(dialogue: _Dialogue, turns: Sequence[Turn]) -> SocialContext:
    tasks = ", ".join(capability.Task.replace("_", " ") for capability in dialogue.Scenario.WizardCapabilities)
    scenario = f"Someone chats with an AI assistant that handles: {tasks}."
    told = [dialogue.Scenario.UserTask, *(event.Text for event in dialogue.Events if event.Agent == "UserGuide")]
    pieces = dict.fromkeys(piece for text in told for piece in _about_the_task(text))
    goal = unsaid(pieces, turns, "user", beside=scenario)
    return SocialContext(scenario=scenario, goals={"user": " ".join(goal)} if goal else {}, author="native")


def _about_the_task(text: str) -> Iterator[str]:
    for sentence in sentences(_STAGE_NOTE.sub("", text)):
        if not _ABOUT_THE_STUDY.search(sentence):
            item = sentence.removeprefix("- ")
            yield item if item.endswith((".", "!", "?", ":")) else f"{item}."
