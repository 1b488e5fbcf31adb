"""GoEmotions (Demszky et al., ACL 2020): single comments from Reddit, and the emotions that readers see in them.

Layout: `data/original/{train,dev}.tsv` without a header, and the names of the labels, one per line, in `labels.txt`:

    what a lovely day at [NAME]'s	17,4	edx1y2z

Columns are text, label numbers (from 0) and comment id; names and religions are masked upstream. A comment is a turn
of its own, since the thread around it is not published. What readers see is the commenter's mood and makes the
context; a neutral comment has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records, text_lines
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction, SocialContext, Turn

_COMMENTS, _LABELS = ("data/original/train.tsv", "data/original/dev.tsv"), "data/original/labels.txt"
_NEUTRAL = "neutral"


class _Comment(UpstreamRecord):
    text: str
    labels: str
    id: str


class GoEmotions(SourceReader):
    """The commenter is imitated."""

    card = SourceCard(
        id="goemotions",
        title="GoEmotions: comments on Reddit and their emotions",
        axes=(Axis.COG,),
        licence="Apache-2.0",
        citation="Demszky et al., ACL 2020",
        url="https://github.com/google-research/google-research/tree/master/goemotions",
        files=(*_COMMENTS, _LABELS),
        human="People who comment on Reddit; contains offensive text.",
        columns=("text", "labels", "id"),
        rows_upstream=54_263,
        imitated=("commenter",),
        interactions=43_410 + 5_426,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        labels = _labels(files.one(_LABELS), report)
        for file in files.match(*_COMMENTS):
            records = csv_records(file, _Comment, report, delimiter="\t", header=self.card.columns)
            for place, comment in records:
                yield from self.emit(
                    [Turn(speaker="commenter", text=comment.text.strip(), human=True, train=True)],
                    _context(_emotions(comment, labels, file, place)),
                    report,
                    axis=Axis.COG,
                    split="train" if file.name.endswith("train.tsv") else "validation",
                    original_id=comment.id,
                    place=place,
                )


def _labels(file: RawFile, report: ReadReport) -> list[str]:
    names = [line.strip() for _, line in text_lines(file)]
    report.count_records(file.name, len(names))
    return names


def _emotions(comment: _Comment, labels: Sequence[str], file: RawFile, place: str) -> list[str]:
    try:
        return [labels[int(number)] for number in comment.labels.split(",")]
    except (ValueError, IndexError) as error:
        raise DataError(f"'{comment.labels}' are no label numbers ({place})", path=file.path) from error


def _context(emotions: Sequence[str]) -> SocialContext | None:
    felt = [emotion for emotion in emotions if emotion != _NEUTRAL]
    if not felt:
        return None
    return SocialContext(
        scenario="A thread on Reddit; someone leaves a comment.",
        profiles={"commenter": f"Your mood: {', '.join(felt)}."},
    )
