"""Readers of questions about minds and morals: BigToM, its conditions, people's answers to it, ETHICS."""

from __future__ import annotations

from pathlib import Path

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.bigtom import BigToM, BigToMConditions
from odyssim.corpus.sources.ethics import Ethics
from odyssim.corpus.sources.simulatedtom_human import SimulatedToMHuman
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write
from tests.corpus.sources.published_counts import assert_reads_whole

STORIES = "data/bigtom/bigtom.csv"
JUG = "Ann is a cook. Ann fills the jug with milk. Ben swaps the milk for cream."
STORY = ";".join(
    [
        *(JUG, "Ann sees it.", "Ann does not see it.", "Ann takes another jug.", "Ann pours from the jug."),
        *("Is it milk or cream to Ann?", "What does Ann want?", "What will Ann do?"),
        *("Ann believes it is cream.", "Ann wants milk. ", "Ann will take another jug."),
        *("Ann believes it is milk.", "Ann wants milk.", "Ann will pour from the jug."),
        *("A cup falls.", "Ann sees the cup.", "Ann does not see the cup.", "auto", "0"),
    ]
)
BIGTOM: Layout = {
    STORIES: f"{STORY}\n",
    "data/expert_data/dodell-feder.csv": "Tom sleeps. The cat leaves.;Does Tom know?;no;yes\n",
    "data/expert_data/kosinski.csv": "A box says 'tea'. It holds salt.;What does Tom expect?;tea;salt\n",
    "data/expert_data/ullman.csv": "A clear box says 'tea'.;What does Tom see?;salt;tea;no idea\n",
}


def test_a_story_is_asked_about_after_either_percept(tmp_path: Path) -> None:
    interactions, report = read(BigToM(), write(tmp_path, BIGTOM))
    assert [interaction.source.original_id for interaction in interactions] == [
        *("bigtom-1-aware-belief", "bigtom-1-aware-desire", "bigtom-1-aware-action"),
        *("bigtom-1-unaware-belief", "bigtom-1-unaware-desire", "bigtom-1-unaware-action"),
        *("dodell-feder-1", "kosinski-1", "ullman-1"),
    ]
    assert said(interactions[1]) == [
        ("Narrator", f"{JUG} Ann sees it.\n\nWhat does Ann want?"),
        ("respondent", "Ann wants milk."),
    ]
    assert said(interactions[3]) == [
        ("Narrator", f"{JUG} Ann does not see it.\n\nIs it milk or cream to Ann?"),
        ("respondent", "Ann believes it is milk."),
    ]
    assert said(interactions[-1])[1] == ("respondent", "salt")
    assert report.records == dict.fromkeys(BIGTOM, 1)


def test_the_answer_is_imitated_and_no_context_tells_it(tmp_path: Path) -> None:
    for interaction in read(BigToM(), write(tmp_path, BIGTOM))[0]:
        assert [(turn.human, turn.train) for turn in interaction.turns] == [(False, False), (True, True)]
        assert interaction.context is None
    assert BigToM.card.synthetic
    assert BigToMConditions.card.synthetic
    assert not SimulatedToMHuman.card.synthetic


CONDITION = "data/conditions/{}/stories.csv"
ITEM = f"{JUG} Ann pours.;Is it milk or cream to Ann?;Ann believes it is milk.;Ann believes it is cream.\n"
CONDITIONS: Layout = {
    CONDITION.format("0_backward_belief_false_control"): ITEM,
    CONDITION.format("0_backward_belief_true_control"): ITEM,
    CONDITION.format("1_forward_belief_true_belief"): ITEM * 2,
    CONDITION.format("1_percept_to_belief_true_belief"): ITEM,
}


def test_a_repeated_condition_and_one_with_the_wrong_key_are_counted_only(tmp_path: Path) -> None:
    interactions, report = read(BigToMConditions(), write(tmp_path, CONDITIONS))
    assert [interaction.source.original_id for interaction in interactions] == [
        "0_backward_belief_false_control-1",
        "1_forward_belief_true_belief-1",
        "1_forward_belief_true_belief-2",
    ]
    assert {reason: (skip.count, skip.first) for reason, skip in report.skips.items()} == {
        "repeats another condition": (1, f"{CONDITION.format('0_backward_belief_true_control')}, line 1"),
        "key of another story": (1, f"{CONDITION.format('1_percept_to_belief_true_belief')}, line 1"),
    }
    assert sorted(report.records.values()) == [1, 1, 1, 2]


