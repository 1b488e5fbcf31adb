"""Corpora in the format of ConvoKit (Chang et al., SIGDIAL 2020), published ones and a person's own.

Layout: a folder with

    utterances.jsonl     {"id": "u2", "speaker": "ana", "conversation_id": "u1", "reply_to": "u1",
                          "timestamp": 1325376000, "text": "me too", "meta": {...}}
    conversations.json   {"u1": {"meta": {"page_title": "Talk:Rye"}, "vectors": []}}, or the bare metadata
    speakers.json        {"ana": {"meta": {...}, "vectors": []}}, or the bare metadata

and in older corpora `users.json`, `user`, `root`, `reply-to` and a JSON list `utterances.json`. What was deleted is no
speech but keeps its place in the thread. Of the metadata only the fields that a `Scene` names are read: labels, scores
and outcomes cannot reach a context.

The utterances are read twice, first for their conversation alone: where conversations lie in one piece they stream by,
else they are gathered on disk, so that memory does not depend on the size of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import isfinite
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AliasChoices, AliasPath, BeforeValidator, ConfigDict, Field, model_validator

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split, hash_split
from odyssim.corpus.sources.convokit_scene import HEADING, PLAIN, Scene
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.grouping import gathered, in_one_piece, neighbours
from odyssim.corpus.sources.records import UpstreamRecord, UpstreamT, json_entries, json_records, jsonl_records
from odyssim.corpus.sources.threads import in_order
from odyssim.errors import DataError
from odyssim.types import Interaction, Turn

UTTERANCES: Final = ("utterances.jsonl", "utterances.json")
_CONVERSATIONS: Final = ("conversations.json",)
_SPEAKERS: Final = ("speakers.json", "users.json")
_SIDE_BYTES: Final = 64 << 20
"""Conversation metadata beyond this size on disk are not held in memory."""

_NOT_SPEECH: Final = frozenset({"[deleted]", "[removed]"})
_SPLITS: Final[dict[str, Split]] = {
    **dict.fromkeys(("train", "1"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "test", "0"), "validation"),
}


class _Member(UpstreamRecord):
    """An utterance as far as it takes to know where it belongs."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    conversation_id: str | None = Field(default=None, validation_alias=AliasChoices("conversation_id", "root"))

    @property
    def conversation(self) -> str:
        return self.conversation_id or self.id


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # some corpora write a remark there
        return None
    return seconds if isfinite(seconds) else None


class _Utterance(_Member):
    speaker: str = Field(validation_alias=AliasChoices("speaker", "user"))
    reply_to: str | None = Field(default=None, validation_alias=AliasChoices("reply_to", "reply-to"))
    timestamp: Annotated[float | None, BeforeValidator(_seconds)] = None
    text: str | None = None
    is_heading: bool | None = Field(default=None, validation_alias=AliasPath("meta", "is_section_header"))
    is_attack: bool | None = Field(default=None, validation_alias=AliasPath("meta", "comment_has_personal_attack"))


class _Said(NamedTuple):
    """An utterance as it is kept and, if need be, put on disk."""

    id: str
    reply_to: str | None
    time: float | None
    speaker: str
    text: str
    is_heading: bool
    is_attack: bool
    place: str


