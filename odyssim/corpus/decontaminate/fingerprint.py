"""What makes two texts the same: their words in order, whatever the case, punctuation, spacing or typography.

A text is a sequence of words; a word is a 64-bit number; a sequence of words has the hash

    hash(w_0 .. w_(n-1)) = sum of w_k * BASE^k  modulo 2^64

which numpy computes for all 13-word windows of a million words at once, and for all whole texts as well. The word
numbers come from BLAKE2b, so two different sequences agree by chance in about one of 2^60 cases.

Scripts that write no spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) have a word per character.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import regex

Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.integer[Any]]

GRAM: Final = 13
"""Words per gram, as in the contamination studies since GPT-3 (Brown et al. 2020, appendix C)."""

_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_MAX_KNOWN_WORDS: Final = 500_000

_SPACELESS: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD: Final = regex.compile(
    rf"[{_SPACELESS}]\p{{M}}*|[[\p{{L}}\p{{N}}]--[{_SPACELESS}]][[\p{{L}}\p{{N}}\p{{M}}]--[{_SPACELESS}]]*", regex.V1
)
_INVISIBLE: Final = regex.compile(r"[\p{Cf}\p{DI}]+")
_SYMBOLS: Final = regex.compile(r"[^\p{ASCII}\p{L}\p{M}\p{N}]+")
_ASCII: Final = [chr(code).lower() if chr(code).isalnum() else " " for code in range(128)]
_ASCII_WORDS: Final = "".join(_ASCII).encode().ljust(256)


def words(text: str) -> list[bytes]:
    """The words of `text` in UTF-8: case folded, compatibility forms unified (NFKC), letters and digits only."""
    if not text.isascii():
        text = _SYMBOLS.sub(" ", _INVISIBLE.sub("", text))
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).split()
    return [word.encode() for word in _WORD.findall(_fold(text))]


def normalise(text: str) -> str:
    """The words of `text` joined by single blanks; two texts are the same if this is."""
    return b" ".join(words(text)).decode()


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, Integers]:
    """The hashes of all words of all texts, one after the other, and how many words each text has."""
    split = [words(text) for text in texts]
    lengths = np.fromiter(map(len, split), np.int64, len(split))
    hashes = np.fromiter(map(_KNOWN.__getitem__, chain.from_iterable(split)), np.uint64, int(lengths.sum()))
    return hashes, lengths


def gram_hashes(hashes: Hashes, size: int = GRAM) -> Hashes:
    """The hash of each window of `size` words, by where it starts; windows run over the ends of texts."""
    if len(hashes) < size:
        return hashes[:0]
    grams: Hashes = np.correlate(hashes, powers(size), "valid")
    return grams


def whole_hashes(hashes: Hashes, lengths: Integers) -> Hashes:
    """The hash of each whole text; 0 for a text without words."""
    starts = np.cumsum(lengths) - lengths
    places = np.arange(len(hashes)) - np.repeat(starts, lengths)
    weighted = hashes * powers(int(lengths.max(initial=0)))[places]
    sums: Hashes = np.concatenate([np.zeros(1, np.uint64), np.cumsum(weighted, dtype=np.uint64)])
    wholes: Hashes = sums[starts + lengths] - sums[starts]
    return wholes


def powers(count: int) -> Hashes:
    """`BASE^0 .. BASE^(count-1)`: hash(a + b) = hash(a) + hash(b) * BASE^len(a)."""
    return _POWERS[:count] if count <= len(_POWERS) else _powers(count)


def _powers(count: int) -> Hashes:
    steps = np.full(count, _BASE)
    steps[:1] = 1
    return np.cumprod(steps, dtype=np.uint64)


def _fold(text: str) -> str:
    """Unicode's caseless compatibility form (definition D146): folding again changes nothing."""
    for form in ("NFD", "NFKC"):
        text = unicodedata.normalize(form, text).casefold()
    return unicodedata.normalize("NFKC", text)


class _Vocabulary(dict[bytes, int]):
    """The number of each word seen, forgotten all at once when there are too many."""

    def __missing__(self, word: bytes) -> int:
        if len(self) >= _MAX_KNOWN_WORDS:
            self.clear()
        number = int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little")
        self[word] = number
        return number


_KNOWN: Final = _Vocabulary()
_POWERS: Final = _powers(1 << 12)
