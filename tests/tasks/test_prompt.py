"""Prompts of sections: where a hint goes, and what leaves when the budget is short."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import PromptTooLong
from odyssim.models.base import Cast
from odyssim.models.scripted import Scripted
from odyssim.models.token_count import estimated_tokens
from odyssim.tasks.prompt import SLACK_TOKENS, Cut, Prompt, Section, fitted
from odyssim.tasks.registry import get_task
from odyssim.types import Message, Profile

LONG = " ".join(f"w{number}" for number in range(400))


def prompt(cut: Cut = Cut.MIDDLE, system: str = "") -> Prompt:
    return Prompt(
        system=system,
        sections=(
            Section(text="Read."),
            Section(heading="Story:", text=LONG, cut=cut),
            Section(text=""),
            Section(text="Question: who?", name="question"),
        ),
    )


def size(messages: tuple[Message, ...]) -> int:
    return sum(len(estimated_tokens(message.content)) for message in messages)


def test_sections_are_separated_by_a_blank_line_and_empty_ones_left_out() -> None:
    assert prompt().user == f"Read.\n\nStory:\n{LONG}\n\nQuestion: who?"


def test_a_hint_stands_above_its_section_or_last() -> None:
    above = prompt().with_hint("Ann left.", before="question", lead="Keep in mind:").user
    assert above.endswith("\n\nKeep in mind: Ann left.\n\nQuestion: who?")
    assert prompt().with_hint("Ann left.", before="", lead="Like this:").user.endswith("\n\nLike this: Ann left.")
    with pytest.raises(ValueError, match="no section 'nowhere'"):
        prompt().with_hint("x", before="nowhere", lead="")


def test_what_fits_stays_as_it_is() -> None:
    for profile in Profile:
        assert fitted(prompt(), 8192, estimated_tokens, profile) == prompt().messages(profile)


@pytest.mark.parametrize(
    ("cut", "kept", "gone"),
    [(Cut.START, ("w399",), ("w0 ",)), (Cut.END, ("w0 ",), ("w399",)), (Cut.MIDDLE, ("w0 ", "w399"), ("w200 ",))],
)
def test_improved_shortens_only_the_long_part(cut: Cut, kept: tuple[str, ...], gone: tuple[str, ...]) -> None:
    messages = fitted(prompt(cut), 200, estimated_tokens, Profile.IMPROVED)
    assert size(messages) + SLACK_TOKENS <= 200
    (user,) = messages
    assert user.content.startswith("Read.\n\nStory:\n")
    assert user.content.endswith("\n\nQuestion: who?")
    assert "[...]" in user.content
    assert all(word in user.content for word in kept)
    assert not any(word in user.content for word in gone)


def test_improved_refuses_rather_than_cut_the_question() -> None:
    with pytest.raises(PromptTooLong, match="over the budget of 15") as refused:
        fitted(prompt(), 15, estimated_tokens, Profile.IMPROVED)
    assert "--prompt-tokens" in refused.value.hint


def test_reference_loses_the_system_text_first_then_the_head_of_the_user_text() -> None:
    whole = prompt(system="Answer in tags. " * 10)
    system, user = fitted(whole, size(whole.messages(Profile.REFERENCE)), estimated_tokens, Profile.REFERENCE)
    assert len(estimated_tokens(system.content)) == len(estimated_tokens(whole.system)) - SLACK_TOKENS
    assert user.content == whole.user
    system, user = fitted(whole, 200, estimated_tokens, Profile.REFERENCE)
    assert system.content == ""
    assert user.content.endswith("Question: who?")
    assert not user.content.startswith("Read.")
    assert size((user,)) == 200 - SLACK_TOKENS


@given(st.text(max_size=300))
def test_token_pieces_join_to_the_text(text: str) -> None:
    assert "".join(estimated_tokens(text)) == text


@given(st.text(min_size=1, max_size=2000), st.sampled_from([Cut.START, Cut.MIDDLE, Cut.END]), st.integers(30, 400))
def test_improved_is_always_within_the_budget(story: str, cut: Cut, budget: int) -> None:
    made = Prompt(sections=(Section(text=story, cut=cut), Section(text="Who?")))
    assert size(fitted(made, budget, estimated_tokens, Profile.IMPROVED)) <= budget


def test_a_prompt_over_budget_is_a_failure_of_the_data_not_a_wrong_answer() -> None:
    task = get_task("hitom")
    item = task.items("village")[0]
    cast = Cast(policy=Scripted(["<answer>A</answer>"] * 2), prompt_tokens=40)
    episode = asyncio.run(task.play(item, cast))
    outcome = asyncio.run(task.score(item, episode, cast))
    assert outcome.failure is not None
    assert (outcome.failure.party, outcome.failure.kind, outcome.score) == ("data", "prompt_too_long", None)
    assert asyncio.run(task.play(item, cast, Profile.REFERENCE)).failure is None


def test_reference_drops_a_row_whose_published_messages_are_over_budget() -> None:
    task = get_task("hitom")
    item = task.items("village")[0]
    published = item.model_copy(update={"published_prompt": (Message(role="user", content=LONG),)})
    cast = Cast(policy=Scripted(["<answer>A</answer>"]), prompt_tokens=600)
    episode = asyncio.run(task.play(published, cast, Profile.REFERENCE))
    assert episode.failure is not None
    assert episode.failure.kind == "prompt_too_long"
