"""The offline context writer: its form, its training tasks, how grounding recognises it, and a whole tiny run."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.catalog import SOURCES, source
from odyssim.corpus.ground.baselines import keywords
from odyssim.corpus.ground.form import CARD, LINES, MARKER, form_of, mark_writer
from odyssim.corpus.ground.ground import GroundReport, GroundSettings, ground
from odyssim.corpus.ground.lines import (
    LINES_VERSION,
    MAX_CAST,
    MAX_LINES,
    MAX_TEXT,
    MAX_TRANSCRIPT,
    cast_of,
    context_lines,
    read_lines,
    shown_lines,
)
from odyssim.corpus.ground.rules import violations
from odyssim.corpus.ground.schema import Malformed
from odyssim.corpus.render import messages_before
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.context_writing import ContextWriting
from odyssim.corpus.sources.empathetic_dialogues import EmpatheticDialogues
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.store import read_interactions
from odyssim.corpus.summary import read_corpus
from odyssim.errors import DataError, UsageError
from odyssim.models.local import LocalModel
from odyssim.models.scripted import Line, Scripted
from odyssim.recipe.config import Recipe, load_recipe
from odyssim.recipe.plan import plan
from odyssim.recipe.run import run
from odyssim.report.records import read_run
from odyssim.types import Axis, Interaction, Message, Reply, Sampling, SocialContext, Source, StopReason, Turn
from tests.corpus.sources.layouts import write

FOLDER = "corpus/empathetic_dialogues/datasets/empatheticdialogues_unannotated"
THINGS = "kettle tractor violin canoe parrot ladder lantern trumpet compass wagon scarf telescope".split()
PLACES = "harbour orchard attic station meadow bakery library garage cellar market stable chapel".split()


def dialogue(number: int, situation: str) -> list[list[str]]:
    thing, place = THINGS[number % len(THINGS)], PLACES[number // len(THINGS) % len(PLACES)]
    said = ("situation", "none", situation), ("utterance", "speaker", f"guess what happened with my {thing}")
    heard = ("utterance", "listener", f"was that near the {place} again?"), ("utterance", "speaker", "oh yes it was")
    return [[f"hit:{number}_conv:{number}", *row] for row in (*said, *heard)]


def emotion(numbers: range, situation: str = "The day everything went wrong with the {thing}") -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["Dialog_ID", "Type", "Actor", "Text"])
    for number in numbers:
        rows.writerows(dialogue(number, situation.format(thing=THINGS[number % len(THINGS)])))
    return text.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with 120 dialogues of two emotions."""
    return write(
        tmp_path / "data",
        {f"{FOLDER}/angry.csv": emotion(range(60)), f"{FOLDER}/proud.csv": emotion(range(60, 120))},
    )


def tasks(data: Path, cap: int = 1000) -> tuple[list[Interaction], ReadReport]:
    reader, report = ContextWriting([EmpatheticDialogues()], cap), ReadReport()
    return list(reader.read(reader.files(data), report)), report


def talk(*said: tuple[str, str], context: SocialContext | None = None) -> Interaction:
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=True) for speaker, text in said),
        context=context,
        source=Source(dataset="tests", licence="CC0-1.0", split="train", original_id=said[0][1]),
        axis=Axis.CONV,
    )


SISTERS = talk(("Mia", "did you eat yet"), ("Noor", "no, waiting for you"), ("Mia", "home in five then"))
CONTEXT = SocialContext(
    scenario="Two sisters text each other in the evening.",
    relationship="They share a flat.",
    profiles={"Mia": "You are on a late bus."},
    goals={"Mia": "Learn who cooks.", "Noor": "Not to be alone."},
    author="native",
)
WRITTEN = """situation: Two sisters text each other in the evening.
relationship: They share a flat.
about A: You are on a late bus.
A wants: Learn who cooks.
B wants: Not to be alone."""


# --- the form ---------------------------------------------------------------------------------------------------


def test_what_the_model_reads_and_writes() -> None:
    assert shown_lines(SISTERS) == (
        "A = Mia\nB = Noor\nA: did you eat yet\nB: no, waiting for you\nA: home in five then"
    )
    assert context_lines(CONTEXT, cast_of(SISTERS)) == WRITTEN
    read = read_lines(f"\n{WRITTEN}\n", cast_of(SISTERS))
    assert read == CONTEXT.model_copy(update={"author": "back_generated", "prompt_version": LINES_VERSION})


