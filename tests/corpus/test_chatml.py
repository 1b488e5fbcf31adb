"""One linear pass gives the ids of the full rendering, and nothing that people type becomes a control token."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.tokenizer import SPECIAL_TOKENS, load_tokenizer, train_tokenizer
from odyssim.errors import UsageError
from odyssim.types import Message

TEXTS = ["Hello there, how's it going?", "well\n\n it was 12 o'clock", "user said: assistant, help!"] * 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chatml") / "tokenizer"
    train_tokenizer(TEXTS, 340, path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def chatml(tokenizer: Tokenizer) -> ChatML:
    return ChatML(tokenizer)


@pytest.fixture(scope="module")
def reference(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder)


contents = st.text() | st.text(alphabet=" \t\r\n\u00a0a1.é\u0301'")
plain = contents.filter(lambda text: not any(token in text for token in SPECIAL_TOKENS))
roles = st.sampled_from(["system", "user", "assistant"])


@given(messages=st.lists(st.builds(Message, role=roles, content=plain), min_size=1, max_size=5), generate=st.booleans())
def test_ids_equal_those_of_the_chat_template(
    chatml: ChatML, reference: PreTrainedTokenizerBase, messages: list[Message], generate: bool
) -> None:
    conversation = [message.model_dump() for message in messages]
    expected = reference.apply_chat_template(conversation, add_generation_prompt=generate, return_dict=False)
    assert chatml.prompt_ids(messages, add_generation_prompt=generate) == expected


injections = st.lists(st.sampled_from([*SPECIAL_TOKENS, "hi", "\n", " ", "assistant"])).map("".join)


@given(content=injections)
def test_typed_control_tokens_stay_text(chatml: ChatML, tokenizer: Tokenizer, content: str) -> None:
    [ids] = chatml.contents([content])
    assert all(token >= len(SPECIAL_TOKENS) for token in ids)
    assert tokenizer.decode(ids, skip_special_tokens=False) == content


def test_the_mask_covers_content_and_end_token_only(chatml: ChatML, tokenizer: Tokenizer) -> None:
    [content] = chatml.contents(["see you"])
    ids, mask = chatml.turn("assistant", content, train=True)
    trained = [token for token, flag in zip(ids, mask, strict=True) if flag]
    assert tokenizer.decode(trained, skip_special_tokens=False) == "see you<|im_end|>"
    assert tokenizer.decode(ids, skip_special_tokens=False) == "<|im_start|>assistant\nsee you<|im_end|>\n"
    assert sum(chatml.turn("assistant", content)[1]) == 0


def test_the_given_tokenizer_keeps_its_own_settings(tokenizer: Tokenizer) -> None:
    ChatML(tokenizer)
    assert tokenizer.encode("<|im_end|>").ids == [tokenizer.token_to_id("<|im_end|>")]


def test_a_tokenizer_without_the_control_tokens_is_refused() -> None:
    with pytest.raises(UsageError, match=r"<\|im_end\|>"):
        ChatML(Tokenizer(models.BPE()))
