"""Splitting a text into token pieces: exactly where a model brings its tokenizer, by a rule where it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

_CJK: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_PIECE: Final = re.compile(rf"\s?[{_CJK}]|\s?[^\W\d_{_CJK}]{{1,6}}|\s?\d{{1,3}}|\s?[^\w\s]|\s?_|\s")


@runtime_checkable
class SplitsTokens(Protocol):
    """A model that knows its tokens."""

    def split_tokens(self, text: str) -> Sequence[str]:
        """The pieces of `text`, in order; joined they are the text."""
        ...


def estimated_tokens(text: str) -> list[str]:
    """Pieces of a text without a vocabulary: up to six letters, three digits, one CJK character or one sign each.

    Joined they are the text. On English prose that is 1.4 to 1.9 pieces a word, more than common tokenizers need.
    """
    return _PIECE.findall(text)
