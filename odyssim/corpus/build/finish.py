"""The last step of a part: leave out copies, write the corpus files by split, and count what is in them."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass

from odyssim.corpus.build.dedup import copies_in
from odyssim.corpus.build.layout import Layout
from odyssim.corpus.build.parts import Part
from odyssim.corpus.build.reports import FinishReport, PartReport
from odyssim.corpus.figures import Counting
from odyssim.corpus.store import REJECT_SCHEMA, InteractionWriter, read_interactions, read_rejects
from odyssim.corpus.summary import sha256
from odyssim.storage import write_text


@dataclass(frozen=True)
class FinishPart:
    """Called by an executor for part `rank`."""

    parts: tuple[Part, ...]
    layout: Layout

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        part, layout = self.parts[rank], self.layout
        if PartReport.model_validate_json(layout.read_report(rank).read_bytes()).failure is not None:
            return
        same, similar = copies_in(layout.copies(rank)), copies_in(layout.near_copies(rank))
        counting, rejects = Counting(), Counter[str]()
        writers: dict[str, InteractionWriter] = {}
        with ExitStack() as stack:
            refused = stack.enter_context(InteractionWriter(layout.rejects(part), REJECT_SCHEMA))
            for interaction, reason, detail in read_rejects(layout.refused(rank)):
                refused.add(interaction, reason=reason, detail=detail)
            for row, interaction in enumerate(read_interactions(layout.read(rank))):
                kind, of = ("copy", same[row]) if row in same else ("near copy", similar.get(row))
                if of is not None:
                    detail = f"of {self.parts[of].id}"
                    rejects[f"{kind}: {detail}"] += 1
                    refused.add(interaction, reason=kind, detail=detail)
                    continue
                split = interaction.source.split
                if split not in writers:
                    writers[split] = stack.enter_context(InteractionWriter(layout.out / layout.file(part, split)))
                writers[split].add(interaction)
                counting.add(interaction)
        report = FinishReport(
            source=part.id,
            rejects=dict(rejects),
            figures=counting.figures(),
            files={split: sha256(writer.path) for split, writer in sorted(writers.items())},
        )
        write_text(layout.finish_report(rank), report.model_dump_json(indent=2) + "\n")
