"""Training the judge that is a classifier: from every form of turns, repeatable, measured on other dialogues."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from odyssim.corpus.build.config import CorpusConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.errors import DataError, OdysSimError, UsageError
from odyssim.models.discriminator import Discriminator, DiscriminatorCard
from odyssim.soul.judges.train import FEWEST_TURNS, train_discriminator
from odyssim.soul.judges.turns import read_turns
from odyssim.soul.next_turn import Place, SpokenPlace
from odyssim.types import Axis, Cost, Failure, Interaction, Source, Turn
from tests.soul.judge_turns import write_sides

Sides = tuple[Path, Path]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    return write_sides(tmp_path_factory.mktemp("sides"))


def test_it_tells_the_sides_apart_and_says_how_well(sides: Sides, tmp_path: Path) -> None:
    card = train_discriminator(*sides, tmp_path / "judge")
    assert card.human == "people.jsonl"
    assert (card.turns, card.dialogues) == (240, 40)
    assert 0 < card.held_out.turns < 120
    assert card.held_out.turns == sum(each.n for each in card.held_out.reliability)
    assert card.held_out.auc > 0.99
    assert card.held_out.ece < 0.2
    assert "does not understand" in card.about
    judge = Discriminator(tmp_path / "judge")
    assert judge.card == card == DiscriminatorCard.model_validate_json((tmp_path / "judge" / "card.json").read_text())
    assert judge.probability("nah its too dear tho") > 0.8
    assert judge.probability("Certainly! I would be happy to help you with your account.") < 0.2


def test_the_seed_decides(sides: Sides, tmp_path: Path) -> None:
    cards = [
        train_discriminator(*sides, tmp_path / name, turns=80, seed=seed)
        for name, seed in zip("abc", (1, 1, 2), strict=True)
    ]
    assert cards[0] == cards[1] != cards[2]
    assert cards[0].turns == 160
    weights = [np.load(tmp_path / name / "weights.npz")["grams"] for name in "abc"]
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_the_order_of_lines_does_not_matter(sides: Sides, tmp_path: Path) -> None:
    turned = tmp_path / "people.jsonl"
    turned.write_text("".join(reversed(sides[0].read_text().splitlines(keepends=True))), encoding="utf-8")
    assert train_discriminator(turned, sides[1], tmp_path / "a") == train_discriminator(*sides, tmp_path / "b")


def test_a_side_of_the_same_texts_cannot_be_told_apart(sides: Sides, tmp_path: Path) -> None:
    card = train_discriminator(sides[0], sides[0], tmp_path / "judge")
    assert card.held_out.auc == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(3))
def test_no_dialogue_is_learnt_from_and_measured_on(sides: Sides, tmp_path: Path, seed: int) -> None:
    card = train_discriminator(*sides, tmp_path / "judge", seed=seed)
    # Both sides use the same dialogue names, three turns of each: a part that splits none holds six of every dialogue.
    assert card.held_out.turns == 6 * card.held_out.dialogues


# --- where turns come from ----------------------------------------------------------------------------------------


def spoken(number: int, model: str | None) -> SpokenPlace:
    place = Place(pair=f"d#{number}", dialogue="d", source="s", position="middle", messages=(), human=f"said {number}")
    failure = None if model is not None else Failure(party="policy", kind="endpoint_down", message="gone")
    return SpokenPlace(place=place, model=model, failure=failure, cost=Cost())


def chat() -> Interaction:
    return Interaction(
        turns=(
            Turn(speaker="Ana", text="you up?", human=True, train=True),
            Turn(speaker="bot", text="How may I help?", human=False, train=False),
            Turn(speaker="Ben", text="(leaves)", human=True, train=False),
        ),
        context=None,
        source=Source(dataset="mine", licence="unknown", split="train", original_id="7"),
        axis=Axis.CONV,
    )


def test_turns_of_places_interactions_and_plain_lines(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    rows = [spoken(1, "a"), spoken(2, None), spoken(3, " "), chat()]
    path.write_text("".join(row.model_dump_json() + "\n" for row in rows) + '\n{"text": "hi"}\n', encoding="utf-8")
    people = [(turn.text, turn.dialogue, turn.human) for turn in read_turns(path, human=True)]
    assert people == [
        ("said 1", "d", True),
        ("said 3", "d", True),
        ("you up?", "mine/train/7", True),
        ("hi", "line 6", True),
    ]
    assert [turn.text for turn in read_turns(path, human=False)] == ["a", "How may I help?", "hi"]


def test_turns_of_a_corpus(tmp_path: Path) -> None:
    build_corpus(CorpusConfig(sources=(SourceChoice(name="village", limit=30),)), None, tmp_path / "corpus")
    people = list(read_turns(tmp_path / "corpus", human=True))
    assert len({turn.dialogue for turn in people}) > 10
    assert all(turn.dialogue.startswith("village/train/") for turn in people)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"text": "hi"}\n{"text": 3}\n', "line 2"),
        ('{"text": "hi"}\nhello\n', "line 2: not valid JSON"),
        ('{"words": "hi"}\n', "line 1: holds no turns"),
        ('["hi"]\n', "line 1: holds no turns"),
        ('{"turns": []}\n', "line 1"),
        ("", "empty"),
        ("\n\n", "0 turns of people"),
        ('{"text": "hi"}\n' * (FEWEST_TURNS - 1), f"{FEWEST_TURNS - 1} turns of people"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(sides: Sides, tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said) as found:
        train_discriminator(path, sides[1], tmp_path / "judge")
    assert "own.jsonl" in found.value.message
    assert not (tmp_path / "judge").exists()


def test_a_missing_file_a_single_dialogue_and_a_taken_folder(sides: Sides, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such"):
        train_discriminator(tmp_path / "none.jsonl", sides[1], tmp_path / "judge")
    one = tmp_path / "one.jsonl"
    one.write_text((json.dumps({"text": "hello there", "dialogue": "only"}) + "\n") * 60, encoding="utf-8")
    with pytest.raises(DataError, match="too few dialogues") as found:
        train_discriminator(one, one, tmp_path / "judge")
    assert isinstance(found.value, OdysSimError)
    assert '"dialogue"' in found.value.hint
    (tmp_path / "judge").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        train_discriminator(*sides, tmp_path / "judge")
