"""Windows: every trained turn once, never a cut turn, never too long, context where there is any."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.windows import CONTEXT_SHARE, Conversation, Window


@st.composite
def conversations(draw: st.DrawFn) -> tuple[int, list[int], list[int]]:
    """Opening, lengths of the turns, trained turns."""
    lengths = draw(st.lists(st.integers(4, 60), min_size=1, max_size=40))
    trained = draw(st.sets(st.integers(0, len(lengths) - 1), min_size=1))
    return draw(st.sampled_from([0, 13])), lengths, sorted(trained)


def taken(conversation: Conversation, capacity: int, choices: st.DataObject | None = None) -> list[Window]:
    """The windows that are taken, the longest each time unless hypothesis chooses."""
    found = []
    while windows := conversation.windows(capacity):
        window = windows[-1] if choices is None else choices.draw(st.sampled_from(windows))
        found.append(window)
        if not conversation.take(window):
            break
    return found


@given(given=conversations(), capacity=st.integers(20, 200), choices=st.data())
def test_every_trained_turn_that_fits_is_learnt_once(
    given: tuple[int, list[int], list[int]], capacity: int, choices: st.DataObject
) -> None:
    opening, lengths, trained = given
    conversation = Conversation(opening, lengths, trained)
    windows = taken(conversation, capacity, choices)
    learnt = [turn for window in windows for turn in trained if window.first <= turn < window.stop]
    fitting = [turn for turn in trained if opening + lengths[turn] <= capacity]
    assert learnt == fitting
    assert conversation.dropped == len(trained) - len(fitting)
    for window in windows:
        assert window.length == opening + sum(lengths[window.start : window.stop]) <= capacity
        assert window.stop - 1 in trained
    seen = {turn for window in windows for turn in range(window.start, window.stop)}
    before = range(windows[-1].stop if windows else 0)
    too_long = {turn for turn in trained if turn not in fitting}
    assert conversation.unseen == len(set(before) - seen - too_long)


@given(given=conversations(), capacity=st.integers(20, 200))
def test_context_comes_before_what_is_learnt_and_has_its_share(
    given: tuple[int, list[int], list[int]], capacity: int
) -> None:
    opening, lengths, trained = given
    conversation = Conversation(opening, lengths, trained)
    fresh = 0
    for window in taken(conversation, capacity):
        share = CONTEXT_SHARE * (capacity - opening)
        assert sum(lengths[window.start : fresh]) <= share
        room = capacity - opening - sum(lengths[window.start : window.first + 1])
        if window.start > 0:  # one turn more would be too much, of context or altogether
            one_more = lengths[window.start - 1]
            assert one_more > room or sum(lengths[window.start - 1 : fresh]) > share
        assert window.first == next(turn for turn in trained if turn >= fresh and opening + lengths[turn] <= capacity)
        fresh = window.stop


@given(given=conversations(), capacity=st.integers(80, 200), longer=st.integers(0, 100))
def test_an_extension_adds_whole_turns_in_front_as_long_as_they_fit(
    given: tuple[int, list[int], list[int]], capacity: int, longer: int
) -> None:
    opening, lengths, trained = given
    conversation = Conversation(opening, lengths, trained)
    for window in taken(conversation, capacity):
        extended = conversation.extended(window, window.length + longer)
        assert extended.length == opening + sum(lengths[extended.start : window.stop]) <= window.length + longer
        assert (extended.first, extended.stop) == (window.first, window.stop)
        assert extended.start == 0 or extended.length + lengths[extended.start - 1] > window.length + longer


def test_the_picture_in_the_documentation() -> None:
    conversation = Conversation(0, [10] * 12, [1, 3, 5, 7, 9, 11])
    windows = taken(conversation, 80)  # an eighth of it is one turn
    assert [(window.start, window.first, window.stop) for window in windows] == [(0, 1, 8), (7, 9, 12)]
    assert [window.progress for window in windows] == [140 - 50, 50]  # in turns of 10, and 10 for each context


def test_a_long_conversation_needs_few_windows() -> None:
    turns = 10_000
    conversation = Conversation(100, [20] * turns, list(range(1, turns, 2)))
    windows = taken(conversation, 1000)
    assert len(windows) <= turns * 20 / (1000 - 100 - CONTEXT_SHARE * 900 - 40)


@given(given=conversations(), capacity=st.integers(20, 200), choices=st.data())
def test_every_window_makes_progress_and_longer_ones_make_more(
    given: tuple[int, list[int], list[int]], capacity: int, choices: st.DataObject
) -> None:
    conversation = Conversation(*given)
    while windows := conversation.windows(capacity):
        progress = [window.progress for window in windows]
        assert progress[0] > 0
        assert progress == sorted(set(progress))
        conversation.take(choices.draw(st.sampled_from(windows)))
