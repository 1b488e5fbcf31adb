"""Cards of the published sources that do not lie in the data folder."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from odyssim.corpus.roles import FAMILIES, RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.elsewhere import READERS
from odyssim.corpus.sources.hub import HubReader
from odyssim.tasks.registry import task_names

CARDS: list[SourceCard] = [reader.card for reader in READERS]

AT_HAND = {
    "convokit_casino-corpus",
    "convokit_persuasionforgood-corpus",
    "empathetic",
    "convokit_emotional-support",
    "convokit_supreme-corpus",
    "convokit_switchboard-corpus",
    "mathdial",
    "hh_rlhf",
    "coser",
}
"""Published sets that lie in the data folder: their cards stand with their readers."""
GENERIC = {"dialogue", "humanual", "experiment", "sotopia", "chat"}
NOT_COUNTED = {"wildchat_v1", "tom_sotopia", "rm_r1_sft", "step35_flash_sft"}

SPDX = {
    "Apache-2.0",
    "MIT",
    "ODC-By-1.0",
    "CC-BY-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "GPL-3.0-only",
}
SOUL = set(task_names())


def test_the_paper_counts_62_sets() -> None:
    counted = {card.id for card in CARDS if card.in_paper} | AT_HAND
    assert len(counted) == 62
    assert counted == set(FAMILIES) - GENERIC - NOT_COUNTED
    assert {card.id for card in CARDS if not card.in_paper} == NOT_COUNTED


def test_no_card_is_there_twice() -> None:
    assert len(CARDS) == 57
    assert len({card.id for card in CARDS}) == len(CARDS)
    assert not {card.id for card in CARDS} & AT_HAND


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_is_filled_in(card: SourceCard) -> None:
    assert card.role_rule is FAMILIES[card.id]
    assert card.axes
    assert card.licence in SPDX | {"unknown"} or re.fullmatch(r"LicenseRef-[\w.-]+", card.licence)
    assert card.title
    assert card.human.endswith(".")
    assert card.url.startswith("https://")
    assert card.columns
    assert set(card.contamination) <= SOUL
    assert card.citation
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", id) for id in re.findall(r"arXiv:(\S+?)(?=[;,]|$)", card.citation))
    assert card.interactions is None


def test_what_may_not_be_read_or_passed_on_freely_says_so() -> None:
    by_id = {card.id: card for card in CARDS}
    assert by_id["lmsys"].gated
    assert by_id["lmsys"].licence == "LicenseRef-LMSYS-Chat-1M"
    assert by_id["cornell_movie"].licence == "unknown"
    assert "not documented" in by_id["convokit_small-pool"].title


def test_rows_that_models_wrote_in_people_s_place_are_marked() -> None:
    unswapped = {card.id for card in CARDS if card.role_rule in (RoleFamily.NO_SWAP, RoleFamily.CHAT)}
    assert {card.id for card in CARDS if card.synthetic} == unswapped - {"human_llm"} | {"education_dialogue"}


def test_a_download_for_one_is_no_download_for_all() -> None:
    reader = next(reader for reader in READERS if isinstance(reader, HubReader))
    assert reader.downloading().allow_download
    assert not reader.allow_download


def test_the_cards_need_no_heavy_library() -> None:
    code = "import sys; from odyssim.corpus.sources import elsewhere; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"datasets", "huggingface_hub", "pyarrow", "numpy", "torch"} & set(loaded)
