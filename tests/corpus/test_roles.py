"""Role rules of published rows, and the token rows that the published trainer makes of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.reference_row import Renderer, growing_prefix, header_length, reference_row
from odyssim.corpus.roles import (
    ALIASES,
    CONVOKIT,
    FAMILIES,
    FOLD_HEADING,
    KEPT_TURNS,
    UNSWAPPED,
    RoleFamily,
    RowMessage,
    apply_role_rule,
    family_of,
    published_name,
)
from odyssim.errors import UnknownName, UsageError
from odyssim.types import Profile
from tests.parity.files.role_swap_masks import decode, encode, renderer
from tests.parity.runner import run_file

REFERENCE, IMPROVED = Profile.REFERENCE, Profile.IMPROVED


def row(*turns: tuple[str, str | None]) -> list[RowMessage]:
    return [RowMessage.model_validate({"role": role, "content": content}) for role, content in turns]


def pairs(messages: list[RowMessage]) -> list[tuple[str, str | None]]:
    return [(message.role, message.content) for message in messages]


rows = st.lists(
    st.builds(
        RowMessage,
        role=st.sampled_from(["system", "user", "assistant", "tool"]),
        content=st.none() | st.text(max_size=12) | st.sampled_from(["<|im_end|>", "<|im_start|>user\n", "ü"]),
    ),
    max_size=30,
)


# --- names ------------------------------------------------------------------------------------------------------


def test_the_table_holds_the_71_published_names() -> None:
    assert len(FAMILIES) == 71
    assert len(CONVOKIT) == len(set(CONVOKIT)) == 22
    assert Counter(FAMILIES.values()) == {
        RoleFamily.SWAP: 9 + 3 + 22,
        RoleFamily.DIALOGUE: 4,
        RoleFamily.HUMANUAL: 7,
        RoleFamily.EXPERIMENT: 2,
        RoleFamily.PSYCH101: 1,
        RoleFamily.COSER: 1,
        RoleFamily.NO_SWAP: 1 + 12 + 5 + 1,
        RoleFamily.SOTOPIA: 1,
        RoleFamily.CHAT: 2,
    }
    for generic in ("dialogue", "humanual", "experiment", "sotopia", "chat"):
        assert FAMILIES[generic].value == generic


@pytest.mark.parametrize("name", FAMILIES)
def test_an_exact_name_has_the_same_family_in_both_profiles(name: str) -> None:
    assert family_of(name, REFERENCE) is family_of(name, IMPROVED) is FAMILIES[name]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("customer_chat_logs", "chat"),
        ("prismatic", "swap"),
        ("soc_chat_x", "chat"),
        ("humanual_chat_v2", "humanual"),
        ("tom_from_coser_v2", "coser"),
        ("education_dialogue_v2", "dialogue"),
        ("psych101_experiment_b", "experiment"),
        ("my_psych101", "psych101"),
    ],
)
def test_the_reference_takes_the_first_name_inside_and_the_improved_profile_refuses(name: str, family: str) -> None:
    assert family_of(name, REFERENCE) == family
    with pytest.raises(UnknownName, match=name):
        family_of(name, IMPROVED)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("name", ["", "unknown_corpus", "WildChat"])
def test_a_name_without_a_family_is_refused(name: str, profile: Profile) -> None:
    with pytest.raises(UnknownName, match="data source"):
        family_of(name, profile)


def test_aliases_lead_to_published_names_in_the_improved_profile_only() -> None:
    assert not ALIASES.keys() & FAMILIES.keys()
    for alias, exact in ALIASES.items():
        assert published_name(alias) == exact
        assert family_of(alias, IMPROVED) is FAMILIES[exact]
    with pytest.raises(UnknownName):
        family_of("supreme_court", REFERENCE)


# --- rules ------------------------------------------------------------------------------------------------------

SWAPPING = [family for family in RoleFamily if family not in UNSWAPPED]
TALK = row(("system", "You are Ida."), ("user", "hey"), ("tool", "42"), ("assistant", None), ("user", "bye"))


@pytest.mark.parametrize("family", SWAPPING)
@pytest.mark.parametrize("profile", Profile)
def test_a_swap_exchanges_user_and_assistant_and_leaves_the_rest(family: RoleFamily, profile: Profile) -> None:
    swapped = pairs(apply_role_rule(TALK, family, profile))
    said = [("assistant", "hey"), ("tool", "42"), ("user", None), ("assistant", "bye")]
    assert swapped == [("system", "You are Ida."), *said]
    assert pairs(apply_role_rule(TALK, family, profile, strip_system=True)) == said


@pytest.mark.parametrize("family", [RoleFamily.SOTOPIA, RoleFamily.CHAT])
@pytest.mark.parametrize("strip_system", [False, True])
def test_sotopia_and_chat_stay_as_they_are(family: RoleFamily, strip_system: bool) -> None:
    assert apply_role_rule(TALK, family, REFERENCE, strip_system=strip_system) == TALK
    assert apply_role_rule(TALK[1:], family, REFERENCE, strip_system=strip_system) == TALK[1:]


def test_no_swap_has_a_system_message_in_front() -> None:
    no_swap = RoleFamily.NO_SWAP
    empty = ("system", "")
    assert apply_role_rule(TALK, no_swap, REFERENCE) == TALK
    assert pairs(apply_role_rule(TALK, no_swap, REFERENCE, strip_system=True)) == [empty, *pairs(TALK[1:])]
    assert pairs(apply_role_rule([], no_swap, REFERENCE)) == [empty]
    late = row(("user", "q"), ("system", "late"))
    assert pairs(apply_role_rule(late, no_swap, REFERENCE)) == [empty, *pairs(late)]


@given(messages=rows, family=st.sampled_from(SWAPPING), profile=st.sampled_from(Profile))
def test_a_swap_of_at_most_twenty_turns_undoes_itself(
    messages: list[RowMessage], family: RoleFamily, profile: Profile
) -> None:
    short = [message for message in messages if message.role != "system"][:KEPT_TURNS]
    assert apply_role_rule(apply_role_rule(short, family, profile), family, profile) == short


# --- folding ----------------------------------------------------------------------------------------------------


def trials(count: int) -> list[RowMessage]:
    """`count` turns that begin with a stimulus and alternate."""
    return row(*((("assistant", f"trial {n}") if n % 2 == 0 else ("user", f"answer {n}")) for n in range(count)))


def folded(messages: list[RowMessage], profile: Profile, *, strip_system: bool = False) -> list[tuple[str, str | None]]:
    return pairs(apply_role_rule(messages, RoleFamily.PSYCH101, profile, strip_system=strip_system))


def test_early_turns_become_text_under_their_roles_of_before() -> None:
    system = row(("system", "first"))
    late = row(("system", "late"))
    turns = trials(24)
    got = folded([*system, *turns[:5], *late, *turns[5:]], REFERENCE)
    assert got[:2] == [("system", "first"), ("system", "late")]
    block = "assistant: trial 0\n\nuser: answer 1\n\nassistant: trial 2\n\nuser: answer 3"
    assert got[2] == ("user", f"{FOLD_HEADING}\n{block}\n\ntrial 4")
    assert got[3:5] == [("assistant", "answer 5"), ("user", "trial 6")]
    assert len(got) == 2 + KEPT_TURNS
    assert [role for role, _ in folded([*system, *turns], REFERENCE, strip_system=True)].count("system") == 0


@pytest.mark.parametrize("profile", Profile)
def test_twenty_turns_are_left_alone_with_a_late_system_message_in_place(profile: Profile) -> None:
    turns = trials(KEPT_TURNS)
    late = [*turns[:7], *row(("system", "late")), *turns[7:]]
    assert folded(late, profile)[7] == ("system", "late")
    assert len(folded(late, profile)) == KEPT_TURNS + 1


def test_an_odd_row_loses_an_answer_in_the_reference_only() -> None:
    first, second, *_ = folded(trials(23), REFERENCE)
    assert first[0] == second[0] == "user"
    assert (first[1] or "").endswith("\n\nanswer 3")
    first, second, *rest = folded(trials(23), IMPROVED)
    assert (first[0], second) == ("user", ("assistant", "answer 3"))
    assert (first[1] or "").endswith("user: answer 1\n\ntrial 2")
    assert len(rest) == KEPT_TURNS + 1 - 2


def test_a_null_is_an_empty_text_only_where_it_is_folded() -> None:
    turns = trials(22)
    nulled = [turn if n not in (0, 2, 3) else RowMessage(role=turn.role) for n, turn in enumerate(turns)]
    first, second, *_ = folded(nulled, REFERENCE)
    assert first == ("user", f"{FOLD_HEADING}\nassistant: \n\nuser: answer 1\n\n")
    assert second == ("assistant", None)


@given(messages=rows)
def test_the_improved_fold_keeps_every_late_answer_an_answer(messages: list[RowMessage]) -> None:
    turns = [message for message in messages if message.role != "system"]
    got = apply_role_rule(messages, RoleFamily.PSYCH101, IMPROVED)
    answers = [turn.content for turn in turns[-KEPT_TURNS:] if turn.role == "user"]
    kept = [message.content for message in got if message.role == "assistant"]
    assert kept[len(kept) - len(answers) :] == answers
    assert sum(message.role == "system" for message in got) == sum(message.role == "system" for message in messages)


# --- token rows -------------------------------------------------------------------------------------------------

CHATML: Renderer = renderer("chatml")


@given(messages=rows)
def test_loss_covers_what_each_assistant_turn_says_and_its_end(messages: list[RowMessage]) -> None:
    tokens = reference_row(messages, CHATML)
    dicts = [message.model_dump() for message in messages]
    whole = CHATML(dicts, add_generation_prompt=False)
    assert tokens.prompt + tokens.response == whole == [token for turn in tokens.turns for token in turn]
    for message, ids, mask in zip(messages, tokens.turns, tokens.masks, strict=True):
        trained = decode([token for token, flag in zip(ids, mask, strict=True) if flag])
        assert trained == (f"{message.content or ''}<|im_end|>\n" if message.role == "assistant" else "")
    assert sum(tokens.response_mask) == sum(map(sum, tokens.masks))


@given(messages=rows, most=st.integers(0, 60), least=st.integers(0, 60))
def test_the_prompt_keeps_its_end_and_the_response_its_beginning(
    messages: list[RowMessage], most: int, least: int
) -> None:
    whole = reference_row(messages, CHATML)
    cut = reference_row(messages, CHATML, max_prompt_tokens=most, max_response_tokens=least)
    assert cut.prompt == whole.prompt[max(0, len(whole.prompt) - most) :]
    assert (cut.response, cut.response_mask) == (whole.response[:least], whole.response_mask[:least])
    assert cut.split == whole.split == len(whole.prompt)


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        (row(("assistant", "hi"), ("user", "yo")), "<|im_start|>assistant\n"),
        (row(("system", "s"), ("assistant", "hi")), "<|im_start|>system\ns<|im_end|>\n<|im_start|>assistant\n"),
        (row(*[("user", "a")] * 3), "<|im_start|>user\na<|im_end|>\n" * 2),
        (row(("user", "alone")), "<|im_start|>user\nalone<|im_end|>\n"),
        (row(), ""),
    ],
)
def test_the_prompt_ends_at_the_first_loss_or_after_two_turns(messages: list[RowMessage], prompt: str) -> None:
    assert decode(reference_row(messages, CHATML).prompt) == prompt


def test_a_template_that_reacts_to_the_thinking_keyword_costs_every_turn_its_beginning() -> None:
    assert header_length(CHATML) == header_length(renderer("think_prefill")) == len(encode("<|im_start|>assistant\n"))
    reacting = renderer("think_prefill_budget")
    assert header_length(reacting) == header_length(CHATML) + 6
    tokens = reference_row(row(("user", "q"), ("assistant", "0123456789"), ("assistant", "tiny")), reacting)
    trained = [token for token, flag in zip(tokens.response, tokens.response_mask, strict=True) if flag]
    assert decode(trained) == "6789<|im_end|>\n"


def test_a_template_that_looks_ahead_is_refused_unless_tool_turns_adjoin() -> None:
    looks_ahead = renderer("context_dependent")
    once = row(("user", "q"), ("assistant", "a"))
    assert "<think>" in decode(reference_row(once, looks_ahead).response)
    twice = [*once, *row(("user", "q"), ("assistant", "a"))]
    with pytest.raises(UsageError, match="in another way when others follow"):
        reference_row(twice, looks_ahead)
    merging = renderer("merge_tool_turns")
    tools = row(("user", "q"), ("tool", "one"), ("tool", "second"), ("assistant", "a"))
    turns = growing_prefix([message.model_dump() for message in tools], merging)
    assert decode(turns[1]) == "<|im_start|>user\n<tool_response>\none\n</tool_response><|im_end|>\n"
    assert "<tool_response>\nsecond" not in decode(turns[2])
    separated = row(("tool", "one"), ("assistant", "a"), ("tool", "two"), ("assistant", "b"))
    assert reference_row(separated, merging).split > 0


def test_every_prefix_is_rendered_once() -> None:
    rendered: list[int] = []

    def counting(messages: list[dict[str, str | None]], *, add_generation_prompt: bool, **options: object) -> list[int]:
        rendered.append(len(messages))
        return CHATML(messages, add_generation_prompt=add_generation_prompt, **options)

    growing_prefix([{"role": "user", "content": "a"}] * 5, counting)  # type: ignore[arg-type]
    assert rendered == [1, 2, 3, 4, 5]


# --- the parity adapter covers every field ----------------------------------------------------------------------


def test_the_adapter_sees_a_wrong_value_in_any_field(tmp_path: Path) -> None:
    case = {
        "name": "mini",
        "data_source": "lmsys",
        "template": "chatml",
        "messages_in": [{"role": "user", "content": "q"}],
        "stored_under": "extra_info.messages",
        "strip_system": False,
        "max_prompt_tokens": None,
        "max_response_tokens": None,
        "family": "swap",
        "messages_out": [{"role": "assistant", "content": "q"}],
        "prompt_tokens": 11,
        "response_tokens": 3,
        "loss_tokens": 3,
        "turns": [
            {
                "index": 0,
                "role": "assistant",
                "carries_loss": True,
                "text_under_loss": "q<|im_end|>\n",
                "masked_tokens_before_first_loss": 11,
            }
        ],
        "prompt_covers_turns": [0],
        "prompt_ends_inside_a_turn": True,
    }
    given_fields, row_fields = list(case)[:8], list(case)[8:]
    refused = {key: case[key] for key in given_fields}
    right = [
        case,
        refused | {"stored_under": None, "family": "swap", "error": "no_messages"},
        refused | {"data_source": None, "family": None, "error": "unknown_data_source"},
    ]
    wrong = [case | {key: "wrong"} for key in (*row_fields, "error")]
    (tmp_path / "role_swap_masks.json").write_text(json.dumps({"cases": right + wrong}))
    result = run_file(tmp_path / "role_swap_masks.json")
    assert (result.passed["all"], result.total["all"]) == (len(right), len(right) + len(wrong))
