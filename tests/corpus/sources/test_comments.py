"""Readers of single comments: GoEmotions and the Unhealthy Comments Corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.goemotions import GoEmotions
from odyssim.corpus.sources.unhealthy_comments import UnhealthyComments
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said, write_csv, write_text
from tests.corpus.sources.published_counts import assert_reads_whole


def goemotions(root: Path) -> None:
    write_text(root / "data/original/labels.txt", "anger\njoy\nneutral\n")
    write_text(
        root / "data/original/train.tsv", 'so it\'s [NAME] again \t0,1,2\tid1\n"""why"" though"\t2\tid2\n \t1\tid3\n'
    )
    write_text(root / "data/original/dev.tsv", "yay\t1\tid4\n")


def test_a_comment_has_the_mood_that_readers_see_and_a_neutral_one_has_none(tmp_path: Path) -> None:
    goemotions(tmp_path)
    (moody, neutral, other), report = read(GoEmotions(), tmp_path)
    assert said(moody) == [("commenter", "so it's [NAME] again")]
    assert moody.imitated_speakers == ("commenter",)
    assert moody.context is not None
    assert moody.context.profiles == {"commenter": "Your mood: anger, joy."}
    assert (neutral.turns[0].text, neutral.context) == ('"why" though', None)
    assert (moody.source.split, other.source.split) == ("train", "validation")
    assert (other.source.original_id, other.source.place) == ("id4", "data/original/dev.tsv, line 1")
    assert sum(report.records.values()) == 3 + 3 + 1
    assert report.skips["no human turn worth imitating"].first == "data/original/train.tsv, line 3"


@pytest.mark.parametrize("labels", ["3", "joy", ""])
def test_an_unknown_label_is_a_data_error_with_its_place(labels: str, tmp_path: Path) -> None:
    goemotions(tmp_path)
    write_text(tmp_path / "data/original/dev.tsv", f"yay\t1\tid4\nwow\t{labels}\tid5\n")
    with pytest.raises(DataError, match=r"dev\.tsv, line 2"):
        read(GoEmotions(), tmp_path)


ATTRIBUTES = ("antagonize", "condescending", "dismissive", "generalisation_unfair", "healthy", "hostile", "sarcastic")


def unhealthy_comments(root: Path) -> None:
    write_csv(
        root / "corpus/val.csv",
        [
            ["_unit_id", "_trusted_judgments", "comment", *ATTRIBUTES],
            ["11", "3", "Sure, and pigs fly.", "1", "0", "0", "0.0", "0", "1", "1"],
            ["12", "3", "Good point.", "0", "0", "0", "0.0", "1", "0", "0"],
        ],
    )


def test_what_readers_judge_becomes_tone_and_safety_tags(tmp_path: Path) -> None:
    unhealthy_comments(tmp_path)
    (harsh, plain), report = read(UnhealthyComments(), tmp_path)
    assert said(harsh) == [("commenter", "Sure, and pigs fly.")]
    assert harsh.tags == ("safety:hostile", "safety:antagonizing", "safety:unhealthy")
    assert harsh.context is not None
    assert harsh.context.profiles == {"commenter": "Your tone: antagonizing, hostile, sarcastic."}
    assert (plain.tags, plain.context) == ((), None)
    assert (harsh.source.original_id, harsh.source.split) == ("11", "validation")
    assert report.records == {"corpus/val.csv": 2}


def test_a_row_cut_short_is_a_data_error_with_its_place(tmp_path: Path) -> None:
    unhealthy_comments(tmp_path)
    path = tmp_path / "corpus/val.csv"
    write_text(path, path.read_text() + "13,3,Well,0\n")
    with pytest.raises(DataError, match="line 4: 4 fields where the header has 10"):
        read(UnhealthyComments(), tmp_path)


BUILT: list[tuple[SourceReader, Callable[[Path], None]]] = [
    (GoEmotions(), goemotions),
    (UnhealthyComments(), unhealthy_comments),
]


@pytest.mark.parametrize(("reader", "build"), BUILT)
def test_a_folder_and_an_archive_read_alike(
    reader: SourceReader, build: Callable[[Path], None], tmp_path: Path
) -> None:
    build(tmp_path / "folder")
    assert_an_archive_reads_alike(reader, tmp_path / "folder")


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in BUILT], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
