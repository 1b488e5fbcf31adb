"""The step: a row is compared with all benchmarks, and tagged with every task whose items it gives away.

A row gives an item away if

    a text of it, or two neighbouring ones, are an item, a prompt or a benchmark text as a whole; or
    half of the words of a benchmark text stand in it within shared 13-grams; or
    26 words of a benchmark text do, as many as two 13-grams side by side.

So a text cut in two, wherever the halves went, is found if any 13-gram of it survived: the longer half is half of its
words. One 13-gram of a long text is not enough, because stories made by the same rules share them by chance: 500 of
the 11,988 questions of ToMi's training and validation sets share one with its test set, and none more than 19 words.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from odyssim.corpus.decontaminate.index import Overlap, OverlapIndex
from odyssim.settings import Settings
from odyssim.types import Interaction

_TAG: Final = "overlap:"


class OverlapRule(Settings):
    """From when on an overlap counts: `share` of a benchmark text, 0 to 1, or that many `words` of it.

    `words=13` is the strictest rule: every shared 13-gram.
    """

    share: float = Field(default=0.5, gt=0.0, le=1.0)
    words: int = Field(default=26, ge=13)

    def counts(self, overlap: Overlap) -> bool:
        return overlap.exact > 0 or overlap.share >= self.share or overlap.words >= self.words


_RULE: Final = OverlapRule()


def flag(
    interaction: Interaction, index: OverlapIndex, rule: OverlapRule = _RULE
) -> tuple[Interaction, tuple[str, ...]]:
    """The interaction with a tag `overlap:TASK` for each task it gives away (older ones dropped), and these tasks."""
    overlaps = index.find(texts_of(interaction))
    found = tuple(task for task, overlap in overlaps.items() if rule.counts(overlap))
    tags = tuple(tag for tag in interaction.tags if not tag.startswith(_TAG))
    tags += tuple(f"{_TAG}{task}" for task in found)
    return interaction if tags == interaction.tags else interaction.model_copy(update={"tags": tags}), found


def texts_of(interaction: Interaction) -> list[str]:
    """All texts of an interaction in reading order: what its context says, then its turns."""
    context = interaction.context
    told = (
        [context.scenario, *context.profiles.values(), context.relationship, *context.goals.values()] if context else []
    )
    return [*told, *(turn.text for turn in interaction.turns)]
