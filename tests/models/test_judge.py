"""`ask_judge`: finding the verdict in what a judge wrote, asking again, giving up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from odyssim.errors import EndpointDown, Party, UnparsableVerdict
from odyssim.models.base import Cast, Floor, Role
from odyssim.models.judge import ask_judge, last_json_object, with_instructions
from odyssim.models.scripted import Line, Scripted
from odyssim.types import Cost, Message, Record, Reply, Sampling, StopReason

QUESTION = (Message(role="system", content="You are strict."), Message(role="user", content="How warm is this?"))


class Tone(StrEnum):
    KIND = "kind"
    COLD = "cold"


class Verdict(Record):
    """How warm an answer is."""

    reason: str
    score: int = Field(ge=1, le=5, description="5 is warmest")
    tones: tuple[Tone, ...] = ()


class Ratio(Record):
    value: float


GOOD = '{"reason": "smiles", "score": 4, "tones": ["kind"]}'


def judge(
    *script: Line, retries: int = 2, sampling: Sampling = Sampling(seed=1), role: Role = Role.JUDGE
) -> tuple[Floor, Verdict, Cost]:
    model = Scripted(script, name="judge")
    floor = Floor(Cast(judges=(model,), writer=model))
    verdict, cost = asyncio.run(ask_judge(floor, QUESTION, Verdict, sampling=sampling, retries=retries, role=role))
    return floor, verdict, cost


# --- finding the object -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('First {"a": 1}, on reflection {"a": 2}.', {"a": 2}),
        ('<think>{"a": 1}</think>{"a": 2}', {"a": 2}),
        ('{"a": {"a": 1}, "b": [{"a": 3}]}', {"a": {"a": 1}, "b": [{"a": 3}]}),
        ('The set {x, y} and f{} matter: {"a": 1} {so there}', {"a": 1}),
        ('{{"a": 1}}', {"a": 1}),
        ('{"a": "line\nbreak and } and {"}', {"a": "line\nbreak and } and {"}),
        ("no object", None),
        ("", None),
        ('<think>{"a": 1}</think>', None),
        ('{"a": 1} <think>or rather', None),
        ('{"a": 1} better: {"a": 2, "why": "cut off he', None),
        ('{"inner": {"a": 1}, "why": ', None),
        ('{"drafts": [{"a": 1}, {"a": 2}], "a": 3,}', None),
        ('{"a": 1} better: {"a": 2,}', None),
        ('["a"]', None),
        ('{"a":' * 100_000, None),
        ('{"a": ' + "1" * 10_000 + "}", None),
    ],
)
def test_last_json_object(text: str, expected: object) -> None:
    assert last_json_object(text) == expected


prose = st.text().filter(lambda text: "{" not in text and "think>" not in text)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, min_size=1).filter(lambda found: "think>" not in json.dumps(found))


@settings(max_examples=50, deadline=None)
@given(draft=objects, final=objects, before=prose, between=prose, after=prose)
def test_the_last_object_is_found_whatever_surrounds_it(
    draft: object, final: object, before: str, between: str, after: str
) -> None:
    text = f"{before}{json.dumps(draft)}{between}{json.dumps(final, ensure_ascii=False, indent=1)}{after}"
    assert last_json_object(text) == final


@settings(max_examples=50, deadline=None)
@given(found=objects, data=st.data())
def test_a_cut_object_is_never_read(found: object, data: st.DataObject) -> None:
    whole = json.dumps(found)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert last_json_object(f"Draft: {whole} Final: {cut}") in ([None] if len(cut) > 1 else [None, found])


# --- the question -------------------------------------------------------------------------------------------------


def test_instructions_describe_the_shape_in_the_last_user_message() -> None:
    system, user = with_instructions(QUESTION, Verdict)
    assert system == QUESTION[0]
    assert user.content.startswith("How warm is this?\n\n")
    schema = json.loads(user.content.splitlines()[-1])
    assert schema["properties"]["score"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 5,
        "description": "5 is warmest",
    }
    assert schema["additionalProperties"] is False


def test_instructions_never_change_what_the_model_said() -> None:
    said = Message(role="assistant", content="Let me see.")
    *_, before, last = with_instructions((*QUESTION, said), Verdict)
    assert before == said
    assert last.role == "user"


# --- asking -------------------------------------------------------------------------------------------------------


def test_a_good_verdict_needs_one_call() -> None:
    floor, verdict, cost = judge(f"<think>Hm.</think>It is warm. {GOOD}")
    assert verdict == Verdict(reason="smiles", score=4, tones=(Tone.KIND,))
    assert cost == floor.cost == Cost(calls=1)
    assert [call.role for call in floor.calls] == ["judge"]
    assert floor.calls[0].sampling == Sampling(seed=1)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("Warm, I would say.", "one complete JSON object"),
        ('{"reason": "r", "score": 6}', "score: Input should be less than or equal to 5"),
        ('{"reason": "r", "score": "4"}', "score: Input should be a valid integer"),
        ('{"reason": "r", "score": 4.5}', "score: Input should be a valid integer"),
        ('{"reason": "r", "score": true}', "score: Input should be a valid integer"),
        ('{"reason": "r"}', "score: Field required"),
        ('{"reason": "r", "score": 4, "mood": "x"}', "mood: Extra inputs are not permitted"),
        ('{"reason": "r", "score": 4, "tones": ["odd"]}', "tones.0: Input should be 'kind' or 'cold'"),
        ('{"reason": "\\ud800", "score": 4}', "Invalid JSON"),
    ],
)
def test_a_bad_verdict_is_put_back_with_what_was_wrong(bad: str, complaint: str) -> None:
    floor, verdict, cost = judge(f"<think>Hm.</think>{bad}", GOOD)
    assert verdict.score == 4
    assert cost == floor.cost == Cost(calls=2)
    first, second = floor.calls
    *question, answer, objection = second.messages
    assert tuple(question) == first.messages
    assert answer == Message(role="assistant", content=bad)
    assert complaint in objection.content
    assert second.sampling.seed not in (None, first.sampling.seed)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999"])
def test_a_number_that_is_none_is_no_verdict(value: str) -> None:
    floor = Floor(Cast(judges=(Scripted([f'{{"value": {value}}}', '{"value": 1}']),)))
    verdict, _ = asyncio.run(ask_judge(floor, QUESTION, Ratio, sampling=Sampling()))
    assert verdict.value == 1.0
    assert "finite" in floor.calls[1].messages[-1].content


def test_after_the_retries_the_verdict_is_unparsable_and_every_call_is_kept() -> None:
    paid = Reply(text="Warm.", cost=Cost(calls=1, usd=0.25))
    model = Scripted([paid] * 3, name="openai-api/judge")
    floor = Floor(Cast(judges=(model,)))
    with pytest.raises(UnparsableVerdict, match="openai-api/judge gave no valid Verdict in 3 attempts") as caught:
        asyncio.run(ask_judge(floor, QUESTION, Verdict, sampling=Sampling(seed=1)))
    assert caught.value.party is Party.JUDGE
    assert caught.value.cost == floor.cost == Cost(calls=3, usd=0.75)
    assert len({call.sampling.seed for call in floor.calls}) == 3
    assert "stronger judge" in caught.value.hint


def test_without_retries_one_call_decides() -> None:
    with pytest.raises(UnparsableVerdict, match="1 attempts"):
        judge("Warm.", GOOD, retries=0)


def test_a_truncated_verdict_is_a_failure_that_names_the_limit() -> None:
    cut = Reply(text=GOOD + ' No: {"reason": "sm', stop_reason=StopReason.LENGTH)
    with pytest.raises(UnparsableVerdict, match="length limit") as caught:
        judge(cut, cut, cut)
    assert "max_tokens" in caught.value.hint


def test_a_complete_verdict_before_the_length_limit_counts() -> None:
    assert judge(Reply(text=GOOD + " I hope", stop_reason=StopReason.LENGTH))[1].score == 4


def test_an_empty_answer_is_put_back_as_a_message_that_endpoints_accept() -> None:
    floor, *_ = judge("", GOOD)
    assert floor.calls[1].messages[-2].content == "(no answer)"


def test_a_failed_call_is_not_retried_here() -> None:
    with pytest.raises(EndpointDown) as caught:
        judge("Warm.", EndpointDown("gone"), GOOD)
    assert caught.value.party is Party.JUDGE


def test_other_seats_give_verdicts_too() -> None:
    floor, *_ = judge(GOOD, role=Role.WRITER)
    assert [call.role for call in floor.calls] == ["writer"]


def test_unseeded_sampling_stays_unseeded() -> None:
    def seeds(messages: Sequence[Message], sampling: Sampling) -> str:
        return GOOD if len(messages) > len(QUESTION) and sampling.seed is None else "Warm."

    floor = Floor(Cast(judges=(Scripted(seeds),)))
    asyncio.run(ask_judge(floor, QUESTION, Verdict, sampling=Sampling()))
    assert len(floor.calls) == 2