def test_a_long_conversation_shows_beginning_and_end_and_a_crowd_only_its_loudest() -> None:
    crowd = talk(
        *((f"Guest {n % 7 if n % 3 else 0}", f"toast number {n}, and a few words more\nA: to it") for n in range(400))
    )
    shown = shown_lines(crowd).splitlines()
    names, said = shown[:MAX_CAST], shown[MAX_CAST:]
    assert [name.split(" = ")[0] for name in names] == list("ABCD")[:MAX_CAST]
    assert said[0].startswith("A: toast number 0,")
    assert said[-1].endswith("toast number 399, and a few words more A: to it")
    assert sum("turns are left out" in line for line in said) == 1
    assert len("\n".join(said)) < MAX_TRANSCRIPT + 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot do that.",
        "relationship: They share a flat.",
        "situation:",
        "situation: One.\nsituation: Two.",
        "situation: One.\nA wants: Food.\nabout A: Hungry.",
        "situation: One.\nC wants: Food.",
        "situation: One.\nand so on",
        f"situation: {'x' * (MAX_TEXT + 1)}",
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    assert isinstance(read_lines(text, ["Mia", "Noor"]), Malformed)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=400)


@given(texts, texts, st.dictionaries(st.sampled_from(["Mia", "Noor"]), texts), st.lists(texts, max_size=3))
def test_every_context_that_can_be_written_can_be_read(
    scenario: str, relationship: str, profiles: dict[str, str], sentences: list[str]
) -> None:
    goals = {"Noor": ". ".join(sentences)}
    context = SocialContext(scenario=scenario, relationship=relationship, profiles=profiles, goals=goals)
    cast = ("Mia", "Noor")
    lines = context_lines(context, cast)
    if lines is not None:
        assert len(lines) <= MAX_LINES
        read = read_lines(lines, cast)
        assert isinstance(read, SocialContext)
        assert context_lines(read, cast) == lines


def test_of_a_long_text_whole_sentences_are_kept() -> None:
    long = CONTEXT.model_copy(update={"scenario": "A kitchen. " + "It is late and nobody has cooked. " * 20})
    lines = context_lines(long, cast_of(SISTERS))
    assert lines is not None
    situation = lines.splitlines()[0].removeprefix("situation: ")
    assert situation.startswith("A kitchen. It is late and nobody has cooked.")
    assert MAX_TEXT - 40 < len(situation) <= MAX_TEXT
    assert situation.endswith(".")
    endless = CONTEXT.model_copy(update={"scenario": "no end in sight " * 40})
    assert context_lines(endless, cast_of(SISTERS)) is None


# --- the tasks --------------------------------------------------------------------------------------------------


def test_a_task_is_asked_as_grounding_asks_and_answered_as_it_reads(data: Path) -> None:
    made, report = tasks(data)
    originals = {
        one.source.original_id: one
        for one in EmpatheticDialogues().read(EmpatheticDialogues().files(data), ReadReport())
    }
    assert len(made) == report.interactions == len(originals) == 120
    for task in made:
        original = originals[task.source.original_id.removeprefix("empathetic_dialogues/")]
        assert messages_before(task, 1) == LINES.ask(original, 16_000)
        answer = LINES.read(Reply(text=task.turns[1].text), original, 16_000)
        assert isinstance(answer, SocialContext)
        assert original.context is not None
        assert answer.goals == original.context.goals
        assert (task.axis, task.source.split, task.source.licence, task.language) == (
            original.axis,
            original.source.split,
            original.source.licence,
            original.language,
        )
        assert task.imitated_speakers == ("writer",)
        assert task.context is None
    assert {task.source.split for task in made} == {"train", "validation"}
    assert report.records == {
        f"empathetic_dialogues/{FOLDER.partition('es/')[2]}/{name}.csv": 240 for name in ("angry", "proud")
    }


def test_a_context_that_tells_the_outcome_is_not_learned_from(tmp_path: Path) -> None:
    telling = emotion(range(5), situation="In the end they both agree about the {thing}")
    made, report = tasks(write(tmp_path, {f"{FOLDER}/proud.csv": telling + emotion(range(5, 8)).partition("\n")[2]}))
    assert len(made) == 3
    assert report.skips["a context that breaks a rule: outcome"].count == 5


