"""Readers of surveys: what participants of the Twin-2K mega-study saw and answered, replayed from the definition."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.qualtrics import Survey
from odyssim.corpus.sources.qualtrics_session import conversation
from odyssim.corpus.sources.twin2k_megastudy import Twin2kMegastudy
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write
from tests.corpus.sources.published_counts import assert_reads_whole
from tests.corpus.sources.qualtrics_files import assign, block, condition, question, responses, step, survey

FEES = survey(
    [
        assign(2, PROLIFIC_PID=None),
        step(3, "Block", ID="BL_start"),
        step(4, "Branch", BranchLogic=condition("DeviceType", "mobile", "Is"), Flow=[step(5, "EndSurvey")]),
        step(
            6,
            "BlockRandomizer",
            Flow=[
                step(7, "Group", Flow=[assign(8, fee="a tip", means="Money for a <i>waiter</i>.")]),
                step(9, "Group", Flow=[assign(10, fee="a toll", means="Money for a road.")]),
            ],
        ),
        step(
            11,
            "Branch",
            BranchLogic=condition("EmbeddedField", "fee", "EqualTo", "a tip"),
            Flow=[step(12, "Standard", ID="BL_tips")],
        ),
        step(13, "Standard", ID="BL_fee"),
        step(14, "EndSurvey"),
    ],
    {
        "0": block("start", "QID1", "QID2", "QID3"),
        "1": block("tips", "QID4"),
        "3": block("fee", "QID5", "QID6", "QID7", "QID8", "QID9", "QID10"),
        "4": block("trash", "QID99"),
    },
    question("QID1", "DB", "Our IRB allows this."),
    question("QID2", "Captcha/V2", "&nbsp;"),
    question("QID3", "TE/SL", "What is your Prolific ID?"),
    question("QID4", "DB", "<p>Tips first.</p>"),
    question(
        "QID5",
        "MC/SAVR",
        "What is <b>${e://Field/fee}</b> for?",
        "${e://Field/means}",
        "Nothing",
        "Other",
        RecodeValues={"1": 7},
    ),
    question(
        "QID6",
        "DB",
        "Wrong! It is: ${e://Field/means}",
        DisplayLogic=condition("Question", "q://QID5/SelectableChoice/1", "NotSelected"),
    ),
    question("QID7", "MC/SAHR", "Is it\n fair?", "1<br>Not&nbsp;at all", "2", "3<br />Very"),
    question("QID8", "DB", "Recall: Wrong! It is: ${e://Field/means}"),
    question("QID9", "TE/ML", "Why?"),
    question("QID10", "Timing/PageTimer", "Timing", "First Click"),
    question("QID99", "Slider/HSLIDER", "Never shown"),
)
TIPPER = (
    {"startDate": "6/12/2025", "QID3_TEXT": "5f00", "QID5": "3", "QID5_3_TEXT": " thanks ", "QID7": "1"}
    | {"QID5_DO/1": "3", "QID5_DO/2": "1", "QID5_DO/3": "2", "QID9_TEXT": "no idea\n", "QID10_FIRST_CLICK": "8.5"}
    | {"FL_6_DO/FL_7": "1", "FL_6_DO/FL_9": "", "TWIN_ID": "13"}
)
DRIVER = {"QID5": "7", "QID9_TEXT": "roads cost", "FL_6_DO/FL_9": "1", "TWIN_ID": "14"}

WORDS = survey(
    [step(2, "Block", ID="BL_loop"), step(3, "Block", ID="BL_rows"), step(4, "Block", ID="BL_picture")],
    [
        block(
            "loop",
            "QID1",
            Looping="Static",
            LoopingOptions={"Static": {"1": {"1": "SUN"}, "4": {"1": "SEA"}}, "Randomization": "All"},
        ),
        block("rows", "QID2", "QID3"),
        block("picture", "QID4", "QID5"),
    ],
    question(
        "QID1",
        "MC/MAVR",
        "${lm://CurrentLoopNumber} of ${lm://TotalLoops}: ${lm://Field/1}?",
        "warm",
        "wet",
        "Not ${lm://Field/1}",
    ),
    question(
        "QID2",
        "Matrix/Likert",
        "How true?",
        "I sing",
        "I dance",
        Answers={"11": {"Display": "No"}, "12": {"Display": 2}, "13": {"Display": "Yes"}},
        AnswerOrder=["11", "12", "13"],
        RecodeValues={"11": "1", "12": "2", "13": "3"},
    ),
    question("QID3", "CS/VRTL", "Share 100 points.", "joy", "fear"),
    question("QID4", "TE/ESTB", 'What is going on?<br><img src="x.png" width="3">'),
    question("QID5", "TE/FORM", "Two words", "word 1", "word 2"),
)
SINGER = (
    {"1_QID1/1": "1", "1_QID1/2": "", "1_QID1/3": "", "4_QID1/1": "", "4_QID1/2": "1", "4_QID1/3": "1"}
    | {"QID2_1": "3", "QID2_2": "1", "QID2_DO/1": "2", "QID2_DO/2": "1", "QID3_1": "90", "QID3_2": "10"}
    | {"QID4_TEXT": "a party", "QID5_1": "cat", "QID5_2": "", "TWIN_ID": "13"}
)
LAYOUT: Layout = {
    "fees/raw_data/survey.qsf": FEES,
    "fees/raw_data/response.csv": responses(TIPPER, DRIVER),
    "words/raw_data/survey.qsf": WORDS,
    "words/raw_data/response.csv": responses(SINGER),
}


def test_everybody_is_asked_what_they_saw_in_the_order_in_which_they_saw_it(tmp_path: Path) -> None:
    interactions, report = read(Twin2kMegastudy(), write(tmp_path, LAYOUT))
    tipper, driver, _ = interactions
    assert said(tipper) == [
        ("Survey", "Tips first.\n\nWhat is a tip for?\n- Nothing\n- Other\n- Money for a waiter."),
        ("participant", "Other: thanks"),
        ("Survey", "Wrong! It is: Money for a waiter.\n\nIs it fair?\n- 1 Not at all\n- 2\n- 3 Very"),
        ("participant", "1 Not at all"),
        ("Survey", "Why?"),
        ("participant", "no idea"),
    ]
    assert said(driver) == [
        ("Survey", "What is a toll for?\n- Money for a road.\n- Nothing\n- Other"),
        ("participant", "Money for a road."),
        ("Survey", "Recall: Wrong! It is: Money for a road.\n\nWhy?"),
        ("participant", "roads cost"),
    ]
    assert report.records == {
        "fees/raw_data/survey.qsf": 1,
        "fees/raw_data/response.csv": 2,
        "words/raw_data/survey.qsf": 1,
        "words/raw_data/response.csv": 1,
    }


def test_rounds_rows_and_ticks_become_turns(tmp_path: Path) -> None:
    *_, singer = read(Twin2kMegastudy(), write(tmp_path, LAYOUT))[0]
    assert said(singer) == [
        ("Survey", "1 of 2: SUN?\n- warm\n- wet\n- Not SUN"),
        ("participant", "warm"),
        ("Survey", "2 of 2: SEA?\n- warm\n- wet\n- Not SEA"),
        ("participant", "wet\nNot SEA"),
        ("Survey", "How true?\n1. I dance\n2. I sing\nAnswer each with one of these:\n- No\n- 2\n- Yes"),
        ("participant", "1. No\n2. Yes"),
        ("Survey", "Share 100 points.\n1. joy\n2. fear"),
        ("participant", "1. 90\n2. 10"),
        ("Survey", "What is going on?\n[picture]"),
        ("participant", "a party"),
        ("Survey", "Two words\n1. word 1\n2. word 2"),
        ("participant", "1. cat"),
    ]


def test_answers_are_trained_unless_they_are_about_a_picture(tmp_path: Path) -> None:
    interactions, _ = read(Twin2kMegastudy(), write(tmp_path, LAYOUT))
    for interaction in interactions:
        assert interaction.imitated_speakers == ("participant",)
        for turn in interaction.turns:
            assert turn.human == (turn.speaker == "participant")
            assert turn.train == (turn.human and turn.text != "a party")


def test_no_id_reaches_a_turn_and_a_person_stays_on_one_side_of_the_split(tmp_path: Path) -> None:
    tipper, driver, singer = read(Twin2kMegastudy(), write(tmp_path, LAYOUT))[0]
    assert [one.source.original_id for one in (tipper, driver, singer)] == ["fees-13", "fees-14", "words-13"]
    assert tipper.source.split == singer.source.split
    for interaction in (tipper, driver, singer):
        turns = " ".join(turn.text for turn in interaction.turns)
        assert not any(private in turns for private in ("5f00", "Prolific", "IRB", "6/12/2025", "8.5", "13", "14"))


@pytest.fixture(scope="module")
def fees_survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = write(tmp_path_factory.mktemp("survey"), LAYOUT)
    return Survey(RawFiles(folder).one("fees/raw_data/survey.qsf"), ReadReport())


@given(order=st.permutations(["1", "2", "3"]))
def test_choices_stand_in_the_order_in_which_they_were_shown(fees_survey: Survey, order: list[str]) -> None:
    shown = {f"QID5_DO/{choice}": str(place) for place, choice in enumerate(order, start=1)}
    turns = conversation(fees_survey, TIPPER | shown | {"FL_6_DO/FL_9": ""}, "here")
    labels = {"1": "- Money for a waiter.", "2": "- Nothing", "3": "- Other"}
    assert turns[0].text.splitlines()[-3:] == [labels[choice] for choice in order]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"QID7": "9"}, r"QID7 does not offer the answer '9' \(fees/raw_data/response\.csv, line 6\)"),
        ({"QID5": "1"}, "QID5 does not offer the answer '1'"),
    ],
)
def test_an_answer_that_was_not_offered_is_a_data_error(tmp_path: Path, cells: dict[str, str], says: str) -> None:
    broken = {**LAYOUT, "fees/raw_data/response.csv": responses(TIPPER | cells)}
    with pytest.raises(DataError, match=says) as caught:
        read(Twin2kMegastudy(), write(tmp_path, broken))
    assert caught.value.path == tmp_path / "fees/raw_data/survey.qsf"


def changed(text: str, new: str) -> str:
    definition = json.dumps(FEES)
    assert text in definition
    return definition.replace(text, new)


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ('{"SurveyElements": [', "broken JSON"),
        ("{}", "SurveyElements: Field required"),
        (changed('"Type": "Group"', '"Type": "WebService"'), "Flow.3.Flow.0.Type: Input should be"),
        (
            changed('"BL_fee"', '"BL_gone"').replace('"ID": "BL_gone", "Desc', '"ID": "BL_fee", "Desc'),
            "block 'BL_gone'",
        ),
        (changed('{"Type": "Question", "QuestionID": "QID9"}', '{"QuestionID": "QID98"}'), "question 'QID98'"),
        (changed('"Timing", "Selector"', '"Slider", "Selector"'), "QID10 is of the kind 'Slider'"),
        (changed('"ChoiceOrder": [1, 2, 3]', '"ChoiceOrder": [1, 2, 4]'), "QID5 orders choices that are not there"),
        (changed('"Operator": "NotSelected"', '"Operator": "Displayed"'), "'Question Displayed', which is not known"),
        (changed('"FlowID": "FL_6"', '"FlowID": "FL_66"'), "no column FL_66_DO/FL_7 says what was shown"),
    ],
)
def test_a_definition_that_cannot_be_followed_is_a_data_error(tmp_path: Path, definition: str, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        read(Twin2kMegastudy(), write(tmp_path, {**LAYOUT, "fees/raw_data/survey.qsf": definition}))
    assert caught.value.path == tmp_path / "fees/raw_data/survey.qsf"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "the file is empty"),
        ("Q1,TWIN_ID\nWhat,TWIN_ID\n", None, "does not name a column TWIN_ID"),
        ('Q1,TWIN_ID\nWhat,TWIN_ID\n"{""Import",TWIN_ID\n', None, "is no id of a column"),
        ("Q1,TWIN_ID\nWhat,TWIN_ID\nQID5,TWIN_ID\n", None, "no records"),
        ('Q1,TWIN_ID\nWhat,TWIN_ID\nQID5,TWIN_ID\n"7" x,1\n', 4, "broken CSV"),
        ("Q1,TWIN_ID\nWhat,TWIN_ID\nQID5,TWIN_ID\n7\n", None, "1 of 1 records are malformed; line 4"),
    ],
)
def test_a_broken_export_is_a_data_error(tmp_path: Path, text: str, line: int | None, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        read(Twin2kMegastudy(), write(tmp_path, {**LAYOUT, "fees/raw_data/response.csv": text}))
    assert (caught.value.path, caught.value.line) == (tmp_path / "fees/raw_data/response.csv", line)


def test_a_participant_without_an_answer_is_a_counted_skip(tmp_path: Path) -> None:
    silent = responses(TIPPER, {"TWIN_ID": "15"})
    interactions, report = read(Twin2kMegastudy(), write(tmp_path, {**LAYOUT, "fees/raw_data/response.csv": silent}))
    [skip] = report.skips.values()
    assert (len(interactions), skip.count, skip.reason) == (2, 1, "no human turn worth imitating")


def test_a_folder_and_its_archive_give_the_same(tmp_path: Path) -> None:
    assert_an_archive_reads_alike(Twin2kMegastudy(), write(tmp_path / "twin", LAYOUT))


def test_a_study_without_its_survey_is_a_data_error_that_names_it(tmp_path: Path) -> None:
    layout = {name: content for name, content in LAYOUT.items() if name != "words/raw_data/survey.qsf"}
    with pytest.raises(DataError, match=r"nothing here is called 'words/raw_data/survey\.qsf'"):
        read(Twin2kMegastudy(), write(tmp_path, layout))


@pytest.mark.data
def test_the_published_files_are_read_whole(data_root: Path) -> None:
    interactions = assert_reads_whole(Twin2kMegastudy(), data_root)
    for interaction in interactions:
        assert not any("${" in turn.text or "<br" in turn.text for turn in interaction.turns), interaction.source.place
    trained = [turn.train for interaction in interactions for turn in interaction.turns if turn.human]
    assert sum(trained) > 0.95 * len(trained)
