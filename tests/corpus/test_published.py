"""The published corpus as interactions, and interactions as rows of the published layout."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.build.config import CorpusConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.publish import export_corpus, published_row, write_published
from odyssim.corpus.published import PublishedCorpus, parse_row
from odyssim.corpus.roles import FAMILIES, KEPT_TURNS, apply_role_rule
from odyssim.corpus.sources.base import SPLITS, ReadReport
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.summary import read_all
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.types import Axis, Interaction, Profile, SocialContext, Source, Turn


def message(role: str, content: str | None) -> dict[str, str | None]:
    return {"role": role, "content": content}


def read(place: Path, licences: dict[str, str] | None = None) -> tuple[list[Interaction], ReadReport]:
    report = ReadReport()
    return list(PublishedCorpus(licences).read(RawFiles(place), report)), report


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    return path


CHAT = {
    "data_source": "lmsys",
    "messages": [
        message("system", "You want to be in Lyon before noon."),
        message("user", "any early train?"),
        message("assistant", "Let me look."),
        message("assistant", None),
        message("tool", "06:12"),
        message("assistant", "The 6:12."),
        message("user", "ugh ok"),
    ],
    "uid": 7,
}


# --- reading ----------------------------------------------------------------------------------------------------


def test_a_row_becomes_an_interaction_of_the_person_after_the_role_rule(tmp_path: Path) -> None:
    parquet(tmp_path / "lmsys" / "train_shard_000.parquet", [CHAT])
    (interaction,), report = read(tmp_path, {"lmsys": "LicenseRef-LMSYS"})
    assert [(turn.speaker, turn.text, turn.human, turn.train) for turn in interaction.turns] == [
        ("person", "any early train?", True, True),
        ("partner", "Let me look.", False, False),
        ("tool", "06:12", False, False),
        ("partner", "The 6:12.", False, False),
        ("person", "ugh ok", True, True),
    ]
    assert interaction.context == SocialContext(scenario="You want to be in Lyon before noon.", author="native")
    place = "lmsys/train_shard_000.parquet, row 1"
    licence = "LicenseRef-LMSYS"
    assert interaction.source == Source(
        dataset="published", licence=licence, split="train", original_id=place, place=place
    )
    assert (interaction.axis, interaction.language, interaction.tags) == (Axis.CONV, "", ("data_source:lmsys",))
    assert report.records == {"lmsys/train_shard_000.parquet": 1}


def test_rows_written_by_a_model_are_imitated_and_say_so(tmp_path: Path) -> None:
    talk = [message("user", "where is the hat?"), message("assistant", "in the box")]
    parquet(tmp_path / "tom_hitom" / "test_shard_001.parquet", [{"data_source": "tom_hitom", "messages": talk}])
    (interaction,), _ = read(tmp_path)
    assert [(turn.speaker, turn.train) for turn in interaction.turns] == [("partner", False), ("person", True)]
    assert (interaction.context, interaction.axis) == (None, Axis.COG)
    assert interaction.tags == ("data_source:tom_hitom", "synthetic:model")
    assert (interaction.source.licence, interaction.source.split) == ("unknown", "validation")


def test_between_people_the_other_side_is_human_too(tmp_path: Path) -> None:
    talk = [message("user", "lost my keys"), message("assistant", "again?")]
    names = ["dailydialog", "convokit_friends-corpus", "hh_rlhf"]
    parquet(tmp_path / "all.parquet", [{"data_source": name, "messages": talk} for name in names])
    interactions, _ = read(tmp_path / "all.parquet")
    assert [interaction.turns[1].human for interaction in interactions] == [True, True, False]


def test_messages_may_sit_in_extra_info_in_parquet_and_jsonl_also_inside_an_archive(tmp_path: Path) -> None:
    inside = {"extra_info": {"messages": CHAT["messages"], "index": 3}, "data_source": "prism"}
    both = {"messages": [message("user", "mine")], "extra_info": {"messages": "not read"}, "data_source": "prism"}
    with gzip.open(tmp_path / "more.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in (inside, both)))
    parquet(tmp_path / "prism" / "train_shard_000.parquet", [inside])
    (tmp_path / "README.md").write_text("not data")
    interactions, _ = read(tmp_path)
    first = [interaction.turns[0].text for interaction in interactions]
    assert first == ["any early train?", "mine", "any early train?"]
    assert {interaction.source.split for interaction in interactions} <= set(SPLITS)
    with zipfile.ZipFile(tmp_path / "published.zip", "w") as archive:
        for name in ("more.jsonl.gz", "prism/train_shard_000.parquet"):
            archive.write(tmp_path / name, name)
    assert read(tmp_path / "published.zip")[0] == interactions


def test_long_experiments_are_cut_at_a_stimulus(tmp_path: Path) -> None:
    turns = [message("user" if n % 2 else "assistant", f"t{n}") for n in range(31)]
    parquet(tmp_path / "a.parquet", [{"data_source": "psych101", "messages": turns}])
    (interaction,), _ = read(tmp_path)
    assert len(interaction.turns) == KEPT_TURNS + 1
    assert interaction.turns[0].text.endswith("\n\nt10")
    assert not interaction.turns[0].train
    assert interaction.turns[1].train


def test_a_row_in_which_the_person_says_nothing_is_counted_as_a_skip(tmp_path: Path) -> None:
    silent = {"data_source": "lmsys", "messages": [message("assistant", "hello?"), message("user", None)]}
    parquet(tmp_path / "a.parquet", [silent, CHAT])
    interactions, report = read(tmp_path)
    assert len(interactions) == report.interactions == 1
    assert report.skips["no human turn worth imitating"].first == "a.parquet, row 1"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"data_source": "lmsys", "messages": None}, "neither 'messages' nor 'extra_info.messages'"),
        ({"data_source": "lmsys", "messages": [{"role": "narrator", "content": "x"}]}, "messages.0.role"),
        ({"data_source": "lmsys", "messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"data_source": "lmsys", "messages": "hello"}, "messages"),
        ([1], "valid"),
    ],
)
def test_a_row_of_another_shape_is_named(tmp_path: Path, row: Any, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        parse_row(row)
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=rf"a\.jsonl, line 1: 1 of 1 records are malformed; .*{problem}"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["customer_chat_logs", "", None])
def test_a_data_source_that_nobody_knows_stops_the_reading_at_its_row(tmp_path: Path, name: str | None) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (CHAT, CHAT | {"data_source": name})))
    with pytest.raises(DataError, match=r"a\.jsonl, line 2: Unknown data source") as caught:
        read(tmp_path)
    assert caught.value.hint


def test_a_parquet_file_that_is_cut_off_or_of_another_shape_is_named(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "a.parquet", [CHAT] * 50).read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.parquet: the Parquet file is cut off or damaged after row 0") as caught:
        read(tmp_path)
    assert caught.value.hint == "get the file again"
    parquet(tmp_path / "a.parquet", [{"text": "no conversation"}])
    with pytest.raises(DataError, match="1 of 1 records are malformed; row 1"):
        read(tmp_path)
    parquet(tmp_path / "a.parquet", [CHAT])
    pq.write_table(pq.read_table(tmp_path / "a.parquet").slice(0, 0), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no rows"):
        read(tmp_path)


def test_a_folder_without_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not data")
    with pytest.raises(DataError, match=r"no \.parquet or \.jsonl file"):
        read(tmp_path)


def test_the_files_are_found_below_the_data_folder(tmp_path: Path) -> None:
    parquet(tmp_path / "corpus" / "published" / "lmsys" / "train_shard_000.parquet", [CHAT])
    (file,) = PublishedCorpus().raw_files(tmp_path)
    assert file.name == "lmsys/train_shard_000.parquet"


@pytest.mark.parametrize("packed", [False, True])
def test_the_files_read_by_themselves_hold_what_they_hold_together(tmp_path: Path, packed: bool) -> None:
    place = tmp_path / "rows"
    for name in ("lmsys", "prism"):
        parquet(place / name / "train_shard_000.parquet", [CHAT | {"data_source": name}] * 3)
    if packed:
        with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
            for file in sorted(place.rglob("*.parquet")):
                archive.write(file, file.relative_to(place))
        place = tmp_path / "rows.zip"
    whole, _ = read(place)
    reader = PublishedCorpus()
    parts = reader.parts(RawFiles(place))
    assert [one for part in parts for one in reader.read(part, ReadReport())] == whole
    assert (len(parts), len({one.source.original_id for one in whole})) == (2, 6)


# --- writing ----------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
turns = st.builds(
    Turn, speaker=st.sampled_from(["Ana", "Ben", "Cy"]), text=texts, human=st.just(True), train=st.just(True)
)
interactions = st.builds(
    Interaction,
    turns=st.lists(turns, min_size=1, max_size=KEPT_TURNS).map(tuple),
    context=st.none() | st.builds(SocialContext, scenario=texts, author=st.just("native")),
    source=st.just(Source(dataset="own", licence="CC0-1.0", split="train", original_id="1")),
    axis=st.just(Axis.CONV),
)


@given(interaction=interactions, name=st.sampled_from(list(FAMILIES)), data=st.data())
def test_the_role_rule_of_a_written_row_makes_exactly_the_speakers_turns_the_assistants(
    interaction: Interaction, name: str, data: st.DataObject
) -> None:
    speaker = data.draw(st.sampled_from([turn.speaker for turn in interaction.turns]))
    row = parse_row(published_row(interaction, speaker, name))
    for profile in Profile:
        trained = apply_role_rule(row.messages, FAMILIES[name], profile)
        said = [message.content for message in trained if message.role == "assistant"]
        assert said == [turn.text for turn in interaction.turns if turn.speaker == speaker]
        assert trained[-1].role == "assistant"
        assert sum(message.role == "system" for message in trained) <= 1
        assert (trained[0].role == "system") >= (interaction.context is not None)


def own(*turns: tuple[str, str]) -> Interaction:
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=True) for speaker, text in turns),
        context=SocialContext(scenario="A queue.", goals={"Ana": "to be first", "Ben": "a coffee"}),
        source=Source(dataset="own", licence="CC0-1.0", split="train", original_id="1"),
        axis=Axis.CONV,
    )


def test_a_row_tells_the_speaker_only_what_the_speaker_knows() -> None:
    row = published_row(
        own(("Ana", "hi"), ("Ben", "hm"), ("Ana", "bye"), ("Ben", "wait")), "Ana", "empathetic_dialogues"
    )
    assert row["data_source"] == "empathetic"
    system, *said = row["messages"]
    assert system["role"] == "system"
    assert "to be first" in system["content"]
    assert "coffee" not in system["content"]
    assert said == [message("user", "hi"), message("assistant", "hm"), message("user", "bye")]


def test_a_silent_speaker_and_an_unpublished_name_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'Cy' says nothing.*Ana, Ben"):
        published_row(own(("Ana", "hi"), ("Ben", "hm")), "Cy", "chat")
    with pytest.raises(UnknownName, match="my_logs"):
        published_row(own(("Ana", "hi")), "Ana", "my_logs")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    interaction = own(("Ana", "hi"), ("Ben", "hm"), ("Ana", "bye"))
    path = tmp_path / "dialogue" / "train_shard_000.parquet"
    rows = (published_row(interaction, speaker, "dialogue") for _ in range(1500) for speaker in ("Ana", "Ben"))
    assert write_published(rows, path) == 3000
    schema = pq.read_schema(path)
    assert schema.names == ["messages", "data_source"]
    assert pq.ParquetFile(path).num_row_groups == 3
    again, _ = read(tmp_path)
    assert len(again) == 3000
    assert [turn.text for turn in again[0].turns if turn.train] == ["hi", "bye"]
    assert [turn.text for turn in again[1].turns if turn.train] == ["hm"]
    assert [path.name for path in path.parent.iterdir()] == ["train_shard_000.parquet"]


def test_the_first_row_may_hold_nothing_but_nulls(tmp_path: Path) -> None:
    null = {"messages": [message("user", None)], "data_source": "chat"}
    assert write_published([null, CHAT], tmp_path / "a.parquet") == 2
    assert pq.read_table(tmp_path / "a.parquet").to_pylist()[0] == null


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    def failing() -> Iterator[dict[str, Any]]:
        yield published_row(own(("Ana", "hi")), "Ana", "chat")
        raise DataError("broken off")

    with pytest.raises(DataError, match="broken off"):
        write_published(failing(), tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_an_exported_corpus_is_read_back_as_the_same_talk(tmp_path: Path) -> None:
    config = CorpusConfig(sources=(SourceChoice(name="village", limit=30),), dedup=None, decontaminate="off")
    build_corpus(config, None, tmp_path / "corpus")
    written = export_corpus(tmp_path / "corpus", tmp_path / "published")
    original = [
        [turn.text for turn in one.turns if turn.speaker == speaker and turn.train]
        for one in read_all(tmp_path / "corpus")
        for speaker in one.imitated_speakers
    ]
    reader = PublishedCorpus()
    back = reader.read(RawFiles(tmp_path / "published"), ReadReport())
    again = [[turn.text for turn in one.turns if turn.train] for one in back]
    assert sorted(again) == sorted(original)
    assert written == {"village": len(original)}
