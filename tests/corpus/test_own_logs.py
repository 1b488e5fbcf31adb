"""A person's own logs: recognised, asked about where nobody can know who the person is, and read."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.own.layout import LogFormat
from odyssim.corpus.own.reader import OwnLog, add_log, own_log
from odyssim.corpus.own.recognise import Recognised, recognise
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.types import Axis, Interaction, SocialContext


def read_log(path: Path, **choices: Any) -> list[Interaction]:
    """The interactions of a log; `choices` as for `own_log`."""
    reader = own_log(path, **choices)
    return list(reader.read(reader.files(None), ReadReport()))


def lines(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def document(path: Path, value: Any, *, indent: int | None = 2) -> Path:
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    return path


def table(path: Path, *rows: str) -> Path:
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def said(interaction: Interaction) -> list[tuple[str, str, bool]]:
    assert all(turn.human == turn.train for turn in interaction.turns)
    return [(turn.speaker, turn.text, turn.train) for turn in interaction.turns]


def seen(log: Recognised) -> dict[str, int]:
    return {speaker.name: speaker.turns for speaker in log.speakers}


OPENAI = {
    "id": "chat-1",
    "messages": [
        {"role": "system", "content": "Answer briefly."},
        {"role": "user", "content": " any tea left? "},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "look"}}]},
        {"role": "tool", "content": "two bags", "tool_call_id": "1"},
        {"role": "assistant", "content": "Two bags."},
        {"role": "user", "content": [{"type": "text", "text": "mine"}, {"type": "image_url", "image_url": {}}]},
    ],
}
HEARD = [("user", "any tea left?", True), ("assistant", "Two bags.", False), ("user", "mine", True)]


# --- OpenAI messages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["lines", "list", "document", "bare", "packed", "archive"])
def test_openai_messages_are_known_in_every_container(tmp_path: Path, container: str) -> None:
    match container:
        case "lines":
            path = lines(tmp_path / "chats.jsonl", OPENAI)
        case "list":
            path = document(tmp_path / "chats.json", [OPENAI], indent=None)
        case "document":
            path = document(tmp_path / "chats.json", OPENAI)
        case "bare":
            path = document(tmp_path / "chats.json", OPENAI["messages"])
        case "packed":
            path = tmp_path / "chats.jsonl.gz"
            path.write_bytes(gzip.compress(json.dumps(OPENAI).encode()))
        case _:
            path = tmp_path / "chats.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("inner/chats.jsonl", json.dumps(OPENAI))
    log = recognise(path)
    assert (log.format, log.conversations, log.human) == (LogFormat.OPENAI, 1, "user")
    assert seen(log) == {"user": 2, "assistant": 1}
    (interaction,) = read_log(path)
    assert said(interaction) == HEARD
    assert interaction.context is None
    assert (interaction.source.licence, interaction.axis, interaction.language) == ("unknown", Axis.CONV, "")


def test_each_conversation_knows_its_place_and_id(tmp_path: Path) -> None:
    nameless = {"messages": OPENAI["messages"]}
    path = lines(tmp_path / "my.chats.jsonl", OPENAI, nameless)
    first, second = read_log(path, licence="CC0-1.0", axis=Axis.SS)
    assert (first.source.original_id, first.source.place) == ("chat-1", "my.chats.jsonl, line 1")
    assert second.source.original_id == second.source.place == "my.chats.jsonl, line 2"
    assert (first.source.dataset, first.source.licence, first.axis) == ("my", "CC0-1.0", Axis.SS)


def test_what_the_machine_was_told_is_context_only_where_the_machines_side_is_imitated(tmp_path: Path) -> None:
    path = lines(tmp_path / "chats.jsonl", OPENAI)
    told = SocialContext(profiles={"assistant": "Answer briefly."}, author="native")
    assert [one.context for human in (None, "user") for one in read_log(path, human=human)] == [None, None]
    assert [one.context for human in ("assistant", "both") for one in read_log(path, human=human)] == [told, told]
    (interaction,) = read_log(path, human="both")
    assert all(turn.train for turn in interaction.turns)


def test_a_conversation_in_which_the_person_says_nothing_is_a_skip(tmp_path: Path) -> None:
    silent = {"messages": [{"role": "assistant", "content": "hello?"}, {"role": "user", "content": ""}]}
    reader = own_log(lines(tmp_path / "chats.jsonl", silent, OPENAI))
    report = ReadReport()
    assert len(list(reader.read(reader.files(None), report))) == 1
    assert report.skips["no human turn worth imitating"].first == "chats.jsonl, line 1"
    assert report.records == {"chats.jsonl": 2}


# --- ShareGPT ---------------------------------------------------------------------------------------------------


def sharegpt(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"id": 5, "conversations": [{"from": role, "value": text} for role, text in turns]}


@pytest.mark.parametrize("person", ["human", "user"])
def test_sharegpt_is_known_by_its_usual_names(tmp_path: Path, person: str) -> None:
    chat = sharegpt(("system", "Be kind."), (person, "hm"), ("observation", "42"), ("gpt", "Yes?"))
    for path in (document(tmp_path / "s.json", [chat]), lines(tmp_path / "s.jsonl", chat)):
        log = recognise(path)
        assert (log.format, log.human) == (LogFormat.SHAREGPT, person)
        (interaction,) = read_log(path)
        assert said(interaction) == [(person, "hm", True), ("gpt", "Yes?", False)]
        assert interaction.source.original_id == "5"


def test_odd_names_are_asked_about_and_a_system_message_is_their_scene(tmp_path: Path) -> None:
    chat = sharegpt(("system", "A heath."), ("Lear", "Blow, winds"), ("Fool", "Nuncle, in"), ("Lear", "Rumble"))
    path = document(tmp_path / "s.json", [chat])
    listed = r"'Lear' \(2 times, as in: Blow, winds / Rumble\); 'Fool' \(1 times, as in: Nuncle, in\)"
    with pytest.raises(UsageError, match=listed) as caught:
        read_log(path)
    assert str(path) in caught.value.message
    assert "--human NAME, or --human both" in caught.value.hint
    (interaction,) = read_log(path, human="Fool")
    assert interaction.imitated_speakers == ("Fool",)
    assert interaction.context == SocialContext(scenario="A heath.", author="native")


# --- tau2 -------------------------------------------------------------------------------------------------------

TAU2 = {
    "timestamp": "2025-01-01T00:00:00",
    "info": {"user_info": {"implementation": "user_simulator"}},
    "tasks": [
        {
            "id": "7",
            "user_scenario": {
                "persona": "Curt.",
                "instructions": {
                    "domain": "retail",
                    "reason_for_call": "The kettle leaks.",
                    "known_info": "You are Kim Oz.",
                    "unknown_info": None,
                    "task_instructions": "Refuse a voucher.",
                },
            },
        },
        {"id": "8", "user_scenario": {"persona": None, "instructions": "Ask for the hours."}},
    ],
    "simulations": [
        {
            "id": "run-a",
            "task_id": "7",
            "reward_info": {"reward": 1.0},
            "messages": [
                {"role": "assistant", "content": "Hi! How can I help?", "tool_calls": None},
                {"role": "user", "content": "kettle leaks", "tool_calls": None},
                {"role": "assistant", "content": None, "tool_calls": [{"name": "refund"}]},
                {"role": "tool", "content": "done", "requestor": "assistant"},
                {"role": "user", "content": "thanks ###STOP###", "tool_calls": None},
            ],
        },
        {"id": "run-b", "task_id": "8", "messages": [{"role": "user", "content": "when open?"}]},
    ],
}


@pytest.mark.parametrize("indent", [2, None])
def test_tau2_runs_say_that_a_model_played_the_user_and_are_read_on_demand(tmp_path: Path, indent: int | None) -> None:
    path = document(tmp_path / "run.json", TAU2, indent=indent)
    log = recognise(path)
    assert (log.format, log.conversations, log.human) == (LogFormat.TAU2, 2, None)
    with pytest.raises(UsageError, match=r"played by a model.*'user' \(3 times"):
        read_log(path)
    first, second = read_log(path, human="user")
    assert said(first) == [
        ("assistant", "Hi! How can I help?", False),
        ("user", "kettle leaks", True),
        ("user", "thanks", True),
    ]
    assert first.context == SocialContext(
        profiles={"user": "Curt.\nYou are Kim Oz."},
        goals={"user": "The kettle leaks.\nRefuse a voucher."},
        author="native",
    )
    assert second.context == SocialContext(goals={"user": "Ask for the hours."}, author="native")
    assert (first.tags, first.source.original_id) == (("synthetic:model",), "run-a")
    assert own_log(path, human="user").card.synthetic


@pytest.mark.data
@pytest.mark.parametrize("domain", ["airline", "retail", "mock", "banking_knowledge"])
def test_the_tasks_of_the_benchmark_have_the_shape_that_is_read(tmp_path: Path, data_root: Path, domain: str) -> None:
    tasks = json.loads((data_root / f"bench/tau2_bench/data/tau2/domains/{domain}/tasks.json").read_text())
    messages = [{"role": "user", "content": "hello"}]
    runs = [{"id": f"run {task['id']}", "task_id": task["id"], "messages": messages} for task in tasks]
    path = document(tmp_path / "run.json", {"tasks": tasks, "simulations": runs})
    contexts = [one.context for one in read_log(path, human="user")]
    assert len(contexts) == len(tasks)
    assert all(context and context.goals["user"] for context in contexts)


# --- tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delimiter", "suffix"), [(",", "csv"), (";", "csv"), ("\t", "tsv")])
def test_columns_are_found_by_their_usual_names(tmp_path: Path, delimiter: str, suffix: str) -> None:
    rows = [
        ["When", "Chat ID", "Role", "Message"],
        ["1", "a", "User", '"hi there\nyou"'],
        ["2", "a", "Bot", "hello"],
        ["3", "a", "", "Ana joined"],
        ["4", "b", "User", "ok"],
    ]
    path = table(tmp_path / f"t.{suffix}", *(delimiter.join(row) for row in rows))
    log = recognise(path)
    assert (log.format, log.conversations, log.human) == (LogFormat.CSV, 2, "User")
    assert log.layout == "csv (conversations by 'Chat ID', speakers in 'Role', texts in 'Message')"
    first, second = read_log(path)
    assert said(first) == [("User", "hi there\nyou", True), ("Bot", "hello", False)]
    assert (second.source.original_id, second.source.place) == ("b", f"t.{suffix}, line 6")


def test_speakers_of_a_table_that_nobody_can_know_are_asked_about(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "speaker,text", "A,hi", "B,hello", "A,bye")
    assert "one conversation" in recognise(path).layout
    with pytest.raises(
        UsageError, match=r"nothing in it says who the person is.*'A' \(2 times, as in: hi / bye\); 'B'"
    ):
        own_log(path)
    (interaction,) = read_log(path, human="both")
    assert interaction.imitated_speakers == ("A", "B")
    with pytest.raises(UnknownName, match="'C'"):
        read_log(path, human="C")


def test_the_question_shows_a_few_of_many_speakers_and_the_beginning_of_long_turns(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "speaker,text", *(f"P{n},{'long ' * 50}" for n in range(30)))
    question = recognise(path).question().message
    assert "and 20 more" in question
    assert len(question) < 1500


def test_a_table_without_the_columns_or_with_scattered_rows_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "a,hi,there", "b,hello,you")
    with pytest.raises(DataError, match=r"t\.csv, line 1: the header names no column for the speaker.*a, hi, there"):
        recognise(path)
    path = table(tmp_path / "t.csv", "speaker,when", "a,1")
    with pytest.raises(DataError, match="no column for the text"):
        recognise(path)
    path = table(tmp_path / "t.csv", "chat,who,text", "1,A,x", "2,A,y", "1,B,z")
    with pytest.raises(DataError, match="line 4: the rows of conversation '1' do not lie together") as caught:
        recognise(path)
    assert "sort the rows by 'chat'" in caught.value.hint


# --- our own interactions ---------------------------------------------------------------------------------------


def test_interactions_say_everything_themselves(tmp_path: Path) -> None:
    own = {
        "turns": [
            {"speaker": "Ana", "text": "you up?", "human": True, "train": True},
            {"speaker": "Ben", "text": "no", "human": False, "train": False},
        ],
        "context": None,
        "source": {"dataset": "mine", "licence": "CC0-1.0", "split": "train", "original_id": "1"},
        "axis": "CONV",
    }
    path = lines(tmp_path / "mine.jsonl", own, own)
    log = recognise(path)
    assert (log.format, log.conversations, log.human) == (LogFormat.INTERACTIONS, 2, None)
    assert seen(log) == {"Ana": 2, "Ben": 2}
    assert isinstance(own_log(path), InteractionFile)
    assert list(read_log(path)) == [Interaction.model_validate(own)] * 2
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.write(path, "inner/mine.jsonl")
    assert list(read_log(tmp_path / "mine.zip")) == list(read_log(path))
    with pytest.raises(UsageError, match="its lines say"):
        read_log(path, human="Ana")
    with pytest.raises(DataError, match="interactions stand one to a line"):
        recognise(document(tmp_path / "mine.json", [own]))


# --- what is no log ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", b"", "it is empty"),
        ("a.txt", b"Ana: hi", "begins with neither"),
        ("a.json", b'{"rows": [1], "cols": 2}', "the keys of its records are: rows, cols"),
        ("a.json", b"[1, 2]", "the keys of its records are: none"),
        ("a.csv", b"", "the file is empty"),
        ("a.jsonl.gz", b"no archive", "damaged"),
        ("a.json", b'[\n{"messages": [\n{"role": "user", }\n]}]', "line 3: broken JSON"),
        ("a.json", b'{"messages":\n [{"role": "user"\n', "line"),
        ("a.jsonl", b'{"messages": []}\n{"messages": 5}\n', "line 2: messages"),
        ("a.jsonl", b'{"messages": []}\n{"messages"\n', "line 2: broken JSON"),
        ("a.jsonl", b'{"messages": [{"content": "x"}]}\n', "line 1: messages.0.role"),
        ("a.json", b'{"tasks": [], "simulations": [{"id": "1"}]}', "no JSON list at tasks"),
        ("a.csv", b"speaker,text\nA,x,y\n", "line 2: 3 fields where the header has 2"),
        ("a.csv", b"speaker,text\nA,\xff\n", "line 2: not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        recognise(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message


def test_a_log_is_one_file(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", OPENAI)
    lines(tmp_path / "b.jsonl", OPENAI)
    with pytest.raises(DataError, match="2 files are here, where one log is expected"):
        recognise(tmp_path)
    with pytest.raises(DataError, match="no such"):
        recognise(tmp_path / "c.jsonl")


# --- what is asked and what is read agree -----------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
chats = st.lists(
    st.lists(st.tuples(st.sampled_from(["user", "assistant", "system", "tool"]), st.none() | texts), max_size=6),
    min_size=1,
    max_size=5,
)


@given(chats=chats)
def test_every_text_of_a_person_is_read_once_and_in_order(
    chats: list[list[tuple[str, str | None]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("log") / "chats.jsonl"
    records = [{"messages": [{"role": role, "content": text} for role, text in chat]} for chat in chats]
    lines(path, *records)
    expected = [text.strip() for chat in chats for role, text in chat if role == "user" and text and text.strip()]
    log = recognise(path)
    assert log.conversations == len(chats)
    assert seen(log).get("user", 0) == len(expected)
    if expected:
        reader = own_log(path, human="user")
        assert isinstance(reader, OwnLog)
        found = reader.read(reader.files(None), ReadReport())
        assert [turn.text for one in found for turn in one.turns if turn.train] == expected


def test_what_is_added_is_a_source_by_its_path(tmp_path: Path) -> None:
    log = lines(tmp_path / "chats.jsonl", *[{"messages": [{"role": "user", "content": f"hi {i}"}]} for i in range(3)])
    added = add_log(log, tmp_path / "mine.jsonl", licence="CC0-1.0")
    assert (added.conversations, added.interactions, added.imitated) == (3, 3, ("user",))
    assert read_log(added.path) == read_log(log, licence="CC0-1.0")
