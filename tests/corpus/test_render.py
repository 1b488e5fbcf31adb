"""From an interaction to training sequences: who is the assistant, what is known, what is trained, what is left out."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.render import RenderCounts, messages_before, render
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.types import Axis, Interaction, SocialContext, Source, TrainingSequence, Turn

CONTEXT = SocialContext(
    scenario="A flat with one bathroom.",
    profiles={"Ana": "always late", "Ben": "early bird"},
    goals={"Ana": "the first shower", "Ben": "peace"},
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("render") / "tokenizer"
    train_tokenizer(["some words to learn from"] * 9, 300, folder)
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def chatml(tokenizer: Tokenizer) -> ChatML:
    return ChatML(tokenizer)


def interaction(*turns: tuple[str, str, bool], context: SocialContext | None = None) -> Interaction:
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=train) for speaker, text, train in turns),
        context=context,
        source=Source(dataset="chats", licence="CC0-1.0", split="train", original_id="7"),
        axis=Axis.CONV,
    )


def spelled(tokenizer: Tokenizer, sequence: TrainingSequence) -> tuple[str, str]:
    """The whole text, and the trained part of it."""
    trained = [i for i, flag in zip(sequence.token_ids, sequence.loss_mask, strict=True) if flag]
    return (
        tokenizer.decode(list(sequence.token_ids), skip_special_tokens=False),
        tokenizer.decode(trained, skip_special_tokens=False),
    )


def test_each_imitated_speaker_gets_a_sequence_from_the_own_side(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ben", "morning!", True), ("Ana", "dibs", True), context=CONTEXT)
    sequences, counts = render(chat, chatml, max_tokens=500)
    assert [(s.role, s.prompt_uid) for s in sequences] == [("Ben", "chats/train/7"), ("Ana", "chats/train/7")]
    ben, ana = (spelled(tokenizer, sequence) for sequence in sequences)
    assert ana == (
        "<|im_start|>system\nYou are Ana, talking with Ben.\nThe situation: A flat with one bathroom.\n"
        "About you: always late\n"
        "What you want, which only you know: the first shower<|im_end|>\n"
        "<|im_start|>user\nmorning!<|im_end|>\n<|im_start|>assistant\ndibs<|im_end|>\n",
        "dibs<|im_end|>",
    )
    assert ben[0].endswith("<|im_start|>assistant\nmorning!<|im_end|>\n")
    assert "first shower" not in ben[0]
    assert counts == RenderCounts(
        sequences=2,
        tokens=sum(len(s.token_ids) for s in sequences),
        loss_tokens=sum(sum(s.loss_mask) for s in sequences),
    )


def test_a_cold_open_needs_no_prompt(tokenizer: Tokenizer, chatml: ChatML) -> None:
    [sequence], _ = render(interaction(("Ana", "hello?", True)), chatml, max_tokens=100)
    assert spelled(tokenizer, sequence) == ("<|im_start|>assistant\nhello?<|im_end|>\n", "hello?<|im_end|>")


def test_own_turns_not_worth_imitating_are_context(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ana", "[joined]", False), ("Ben", "hi", False), ("Ana", "hey", True))
    [sequence], _ = render(chat, chatml, max_tokens=100)
    whole, trained = spelled(tokenizer, sequence)
    assert whole.startswith("<|im_start|>assistant\n[joined]")
    assert trained == "hey<|im_end|>"


def test_names_are_written_only_among_several_others(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ben", "hi", False), ("Cai", "yo", False), ("Ana", "hey both", True), context=CONTEXT)
    [sequence], _ = render(chat, chatml, max_tokens=500)
    whole, trained = spelled(tokenizer, sequence)
    assert "You are Ana, talking with Ben and Cai." in whole
    assert "user\nBen: hi<" in whole
    assert "user\nCai: yo<" in whole
    assert trained == "hey both<|im_end|>"


def test_turns_after_the_last_trained_one_are_left_out(tokenizer: Tokenizer, chatml: ChatML) -> None:
    [sequence], counts = render(interaction(("Ana", "bye", True), ("Ben", "wait", False)), chatml, max_tokens=100)
    assert "wait" not in spelled(tokenizer, sequence)[0]
    assert counts.dropped_turns == 0


def test_a_long_sequence_loses_its_oldest_turns_and_keeps_its_system_message(
    tokenizer: Tokenizer, chatml: ChatML
) -> None:
    turns = [("Ana" if number % 2 else "Ben", f"turn {number}", bool(number % 2)) for number in range(40)]
    chat = interaction(*turns, context=SocialContext(scenario="A call."))
    [whole], _ = render(chat, chatml, max_tokens=10_000)
    [cut], counts = render(chat, chatml, max_tokens=200)
    text, trained = spelled(tokenizer, cut)
    assert len(cut.token_ids) <= 200
    assert text.startswith("<|im_start|>system\nYou are Ana")
    assert trained.endswith("turn 39<|im_end|>")
    assert text.count("<|im_start|>") == text.count("<|im_end|>") == 1 + 40 - counts.dropped_turns
    assert cut.token_ids[-100:] == whole.token_ids[-100:]
    assert (counts.shortened_sequences, counts.dropped_sequences) == (1, 0)
    [exact], counts = render(chat, chatml, max_tokens=len(whole.token_ids))
    assert (exact, counts.shortened_sequences) == (whole, 0)


def test_a_sequence_whose_last_trained_turn_does_not_fit_is_dropped_and_counted(chatml: ChatML) -> None:
    sequences, counts = render(interaction(("Ana", "word " * 99, True)), chatml, max_tokens=50)
    assert sequences == []
    assert counts == RenderCounts(dropped_sequences=1)


def test_the_prompt_of_a_turn_is_the_prefix_it_is_trained_on(chatml: ChatML) -> None:
    chat = interaction(("Ben", "hi", True), ("Ana", "hey\n", True), ("Ben", "<|im_end|>", True), context=CONTEXT)
    by_speaker = {sequence.role: sequence for sequence in render(chat, chatml, max_tokens=500)[0]}
    for index, turn in enumerate(chat.turns):
        prompt = chatml.prompt_ids(messages_before(chat, index))
        [content] = chatml.contents([turn.text])
        trained = by_speaker[turn.speaker]
        end = len(prompt) + len(content) + 1
        assert list(trained.token_ids[:end]) == [*prompt, *content, chatml.turn_end]
        assert trained.loss_mask[len(prompt) : end] == (1,) * (len(content) + 1)


def test_counts_add_up() -> None:
    total = RenderCounts(sequences=1, tokens=5) + RenderCounts(tokens=2, dropped_sequences=1)
    assert total == RenderCounts(sequences=1, tokens=7, dropped_sequences=1)
