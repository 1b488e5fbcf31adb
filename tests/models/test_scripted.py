"""The scripted doubles: order, injected failures, and the built-in ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.errors import DataError, EndpointTimeout, UnknownName
from odyssim.models.base import ChatModel
from odyssim.models.scripted import BUILT_IN, Scripted, load_scripted, offered_options
from odyssim.types import Cost, Message, Reply, Sampling, StopReason


def user(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


def ask(model: ChatModel, text: str = "Hi.", sampling: Sampling = Sampling()) -> Reply:
    return asyncio.run(model.say(user(text), sampling))


def test_lines_come_in_order_and_errors_are_raised() -> None:
    cut = Reply(text="cu", stop_reason=StopReason.LENGTH)
    model = Scripted(["one", cut, EndpointTimeout("slow"), "two"])
    assert ask(model) == Reply(text="one", cost=Cost(calls=1))
    assert ask(model) is cut
    with pytest.raises(EndpointTimeout):
        ask(model)
    assert ask(model).text == "two"
    with pytest.raises(DataError, match="4 replies and was asked for one more"):
        ask(model)


def test_a_function_sees_messages_and_sampling() -> None:
    def answer(messages: Sequence[Message], sampling: Sampling) -> str | Exception:
        return f"{messages[-1].content} {sampling.seed}" if sampling.seed else EndpointTimeout("no seed")

    model = Scripted(answer, name="mine")
    assert ask(model, "seed", Sampling(seed=7)).text == "seed 7"
    with pytest.raises(EndpointTimeout):
        ask(model)
    assert model.name == "mine"


def test_echo_and_silent() -> None:
    assert ask(load_scripted("echo"), "Say it.").text == "Say it."
    assert ask(load_scripted("silent"), "Say it.").text == ""
    assert load_scripted("echo").name == "scripted/echo"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Where?\nOptions: A. box, B. red, round basket, C. hall", ["A", "B", "C"]),
        ("Options: kitchen, the hall , attic", ["kitchen", "the hall", "attic"]),
        ("Options: old, older\nThen:\nOptions: new, newer\nChoose.", ["new", "newer"]),
        ("Options: maybe", ["maybe"]),
        ("Which Options: a, b", []),
        ("Nothing here.", []),
        ("A. box\nB. bag\nThink.", ["A", "B"]),
        ("(a) box\n(b) bag\nOptions: ", ["a", "b"]),
        ("A) old\nB) older\nA: new\nB: newer\nC: newest", ["A", "B", "C"]),
        ("### Response A\nhi\nAnswer <answer>A</answer> or <answer>B</answer>.", ["A", "B"]),
        ("A. lonely", []),
    ],
)
def test_offered_options(prompt: str, expected: list[str]) -> None:
    assert offered_options(user(prompt)) == expected


def test_first_option_answers_letter_or_text() -> None:
    model = load_scripted("first-option")
    assert ask(model, "Options: A. box, B. bag").text == "<answer>A</answer>"
    assert ask(model, "Options: box, bag").text == "<answer>box</answer>"


@pytest.mark.parametrize("name", ["first-option", "random-option"])
def test_an_open_question_gets_no_answer(name: str) -> None:
    assert "<answer>" not in ask(load_scripted(name), "Choose.").text


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), options=st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1))
def test_random_option_is_offered_and_repeatable(seed: int, options: list[str]) -> None:
    prompt = "Options: " + ", ".join(options)
    first, again = (ask(load_scripted("random-option"), prompt, Sampling(seed=seed)).text for _ in range(2))
    assert first == again
    assert first.removeprefix("<answer>").removesuffix("</answer>") in options


def test_random_option_is_uniform_over_seeds_and_over_items() -> None:
    model = load_scripted("random-option")
    by_seed = Counter(ask(model, "Options: a, b, c, d", Sampling(seed=seed)).text for seed in range(400))
    by_item = Counter(ask(model, f"{item}\nOptions: a, b, c, d").text for item in range(400))
    for counts in (by_seed, by_item):
        assert len(counts) == 4
        assert all(60 <= count <= 140 for count in counts.values())  # 100 expected, standard deviation 8.7


def test_a_file_is_said_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text('{"reply": "one\u2028line"}\n{"reply": "two"}\n', encoding="utf-8")
    model = load_scripted(str(path))
    assert [ask(model).text, ask(model).text] == ["one\u2028line", "two"]
    assert model.name == f"scripted/{path}"
    with pytest.raises(DataError, match="asked for one more"):
        ask(model)


@pytest.mark.parametrize("line", ["", "hello", '{"text": "x"}', '{"reply": 1}', '{"reply": "x", "more": 1}'])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text(f'{{"reply": "one"}}\n{line}\n{{"reply": "three"}}\n')
    with pytest.raises(DataError, match="line 2") as caught:
        load_scripted(str(path))
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_missing_file_and_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        load_scripted(str(tmp_path / "none.jsonl"))
    with pytest.raises(UnknownName, match="Did you mean 'echo'") as caught:
        load_scripted("ecko")
    assert all(name in caught.value.message for name in BUILT_IN)
