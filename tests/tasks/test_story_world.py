"""The belief rule agrees with a brute-force simulation of nested minds, and the generators cover what they promise."""

from __future__ import annotations

import random
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.tasks.hitom import HiToM
from odyssim.tasks.paratomi import ParaToMi
from odyssim.tasks.registry import get_task
from odyssim.tasks.story_world import Story, belief_question, departing_story, search_question, unseen_move_story
from odyssim.types import Origin

seeds = st.integers(0, 2**31 - 1)


def simulate(story: Story, chain: tuple[str, ...]) -> str | None:
    """Every mind holds a place and a model of every other mind; an event updates the minds of its witnesses."""
    Mind = dict[tuple[str, ...], str | None]
    minds: Mind = {}
    depth = len(chain)
    for event in story.events:
        if event.place is None:
            continue
        minds[()] = event.place
        present = [person for person in story.people if person in event.witnesses]
        # a person who is present updates the own belief, and what they think each other present person now believes
        frontier: list[tuple[str, ...]] = [()]
        for _ in range(depth):
            frontier = [(*path, person) for path in frontier for person in present if person not in path]
            for path in frontier:
                minds[path] = event.place
    return minds.get(chain)


@given(seeds, st.sampled_from([departing_story, unseen_move_story]))
def test_beliefs_agree_with_simulated_minds(seed: int, generate: object) -> None:
    assert callable(generate)
    story: Story = generate(random.Random(seed))
    for depth in range(3):
        for chain in permutations(story.people, depth):
            assert story.believed_place(chain) == simulate(story, chain)


def test_a_belief_nobody_could_form_is_an_error() -> None:
    story = departing_story(random.Random(0))
    with pytest.raises(ValueError, match="never saw"):
        story.believed_place(("a stranger",))


def test_questions_of_every_order() -> None:
    assert belief_question("pear", ()) == "Where is the pear really?"
    assert belief_question("pear", ("Ann",)) == "Where does Ann think the pear is?"
    assert belief_question("pear", ("Ann", "Bo", "Cy")) == "Where does Ann think Bo thinks Cy thinks the pear is?"
    assert search_question("pear", ("Ann", "Bo")) == "Where does Ann think that Bo searches for the pear?"


@pytest.mark.parametrize("split", ["village", "generated"])
@pytest.mark.parametrize("name", ["hitom", "paratomi"])
def test_generated_items_are_seeded_and_labelled(name: str, split: str) -> None:
    task = get_task(name)
    items = list(task.items(split, seed=3))
    assert items == list(task.items(split, seed=3))
    assert items != list(task.items(split, seed=4))
    assert len({item.id for item in items}) == len(items)
    assert {item.origin for item in items} == {Origin.GENERATED}


def test_hitom_village_covers_orders_without_favouring_a_letter() -> None:
    items = [item for seed in range(4) for item in HiToM().items("village", seed=seed)]
    assert Counter(item.question_order for item in items) == dict.fromkeys(range(4), 200)
    assert max(Counter(item.gold for item in items).values()) < 1.5 * 800 / 8


def test_paratomi_village_needs_false_beliefs() -> None:
    items = [item for seed in range(3) for item in ParaToMi().items("village", seed=seed)]
    by_story = {item.cluster: item for item in items if item.question_type == "order_0"}
    asked = [item for item in items if item.question_type == "order_1"]
    false_beliefs = sum(item.correct_answer != by_story[item.cluster].correct_answer for item in asked)
    assert 0.2 < false_beliefs / len(asked) < 0.5
