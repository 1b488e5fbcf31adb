"""The verdicts on a SimulatorArena conversation, and the bench that gives them: reasons first, numbers after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Self, TypeVar

from pydantic import Field, model_validator

from odyssim.models.base import Floor
from odyssim.tasks.extraction import plain_words
from odyssim.tasks.judged import shown
from odyssim.tasks.panel import Panel, ask_panel
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.rubrics.sim_arena import FEATURES
from odyssim.types import Profile, Record

JUDGE_TOKENS: Final = 8192
"""Room for an analysis of some thirty features."""

VerdictT = TypeVar("VerdictT", bound=Record)


class Feature(Record):
    """One feature of a person and what is known about it, for example 'Emoji': 'never uses any'."""

    name: str
    target: str


class Similarity(Record):
    """How alike two sides are in one respect."""

    key_differences: tuple[str, ...] = Field(description="each with a short quotation; empty if there are none")
    similarity_score: int = Field(ge=1, le=5, description="1 = nothing in common, 5 = hardly to be told apart")


class Rated(Record):
    """A rating with the analysis it rests on; subclasses give the scale."""

    analysis: str
    rating: int


class FeatureResult(Record):
    """Whether one feature is met."""

    feature_name: str
    analysis: str
    classification: Literal["Match", "No Match"]


class Fulfilment(Record):
    """Which features are met, in the order of the list."""

    results: tuple[FeatureResult, ...]

    def rate(self, part: slice = slice(None)) -> float:
        """The share of matches in a part of the results; 0 if there are none."""
        results = self.results[part]
        return sum(result.classification == "Match" for result in results) / max(len(results), 1)


def complete(features: Sequence[Feature]) -> type[Fulfilment]:
    """`Fulfilment` with exactly one result for each feature, by name: anything else is no verdict."""
    names = [plain_words(feature.name) for feature in features]

    class CompleteFulfilment(Fulfilment):
        """Which features are met: each once, in the order of the list."""

        @model_validator(mode="after")
        def _one_result_each_in_order(self) -> Self:
            if [plain_words(result.feature_name) for result in self.results] != names:
                listed = ", ".join(feature.name for feature in features)
                raise ValueError(f"'results' must hold these features, each once and in this order: {listed}")
            return self

    return CompleteFulfilment


@dataclass
class Bench:
    """The judges of one episode. Every question adds its reasons to `critique` and its numbers to `metrics`.

    `keys` name the episode for the seeds. Of several verdicts, `metrics` has the spread beside the mean.
    """

    floor: Floor
    profile: Profile
    keys: tuple[str, ...]
    metrics: dict[str, float | None] = field(default_factory=dict)
    critique: dict[str, str] = field(default_factory=dict)

    async def similarity(self, dimension: str, rubric: str, person: str, compared: str) -> None:
        """How alike `compared` is to what the person wrote: `<dimension>_likert`, 1 to 5."""
        sections = (Section(heading="# The person", text=shown(person)), Section(heading="# To compare", text=compared))
        panel = await self._ask(dimension, rubric, sections, Similarity)
        self.critique[dimension] = panel.reasons(lambda verdict: "; ".join(verdict.key_differences))
        self.note(f"{dimension}_likert", panel, lambda verdict: verdict.similarity_score)

    async def rating(self, dimension: str, rubric: str, sections: Sequence[Section], verdict_type: type[Rated]) -> None:
        """A rating with an analysis: `<dimension>_rating`, on the scale of `verdict_type`."""
        panel = await self._ask(dimension, rubric, sections, verdict_type)
        self.critique[dimension] = panel.reasons(lambda verdict: verdict.analysis)
        self.note(f"{dimension}_rating", panel, lambda verdict: verdict.rating)

    async def fulfilment(self, features: Sequence[Feature], compared: str) -> Panel[Fulfilment]:
        """Which features the messages in `compared` show; in `improved`, with a result for every one of them."""
        listed = "\n".join(f"- {feature.name}: {feature.target}" for feature in features)
        sections = (
            Section(heading="# Features", text=listed or "(none)"),
            Section(heading="# Messages", text=compared),
        )
        verdict_type = complete(features) if self.profile is Profile.IMPROVED else Fulfilment
        panel = await self._ask("features", FEATURES, sections, verdict_type)
        self.critique["features"] = panel.reasons(
            lambda verdict: "\n".join(
                f"{result.feature_name}: {result.classification}. {result.analysis}" for result in verdict.results
            )
        )
        return panel

    def note(self, name: str, panel: Panel[VerdictT], value: Callable[[VerdictT], float]) -> None:
        """Note the mean of a number over the panel, and its spread if there are several verdicts."""
        self.metrics[name] = panel.mean(value)
        if len(panel.verdicts) > 1:
            self.metrics[f"{name}_spread"] = panel.spread(value)

    async def _ask(
        self, dimension: str, rubric: str, sections: Sequence[Section], verdict_type: type[VerdictT]
    ) -> Panel[VerdictT]:
        messages = Prompt(system=rubric, sections=tuple(sections)).messages(self.profile)
        return await ask_panel(
            self.floor, messages, verdict_type, self.profile, *self.keys, dimension, max_tokens=JUDGE_TOKENS
        )
