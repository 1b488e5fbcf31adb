"""The language of a conversation, from the letters of its turns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

import regex

from odyssim.errors import MissingDependency

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_CONFIDENCE: Final = 0.6
MIN_BYTES: Final = 16
_ENOUGH: Final = 2000
_NO_LANGUAGE: Final = "zxx"
_NOT_PROSE: Final = regex.compile(r"https?://\S+|\[[^\]]*\]|[^\p{L}\p{M}'’\s]+")


def language_of(texts: Iterable[str]) -> str:
    """ISO 639-1 code of the language in which `texts` are written, taken together; empty if too short or unsure.

    The first 2000 characters decide. Fewer than `MIN_BYTES` bytes of letters (UTF-8, so that six Chinese characters
    weigh as much as a short English sentence) are too short; below `MIN_CONFIDENCE` the identifier is unsure.
    """
    prose = " ".join(_NOT_PROSE.sub(" ", _start(texts)).split())
    if len(prose.encode()) < MIN_BYTES:
        return ""
    language, confidence = _identifier().classify(prose)
    return language if confidence >= MIN_CONFIDENCE and language != _NO_LANGUAGE else ""


def _start(texts: Iterable[str]) -> str:
    start = ""
    for text in texts:
        start += text[:_ENOUGH] + "\n"
        if len(start) >= _ENOUGH:
            break
    return start[:_ENOUGH]


@cache
def _identifier() -> LanguageIdentifier:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingDependency("py3langid", "corpus", purpose="Detecting a language") from error
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in identifier.labels if len(code) == 2 or code == _NO_LANGUAGE])
    return identifier
