"""CrossWOZ (Zhu et al., TACL 2020): in Chinese, one crowd worker plans a trip, another looks things up.

Layout: each split is a zip, `data/crosswoz/{train,val,test}.json.zip`, around one JSON object of dialogues by task id:

    {"11290": {"sys-usr": [120, 20], "type": "...", "task description": ["你要去一个餐馆(id=1)用餐。……"],
               "goal": [[1, "餐馆", "人均消费", "50-100元", false], [1, "餐馆", "地址", "", false]],
               "final_goal": [...],
               "messages": [{"content": "你好，……", "role": "usr", "dialog_act": [...], "user_state": [...]}, ...]}}

A goal says per stop which values are set and which are to be asked for. The task description spells the set values
out, and the user repeats them; so the context names the kinds of places and what matters about them, no values.
`final_goal` holds what was found in the end and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_entries
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_NAMES = {"usr": "user", "sys": "assistant"}
_SCENARIO = "有人要在北京玩一趟，在网上聊天，请对方帮忙查询景点、餐馆、酒店和交通。"

_NEAR = re.compile(r"出现在id=(\d+)的")

_Slot = tuple[int, str, str, str | list[str], bool]
"""Number and kind of a stop, what about it, its value (empty: to be asked for), whether that was settled."""


class _Message(UpstreamRecord):
    role: Literal["usr", "sys"]
    content: str


class _Dialogue(UpstreamRecord):
    messages: tuple[_Message, ...]
    goal: tuple[_Slot, ...]


class CrossWoz(SourceReader):
    """The user is imitated; the assistant is a person who looks things up."""

    card = SourceCard(
        id="crosswoz",
        title="CrossWOZ: planning a trip to Beijing, in Chinese",
        axes=(Axis.CONV,),
        licence="Apache-2.0",
        citation="Zhu et al., TACL 2020",
        url="https://github.com/thu-coai/CrossWOZ",
        files=("data/crosswoz/*.json.zip",),
        human="Both are crowd workers; the user follows a goal, the other plays the system.",
        columns=("messages", "goal"),
        rows_upstream=6_012,
        languages=("zh",),
        imitated=("user",),
        interactions=500,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            content = RawFiles.inside(file).one("*.json")
            for place, task_id, dialogue in json_entries(content, _Dialogue, report):
                turns = [
                    Turn(
                        speaker=_NAMES[message.role],
                        text=message.content.strip(),
                        human=True,
                        train=message.role == "usr",
                    )
                    for message in dialogue.messages
                ]
                yield from self.emit(
                    turns,
                    _context(dialogue, turns),
                    report,
                    axis=Axis.CONV,
                    split="train" if content.name.startswith("train") else "validation",
                    original_id=task_id,
                    place=f"{file.name}, {place}",
                )
            report.count_records(file.name, report.records.pop(content.name))  # what is published is the archive


def _context(dialogue: _Dialogue, turns: Sequence[Turn]) -> SocialContext:
    stops: list[str] = []
    for _, slots in groupby(dialogue.goal, key=lambda slot: slot[0]):
        stops.append("，".join(_stop(list(slots), turns, beside="；".join((_SCENARIO, *stops)))))
    return SocialContext(
        scenario=_SCENARIO,
        relationship="互不相识的用户和查询员。",
        goals={"user": f"依次要办的事：{'；'.join(stops)}。"},
    )


def _stop(slots: Sequence[_Slot], turns: Sequence[Turn], *, beside: str) -> Iterator[str]:
    """The kind of place, and what of the rest the user does not put into the same words: which, matters, unknown."""
    yield slots[0][1]
    given = {name: str(value) for _, _, name, value, _ in slots if value}
    asked = [name for _, _, name, value, _ in slots if not value]
    which = given.pop("名称", "")
    if near := _NEAR.match(which):
        which = f"第{near[1]}处附近"
    pieces = {"要去": which, "在意": "、".join(given), "想知道": "、".join(asked)}
    yield from unsaid((verb + what for verb, what in pieces.items() if what), turns, "user", beside=beside)
