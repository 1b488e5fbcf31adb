"""What a run folder holds, read back as records: a part that was not run is none or empty, a broken one an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from odyssim.corpus.summary import CorpusSummary
from odyssim.errors import DataError
from odyssim.soul.next_turn import NextTurnResult
from odyssim.soul.result import EvalResult, TaskResult
from odyssim.types import Json

Variant = Literal["untrained", "trained"]
VARIANTS: Final[tuple[Variant, ...]] = get_args(Variant)
RECIPE: Final = "recipe.yaml"
STAGES: Final = ("corpus", "tokenizer", "packed", "midtrain", "eval", "likeness")

StageState = Literal["done", "not finished", "not run"]


class Figures(BaseModel):
    """Base of what the report reads from files whose own records need torch; fields it does not show are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Nll(Figures):
    """Mean loss in nats per human token over `tokens` tokens, with its 95 % interval where there is one."""

    nll: float
    low: float | None
    high: float | None
    tokens: int


class NllBySource(Figures):
    """The loss over everything, and by source name."""

    overall: Nll
    by_source: dict[str, Nll]


class Training(Figures):
    """What `midtrain.json` says: sizes, seconds without validation, and four validation losses."""

    config: Json
    model: Json | str
    parameters: int
    steps: int
    tokens: int
    seconds: float
    tokens_per_second: float
    best_step: int
    untrained: NllBySource
    unigram: NllBySource
    best: NllBySource
    last: NllBySource


class Step(Figures):
    """One line of `metrics.jsonl`; the loss is in nats per human token."""

    step: int
    loss: float
    learning_rate: float


class Validation(Figures):
    """One line of `validation.jsonl`; step 0 is the untrained model."""

    step: int
    nll: NllBySource


class StageManifest(Figures):
    """What a finished stage says about itself."""

    files: dict[str, tuple[int, str]]
    wall_s: float


@dataclass(frozen=True)
class StageRecord:
    """Where a stage stands; it has a manifest once it is done."""

    name: str
    state: StageState
    manifest: StageManifest | None

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.manifest.files.values()) if self.manifest else 0


@dataclass(frozen=True)
class RunRecords:
    """Everything the small files of a run folder say. `evals` and `likeness` have a variant only if it was measured."""

    folder: Path
    recipe: Json
    environment: Json
    stages: tuple[StageRecord, ...]
    corpus: CorpusSummary | None
    training: Training | None
    steps: tuple[Step, ...]
    validations: tuple[Validation, ...]
    evals: dict[Variant, EvalResult]
    likeness: dict[Variant, NextTurnResult]

    @property
    def name(self) -> str:
        return str(self.recipe.get("name", self.folder.name))

    @property
    def tasks(self) -> dict[str, dict[Variant, TaskResult]]:
        """Every task that was evaluated, by name, with the results of the variants."""
        tasks: dict[str, dict[Variant, TaskResult]] = {}
        for variant, result in self.evals.items():
            for task in result.tasks:
                tasks.setdefault(task.task, {})[variant] = task
        return tasks

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Names of the sources that nobody wrote."""
        sources = self.corpus.sources if self.corpus else ()
        return tuple(source.card.id for source in sources if source.card.synthetic)


ResultT = TypeVar("ResultT")


def latest(results: Mapping[Variant, ResultT]) -> tuple[Variant, ResultT]:
    """The trained variant's result, or the untrained one's where only that was measured."""
    name: Variant = "trained" if "trained" in results else "untrained"
    return name, results[name]


def earlier(results: Mapping[Variant, ResultT]) -> ResultT | None:
    """The untrained variant's result where the trained one can be held against it."""
    return results.get("untrained") if "trained" in results else None


def read_run(folder: Path) -> RunRecords:
    """Read the run folder. Raises `DataError` if it is none, or if a file in it is broken (with the line)."""
    if not (folder / RECIPE).is_file():
        raise DataError("no run folder: it has no recipe.yaml", path=folder, hint=f"odyssim run RECIPE --out {folder}")
    evals = {name: _record(folder / "eval" / name / "eval.json", EvalResult) for name in VARIANTS}
    likeness = {name: _record(folder / "likeness" / name / "likeness.json", NextTurnResult) for name in VARIANTS}
    return RunRecords(
        folder=folder,
        recipe=_mapping(folder / RECIPE),
        environment=_mapping(folder / "environment.json"),
        stages=_stages(folder),
        corpus=_record(folder / "corpus" / "corpus.json", CorpusSummary),
        training=_record(folder / "midtrain" / "midtrain.json", Training),
        steps=read_lines(folder / "midtrain" / "metrics.jsonl", Step),
        validations=read_lines(folder / "midtrain" / "validation.jsonl", Validation),
        evals={name: result for name, result in evals.items() if result is not None},
        likeness={name: result for name, result in likeness.items() if result is not None},
    )


ModelT = TypeVar("ModelT", bound=BaseModel)


def each_line(path: Path, kind: type[ModelT]) -> Iterator[ModelT]:
    """The records of a JSONL file, one at a time; a last line that a kill cut short does not count."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.endswith("\n"):
                yield _checked(line, kind, path, number)


def read_lines(path: Path, kind: type[ModelT]) -> tuple[ModelT, ...]:
    """The records of a JSONL file, none if it is absent."""
    return tuple(each_line(path, kind)) if path.is_file() else ()


def _record(path: Path, kind: type[ModelT]) -> ModelT | None:
    return _checked(path.read_text(encoding="utf-8"), kind, path) if path.is_file() else None


def _checked(text: str, kind: type[ModelT], path: Path, line: int | None = None) -> ModelT:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise DataError(
            f"not a {kind.__name__}: {where} {problem['msg']}".replace("  ", " "), path=path, line=line
        ) from error


def _mapping(path: Path) -> Json:
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataError(f"not valid YAML: {getattr(error, 'problem', error)}", path=path) from error
    if not isinstance(content, dict):
        raise DataError("expected a mapping", path=path)
    return content


def _stages(folder: Path) -> tuple[StageRecord, ...]:
    return tuple(_stage(folder / name) for name in STAGES)


def _stage(folder: Path) -> StageRecord:
    manifest = _record(folder / "manifest.json", StageManifest)
    state: StageState = "done" if manifest else "not finished" if folder.is_dir() else "not run"
    return StageRecord(folder.name, state, manifest)
