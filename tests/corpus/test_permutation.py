"""A permutation that is never stored is one all the same, and a good shuffle."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.permutation import Permutation


@given(size=st.integers(1, 3000), key=st.integers())
def test_every_number_is_the_image_of_one(size: int, key: int) -> None:
    images = Permutation(size, key)(np.arange(size))
    assert sorted(images.tolist()) == list(range(size))


@given(size=st.integers(1, 10**12), key=st.text(), data=st.data())
def test_an_image_depends_on_its_number_and_the_keys_alone(size: int, key: str, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20))
    images = Permutation(size, 7, key)(np.array(numbers))
    again = Permutation(size, 7, key)
    assert [int(again(np.array([number]))[0]) for number in numbers] == images.tolist()
    assert all(0 <= image < size for image in images)


def test_the_images_are_the_same_on_every_machine() -> None:
    assert Permutation(10, "a", 1)(np.arange(10)).tolist() == [0, 4, 3, 6, 5, 8, 9, 1, 2, 7]


def test_keys_give_different_permutations() -> None:
    seen = {tuple(Permutation(50, *keys)(np.arange(50))) for keys in [(1,), (2,), (1, 2), ("1", ""), (12,)]}
    assert len(seen) == 5


def test_all_permutations_of_four_are_about_equally_frequent() -> None:
    counts = Counter(tuple(Permutation(4, key)(np.arange(4)).tolist()) for key in range(4800))
    assert len(counts) == 24
    # 200 each are expected; the chi-square statistic of 23 degrees is above 50 once in a thousand.
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 50


def test_neighbours_are_scattered() -> None:
    images = Permutation(1_000_000, "scatter")(np.arange(100_000))
    steps = np.abs(np.diff(images))
    assert abs(steps.mean() - 1_000_000 / 3) < 3000
    assert abs(np.corrcoef(np.arange(len(images)), images)[0, 1]) < 0.01


def test_size_costs_no_memory() -> None:
    tracemalloc.start()
    Permutation(10**15, 0)(np.arange(1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
