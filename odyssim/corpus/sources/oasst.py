"""OpenAssistant (Köpf et al., NeurIPS 2023): volunteers write both the prompts and most of the answers.

Layout: one message per row, the trees to be rebuilt over `parent_id`:

    {"message_id": "m2", "parent_id": "m1", "message_tree_id": "m1", "role": "assistant", "text": "...", "rank": 0, ...}

A tree becomes the line that starts at its root and follows the best-ranked reply, of unranked ones the first. Deleted
messages and what hangs on them are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.grouping import gathered
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.types import Axis, Interaction, Turn

_PROMPTER: Final = "prompter"
_BYTES: Final = 256 << 20
_UNRANKED: Final = 1 << 30


class OasstRow(HubRow):
    """One message of a tree."""

    message_id: str
    parent_id: str | None
    message_tree_id: str
    role: Literal["prompter", "assistant"]
    text: str | None
    rank: int | None = None
    deleted: bool | None = None
    synthetic: bool | None = None

    def conversations(self) -> Iterable[Conversation]:
        yield Conversation([self.turn], id=self.message_id)

    @property
    def turn(self) -> Turn:
        person = not self.synthetic
        if self.role == _PROMPTER and person:
            return imitated(self.role, self.text)
        return heard(self.role, self.text, human=person)


class Oasst(HubReader):
    """Rebuilds the trees; their messages need not stand together."""

    joins_rows = True

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        rows = ((row.message_tree_id, (split, place, row)) for split, place, row in self.rows(files, OasstRow, report))
        for tree, found in gathered(rows, size=_BYTES):
            split, place, _ = found[0]
            line = best_line([row for _, _, row in found])
            if line:
                conversation = Conversation([row.turn for row in line], id=tree)
                yield from self.hand_out(conversation, report, split=split, place=place)
            else:
                report.skip("no root that was not deleted", place)


def best_line(messages: Sequence[OasstRow]) -> list[OasstRow]:
    """From the root along the best-ranked replies; empty if there is no root."""
    replies: dict[str | None, list[OasstRow]] = {}
    for message in messages:
        if not message.deleted:
            replies.setdefault(message.parent_id, []).append(message)
    line: list[OasstRow] = []
    parent = None
    while answers := replies.pop(parent, []):
        line.append(min(answers, key=lambda answer: _UNRANKED if answer.rank is None else answer.rank))
        parent = line[-1].message_id
    return line


_OASST1: Final = SourceCard(
    id="oasst1",
    title="OpenAssistant Conversations, first release",
    axes=(Axis.CONV,),
    licence="Apache-2.0",
    citation="Köpf et al., NeurIPS 2023, arXiv:2304.07327",
    url="https://huggingface.co/datasets/OpenAssistant/oasst1",
    hub="OpenAssistant/oasst1",
    files=("data/train-*.parquet", "data/validation-*.parquet"),
    human="The prompter; the answers are by people too, who play the assistant.",
    role_rule=RoleFamily.SWAP,
    imitated=(_PROMPTER,),
    languages=(),
    rows_upstream=88_838,
    contamination=("mirrorbench",),
    in_paper=True,
)
_OASST2: Final = _OASST1.model_copy(
    update={
        "id": "oasst2",
        "title": "OpenAssistant Conversations, second release",
        "url": "https://huggingface.co/datasets/OpenAssistant/oasst2",
        "hub": "OpenAssistant/oasst2",
        "rows_upstream": 135_174,
    }
)

READERS: Final = (Oasst(_OASST1, OasstRow), Oasst(_OASST2, OasstRow))
