"""The talks of MirrorBench: reading a real one, what its two sides are told, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from odyssim.models.base import Role
from odyssim.tasks.choice import ChoiceItem
from odyssim.tasks.extraction import final_text, first_words, reference_strip_thoughts
from odyssim.tasks.records import published_file, read_jsonl
from odyssim.tasks.rows import Row
from odyssim.tasks.stage import Part
from odyssim.types import Episode, Json, Origin, Profile, Record, Sampling

USER: Final = "user"
ASSISTANT: Final = "assistant"
MOST_TURNS: Final = 10
FOLDER: Final = "bench/mirrorbench/scratch_pad/data"
SUBSETS: Final = ("chatbot_arena", "clariq", "oasst1", "qulac")

NOTHING: Final = "(nothing)"

STYLE_TURN_WORDS: Final = 500
STYLE_WORDS: Final = 2000

_PREFIX: Final = re.compile(r"\Auser:", re.IGNORECASE)

ASSISTANT_BRIEF: Final = """\
You are the assistant in the talk with a user. The talk below once took place. Now another user asks in its place. \
Where they ask what was asked then, answer as the assistant did, close to those words; where they go another way, help \
them with what they say. Say only what an assistant would say: nothing of the talk below, and no word for the user."""
YOU_OPEN: Final = "(The user is here. You speak first.)"


class RealTurn(Record):
    """A turn of the real talk: of 'user' or 'assistant'."""

    role: str
    content: str


class MirrorBenchItem(ChoiceItem):
    """One real talk. `description` is what is known of the user's goal; `turns` are all of it."""

    description: str
    turns: tuple[RealTurn, ...]
    dataset: str = ""

    @property
    def replayed(self) -> tuple[RealTurn, ...]:
        """The turns that are walked through: the first ten, without an assistant's turn at their end."""
        first = self.turns[:MOST_TURNS]
        return first[:-1] if first and first[-1].role == ASSISTANT else first

    @property
    def assistant_opens(self) -> bool:
        """Whether the first turn is the assistant's."""
        return bool(self.replayed) and self.replayed[0].role == ASSISTANT


def read_item(row: Row, profile: Profile) -> MirrorBenchItem:
    """The item of a row. `improved` raises `DataError` for a talk with nothing to play or to be told."""
    turns = tuple(_real_turn(row, turn) for turn in row.objects("turns"))
    dataset, name = row.text("dataset"), row.text("conversation_id") or str(row.index)
    metadata = row.info.get("metadata")
    topic = metadata.get("topic_id") if isinstance(metadata, dict) else None
    item = MirrorBenchItem(
        **row.identity(f"{dataset}:{name if topic is None else topic}"),
        description=row.text("task_description"),
        turns=turns,
        dataset=dataset,
    )
    if profile is Profile.IMPROVED:
        if not item.description:
            row.fail("'task_description' is missing or blank")
        if not any(turn.role == USER for turn in item.replayed):
            row.fail("there is no user turn to play")
        if not all(turn.content.strip() for turn in item.replayed):
            row.fail("a turn is blank")
    return item


def upstream_rows(data: Path) -> Iterator[Row]:
    """The rows of the four original files below `data`. `DataError` if one is missing or broken."""
    paths = [published_file(data, f"{FOLDER}/{subset}/{subset}_mirror.jsonl") for subset in SUBSETS]
    records = ((path, line, record) for path in paths for line, record in read_jsonl(path))
    for index, (path, line, record) in enumerate(records):
        yield Row("mirrorbench", index, record, Origin.PUBLISHED, path=path, line=line)


def _real_turn(row: Row, turn: Json) -> RealTurn:
    role, content = turn.get("role"), turn.get("content")
    if role not in (USER, ASSISTANT):
        row.fail(f"a turn is of '{role}', neither '{USER}' nor '{ASSISTANT}'")
    return RealTurn(role=role, content="" if content is None else str(content))


def assistant_part(item: MirrorBenchItem, profile: Profile, hint: str, seed: int | None) -> Part:
    """The partner. As published, it is told only the person's side of the real talk in a hinted attempt."""
    reference = profile is Profile.REFERENCE
    told = [turn for turn in item.turns if turn.role == USER] if reference and hint else item.turns
    part = Part(
        ASSISTANT,
        Role.PARTNER,
        system=f"{ASSISTANT_BRIEF}\n\n# The talk that took place\n{_rendered(told)}",
        merges=True,
        sampling=Sampling(temperature=None if reference else 1.0, seed=seed),
    )
    if item.assistant_opens:
        part.hear(YOU_OPEN)  # many endpoints refuse a talk that no user has begun
    return part


def assistant_words(raw: str | None, profile: Profile) -> str:
    """What the partner said: raw as published, without thoughts in `improved`."""
    return (raw or "") if profile is Profile.REFERENCE else final_text(raw or "") or ""


def user_words(raw: str, profile: Profile) -> tuple[str, bool]:
    """What the user said, and whether the talk goes on. As published, the role in front goes before the thoughts do."""
    if profile is Profile.IMPROVED:
        text = _PREFIX.sub("", final_text(raw) or "").strip()
        return text, bool(text)
    text = _PREFIX.sub("", raw.strip()).strip()
    return reference_strip_thoughts(text) or "", bool(text)


def written_style(item: MirrorBenchItem) -> str:
    """All turns of the person, shortened."""
    turns = (first_words(turn.content, STYLE_TURN_WORDS) or "" for turn in item.turns if turn.role == USER)
    return first_words("\n".join(turns), STYLE_WORDS) or ""


def _rendered(turns: Iterable[RealTurn]) -> str:
    return "\n".join(_line(turn.role, turn.content) for turn in turns)


def _line(speaker: str, text: str) -> str:
    """One turn. Further lines of it are indented, so that no text can pass for a turn of the other side."""
    return f"{speaker.upper()}: {text}".replace("\n", "\n    ")


def real_talk(item: MirrorBenchItem) -> str:
    """The replayed turns, a `ROLE: text` each."""
    return _rendered(item.replayed) or NOTHING


def played_talk(episode: Episode) -> str:
    """What was said instead, in the same form."""
    return "\n".join(_line(turn.speaker, turn.text) for turn in episode.turns) or NOTHING
