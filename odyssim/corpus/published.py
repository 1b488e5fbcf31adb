"""The published midtraining corpus, read as interactions.

A row is `{"messages": [{"role": ..., "content": ...}, ...], "data_source": NAME}`, in Parquet or JSONL files. The
upload has one folder per data source with `train_shard_NNN.parquet` and `test_shard_NNN.parquet`; files of other names
are split by row. The first system message holds the social context, and the role rule of the data source says who is
imitated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from pydantic import ValidationError, model_validator

from odyssim.corpus.roles import (
    CONVOKIT,
    FAMILIES,
    UNSWAPPED,
    RoleFamily,
    RowMessage,
    apply_role_rule,
    published_name,
)
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split, hash_split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, first_problem, jsonl_records, parquet_records
from odyssim.errors import DataError, UnknownName
from odyssim.types import Axis, Interaction, Profile, SocialContext, Turn

PERSON: Final = "person"
PARTNER: Final = "partner"
TOOL: Final = "tool"

_COLUMNS: Final = ("messages", "data_source", "extra_info.messages")
_PARQUET: Final = ".parquet"
_JSONL: Final = (".jsonl", ".jsonl.gz")
_SPLITS: Final[dict[str, Split]] = {"train_shard_": "train", "test_shard_": "validation"}

_AXIS_OF_FAMILY: Final = {
    RoleFamily.SWAP: Axis.CONV,
    RoleFamily.DIALOGUE: Axis.CONV,
    RoleFamily.HUMANUAL: Axis.ROLE,
    RoleFamily.EXPERIMENT: Axis.EVAL,
    RoleFamily.PSYCH101: Axis.EVAL,
    RoleFamily.COSER: Axis.ROLE,
    RoleFamily.NO_SWAP: Axis.COG,
    RoleFamily.SOTOPIA: Axis.SS,
    RoleFamily.CHAT: Axis.CONV,
}
_AXIS_OF_NAME: Final = {
    "humanual_chat": Axis.CONV,
    "convokit_casino-corpus": Axis.SS,
    "convokit_persuasionforgood-corpus": Axis.SS,
    **{name: Axis.SS for name in FAMILIES if name.startswith("soc_")},
    **dict.fromkeys("alignx nectar hh_rlhf human_llm humanual_book humanual_opinion rm_r1_sft".split(), Axis.EVAL),
}


class PublishedRow(UpstreamRecord):
    """A published row. Its messages may also stand in `extra_info`, which counts only where there are no others."""

    messages: tuple[RowMessage, ...]
    data_source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _messages_from_either_place(cls, row: object) -> object:
        if not isinstance(row, Mapping) or row.get("messages") is not None:
            return row
        extra = row.get("extra_info")
        messages = extra.get("messages") if isinstance(extra, Mapping) else None
        if messages is None:
            raise ValueError("there are neither 'messages' nor 'extra_info.messages'")
        return {**row, "messages": messages}


def parse_row(row: object) -> PublishedRow:
    """A published row, checked. Raises `DataError` for one without messages or with a role that nobody knows."""
    try:
        return PublishedRow.model_validate(row)
    except ValidationError as error:
        raise DataError(f"not a published row: {first_problem(error)}") from error


class PublishedCorpus(SourceReader):
    """The rows under the `improved` role rules; the person is imitated, the other side is not.

    The tag `data_source:NAME` says which set a row is from, and its licence is that of `licences` by this name,
    'unknown' where it has none. Rows that a model wrote in people's place carry the tag `synthetic:model`.
    """

    card = SourceCard(
        id="published",
        title="The published OdysSim midtraining corpus",
        axes=tuple(Axis),
        licence="unknown",
        citation="OdysSim, arXiv 2606.14199",
        url="https://huggingface.co/datasets/cmu-lti/osim-mid-training",
        hub="cmu-lti/osim-mid-training",
        human="Whoever is the assistant after the role rule of the row's data source.",
        imitated=(PERSON,),
        languages=(),
        columns=("messages", "data_source"),
        rows_upstream=21_200_000,
    )

    def __init__(self, licences: Mapping[str, str] | None = None) -> None:
        self._licences = licences or {}

    def parts(self, files: RawFiles) -> list[RawFiles]:
        """Each file by itself."""
        return [files.only(file) for file in _row_files(files)]

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        """Raises `DataError` if there is no Parquet or JSONL file, and for a data source that nobody knows."""
        for file in _row_files(files):
            for place, row in _rows(file, report):
                try:
                    name = published_name(row.data_source or "")
                except UnknownName as error:
                    raise DataError(f"{place}: {error.message}", path=files.root, hint=error.hint) from error
                yield from self._interaction(row, name, place, report)

    def _interaction(self, row: PublishedRow, name: str, place: str, report: ReadReport) -> Iterator[Interaction]:
        messages = apply_role_rule(row.messages, FAMILIES[name], Profile.IMPROVED)
        scene = "\n\n".join(message.content for message in messages if message.role == "system" and message.content)
        tags = (f"data_source:{name}", *(("synthetic:model",) if FAMILIES[name] in UNSWAPPED else ()))
        yield from self.emit(
            [_turn(message, name) for message in messages if message.role != "system"],
            SocialContext(scenario=scene, author="native") if scene else None,
            report,
            axis=_AXIS_OF_NAME.get(name, _AXIS_OF_FAMILY[FAMILIES[name]]),
            split=_split(place),
            original_id=place,
            place=place,
            licence=self._licences.get(name),
            tags=tags,
        )


def _row_files(files: RawFiles) -> list[RawFile]:
    found = [file for file in files.all if file.name.endswith((_PARQUET, *_JSONL))]
    if not found:
        raise DataError("no .parquet or .jsonl file is here", path=files.root, hint=files.hint)
    return found


def _rows(file: RawFile, report: ReadReport) -> Iterator[tuple[str, PublishedRow]]:
    if file.name.endswith(_PARQUET):
        return parquet_records(file, PublishedRow, report, columns=_COLUMNS)
    return jsonl_records(file, PublishedRow, report)


def _turn(message: RowMessage, name: str) -> Turn:
    text = message.content or ""
    if message.role == "assistant":
        return Turn(speaker=PERSON, text=text, human=True, train=True)
    if message.role == "tool":
        return Turn(speaker=TOOL, text=text, human=False, train=False)
    between_people = FAMILIES[name] is RoleFamily.DIALOGUE or name in CONVOKIT
    return Turn(speaker=PARTNER, text=text, human=between_people, train=False)


def _split(place: str) -> Split:
    """By the name of the file in which the row stands; by the row where that says nothing."""
    file = PurePosixPath(place).name
    named = [split for prefix, split in _SPLITS.items() if file.startswith(prefix)]
    return named[0] if named else hash_split(place)
