"""What a reader of a row of τ-USI must know besides its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from odyssim.soul.tau_usi.compare import Run
from odyssim.soul.tau_usi.dialogue import Outcomes
from odyssim.soul.tau_usi.survey import Agreement


def human_notes(batches: Sequence[Run]) -> Iterator[str]:
    """About the human baseline."""
    present = [batch for batch in batches if batch]
    if len(present) < 2:
        yield "the people's side has one batch of annotators: there is no ceiling"


def simulator_notes(
    batches: Sequence[Run],
    runs: Sequence[Run],
    outcomes: Iterable[Outcomes],
    bins: Mapping[str, int],
    agreement: Agreement | None,
) -> Iterator[str]:
    """About one simulator: what it lacks, what matches nobody, and what was drawn at random."""
    people = set[str]().union(*batches)
    played = set[str]().union(*runs)
    if strangers := sorted(played - people):
        yield f"{len(strangers)} of {len(played)} dialogues match no person's, for example '{strangers[0]}'"
    if absent := sorted(people - played):
        yield f"{len(absent)} of the people's {len(people)} tasks are not there, for example '{absent[0]}'"
    if not set[str]().union(*outcomes) & bins.keys():
        yield "no task has a known difficulty: no ECE and no index"
    if agreement is not None and agreement.filled:
        yield (
            f"{agreement.filled} of {agreement.asked} survey answers are missing or none of the options: "
            "each was drawn at random, as the published scorer does"
        )
