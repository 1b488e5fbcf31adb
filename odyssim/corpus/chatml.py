"""ChatML: how a conversation becomes token ids, in one linear pass.

    <|im_start|>ROLE
    CONTENT<|im_end|>

Each content is tokenised once, and always as plain text: a person who types `<|im_end|>` ends no turn. Headers and
footers are cached ids, so T turns cost T encodings, and the ids of a prefix are a prefix of the ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from typing import Literal, get_args

from tokenizers import Tokenizer

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

Its ids equal those of `ChatML.prompt_ids` for every content without special-token text, under a tokenizer that never
merges a newline with what follows it (those of `train_tokenizer`); others may differ where a content starts with white
space. An engine that renders text cannot tell typed control tokens from real ones; `prompt_ids` can.
"""


class ChatML:
    """Encodes conversations with one tokenizer, which must know `<|im_start|>`, `<|im_end|>` and `<|endoftext|>`.

    `turn_end` is the id that ends a turn, `pad` the one that fills rows, `vocab_size` one more than the largest id,
    `fingerprint` the SHA-256 of everything that decides ids: packed data and model must agree on it.
    Raises `UsageError` for a tokenizer without the three tokens.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer: Tokenizer = deepcopy(tokenizer)
        self._tokenizer.encode_special_tokens = True
        self.turn_end = self._control(TURN_END)
        self.pad = self._control(PAD)
        self.vocab_size = max(self._tokenizer.get_vocab().values()) + 1
        self.fingerprint = hashlib.sha256(self._tokenizer.to_str().encode()).hexdigest()
        self._newline = self._plain("\n")
        self._headers = {role: [self._control(TURN_START), *self._plain(f"{role}\n")] for role in get_args(Role)}

    def contents(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text as plain text: special tokens written in it are spelled out."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def turn(self, role: Role, content: Sequence[int], *, train: bool = False) -> tuple[list[int], list[int]]:
        """Ids and loss mask of one turn whose content is already encoded.

        With `train` the mask is 1 on the content and on `<|im_end|>`. The header and the newline after the turn stay
        0: the engine writes them, the model never samples them, and RL does not train on them either.
        """
        header = self._headers[role]
        ids = [*header, *content, self.turn_end, *self._newline]
        mask = [0] * len(header) + [int(train)] * (len(content) + 1) + [0] * len(self._newline)
        return ids, mask

    def prompt_ids(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> list[int]:
        """Token ids of a prompt; by default it ends with the header after which the assistant speaks."""
        contents = self.contents([message.content for message in messages])
        ids: list[int] = []
        for message, content in zip(messages, contents, strict=True):
            ids += self.turn(message.role, content)[0]
        return ids + self._headers["assistant"] if add_generation_prompt else ids

    def _plain(self, text: str) -> list[int]:
        return self.contents([text])[0]

    def _control(self, token: str) -> int:
        token_id: int | None = self._tokenizer.token_to_id(token)
        if token_id is None:
            raise UsageError(
                f"The tokenizer has no token '{token}'.", hint="use a ChatML tokenizer, or train one on your corpus"
            )
        return token_id
