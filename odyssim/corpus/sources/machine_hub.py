"""Machine-written sets that the published code routes and its paper does not count: no person speaks in them."""

from __future__ import annotations

from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import PERSON, InstructionRow, WrittenRow
from odyssim.corpus.sources.hub import HubReader
from odyssim.types import Axis

READERS: Final = (
    HubReader(
        SourceCard(
            id="rm_r1_sft",
            title="RM-R1: a judge's reasoning about which answer is better",
            axes=(Axis.EVAL,),
            licence="unknown",
            citation="Chen et al., 2025, arXiv:2505.02387",
            url="https://github.com/RM-R1-UIUC/RM-R1",
            human="Nobody: a model judges.",
            role_rule=RoleFamily.NO_SWAP,
            imitated=(PERSON,),
            contamination=("reward_bench",),
            synthetic=True,
        ),
        InstructionRow,
    ),
    HubReader(
        SourceCard(
            id="step35_flash_sft",
            title="Step-3.5-Flash-SFT: an assistant's training data",
            axes=(Axis.CONV,),
            licence="unknown",
            citation="StepFun, 2026",
            url="https://huggingface.co/datasets/stepfun-ai/Step-3.5-Flash-SFT",
            hub="stepfun-ai/Step-3.5-Flash-SFT",
            human="Nobody: a model answers.",
            role_rule=RoleFamily.CHAT,
            imitated=(PERSON,),
            languages=(),
            rows_upstream=1_620_000,
            synthetic=True,
        ),
        WrittenRow,
    ),
)
