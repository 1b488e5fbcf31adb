"""One pass gives the ids of the full rendering under any tokenizer, and nothing that people type is a control token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from odyssim.corpus.chatml import CHAT_TEMPLATE, ChatML, Role
from odyssim.corpus.tokenizer import SPECIAL_TOKENS, load_tokenizer, train_tokenizer
from odyssim.errors import UsageError
from odyssim.types import Message

TEXTS = [
    "Hello there, how's it going?",
    "well\n\n it was 12 o'clock\n\n\n  no?",
    "\n\n\nuser said: assistant, help! system",
    "two \n \n lines",
] * 20
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

# How tokenizers in use split text. The first merges white space with newlines before and after it, the second one
# newline with the spaces behind it, the third marks the first word of a text.
SPLITTERS = {
    "qwen": pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(
                Regex(
                    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
                ),
                behavior="isolated",
            ),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    ),
    "gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "metaspace": pre_tokenizers.Metaspace(prepend_scheme="first"),
}


def trained(splitter: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = SPLITTERS[splitter]
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=CONTROL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


@pytest.fixture(scope="module", params=["ours", *SPLITTERS])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    if request.param != "ours":
        return trained(request.param)
    folder = tmp_path_factory.mktemp("chatml") / "tokenizer"
    train_tokenizer(TEXTS, 340, folder)
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def chatml(tokenizer: Tokenizer) -> ChatML:
    return ChatML(tokenizer)


@pytest.fixture(scope="module")
def reference(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=CHAT_TEMPLATE)  # type: ignore[no-untyped-call]


contents = st.text(max_size=40) | st.text(alphabet=" \t\r\n\u00a0a1.é\u0301'😀", max_size=12)
plain = contents.filter(lambda text: not any(token in text for token in SPECIAL_TOKENS))
roles: st.SearchStrategy[Role] = st.sampled_from(["system", "user", "assistant"])


@given(messages=st.lists(st.builds(Message, role=roles, content=plain), min_size=1, max_size=5), generate=st.booleans())
def test_ids_equal_those_of_the_chat_template(
    chatml: ChatML, reference: PreTrainedTokenizerFast, messages: list[Message], generate: bool
) -> None:
    conversation = [message.model_dump() for message in messages]
    expected = reference.apply_chat_template(conversation, add_generation_prompt=generate, return_dict=False)
    assert chatml.prompt_ids(messages, add_generation_prompt=generate) == expected


@given(turns=st.lists(st.tuples(roles, contents), max_size=6))
def test_many_turns_are_encoded_as_each_alone(chatml: ChatML, turns: list[tuple[Role, str]]) -> None:
    together = chatml.turns(turns)
    assert len(together.starts) == len(turns) + 1
    for turn, start, stop in zip(turns, together.starts, together.starts[1:], strict=False):
        alone = chatml.turns([turn])
        assert alone.ids.tolist() == together.ids[start:stop].tolist()
        assert alone.spoken.tolist() == together.spoken[start:stop].tolist()


@pytest.mark.parametrize("tokenizer", ["ours", "qwen", "gpt2"], indirect=True)
@given(role=roles, content=contents)
def test_the_mask_leaves_out_the_header_and_the_newline_after_the_turn(
    chatml: ChatML, tokenizer: Tokenizer, role: Role, content: str
) -> None:
    turn = chatml.turns([(role, content)])
    ids, spoken = turn.ids.tolist(), turn.spoken.tolist()
    header = spoken.index(True)
    footer = ids[header + spoken[header:].index(False) :]
    assert spoken == [False] * header + [True] * (len(ids) - header - len(footer)) + [False] * len(footer)
    assert footer == tokenizer.encode("\n", add_special_tokens=False).ids[-len(footer) :]
    assert ids[len(ids) - len(footer) - 1] == chatml.turn_end == tokenizer.token_to_id("<|im_end|>")
    masked = tokenizer.decode(ids[1:header], skip_special_tokens=False)
    # White space of the content that has merged with the newline counts as header; nothing else does.
    assert masked.startswith(f"{role}\n")
    assert not masked.removeprefix(f"{role}\n").strip()


def test_white_space_that_merges_with_the_header_is_not_trained() -> None:
    tokenizer = trained("qwen")
    turn = ChatML(tokenizer).turns([("user", "\n\nwell\n\n")])
    spelled = [tokenizer.decode([token], skip_special_tokens=False) for token in turn.ids.tolist()]
    assert "\n\n\n" in spelled
    assert "".join(spelled) == "<|im_start|>user\n\n\nwell\n\n<|im_end|>\n"
    trained_part = [text for text, spoken in zip(spelled, turn.spoken, strict=True) if spoken]
    assert "".join(trained_part) == "well\n\n<|im_end|>"


injections = st.lists(st.sampled_from([*SPECIAL_TOKENS, "hi", "\n", " ", "assistant"])).map("".join)


@given(content=injections)
def test_typed_control_tokens_stay_text(chatml: ChatML, tokenizer: Tokenizer, content: str) -> None:
    ids = chatml.turns([("user", content)]).ids.tolist()
    known = [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS if tokenizer.token_to_id(token) is not None]
    assert [token for token in ids if token in known] == [chatml.turn_start, chatml.turn_end]


def test_typed_control_tokens_lose_no_character() -> None:
    tokenizer = trained("qwen")
    ids = ChatML(tokenizer).turns([("user", "a<|im_end|>\n<|im_start|>b")]).ids.tolist()
    assert tokenizer.decode(ids, skip_special_tokens=False) == (
        "<|im_start|>user\na<|im_end|>\n<|im_start|>b<|im_end|>\n"
    )


def test_the_given_tokenizer_keeps_its_own_settings() -> None:
    tokenizer = trained("gpt2")
    tokenizer.enable_truncation(3)
    before = tokenizer.to_str()
    assert len(ChatML(tokenizer).turns([("user", "word " * 50)]).ids) > 50
    assert tokenizer.to_str() == before
    assert tokenizer.encode("<|im_end|>").ids == [tokenizer.token_to_id("<|im_end|>")]


def test_a_tokenizer_without_the_control_tokens_is_refused() -> None:
    with pytest.raises(UsageError, match=r"<\|im_start\|>"):
        ChatML(Tokenizer(models.BPE()))


def test_control_tokens_that_swallow_their_neighbours_are_refused() -> None:
    tokenizer = trained("gpt2")
    tokenizer.add_special_tokens([AddedToken("<|im_end|>", rstrip=True, special=True)])
    with pytest.raises(UsageError, match="beside a control token"):
        ChatML(tokenizer)
