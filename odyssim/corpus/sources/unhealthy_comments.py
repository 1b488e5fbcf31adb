"""Unhealthy Comments Corpus (Price et al., WOAH 2020): reader comments of a newspaper and how they strike others.

Layout: `corpus/val.csv` (and `train`), one comment per row; each attribute has a value (1: so judged) and a confidence:

    _unit_id,_trusted_judgments,comment,antagonize,antagonize:confidence,...,sarcastic,sarcastic:confidence
    1739,3,"Sure, and pigs fly.",0,1.0,...,1,0.8

A comment is a turn of its own: neither the article nor the thread is published. The tone that readers hear makes the
context, and what they judge unhealthy becomes a safety tag; a plain comment has neither.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction, SocialContext, Turn


class _Comment(UpstreamRecord):
    unit_id: str = Field(alias="_unit_id")
    comment: str
    antagonize: float
    condescending: float
    dismissive: float
    generalisation_unfair: float
    healthy: float
    hostile: float
    sarcastic: float

    @property
    def tones(self) -> tuple[str, ...]:
        """How the comment sounds to its readers."""
        judged = {
            "antagonizing": self.antagonize,
            "condescending": self.condescending,
            "dismissive": self.dismissive,
            "hostile": self.hostile,
            "sarcastic": self.sarcastic,
            "unfairly generalising": self.generalisation_unfair,
        }
        return tuple(tone for tone, value in judged.items() if value)

    @property
    def tags(self) -> tuple[str, ...]:
        judged = {"safety:hostile": self.hostile, "safety:antagonizing": self.antagonize}
        return (*(tag for tag, value in judged.items() if value), *(() if self.healthy else ("safety:unhealthy",)))


class UnhealthyComments(SourceReader):
    """The commenter is imitated."""

    card = SourceCard(
        id="unhealthy_comments",
        title="Unhealthy Comments Corpus: readers of a newspaper",
        axes=(Axis.CONV,),
        licence="CC-BY-NC-SA-4.0",
        citation="Price et al., WOAH 2020",
        url="https://github.com/conversationai/unhealthy-conversations",
        files=("corpus/*.csv",),
        human="People who comment on newspaper articles; some comments are hostile.",
        columns=("_unit_id", "comment", "healthy", "hostile"),
        rows_upstream=44_355,
        imitated=("commenter",),
        interactions=4_427,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            for place, comment in csv_records(file, _Comment, report):
                yield from self.emit(
                    [Turn(speaker="commenter", text=comment.comment.strip(), human=True, train=True)],
                    _context(comment),
                    report,
                    axis=Axis.CONV,
                    split="train" if file.name.endswith("train.csv") else "validation",
                    original_id=comment.unit_id,
                    place=place,
                    tags=comment.tags,
                )


def _context(comment: _Comment) -> SocialContext | None:
    if not comment.tones:
        return None
    return SocialContext(
        scenario="The comment section below a newspaper article; a reader leaves a comment.",
        profiles={"commenter": f"Your tone: {', '.join(comment.tones)}."},
    )
