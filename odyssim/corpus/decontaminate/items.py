"""What must not be trained on: the texts of every evaluation item, from the tasks and from the published files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import model_validator

from odyssim.corpus.decontaminate.benchmarks import BENCHMARKS, Benchmark
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, json_entries, json_records, jsonl_records, text_lines
from odyssim.errors import DataError, UnknownName
from odyssim.progress import Progress, Silent
from odyssim.tasks.base import Item
from odyssim.tasks.choice import ChoiceTask
from odyssim.tasks.registry import get_task, task_names
from odyssim.types import Origin, Profile


class EvaluationItem(NamedTuple):
    """One evaluation item as texts.

    `forms` are its texts in order, once for each way in which a corpus may hold them; `wholes` are texts that give
    the item away where a row has them as a whole: its prompts. `place` is where it was found: a task whose items are
    also published as files has most of them twice.
    """

    task: str
    place: Literal["task", "files"]
    forms: tuple[tuple[str, ...], ...]
    wholes: tuple[str, ...] = ()


@dataclass
class ItemReport:
    """The tasks whose items were looked for, and why some tasks and benchmarks had none here."""

    tasks: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)


def evaluation_items(
    data: Path | None, report: ItemReport, *, progress: Progress = Silent()
) -> Iterator[EvaluationItem]:
    """The items of all registered tasks, and those of the benchmark files in the folder `data`/bench.

    What is not at hand goes into `report.missing` with the reason: nobody can say that a corpus is clean of it.
    Raises `DataError` for a benchmark file that is broken or of another shape.
    """
    with progress.work("evaluation items", total=len(task_names()) + len(BENCHMARKS)) as work:
        for name in task_names():
            report.tasks.add(name)
            try:
                yield from task_items(name, data)
            except (DataError, UnknownName) as error:
                report.missing[f"task {name}"] = error.message
            work.advance()
        for benchmark in BENCHMARKS:
            report.tasks.add(benchmark.task)
            if data is not None and (data / "bench" / benchmark.dataset).is_dir():
                yield from benchmark_items(benchmark, data)
            else:
                report.missing[f"bench/{benchmark.dataset}"] = "not in the data folder" if data else "no data folder"
            work.advance()


def task_items(name: str, data: Path | None) -> Iterator[EvaluationItem]:
    """The test items of a registered task: all their texts, and the prompts a policy would see.

    Raises `DataError` or `UnknownName` before the first item if the task has no items here.
    """
    task = get_task(name)
    items = task.items("test", data=data)
    if all(item.origin is Origin.FIXTURE for item in items):
        raise DataError("no published items in the data folder" if data else "no data folder")
    for item in items:
        prompts = tuple(task.prompt(item, profile).user for profile in Profile) if isinstance(task, ChoiceTask) else ()
        texts = tuple(_leaves(item.model_dump(exclude=set(Item.model_fields))))
        yield EvaluationItem(name, "task", (texts,), prompts)


def benchmark_items(benchmark: Benchmark, data: Path) -> Iterator[EvaluationItem]:
    """The items of one kind of benchmark file. Raises `DataError` if a file is missing, broken or of another shape."""
    hint = "get the whole benchmark as published, or take its folder away: it is then reported as not compared"
    files = RawFiles(data / "bench" / benchmark.dataset, hint=hint)
    unseen = set(benchmark.texts)
    for file in files.match(benchmark.files):
        for record in _records(benchmark, file):
            texts: list[str] = []
            for path in benchmark.texts:
                found = list(_at(record, path))
                if found:
                    unseen.discard(path)
                texts += found
            forms = [tuple(texts)]
            if benchmark.split:
                parts = tuple(part for text in texts for part in re.split(benchmark.split, text) if part.strip())
                forms += [parts] if parts != forms[0] else []
            prompts = (text for path in benchmark.prompts for text in _at(record, path))
            yield EvaluationItem(benchmark.task, "files", tuple(forms), tuple(filter(benchmark.counts_whole, prompts)))
    if unseen:
        raise DataError(
            f"no record of {benchmark.files} has the field '{min(unseen)}'",
            path=files.root,
            hint="the benchmark has changed its format: correct its entry in corpus/decontaminate/benchmarks.py",
        )


class _AnyRecord(UpstreamRecord):
    """A record of any shape."""

    value: Any

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, record: object) -> dict[str, object]:
        return {"value": record}


def _records(benchmark: Benchmark, file: RawFile) -> Iterator[object]:
    seen = ReadReport()
    match benchmark.form:
        case "json list":
            yield from (record.value for _, record in json_records(file, _AnyRecord, seen, at=benchmark.at))
        case "json object":
            yield from (record.value for _, _, record in json_entries(file, _AnyRecord, seen, at=benchmark.at))
        case "jsonl":
            yield from (record.value for _, record in jsonl_records(file, _AnyRecord, seen))
        case "babi":
            yield from _babi(file)


def _babi(file: RawFile) -> Iterator[dict[str, str]]:
    """Each question of a bAbI-style file with the story before it, lines numbered as in the file."""
    story = ""
    for number, line in text_lines(file):
        index, _, sentence = line.partition(" ")
        if not index.isdigit():
            raise DataError("expected 'N sentence'", path=file.path, line=number)
        if "\t" in sentence:
            yield {"story": story, "question": sentence.partition("\t")[0]}
        else:
            story = line if index == "1" else story + line


def _at(value: object, path: str) -> Iterator[str]:
    """The texts at or below the end of a field path; none where the path does not exist."""
    step, _, rest = path.partition(".")
    if not step:
        yield from _leaves(value)
    elif step == "*":
        for part in _parts(value):
            yield from _at(part, rest)
    elif isinstance(value, dict) and step in value:
        yield from _at(value[step], rest)
    elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
        yield from _at(value[int(step)], rest)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value.strip():
            yield value
    else:
        for part in _parts(value):
            yield from _leaves(part)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value
