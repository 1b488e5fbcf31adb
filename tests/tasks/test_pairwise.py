"""Both orders: a judge of texts keeps its choice, a judge of places shows itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest

from odyssim.errors import EndpointDown, Party, UnparsableVerdict
from odyssim.models.base import Cast, Floor
from odyssim.models.scripted import Line, Scripted
from odyssim.tasks.pairwise import BothOrders, ask_both_orders
from odyssim.types import Message, Profile, Sampling


def question(first: str, second: str) -> Sequence[Message]:
    return [Message(role="user", content=f"A: {first}\nB: {second}")]


def choosing(choice: Callable[[str, str], str], name: str = "judge") -> Scripted:
    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        first, second = (line[3:] for line in messages[0].content.split("\n")[:2])
        return json.dumps({"reason": "so", "better": choice(first, second)})

    return Scripted(answer, name=name)


def asked(*judges: Scripted, samples: int = 1) -> tuple[BothOrders, Floor]:
    floor = Floor(Cast(judges=judges, judge_samples=samples))
    found = asyncio.run(ask_both_orders(floor, question, "long text", "short", Profile.IMPROVED, "pair"))
    return found, floor


LONGER = choosing(lambda first, second: "A" if len(first) > len(second) else "B", "longer")
SHORTER = choosing(lambda first, second: "A" if len(first) < len(second) else "B", "shorter")
FIRST = choosing(lambda first, second: "A", "first")


@pytest.mark.parametrize(
    ("judges", "share", "flipped", "first_place"),
    [
        ((LONGER,), 1.0, 0.0, 0.5),
        ((SHORTER,), 0.0, 0.0, 0.5),
        ((FIRST,), 0.5, 1.0, 1.0),
        ((LONGER, SHORTER), 0.5, 0.0, 0.5),
        ((LONGER, FIRST), 0.75, 0.5, 0.75),
    ],
)
def test_what_both_orders_tell(judges: tuple[Scripted, ...], share: float, flipped: float, first_place: float) -> None:
    found, _ = asked(*judges)
    assert (found.share, found.flipped, found.first_place) == (share, flipped, first_place)


def test_every_sample_of_every_order_has_a_seed_of_its_own() -> None:
    found, floor = asked(LONGER, samples=3)
    assert len(found.given) == len(found.swapped) == 3
    assert len({call.sampling.seed for call in floor.calls}) == 6
    assert [call.messages[0].content.startswith("A: long") for call in floor.calls] == [True] * 3 + [False] * 3


def test_a_missing_choice_is_a_failure_and_no_draw() -> None:
    good = '{"reason": "so", "better": "A"}'
    with pytest.raises(EndpointDown) as found:
        asked(Scripted([good, EndpointDown("gone")]))
    assert found.value.party is Party.JUDGE
    with pytest.raises(UnparsableVerdict):
        asked(Scripted([good, "B, I think", '{"reason": "so", "better": "C"}', "neither"]))