def test_one_source_gives_no_more_than_its_share_and_always_the_same(data: Path) -> None:
    made, report = tasks(data, cap=30)
    assert len(made) == report.interactions == 30
    assert report.skips["more than one source may give"].count == 90
    assert made == tasks(data, cap=30)[0]
    ids = [task.source.original_id for task in made]
    assert set(ids) < {task.source.original_id for task in tasks(data, cap=50)[0]}
    whole = [task.source.original_id for task in tasks(data)[0]]
    assert ids == [name for name in whole if name in set(ids)]


def test_no_more_is_held_out_than_trained_on(data: Path) -> None:
    class HeldOut(EmpatheticDialogues):
        """All but the first three conversations are held out."""

        def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
            for number, one in enumerate(super().read(files, report)):
                split = "train" if number < 3 else "validation"
                yield one.model_copy(update={"source": one.source.model_copy(update={"split": split})})

    reader, report = ContextWriting([HeldOut()]), ReadReport()
    made = list(reader.read(reader.files(data), report))
    assert [task.source.split for task in made] == ["train"] * 3 + ["validation"] * 3
    assert sum(skip.count for skip in report.skips.values()) == 114


def test_parts_are_the_sources_at_hand(data: Path) -> None:
    reader = ContextWriting(SOURCES.values())
    files = reader.files(data)
    [part] = reader.parts(files)
    assert len(part.all) == len(reader.raw_files(data)) == 2
    assert list(reader.read(part, ReadReport())) == list(reader.read(files, ReadReport())) == tasks(data)[0]
    with pytest.raises(UsageError, match="no data folder"):
        reader.files(None)


def test_it_is_in_the_catalogue_and_in_no_corpus_that_does_not_ask_for_it(data: Path) -> None:
    reader = source("context_writing")
    assert isinstance(reader, ContextWriting)
    assert reader.made_here
    assert not reader.at_hand(data)
    assert not reader.card.in_paper


@pytest.mark.data
def test_tasks_of_the_published_files_keep_the_rules_and_their_split(data_root: Path) -> None:
    reader, report = ContextWriting([SOURCES["casino"], SOURCES["taskmaster"]]), ReadReport()
    made = list(reader.read(reader.files(data_root), report))
    assert len({task.source.original_id for task in made}) == len(made) == report.interactions > 2000
    assert {task.source.licence for task in made} == {"CC-BY-4.0"}
    assert len(made) + sum(skip.count for skip in report.skips.values()) == 930 + 1501
    held_out = {
        f"{name}/{one.source.original_id}"
        for name in ("casino", "taskmaster")
        for one in SOURCES[name].read(SOURCES[name].files(data_root), ReadReport())
        if one.source.split == "validation"
    }
    assert {task.source.original_id for task in made if task.source.split == "validation"} <= held_out
    assert not {task.source.original_id for task in made if task.source.split == "train"} & held_out
    assert max(len(turn.text) for task in made for turn in task.turns) < MAX_TRANSCRIPT + 300


# --- grounding --------------------------------------------------------------------------------------------------


def grounded(
    folder: Path, said: Sequence[Line], *interactions: Interaction
) -> tuple[list[Interaction], GroundReport, list[Sampling]]:
    asked: list[Sampling] = []
    lines = iter(said)

    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        asked.append(sampling)
        assert [message.role for message in messages] == ["user"]
        return next(lines)

    writer, out = Scripted(answer, name="local/writer@1"), folder / "out.parquet"
    settings = GroundSettings(concurrency=1)
    report = asyncio.run(ground(interactions, writer, out, folder / "journal", settings=settings, form=LINES))
    return list(read_interactions(out)), report, asked


def test_grounding_speaks_the_form_of_the_writer(tmp_path: Path) -> None:
    cut = Reply(text=WRITTEN, stop_reason=StopReason.LENGTH)
    leak = "situation: Two sisters.\nA wants: Ask: did you eat yet."
    [row], report, asked = grounded(tmp_path, ["no idea", cut, WRITTEN], SISTERS)
    assert row.context is not None
    assert (row.context.author, row.context.model, row.context.prompt_version) == (
        "back_generated",
        "local/writer@1",
        LINES_VERSION,
    )
    assert row.context.goals == CONTEXT.goals
    assert report.prompt_version == LINES_VERSION
    assert report.rejected == {"malformed": 2}
    assert len({sampling.seed for sampling in asked}) == 3
    assert all(sampling.temperature is not None and sampling.temperature <= 0.5 for sampling in asked)
    rows, report, _ = grounded(tmp_path / "leaking", [leak] * 3, SISTERS)
    assert (rows, report.dropped, report.failed) == ([], {"leak": 1}, {})


