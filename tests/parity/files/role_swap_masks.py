"""role_swap_masks: role rule, token ids, loss mask, split and truncation of published rows.

The cases have no `fn`: each is one row, under one of five chat templates, with everything that is made of it. Those
templates and their tokenizer (a token per byte, and one per special token) are described in the file and built here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate, groupby
from typing import Any

from odyssim.corpus.published import parse_row
from odyssim.corpus.reference_row import ReferenceRow, Renderer, RowDict, reference_row
from odyssim.corpus.roles import RowMessage, apply_role_rule, family_of
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.types import Profile

SPECIAL = ("<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_response>", "</tool_response>")
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"
OPENING = "<|im_start|>assistant\n"
UNLIMITED = 1 << 40

Template = Callable[[Sequence[RowDict], bool, dict[str, object]], str]


def encode(text: str) -> list[int]:
    ids: list[int] = []
    for part in re.split(f"({'|'.join(map(re.escape, SPECIAL))})", text):
        ids += [256 + SPECIAL.index(part)] if part in SPECIAL else part.encode()
    return ids


def decode(ids: Sequence[int]) -> str:
    return b"".join(bytes([token]) if token < 256 else SPECIAL[token - 256].encode() for token in ids).decode(
        errors="replace"
    )


# --- templates --------------------------------------------------------------------------------------------------


def _turn(role: str | None, content: str | None) -> str:
    return f"<|im_start|>{role}\n{content or ''}<|im_end|>\n"


def _plain(messages: Sequence[RowDict]) -> str:
    return "".join(_turn(message["role"], message["content"]) for message in messages)


def _chatml(messages: Sequence[RowDict], opens: bool, options: dict[str, object]) -> str:
    return _plain(messages) + OPENING * opens


def _think_prefill(messages: Sequence[RowDict], opens: bool, options: dict[str, object]) -> str:
    prefill = EMPTY_THOUGHT if options.get("enable_thinking") is False else ""
    return _plain(messages) + (OPENING + prefill) * opens


def _think_prefill_budget(messages: Sequence[RowDict], opens: bool, options: dict[str, object]) -> str:
    prefill = EMPTY_THOUGHT if options.get("thinking_budget") == 0 else ""
    return _plain(messages) + (OPENING + prefill) * opens


def _context_dependent(messages: Sequence[RowDict], opens: bool, options: dict[str, object]) -> str:
    if not messages or messages[-1]["role"] != "assistant":
        return _plain(messages) + OPENING * opens
    *earlier, last = messages
    return _plain(earlier) + _turn("assistant", EMPTY_THOUGHT + (last["content"] or "")) + OPENING * opens


def _merge_tool_turns(messages: Sequence[RowDict], opens: bool, options: dict[str, object]) -> str:
    text = ""
    for are_tools, run in groupby(messages, key=lambda message: message["role"] == "tool"):
        if are_tools:
            answers = (f"\n<tool_response>\n{message['content'] or ''}\n</tool_response>" for message in run)
            text += f"<|im_start|>user{''.join(answers)}<|im_end|>\n"
        else:
            text += _plain(list(run))
    return text + OPENING * opens


TEMPLATES: dict[str, Template] = {
    "chatml": _chatml,
    "think_prefill": _think_prefill,
    "think_prefill_budget": _think_prefill_budget,
    "context_dependent": _context_dependent,
    "merge_tool_turns": _merge_tool_turns,
}


def renderer(template: str) -> Renderer:
    def render(messages: Sequence[RowDict], *, add_generation_prompt: bool, **options: object) -> list[int]:
        return encode(TEMPLATES[template](messages, add_generation_prompt, options))

    return render


# --- one case ---------------------------------------------------------------------------------------------------


def _made(case: dict[str, Any]) -> dict[str, Any]:
    """Every field that a case may state, as we make it."""
    try:
        family = family_of(case["data_source"] or "", Profile.REFERENCE)
    except UnknownName:
        return {"family": None, "error": "unknown_data_source"}
    made: dict[str, Any] = {"family": family}
    try:
        row = parse_row(_stored(case))
    except DataError:
        return made | {"error": "no_messages"}
    messages = apply_role_rule(row.messages, family, Profile.REFERENCE, strip_system=case["strip_system"])
    made["messages_out"] = [message.model_dump() for message in messages]
    try:
        tokens = reference_row(
            messages,
            renderer(case["template"]),
            max_prompt_tokens=_limit(case["max_prompt_tokens"]),
            max_response_tokens=_limit(case["max_response_tokens"]),
        )
    except UsageError:
        return made | {"error": "per_turn_tokens_do_not_concatenate"}
    return made | _counts(tokens) | _by_turn(messages, tokens) | _as_text(tokens)


def _stored(case: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"data_source": case["data_source"]}
    match case["stored_under"]:
        case "messages":
            row["messages"] = case["messages_in"]
        case str(place) if place.startswith("extra_info"):
            row["extra_info"] = {"messages": case["messages_in"]}
    return row


def _limit(tokens: int | None) -> int:
    return UNLIMITED if tokens is None else tokens


def _counts(tokens: ReferenceRow) -> dict[str, Any]:
    return {
        "prompt_tokens": len(tokens.prompt),
        "response_tokens": len(tokens.response),
        "loss_tokens": sum(tokens.response_mask),
    }


def _by_turn(messages: Sequence[RowMessage], tokens: ReferenceRow) -> dict[str, Any]:
    ends = list(accumulate(map(len, tokens.turns)))
    starts = [0, *ends[:-1]]
    turns = [
        {
            "index": index,
            "role": message.role,
            "carries_loss": any(mask),
            "text_under_loss": decode([token for token, flag in zip(ids, mask, strict=True) if flag]),
            "masked_tokens_before_first_loss": mask.index(1) if any(mask) else None,
        }
        for index, (message, ids, mask) in enumerate(zip(messages, tokens.turns, tokens.masks, strict=True))
    ]
    return {
        "turns": turns,
        "prompt_covers_turns": [index for index, start in enumerate(starts[: len(ends)]) if start < tokens.split],
        "prompt_ends_inside_a_turn": tokens.split not in (0, *ends),
    }


def _as_text(tokens: ReferenceRow) -> dict[str, Any]:
    under_loss = [token for token, flag in zip(tokens.response, tokens.response_mask, strict=True) if flag]
    return {
        "truncated_or_merged": True,  # a heading of the three texts below, which only such cases state
        "prompt_text": decode(tokens.prompt),
        "response_text": decode(tokens.response),
        "text_under_loss": decode(under_loss),
    }


_GIVEN = (
    *("data_source", "template", "messages_in", "stored_under"),
    *("strip_system", "max_prompt_tokens", "max_response_tokens"),
)
_ABOUT = ("name", "note")


def cases(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the file as cases; what a row states besides its input is what is compared."""
    found = []
    for row in content["cases"]:
        expected = {key: value for key, value in row.items() if key not in (*_GIVEN, *_ABOUT)}
        given = {key: row.get(key) for key in _GIVEN} | {"stated": list(expected)}
        found.append({"id": row["name"], "fn": "one published row", "input": given, "expected": expected})
    return found


def _row(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in _made(given).items() if key in given["stated"]}


COVERED = {"one published row": _row}
