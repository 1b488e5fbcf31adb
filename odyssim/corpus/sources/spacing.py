"""Tokenised text back to how it is written: `we 're off , " sort of " .` becomes `we're off, "sort of".`"""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(r'" ([^"]+?) "')
_BEFORE_CLOSING: Final = re.compile(r"\s+(?=[.,!?;:%)\]])")
_AFTER_OPENING: Final = re.compile(r"(?<=[(\[])\s+")
_CLITIC: Final = re.compile(r"(?<=\w)\s+(?='(?:s|re|m|ll|ve|d|t)\b|n't\b)", re.IGNORECASE)


def detokenised(text: str) -> str:
    """The text with the spaces taken out that a tokeniser put before punctuation, clitics and inside quotation marks.

    Spaces that may have been the writer's own, such as those around a dash, stay.
    """
    text = _QUOTED.sub(r'"\1"', " ".join(text.split()))
    text = _AFTER_OPENING.sub("", _BEFORE_CLOSING.sub("", text))
    return _CLITIC.sub("", text)