def test_a_writer_that_hesitates_over_the_scene_has_refused(tmp_path: Path) -> None:
    sure = Reply(text=WRITTEN, logprobs=(-0.01,) * 8 + (-3.0,) * 30)
    torn = Reply(text=WRITTEN, logprobs=(-0.01,) * 4 + (-1.0,) + (-0.01,) * 33)
    rows, report, _ = grounded(tmp_path, [torn, sure], SISTERS)
    assert (len(rows), report.rejected) == (1, {"refused": 1})
    rows, report, _ = grounded(tmp_path / "torn", [torn] * 3, SISTERS)
    assert (len(rows), report.dropped) == (0, {"refused": 1})


def test_a_setting_below_the_limit_stays() -> None:
    assert LINES.sampling(Sampling(temperature=0.2, max_tokens=64)) == Sampling(temperature=0.2, max_tokens=64)
    assert LINES.sampling(Sampling(temperature=None)).temperature == 0.5
    assert CARD.sampling(Sampling(temperature=1.3)) == Sampling(temperature=1.3)


def test_a_checkpoint_says_what_it_is(tmp_path: Path) -> None:
    assert form_of(f"local/{tmp_path}") is form_of("openai-api/some-model") is CARD
    mark_writer(tmp_path)
    assert form_of(f"local/{tmp_path}") is form_of(str(tmp_path)) is LINES
    (tmp_path / MARKER).write_text('{"form": "lines-0"}')
    with pytest.raises(DataError, match=MARKER):
        form_of(f"local/{tmp_path}")


# --- baselines --------------------------------------------------------------------------------------------------


def test_keywords_name_what_is_talked_about() -> None:
    [row] = keywords([talk(("Mia", "the kettle, the kettle is on the roof"), ("Noor", "which roof?"))])
    assert row.context is not None
    assert row.context.scenario == "A talk between Mia, Noor. It is about: kettle, roof."


# --- a whole run ------------------------------------------------------------------------------------------------

TINY = {
    "name": "tiny-writer",
    "sources": [{"name": "context_writing"}],
    "corpus": {"clean": None, "dedup": None, "decontaminate": "off"},
    "tokenizer": {"vocab_size": 420},
    "pack": {"seq_len": 512},
    "model": {"hidden": 48, "layers": 2, "heads": 2, "kv_heads": 1, "head_dim": 24, "intermediate": 96},
    "midtrain": {
        "steps": 100,
        "rows_per_step": 4,
        "micro_rows": 4,
        "peak_lr": 1e-2,
        "warmup_steps": 5,
        "eval_every": 50,
        "checkpoint_every": 100,
        "device": "cpu",
        "precision": "float32",
    },
}


def test_a_recipe_trains_a_writer_that_grounding_recognises(data: Path, tmp_path: Path) -> None:
    recipe, out = Recipe.model_validate(TINY), tmp_path / "run"
    assert [stage.stage for stage in plan(recipe, out, data=data)] == [
        "corpus",
        "tokenizer",
        "packed",
        "midtrain",
        "report",
    ]
    result = run(recipe, out=out, data=data)
    assert result.report is not None
    assert result.report.is_file()
    assert {stage.name: stage.state for stage in read_run(out).stages if stage.state != "done"} == {
        "eval": "not run",
        "likeness": "not run",
    }
    held_out = list(read_corpus(out / "corpus", "validation"))
    assert held_out
    best = out / "midtrain" / "best"
    form = form_of(f"local/{best}")
    assert form is LINES
    originals = list(EmpatheticDialogues().read(EmpatheticDialogues().files(data), ReadReport()))[:8]
    writer = LocalModel(best, device="cpu")
    settings = GroundSettings(rewrite="all", attempts=2, max_tokens=200)
    report = asyncio.run(
        ground(originals, writer, tmp_path / "out.parquet", tmp_path / "journal", settings=settings, form=form)
    )
    assert report.complete
    assert report.written + sum(report.dropped.values()) == 8
    assert report.written >= 6
    for row in read_interactions(tmp_path / "out.parquet"):
        assert row.context is not None
        assert row.context.model == writer.name
        assert not violations(row, row.context)


def test_the_packaged_recipe_measures_nothing_but_the_loss() -> None:
    recipe = load_recipe("context-writer")
    assert recipe.eval is None
    assert recipe.likeness is None
    # The longest task: transcript, names and lines, at three characters a token.
    assert recipe.pack.seq_len > (MAX_TRANSCRIPT + MAX_LINES) / 3
