"""Lettered options: balanced order, letters marked in the order shown, and rows that cannot be asked."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.tasks.letters import LetterItem, LetterTask, balanced, checked_options
from odyssim.tasks.prompt import Prompt
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Origin, Profile


def item(options: tuple[str, ...] = ("red", "blue", "green"), gold: str = "B", number: int = 0) -> LetterItem:
    return LetterItem(id=str(number), origin=Origin.FIXTURE, cluster=str(number), options=options, gold=gold)


class Colours(LetterTask[LetterItem]):
    name: ClassVar[str] = "colours"
    title: ClassVar[str] = "Colours"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.COG
    licence: ClassVar[str] = "CC0-1.0"
    reference_letters: ClassVar[str] = "ABCDEF"

    def read(self, row: Row, profile: Profile) -> LetterItem:
        raise NotImplementedError

    def prompt(self, item: LetterItem, profile: Profile) -> Prompt:
        raise NotImplementedError


@given(st.lists(st.tuples(st.integers(2, 6), st.integers(0, 5)), min_size=1, max_size=60), st.integers(0, 5))
def test_every_letter_is_right_equally_often_and_the_gold_text_stays_gold(
    shapes: list[tuple[int, int]], seed: int
) -> None:
    items = [
        item(tuple(f"o{number}-{place}" for place in range(size)), "ABCDEF"[gold % size], number)
        for number, (size, gold) in enumerate(shapes)
    ]
    arranged = balanced(items, seed)
    assert arranged == balanced(items, seed)
    task = Colours()
    for size in {size for size, _ in shapes}:
        letters = Counter(task.gold_letter(one, Profile.IMPROVED) for one in arranged if len(one.options) == size)
        counts = [letters[letter] for letter in "ABCDEF"[:size]]
        assert max(counts) - min(counts) <= 1
    for before, after in zip(items, arranged, strict=True):
        assert sorted(after.order) == list(range(len(after.options)))
        gold = task.gold_letter(after, Profile.IMPROVED)
        assert task.shown(after, Profile.IMPROVED)[gold] == before.options["ABCDEF".index(before.gold)]
        assert task.mark(after, task.gold_reply(after, Profile.IMPROVED), Profile.IMPROVED).score == 1.0
        assert task.mark(after, f"<answer>{before.gold}</answer>", Profile.REFERENCE).score == 1.0


@pytest.mark.parametrize(
    "options",
    [
        ("red", "blue", "none of the above"),
        ("red", "blue", "both A and B"),
        ("red", "blue", "all of these options"),
        ("红", "蓝", "以上都不对"),
        ("red", "blue", ""),
    ],
)
def test_options_that_speak_of_others_stay_in_place(options: tuple[str, ...]) -> None:
    assert all(one.order == () for one in balanced([item(options, number=number) for number in range(9)], 0))


def test_a_blank_option_keeps_its_letter_and_is_not_shown() -> None:
    task, one = Colours(), item(("red", " ", "green"), "C")
    assert task.shown(one, Profile.IMPROVED) == {"A": "red", "C": "green"}
    assert task.chance(one) == 0.5
    assert task.mark(one, "<answer>C</answer>", Profile.IMPROVED).score == 1.0
    assert task.mark(one, "<answer>B</answer>", Profile.IMPROVED).answer is None


@pytest.mark.parametrize(
    ("options", "gold", "problem"),
    [
        (("red",), "A", "1 options"),
        (("red", "red ", "blue"), "C", "the same"),
        (("red", "blue"), "C", "none of the options"),
        (("red", "blue"), "", "none of the options"),
        (("red", "blue"), "AB", "none of the options"),
        (("red", "blue", ""), "C", "none of the options"),
    ],
)
def test_what_cannot_be_asked_is_said(options: tuple[str, ...], gold: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        checked_options(item(options, gold))


def test_an_unusable_gold_is_never_matched() -> None:
    for gold in ("", "Z", "?"):
        one = item(gold=gold)
        for profile in Profile:
            for reply in ("<answer></answer>", "", None, "<answer>A</answer>"):
                assert Colours().mark(one, reply, profile).score == 0.0
