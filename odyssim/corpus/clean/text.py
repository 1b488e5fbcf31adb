"""Repair what storage broke, and nothing that a person did.

Wrongly decoded text, HTML entities, control characters and line ends are repaired. Case, typos, repeated letters,
emoji, typographic quotes, full-width letters and the spacing that people typed stay: they are the behaviour to learn.
"""

from __future__ import annotations

import re
from typing import Final

from odyssim.errors import MissingDependency

_MAY_NEED_REPAIR: Final = re.compile(r"[^\t\n -~]|&")
# A zero-width space between letters tells words apart in Khmer or Thai; beside white space or at an end it is debris.
_DEBRIS: Final = re.compile(r"(?<!\S)\u200b+|\u200b+(?!\S)")


def repair(text: str) -> str:
    """The text as its writer saw it: decoded once, in NFC, lines ended by a newline alone.

    What cannot be decoded any more stays as U+FFFD.
    """
    if not _MAY_NEED_REPAIR.search(text):
        return text
    try:
        import ftfy
    except ImportError as error:
        raise MissingDependency("ftfy", "corpus", purpose="Repairing texts") from error

    fixed = ftfy.fix_text(text, uncurl_quotes=False, fix_latin_ligatures=False, fix_character_width=False)
    return _DEBRIS.sub("", fixed)
