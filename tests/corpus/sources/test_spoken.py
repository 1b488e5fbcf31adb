"""Readers of transcribed speech: CRD3, QMSum, the Supreme Court, Switchboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.crd3 import Crd3
from odyssim.corpus.sources.qmsum import QmSum
from odyssim.corpus.sources.spacing import detokenised
from odyssim.corpus.sources.supreme_court import SupremeCourt
from odyssim.corpus.sources.switchboard import Switchboard
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write
from tests.corpus.sources.published_counts import assert_reads_whole

RECAP = "Our heroes had rowed across the black lake and made camp under a leaning tower."


def episode(recap: str = RECAP) -> dict[str, Any]:
    return {
        "METADATA": {
            "Wiki Blurb": [{"content": "The heroes lose the tower."}],
            "Synopsis": [
                {"heading": "Announcements", "content": [{"sub-heading": "", "content": "Buy a mug."}]},
                {"heading": "Previously on the show", "content": [{"sub-heading": "", "content": f'"{recap}"\n'}]},
                {"heading": "Part I", "content": [{"sub-heading": "", "content": "The tower falls."}]},
            ],
        },
        "TURNS": [
            {"NAMES": ["MATT"], "UTTERANCES": [recap, "What do you do?"], "NUMBER": 0},
            {"NAMES": ["LAURA", "SAM"], "UTTERANCES": ["To the", "tower! (laughter)"], "NUMBER": 1},
            {"NAMES": ["ALL - MATT"], "UTTERANCES": ["Tower!"], "NUMBER": 2},
            {"NAMES": ["CHRIS HARDWICK"], "UTTERANCES": ["(whispering) Hush. [dramatic music]"], "NUMBER": 3},
            {"NAMES": ["SOUND"], "UTTERANCES": ["Beep."], "NUMBER": 4},
            {"NAMES": ["LAURA"], "UTTERANCES": ["(all laugh)"], "NUMBER": 5},
        ],
    }


CRD3: Layout = {
    "data/aligned data/train_files": "C1E001\nC1E009\n",
    "data/aligned data/val_files": "C1E002\n",
    "data/aligned data/test_files": "C1E003\n",
    "data/aligned data/c=2/C1E001_2_0.json": [{"CHUNK": "They row.", "TURNS": []}, {"CHUNK": "They camp."}],
    "data/cleaned data/C1E001.json": episode(),
    "data/cleaned data/C1E003.json": episode(recap=""),
}


def test_crd3_gives_everybody_who_speaks_in_unison_a_turn_and_leaves_the_sounds_of_the_room_out(tmp_path: Path) -> None:
    (first, second), report = read(Crd3(), write(tmp_path, CRD3))
    assert said(first)[1:] == [
        ("Laura", "To the tower!"),
        ("Sam", "To the tower!"),
        ("Everyone", "Tower!"),
        ("Chris Hardwick", "(whispering) Hush."),
        ("Sound", "Beep."),
    ]
    assert first.imitated_speakers == ("Matt", "Laura", "Sam", "Chris Hardwick")
    assert [turn.human for turn in first.turns] == [True] * 5 + [False]
    assert (first.source.split, second.source.split) == ("train", "validation")
    assert (first.source.original_id, first.source.place) == ("C1E001", "data/cleaned data/C1E001.json")
    assert report.records["data/aligned data/train_files"] == 2
    assert report.records["data/aligned data/c=2/C1E001_2_0.json"] == 2


def test_the_story_so_far_is_known_to_the_players_but_not_to_the_game_master_who_tells_it(tmp_path: Path) -> None:
    (first, second), _ = read(Crd3(), write(tmp_path, CRD3))
    assert first.context is not None
    assert set(first.context.profiles) == {"Laura", "Sam", "Chris Hardwick"}
    assert RECAP in first.context.profiles["Sam"]
    assert "falls" not in first.context.model_dump_json()
    assert first.context.author == "native"
    assert second.context is not None
    assert (second.context.profiles, second.context.author) == ({}, "rendered")


def test_an_episode_of_no_split_is_a_data_error(tmp_path: Path) -> None:
    folder = write(tmp_path, {**CRD3, "data/cleaned data/C9E001.json": episode()})
    with pytest.raises(DataError, match="in none of") as caught:
        read(Crd3(), folder)
    assert caught.value.path == folder / "data/cleaned data/C9E001.json"


def meeting(*lines: tuple[str, str], topics: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "topic_list": [{"topic": topic, "relevant_text_span": [["0", "1"]]} for topic in topics],
        "general_query_list": [{"query": "Summarize the meeting.", "answer": "They chose bananas."}],
        "specific_query_list": [],
        "meeting_transcripts": [{"speaker": speaker, "content": content} for speaker, content in lines],
    }


QMSUM: Layout = {
    "data/ALL/train/ES9001a.json": meeting(
        ("Marketing", 'So the L_C_D_s {disfmarker} uh {vocalsound} they \'re " fancy " , right ?'),
        ("User Interface", "{vocalsound}"),
        ("Industrial Designer", "The colour of the battery lid it is ."),
        topics=("Kinds of screens", "The colour of the battery lid"),
    ),
    "data/ALL/train/Bmr901.json": meeting(("PhD A", "Mm - hmm . Th - that 's off - line @ @ {disfmarker} .")),
    "data/ALL/train/covid_9.json": meeting(
        (
            "The Chair (Hon. Ann Roe (Springfield, Ind.))",
            "Mr.Doe, you have 45minutes, and the 21stcentury is 7 (1) old.",
        ),
        ("The Chair", "Go on."),
    ),
    "data/Committee/jsonl/val.jsonl": [meeting(("Ann Roe AM", "Good morning."))],
}


def test_qmsum_joins_tokens_and_takes_transcribers_tags_out(tmp_path: Path) -> None:
    (university, company, *_), _ = read(QmSum(), write(tmp_path, QMSUM))
    assert said(company) == [
        ("Marketing", 'So the LCDs-- uh they\'re "fancy", right?'),
        ("Industrial Designer", "The colour of the battery lid it is."),
    ]
    assert said(university) == [("PhD A", "Mm-hmm. Th-- that's off-line--")]
    assert (company.source.licence, university.source.licence) == ("CC-BY-4.0", "CC-BY-4.0")


def test_qmsum_keeps_the_agenda_that_nobody_says_word_for_word_and_no_summary(tmp_path: Path) -> None:
    (_, company, *_), _ = read(QmSum(), write(tmp_path, QMSUM))
    assert company.context is not None
    assert company.context.scenario.endswith("On the agenda: Kinds of screens.")
    assert company.context.author == "native"
    assert "bananas" not in company.model_dump_json()


def test_a_politician_has_one_name_and_the_office_as_profile(tmp_path: Path) -> None:
    (_, _, sitting, committee), report = read(QmSum(), write(tmp_path, QMSUM))
    assert said(sitting)[0] == ("The Chair", "Mr. Doe, you have 45 minutes, and the 21stcentury is 7 (1) old.")
    assert sitting.imitated_speakers == ("The Chair",)
    assert sitting.context is not None
    assert sitting.context.profiles == {"The Chair": "Hon. Ann Roe (Springfield, Ind.)."}
    assert (sitting.source.split, committee.source.split) == ("train", "validation")
    assert (committee.source.original_id, committee.source.licence) == ("committee-val-1", "MIT")
    assert report.records["data/Committee/jsonl/val.jsonl"] == 1


def argument(*turns: tuple[dict[str, Any] | None, str]) -> dict[str, Any]:
    blocks = [{"speaker": speaker, "text_blocks": [{"text": text, "start": 0}]} for speaker, text in turns]
    return {"title": "Oral Argument", "transcript": {"title": "Doe v. Roe", "sections": [{"turns": blocks}]}}


JUSTICE = {"name": "Ann Justice", "roles": [{"role_title": "Chief Justice", "type": "scotus_justice"}]}
COUNSEL = {"name": "Ben Counsel", "roles": None}
CASE: dict[str, Any] = {
    "first_party": "Doe",
    "second_party": "Roe et al.",
    "facts_of_the_case": "<p>Doe kept a goat &amp; a pig in a flat.</p>\n",
    "question": "<p>May a pig live in a flat?</p>",
    "conclusion": "<p>Yes.</p>",
    "decisions": [{"winning_party": "Doe"}],
    "advocates": [
        None,
        {"advocate": None, "advocate_description": "nobody"},
        {"advocate": {"name": "Ben Counsel"}, "advocate_description": "Argued the cause for the petitioner"},
        {"advocate": {"name": "Cy Silent"}, "advocate_description": "for the respondent"},
    ],
}
SUPREME: Layout = {
    "oyez/cases/2001.00-12-t01.json": argument(
        (JUSTICE, "We'll hear number 12 now, Doe. Mr. Counsel."),
        (COUNSEL, "May a pig live in a flat? [Laughter] Yes."),
        (None, "(Inaudible)  And a goat?"),
    ),
    "oyez/cases/2001.00-12-t02.json": {"title": "Oral Argument", "transcript": None},
    "oyez/cases/2001.00-12.json": CASE,
    "oyez/cases/2001.00-123.json": CASE,
}


def test_the_court_hears_unidentified_speakers_but_imitates_only_known_ones(tmp_path: Path) -> None:
    [interaction], report = read(SupremeCourt(), write(tmp_path, SUPREME))
    assert said(interaction)[1:] == [
        ("Ben Counsel", "May a pig live in a flat? Yes."),
        ("Unidentified speaker", "And a goat?"),
    ]
    assert interaction.imitated_speakers == ("Ann Justice", "Ben Counsel")
    assert interaction.source.original_id == "2001.00-12-t01"
    assert report.records == dict.fromkeys(SUPREME, 1)
    [skip] = report.skips.values()
    assert (skip.reason, skip.first) == ("no transcript", "oyez/cases/2001.00-12-t02.json")


def test_a_case_tells_its_facts_but_not_the_question_counsel_asks_nor_the_decision(tmp_path: Path) -> None:
    [interaction], _ = read(SupremeCourt(), write(tmp_path, SUPREME))
    context = interaction.context
    assert context is not None
    assert context.scenario.endswith("The case: Doe v. Roe et al. Doe kept a goat & a pig in a flat.")
    assert context.profiles == {
        "Ann Justice": "A justice of the court.",
        "Ben Counsel": "An advocate: Argued the cause for the petitioner.",
    }
    assert context.author == "native"


def test_a_transcript_without_its_case_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the file of case 2001\.00-12 is missing"):
        read(SupremeCourt(), write(tmp_path, {name: file for name, file in SUPREME.items() if "t0" in name}))


SWITCHBOARD: Layout = {
    "swda_data/train/4001.txt": (
        "A|Uh, do you have,|%\r\n"
        'A|do you have any "pets" *listen; could be pests|qy\r\n'
        "B|Yeah,|ny\r\n"
        "B|to child in the Not now.|t3\r\n"
        "B|two  cats.|sd\r\n"
        "A|Uh-huh.|b\r\n"
    )
}


def test_switchboard_joins_the_utterances_of_a_turn_without_notes_and_asides(tmp_path: Path) -> None:
    [interaction], report = read(Switchboard(), write(tmp_path, SWITCHBOARD))
    assert said(interaction) == [
        ("caller", 'Uh, do you have, do you have any "pets"'),
        ("callee", "Yeah, two cats."),
        ("caller", "Uh-huh."),
    ]
    assert interaction.imitated_speakers == ("caller", "callee")
    assert interaction.context is None
    assert (interaction.source.split, interaction.source.original_id) == ("train", "4001")
    assert report.records == {"swda_data/train/4001.txt": 6}


@pytest.mark.parametrize(
    ("line", "says"), [("C|Who?|qw", "side: Input should be"), ("A|Who?", "2 fields where the header has 3")]
)
def test_an_unknown_side_or_a_cut_line_is_a_data_error_with_its_place(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(DataError, match=f"line 2: {says}") as caught:
        read(Switchboard(), write(tmp_path, {"swda_data/train/4001.txt": f"A|Hi.|fc\n{line}\n"}))
    assert caught.value.path == tmp_path / "swda_data/train/4001.txt"


@pytest.mark.parametrize(
    ("tokenised", "written"),
    [
        ("we 're off , I 'd say . . .", "we're off, I'd say..."),
        ('he said " do n\'t " ( twice )', 'he said "don\'t" (twice)'),
        ("rock 'n roll - or not ?", "rock 'n roll - or not?"),
        ("THAT 'S it", "THAT'S it"),
    ],
)
def test_tokens_are_joined_as_they_are_written(tokenised: str, written: str) -> None:
    assert detokenised(tokenised) == written


@given(st.text(alphabet="ab '\".,-(n t", max_size=30))
def test_joining_takes_nothing_but_spaces_away(text: str) -> None:
    assert detokenised(text).replace(" ", "") == text.replace(" ", "")


LAYOUTS: list[tuple[SourceReader, Layout]] = [
    (Crd3(), CRD3),
    (QmSum(), QMSUM),
    (SupremeCourt(), SUPREME),
    (Switchboard(), SWITCHBOARD),
]


@pytest.mark.parametrize(("reader", "layout"), LAYOUTS, ids=[reader.card.id for reader, _ in LAYOUTS])
def test_a_folder_and_its_archive_give_the_same(reader: SourceReader, layout: Layout, tmp_path: Path) -> None:
    assert_an_archive_reads_alike(reader, write(tmp_path / reader.card.id, layout))


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in LAYOUTS], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
