"""Decontamination: every planted item of every task is found, however it is disguised; innocent talk is left alone."""

from __future__ import annotations

import csv
import json
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.corpus.decontaminate.build_index import build_index, index_items
from odyssim.corpus.decontaminate.fingerprint import (
    GRAM,
    gram_hashes,
    normalise,
    whole_hashes,
    word_hashes,
    words,
)
from odyssim.corpus.decontaminate.flag import OverlapRule, flag
from odyssim.corpus.decontaminate.index import Overlap, OverlapIndex
from odyssim.corpus.decontaminate.items import EvaluationItem, ItemReport, evaluation_items
from odyssim.errors import DataError
from odyssim.tasks.registry import task_names
from odyssim.types import Axis, Interaction, SocialContext, Source, Turn
from tests.corpus.bench import prose, small_talk, write_benchmarks

TASKS = "coser hitom mirrorbench mistakes paratomi sim_arena_doc sim_arena_math sotopia tau_usi tombench".split()
NONE = dict.fromkeys([*TASKS, *task_names()], 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_benchmarks(folder)
    return folder


@pytest.fixture(scope="module")
def items(data: Path) -> list[EvaluationItem]:
    return list(evaluation_items(data, ItemReport()))


@pytest.fixture(scope="module")
def index(data: Path) -> OverlapIndex:
    return build_index(data)


def row(*turns: str, scenario: str = "", profile: str = "", tags: tuple[str, ...] = ()) -> Interaction:
    return Interaction(
        turns=tuple(
            Turn(speaker="AB"[place % 2], text=text, human=place % 2 == 0, train=place % 2 == 0)
            for place, text in enumerate(turns)
        ),
        context=SocialContext(scenario=scenario, profiles={"A": profile}),
        source=Source(dataset="test", licence="unknown", split="train", original_id="1"),
        axis=Axis.CONV,
        tags=tags,
    )


def found(index: OverlapIndex, *turns: str, scenario: str = "", profile: str = "") -> tuple[str, ...]:
    return flag(row(*turns, scenario=scenario, profile=profile), index)[1]


def chat(seed: int, words: int = 20) -> str:
    return small_talk(random.Random(seed), words)


def long_texts(items: Iterable[EvaluationItem]) -> Iterator[tuple[str, str]]:
    """(task, text) of every text of every form that has a 13-gram of its own."""
    return ((item.task, text) for item in items for form in item.forms for text in form if len(words(text)) >= GRAM)


# --- what is a word ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t STOP — it's 5 o'clock!", "don t stop it s 5 o clock"),
        ("cafe\u0301 ﬁne Straße ＡＢＣ", "café fine strasse abc"),
        ("con\u00adtinue\u200b here\u00a0now", "continue here now"),
        ("green_bucket/red-box", "green bucket red box"),
        ("我想要abc三个。", "我 想 要 abc 三 个"),
        ("カレーを食べる", "カ レ ー を 食 べ る"),
        ("สวัสดี हिन्दी 안녕하세요", "ส วั ส ดี हिन्दी 안녕하세요"),
        ("🙂👍🏽 — …", ""),
    ],
)
def test_words_are_what_is_left_without_case_punctuation_and_typography(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.lists(st.text(alphabet="ab ’é中", max_size=30), max_size=6))
def test_a_gram_has_the_hash_of_the_same_words_as_a_whole_text(texts: list[str]) -> None:
    hashes, lengths = word_hashes(texts)
    assert lengths.tolist() == [len(words(text)) for text in texts]
    grams = gram_hashes(hashes)
    assert len(grams) == max(0, len(hashes) - GRAM + 1)
    for place, gram in enumerate(grams):
        assert whole_hashes(hashes[place : place + GRAM], np.array([GRAM]))[0] == gram
    wholes = dict(zip(map(normalise, texts), whole_hashes(hashes, lengths).tolist(), strict=True))
    assert len(set(wholes.values())) == len(wholes)


# --- planted items ----------------------------------------------------------------------------------------------

DISGUISES: dict[str, Callable[[str], str]] = {
    "verbatim": str,
    "upper case": str.upper,
    "no punctuation": normalise,
    "more punctuation": lambda text: "«" + text.replace(" ", ", ") + "»!",
    "other white space": lambda text: text.replace(" ", "\n\t\u00a0"),
    "typographic": lambda text: f"“{text.replace(chr(39), '’')}”…",
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
}
PLACES: dict[str, Callable[[OverlapIndex, str], tuple[str, ...]]] = {
    "a turn": lambda index, text: found(index, chat(1), text, chat(2)),
    "the scenario": lambda index, text: found(index, chat(1), scenario=text),
    "a profile": lambda index, text: found(index, chat(1), profile=text),
    "a long text": lambda index, text: found(index, f"{chat(1, 300)} {text} {chat(2, 300)}"),
    "two turns": lambda index, text: found(index, *halves(text)),
}


def halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    return text[:middle], text[middle:]


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_text_of_every_task_is_found(
    index: OverlapIndex,
    items: list[EvaluationItem],
    place: Callable[[OverlapIndex, str], tuple[str, ...]],
    disguise: Callable[[str], str],
) -> None:
    planted = set(long_texts(items))
    assert {task for task, _ in planted} == set(TASKS)
    if place is PLACES["two turns"]:  # cut inside a word, which loses the grams around it
        planted = {(task, text) for task, text in planted if len(words(text)) >= 2 * GRAM}
    missed = [(task, text) for task, text in planted if task not in place(index, disguise(text))]
    assert not missed


def test_a_text_cut_in_two_is_found_wherever_a_13_gram_of_it_survives(
    index: OverlapIndex, items: list[EvaluationItem]
) -> None:
    for task, text in set(long_texts(items)):
        parts = words(text)
        for cut in range(0, len(parts), 3):
            first, second = (b" ".join(half).decode() for half in (parts[:cut], parts[cut:]))
            survives = max(cut, len(parts) - cut) >= GRAM
            assert (task in found(index, first, chat(3), second, chat(4))) == survives


def test_whole_items_are_found_in_both_forms(index: OverlapIndex, items: list[EvaluationItem]) -> None:
    for item in items:
        for form in item.forms:
            assert item.task in found(index, *form), form
            assert item.task in found(index, "\n".join(form)), form


def test_short_prompts_are_found_whole_and_only_whole(index: OverlapIndex, items: list[EvaluationItem]) -> None:
    prompts = {(item.task, text) for item in items for text in item.wholes if len(words(text)) < GRAM}
    assert {task for task, _ in prompts} == {"mirrorbench", "mistakes", "sim_arena_doc", "sim_arena_math", "sotopia"}
    for task, prompt in prompts:
        assert found(index, chat(1), prompt.upper()) == (task,)
        assert found(index, chat(1), scenario=prompt) == (task,)
        assert found(index, f"{chat(1)} {prompt} {chat(2)}") == ()


def test_a_short_conversation_is_found_as_two_turns(tmp_path: Path) -> None:
    short = EvaluationItem("chats", "files", (("Which company do you mean?", "the one with the red logo"),))
    index = index_items([short], ItemReport())
    assert found(index, chat(1), *short.forms[0], chat(2)) == ("chats",)
    assert found(index, " ".join(short.forms[0])) == ("chats",)
    assert found(index, short.forms[0][0], chat(1), short.forms[0][1]) == ()


def test_one_row_can_give_away_several_tasks(index: OverlapIndex, items: list[EvaluationItem]) -> None:
    texts = dict(long_texts(items))
    assert set(found(index, *texts.values())) == set(TASKS)


@settings(max_examples=200)
@given(st.data())
def test_planting_is_always_found(index: OverlapIndex, items: list[EvaluationItem], data: st.DataObject) -> None:
    task, text = data.draw(st.sampled_from(sorted(set(long_texts(items)))))
    around = st.lists(st.text(max_size=40), max_size=4)
    before, after = data.draw(around), data.draw(around)
    glue = data.draw(st.sampled_from(["", " ", "\n", " — "]))
    turn = f"{data.draw(st.text(max_size=40))} {glue}{text}{glue} {data.draw(st.text(max_size=40))}"
    assert task in index.find([*before, turn, *after])
    assert OverlapRule().counts(index.find([*before, turn, *after])[task])


# --- innocent rows ----------------------------------------------------------------------------------------------


def test_innocent_talk_is_left_alone(index: OverlapIndex) -> None:
    for seed in range(300):
        talk = row(*(chat(seed * 10 + turn, 25) for turn in range(4)), scenario=prose(random.Random(seed + 1000), 60))
        assert flag(talk, index) == (talk, ())


def test_everyday_openings_and_bare_sums_are_nobodys(index: OverlapIndex) -> None:
    assert found(index, "Hello, how are you today?", "2/3 * 4/6 =", "box", "A. red_box, B. blue_crate") == ()


