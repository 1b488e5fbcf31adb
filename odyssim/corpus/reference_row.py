"""Token rows as the published trainer makes them: the `reference` profile's ids, loss mask, split and truncation.

It renders every prefix of a conversation, so a row of T turns costs T²/2 turns of rendering, and it cuts the oldest
tokens of the prompt, which are the persona. Both are kept here as the baseline to compare with; `corpus/render.py` is
what a corpus is rendered with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from odyssim.corpus.roles import RowMessage
from odyssim.errors import UsageError

MAX_PROMPT_TOKENS: Final = 16_384
MAX_RESPONSE_TOKENS: Final = 8_192

THINKING_OFF: Final = {"thinking_budget": 0}
"""The keyword by which the published trainer asks a template for no thinking.

It would try `enable_thinking` next, but a tokenizer accepts any keyword, so the second is never tried.
"""

RowDict = Mapping[str, str | None]


class Renderer(Protocol):
    """A chat template with its tokenizer: messages with `role` and `content` to token ids."""

    def __call__(self, messages: Sequence[RowDict], *, add_generation_prompt: bool, **options: object) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """Token ids of a row.

    `turns` and `masks` hold ids and loss flags per turn, before anything is cut; `split` is how many of these ids
    belong to the prompt. `prompt` and `response` are what is left of both parts; `response_mask` is 1 on the tokens
    with loss, of which the prompt has none.
    """

    turns: tuple[list[int], ...]
    masks: tuple[list[int], ...]
    split: int
    prompt: list[int]
    response: list[int]
    response_mask: list[int]


def reference_row(
    messages: Sequence[RowMessage],
    render: Renderer,
    *,
    max_prompt_tokens: int = MAX_PROMPT_TOKENS,
    max_response_tokens: int = MAX_RESPONSE_TOKENS,
) -> ReferenceRow:
    """The row of a conversation whose role rule has run: the target role is `assistant`.

    Loss is on each assistant turn but for as many tokens as the generation prompt has. The prompt ends at the first
    loss token or after the second turn, whichever comes first; then it keeps its last `max_prompt_tokens`, the
    response its first `max_response_tokens`. Raises `UsageError` as `growing_prefix` does.
    """
    turns = growing_prefix([message.model_dump() for message in messages], render)
    header = header_length(render)
    masks = [
        [int(message.role == "assistant" and position >= header) for position in range(len(ids))]
        for message, ids in zip(messages, turns, strict=True)
    ]
    ids = [token for turn in turns for token in turn]
    mask = [flag for turn in masks for flag in turn]
    first_loss = mask.index(1) if 1 in mask else len(ids)
    split = min(first_loss, sum(map(len, turns[:2])))
    return ReferenceRow(
        turns=tuple(turns),
        masks=tuple(masks),
        split=split,
        prompt=ids[max(0, split - max_prompt_tokens) : split],
        response=ids[split : split + max_response_tokens],
        response_mask=mask[split : split + max_response_tokens],
    )


def growing_prefix(messages: Sequence[RowDict], render: Renderer) -> list[list[int]]:
    """Token ids per turn: the rendering up to it, less as many tokens as the rendering before it has.

    Raises `UsageError` if the turns together are not the rendering of the whole, as under a template that writes the
    last turn in another way. Only a row with adjacent tool turns is let through, damaged as it is.
    """
    turns: list[list[int]] = []
    whole: list[int] = []
    for end in range(1, len(messages) + 1):
        known = len(whole)
        whole = render(messages[:end], add_generation_prompt=False, **THINKING_OFF)
        turns.append(whole[known:])
    if [token for turn in turns for token in turn] != whole and not _has_adjacent_tool_turns(messages):
        raise UsageError(
            "The chat template renders a turn in another way when others follow it, so turns have no ids of their own.",
            hint="use a plain ChatML template, or the improved profile, which needs none",
        )
    return turns


def header_length(render: Renderer) -> int:
    """How many tokens the template appends for the assistant to begin."""
    dummy: list[RowDict] = [{"role": "user", "content": "a"}]
    closed, opened = (render(dummy, add_generation_prompt=opening, **THINKING_OFF) for opening in (False, True))
    return len(opened) - len(closed)


def _has_adjacent_tool_turns(messages: Sequence[RowDict]) -> bool:
    return any(one["role"] == other["role"] == "tool" for one, other in pairwise(messages))