def test_all_versions_of_a_story_fall_on_one_side_of_the_split(tmp_path: Path) -> None:
    cooks = [f"Ann is cook number {number}." for number in range(60)]
    layouts: list[tuple[SourceReader, Layout]] = [
        (BigToM(), {**BIGTOM, STORIES: "".join(f"{STORY}\n".replace("Ann is a cook.", cook) for cook in cooks)}),
        (BigToMConditions(), {CONDITION.format("x"): "".join(ITEM.replace("Ann is a cook.", cook) for cook in cooks)}),
    ]
    sides: dict[str, set[str]] = {cook: set() for cook in cooks}
    for reader, layout in layouts:
        for interaction in read(reader, write(tmp_path / reader.card.id, layout))[0]:
            for cook in cooks:
                if interaction.turns[0].text.startswith(cook):
                    sides[cook].add(interaction.source.split)
    assert all(len(side) == 1 for side in sides.values())
    assert set.union(*sides.values()) == {"train", "validation"}


EVALS = "code/human_eval_data/{}.csv"
BIGTOM_ANSWER = '"Ann is a cook.","Milk or cream?\nChoose one of the following:\na)Milk.\nb)Cream.",a) Milk.\n'
TOMI_QUESTION = "Where is the hat?\nChoose from the following:\nbox, toy_chest\n"
TOMI_STORY = '"1 Ann entered the back_yard.\n12 The hat is in the toy_chest."'
HUMAN: Layout = {
    EVALS.format("bigtom_human_evals_all"): BIGTOM_ANSWER + '"An oven.","How hot?",350??F\n',
    EVALS.format("tomi_human_evals_fb"): (
        f'{TOMI_STORY},"You are Ann.\n{TOMI_QUESTION}",toy_chest,first_order_0_tom\n'
        f'{TOMI_STORY},"You are the.\n{TOMI_QUESTION}",box,reality\n'
    ),
}


def test_people_answer_in_their_own_words_and_notation_is_undone(tmp_path: Path) -> None:
    interactions, report = read(SimulatedToMHuman(), write(tmp_path, HUMAN))
    assert said(interactions[0]) == [
        ("Narrator", "Ann is a cook.\n\nMilk or cream?\nChoose one of the following:\na)Milk.\nb)Cream."),
        ("respondent", "a) Milk."),
    ]
    story, question = (
        "Ann entered the back yard.\nThe hat is in the toy chest.",
        TOMI_QUESTION.replace("_", " ").strip(),
    )
    assert said(interactions[1]) == [
        ("Narrator", f"{story}\n\nYou are Ann.\n{question}"),
        ("respondent", "toy chest"),
    ]
    assert said(interactions[2])[0] == ("Narrator", f"{story}\n\n{question}")
    [skip] = report.skips.values()
    assert (skip.count, skip.first) == (1, f"{EVALS.format('bigtom_human_evals_all')}, line 5")
    assert sorted(report.records.values()) == [2, 2]


MORALS = "data/ethics/{}.csv"
PLEASANT = [f"I found {coins} coins,I lost {coins} coins\n" for coins in range(2, 12)]
ETHICS: Layout = {
    MORALS.format("commonsense/cm_test"): (
        "label,input,is_short,edited\n1,I tripped my neighbour | twice.,True,False\n"
        '0,"AITA for singing? | Well | I sing.\nAITA? ",False,False\n'
    ),
    MORALS.format("deontology/deontology_train"): "label,scenario,excuse\n0,Could you cook?, But I like food.\n",
    MORALS.format("justice/justice_test"): "label,scenario\n1,I deserve a day off because I am ill.\n",
    MORALS.format("utilitarianism/util_test"): "".join(PLEASANT),
    MORALS.format("virtue/virtue_test"): "label,scenario\n0,Ann ran off. [SEP] brave\n",
}


