"""The envelope of the published files: one accessor, Parquet and JSONL, and clear words about broken rows."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.tasks.published import PublishedFiles, published_rows
from odyssim.tasks.rows import Row, as_list, read_rows, write_rows
from odyssim.types import Message, Origin

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text())


def row(**info: Any) -> Row:
    return Row(data_source="hitom", index=3, info=info, origin=Origin.PUBLISHED, path=Path("f.parquet"), line=4)


def test_absent_null_and_blank_are_the_same() -> None:
    for given_row in (row(), row(story=None), row(story="  \n")):
        assert given_row.text("story") == ""
        assert given_row.texts("story") == ()
        assert given_row.whole("story") is None
        with pytest.raises(DataError, match=r"f\.parquet, line 4: hitom 3: 'story' is missing"):
            given_row.need("story")
    assert row(story=None, tale="x").text("story", "tale") == "x"
    assert row(history=[], past=["a", None]).texts("history", "past") == ("a", "")


@pytest.mark.parametrize(("value", "number"), [(3, 3), (3.0, 3), ("3", 3), (" 3 ", 3), ("", None), (None, None)])
def test_whole_numbers(value: object, number: int | None) -> None:
    assert row(n=value).whole("n") == number


@pytest.mark.parametrize("value", ["three", 2.5, [1], {"a": 1}, "2.5"])
def test_what_is_no_whole_number_is_said(value: object) -> None:
    with pytest.raises(DataError, match="not a whole number"):
        row(n=value).whole("n")


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (["a"], ["a"]),
        (("a",), ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ("['a', 'b']", ["a", "b"]),
        ("a, b", []),
        ("{'a': 1}", []),
        ("__import__('os').getcwd()", []),
        (7, []),
        (None, []),
    ],
)
def test_lists_are_read_and_never_evaluated(value: object, members: list[str]) -> None:
    assert as_list(value) == members


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES))
def test_the_accessor_never_fails_but_by_name(info: dict[str, Any]) -> None:
    found = row(**info)
    assert isinstance(found.text("a", "b", "c"), str)
    assert isinstance(found.texts("a", "b"), tuple)
    assert isinstance(found.objects("a"), tuple)
    with suppress(DataError):
        found.whole("a")


def test_parquet_and_back(tmp_path: Path) -> None:
    path = tmp_path / "hitom_val.parquet"
    prompt = (Message(role="user", content="?"),)
    rows = [
        Row("hitom", 5, {"story": "s", "options": ["a", "b"]}, Origin.GENERATED, prompt),
        Row("paratomi", 6, {"cands": "x", "story": None}, Origin.GENERATED),
    ]
    assert write_rows(path, rows) == 2
    first, second = read_rows(path, Origin.PUBLISHED)
    assert (first.data_source, first.index, first.text("story"), first.prompt) == ("hitom", 5, "s", prompt)
    assert first.texts("options") == ("a", "b")
    assert first.text("cands") == ""  # a column of the other task: present and null
    assert (second.line, second.text("cands")) == (2, "x")
    assert second.origin is Origin.GENERATED  # what was generated does not become published by being written
    with pytest.raises(UsageError, match="exists already"):
        write_rows(path, rows)


def test_rows_are_routed_by_exact_key_and_an_unknown_key_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "suite.parquet"
    write_rows(path, [Row(key, 0, {"story": "s"}, Origin.PUBLISHED) for key in ("hitom", "paratomi")])
    files = PublishedFiles(keys=("hitom",), test=("hitom_val.parquet",))
    assert files.find("test", path) == [path]
    assert [one.data_source for one in published_rows([path], files.keys, ["hitom", "paratomi"])] == ["hitom"]
    with pytest.raises(UnknownName, match="data_source 'paratomi'"):
        list(published_rows([path], files.keys, ["hitom"]))


def test_files_are_found_at_the_top_or_in_the_folder_of_their_repository(tmp_path: Path) -> None:
    files = PublishedFiles(keys=("hitom",), test=("hitom_val.parquet",), train=("hitom_rl_train.parquet",))
    (tmp_path / "sim-rl-data").mkdir()
    for place in ("hitom_val.parquet", "sim-rl-data/hitom_rl_train.parquet"):
        (tmp_path / place).write_bytes(b"")
    assert files.find("test", tmp_path) == [tmp_path / "hitom_val.parquet"]
    assert files.find("train", tmp_path) == [tmp_path / "sim-rl-data/hitom_rl_train.parquet"]
    assert files.find("test", None) == []
    with pytest.raises(DataError, match="no such folder"):
        files.find("test", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"extra_info": {}}, "needs 'data_source'"),
        ({"data_source": "hitom", "extra_info": None}, "needs 'data_source'"),
        ({"data_source": "hitom", "extra_info": {}, "prompt": [{"who": "me"}]}, "not a list of messages"),
    ],
)
def test_a_row_that_is_no_envelope_is_named(tmp_path: Path, line: dict[str, Any], problem: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"data_source": "hitom", "extra_info": {}}) + "\n" + json.dumps(line) + "\n")
    with pytest.raises(DataError, match=problem) as broken:
        list(read_rows(path, Origin.PUBLISHED))
    assert broken.value.line == 2


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"x\.parquet: not a Parquet file"):
        list(read_rows(path, Origin.PUBLISHED))
