"""The catalogue: the 62 published sets and everything at hand, each under one name, each card filled in."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from odyssim.corpus.catalog import SOURCES, source
from odyssim.corpus.licences import UNKNOWN, terms
from odyssim.corpus.roles import ALIASES, FAMILIES
from odyssim.corpus.sources.base import SourceCard
from odyssim.errors import DataError, UnknownName

CARDS: list[SourceCard] = [reader.card for reader in SOURCES.values()]
NOT_AMONG_THE_62 = set(
    "chat dialogue experiment humanual sotopia rm_r1_sft step35_flash_sft tom_sotopia wildchat_v1".split()
)
"""Published names that stand for a kind of row, or for sets that the paper does not count."""
OURS = {"village", "context_writing"}
"""Sources that nobody published."""


def published_names(card: SourceCard) -> list[str]:
    return [name for name in (card.id, *card.aliases) if name in FAMILIES]


def test_each_of_the_62_has_one_card() -> None:
    names = [name for card in CARDS if card.in_paper for name in published_names(card)]
    assert len(names) == 62
    assert set(names) == set(FAMILIES) - NOT_AMONG_THE_62
    assert sum(card.in_paper for card in CARDS) == 62


def test_a_card_follows_the_role_rule_of_its_published_name() -> None:
    rules = {name: card.role_rule for card in CARDS for name in published_names(card)}
    assert rules == {name: FAMILIES[name] for name in rules}
    assert len(rules) >= 62


def test_no_name_means_two_sources() -> None:
    times = Counter(name for card in CARDS for name in (card.id, *card.aliases))
    assert [name for name, count in times.items() if count > 1] == []
    assert {id_: reader.card.id for id_, reader in SOURCES.items()} == {id_: id_ for id_ in SOURCES}


def test_a_source_is_found_by_its_alias_too() -> None:
    for name, alias in ALIASES.items():
        assert source(alias) is source(name) is SOURCES[name]
    for card in CARDS:
        assert all(source(name) is SOURCES[card.id] for name in (card.id, *card.aliases))


def test_an_unknown_source_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'casino'.*taskmaster") as caught:
        source("cassino")
    assert ".jsonl" in caught.value.hint
    with pytest.raises(DataError, match="no such file"):
        source(str(tmp_path / "mine.jsonl"))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_is_filled_in(card: SourceCard) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", card.id), "an id is a folder name"
    assert card.title == card.title.strip() != ""
    assert card.human.endswith(".")
    assert card.axes
    assert all(re.fullmatch("[a-z]{2}", language) for language in card.languages)
    assert card.licence == UNKNOWN or card.licence.startswith("LicenseRef-") or terms(card.licence).redistribution
    assert card.citation
    assert card.url.startswith("https://") or card.id in OURS
    assert card.columns or card.id in OURS
    assert not card.gated or card.hub
    assert card.rows_upstream is None or card.rows_upstream > 0
    assert not card.in_paper or published_names(card)


@pytest.mark.data
def test_every_dataset_at_hand_has_a_card(data_root: Path) -> None:
    lying = {path.name.removesuffix(".zip") for path in (data_root / "corpus").iterdir() if path.suffix != ".md"}
    assert lying
    assert {name for name, reader in SOURCES.items() if reader.at_hand(data_root)} == lying | {"village"}
    assert all(SOURCES[name].card.interactions for name in lying)


def test_the_catalogue_needs_no_heavy_library() -> None:
    code = "import sys; from odyssim.corpus import catalog; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = "numpy scipy pyarrow torch transformers tokenizers datasets datatrove ray ftfy py3langid phonenumbers"
    assert set(loaded).isdisjoint([*heavy.split(), "huggingface_hub", "inspect_ai"])