def test_one_13_gram_of_a_long_text_is_not_an_item_unless_one_says_so(
    index: OverlapIndex, items: list[EvaluationItem]
) -> None:
    text = words(max((text for task, text in long_texts(items) if task == "sim_arena_doc"), key=len))
    gram = b" ".join(text[20:33]).decode()
    (overlap,) = index.find([chat(1), gram]).values()
    assert overlap == Overlap(grams=1, texts=1, words=13, share=13 / len(text), exact=0)
    assert found(index, gram) == ()
    assert flag(row(gram), index, OverlapRule(words=13))[1] == ("sim_arena_doc",)
    assert found(index, gram, chat(1), b" ".join(text[50:63]).decode()) == ("sim_arena_doc",)


def test_the_template_of_a_task_is_not_its_items() -> None:
    rng = random.Random(3)
    instruction, profile = prose(rng, 40), prose(rng, 40)
    stories = [prose(rng, 30) for _ in range(60)]
    index = index_items(
        [
            EvaluationItem(
                "quiz",
                "files",
                ((f"{instruction} {story}", instruction, profile if number < 20 else story),),
                wholes=(f"{instruction} {story}",),
            )
            for number, story in enumerate(stories)
        ],
        ItemReport(),
    )
    assert found(index, instruction, chat(1)) == ()
    assert found(index, profile) == ("quiz",)
    for story in stories:
        assert found(index, chat(1), story) == ("quiz",)
        assert found(index, f"{instruction} {story}") == ("quiz",)


def test_tags_say_what_was_found_now(index: OverlapIndex, items: list[EvaluationItem]) -> None:
    text = next(text for task, text in long_texts(items) if task == "coser")
    tagged, tasks = flag(row(text, tags=("safety:toxic", "overlap:gone")), index)
    assert (tagged.tags, tasks) == (("safety:toxic", "overlap:coser"), ("coser",))
    cleared, tasks = flag(row(chat(1), tags=("overlap:gone",)), index)
    assert (cleared.tags, tasks) == ((), ())


# --- the index --------------------------------------------------------------------------------------------------


def test_a_saved_index_finds_the_same(index: OverlapIndex, items: list[EvaluationItem], tmp_path: Path) -> None:
    index.save(tmp_path / "index")
    loaded = OverlapIndex.load(tmp_path / "index")
    assert (loaded.items, loaded.missing) == (index.items, index.missing)
    for _, text in long_texts(items):
        assert loaded.find([chat(1), text]) == index.find([chat(1), text])


def test_the_same_items_give_the_same_files(data: Path, index: OverlapIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "one")
    build_index(data).save(tmp_path / "two")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("damage", ["missing", "cut", "format"])
def test_a_damaged_index_is_refused(index: OverlapIndex, tmp_path: Path, damage: str) -> None:
    index.save(folder := tmp_path / "index")
    if damage == "missing":
        (folder / "grams.npy").unlink()
    elif damage == "cut":
        (folder / "grams.npy").write_bytes((folder / "grams.npy").read_bytes()[:-100])
    else:
        meta = json.loads((folder / "index.json").read_text())
        (folder / "index.json").write_text(json.dumps(meta | {"format": 0}))
    with pytest.raises(DataError, match="index"):
        OverlapIndex.load(folder)


def test_items_are_counted_once_and_what_is_missing_is_told(data: Path, index: OverlapIndex, tmp_path: Path) -> None:
    assert index.items == NONE | {
        "coser": 2,
        "hitom": 3,
        "mirrorbench": 3,
        "mistakes": 4,
        "paratomi": 5,
        "sim_arena_doc": 3,
        "sim_arena_math": 3,
        "sotopia": 4,
        "tau_usi": 2,
        "tombench": 4,
    }
    assert all(name.startswith("task ") for name in index.missing)
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "coser").symlink_to(data / "bench" / "coser")
    partial = build_index(tmp_path)
    assert partial.items == NONE | {"coser": 2}
    assert partial.missing["bench/hitom"] == "not in the data folder"
    assert partial.missing["task hitom"] == "no published items in the data folder"


def test_without_any_benchmark_nothing_is_found_and_everything_is_missing(items: list[EvaluationItem]) -> None:
    nothing = build_index(None)
    assert nothing.items == NONE
    assert {"bench/coser", "bench/tombench", "task hitom"} <= nothing.missing.keys()
    assert all(found(nothing, text) == () for _, text in long_texts(items))


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("mistakes_mae/data/data.json", '"Question"', '"Exercise"', "has the field 'Question'"),
        ("tomi/tomi_balanced_story_types/fb_all_test.txt", "\n2 ", "\nno number ", "line 2: expected 'N sentence'"),
        ("coser/data/test/test_set.json", '"scenario"', "scenario", "broken JSON"),
    ],
)
def test_a_broken_benchmark_file_is_an_error_that_says_where(
    tmp_path: Path, name: str, old: str, new: str, complaint: str
) -> None:
    write_benchmarks(tmp_path)
    path = tmp_path / "bench" / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        build_index(tmp_path)


