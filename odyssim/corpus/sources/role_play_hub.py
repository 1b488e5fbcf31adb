"""HumanLLM (Lei et al., KDD 2026): instructions to write, choose or think as a certain person of the social web.

The rows are an instruction and its target, {"instruction": "...", "output": "..."}. Where they can be had is not
documented, so any of the usual names of the two is accepted, and chats are.
"""

from __future__ import annotations

from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import PERSON, InstructionRow
from odyssim.corpus.sources.hub import HubReader
from odyssim.types import Axis

READERS: Final = (
    HubReader(
        SourceCard(
            id="human_llm",
            title="HumanLLM: what a person of the Cognitive Genome would write, choose or think",
            axes=(Axis.EVAL, Axis.ROLE),
            licence="unknown",
            citation="Lei et al., KDD 2026, arXiv:2601.15793",
            url="https://arxiv.org/abs/2601.15793",
            human="A user of Reddit, Twitter, Blogger or Amazon, or a model in their place: rows do not say which.",
            role_rule=RoleFamily.NO_SWAP,
            imitated=(PERSON,),
            contamination=("humanllm",),
            in_paper=True,
        ),
        InstructionRow,
    ),
)
