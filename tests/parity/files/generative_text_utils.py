"""generative_text_utils: thoughts, word limits and the thinking format, shared by the generative tasks."""

from __future__ import annotations

from odyssim.tasks.extraction import (
    first_words,
    last_words,
    reference_split_thoughts,
    reference_strip_thoughts,
    reference_thought_format_ok,
)
from tests.parity.runner import Check

COVERED: dict[str, Check] = {
    "strip_think": lambda given: reference_strip_thoughts(given["text"], drop_unclosed=given["strip_unclosed"]),
    "split_think": reference_split_thoughts,
    "keep_first_words": lambda given: first_words(given["text"], given["n"]),
    "keep_last_words": lambda given: last_words(given["text"], given["n"]),
    "think_format_ok": lambda given: int(
        reference_thought_format_ok(given["assistant_turns"], thinking=given["thinking_enabled"])
    ),
}
