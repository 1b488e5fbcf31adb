"""ChatML: how a conversation becomes token ids, in one linear pass.

    <|im_start|>ROLE
    CONTENT<|im_end|>

What stands between two control tokens, the role line and the content, is one text and is tokenised as one, so the ids
are those of the rendered template under any tokenizer, also one that merges the newline after the role with white space
that follows. It is always plain text: a person who types `<|im_end|>` ends no turn. T turns are tokenised once each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer
from tokenizers.processors import TemplateProcessing

from odyssim.errors import UsageError
from odyssim.types import Message

Role = Literal["system", "user", "assistant"]

TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
PAD = "<|endoftext|>"

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}"
)
"""The same format as a jinja template, for engines that render prompts themselves.

Its ids equal those of `ChatML` for every content without special-token text. An engine that renders text cannot tell
typed control tokens from real ones; `ChatML` can.
"""

_TURNS_PER_TEXT: Final = 32
_TEXTS_PER_CALL: Final = 64
"""What the tokenizer returns is ten times the size of the ids and should stay in the cache."""

_AWKWARD: Final[tuple[tuple[Role, str], ...]] = (
    ("system", ""),
    ("user", "\n hi"),
    ("assistant", "  \n\nhi \n"),
    ("user", "\u0301e"),
)


@dataclass(frozen=True, slots=True)
class EncodedTurns:
    """N turns with their control tokens, one after another: turn n is `ids[starts[n] : starts[n + 1]]`.

    `ids` are uint32. `spoken` (bool, as long as `ids`) is what the speaker writes: the content and `<|im_end|>`. The
    header and the newline after the turn are not: the engine writes them, the model never samples them. A token that
    holds a piece of the header and a piece of the content counts as header.
    """

    ids: NDArray[np.uint32]
    spoken: NDArray[np.bool_]
    starts: NDArray[np.int64]


class ChatML:
    """Encodes conversations with one tokenizer, which must know `<|im_start|>`, `<|im_end|>` and `<|endoftext|>`.

    `turn_start` and `turn_end` are the ids around a turn, `pad` is the one that fills rows, `vocab_size` one more than
    the largest id, `fingerprint` the SHA-256 of everything that decides ids: packed data and model must agree on it.
    The given tokenizer is left as it is.

    Raises `UsageError` for a tokenizer without the three tokens, or with control tokens that swallow their neighbours.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        definition = tokenizer.to_str()
        self.fingerprint = hashlib.sha256(definition.encode()).hexdigest()
        self._template = _without_limits(definition)
        self.turn_start, self.turn_end, self.pad = map(self._control, (TURN_START, TURN_END, PAD))
        self.vocab_size = max(self._template.get_vocab().values()) + 1

        self._plain = _without_limits(definition)
        self._plain.add_special_tokens([AddedToken(name, special=True) for name in (TURN_START, TURN_END, PAD)])
        self._plain.encode_special_tokens = True
        _expect_no_first_word(self._plain)
        newline = self._plain.encode("\n", add_special_tokens=False).ids
        self._tail = 1 + len(newline)
        self._plain.post_processor = TemplateProcessing(
            single=f"{TURN_START} $A {TURN_END} newline",
            special_tokens=[
                (TURN_START, self.turn_start),
                (TURN_END, self.turn_end),
                {"id": "newline", "ids": newline, "tokens": ["\n"] * len(newline)},
            ],
        )
        self._is_control = np.zeros(self.vocab_size, dtype=np.bool_)
        self._is_control[
            [number for number, token in self._plain.get_added_tokens_decoder().items() if token.special]
        ] = True
        self._headers = {role: self._header(role) for role in ("system", "user", "assistant")}
        if not np.array_equal(self._rendered(_AWKWARD), self._plain_ids(_AWKWARD)):
            raise UsageError(
                "The tokenizer reads the text beside a control token differently from the same text alone.",
                hint=f"{TURN_START} and {TURN_END} must be special tokens with lstrip, rstrip and normalized false",
            )

    def turns(self, turns: Sequence[tuple[Role, str]]) -> EncodedTurns:
        """Every (role, content) as a whole turn, control tokens and the newline after it included."""
        chunks = [turns[first : first + _TURNS_PER_TEXT] for first in range(0, len(turns), _TURNS_PER_TEXT)]
        parts = [np.empty(0, dtype=np.uint32)]
        for first in range(0, len(chunks), _TEXTS_PER_CALL):
            parts += self._rendered_or_plain(chunks[first : first + _TEXTS_PER_CALL])
        ids = np.concatenate(parts)
        starts = np.append(np.flatnonzero(ids == self.turn_start), len(ids))
        sizes = np.diff(starts)
        place = np.arange(len(ids)) - np.repeat(starts[:-1], sizes)
        headers = np.repeat(self._header_sizes(turns, ids, starts), sizes)
        tails = np.repeat(sizes - self._tail + 1, sizes)
        return EncodedTurns(ids=ids, spoken=(place >= headers) & (place < tails), starts=starts)

    def prompt_ids(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> list[int]:
        """Token ids of a prompt; by default it ends with the header after which the assistant speaks."""
        ids: list[int] = self.turns([(message.role, message.content) for message in messages]).ids.tolist()
        return ids + self._headers["assistant"].tolist() if add_generation_prompt else ids

    def _rendered_or_plain(self, chunks: Sequence[Sequence[tuple[Role, str]]]) -> Iterator[NDArray[np.uint32]]:
        """The ids of each chunk of turns.

        They are read as rendered text, which is fastest. Where that gives more control tokens than the turns have,
        somebody has typed one, and the chunk is read again as the plain text that it is.
        """
        texts = [_as_text(chunk) for chunk in chunks]
        for chunk, encoding in zip(
            chunks, self._template.encode_batch_fast(texts, add_special_tokens=False), strict=True
        ):
            ids = np.array(encoding.ids, dtype=np.uint32)
            typed = np.count_nonzero(self._is_control[ids]) > 2 * len(chunk)
            yield self._plain_ids(chunk) if typed else ids

    def _rendered(self, turns: Sequence[tuple[Role, str]]) -> NDArray[np.uint32]:
        """The ids of the template's text, with everything that looks like a control token taken for one."""
        return np.array(self._template.encode(_as_text(turns), add_special_tokens=False).ids, dtype=np.uint32)

    def _plain_ids(self, turns: Sequence[tuple[Role, str]]) -> NDArray[np.uint32]:
        """The ids of turns whose texts are encoded one by one and as plain text."""
        encodings = self._plain.encode_batch_fast([f"{role}\n{content}" for role, content in turns])
        return np.concatenate([np.array(encoding.ids, dtype=np.uint32) for encoding in encodings])

    def _header(self, role: str) -> NDArray[np.uint32]:
        """The ids up to and including the newline after the role, where nothing follows."""
        return np.array(self._plain.encode(f"{role}\n").ids[: -self._tail], dtype=np.uint32)

    def _header_sizes(
        self, turns: Sequence[tuple[Role, str]], ids: NDArray[np.uint32], starts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """How many tokens of each turn hold a piece of its header.

        A turn that begins with the ids of its header alone has just these; the others, in which the newline after the
        role has merged with white space, are encoded again with the characters that each token stands for.
        """
        roles = np.array([role for role, _ in turns])
        sizes = np.zeros(len(turns), dtype=np.int64)
        for role, header in self._headers.items():
            members = np.flatnonzero(roles == role)
            ahead = starts[members, None] + np.arange(len(header))
            plain = (ids[np.minimum(ahead, len(ids) - 1)] == header).all(axis=1)
            sizes[members[plain]] = len(header)
        for number in np.flatnonzero(sizes == 0).tolist():
            role, content = turns[number]
            merged = self._plain.encode(f"{role}\n{content}", add_special_tokens=False)
            sizes[number] = 1 + sum(first <= len(role) for first, _ in merged.offsets)
        return sizes

    def _control(self, token: str) -> int:
        token_id: int | None = self._template.token_to_id(token)
        if token_id is None:
            raise UsageError(
                f"The tokenizer has no token '{token}'.", hint="use a ChatML tokenizer, or train one on your corpus"
            )
        return token_id


def _as_text(turns: Sequence[tuple[Role, str]]) -> str:
    return "".join(f"{TURN_START}{role}\n{content}{TURN_END}\n" for role, content in turns)


def _without_limits(definition: str) -> Tokenizer:
    """A tokenizer that neither cuts nor pads, whatever its file says."""
    tokenizer: Tokenizer = Tokenizer.from_str(definition)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _expect_no_first_word(tokenizer: Tokenizer) -> None:
    """Metaspace tokenizers mark the first word of a text; where control tokens are left out, none is the first."""
    splitter: Any = tokenizer.pre_tokenizer
    if getattr(splitter, "prepend_scheme", None) == "first":
        splitter.prepend_scheme = "never"
