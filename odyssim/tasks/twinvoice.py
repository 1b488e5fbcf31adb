"""TwinVoice: which of four replies would this person write? Known only by what they wrote before (ROLE).

    history    - ugh, rain AGAIN. my shoes hate me      - who invented mondays, i just want to talk
    anchor     It will be sunny all weekend!
    choices    A. Splendid news, I shall prepare a picnic.   B. finally. shoes are throwing a party   C. ...   D. ...
    policy     Small letters, the shoes again. <answer>B</answer>
    score      1: B is the reply that the person wrote

Source: TwinVoice (arXiv 2510.25536): social posts (partly Chinese), messages between two people, characters of
narratives; its licence is not stated.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from odyssim.tasks.feedback import Brief
from odyssim.tasks.letters import LETTERS, LetterItem, LetterTask, checked_options, option_lines
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Outcome, Profile

TASK: Final = """\
Below is what one person wrote before. Notice how they write (length, tone, punctuation, spelling, favourite words) \
and what they care about. Then pick the reply to the post that this same person would write."""

ASK: Final = """\
Reason about it between <reasoning> and </reasoning>. After that, give only the letter of your choice in answer tags, \
like <answer>A</answer>."""


class TwinVoiceItem(LetterItem):
    """One post and four replies to it. `history` is what the person wrote before, oldest first."""

    history: tuple[str, ...]
    anchor: str
    dimension: str


class TwinVoice(LetterTask[TwinVoiceItem]):
    """The reply that a person would write."""

    name: ClassVar[str] = "twinvoice"
    title: ClassVar[str] = "TwinVoice"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.ROLE
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("twinvoice",), test=("twinvoice_val.parquet",), train=("twinvoice_rl_train.parquet",)
    )
    options_stand_alone: ClassVar[bool] = True
    feedback: ClassVar[Brief | None] = Brief(
        ask="Write one sentence on a pattern in how this person writes or behaves which the answer overlooked.",
        never="Neither state nor imply which option is right, by its letter or by its words.",
        before="choices",
    )

    def read(self, row: Row, profile: Profile) -> TwinVoiceItem:
        if profile is Profile.REFERENCE:
            history = _published_list(row, "conversation_history", "history")
            options = _published_list(row, "answer_choices", "choices")
            gold = _published_letter(row)
        else:
            history = tuple(filter(str.strip, row.texts("conversation_history", "history")))
            options = row.texts("answer_choices", "choices")
            place = row.whole("answer_idx")
            gold = LETTERS[place] if place is not None and 0 <= place < len(options) else str(place)
        dimension = row.text("dimension")
        item = TwinVoiceItem(
            **row.identity(digest(f"{dimension} {row.text('user_id') or history}")),
            options=options,
            gold=gold,
            history=history,
            anchor=row.text("anchor_post"),
            dimension=dimension,
        )
        if profile is Profile.IMPROVED:
            row.need("anchor_post")
            checked_options(item)
        return item

    def prompt(self, item: TwinVoiceItem, profile: Profile) -> Prompt:
        slots = dict.fromkeys("ABCD", "") if profile is Profile.REFERENCE else {}
        options = slots | self.shown(item, profile)
        return Prompt(
            sections=(
                Section(text=TASK),
                Section(
                    name="history",
                    heading="# What the person wrote before",
                    text="\n".join(f"- {post}" for post in item.history),
                    cut=Cut.START,
                ),
                Section(heading="# The post", text=item.anchor),
                Section(
                    name="choices",
                    heading="# Choices",
                    text=option_lines(options),
                ),
                Section(text=ASK),
            )
        )

    def facets(self, item: TwinVoiceItem) -> dict[str, str]:
        script = {"script": script_of(" ".join((item.anchor, *item.options)))}
        return script | ({"dimension": item.dimension} if item.dimension else {})

    def diagnostics(self, scored: Sequence[tuple[TwinVoiceItem, Outcome]]) -> dict[str, float]:
        return published_names(super().diagnostics(scored))


def published_names(means: Mapping[str, float]) -> dict[str, float]:
    """Means by facet, where those by dimension bear the published name `accuracy_<dimension>`."""
    return {name.replace("accuracy_dimension_", "accuracy_", 1): mean for name, mean in means.items()}


def script_of(text: str) -> str:
    """The script of most letters of a text, as the first word of their Unicode names: 'latin', 'cjk', 'cyrillic'."""
    scripts = Counter(unicodedata.name(letter, "unknown").partition(" ")[0] for letter in text if letter.isalpha())
    return scripts.most_common(1)[0][0].lower() if scripts else "none"


def _published_list(row: Row, preferred: str, other: str) -> tuple[str, ...]:
    """As published, a key that is present is the one that is read, whatever is in it."""
    key = preferred if preferred in row.info else other
    members = row.info.get(key, [])
    if isinstance(members, str):
        try:
            members = json.loads(members)
        except ValueError:
            row.fail(f"'{key}' is not in JSON")
    if not isinstance(members, list):
        row.fail(f"'{key}' is not a list")
    return tuple(map(str, members))


def _published_letter(row: Row) -> str:
    """As published, numbers below zero count from D backwards."""
    place = row.info.get("answer_idx")
    if not isinstance(place, int) or not -4 <= place < 4:
        row.fail(f"'answer_idx' is {place!r}, not a place in A to D")
    return "ABCD"[place]
