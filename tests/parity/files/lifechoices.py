"""lifechoices: reward, the published cascade of letter rules, and the biography in both prompts."""

from __future__ import annotations

import re
from typing import Any

from odyssim.tasks.lifechoices import LifeChoices, LifeChoicesItem, reference_letter
from odyssim.types import Profile
from tests.parity.flow import FLOW, flow_of
from tests.parity.rows import reward, row_of

HINT = "Look at what she did before."


def info(correct_answer: object = "A", biography: str = "Ann grew up by the sea.") -> dict[str, Any]:
    """The fields of a row with four options."""
    return {
        "character_name": "Ann",
        "input_text": biography,
        "book": "A book",
        "Multiple Choice Question": {
            "Scenario": "A storm comes up.",
            "Question": "What does Ann do?",
            "Options": ["Stay", "Run", "Sing", "Hide"],
            "Correct Answer": correct_answer,
        },
    }


def _item(biography: str) -> LifeChoicesItem:
    return LifeChoices().read(row_of("lifechoices", info(biography=biography)), Profile.REFERENCE)


def _biography(given: dict[str, Any]) -> dict[str, Any]:
    """The case describes its text: 'the N space-joined tokens w0 w1 ...'."""
    described = re.match(r"the (\d+) space-joined tokens", given["input_text"])
    assert described, given
    count = int(described[1])
    item, task = _item(" ".join(f"w{place}" for place in range(count))), LifeChoices()
    first = task.prompt(item, Profile.REFERENCE).user
    hinted = task.hinted(item, HINT, Profile.REFERENCE).user
    return {
        f"first_prompt_has_w{count - 1}": re.search(rf"\bw{count - 1}\b", first) is not None,
        "hinted_prompt_last_biography_token": re.findall(r"\bw\d+\b", hinted)[-1],
        "hinted_prompt_has_marker_[...]": "[...]" in hinted,
        "hint_after_options": hinted.index(HINT) > hinted.index("D. Hide"),
    }


COVERED = {
    "end-to-end reward of one question": lambda given: reward(
        LifeChoices(), info(given["correct_answer"]), given["response"]
    ),
    "letter extracted from one answer text (after think removal)": lambda given: {
        "letter": reference_letter(given["text"] or "")
    },
    "biography shown in first and in hinted prompt": _biography,
    FLOW: flow_of(LifeChoices()),
}
