"""Rows: every trained token once, in rows that are full, whatever the documents look like."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.rows import PackCounts, Piece, Placed, RowBuilder, SubsetSums

TURN = 1  # the id that begins a turn; all other ids are larger


def piece(number: int, lengths: Sequence[int], trained: Sequence[int], capacity: int, opening: int = 0) -> Piece:
    """A document whose ids tell where each token comes from: 100 * position + 2."""
    ids = np.arange(opening + sum(lengths)) * 100 + 2
    loss = np.zeros(len(ids), dtype=np.bool_)
    starts = opening + np.cumsum([0, *lengths])
    ids[starts[:-1]] = TURN
    for turn in trained:
        loss[starts[turn] + 2 : starts[turn + 1]] = True
    return Piece(ids.astype(np.uint32), loss, opening, 0, number, turn_start=TURN, capacity=capacity)


@st.composite
def corpora(draw: st.DrawFn) -> list[tuple[int, list[int], list[int]]]:
    """(opening, lengths, trained) of some documents, each of which ends with a trained turn."""
    made = []
    for _ in range(draw(st.integers(1, 25))):
        lengths = draw(st.lists(st.integers(4, 40), min_size=1, max_size=12))
        trained = draw(st.sets(st.integers(0, len(lengths) - 1))) | {len(lengths) - 1}
        made.append((draw(st.sampled_from([0, 9])), lengths, sorted(trained)))
    return made


@given(drawn=corpora(), capacity=st.integers(20, 120))
def test_every_trained_token_is_placed_once(drawn: list[tuple[int, list[int], list[int]]], capacity: int) -> None:
    pieces = [
        piece(number, lengths, trained, capacity, opening) for number, (opening, lengths, trained) in enumerate(drawn)
    ]
    documents = [(one.ids.copy(), one.loss.copy()) for one in pieces]
    builder = RowBuilder(pieces, capacity)
    placed = [one for row in builder for one in row]
    counts = builder.counts
    dropped_turns = 0
    for number, (opening, lengths, trained) in enumerate(drawn):
        ids, loss = documents[number]
        mine = [one for one in placed if one.cluster == number]
        learnt = np.concatenate([one.ids[one.loss] for one in mine]) if mine else np.empty(0)
        starts = opening + np.cumsum([0, *lengths])
        for turn in trained:
            if opening + lengths[turn] > capacity:
                loss[starts[turn] : starts[turn + 1]] = False
                dropped_turns += 1
        assert learnt.tolist() == ids[loss].tolist()  # in order, and no token twice
        for one in mine:
            assert one.ids[:opening].tolist() == ids[:opening].tolist()
            assert not one.loss[:opening].any()
            body = one.ids[opening:].tolist()
            assert body[0] == TURN
            assert body in [ids[a:b].tolist() for a in starts[:-1] for b in starts[1:] if b > a]
    assert counts.sequences == len(drawn)
    assert counts.windows == len(placed)
    assert counts.dropped_turns == dropped_turns
    assert counts.dropped_sequences == len(drawn) - len({one.cluster for one in placed})


@given(drawn=corpora(), capacity=st.integers(20, 120))
def test_no_row_is_too_long_or_empty(drawn: list[tuple[int, list[int], list[int]]], capacity: int) -> None:
    pieces = [
        piece(number, lengths, trained, capacity, opening) for number, (opening, lengths, trained) in enumerate(drawn)
    ]
    for row in RowBuilder(pieces, capacity):
        assert 0 < sum(len(one.ids) for one in row) <= capacity
        assert all(one.loss.any() for one in row)


def rows_of(pieces: list[Piece], capacity: int) -> tuple[list[list[Placed]], PackCounts, float]:
    """The rows, the counts, and the share of the rows that is filled."""
    builder = RowBuilder(pieces, capacity)
    rows = list(builder)
    return rows, builder.counts, sum(len(one.ids) for row in rows for one in row) / (capacity * len(rows))


def dialogues(count: int, seed: int, capacity: int, turn: tuple[float, float], turns: tuple[int, int]) -> list[Piece]:
    """Log-normal turns, every second one trained, behind a system message of 40 to 90 tokens."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        lengths = [6 + int(rng.lognormvariate(*turn)) for _ in range(2 * rng.randint(*turns))]
        made.append(piece(number, lengths, range(1, len(lengths), 2), capacity, rng.randint(40, 90)))
    return made


@pytest.mark.parametrize("capacity", [512, 1024, 4096])
def test_short_and_long_dialogues_together_fill_their_rows(capacity: int) -> None:
    short = dialogues(3000, 1, capacity, (2.2, 0.6), (1, 4))
    long = dialogues(200, 2, capacity, (2.7, 0.7), (8, 20))
    mixed = [*short, *long]
    random.Random(3).shuffle(mixed)
    assert rows_of(mixed, capacity)[2] >= 0.985


def test_documents_of_more_than_half_a_row_fill_their_rows_by_being_cut() -> None:
    _, counts, fill = rows_of(dialogues(400, 4, 1024, (2.9, 0.5), (8, 12)), 1024)
    assert fill >= 0.98
    assert counts.sequences < counts.windows < 2 * counts.sequences


def test_documents_that_fit_are_left_whole_where_their_lengths_add_up() -> None:
    pieces = [piece(number, [50 + number % 2 * 20], [0], 120) for number in range(100)]
    rows, counts, fill = rows_of(pieces, 120)
    assert fill == 1.0
    assert (counts.windows, len(rows)) == (100, 50)


def test_documents_keep_about_their_order() -> None:
    pieces = dialogues(2000, 5, 512, (2.2, 0.6), (1, 4))
    order = [one.cluster for row in rows_of(pieces, 512)[0] for one in row]
    assert max(abs(place - number) for place, number in enumerate(order)) < 1000


def test_time_is_linear_in_documents() -> None:
    """Steps of the subset sums, which are most of the work, counted instead of timed."""

    class Counting(SubsetSums):
        steps = 0

        def __init__(self, lengths: Sequence[int], limit: int, goal: int | None = None) -> None:
            super().__init__(lengths, limit, goal)
            Counting.steps += len(self._reached)

    def steps(count: int) -> int:
        Counting.steps = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("odyssim.corpus.rows.SubsetSums", Counting)
            rows_of(dialogues(count, 6, 512, (2.2, 0.6), (1, 4)), 512)
        return Counting.steps

    assert steps(4000) < 5 * steps(1000)


@given(lengths=st.lists(st.integers(1, 30), max_size=12), limit=st.integers(1, 60), room=st.integers(0, 60))
def test_subset_sums_find_the_best_total_and_its_members(lengths: list[int], limit: int, room: int) -> None:
    room = min(room, limit)
    sums = SubsetSums(lengths, limit)
    totals = {0}
    for length in lengths:
        totals |= {total + length for total in totals}
    best = sums.best(room)
    assert best == max(total for total in totals if total <= room)
    members = sums.members(best)
    assert sum(lengths[number] for number in members) == best
    assert members == sorted(set(members))


@given(lengths=st.lists(st.integers(1, 30), max_size=12), goal=st.integers(0, 60))
def test_a_reached_goal_ends_the_search(lengths: list[int], goal: int) -> None:
    assert SubsetSums(lengths, 60, goal).best(goal) == SubsetSums(lengths, 60).best(goal)


def test_counts_add_up() -> None:
    total = PackCounts.sum([PackCounts(sequences=1, windows=5), PackCounts(windows=2, dropped_turns=1)])
    assert total == PackCounts(sequences=1, windows=7, dropped_turns=1)
