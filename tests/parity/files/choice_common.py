"""choice_common: the shared text helpers of the choice tasks."""

from __future__ import annotations

from typing import Any

from odyssim.tasks.extraction import first_words, last_words, reference_strip_thoughts


def _text(text: str | None) -> dict[str, Any]:
    return {"text": text}


COVERED = {
    "think removal (unclosed kept)": lambda given: _text(reference_strip_thoughts(given["text"])),
    "think removal (unclosed removed)": lambda given: _text(
        reference_strip_thoughts(given["text"], drop_unclosed=True)
    ),
    "keep the first n words": lambda given: _text(first_words(given["text"], given["n"])),
    "keep the last n words": lambda given: _text(last_words(given["text"], given["n"])),
}
