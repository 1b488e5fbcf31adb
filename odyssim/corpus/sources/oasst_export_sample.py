"""A sample in Open-Assistant's export layout (Koepf et al., NeurIPS 2023), written by machines on both sides.

Layout: `en_100_tree.jsonl` has a tree per line, `en_100_message.jsonl` the same trees by their root alone:

    {"message_tree_id": "a1", "tree_state": "ready_for_export", "prompt": MESSAGE}
    MESSAGE = {"message_id": "a1", "role": "prompter", "text": "Hi", "rank": null, "deleted": false, "replies": [...]}

A tree becomes the line that starts at its root and follows the best-ranked reply, the first among unranked ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, jsonl_records
from odyssim.types import Axis, Interaction, Turn

_FOLDER: Final = "model/model_eval/manual/data"
_TREES, _MESSAGES = f"{_FOLDER}/en_100_tree.jsonl", f"{_FOLDER}/en_100_message.jsonl"
_UNRANKED: Final = 1 << 30


class _Message(UpstreamRecord):
    role: Literal["prompter", "assistant"]
    text: str
    rank: int | None = None
    deleted: bool = False
    replies: tuple[_Message, ...] = ()


class _Tree(UpstreamRecord):
    message_tree_id: str
    prompt: _Message


class OasstExportSample(SourceReader):
    """The prompter stands in a person's place; the assistant is not imitated."""

    card = SourceCard(
        id="oasst_export_sample",
        title="Open-Assistant export layout: a machine-written sample",
        axes=(Axis.EVAL,),
        licence="Apache-2.0",
        citation="Köpf et al., NeurIPS 2023 (arXiv 2304.07327)",
        url="https://github.com/LAION-AI/Open-Assistant",
        files=(_TREES, _MESSAGES),
        human="In Open-Assistant the prompter is a volunteer; in this sample a model wrote the prompts.",
        columns=("message_tree_id", "prompt"),
        rows_upstream=100,
        imitated=("prompter",),
        synthetic=True,
        contamination=("mirrorbench",),
        interactions=100,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for place, tree in jsonl_records(files.one(_TREES), _Tree, report):
            turns = [
                Turn(speaker=message.role, text=message.text.strip(), human=person, train=person)
                for message in _line(tree.prompt)
                for person in (message.role == "prompter",)
            ]
            yield from self.emit(
                turns,
                None,
                report,
                axis=Axis.EVAL,
                split=hash_split(tree.message_tree_id),
                original_id=tree.message_tree_id,
                place=place,
            )
        for place, _ in jsonl_records(files.one(_MESSAGES), _Message, report):
            report.skip(f"stands in {_TREES} as well", place)


def _line(message: _Message) -> Iterator[_Message]:
    yield message
    replies = [reply for reply in message.replies if not reply.deleted]
    if replies:
        yield from _line(min(replies, key=lambda reply: _UNRANKED if reply.rank is None else reply.rank))
