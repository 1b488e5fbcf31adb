"""Two files compared: units, the one number, bad input, and real people against people and against templates."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from odyssim.errors import DataError
from odyssim.human_likeness.calibration import auc
from odyssim.human_likeness.discriminate import within_folds
from odyssim.human_likeness.files import FilesResult, Line, compare_files, independent_units, read_lines

PEOPLE = [
    *("nah cant do thurs", "lol ok", "wait which one??", "im on the bus rn", "dunno, ask Dee", "its fine i guess"),
    *("sure why not", "maybe later", "No. not that", "ok so what now", "I thought it was tuesday", "two is enough"),
]
TEMPLATES = (
    "Thank you for sharing that. I understand how important {} is to you, and I would be happy to help.",
    "Certainly! Could you please tell me more about {}? I want to make sure that I fully understand.",
    "I appreciate your patience. Please let me know if there is anything else I can do regarding {}.",
    "Absolutely! Here are some options to consider:\n\n1. **{}**\n2. **Other paths**\n\nWhich do you prefer?",
)


def write(path: Path, lines: Sequence[Mapping[str, str]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def talk(seed: int, name: str, groups: int = 24) -> list[dict[str, str]]:
    rng = random.Random(seed)
    return [{"text": " ".join(rng.sample(PEOPLE, 2)), "group": f"{name}{n}"} for n in range(groups) for _ in range(4)]


def template(seed: int, groups: int = 24) -> list[dict[str, str]]:
    rng = random.Random(seed)
    return [{"text": rng.choice(TEMPLATES).format("it"), "group": f"m{n}"} for n in range(groups) for _ in range(4)]


@pytest.fixture(scope="module")
def told_apart(tmp_path_factory: pytest.TempPathFactory) -> FilesResult:
    folder = tmp_path_factory.mktemp("files")
    mine, theirs = write(folder / "mine.jsonl", template(1)), write(folder / "theirs.jsonl", talk(2, "h"))
    return compare_files(mine, theirs, draws=100)


def test_a_template_assistant_is_told_apart(told_apart: FilesResult) -> None:
    assert told_apart.auc is not None
    assert told_apart.discrimination is not None
    assert told_apart.auc.estimate > 0.99
    assert told_apart.discrimination.curve[0][1] > 0.9
    assert told_apart.discrimination.ceiling == pytest.approx(0.5, abs=0.12)
    assert (told_apart.human.units, told_apart.model.units, told_apart.notes) == (24, 24, ())
    for name, sign in {"thanks": 1, "please": 1, "hedges": -1, "self_bleu_4": 1, "repeats_self": 1}.items():
        measure = told_apart.likeness.measure(name)
        assert measure.gap is not None
        assert measure.ceiling is not None
        assert measure.gap * sign > measure.ceiling, name
        assert measure.verdict == "outside"


def test_result_survives_json(told_apart: FilesResult) -> None:
    assert FilesResult.model_validate_json(told_apart.model_dump_json()) == told_apart


def test_people_are_not_told_from_other_people(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", talk(1, "a")), write(tmp_path / "other", talk(2, "b"))
    result = compare_files(one, other, draws=100)
    assert result.auc is not None
    assert result.auc.low < 0.5 + 0.05
    assert result.likeness.words["word"].divergence.excess == pytest.approx(0, abs=0.03)
    outside = [measure.name for measure in result.likeness.measures if measure.verdict == "outside"]
    assert len(outside) <= len(result.likeness.measures) / 10, outside


def test_a_file_is_not_told_from_itself(tmp_path: Path) -> None:
    same = write(
        tmp_path / "same", [{"text": f"well number {n} is what we said we would take home"} for n in range(30)]
    )
    result = compare_files(same, same, draws=20)
    assert result.auc is not None
    assert result.auc.estimate == pytest.approx(0.5)


def test_auc_within_one_fold_is_the_auc() -> None:
    rng = np.random.default_rng(0)
    scores, human = rng.integers(0, 9, 60).astype(float), rng.random(60) < 0.4
    found = within_folds(scores, human, np.zeros(60, dtype=np.int64), np.ones((1, 60)))
    assert found == pytest.approx(auc(scores, human))


def test_scores_of_different_folds_are_never_compared() -> None:
    scores, human, fold = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, True, False, True]), np.array([0, 0, 1, 1])
    assert within_folds(scores, human, fold, np.ones((1, 4))) == 1


# --- units ------------------------------------------------------------------------------------------------------


def units(human: list[Line], model: list[Line]) -> tuple[list[int], list[int], list[str]]:
    (people, machine), notes = independent_units(human, model)
    return people.tolist(), machine.tolist(), notes


def test_lines_of_a_speaker_or_of_a_context_are_one_unit() -> None:
    human = [Line(text=f"t{n}", speaker=f"s{n // 2}", context=f"c{n // 2}") for n in range(24)]
    model = [Line(text="t", context=f"c{n}") for n in range(12)]
    people, machine, notes = units(human, model)
    assert people == [number for number in machine for _ in range(2)]
    assert len(set(machine)) == 12
    assert notes == []


def test_two_names_are_roles_and_one_context_holds_nothing_together() -> None:
    human = [Line(text=str(n), speaker="AB"[n % 2], context="hi") for n in range(12)]
    people, machine, notes = units(human, human)
    assert len({*people, *machine}) == 24
    assert any("2 speakers" in note for note in notes)
    assert any("contexts were not kept apart" in note for note in notes)


# --- bad input --------------------------------------------------------------------------------------------------


def test_two_lines_give_no_number(tmp_path: Path) -> None:
    two = write(tmp_path / "two", [{"text": "hello"}, {"text": "yes"}, {"text": " "}])
    result = compare_files(two, two, draws=20)
    assert result.auc is None
    assert "2 and 2 independent units" in result.notes[0]
    assert (result.human.lines, result.human.blank, result.human.compared) == (3, 1, 2)
    assert all(measure.verdict == "undetermined" for measure in result.likeness.measures)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no line with a text"),
        ('{"text": " "}\n', "no line with a text"),
        ('{"text": "a"}\n{"text": \n', "line 2: not valid JSON"),
        ('{"said": "a"}\n', "line 1: text: Field required"),
        ('{"text": null}\n', "line 1: text"),
        ("[1]\n", "line 1: the line"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        read_lines(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: cannot be read"):
        read_lines(tmp_path / "nowhere")


# --- real people ------------------------------------------------------------------------------------------------


def casino(root: Path) -> Iterator[tuple[str, str]]:
    for n, one in enumerate(json.loads((root / "casino/data/split/casino_train.json").read_text(encoding="utf-8"))):
        yield from ((str(n), turn["text"]) for turn in one["chat_logs"])


def persuasion(root: Path) -> Iterator[tuple[str, str]]:
    path = next((root / "persuasionforgood/data/FullData").glob("*dialog*.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        yield from ((row["B2"], row["Unit"]) for row in csv.DictReader(file))


def mathdial(root: Path) -> Iterator[tuple[str, str]]:
    for n, line in enumerate((root / "mathdial/data/test.jsonl").read_text(encoding="utf-8").splitlines()):
        turns = json.loads(line)["conversation"].split("|EOM|")
        yield from ((str(n), turn.partition(")")[2]) for turn in turns if turn.startswith("Teacher:"))


def safety(root: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(root / "hh_rlhf/harmless-base/test.jsonl.gz", "rt", encoding="utf-8") as file:
        for n, line in enumerate(file):
            turns = json.loads(line)["chosen"].split("\n\nHuman: ")[1:]
            yield from ((str(n), turn.partition("\n\nAssistant:")[0]) for turn in turns)


@pytest.mark.data
@pytest.mark.parametrize("corpus", [casino, persuasion, mathdial, safety])
def test_real_people_are_people_and_templates_are_not(
    corpus: Callable[[Path], Iterator[tuple[str, str]]], data_root: Path, tmp_path: Path
) -> None:
    rng = random.Random(0)
    turns = [(group, text) for group, text in corpus(data_root / "corpus") if text.strip()]
    names = sorted({group for group, _ in turns})
    rng.shuffle(names)
    halves = set(names[:120]), set(names[120:240])
    human, other = ([{"group": group, "text": text} for group, text in turns if group in half][:400] for half in halves)
    words = [word for line in human for word in line["text"].split() if word.isalpha()]
    fake = [{"group": line["group"], "text": rng.choice(TEMPLATES).format(rng.choice(words))} for line in other]
    theirs = write(tmp_path / "theirs.jsonl", human)
    people, machine = (compare_files(write(tmp_path / "mine.jsonl", mine), theirs, draws=200) for mine in (other, fake))
    assert people.auc is not None
    assert machine.auc is not None
    assert people.auc.estimate <= 0.55
    assert machine.auc.estimate >= 0.95
    outside = [measure.name for measure in people.likeness.measures if measure.verdict == "outside"]
    assert len(outside) <= len(people.likeness.measures) / 10, outside
