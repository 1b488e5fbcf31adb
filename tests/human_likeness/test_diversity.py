"""Diversity, repetition, and what people do with a turn."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.human_likeness.diversity import (
    SET_MEASURES,
    closest_other,
    compressed,
    distinct,
    in_sets,
    repeats,
    self_bleu,
)
from odyssim.human_likeness.lexical import mtld
from odyssim.human_likeness.pragmatics import AGREEABLENESS, PRAGMATICS
from odyssim.human_likeness.surface import Utterance

MEASURES = {measure.name: measure for measure in (*PRAGMATICS, *AGREEABLENESS)}
texts = st.lists(st.lists(st.sampled_from("abcd"), max_size=9), max_size=6)


def test_self_bleu_by_hand() -> None:
    one_way = math.sqrt(2 / 3 * 1 / 2)  # 'a b c' has two words and one bigram of 'a b d'
    assert self_bleu([["a", "b", "c"], ["a", "b", "d"]], n=2) == pytest.approx(one_way)
    too_short = math.exp(1 - 3 / 2)  # all of 'a b' is in 'a b c', which is longer
    assert self_bleu([["a", "b"], ["a", "b", "c"]], n=2) == pytest.approx((too_short + one_way) / 2)
    no_bigram = math.sqrt(2 / 2 * 0.1 / 1)
    assert self_bleu([["a", "b"], ["b", "a"]], n=2) == pytest.approx(no_bigram)


def test_a_word_counts_as_often_as_in_one_other_text() -> None:
    assert self_bleu([["a", "a"], ["a", "b"], ["a", "c"]], n=1) == pytest.approx(0.5)


@given(texts)
def test_diversity_lies_in_its_range(lists: list[list[str]]) -> None:
    for value in (self_bleu(lists), closest_other(lists), *(distinct(text, 2) for text in lists)):
        assert 0 <= value <= 1 + 1e-12
    assert self_bleu(lists) == pytest.approx(self_bleu(lists[::-1]))


def test_equal_texts_are_as_alike_as_can_be() -> None:
    same = [["i", "would", "like", "a", "refund"]] * 4
    assert self_bleu(same) == pytest.approx(1)
    assert closest_other(same) == 1
    assert compressed(["same"] * 200) < 0.1 < compressed([str(n) for n in range(200)])


def test_mtld_of_words_that_never_or_always_repeat() -> None:
    assert mtld([str(n) for n in range(30)]) == 30
    assert mtld(["a"] * 10) == 2
    assert mtld([]) == 0


def test_repeats_are_of_the_same_speaker_and_come_later() -> None:
    turns = [line.split() for line in ("where is it", "where is it", "where is it now", "no idea", "where is it")]
    found = repeats(turns, ["ann", "bob", "ann", "ann", None])
    assert found.base[:, 0].tolist() == [0, 0, 1, 1, 0]
    assert found.count[:, 0].tolist() == [0, 0, 1, 0, 0]


def test_sets_are_of_one_size_and_equal_sides_are_equal() -> None:
    rng = random.Random(0)
    turns = [[rng.choice("abcdefghij") for _ in range(rng.randint(0, 40))] for _ in range(200)]
    unit, stratum = np.arange(200) // 4, np.full(50, 3)
    measured = in_sets((turns, turns), (unit, unit), stratum, seed=1)
    assert measured is not None
    sizes, (human, model) = measured
    assert (sizes.sets, human.count.shape) == (20, (20, len(SET_MEASURES)))
    assert sizes.turns >= 4
    assert np.array_equal(human.count, model.count)
    assert in_sets((turns[:40], turns), (unit[:40], unit), stratum, seed=1) is None  # ten units: five sets of two


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("thanks", "ok thx", "tea"),
        ("please", "call me pls", "I was pleased"),
        ("apology", "sorry about that", "a sorrow"),
        ("greeting", "Hey, you there?", "oh hey"),
        ("farewell", "bye now", "a byte"),
        ("hedges", "i dunno, maybe", "it is red"),
        ("certainty", "I never said so", "nevertheless"),
        ("feelings", "this is SO annoying", "lovely"),
        ("agreement", "yeah do that", "yearly"),
        ("agreement", "hm, I totally agree", "we had an agreement"),
        ("concession", "ok, you’re right", "turn right"),
        ("push_back", "No, the other one", "north of here"),
        ("push_back", "But I already paid", "butter"),
        ("refusal", "I won’t pay that", "I want that"),
    ],
)
def test_phrases(name: str, yes: str, no: str) -> None:
    assert MEASURES[name].count(Utterance(yes)) == 1
    assert MEASURES[name].count(Utterance(no)) == 0
