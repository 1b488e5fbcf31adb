"""A tokenizer trained here loses no text and loads where others need it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from odyssim.corpus.chatml import CHAT_TEMPLATE
from odyssim.corpus.tokenizer import SPECIAL_TOKENS, THOUGHT_TOKENS, load_tokenizer, train_tokenizer
from odyssim.errors import DataError, UsageError

TEXTS = ["Hello there, how's it going?", "ok fine\nsee you at 1984 Main St", "naïve café déjà vu"] * 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "made"
    train_tokenizer(TEXTS, 340, path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return load_tokenizer(folder)


@given(text=st.text())
def test_every_text_survives_up_to_nfc(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.normalizer is not None
    spelled = tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False)
    assert spelled == tokenizer.normalizer.normalize_str(text)


def test_digits_and_newlines_stand_alone(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("1984\n\n ").tokens == ["1", "9", "8", "4", "Ċ", "Ċ", "Ġ"]


def test_special_tokens_come_first_and_roles_are_one_token(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == list(range(len(SPECIAL_TOKENS)))
    assert [len(tokenizer.encode(role).ids) for role in ("system", "user", "assistant")] == [1, 1, 1]


def test_thoughts_are_tokens_that_stay_in_the_text(folder: Path, tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("<think>hm</think>ok").ids
    assert [token for token in tokenizer.encode("<think>hm</think>ok").tokens if "think" in token] == list(
        THOUGHT_TOKENS
    )
    loaded = AutoTokenizer.from_pretrained(folder)
    assert loaded("<think>hm</think>ok")["input_ids"] == ids
    assert loaded.decode(ids, skip_special_tokens=True) == "<think>hm</think>ok"


def test_transformers_loads_the_folder(folder: Path, tokenizer: Tokenizer) -> None:
    loaded = AutoTokenizer.from_pretrained(folder)
    assert (loaded.eos_token, loaded.pad_token) == ("<|im_end|>", "<|endoftext|>")
    assert loaded.chat_template == CHAT_TEMPLATE
    assert loaded(TEXTS[1])["input_ids"] == tokenizer.encode(TEXTS[1]).ids
    assert loaded.decode(loaded(" a  b .")["input_ids"]) == " a  b ."


def test_the_same_texts_give_the_same_file(folder: Path, tmp_path: Path) -> None:
    train_tokenizer(iter(TEXTS), 340, tmp_path / "again")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_folder_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        train_tokenizer(TEXTS, 340, folder)


def test_a_vocabulary_must_hold_every_byte(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too small"):
        train_tokenizer(TEXTS, 200, tmp_path / "small")


def test_a_missing_or_broken_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": 1}))
    with pytest.raises(DataError, match="not a tokenizer"):
        load_tokenizer(tmp_path)
