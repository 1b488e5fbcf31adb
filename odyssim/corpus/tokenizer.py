"""Train and load tokenizers, with the `tokenizers` library alone.

Ours is a byte-level BPE over NFC text. Every digit and every newline is a token of its own: numbers are spelled
alike, and a turn's ids never depend on the header line before it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from odyssim.corpus.chatml import CHAT_TEMPLATE, PAD, TURN_END, TURN_START, Role
from odyssim.errors import DataError, UsageError
from odyssim.storage import new_folder, writing

SPECIAL_TOKENS = (PAD, TURN_START, TURN_END, *(f"<|reserved_{i}|>" for i in range(3)))
THOUGHT_TOKENS = ("<think>", "</think>")
"""One token each, but part of the text: a reader must see whether a thought was closed."""

SMALLEST_VOCABULARY = 256 + len(SPECIAL_TOKENS) + len(THOUGHT_TOKENS)

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
)
"""Every file that can belong to a tokenizer folder; only the first must exist."""

# Words with one leading space or sign, English contractions apart, digits one by one, runs of signs, newlines one by
# one, other white space (all but the last space before a word).
_PIECES = (
    r"(?i:'(?:s|t|re|ve|m|ll|d))(?!\p{L})"
    r"|[^\n\r\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*"
    r"|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+"
    r"|\n"
    r"|[^\S\n]+(?!\S)"
    r"|[^\S\n]+"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int, out: Path) -> Tokenizer:
    """Learn a byte-level BPE of at most `vocab_size` ids from `texts` and write it to the new folder `out`.

    The folder is what `transformers.AutoTokenizer` loads, chat template included. The same texts give the same
    file. Raises `UsageError` if `vocab_size` cannot hold the bytes and special tokens, `StorageError` if `out`
    cannot be written.
    """
    if vocab_size < SMALLEST_VOCABULARY:
        raise UsageError(f"vocab_size {vocab_size} is too small.", hint=f"use at least {SMALLEST_VOCABULARY}")
    tokenizer = _trained(_with_roles(texts), vocab_size)
    with new_folder(out) as folder, writing(out):
        (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
        for name, content in _sidecars().items():
            (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return tokenizer


def byte_tokenizer() -> Tokenizer:
    """A tokenizer that has learnt nothing: one id per byte and special token. For looking at masks without a model."""
    return _trained([], SMALLEST_VOCABULARY)


def copy_tokenizer(model: Path, out: Path) -> None:
    """Copy the tokenizer of a model folder to the new folder `out`. Raises `DataError` if it has none."""
    load_tokenizer(model)
    with new_folder(out) as folder, writing(out):
        for name in TOKENIZER_FILES:
            if (model / name).is_file():
                shutil.copyfile(model / name, folder / name)


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a folder with a `tokenizer.json`. Raises `DataError` if it is missing or malformed."""
    file = path / "tokenizer.json"
    if not file.is_file():
        raise DataError("no such tokenizer file", path=file, hint="give the folder that holds tokenizer.json")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        raise DataError(f"not a tokenizer: {error}", path=file) from error


def _trained(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(THOUGHT_TOKENS),
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in THOUGHT_TOKENS])
    return tokenizer


def _with_roles(texts: Iterable[str]) -> Iterator[str]:
    """Every text with the role names of its headers, so that each of these becomes one token."""
    for text in texts:
        yield text
        yield from get_args(Role)


def _sidecars() -> dict[str, dict[str, object]]:
    roles: dict[str, object] = {"eos_token": TURN_END, "pad_token": PAD}
    config = roles | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 1_000_000,
    }
    return {"tokenizer_config.json": config, "special_tokens_map.json": roles}
