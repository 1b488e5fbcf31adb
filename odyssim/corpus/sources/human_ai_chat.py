"""People chatting with assistants: WildChat, LMSYS-Chat-1M, AlignX and Nectar.

    WildChat   {"conversation_hash": "c1", "conversation": [{"role": "user", "content": "hi"}], "toxic": false, ...}
    LMSYS      {"conversation_id": "c1", "conversation": [{"role": "user", "content": "hi"}], "redacted": true, ...}
    AlignX     {"prompt": "How do I ...?", "chosen": "...", "Demographic Information": "A nurse of 40.", ...}
    Nectar     {"prompt": "\\n\\nHuman: hi\\n\\nAssistant: ", "answers": [...], "source": ["lmsys-chat-1m"], ...}

What WildChat records about its users besides their words (hashed addresses, countries, request headers) is not read.
Its and LMSYS's moderation marks become tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pydantic import Field

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import ChatMessage, ChatRow
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, SocialContext

_USER, _ASSISTANT = "user", "assistant"
_SPEAKER: Final = re.compile(r"\n\n(Human|Assistant):")
_MACHINE_WRITTEN: Final = ("ultrachat", "evol", "flan", "false_qa", "truthful_qa")


class _Moderation(UpstreamRecord):
    flagged: bool | None = None


class ModeratedChat(ChatRow):
    """A row of WildChat's first version or of LMSYS-Chat-1M."""

    id: str = Field(validation_alias="conversation_id")
    messages: tuple[ChatMessage, ...] = Field(validation_alias="conversation")
    openai_moderation: tuple[_Moderation, ...] | None = None
    toxic: bool | None = None
    redacted: bool | None = None

    def conversations(self) -> Iterable[Conversation]:
        marks = {
            "safety:toxic": self.toxic,
            "safety:flagged": any(mark.flagged for mark in self.openai_moderation or ()),
            "pii:redacted_upstream": self.redacted,
        }
        tags = tuple(tag for tag, is_set in marks.items() if is_set)
        yield Conversation(list(self.turns()), id=self.id, context=self.context(), tags=tags)


class WildChatRow(ModeratedChat):
    """The same with another name for its id."""

    id: str = Field(validation_alias="conversation_hash")


class AlignXRow(HubRow):
    """A prompt, the answer its author would prefer, and who the author is said to be."""

    prompt: str
    chosen: str | None = None
    demographics: str | None = Field(default=None, validation_alias="Demographic Information")

    def conversations(self) -> Iterable[Conversation]:
        turns = [imitated(_USER, self.prompt), heard(_ASSISTANT, self.chosen)]
        profile = " ".join(unsaid(sentences(self.demographics or ""), turns, _USER))
        context = SocialContext(profiles={_USER: profile}, author="native") if profile else None
        yield Conversation(turns, context=context)


class NectarRow(HubRow):
    """A prompt of one turn or more. Its ranked answers come after the person's last word and are not read."""

    prompt: str = Field(pattern=r"^\s*Human:")
    source: tuple[str, ...] | None = None

    def conversations(self) -> Iterable[Conversation]:
        by_machine = any(name.startswith(_MACHINE_WRITTEN) for name in self.source or ())
        _, *pieces = _SPEAKER.split(f"\n\n{self.prompt.strip()}")
        yield Conversation(
            [
                imitated(_USER, text) if name == "Human" and not by_machine else heard(name.lower(), text)
                for name, text in zip(pieces[::2], pieces[1::2], strict=True)
            ]
        )


# The published mixture names two versions of WildChat. Counting one of them gives the 62 sets of the paper; that it is
# this one is our reading, and unconfirmed.
_WILDCHAT: Final = SourceCard(
    id="wildchat",
    title="WildChat-1M: chats with ChatGPT in the wild",
    axes=(Axis.CONV,),
    licence="ODC-By-1.0",
    citation="Zhao et al., ICLR 2024, arXiv:2405.01470",
    url="https://huggingface.co/datasets/allenai/WildChat-1M",
    hub="allenai/WildChat-1M",
    human="The user, of whom nothing but the words is read.",
    role_rule=RoleFamily.SWAP,
    imitated=(_USER,),
    languages=(),
    contamination=("humanual-chat",),
    in_paper=True,
)
_WILDCHAT_V1: Final = _WILDCHAT.model_copy(
    update={
        "id": "wildchat_v1",
        "title": "WildChat, first version",
        "url": "https://huggingface.co/datasets/allenai/WildChat",
        "hub": "allenai/WildChat",
        "rows_upstream": 652_000,
        "in_paper": False,
    }
)
_LMSYS: Final = SourceCard(
    id="lmsys",
    title="LMSYS-Chat-1M: chats with 25 models",
    axes=(Axis.CONV,),
    licence="LicenseRef-LMSYS-Chat-1M",
    citation="Zheng et al., ICLR 2024, arXiv:2309.11998",
    url="https://huggingface.co/datasets/lmsys/lmsys-chat-1m",
    hub="lmsys/lmsys-chat-1m",
    gated=True,
    human="The user; names are replaced upstream.",
    role_rule=RoleFamily.SWAP,
    imitated=(_USER,),
    languages=(),
    rows_upstream=1_000_000,
    contamination=("mirrorbench",),
    in_paper=True,
)
_ALIGNX: Final = SourceCard(
    id="alignx",
    title="AlignX: prompts, and what their authors prefer to hear",
    axes=(Axis.EVAL,),
    licence="unknown",
    citation="Li et al., 2025, arXiv:2503.15463",
    url="https://huggingface.co/datasets/JinaLeejnl/AlignX",
    hub="JinaLeejnl/AlignX",
    human="The author of the prompt; the profile was inferred by a model.",
    role_rule=RoleFamily.SWAP,
    imitated=(_USER,),
    rows_upstream=1_311_622,
    contamination=("alignx",),
    in_paper=True,
)
_NECTAR: Final = SourceCard(
    id="nectar",
    title="Nectar: prompts from many sets, with ranked answers (not for competing with OpenAI, says its card)",
    axes=(Axis.EVAL,),
    licence="Apache-2.0",
    citation="Zhu et al., 2023 (Starling-7B)",
    url="https://huggingface.co/datasets/berkeley-nest/Nectar",
    hub="berkeley-nest/Nectar",
    human="The user, where the prompt comes from a set that people wrote.",
    role_rule=RoleFamily.SWAP,
    imitated=(_USER,),
    rows_upstream=183_000,
    contamination=("mirrorbench", "reward_bench"),
    in_paper=True,
)

READERS: Final = (
    HubReader(_WILDCHAT, WildChatRow),
    HubReader(_WILDCHAT_V1, ModeratedChat),
    HubReader(_LMSYS, ModeratedChat),
    HubReader(_ALIGNX, AlignXRow),
    HubReader(_NECTAR, NectarRow),
)