# --- the published files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(data_root: Path) -> OverlapIndex:
    return build_index(data_root)


@pytest.mark.data
def test_every_published_item_is_read(published: OverlapIndex) -> None:
    at_hand = {"coser", "hitom", "mirrorbench", "mistakes", "paratomi", "sim_arena_doc", "sotopia", "tombench"}
    assert set(published.missing) == {f"task {name}" for name in task_names() if name not in at_hand}
    assert published.items == NONE | {
        "coser": 32,
        "hitom": 960,
        "mirrorbench": 636,
        "mistakes": 176,
        "paratomi": 4_200 + 797,
        "sim_arena_doc": 40 + 459 + 459,
        "sim_arena_math": 40 + 1_000 + 427,
        "sotopia": 72 + 40 + 120,
        "tau_usi": 40 + 97 + 10 + 94 + 20 + 19 + 69,
        "tombench": 2 * 2_300,
    }


@pytest.mark.data
def test_published_items_are_found_in_real_talk(published: OverlapIndex, data_root: Path) -> None:
    talk = casino(data_root)
    by_task: dict[str, list[EvaluationItem]] = {}
    for item in evaluation_items(data_root, ItemReport()):
        by_task.setdefault(item.task, []).append(item)
    rng = random.Random(0)
    for task, items in by_task.items():
        for item in rng.sample(items, min(40, len(items))):
            before, after = rng.choice(talk), rng.choice(talk)
            for form in item.forms:
                text = " ".join(form)
                if len(words(text)) >= GRAM:
                    assert task in found(published, *before, text, *after), text
                    assert task in found(published, *before, *form, *after), text


@pytest.mark.data
def test_innocent_corpora_are_left_alone(published: OverlapIndex, data_root: Path) -> None:
    for talk in casino(data_root):
        assert published.find(talk) == {}
    for record in jsonl(data_root / "corpus/dialogsum/DialogSum_Data/dialogsum.dev.jsonl"):
        assert published.find(strings(record)) == {}


@pytest.mark.data
def test_stories_of_the_same_generator_are_no_copies(published: OverlapIndex, data_root: Path) -> None:
    overlaps = [published.find(story) for story in tomi(data_root, "train") + tomi(data_root, "val")]
    shared = [overlap["paratomi"] for overlap in overlaps if overlap]
    assert (len(overlaps), len(shared), max(overlap.words for overlap in shared)) == (11_988, 500, 19)
    assert not any(OverlapRule().counts(overlap) for overlap in shared)


@pytest.mark.data
def test_corpora_made_from_benchmark_items_are_found(published: OverlapIndex, data_root: Path) -> None:
    def tasks(rows: Iterable[list[str]]) -> Counter[tuple[str, ...]]:
        return Counter(found(published, *row) for row in rows)

    folder = data_root / "corpus"
    trees = jsonl(folder / "oasst_export_sample/model/model_eval/manual/data/en_100_tree.jsonl")
    assert tasks(map(strings, trees)) == {("mirrorbench",): 4, (): 96}
    retold = folder / "simulatedtom_human/code/human_eval_data"
    for file, copies in (("tomi_human_evals_all.csv", 35), ("tomi_human_evals_fb.csv", 62)):
        with (retold / file).open(encoding="utf-8", newline="") as rows:
            assert tasks(csv.reader(rows))[("paratomi",)] == copies


def casino(data_root: Path) -> list[list[str]]:
    dialogues = json.loads((data_root / "corpus/casino/data/split/casino_valid.json").read_text(encoding="utf-8"))
    return [[turn["text"] for turn in dialogue["chat_logs"]] for dialogue in dialogues]


def tomi(data_root: Path, split: str) -> list[list[str]]:
    path = data_root / f"corpus/tomi/tomi_balanced_story_types/fb_all_{split}.txt"
    rows: list[list[str]] = []
    story: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        number, _, sentence = line.partition(" ")
        story = [sentence] if number == "1" else [*story, sentence.partition("\t")[0]]
        if "\t" in sentence:
            rows.append(story)
    return rows


def jsonl(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []
