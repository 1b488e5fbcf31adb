"""The village: reproducible, on every axis, never giving a target away, and true to its people's limits and views."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.corpus.leak import leaks
from odyssim.corpus.render import system_message
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.village import Village
from odyssim.corpus.sources.village_choices import DILEMMAS, EVENTS, Event, decide
from odyssim.corpus.sources.village_haggle import THINGS, Thing, bargain
from odyssim.corpus.sources.village_opinions import ISSUES, VALUES, Issue, opinion
from odyssim.corpus.sources.village_people import townsfolk
from odyssim.errors import UsageError
from odyssim.types import Axis, Interaction

SEEDS = st.integers(min_value=-(2**63), max_value=2**63)


def live(n: int, seed: int) -> list[Interaction]:
    return list(Village(n, seed).read(Path(), ReadReport()))


@pytest.fixture(scope="module")
def village() -> list[Interaction]:
    return live(3000, seed=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=1, max_value=60), SEEDS)
def test_any_size_and_seed_works_and_repeats_itself(n: int, seed: int) -> None:
    interactions = live(n, seed)
    assert len(interactions) == n
    again = live(n + 7, seed)[:n]
    assert [one.model_dump_json() for one in interactions] == [one.model_dump_json() for one in again]


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=10, max_value=80), SEEDS)
def test_axes_have_equal_shares(n: int, seed: int) -> None:
    shares = Counter(interaction.axis for interaction in live(n, seed))
    assert set(shares) == set(Axis)
    assert max(shares.values()) - min(shares.values()) <= 1


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_no_context_gives_a_target_away(seed: int) -> None:
    for interaction in live(60, seed):
        assert interaction.context is not None
        for speaker in interaction.imitated_speakers:
            known = system_message(interaction.context, speaker, [])
            assert not leaks(known, [turn.text for turn in interaction.turns if turn.speaker == speaker])


def test_other_seeds_are_other_villages(village: list[Interaction]) -> None:
    assert [one.turns for one in live(50, seed=1)] != [one.turns for one in village[:50]]


def test_each_axis_has_hundreds_of_surface_forms(village: list[Interaction]) -> None:
    forms: dict[Axis, set[str]] = defaultdict(set)
    for interaction in village:
        imitated = interaction.axis is not Axis.COG
        forms[interaction.axis].update(turn.text for turn in interaction.turns if turn.train is imitated)
    assert min(len(texts) for texts in forms.values()) >= 500


def test_everything_is_labelled_synthetic_and_whole(village: list[Interaction]) -> None:
    assert Village.card.synthetic
    for interaction in village:
        assert (interaction.source.dataset, interaction.source.licence) == ("village", "Apache-2.0")
        for turn in interaction.turns:
            assert turn.text.strip() == turn.text != ""
            assert interaction.axis is Axis.COG or not re.search(r"[{}]| / ", turn.text)


def test_people_write_like_people(village: list[Interaction]) -> None:
    texts = [turn.text for interaction in village if interaction.axis is Axis.CONV for turn in interaction.turns]
    lower = sum(text == text.lower() for text in texts) / len(texts)
    words = sorted(len(text.split()) for text in texts)
    assert 0.3 < lower < 0.8
    assert words[len(words) // 2] <= 6
    assert any("😅" in text for text in texts)


def test_a_person_has_one_hand_everywhere(village: list[Interaction]) -> None:
    texts: dict[str, list[str]] = defaultdict(list)
    for interaction in village:
        if interaction.axis is not Axis.COG:
            for turn in interaction.turns:
                if turn.train:
                    texts[turn.speaker].append(turn.text)
    people = {person.name: person for person in townsfolk(0)}
    for name, said in texts.items():
        if people[name].style.lower:
            assert all(text == text.lower() for text in said)
        if not people[name].style.apostrophes:
            assert not any("'" in text for text in said)


def test_at_least_one_interaction_must_be_asked_for() -> None:
    with pytest.raises(UsageError, match="0 interactions"):
        Village(0)


@given(st.sampled_from(THINGS), SEEDS)
def test_a_bargain_respects_both_limits(thing: Thing, seed: int) -> None:
    course = bargain(thing.price, random.Random(seed))
    asked = [act.price for act in course.acts if act.kind in ("ask", "counter")]
    offered = [act.price for act in course.acts if act.kind == "offer"]
    assert asked == sorted(asked, reverse=True)
    assert offered == sorted(offered)
    assert min(asked) >= course.floor
    assert max(offered) <= course.ceiling
    if course.deal is not None:
        assert course.floor <= course.deal <= course.ceiling


def test_bargains_end_both_ways() -> None:
    deals = [bargain(100, random.Random(seed)).deal is not None for seed in range(300)]
    assert 0.4 < sum(deals) / len(deals) < 0.95


@given(st.lists(st.sampled_from(EVENTS), min_size=2, max_size=2, unique=True), SEEDS)
def test_choices_follow_from_the_past(past: list[Event], seed: int) -> None:
    decisions = decide(tuple(past), 3, random.Random(seed))
    assert len(decisions) == 3
    for decision in decisions:
        [dilemma] = [dilemma for dilemma in DILEMMAS if decision.question in dilemma.questions]
        event = next(event for event in past if event.reasons == decision.reasons)
        assert dilemma.options[event.trait] == decision.answers


@pytest.mark.parametrize("issue", ISSUES, ids=lambda issue: issue.statement)
def test_opinions_follow_from_values(issue: Issue) -> None:
    for firm in VALUES:
        for mild in VALUES:
            if firm is not mild:
                view = opinion(issue, (firm, mild))
                stance = issue.stance.get(firm.name) or issue.stance.get(mild.name, 0)
                assert (view.degree > 3) - (view.degree < 3) == stance
                assert bool(view.arguments) == (stance != 0)
