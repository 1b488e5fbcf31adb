"""Parquet storage: what is read is what was written, in row groups, under its name only when complete."""

from __future__ import annotations

import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odyssim.corpus.store import ROWS_PER_GROUP, SCHEMA, InteractionWriter, read_interactions
from odyssim.errors import DataError, StorageError
from odyssim.types import Axis, Interaction, SocialContext, Source, Turn

TEXT = st.text(max_size=20)
BY_SPEAKER = st.dictionaries(TEXT, TEXT, max_size=3)
TURNS = st.builds(Turn, speaker=TEXT, text=TEXT, human=st.just(True), train=st.booleans())
CONTEXTS = st.builds(
    SocialContext,
    scenario=TEXT,
    profiles=BY_SPEAKER,
    relationship=TEXT,
    goals=BY_SPEAKER,
    author=st.sampled_from(["native", "rendered", "back_generated"]),
    model=st.none() | TEXT,
    prompt_version=st.none() | TEXT,
)
INTERACTIONS = st.builds(
    Interaction,
    turns=st.lists(TURNS, min_size=1, max_size=4).map(tuple),
    context=st.none() | CONTEXTS,
    source=st.builds(Source, dataset=TEXT, licence=TEXT, split=TEXT, original_id=TEXT),
    axis=st.sampled_from(Axis),
)


def interaction(text: str) -> Interaction:
    return Interaction(
        turns=(Turn(speaker="Ana", text=text, human=True, train=True),),
        context=None,
        source=Source(dataset="d", licence="unknown", split="train", original_id=text),
        axis=Axis.CONV,
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(INTERACTIONS, max_size=5))
def test_what_is_read_is_what_was_written(tmp_path: Path, interactions: list[Interaction]) -> None:
    path = tmp_path / "some" / "file.parquet"
    with InteractionWriter(path) as writer:
        for one in interactions:
            writer.add(one)
    assert list(read_interactions(path)) == interactions


def test_rows_are_grouped_typed_and_compressed(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    with InteractionWriter(path) as writer:
        for number in range(2 * ROWS_PER_GROUP + 1):
            writer.add(interaction(str(number)))
    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(index).num_rows for index in range(file.metadata.num_row_groups)]
    assert groups == [ROWS_PER_GROUP, ROWS_PER_GROUP, 1]
    assert file.schema_arrow.equals(SCHEMA)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert [one.source.original_id for one in read_interactions(path)] == [str(n) for n in range(2049)]


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    with InteractionWriter(path) as writer:
        writer.add(interaction("old"))

    def interrupted() -> None:
        with InteractionWriter(path) as writer:
            writer.add(interaction("new"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [one.turns[0].text for one in read_interactions(path)] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_takes_no_more_is_a_storage_error_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    with InteractionWriter(path) as writer:
        writer.add(interaction("old"))

    def too_much() -> None:
        with InteractionWriter(path) as writer:
            for number in range(ROWS_PER_GROUP):
                writer.add(interaction(str(number)))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError) as caught:
            too_much()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(tmp_path) in caught.value.message
    assert [one.turns[0].text for one in read_interactions(path)] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_missing_broken_and_foreign_files_are_data_errors(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    with pytest.raises(DataError, match="cannot be read"):
        list(read_interactions(path))
    path.write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match="cannot be read"):
        list(read_interactions(path))
    pq.write_table(pa.table({"messages": ["hi"]}), path)
    with pytest.raises(DataError, match="not the columns"):
        list(read_interactions(path))
