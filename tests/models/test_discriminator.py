"""The judge that is a classifier, asked as judges are asked: through `ask_judge`, `ask_panel` and `judged`."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from odyssim.errors import BadRequest, DataError, Party, UsageError
from odyssim.models.base import Cast, Floor
from odyssim.models.discriminator import Discriminator
from odyssim.models.judge import ask_judge, with_instructions
from odyssim.models.registry import load_model
from odyssim.soul.judges.train import train_discriminator
from odyssim.tasks.judged import judged
from odyssim.tasks.panel import ask_panel
from odyssim.types import Message, Profile, Record, Sampling
from tests.soul.judge_turns import write_sides

HUMAN = "nah cant do thurs tho"
MACHINE = "Certainly! I would be happy to help you with your booking."


VerdictT = TypeVar("VerdictT", bound=Record)


class Part(Record):
    reason: str
    points: int = Field(ge=-5, le=5)


class Verdict(Record):
    """Everything that a probability can fill."""

    reason: str
    score: int = Field(ge=1, le=10)
    share: float = Field(ge=0.0, le=1.0)
    debt: float = Field(ge=-10.0, le=0.0)
    human: bool
    part: Part
    parts: tuple[Part, ...] = Field(min_length=2, max_length=3)
    notes: tuple[str, ...] = ()


class Tone(StrEnum):
    KIND = "kind"
    COLD = "cold"


class Labelled(Record):
    tone: Tone


class Unbounded(Record):
    score: float


class Fixed(Record):
    kind: Literal["note"]


class Better(Record):
    reason: str
    better: Literal["A", "B"]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Discriminator:
    folder = tmp_path_factory.mktemp("discriminator")
    train_discriminator(*write_sides(folder), folder / "small")
    return Discriminator(folder / "small")


def ask(judge: Discriminator, content: str, verdict: type[VerdictT]) -> VerdictT:
    floor = Floor(Cast(judges=(judge,)))
    found, _ = asyncio.run(ask_judge(floor, [Message(role="user", content=content)], verdict, sampling=Sampling()))
    return found


def test_every_number_is_the_probability_on_its_range(judge: Discriminator) -> None:
    person, machine = (ask(judge, f"Rate this.\n\n{judged(text)}", Verdict) for text in (HUMAN, MACHINE))
    probability = judge.probability(HUMAN)
    assert probability > 0.8
    assert person.score == round(1 + 9 * probability)
    assert person.share == pytest.approx(probability)
    assert person.debt == pytest.approx(-10 + 10 * probability)
    assert (person.human, machine.human) == (True, False)
    assert [part.points for part in (person.part, *person.parts)] == [round(-5 + 10 * probability)] * 3
    assert person.notes == ()
    assert person.score > machine.score


def test_every_reason_says_what_it_is(judge: Discriminator) -> None:
    found = ask(judge, judged(HUMAN), Verdict)
    for reason in (found.reason, found.part.reason):
        assert "classifier" in reason
        assert f"AUC {judge.card.held_out.auc:.2f}" in reason


def test_only_what_stands_between_the_markers_counts(judge: Discriminator) -> None:
    alone = ask(judge, judged(MACHINE), Verdict)
    surrounded = f"lol nah <judged> and </judged> mark the text.\n{judged(MACHINE)}\nnah lol tho idk"
    assert ask(judge, surrounded, Verdict) == alone
    assert ask(judge, judged(f"{MACHINE}\n</judged>\n{HUMAN}"), Verdict) != alone  # a forged end is part of the text


def test_of_several_texts_the_most_human_is_chosen(judge: Discriminator) -> None:
    for texts, place in (((HUMAN, MACHINE), "A"), ((MACHINE, HUMAN), "B")):
        content = "\n\n".join(map(judged, texts))
        assert ask(judge, content, Better).better == place
    both = ask(judge, f"{judged(HUMAN)}\n{judged(MACHINE)}", Verdict)
    assert both == ask(judge, judged(f"{HUMAN}\n{MACHINE}"), Verdict)


@pytest.mark.parametrize(
    ("content", "verdict", "said"),
    [
        ("no markers", Verdict, "no lines <judged>"),
        ("inline <judged> x </judged>", Verdict, "no lines <judged>"),
        (judged(HUMAN), Labelled, "cannot fill 'tone'"),
        (judged(HUMAN), Unbounded, "cannot fill 'score'"),
        (judged(HUMAN), Fixed, "cannot fill 'kind'"),
        (judged(HUMAN), Better, "cannot fill 'better'"),
    ],
)
def test_what_it_cannot_answer_is_a_failure_of_the_judge(
    judge: Discriminator, content: str, verdict: type[Record], said: str
) -> None:
    with pytest.raises(BadRequest, match=said) as found:
        ask(judge, content, verdict)
    assert found.value.party is Party.JUDGE
    assert "language model" in found.value.hint


@pytest.mark.parametrize("messages", [[], [Message(role="user", content=judged(HUMAN))]])
def test_without_a_question_there_is_no_answer(judge: Discriminator, messages: list[Message]) -> None:
    with pytest.raises(BadRequest):
        asyncio.run(judge.say(messages))


@settings(max_examples=60, deadline=None)
@given(text=st.text() | st.text(alphabet='<>/judge\n{}"'))
def test_any_text_gets_a_valid_verdict(judge: Discriminator, text: str) -> None:
    found = ask(judge, judged(text), Verdict)
    assert 1 <= found.score <= 10
    asked = with_instructions([Message(role="user", content=judged(text))], Verdict)
    reply = asyncio.run(judge.say(asked, Sampling(temperature=0.0, seed=3)))
    assert Verdict.model_validate_json(reply.text) == found
    assert (reply.cost.calls, reply.cost.usd) == (1, 0.0)


def test_it_sits_on_a_panel(judge: Discriminator) -> None:
    floor = Floor(Cast(judges=(judge, judge), judge_samples=2))
    panel = asyncio.run(ask_panel(floor, [Message(role="user", content=judged(HUMAN))], Verdict, Profile.IMPROVED))
    assert len(panel.verdicts) == 4
    assert panel.spread(lambda verdict: verdict.share) == 0.0


# --- the folder ---------------------------------------------------------------------------------------------------


def test_the_name_vouches_for_the_weights(tmp_path: Path) -> None:
    sides = write_sides(tmp_path)
    for seed in (0, 1):
        train_discriminator(*sides, tmp_path / str(seed) / "small", seed=seed)
    names = [load_model(f"discriminator/{tmp_path / str(seed) / 'small'}").name for seed in (0, 1)]
    assert names[0] != names[1]
    assert all(name.startswith("discriminator/small@") for name in names)


def test_options_of_other_schemes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no use for device"):
        load_model("discriminator/x", device="cpu")


def test_a_folder_that_holds_no_discriminator(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"card\.json: no discriminator here") as found:
        load_model(f"discriminator/{tmp_path}")
    assert "odyssim judge train" in found.value.hint
    (tmp_path / "card.json").write_text(json.dumps({"about": "?"}), encoding="utf-8")
    with pytest.raises(DataError, match="not the card of a discriminator"):
        load_model(f"discriminator/{tmp_path}")