class _Meta(UpstreamRecord):
    """Metadata of a conversation or speaker, bare or under "meta"."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, value: Any) -> Any:
        wrapped = (
            isinstance(value, dict) and isinstance(value.get("meta"), dict) and value.keys() <= {"meta", "vectors"}
        )
        return value["meta"] if wrapped else value

    def told(self, fields: frozenset[str]) -> dict[str, str]:
        values = self.model_extra or {}
        texts = {name: str(values[name]).removesuffix(".0").strip() for name in fields if values.get(name) is not None}
        return {name: text for name, text in texts.items() if text}


class ConvoKit(SourceReader):
    """Every ConvoKit corpus below the dataset's folder. All speakers are people and all are imitated.

    For an own corpus: `ConvoKit(card).read(RawFiles(folder), ReadReport())`.
    """

    def __init__(self, card: SourceCard, scene: Scene = PLAIN) -> None:
        self.card = card
        self.scene = scene

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        corpora = [file for file in files.all if PurePosixPath(file.name).name in UTTERANCES]
        if not corpora:
            raise DataError(f"there is no {' or '.join(UTTERANCES)} here", path=files.root, hint=files.hint)
        for utterances in corpora:
            pool = f"{PurePosixPath(utterances.name).parent}/" if len(corpora) > 1 else ""
            conversations = _beside(utterances, files, _CONVERSATIONS)
            speakers = dict(_metadata(_beside(utterances, files, _SPEAKERS), self.scene.speaker_fields, report))
            for conversation, thread, known in self._threads(utterances, conversations, report):
                yield from self._interaction(pool + conversation, in_order(thread), known, speakers, report)

    def _threads(
        self, utterances: RawFile, conversations: RawFile | None, report: ReadReport
    ) -> Iterator[tuple[str, list[_Said], Mapping[str, str]]]:
        """Conversations with their utterances, in file order, and what is known beforehand."""
        whole = in_one_piece(member.conversation for _, member in _lines(utterances, _Member, ReadReport()))
        metadata = _metadata(conversations, self.scene.conversation_fields, report)
        said = ((line.conversation, _said(line, place)) for place, line in _lines(utterances, _Utterance, report))
        if whole and (conversations is None or conversations.size <= _SIDE_BYTES):
            known = dict(metadata)
            for conversation, thread in neighbours(said):
                yield conversation, thread, known.get(conversation, {})
            return
        size = utterances.size + (conversations.size if conversations else 0)
        records: Iterable[tuple[str, _Said | dict[str, str]]] = chain(metadata, said)
        for conversation, found in gathered(records, size=size):
            thread = [record for record in found if isinstance(record, _Said)]
            if thread:
                yield conversation, thread, next((record for record in found if isinstance(record, dict)), {})

    def _interaction(
        self,
        name: str,
        thread: Sequence[_Said],
        known: Mapping[str, str],
        speakers: Mapping[str, Mapping[str, str]],
        report: ReadReport,
    ) -> Iterator[Interaction]:
        speech = [said for said in thread if said.text and not said.is_heading]
        names = self.scene.cast((said.speaker for said in speech), speakers)
        turns = [
            Turn(speaker=names[said.speaker], text=said.text, human=True, train=True)
            for said in speech
            if names[said.speaker]
        ]
        heading = next((said.text.strip("= ") for said in thread if said.is_heading), "")
        return self.emit(
            turns,
            self.scene.context({HEADING: heading, **known}, turns),
            report,
            axis=self.card.axes[0],
            split=_SPLITS.get(known.get(self.scene.split_field, ""), hash_split(name)),
            original_id=name,
            place=thread[0].place,
            tags=("safety:personal_attack",) if any(said.is_attack for said in thread) else (),
        )


def _lines(file: RawFile, shape: type[UpstreamT], report: ReadReport) -> Iterator[tuple[str, UpstreamT]]:
    read = jsonl_records if file.name.endswith("l") else json_records
    return read(file, shape, report)


def _said(line: _Utterance, place: str) -> _Said:
    text = (line.text or "").strip()
    return _Said(
        id=line.id,
        reply_to=line.reply_to,
        time=line.timestamp,
        speaker=line.speaker,
        text="" if text in _NOT_SPEECH else text,
        is_heading=bool(line.is_heading),
        is_attack=bool(line.is_attack),
        place=place,
    )


def _metadata(file: RawFile | None, fields: frozenset[str], report: ReadReport) -> Iterator[tuple[str, dict[str, str]]]:
    """The asked fields of every entry that has one; nothing is read if nothing is asked."""
    if file is None or not fields or _is_empty(file):
        return
    for _, key, meta in json_entries(file, _Meta, report):
        if told := meta.told(fields):
            yield key, told


def _is_empty(file: RawFile) -> bool:
    """Whether the file is `{}`, which ConvoKit writes where there are no metadata."""
    with file.open() as content:
        return content.read(16).split() in ([b"{}"], [b"{", b"}"])


def _beside(file: RawFile, files: RawFiles, names: Sequence[str]) -> RawFile | None:
    """The file of one of these names in the folder of `file`."""
    folder = PurePosixPath(file.name).parent
    paths = {str(folder / name) for name in names}
    return next((other for other in files.all if other.name in paths), None)
