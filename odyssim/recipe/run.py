"""From raw data to a report: the stages of a recipe, in order, each restartable, in one run folder.

corpus      raw files to interactions           corpus.json, one Parquet folder per source
tokenizer   byte-level BPE on the training text
packed      tokens and loss masks in rows       train/, validation/, and what rendering left out
midtrain    the model                           midtrain.json, metrics.jsonl, checkpoints
eval        SOUL tasks                          trained/eval.json, untrained/eval.json
likeness    next turns against people           trained/likeness.json, untrained/likeness.json
report      report.html
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.corpus import build_corpus, raw_files
from odyssim.corpus.catalog import source
from odyssim.corpus.chatml import ChatML
from odyssim.corpus.render import RenderCounts, render
from odyssim.corpus.shards import pack
from odyssim.corpus.summary import read_corpus
from odyssim.corpus.tokenizer import copy_tokenizer, load_tokenizer, train_tokenizer
from odyssim.environment import environment
from odyssim.errors import DataError, UnknownName
from odyssim.models.local import LocalModel
from odyssim.models.local.checkpoint import model_folder
from odyssim.progress import Progress, Silent
from odyssim.recipe.config import Recipe, load_recipe
from odyssim.recipe.stage import Stage, run_stages
from odyssim.report.write import write_report
from odyssim.soul.evaluate import evaluate
from odyssim.soul.next_turn import likeness
from odyssim.storage import write_text
from odyssim.training.midtrain import midtrain
from odyssim.types import Json, Record, TrainingSequence

STAGES = ("corpus", "tokenizer", "packed", "midtrain", "eval", "likeness", "report")


class RunResult(Record):
    """What a run did. Paths are relative to where it was started; results of stages that were not run are none."""

    recipe: str
    folder: Path
    stages: dict[str, float]
    wall_s: float
    report: Path | None


def run(
    recipe: Recipe | str | Path,
    *,
    out: Path | None = None,
    data: Path | None = None,
    until: str | None = None,
    progress: Progress = Silent(),
    say: Callable[[str], None] = lambda line: None,
) -> RunResult:
    """Run `recipe` in the folder `out`; what is done there already with the same settings is kept and skipped.

    A recipe may be given by name or file; `out` is runs/NAME by default. `until` names the last stage to run. Raises
    `UnknownName` for an unknown recipe or stage, and whatever a stage raises: finished stages stay, and the same call
    goes on.
    """
    if until is not None and until not in STAGES:
        raise UnknownName("stage", until, list(STAGES))
    begun = time.perf_counter()
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    out = out or default_folder(recipe)
    write_text(out / "recipe.yaml", yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
    write_text(out / "environment.json", json.dumps(environment(), indent=2) + "\n")
    stages = recipe_stages(recipe, out, data, progress)
    wanted = stages if until is None else stages[: STAGES.index(until) + 1]
    done = run_stages(wanted, out, say)
    return RunResult(
        recipe=recipe.name,
        folder=out,
        stages={name: manifest.wall_s for name, manifest in done.items()},
        wall_s=time.perf_counter() - begun,
        report=out / "report" / "report.html" if "report" in done else None,
    )


def default_folder(recipe: Recipe) -> Path:
    """Where a recipe runs if nobody says otherwise."""
    return Path("runs") / recipe.name


def recipe_stages(recipe: Recipe, out: Path, data: Path | None, progress: Progress = Silent()) -> list[Stage]:
    """The stages of `recipe` in the run folder `out`. Raises `DataError` or `UsageError` if raw files are missing."""
    return _Stages(recipe, out, data, progress).all()


@dataclass(frozen=True)
class _Stages:
    """The work of each stage. Folders of earlier stages are read, the own one is written."""

    recipe: Recipe
    out: Path
    data: Path | None
    progress: Progress

    def all(self) -> list[Stage]:
        recipe = self.recipe
        sources = [source.model_dump(mode="json") for source in recipe.sources]
        shape = recipe.model if isinstance(recipe.model, str) else recipe.model.model_dump(mode="json")
        tokenizer = recipe.tokenizer.model_dump(mode="json") if recipe.tokenizer else None
        measured: Json = {"untrained": recipe.measure_untrained}
        return [
            Stage(
                "corpus",
                {"sources": sources, "seed": recipe.seed, "files": self._raw_files()}
                | recipe.corpus.model_dump(mode="json"),
                (),
                self.corpus,
            ),
            Stage("tokenizer", {"tokenizer": tokenizer, "model": shape}, ("corpus",), self.tokenizer),
            Stage("packed", recipe.pack.model_dump() | {"seed": recipe.seed}, ("corpus", "tokenizer"), self.packed),
            Stage(
                "midtrain",
                {"model": shape} | recipe.midtrain.model_dump(mode="json"),
                ("tokenizer", "packed"),
                self.midtrain,
            ),
            Stage("eval", recipe.eval.model_dump(mode="json") | measured, ("midtrain",), self.eval),
            Stage(
                "likeness", recipe.likeness.model_dump(mode="json") | measured, ("corpus", "midtrain"), self.likeness
            ),
            Stage("report", {}, STAGES[:-1], self.report),
        ]

    def _raw_files(self) -> Json:
        """What the readers will read, by source: other data is another corpus."""
        return {choice.name: raw_files(source(choice.name), self.data) for choice in self.recipe.sources}

    def corpus(self, folder: Path) -> None:
        recipe = self.recipe
        config = CorpusConfig(sources=recipe.sources, seed=recipe.seed, **dict(recipe.corpus))
        summary = build_corpus(config, self.data, folder, progress=self.progress)
        for failures in summary.failures.values() if summary else ():
            raise DataError(failures[0].message, hint=failures[0].hint)

    def tokenizer(self, folder: Path) -> None:
        if self.recipe.tokenizer is None:
            copy_tokenizer(model_folder(str(self.recipe.model)), folder / "files")
            return
        texts = (turn.text for one in read_corpus(self.out / "corpus", "train") for turn in one.turns)
        train_tokenizer(texts, self.recipe.tokenizer.vocab_size, folder / "files")

    def packed(self, folder: Path) -> None:
        chatml = ChatML(load_tokenizer(self.out / "tokenizer" / "files"))
        for split in ("train", "validation"):
            if (folder / f"{split}.json").exists():
                continue
            shutil.rmtree(folder / split, ignore_errors=True)  # a kill between the rows and the counts
            sequences = _Sequences(self.out / "corpus", split, chatml, self.recipe.pack.seq_len)
            pack(sequences, folder / split, seq_len=self.recipe.pack.seq_len, chatml=chatml, seed=self.recipe.seed)
            write_text(folder / f"{split}.json", json.dumps(asdict(sequences.counts), indent=2) + "\n")

    def midtrain(self, folder: Path) -> None:
        midtrain(
            self.recipe.midtrain,
            self.out / "packed",
            folder,
            model=self.recipe.model,
            tokenizer=self.out / "tokenizer" / "files",
            progress=self.progress,
        )

    def _models(self) -> Iterator[tuple[str, LocalModel]]:
        names = ("untrained", "trained") if self.recipe.measure_untrained else ("trained",)
        for name in names:
            model = LocalModel(self.out / "midtrain" / ("initial" if name == "untrained" else "best"))
            yield name, model
            asyncio.run(model.aclose())

    def eval(self, folder: Path) -> None:
        for name, model in self._models():
            evaluate(model, self.recipe.eval, out=folder / name, data=self.data, progress=self.progress)

    def likeness(self, folder: Path) -> None:
        for name, model in self._models():
            likeness(model, self.out / "corpus", self.recipe.likeness, out=folder / name, progress=self.progress)

    def report(self, folder: Path) -> None:
        write_report(self.out, folder / "report.html")


class _Sequences:
    """The training sequences of a corpus split with the source of each; `counts` says what rendering left out."""

    def __init__(self, corpus: Path, split: str, chatml: ChatML, max_tokens: int) -> None:
        self.counts = RenderCounts()
        self._corpus, self._split, self._chatml, self._max_tokens = corpus, split, chatml, max_tokens

    def __iter__(self) -> Iterator[tuple[str, TrainingSequence]]:
        for interaction in read_corpus(self._corpus, self._split):
            sequences, counts = render(interaction, self._chatml, max_tokens=self._max_tokens)
            self.counts += counts
            for sequence in sequences:
                yield interaction.source.dataset, sequence
