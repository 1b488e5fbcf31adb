"""From an interaction to documents: who is the assistant, what is known, what is trained, what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from odyssim.corpus import render as module
from odyssim.corpus.chatml import ChatML, EncodedTurns, Role
from odyssim.corpus.render import cluster_of, messages_before, render
from odyssim.corpus.rows import Piece
from odyssim.corpus.tokenizer import load_tokenizer, train_tokenizer
from odyssim.types import Axis, Interaction, SocialContext, Source, Turn

CONTEXT = SocialContext(
    scenario="A flat with one bathroom.",
    profiles={"Ana": "always late", "Ben": "early bird"},
    goals={"Ana": "the first shower", "Ben": "peace"},
)
WHOLE = 100_000


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("render") / "tokenizer"
    train_tokenizer(["some words to learn from"] * 9, 300, folder)
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def chatml(tokenizer: Tokenizer) -> ChatML:
    return ChatML(tokenizer)


def interaction(*turns: tuple[str, str, bool], context: SocialContext | None = None, uid: str = "7") -> Interaction:
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=train) for speaker, text, train in turns),
        context=context,
        source=Source(dataset="chats", licence="CC0-1.0", split="train", original_id=uid),
        axis=Axis.CONV,
    )


@dataclass(frozen=True)
class Document:
    """One document, taken out of its batch."""

    ids: list[int]
    loss: list[bool]
    opening: int
    cluster: int


def documents(interactions: Iterable[Interaction], chatml: ChatML, max_tokens: int = WHOLE) -> Iterator[Document]:
    for batch in render(interactions, chatml, max_tokens=max_tokens):
        for number in range(len(batch)):
            body = slice(batch.starts[number], batch.starts[number + 1])
            opening, cluster = int(batch.openings[number]), int(batch.clusters[number])
            yield Document(batch.ids[body].tolist(), batch.loss[body].tolist(), opening, cluster)


def spelled(tokenizer: Tokenizer, document: Document) -> tuple[str, str]:
    """The whole text, and the trained part of it."""
    trained = [token for token, flag in zip(document.ids, document.loss, strict=True) if flag]
    return tokenizer.decode(document.ids, skip_special_tokens=False), tokenizer.decode(
        trained, skip_special_tokens=False
    )


def test_each_imitated_speaker_gets_a_document_from_the_own_side(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ben", "morning!", True), ("Ana", "dibs", True), context=CONTEXT)
    ben, ana = documents([chat], chatml)
    system = (
        "<|im_start|>system\nYou are Ana, talking with Ben.\nThe situation: A flat with one bathroom.\n"
        "About you: always late\nWhat you want, which only you know: the first shower<|im_end|>\n"
    )
    assert spelled(tokenizer, ana) == (
        f"{system}<|im_start|>user\nmorning!<|im_end|>\n<|im_start|>assistant\ndibs<|im_end|>\n",
        "dibs<|im_end|>",
    )
    assert tokenizer.decode(ana.ids[: ana.opening], skip_special_tokens=False) == system
    assert spelled(tokenizer, ben)[0].endswith("<|im_start|>assistant\nmorning!<|im_end|>\n")
    assert "first shower" not in spelled(tokenizer, ben)[0]
    assert ana.cluster == ben.cluster == cluster_of(chat.source)


def test_a_cold_open_needs_no_prompt(tokenizer: Tokenizer, chatml: ChatML) -> None:
    [document] = documents([interaction(("Ana", "hello?", True))], chatml)
    assert spelled(tokenizer, document) == ("<|im_start|>assistant\nhello?<|im_end|>\n", "hello?<|im_end|>")
    assert document.opening == 0


def test_own_turns_not_worth_imitating_are_context(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ana", "[joined]", False), ("Ben", "hi", False), ("Ana", "hey", True))
    [document] = documents([chat], chatml)
    whole, trained = spelled(tokenizer, document)
    assert whole.startswith("<|im_start|>assistant\n[joined]")
    assert trained == "hey<|im_end|>"


def test_names_are_written_only_among_several_others(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ben", "hi", False), ("Cai", "yo", False), ("Ana", "hey both", True), context=CONTEXT)
    [document] = documents([chat], chatml)
    whole, trained = spelled(tokenizer, document)
    assert "You are Ana, talking with Ben and Cai." in whole
    assert "user\nBen: hi<" in whole
    assert "user\nCai: yo<" in whole
    assert trained == "hey both<|im_end|>"


def test_turns_after_the_last_trained_one_are_left_out(tokenizer: Tokenizer, chatml: ChatML) -> None:
    chat = interaction(("Ana", "bye", True), ("Ben", "wait", False), ("Ana", "gone", False))
    [document] = documents([chat], chatml)
    assert spelled(tokenizer, document)[0] == "<|im_start|>assistant\nbye<|im_end|>\n"
    assert list(documents([interaction(("Ben", "hm", False))], chatml)) == []


def windows(document: Document, chatml: ChatML, capacity: int) -> list[tuple[list[int], list[bool]]]:
    """Ids and loss of the longest windows, one after the other."""
    ids, loss = np.array(document.ids), np.array(document.loss)
    piece = Piece(ids, loss, document.opening, 0, 0, turn_start=chatml.turn_start, capacity=capacity)
    found = []
    while piece.windows:
        placed = piece.place(piece.windows[-1], 0)
        found.append((placed.ids.tolist(), placed.loss.tolist()))
    return found


@given(trained=st.sets(st.integers(0, 299), min_size=1, max_size=9), capacity=st.sampled_from([120, 200]))
def test_turns_that_no_row_can_show_with_a_trained_one_are_left_out(
    chatml: ChatML, trained: set[int], capacity: int
) -> None:
    turns = [("Ana" if n in trained else "Ben", f"turn {n}", n in trained) for n in range(300)]
    chat = interaction(*turns, context=SocialContext(scenario="A call."))
    [whole] = documents([chat], chatml)
    [kept] = documents([chat], chatml, max_tokens=200)
    assert windows(kept, chatml, capacity) == windows(whole, chatml, capacity)
    assert len(kept.ids) <= whole.opening + len(trained) * 215


def test_the_prompt_of_a_turn_is_the_prefix_it_is_trained_on(chatml: ChatML) -> None:
    chat = interaction(("Ben", "hi", True), ("Ana", "hey\n", True), ("Ben", "<|im_end|>", True), context=CONTEXT)
    by_speaker = dict(zip(("Ben", "Ana"), documents([chat], chatml), strict=True))
    for index, turn in enumerate(chat.turns):
        prompt = chatml.prompt_ids(messages_before(chat, index))
        trained = by_speaker[turn.speaker]
        said = chatml.turns([("assistant", turn.text)])
        content = said.ids[said.spoken].tolist()
        end = len(prompt) + len(content)
        assert trained.ids[:end] == [*prompt, *content]
        assert all(trained.loss[len(prompt) : end])


class CountingChatML(ChatML):
    """Remembers what it had to encode."""

    encoded: list[tuple[Role, str]]

    def turns(self, turns: object) -> EncodedTurns:
        self.encoded = [*getattr(self, "encoded", []), *turns]  # type: ignore[misc]
        return super().turns(turns)  # type: ignore[arg-type]


def test_a_meeting_costs_two_encodings_per_turn_whoever_is_there(tokenizer: Tokenizer) -> None:
    people = [f"P{number}" for number in range(7)]
    turns = [(people[number * 5 % 7], f"point {number}", True) for number in range(2000)]
    chatml = CountingChatML(tokenizer)
    chatml.encoded = []
    made = list(documents([interaction(*turns, context=CONTEXT)], chatml))
    assert len(made) == 7
    assert len(chatml.encoded) == 2 * 2000 + 7
    assert len(set(chatml.encoded)) == len(chatml.encoded)


def test_nothing_that_is_needed_nowhere_is_encoded(tokenizer: Tokenizer) -> None:
    chatml = CountingChatML(tokenizer)
    chatml.encoded = []
    list(
        documents(
            [interaction(("Ana", "one", True), ("Ben", "two", False), ("Ana", "three", True), ("Ben", "4", False))],
            chatml,
        )
    )
    assert chatml.encoded == [("assistant", "one"), ("user", "two"), ("assistant", "three")]


speakers = st.sampled_from(["Ana", "Ben", "Cai"])
chats = st.lists(
    st.lists(
        st.tuples(speakers, st.sampled_from(["", "ok", "a longer one", "\n\nx"]), st.booleans()), min_size=1, max_size=6
    ),
    max_size=5,
)


@given(drawn=chats, with_context=st.booleans())
def test_batches_do_not_show(chatml: ChatML, drawn: list[list[tuple[str, str, bool]]], with_context: bool) -> None:
    context = CONTEXT if with_context else None
    made = [interaction(*turns, context=context, uid=str(uid)) for uid, turns in enumerate(drawn)]
    alone = [document for one in made for document in documents([one], chatml)]
    assert list(documents(made, chatml)) == alone
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BATCH_CHARACTERS", 8)
        patch.setattr(module, "_BATCH_TOKENS", 20)
        assert list(documents(made, chatml)) == alone


def test_ten_thousand_turns_give_ten_times_the_tokens_of_a_thousand(chatml: ChatML) -> None:
    def tokens(turns: int) -> int:
        chat = interaction(*(("AB"[number % 2], f"turn {number % 10}", number % 2 == 1) for number in range(turns)))
        return sum(len(batch.ids) for batch in render([chat], chatml, max_tokens=500))

    assert tokens(10_000) == 10 * tokens(1000)


def test_an_error_of_the_reader_passes_through(chatml: ChatML) -> None:
    def broken() -> Iterator[Interaction]:
        yield interaction(("Ana", "hi", True))
        raise FileNotFoundError("raw/chats.jsonl")

    with pytest.raises(FileNotFoundError, match="raw"):
        list(render(broken(), chatml, max_tokens=100))


def test_clusters_differ_between_interactions_only() -> None:
    one, other = (interaction(("Ana", "hi", True), uid=uid).source for uid in "12")
    assert cluster_of(one) != cluster_of(other)
    assert cluster_of(one) == cluster_of(one.model_copy(update={"licence": "MIT", "place": "x"}))
    assert 0 <= cluster_of(one) < 1 << 64
    assert np.uint64(cluster_of(one)) == cluster_of(one)
