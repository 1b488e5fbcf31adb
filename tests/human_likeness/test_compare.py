"""The comparison of two sets of turns, and the statistics under it."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.human_likeness import stats
from odyssim.human_likeness.compare import LikenessResult, Position, TextSample, compare
from odyssim.human_likeness.stats import Ratios
from odyssim.human_likeness.tokens import Residue
from tests.human_likeness import reference_values

HUMAN_LINES = [
    "ok",
    "i dont know tbh",
    "can u check my order pls?",
    "no i want the blue one, not the red",
    "what about tomorrow, is it still open",
    "Yes please",
    "I need a refund for order 442. It never arrived.",
    "lol ok",
    "hmm not sure. maybe the other one?",
    "thanks that was quick!",
]
MODEL_LINES = [
    "Certainly! I would like to check my order — please let me know if you need more.",
    "Thank you so much for your help. I appreciate your patience.",
    "Great question! I'd be happy to provide:\n\n- **Name:** Sam\n- **Order:** 12",
    "Could you please clarify the refund policy? I understand that it is important.",
]


def samples(lines: list[str], seed: int, dialogues: int = 30, turns: int = 3) -> list[TextSample]:
    """Random turns of one or two of the lines."""
    rng = random.Random(seed)
    middle: list[Position] = ["middle"] * (turns - 2)
    positions: list[Position] = ["first", *middle, "last"]
    return [
        TextSample(
            pair=f"{dialogue}/{turn}",
            text=" ".join(rng.choices(lines, k=rng.randint(1, 2))),
            cluster=f"dialogue {dialogue}",
            position=positions[turn],
        )
        for dialogue in range(dialogues)
        for turn in range(turns)
    ]


@pytest.fixture(scope="module")
def people() -> list[TextSample]:
    return samples(HUMAN_LINES, seed=1)


@pytest.fixture(scope="module")
def assistant(people: list[TextSample]) -> LikenessResult:
    return compare(people, samples(MODEL_LINES, seed=2))


def with_text(sample: TextSample, text: str) -> TextSample:
    return sample.model_copy(update={"text": text})


# --- compare ----------------------------------------------------------------------------------------------------


def test_an_assistant_in_the_human_seat_is_told_apart(assistant: LikenessResult) -> None:
    for name, sign in {"tokens": 1, "markdown_strong": 1, "ai_isms": 1, "lower_start": -1, "abbreviations": -1}.items():
        measure = assistant.measure(name)
        assert measure.gap is not None
        assert measure.interval is not None
        assert measure.ceiling is not None
        assert measure.gap * sign > measure.ceiling
        assert measure.interval[0] < measure.gap < measure.interval[1]
        assert measure.verdict == "outside"
    assert assistant.excess is not None
    assert assistant.excess > 0.2
    assert "certainly" in {shift.word for shift in assistant.words["word"].overused}
    assert "ok" in {shift.word for shift in assistant.words["word"].underused}
    assert all(view.divergence.excess is not None and view.divergence.excess > 0.5 for view in assistant.words.values())


def test_other_people_are_within_human_noise(people: list[TextSample]) -> None:
    result = compare(people, samples(HUMAN_LINES, seed=3))
    assert result.excess == pytest.approx(0, abs=0.02)
    outside = [measure.name for measure in result.measures if measure.verdict == "outside"]
    assert len(outside) <= len(result.measures) / 10, outside


@pytest.mark.data
def test_real_negotiators_are_within_human_noise_of_others(data_root: Path) -> None:
    """CaSiNo: the first six messages of one half of the dialogues, put in the place of the other half's."""
    path = data_root / "corpus" / "casino" / "data" / "split" / "casino_train.json"
    dialogues = json.loads(path.read_text(encoding="utf-8"))[:240]
    human, other = (
        [
            TextSample(pair=f"{n}/{turn}", text=line["text"], cluster=str(n), position="middle" if turn else "first")
            for n, dialogue in enumerate(half)
            for turn, line in enumerate(dialogue["chat_logs"][:6])
        ]
        for half in (dialogues[::2], dialogues[1::2])
    )
    result = compare(human, other)
    outside = [measure.name for measure in result.measures if measure.verdict == "outside"]
    assert result.excess == pytest.approx(0, abs=0.02)
    assert len(outside) <= len(result.measures) / 10, outside
    assert result.words["word"].divergence.excess == pytest.approx(0, abs=0.02)


