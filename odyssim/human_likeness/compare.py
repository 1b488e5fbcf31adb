"""Human-likeness of a model's turns: what it says where people spoke, or in their place, against what people said.

Every number stands beside its human ceiling, the same number for two random halves of the people: a model inside it
is as close to people as people are to each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, Self

import numpy as np

from odyssim.errors import DataError
from odyssim.human_likeness import stats
from odyssim.human_likeness.diversity import SELF_REPETITION, SET_MEASURES, SetSizes, in_sets, repeats
from odyssim.human_likeness.pragmatics import AGREEABLENESS, PRAGMATICS
from odyssim.human_likeness.stats import Bools, Floats, Ints, Ratios
from odyssim.human_likeness.surface import SURFACE, Measure, Utterance
from odyssim.human_likeness.tokens import Cleaned, Residue, strip_residue
from odyssim.human_likeness.words import LEXICON, VIEWS, Terms, View, WordChoice, is_english, word_choice
from odyssim.types import Record, derive_seed

MEASURES: Final[tuple[Measure, ...]] = (*SURFACE, *LEXICON, *PRAGMATICS, *AGREEABLENESS)
SPLITS: Final = 200

Position = Literal["first", "middle", "last"]
Verdict = Literal["within", "outside", "undetermined"]
POSITIONS: Final[tuple[Position, ...]] = ("first", "middle", "last")


class TextSample(Record):
    """One turn. `pair` names its place: in `compare` the same for the human turn and the model's turn there.

    `cluster` is the dialogue, or whatever else is independent of the rest; `person` who speaks, if known (`compare`
    takes the person from the human side).
    """

    pair: str
    text: str
    cluster: str
    person: str | None = None
    position: Position


class MeasureResult(Record):
    """One measure on both sides, in `unit`. None: not measurable here (no base, or fewer than six units).

    `gap` is model minus human with its 95 % bootstrap `interval`, at each position in `gap_at`. `effect` is Cliff's
    delta of the model's turns over people's, -1..1. From random halves of the people: the mean of |gap|, the `ceiling`
    (its 95th percentile), and the mean |effect|. The halves hold half the turns, so the ceiling errs on the model's
    side. `verdict` is 'outside' if |gap| exceeds the ceiling and the interval excludes zero.
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
    ceiling: float | None
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
    """A model's turns against people's, which the counts are of. `excess`: mean of the measures' excess, 0 = within
    human noise.

    `measures` are taken turn by turn; `diversity` on sets of turns of equal size (`sets`), empty and none if there is
    too little text. `n_units` counts what is resampled: people, or dialogues where people are unknown or several.
    `english` is false if the turns are in another language; measures that rest on English word lists are then left
    out.
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
    sets: SetSizes | None = None
    diversity: tuple[MeasureResult, ...] = ()
    words: dict[View, WordChoice]
    residue: dict[Residue, ResidueRate]
    seed: int
    draws: int
    splits: int

    def measure(self, name: str) -> MeasureResult:
        """The measure called `name`; `KeyError` if it was not taken."""
        return {measure.name: measure for measure in (*self.measures, *self.diversity)}[name]


def compare(
    human: Sequence[TextSample], model: Sequence[TextSample], *, seed: int = 0, draws: int = 1000
) -> LikenessResult:
    """Compare held-out human turns with a model's turns at the same places of the same dialogues.

    The order of either sequence does not matter. `draws` is the number of bootstrap samples. Raises `DataError` if
    there are no turns, a place occurs twice on a side or on one side only, or its sides disagree about dialogue or
    position.
    """
    pairs = _paired(human, model)
    people = [person for person, _ in pairs]
    dialogues = [sample.cluster for sample in people]
    unit = stats.units_of(dialogues, [sample.person for sample in people])
    machine = [spoken.model_copy(update={"person": person.person}) for person, spoken in pairs]
    return _compare((_Side.of(people, unit), _Side.of(machine, unit)), seed, draws)


def compare_unpaired(
    human: Sequence[TextSample], model: Sequence[TextSample], *, seed: int = 0, draws: int = 1000
) -> LikenessResult:
    """Compare turns of people with turns of a model that need not answer the same.

    A cluster is the unit that is resampled; one that occurs on both sides (the same context, say) stays together.
    Otherwise as `compare`. Raises `DataError` if a side has no turns.
    """
    for side, samples in (("human", human), ("model", model)):
        if not samples:
            raise DataError(f"The {side} side has no turns to compare.")
    number = stats.numbering(sample.cluster for side in (human, model) for sample in side)
    sides = [
        _Side.of(samples, np.array([number[sample.cluster] for sample in samples], dtype=np.int64))
        for samples in (human, model)
    ]
    return _compare((sides[0], sides[1]), seed, draws)


def _compare(sides: tuple[_Side, _Side], seed: int, draws: int) -> LikenessResult:
    human, model = sides
    design = _Design.of(human, model, seed)
    english = is_english([token for side in sides for turn in side.turns for token in turn.tokens])
    listed = [measure for measure in MEASURES if english or not measure.english]
    people, machine = (_Rows(side.ratios(listed), side.unit, side.position) for side in sides)
    measures = _measure_all([*listed, SELF_REPETITION], people, machine, design, draws, seed)
    excesses = [measure.excess for measure in measures if measure.excess is not None]
    sets, diversity = _diversity(sides, design, draws, seed)
    return LikenessResult(
        n_turns=len(human.turns),
        n_dialogues=len(set(human.dialogue.tolist())),
        n_units=len(np.unique(human.unit)),
        n_at={name: int((human.position == number).sum()) for number, name in enumerate(POSITIONS)},
        human_tokens=human.n_tokens,
        model_tokens=model.n_tokens,
        english=english,
        excess=sum(excesses) / len(excesses) if excesses else None,
        measures=measures,
        sets=sets,
        diversity=diversity,
        words=_words(sides, design, seed),
        residue={kind: ResidueRate(human=human.share_with(kind), model=model.share_with(kind)) for kind in Residue},
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
    """On which sides each unit speaks (U,), numbered, and random halves of the units (splits, U)."""

    stratum: Ints
    halves: Bools

    @classmethod
    def of(cls, human: _Side, model: _Side, seed: int) -> Self:
        """Units that speak on one side only are halved and resampled apart from those of the other side."""
        units = 1 + max(int(side.unit.max()) for side in (human, model))
        speaks = [np.isin(np.arange(units), side.unit) for side in (human, model)]
        splits = SPLITS if speaks[0].sum() >= stats.MIN_UNITS else 0
        stratum = speaks[0] + 2 * speaks[1].astype(np.int64)
        rng = np.random.default_rng(derive_seed(seed, "halves"))
        return cls(stratum, stats.stratified_halves(stratum, splits, rng))


@dataclass(frozen=True)
class _Side:
    """The turns of one side, what was stripped from each, and its dialogue, unit, position (n,) and speaker.

    Dialogues and units have numbers; those of units mean the same on both sides.
    """

    turns: list[Utterance]
    cleaned: list[Cleaned]
    dialogue: Ints
    unit: Ints
    position: Ints
    speaker: list[str | None]

    @classmethod
    def of(cls, samples: Sequence[TextSample], unit: Ints) -> Self:
        cleaned = [strip_residue(sample.text) for sample in samples]
        number = stats.numbering(sample.cluster for sample in samples)
        return cls(
            turns=[Utterance(one.text) for one in cleaned],
            cleaned=cleaned,
            dialogue=np.array([number[sample.cluster] for sample in samples], dtype=np.int64),
            unit=unit,
            position=np.array([POSITIONS.index(sample.position) for sample in samples], dtype=np.int64),
            speaker=[None if one.person is None else f"{one.cluster}\x1f{one.person}" for one in samples],
        )

    @property
    def n_tokens(self) -> int:
        return sum(len(turn.tokens) for turn in self.turns)

    def share_with(self, kind: Residue) -> float:
        return sum(kind in one.residue for one in self.cleaned) / len(self.cleaned)

    def ratios(self, measures: Sequence[Measure]) -> Ratios:
        """One row per turn, one column per measure, and a last one for `SELF_REPETITION`."""
        repeated = repeats([turn.tokens for turn in self.turns], self.speaker)
        count = np.array([[measure.count(turn) for measure in measures] for turn in self.turns], dtype=np.float64)
        base = np.array([[measure.base(turn) for measure in measures] for turn in self.turns], dtype=np.float64)
        return Ratios(np.hstack([count, repeated.count]), np.hstack([base, repeated.base]))


class _Named(Protocol):
    """What a measure of either kind says of itself."""

    @property
    def name(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def unit(self) -> str: ...


@dataclass(frozen=True)
class _Rows:
    """What was measured on one side, a row per turn or set and a column per measure, with unit and position (n,)."""

    values: Ratios
    unit: Ints
    position: Ints

    @property
    def at(self) -> Floats:
        """The ratios at each position, and of rows without one: (positions + 1, M)."""
        return self.values.by(self.position, len(POSITIONS) + 1).each


def _diversity(
    sides: tuple[_Side, _Side], design: _Design, draws: int, seed: int
) -> tuple[SetSizes | None, tuple[MeasureResult, ...]]:
    """The set measures. A set is a unit; sets of one number may share units, so they are resampled together."""
    human, model = sides
    tokens = [turn.tokens for turn in human.turns], [turn.tokens for turn in model.turns]
    measured = in_sets(tokens, (human.unit, model.unit), design.stratum, seed)
    if measured is None:
        return None, ()
    sizes, columns = measured
    unit, nowhere = np.arange(sizes.sets), np.full(sizes.sets, len(POSITIONS))
    one_stratum = np.zeros(sizes.sets, dtype=np.int64)
    rng = np.random.default_rng(derive_seed(seed, "halves of sets"))
    of_sets = _Design(one_stratum, stats.stratified_halves(one_stratum, SPLITS, rng))
    people, machine = (_Rows(values, unit, nowhere) for values in columns)
    return sizes, _measure_all(SET_MEASURES, people, machine, of_sets, draws, seed)


def _measure_all(
    measures: Sequence[_Named], people: _Rows, machine: _Rows, design: _Design, draws: int, seed: int
) -> tuple[MeasureResult, ...]:
    """All measures at once: every array below has one column per measure."""
    human, model = (rows.values.by(rows.unit, len(design.stratum)) for rows in (people, machine))
    h_each, m_each = people.values.each, machine.values.each
    h_total, m_total = human.total, model.total
    gap, effect = m_total - h_total, stats.cliffs_delta(m_each, h_each)
    gap_at = machine.at - people.at
    enough_people = human.units_with_base >= stats.MIN_UNITS
    enough = enough_people & (model.units_with_base >= stats.MIN_UNITS)
    weights = stats.stratified_weights(design.stratum, draws, np.random.default_rng(derive_seed(seed, "bootstrap")))
    drawn = np.where(enough, stats.bootstrap_gaps(human, model, weights), np.nan)
    noise = np.where(enough_people, np.abs(stats.split_gaps(human, design.halves)), np.nan)
    split_effects = stats.split_effects(h_each, people.unit, design.halves)
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
            ceiling=ceilings[column],
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
        people, machine = (
            Terms.of(turns, number, side.dialogue, side.unit) for turns, side in zip((human, model), sides, strict=True)
        )
        choices[view] = word_choice(people, machine, list(number), design.halves, derive_seed(seed, "words", view))
    return choices