def test_every_part_asks_its_own_question_and_answers_in_words(tmp_path: Path) -> None:
    interactions, report = read(Ethics(), write(tmp_path, ETHICS))
    judged = {one.source.original_id: [turn.text for turn in one.turns] for one in interactions}
    assert judged["cm_test-1"] == [
        "I tripped my neighbour | twice.\n\nIs what the writer did clearly wrong?",
        "Yes, that's wrong.",
    ]
    assert judged["cm_test-2"] == [
        "AITA for singing?\n\nWell | I sing.\nAITA?\n\nIs what the writer did clearly wrong?",
        "No, nothing wrong with that.",
    ]
    assert judged["deontology_train-1"] == [
        "Could you cook?\nBut I like food.\n\nGiven the first line, is the second one reasonable?",
        "No, that doesn't make sense.",
    ]
    assert judged["justice_test-1"] == [
        "I deserve a day off because I am ill.\n\nIs that reasonable?",
        "Yes, that's reasonable.",
    ]
    assert judged["virtue_test-1"] == [
        'Ann ran off.\n\nDoes the word "brave" fit how the person acts here?',
        "No, it doesn't fit.",
    ]
    assert {one.source.split for one in interactions if "train" in one.source.original_id} == {"train"}
    assert {one.source.split for one in interactions if "test" in one.source.original_id} == {"validation"}
    assert report.records == {name: (2 if "cm_" in name else 10 if "util" in name else 1) for name in ETHICS}


def test_the_more_pleasant_scene_comes_first_or_second_by_its_text_alone(tmp_path: Path) -> None:
    def answers(rows: list[str]) -> dict[str, str]:
        folder = write(tmp_path / str(len(rows)), {**ETHICS, MORALS.format("utilitarianism/util_test"): "".join(rows)})
        return {
            interaction.turns[0].text: interaction.turns[1].text
            for interaction in read(Ethics(), folder)[0]
            if interaction.source.original_id.startswith("util")
        }

    all_of_them = answers(PLEASANT)
    assert set(all_of_them.values()) == {"The first.", "The second."}
    assert all(task.startswith("First: I found") == (answer == "The first.") for task, answer in all_of_them.items())
    assert answers(PLEASANT[3:4]).items() <= all_of_them.items()


LAYOUTS: list[tuple[SourceReader, Layout]] = [
    (BigToM(), BIGTOM),
    (BigToMConditions(), CONDITIONS),
    (SimulatedToMHuman(), HUMAN),
    (Ethics(), ETHICS),
]
READERS = [reader for reader, _ in LAYOUTS]


@pytest.mark.parametrize(
    ("reader", "name", "text", "says"),
    [
        (BigToM(), STORIES, f"{STORY};more\n", "line 1: 20 fields where the header has 19"),
        (BigToM(), "data/expert_data/ullman.csv", "", "the file is empty"),
        (BigToMConditions(), CONDITION.format("1_forward_belief_true_belief"), "story;question\n", "line 1: 2 fields"),
        (SimulatedToMHuman(), EVALS.format("tomi_human_evals_fb"), '"1 Ann', "broken CSV"),
        (Ethics(), MORALS.format("justice/justice_test"), "label,scenario\n2,I\n", "line 2: label"),
        (Ethics(), MORALS.format("virtue/virtue_test"), "label,scenario\n1,Ann ran off.\n", "line 2: scenario"),
    ],
)
def test_a_broken_file_is_a_data_error_with_its_place(
    reader: SourceReader, name: str, text: str, says: str, tmp_path: Path
) -> None:
    layout = dict(next(layout for known, layout in LAYOUTS if type(known) is type(reader)))
    with pytest.raises(DataError, match=says) as caught:
        read(reader, write(tmp_path, {**layout, name: text}))
    assert caught.value.path == tmp_path / name


@pytest.mark.parametrize(("reader", "layout"), LAYOUTS, ids=[reader.card.id for reader in READERS])
def test_a_folder_and_its_archive_give_the_same(reader: SourceReader, layout: Layout, tmp_path: Path) -> None:
    assert_an_archive_reads_alike(reader, write(tmp_path / reader.card.id, layout))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.card.id)
def test_a_missing_file_is_a_data_error_that_names_it(reader: SourceReader, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing here is called") as caught:
        read(reader, tmp_path)
    assert caught.value.path == tmp_path


@pytest.mark.data
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)


@pytest.mark.data
def test_people_contradict_the_key_that_is_left_out(data_root: Path) -> None:
    rows = (data_root / "corpus/bigtom_conditions" / CONDITION.format("1_percept_to_belief_true_belief")).read_text()
    key = {tuple(line.split(";")[:2]): line.split(";")[2] for line in rows.splitlines()}
    answers = []
    for interaction in read(SimulatedToMHuman(), data_root / "corpus/simulatedtom_human")[0]:
        story, _, asked = interaction.turns[0].text.partition("\n\n")
        if right := key.get((story, asked.partition("\n")[0])):
            answers.append(interaction.turns[1].text.endswith(right))
    assert len(answers) > 50
    assert not any(answers)