def test_the_numbers_of_one_measure_by_hand() -> None:
    human = [
        TextSample(pair=str(n), text="a b" if n % 2 else "a", cluster=str(n), position="first" if n < 4 else "last")
        for n in range(8)
    ]
    result = compare(human, [with_text(sample, "a b c") for sample in human])
    tokens = result.measure("tokens")
    assert (tokens.human, tokens.model, tokens.gap, tokens.effect, tokens.auc) == (1.5, 3.0, 1.5, 1.0, 1.0)
    assert tokens.gap_at == {"first": 1.5, "middle": None, "last": 1.5}
    assert result.n_at == {"first": 4, "middle": 0, "last": 4}
    assert (result.n_turns, result.n_dialogues, result.n_units) == (8, 8, 8)
    assert (result.human_tokens, result.model_tokens) == (12, 24)


def test_result_survives_json(assistant: LikenessResult) -> None:
    assert LikenessResult.model_validate_json(assistant.model_dump_json()) == assistant


def test_a_seed_fixes_the_result(people: list[TextSample]) -> None:
    model = samples(MODEL_LINES, seed=2)
    assert compare(people, model, seed=5, draws=50) == compare(people, model, seed=5, draws=50)
    one, other = (compare(people, model, seed=seed, draws=50).measure("tokens") for seed in (5, 6))
    assert one.interval != other.interval
    assert one.gap == other.gap


texts = st.lists(
    st.text(st.sampled_from("ab iIé'.,!?*\n"), max_size=20) | st.sampled_from(HUMAN_LINES), min_size=6, max_size=12
)


@settings(max_examples=15, deadline=None)
@given(texts, st.booleans())
def test_equal_samples_have_no_gap(lines: list[str], persons_known: bool) -> None:
    human = [
        TextSample(
            pair=str(n), text=line, cluster=str(n), person=f"p{n // 2}" if persons_known else None, position="first"
        )
        for n, line in enumerate(lines)
    ]
    result = compare(human, human, draws=20)
    assert all(measure.gap in (0, None) and measure.effect in (0, None) for measure in result.measures)
    assert all(measure.verdict != "outside" for measure in result.measures)
    assert result.excess in (0, None)
    assert (result.excess is None) == (result.n_units < stats.MIN_UNITS)
    for view in result.words.values():
        assert view.divergence.excess in (0, None)
        assert not view.overused + view.underused


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_does_not_matter(rng: random.Random) -> None:
    human, model = samples(HUMAN_LINES, 1, dialogues=8), samples(MODEL_LINES, 2, dialogues=8)
    shuffled = [rng.sample(side, len(side)) for side in (human, model)]
    assert compare(shuffled[0], shuffled[1], draws=20) == compare(human, model, draws=20)


@pytest.mark.parametrize("n_turns", [1, 2, 3])
def test_a_handful_of_turns_gives_means_but_no_intervals(people: list[TextSample], n_turns: int) -> None:
    human = people[:n_turns]
    result = compare(human, [with_text(sample, "Certainly! Thank you so much for it.") for sample in human])
    tokens = result.measure("tokens")
    assert tokens.gap is not None
    assert (tokens.interval, tokens.ceiling, tokens.verdict) == (None, None, "undetermined")
    assert (result.excess, result.splits) == (None, 0)
    assert result.words["word"].divergence.excess is None
    assert result.words["word"].overused == ()


def test_residue_is_reported_and_not_measured(people: list[TextSample]) -> None:
    model = [with_text(sample, f"<think>what would they say</think>User: {sample.text}") for sample in people]
    result = compare(people, model, draws=20)
    assert result.residue[Residue.THOUGHT].model == result.residue[Residue.ROLE_PREFIX].model == 1
    assert result.residue[Residue.THOUGHT].human == 0
    assert result.excess == 0


def test_a_single_slip_is_no_habit(people: list[TextSample]) -> None:
    model = [with_text(people[0], people[0].text + " 😊"), *people[1:]]
    emoji = compare(people, model, draws=200).measure("emoji")
    assert emoji.ceiling == 0
    assert emoji.gap is not None
    assert emoji.gap > 0
    assert emoji.verdict == "within"


def test_english_lists_are_not_used_on_other_languages() -> None:
    human = samples(["nein danke", "wo ist mein paket?", "das stimmt so nicht"], seed=1, dialogues=8)
    result = compare(human, human, draws=20)
    assert not result.english
    assert {"tokens", "commas"} <= {measure.name for measure in result.measures}
    assert not {"ai_isms", "contractions", "small_i"} & {measure.name for measure in result.measures}


