"""How much of what somebody says stands in a context."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.leak import leak_share


def test_leak_share_counts_word_grams_without_case_and_punctuation() -> None:
    assert leak_share("When my car caught FIRE.", ["my car caught fire!", "it was loud"]) == 1.0
    assert leak_share("When my car caught fire.", ["then my car caught fire"]) == 0.5
    assert leak_share("My car caught", ["fire it was"]) == 0.0
    assert leak_share("I don't know what", ["i don’t know what"]) == 1.0
    assert leak_share("anything at all", []) == 0.0


@given(st.lists(st.sampled_from("abcdef"), min_size=4), st.lists(st.sampled_from("abcdef")))
def test_a_context_that_holds_the_turn_leaks_all_of_it(turn: list[str], around: list[str]) -> None:
    assert leak_share(" ".join([*around, *turn, *around]), [" ".join(turn)]) == 1.0
    assert 0.0 <= leak_share(" ".join(around), [" ".join(turn)]) <= 1.0
