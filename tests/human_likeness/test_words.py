"""Log-odds, divergence and lexicons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from odyssim.errors import DataError
from odyssim.human_likeness.stats import random_halves
from odyssim.human_likeness.tokens import tokenize
from odyssim.human_likeness.words import Terms, WordChoice, is_english, jensen_shannon, log_odds, word_choice

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 50))
vectors = st.integers(1, 12).flatmap(
    lambda size: st.tuples(*[st.lists(st.integers(0, 99), min_size=size, max_size=size).filter(any)] * 2)
)


def test_log_odds_by_hand() -> None:
    """One word of Monroe et al. written out: prior 10 x (9 / 20) for 'a'."""
    a_1, a_2 = 6 + 4.5, 3 + 4.5
    delta = math.log(a_1 / (10 + 10 - a_1)) - math.log(a_2 / (10 + 10 - a_2))
    z = log_odds({"a": 6, "b": 4}, {"a": 3, "b": 7}, strength=10)
    assert z["a"] == pytest.approx(delta / math.sqrt(1 / a_1 + 1 / a_2))
    assert z["a"] > 0 > z["b"]


@given(counts, counts)
def test_log_odds_are_antisymmetric(first: dict[str, int], second: dict[str, int]) -> None:
    forth, back = log_odds(first, second), log_odds(second, first)
    assert forth.keys() == back.keys()
    assert all(math.isfinite(z) and z == pytest.approx(-back[word]) for word, z in forth.items())


@given(counts)
def test_no_word_tells_equal_texts_apart(words: dict[str, int]) -> None:
    assert all(z == 0 for z in log_odds(words, words).values())


def test_a_stronger_prior_shrinks() -> None:
    first, second = {"a": 30, "b": 70}, {"a": 60, "b": 40}
    assert abs(log_odds(first, second, strength=500)["a"]) < abs(log_odds(first, second, strength=50)["a"])


@given(vectors)
def test_divergence_is_symmetric_in_range_and_scipys(pair: tuple[list[int], list[int]]) -> None:
    p, q = (np.array(side) for side in pair)
    bits = jensen_shannon(p, q)
    assert 0 <= bits <= 1
    assert bits == pytest.approx(jensen_shannon(q, p), abs=1e-12)
    distance = jensenshannon(p, q, base=2)
    if not math.isnan(distance):  # scipy takes the root of a rounding error below zero
        assert bits == pytest.approx(distance**2, abs=1e-12)
    assert jensen_shannon(p, 3 * p) == pytest.approx(0, abs=1e-12)


def test_divergence_of_disjoint_words_is_one_bit() -> None:
    assert jensen_shannon(np.array([3, 1, 0]), np.array([0, 0, 2])) == 1.0


def test_divergence_from_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="both sides"):
        jensen_shannon(np.array([1, 2]), np.array([0, 0]))


def choice(human: list[str], model: list[str]) -> WordChoice:
    """Word choice of texts of which each is a dialogue and a unit."""
    sides = [[tokenize(text) for text in texts] for texts in (human, model)]
    vocabulary = sorted({token for side in sides for turn in side for token in turn})
    number = {word: index for index, word in enumerate(vocabulary)}
    dialogue = np.arange(len(human))
    halves = random_halves(len(human), 50, np.random.default_rng(0))
    people, machine = (Terms.of(side, number, dialogue, dialogue) for side in sides)
    return word_choice(people, machine, vocabulary, halves, seed=0)


def test_the_divergence_of_people_from_people_is_no_excess() -> None:
    """Two samples of one source differ a lot in raw divergence, and not at all beyond the human-human value."""
    rng = np.random.default_rng(1)
    weights = 1 / np.arange(1, 301)
    words = np.array([f"w{index}" for index in range(300)])
    human, model = (
        [" ".join(rng.choice(words, size=12, p=weights / weights.sum())) for _ in range(40)] for _ in range(2)
    )
    divergence = choice(human, model).divergence
    assert divergence.raw is not None
    assert divergence.raw > 0.1
    assert divergence.excess == pytest.approx(0, abs=0.04)
    assert divergence.terms_per_side == 240


def test_over_and_under_used_words_with_counts() -> None:
    human = [f"yeah the order is late {n}" for n in range(30)]
    model = [f"certainly the order is late {n}" for n in range(30)]
    found = choice(human, model)
    over, under = found.overused[0], found.underused[0]
    assert (over.word, over.human, over.model, over.model_dialogues) == ("certainly", 0, 30, 30)
    assert (under.word, under.human, under.human_dialogues, under.model) == ("yeah", 30, 30, 0)
    assert over.z > 1.96
    assert under.z < -1.96
    assert {shift.word for shift in (*found.overused, *found.underused)} == {"certainly", "yeah"}


def test_a_word_of_one_dialogue_is_no_habit() -> None:
    human = ["the order is late"] * 30
    model = ["the order is late"] * 29 + ["tapestry " * 40]
    assert "tapestry" not in {shift.word for shift in choice(human, model).overused}
    assert "tapestry" in {shift.word for shift in choice(human, ["the tapestry is late"] * 30).overused}


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("can you check my order? it said the parcel was delivered but i have not got it", True),
        ("kannst du bitte meine bestellung prüfen, das paket ist noch nicht angekommen", False),
        ("hola, quería saber si el pedido ya salió porque no me llegó ningún correo", False),
    ],
)
def test_english_is_told_from_other_languages(text: str, english: bool) -> None:
    assert is_english(tokenize(text)) is english