def test_unfit_input_is_refused_by_name(people: list[TextSample]) -> None:
    with pytest.raises(DataError, match="human side has no turns"):
        compare([], people)
    with pytest.raises(DataError, match="model side has no turns"):
        compare(people, [])
    with pytest.raises(DataError, match="2 turns at place '0/0'"):
        compare(people, [*people, people[0]])
    with pytest.raises(DataError, match="no model turn at 1 of the places, the first is '0/0'"):
        compare(people, people[1:])
    with pytest.raises(DataError, match="no human turn at 1 of the places"):
        compare(people[1:], people)
    with pytest.raises(DataError, match="disagree about dialogue or position"):
        compare(people, [people[0].model_copy(update={"cluster": "elsewhere"}), *people[1:]])


# --- statistics -------------------------------------------------------------------------------------------------


def test_cliffs_delta_equals_the_reference_values() -> None:
    expected = reference_values()["length_statistics"]
    human, assistant_ = (np.array([expected[f"{side}_lengths"]]).T for side in ("humanlike", "assistantlike"))
    delta = float(stats.cliffs_delta(human, assistant_)[0])
    assert delta == pytest.approx(expected["cliffs_delta_human_minus_assistant"], abs=1e-12)
    assert (1 + delta) / 2 == pytest.approx(expected["auc_from_u"], abs=1e-12)


columns = st.lists(st.integers(-3, 3) | st.just(float("nan")), min_size=1, max_size=8)


@given(columns, columns)
def test_cliffs_delta_is_the_mean_sign_of_differences(first: list[float], second: list[float]) -> None:
    signs = [np.sign(x - y) for x in first for y in second if not np.isnan(x - y)]
    delta = float(stats.cliffs_delta(np.array([first]).T, np.array([second]).T)[0])
    assert delta == pytest.approx(np.mean(signs) if signs else float("nan"), abs=1e-12, nan_ok=True)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=4, max_size=20), st.integers(0, 99))
def test_effects_of_halves_equal_the_direct_effect(rows: list[tuple[int, int]], seed: int) -> None:
    unit, values = np.array([row[0] for row in rows]), np.array([[float(row[1])] for row in rows])
    first = stats.random_halves(5, 1, np.random.default_rng(seed))
    in_first = first[0][unit]
    direct = stats.cliffs_delta(values[in_first], values[~in_first])
    assert stats.split_effects(values, unit, first)[0] == pytest.approx(direct, nan_ok=True)


def test_units_are_people_where_their_dialogues_are_their_own() -> None:
    dialogues = ["d1", "d1", "d2", "d3", "d3", "d4"]
    persons = ["ann", "ann", "ann", "ann", "bob", None]
    unit = stats.units_of(dialogues, persons).tolist()
    assert unit[0] == unit[1] == unit[2]
    assert unit[3] == unit[4]
    assert len({unit[0], unit[3], unit[5]}) == 3


def test_halves_are_halves() -> None:
    first = stats.random_halves(7, 50, np.random.default_rng(0))
    assert (first.sum(axis=1) == 3).all()
    assert len(np.unique(first, axis=0)) > 10


def test_intervals_of_people_against_people_cover_zero() -> None:
    """Turns of a dialogue resemble each other; the interval by dialogue holds its level, one by turn does not."""
    rng = np.random.default_rng(0)
    dialogue, by_turn = np.repeat(np.arange(40), 5), np.arange(200)
    ones = np.ones((200, 1))
    covered = {"dialogue": 0, "turn": 0}
    for _ in range(200):
        human, model = (rng.normal(size=(40, 1))[dialogue] + rng.normal(scale=0.5, size=(200, 1)) for _ in range(2))
        for name, unit, n_units in (("dialogue", dialogue, 40), ("turn", by_turn, 200)):
            sides = [Ratios(values, ones).by(unit, n_units) for values in (human, model)]
            interval = stats.percentile_interval(
                stats.bootstrap_gaps(sides[0], sides[1], stats.bootstrap_weights(n_units, 200, rng))[:, 0]
            )
            assert interval is not None
            covered[name] += interval[0] <= 0 <= interval[1]
    assert 0.88 <= covered["dialogue"] / 200 <= 0.99
    assert covered["turn"] / 200 < 0.75


def test_two_thousand_draws_on_five_hundred_turns_are_quick() -> None:
    rng = np.random.default_rng(0)
    sides = [Ratios(rng.normal(size=(500, 45)), np.ones((500, 45))).by(np.arange(500) // 4, 125) for _ in range(2)]
    started = time.perf_counter()
    gaps = stats.bootstrap_gaps(sides[0], sides[1], stats.bootstrap_weights(125, 2000, rng))
    assert gaps.shape == (2000, 45)
    assert time.perf_counter() - started < 2
