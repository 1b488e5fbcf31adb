"""From raw data to a report: the stages of a recipe, in order, each restartable, in one run folder.

corpus      raw files to interactions           corpus.json, one Parquet folder per source
tokenizer   byte-level BPE on the training text
packed      tokens and loss masks in rows       train/, validation/, and what did not fit
midtrain    the model                           midtrain.json, metrics.jsonl, checkpoints
eval        SOUL tasks, if asked                trained/eval.json, untrained/eval.json
likeness    next turns, if asked                trained/likeness.json, untrained/likeness.json
report      report.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.build.pack import PackSettings, pack_corpus
from odyssim.corpus.build.parts import raw_files
from odyssim.corpus.catalog import source
from odyssim.corpus.ground.form import mark_writer
from odyssim.corpus.sources.context_writing import ContextWriting
from odyssim.corpus.summary import read_corpus
from odyssim.corpus.tokenizer import copy_tokenizer, train_tokenizer
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
from odyssim.types import Json, Record

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
    last = STAGES[-1] if until is None else until
    wanted = [stage for stage in stages if STAGES.index(stage.name) <= STAGES.index(last)]
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
        stages = [
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
        ]
        measured: Json = {"untrained": recipe.measure_untrained}
        if recipe.eval is not None:
            stages.append(Stage("eval", recipe.eval.model_dump(mode="json") | measured, ("midtrain",), self.eval))
        if recipe.likeness is not None:
            settings = recipe.likeness.model_dump(mode="json") | measured
            stages.append(Stage("likeness", settings, ("corpus", "midtrain"), self.likeness))
        return [*stages, Stage("report", {}, tuple(stage.name for stage in stages), self.report)]

    def _raw_files(self) -> Json:
        """What the readers will read, by source: other data is another corpus."""
        return {choice.name: raw_files(source(choice.name), self.data) for choice in self.recipe.sources}

    def corpus(self, folder: Path) -> None:
        recipe = self.recipe
        config = CorpusConfig(sources=recipe.sources, seed=recipe.seed, **dict(recipe.corpus))
        summary = build_corpus(config, self.data, folder, keep_parts=False, progress=self.progress)
        for failures in summary.failures.values() if summary else ():
            raise DataError(failures[0].message, hint=failures[0].hint)

    def tokenizer(self, folder: Path) -> None:
        if self.recipe.tokenizer is None:
            copy_tokenizer(model_folder(str(self.recipe.model)), folder / "files")
            return
        texts = (turn.text for one in read_corpus(self.out / "corpus", "train") for turn in one.turns)
        train_tokenizer(texts, self.recipe.tokenizer.vocab_size, folder / "files")

    def packed(self, folder: Path) -> None:
        settings = PackSettings(seed=self.recipe.seed, **dict(self.recipe.pack))
        # Documents lie beside the stages: another mixture or seed packs the same ones.
        indices = pack_corpus(
            self.out / "corpus",
            self.out / "tokenizer" / "files",
            folder,
            settings,
            documents=self.out / "documents",
            progress=self.progress,
        )
        for split, index in (indices or {}).items():
            write_text(folder / f"{split}.json", index.counts.model_dump_json(indent=2) + "\n")

    def midtrain(self, folder: Path) -> None:
        midtrain(
            self.recipe.midtrain,
            self.out / "packed",
            folder,
            model=self.recipe.model,
            tokenizer=self.out / "tokenizer" / "files",
            progress=self.progress,
        )
        if {choice.name for choice in self.recipe.sources} == {ContextWriting.card.id}:
            for name in ("best", "last"):
                mark_writer(folder / name)

    def _models(self) -> Iterator[tuple[str, LocalModel]]:
        names = ("untrained", "trained") if self.recipe.measure_untrained else ("trained",)
        for name in names:
            model = LocalModel(self.out / "midtrain" / ("initial" if name == "untrained" else "best"))
            yield name, model
            asyncio.run(model.aclose())

    def eval(self, folder: Path) -> None:
        assert self.recipe.eval is not None
        for name, model in self._models():
            evaluate(model, self.recipe.eval, out=folder / name, data=self.data, progress=self.progress)

    def likeness(self, folder: Path) -> None:
        assert self.recipe.likeness is not None
        for name, model in self._models():
            likeness(model, self.out / "corpus", self.recipe.likeness, out=folder / name, progress=self.progress)

    def report(self, folder: Path) -> None:
        write_report(self.out, folder / "report.html")
