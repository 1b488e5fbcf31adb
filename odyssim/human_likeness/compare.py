"""Human-likeness of next turns: what a model says where people spoke, against what the people said.

Every number stands beside its human ceiling, the same number for two random halves of the people: a model inside it
is as close to people as people are to each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from odyssim.errors import DataError
from odyssim.human_likeness import stats
from odyssim.human_likeness.stats import Bools, Ints, Ratios
from odyssim.human_likeness.surface import SURFACE, Measure, Utterance
from odyssim.human_likeness.tokens import Cleaned, Residue, strip_residue
from odyssim.human_likeness.words import LEXICON, VIEWS, Terms, View, WordChoice, is_english, word_choice
from odyssim.types import Record, derive_seed

MEASURES: Final[tuple[Measure, ...]] = (*SURFACE, *LEXICON)
SPLITS: Final = 200

Position = Literal["first", "middle", "last"]
Verdict = Literal["within", "outside", "undetermined"]
POSITIONS: Final[tuple[Position, ...]] = ("first", "middle", "last")


class TextSample(Record):
    """One turn. `pair` names its place and is the same for the human turn and the model's turn at that place.

    `cluster` is the dialogue; `person` who wrote the human turn, if known (ignored on the model's side).
    """

    pair: str
    text: str
    cluster: str
    person: str | None = None
    position: Position


class MeasureResult(Record):
    """One measure on both sides, in `unit`. None: not measurable here (no base, or fewer than six units).

    `gap` is model minus human with its 95 % bootstrap `interval`, at each position in `gap_at`. `effect` is Cliff's
    delta of the model's turns over people's, -1..1. The ceiling from random halves of the people: mean of |gap|, its
    95th percentile, and mean |effect|. The halves hold half the turns, so the ceiling errs on the model's side.
    `verdict` is 'outside' if |gap| exceeds the 95th percentile and the interval excludes zero.
    """

    name: str
    what: str
    unit: str
    human: float | None
    model: float | None
    gap: float | None
    interval: tuple[float, float] | None
    gap_at: dict[Position, float | None]
    effect: float | None
    human_gap_mean: float | None
    human_gap_95: float | None
    human_effect: float | None
    verdict: Verdict

    @property
    def auc(self) -> float | None:
        """Probability that a model turn has the larger value than a human turn (0.5: cannot be told apart)."""
        return None if self.effect is None else (1 + self.effect) / 2

    @property
    def excess(self) -> float | None:
        """How far the effect exceeds what two halves of people show, 0..1."""
        if self.effect is None or self.human_effect is None:
            return None
        return max(0.0, abs(self.effect) - self.human_effect)


class ResidueRate(Record):
    """Share of turns from which machine residue had to be removed, 0..1."""

    human: float
    model: float


class LikenessResult(Record):
    """A model's next turns against people's. `excess`: mean of the measures' excess, 0 = within human noise.

    `n_units` counts what is resampled: people, or dialogues where people are unknown or several. `english` is false
    if the turns are in another language; measures that rest on English word lists are then left out.
    """

    n_turns: int
    n_dialogues: int
    n_units: int
    n_at: dict[Position, int]
    human_tokens: int
    model_tokens: int
    english: bool
    excess: float | None
    measures: tuple[MeasureResult, ...]
    words: dict[View, WordChoice]
    residue: dict[Residue, ResidueRate]
    seed: int
    draws: int
    splits: int

    def measure(self, name: str) -> MeasureResult:
        """The measure called `name`; `KeyError` if it was not taken."""
        return {measure.name: measure for measure in self.measures}[name]


def compare(
    human: Sequence[TextSample], model: Sequence[TextSample], *, seed: int = 0, draws: int = 1000
) -> LikenessResult:
    """Compare held-out human turns with a model's turns at the same places of the same dialogues.

    The order of either sequence does not matter. `draws` is the number of bootstrap samples. Raises `DataError` if
    there are no turns, a place occurs twice on a side or on one side only, or its sides disagree about dialogue or
    position.
    """
    pairs = _paired(human, model)
    design = _Design.of([person for person, _ in pairs], seed)
    sides = _Side.of([person for person, _ in pairs]), _Side.of([machine for _, machine in pairs])
    english = is_english([token for side in sides for turn in side.turns for token in turn.tokens])
    measures = _measure_all([m for m in MEASURES if english or not m.english], sides, design, draws, seed)
    excesses = [measure.excess for measure in measures if measure.excess is not None]
    return LikenessResult(
        n_turns=len(pairs),
        n_dialogues=len(set(design.dialogue.tolist())),
        n_units=design.n_units,
        n_at={name: int((design.position == number).sum()) for number, name in enumerate(POSITIONS)},
        human_tokens=sides[0].n_tokens,
        model_tokens=sides[1].n_tokens,
        english=english,
        excess=sum(excesses) / len(excesses) if excesses else None,
        measures=measures,
        words=_words(sides, design, seed),
        residue={
            kind: ResidueRate(human=sides[0].share_with(kind), model=sides[1].share_with(kind)) for kind in Residue
        },
        seed=seed,
        draws=draws,
        splits=len(design.halves),
    )


def _paired(human: Sequence[TextSample], model: Sequence[TextSample]) -> list[tuple[TextSample, TextSample]]:
    """Both sides of every place, in the order of the places' names."""
    by_place = []
    for side, samples in (("human", human), ("model", model)):
        if not samples:
            raise DataError(f"The {side} side has no turns to compare.")
        place, uses = Counter(sample.pair for sample in samples).most_common(1)[0]
        if uses > 1:
            raise DataError(f"The {side} side has {uses} turns at place '{place}'; each place needs exactly one.")
        by_place.append({sample.pair: sample for sample in samples})
    people, machine = by_place
    for side, lonely in (("model", people.keys() - machine.keys()), ("human", machine.keys() - people.keys())):
        if lonely:
            raise DataError(
                f"There is no {side} turn at {len(lonely)} of the places, the first is '{min(lonely)}'.",
                hint="leave out places where one side has no turn, and report how many there were",
            )
    for place, sample in people.items():
        if (sample.cluster, sample.position) != (machine[place].cluster, machine[place].position):
            raise DataError(f"The two turns at place '{place}' disagree about dialogue or position.")
    return [(people[place], machine[place]) for place in sorted(people)]


@dataclass(frozen=True)
class _Design:
    """Which dialogue, unit and position each turn belongs to (n,), and the halves of the units (splits, U)."""

    dialogue: Ints
    unit: Ints
    position: Ints
    halves: Bools

    @classmethod
    def of(cls, samples: Sequence[TextSample], seed: int) -> Self:
        dialogues = [sample.cluster for sample in samples]
        number = stats.numbering(dialogues)
        unit = stats.units_of(dialogues, [sample.person for sample in samples])
        n_units = int(unit.max()) + 1
        splits = SPLITS if n_units >= stats.MIN_UNITS else 0
        return cls(
            dialogue=np.array([number[name] for name in dialogues], dtype=np.int64),
            unit=unit,
            position=np.array([POSITIONS.index(sample.position) for sample in samples], dtype=np.int64),
            halves=stats.random_halves(n_units, splits, np.random.default_rng(derive_seed(seed, "halves"))),
        )

    @property
    def n_units(self) -> int:
        n_units: int = self.halves.shape[1]
        return n_units


@dataclass(frozen=True)
class _Side:
    """The turns of one side, in the order of the places, and what was stripped from each."""

    turns: list[Utterance]
    cleaned: list[Cleaned]

    @classmethod
    def of(cls, samples: Sequence[TextSample]) -> Self:
        cleaned = [strip_residue(sample.text) for sample in samples]
        return cls([Utterance(one.text) for one in cleaned], cleaned)

    @property
    def n_tokens(self) -> int:
        return sum(len(turn.tokens) for turn in self.turns)

    def share_with(self, kind: Residue) -> float:
        return sum(kind in one.residue for one in self.cleaned) / len(self.cleaned)

    def ratios(self, measures: Sequence[Measure]) -> Ratios:
        """One row per turn, one column per measure."""
        return Ratios(
            np.array([[measure.count(turn) for measure in measures] for turn in self.turns], dtype=np.float64),
            np.array([[measure.base(turn) for measure in measures] for turn in self.turns], dtype=np.float64),
        )


def _measure_all(
    measures: Sequence[Measure], sides: tuple[_Side, _Side], design: _Design, draws: int, seed: int
) -> tuple[MeasureResult, ...]:
    """All measures at once: every array below has one column per measure."""
    h_turns, m_turns = (side.ratios(measures) for side in sides)
    human, model = (turns.by(design.unit, design.n_units) for turns in (h_turns, m_turns))
    h_total, m_total = human.total, model.total
    gap, effect = m_total - h_total, stats.cliffs_delta(m_turns.each, h_turns.each)
    gap_at = m_turns.by(design.position, len(POSITIONS)).each - h_turns.by(design.position, len(POSITIONS)).each
    enough_people = human.units_with_base >= stats.MIN_UNITS
    enough = enough_people & (model.units_with_base >= stats.MIN_UNITS)
    rng = np.random.default_rng(derive_seed(seed, "bootstrap"))
    drawn = np.where(enough, stats.bootstrap_gaps(human, model, draws, rng), np.nan)
    noise = np.where(enough_people, np.abs(stats.split_gaps(human, design.halves)), np.nan)
    split_effects = stats.split_effects(h_turns.each, design.unit, design.halves)
    noise_effect = np.where(enough_people, np.abs(split_effects), np.nan)
    ceilings = [stats.quantile(column, 0.95) for column in noise.T]
    intervals = [stats.percentile_interval(column) for column in drawn.T]
    return tuple(
        MeasureResult(
            name=measure.name,
            what=measure.what,
            unit=measure.unit,
            human=_known(h_total[column]),
            model=_known(m_total[column]),
            gap=_known(gap[column]),
            interval=intervals[column],
            gap_at={name: _known(gap_at[row, column]) for row, name in enumerate(POSITIONS)},
            effect=_known(effect[column]),
            human_gap_mean=stats.mean(noise[:, column]),
            human_gap_95=ceilings[column],
            human_effect=stats.mean(noise_effect[:, column]),
            verdict=_verdict(_known(gap[column]), intervals[column], ceilings[column]),
        )
        for column, measure in enumerate(measures)
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _verdict(gap: float | None, interval: tuple[float, float] | None, ceiling: float | None) -> Verdict:
    """The interval matters where people never do a thing: their halves do not differ, and one slip is no habit."""
    if gap is None or interval is None or ceiling is None:
        return "undetermined"
    return "within" if abs(gap) <= ceiling or interval[0] <= 0 <= interval[1] else "outside"


def _words(sides: tuple[_Side, _Side], design: _Design, seed: int) -> dict[View, WordChoice]:
    choices: dict[View, WordChoice] = {}
    for view, terms_of in VIEWS.items():
        human, model = ([terms_of(turn.tokens) for turn in side.turns] for side in sides)
        number = stats.numbering(term for turns in (human, model) for terms in turns for term in terms)
        people, machine = (Terms.of(turns, number, design.dialogue, design.unit) for turns in (human, model))
        choices[view] = word_choice(people, machine, list(number), design.halves, derive_seed(seed, "words", view))
    return choices
