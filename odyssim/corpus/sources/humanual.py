"""HUMANUAL (HumanLM): what a known person wrote in answer to a post, an article, an e-mail or an assistant.

Layout, the same for all six sets:

    {"prompt": [{"role": "p7", "content": "Is it wrong of me that ...?"}], "completion": "Not at all.",
     "persona": "Writes short and dry.", "user_id": "u1", "post_id": "p7", "turn_id": 0, ...}

`prompt` may be plain text as well. Messages whose role is the person's own id are earlier words of theirs; they stand
as completions in other rows, so only the completion is imitated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import ChatMessage
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, heard, imitated
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, SocialContext, Turn

_PERSON: Final = "person"
_OTHER: Final = "other"
_ASSISTANT: Final = "assistant"


def _as_messages(prompt: Any) -> Any:
    return [{"role": _OTHER, "content": prompt}] if isinstance(prompt, str) else prompt


class HumanualRow(HubRow):
    """One answer of a person, with what it answers."""

    prompt: Annotated[tuple[ChatMessage, ...], BeforeValidator(_as_messages)]
    completion: str | None
    persona: str | None = None
    user_id: str | None = None

    def conversations(self) -> Iterable[Conversation]:
        turns = [*self._before(), imitated(_PERSON, self.completion)]
        profile = " ".join(unsaid(sentences(self.persona or ""), turns, _PERSON))
        yield Conversation(
            turns, context=SocialContext(profiles={_PERSON: profile}, author="native") if profile else None
        )

    def _before(self) -> Iterable[Turn]:
        """Others by number, if there are several."""
        own = {self.user_id, "user"} if any(message.side == "assistant" for message in self.prompt) else {self.user_id}
        others = list(dict.fromkeys(message.role for message in self.prompt if message.role not in own))
        for message in self.prompt:
            if message.role in own:
                yield heard(_PERSON, message.content, human=True)
            elif message.side == "assistant":
                yield heard(_ASSISTANT, message.content)
            else:
                name = _OTHER if len(others) == 1 else f"{_OTHER} {others.index(message.role) + 1}"
                yield heard(name, message.content, human=True)


def _reader(kind: str, title: str, axis: Axis, human: str) -> HubReader:
    return HubReader(
        SourceCard(
            id=f"humanual_{kind}",
            title=f"HUMANUAL {kind}: {title}",
            axes=(axis,),
            licence="unknown",
            citation="Wu et al., 2026, arXiv:2603.03303",
            url=f"https://huggingface.co/datasets/snap-stanford/humanual-{kind}",
            hub=f"snap-stanford/humanual-{kind}",
            human=f"{human} The persona was written by a model from other texts of the same person.",
            role_rule=RoleFamily.HUMANUAL,
            imitated=(_PERSON,),
            contamination=(f"humanual-{kind}",),
            in_paper=True,
        ),
        HumanualRow,
    )


READERS: Final = (
    _reader("book", "reviews of books", Axis.EVAL, "A reviewer on Amazon."),
    _reader("chat", "chats with assistants", Axis.CONV, "A user of WildChat."),
    _reader("email", "e-mails at work", Axis.ROLE, "An employee of Enron."),
    _reader("news", "comments on news", Axis.ROLE, "A commenter on YouTube."),
    _reader("opinion", "opinions on other people's conflicts", Axis.EVAL, "A user of Reddit."),
    _reader("politics", "comments on political articles", Axis.ROLE, "A reader on Medium."),
)
