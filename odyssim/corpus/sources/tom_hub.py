"""Theory of mind: the sets behind the published `tom_` rows.

The published rows are answers that a model reasoned out. What can be had are the sets that were asked about, whose
stories and answers are read as `tom_rows` says; a row in chat form, as in the published corpus, is read there
(`odyssim.corpus.published`), and here for the sets that exist in no other form.
"""

from __future__ import annotations

from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import PERSON, InstructionRow, WrittenRow
from odyssim.corpus.sources.hub import PARQUET_EXPORT, HubReader
from odyssim.corpus.sources.hub_rows import HubRow
from odyssim.corpus.sources.tom_rows import (
    RESPONDENT,
    EntailmentRow,
    FantomRow,
    HiToMRow,
    MMToMRow,
    MoralStoryRow,
    ParaToMiRow,
    RiddleRow,
    SocialIqaRow,
)
from odyssim.types import Axis

PUBLISHED: Final = "https://huggingface.co/datasets/cmu-lti/osim-mid-training"


def _reader(
    name: str,
    title: str,
    row: type[HubRow],
    *,
    citation: str,
    human: str,
    url: str = "",
    hub: str = "",
    at: str = "",
    revision: str | None = None,
    licence: str = "unknown",
    files: tuple[str, ...] = (),
    rows: int | None = None,
    contamination: tuple[str, ...] = (),
    templated: bool = False,
    axis: Axis = Axis.COG,
    in_paper: bool = True,
) -> HubReader:
    card = SourceCard(
        id=f"tom_{name}",
        title=title,
        axes=(axis,),
        licence=licence,
        citation=citation,
        url=url or f"https://huggingface.co/datasets/{hub}",
        hub=hub,
        files=files,
        human=human,
        role_rule=RoleFamily.NO_SWAP,
        imitated=(RESPONDENT,) if issubclass(row, RiddleRow | FantomRow) else (PERSON,),
        rows_upstream=rows,
        contamination=contamination,
        synthetic=True,
        templated=templated,
        in_paper=in_paper,
    )
    return HubReader(card, row, at=at, revision=revision)


READERS: Final = (
    _reader(
        "fantom",
        "FANToM: who knows what in conversations that people join and leave",
        FantomRow,
        citation="Kim et al., EMNLP 2023, arXiv:2310.15421",
        human="A respondent; conversations and questions were made by a model and checked by people.",
        url="https://github.com/skywalker023/fantom",
        licence="CC-BY-NC-4.0",
        contamination=("fantom",),
    ),
    _reader(
        "hitom",
        "Hi-ToM: beliefs about beliefs about beliefs",
        HiToMRow,
        citation="He et al., Findings of EMNLP 2023, arXiv:2310.16755",
        human="A respondent; stories and answers follow from rules.",
        url="https://github.com/ying-hui-he/Hi-ToM_dataset",
        at="data",
        licence="Apache-2.0",
        rows=1_200,
        contamination=("hitom", "paratomi"),
        templated=True,
    ),
    _reader(
        "paratomi",
        "ParaToMi: ToMi in other words",
        ParaToMiRow,
        citation="Sclar et al., ACL 2023, arXiv:2306.00924",
        human="A respondent; stories and answers follow from rules, the wording is a model's.",
        url="https://github.com/msclar/symbolictom",
        contamination=("paratomi", "hitom"),
        templated=True,
    ),
    _reader(
        "mmtom",
        "MMToM-QA: what somebody who looks for a thing wants and believes (text only)",
        MMToMRow,
        citation="Jin et al., ACL 2024, arXiv:2401.08743",
        human="A respondent; episodes and answers were simulated.",
        url="https://github.com/chuanyangjin/MMToM-QA",
        rows=600,
        contamination=("mmtom",),
        templated=True,
    ),
    _reader(
        "socialiqa",
        "Social IQa: why people do things, and how they feel about it",
        SocialIqaRow,
        citation="Sap et al., EMNLP 2019, arXiv:1904.09728",
        human="Crowd workers wrote situations and answers; in the published rows a model answers.",
        hub="allenai/social_i_qa",
        revision=PARQUET_EXPORT,
        files=("default/train/*.parquet", "default/validation/*.parquet"),
        rows=35_364,
        contamination=("social_r1", "tombench"),
    ),
    _reader(
        "mindgames",
        "MindGames: puzzles of dynamic epistemic logic",
        EntailmentRow,
        citation="Sileo and Lernould, Findings of EMNLP 2023, arXiv:2305.03353",
        human="A respondent; puzzles and answers follow from logic.",
        hub="sileod/mindgames",
        licence="Apache-2.0",
        templated=True,
    ),
    _reader(
        "moralstories",
        "Moral Stories: the right thing to do in a situation",
        MoralStoryRow,
        citation="Emelin et al., EMNLP 2021, arXiv:2012.15738",
        human="Crowd workers wrote the stories; in the published rows a model answers.",
        hub="demelin/moral_stories",
        revision=PARQUET_EXPORT,
        files=("full/train/*.parquet",),
        rows=12_000,
    ),
    _reader(
        "tominli",
        "ToMi-NLI: ToMi as entailment",
        EntailmentRow,
        citation="Le et al., EMNLP 2019; Sileo, 2023",
        human="A respondent; stories and answers follow from rules.",
        hub="tasksource/tomi-nli",
        rows=17_982,
        contamination=("paratomi", "hitom"),
        templated=True,
    ),
    _reader(
        "grimulkan",
        "Theory of mind, by grimulkan: questions and answers of a model",
        InstructionRow,
        citation="none: a dataset of the hub without a paper",
        human="A respondent, played by a model.",
        hub="grimulkan/theory-of-mind",
    ),
    _reader(
        "characterllm",
        "Character-LLM: scenes from the lives of nine people of history and fiction",
        InstructionRow,
        citation="Shao et al., EMNLP 2023, arXiv:2310.10158",
        human="The character, played by a model.",
        hub="fnlp/character-llm-data",
        files=("prompted/*.jsonl",),
        axis=Axis.ROLE,
    ),
    _reader(
        "from_coser",
        "What characters of novels think (derived from CoSER)",
        WrittenRow,
        citation="derived from Wang et al., ICML 2025, arXiv:2502.09082",
        human="The character; exists as rows of the published corpus only.",
        url=PUBLISHED,
        contamination=("coser",),
    ),
    _reader(
        "sotopia",
        "What partners in Sotopia think (a model's own best answers)",
        WrittenRow,
        citation="none: for post-training only, says the published mixture",
        human="A model.",
        url=PUBLISHED,
        axis=Axis.SS,
        contamination=("sotopia",),
        in_paper=False,
    ),
)
