"""HH-RLHF, harmless-base (Bai et al., 2022): crowd workers try to make an assistant say harmful things.

Layout: gzipped JSON lines `harmless-base/test.jsonl.gz`, both fields one transcript that ends in an assistant turn:

    {"chosen": "\\n\\nHuman: hi\\n\\nAssistant: Hello!", "rejected": "\\n\\nHuman: hi\\n\\nAssistant: What?"}

The two differ in what the assistant answers last, which is not imitated, so the chosen one stands for both. The text
is offensive by design. Its authors ask not to train dialogue agents on it; here the person is imitated, and every
conversation is tagged `safety:red_team` so that a build can leave it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import StringConstraints

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, jsonl_records
from odyssim.types import Axis, Interaction, Turn

_PERSON: Final = "Human"
_SPEAKER: Final = re.compile(r"\n\n(Human|Assistant):")


class _Pair(UpstreamRecord):
    chosen: Annotated[str, StringConstraints(pattern=r"^\n\nHuman:")]


class HhRlhf(SourceReader):
    """The person is imitated, the assistant is a machine."""

    card = SourceCard(
        id="hh_rlhf",
        title="HH-RLHF: red-teaming chats with an assistant (offensive; the authors ask not to train agents on it)",
        axes=(Axis.EVAL,),
        licence="MIT",
        citation="Bai et al., 2022 (arXiv 2204.05862)",
        url="https://github.com/anthropics/hh-rlhf",
        hub="Anthropic/hh-rlhf",
        files=("harmless-base/*.jsonl.gz",),
        human="Crowd workers who were asked to get a harmful answer out of an assistant.",
        role_rule=RoleFamily.SWAP,
        columns=("chosen", "rejected"),
        rows_upstream=2_312,
        imitated=(_PERSON,),
        in_paper=True,
        interactions=2_286,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            part = PurePosixPath(file.name).name.partition(".")[0]
            for number, (place, pair) in enumerate(jsonl_records(file, _Pair, report), start=1):
                _, *pieces = _SPEAKER.split(pair.chosen)
                turns = [
                    Turn(speaker=name, text=text.strip(), human=name == _PERSON, train=name == _PERSON)
                    for name, text in zip(pieces[::2], pieces[1::2], strict=True)
                ]
                yield from self.emit(
                    turns,
                    None,
                    report,
                    axis=Axis.EVAL,
                    split="train" if part == "train" else "validation",
                    original_id=f"harmless-base-{part}-{number}",
                    place=place,
                    tags=("safety:red_team",),
                )
