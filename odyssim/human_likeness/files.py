"""Human-likeness of any two files: lines of `{"text": ...}` of a model against such lines of people.

    text      one turn
    context   what it answers; equal contexts of both files are compared as a pair and never split
    speaker   who says it
    group     what belongs together: a dialogue, a task, all of one person

Lines depend on each other: those of a group (or, without groups, of a speaker) are one independent unit. Lines that
answer the same context belong to one unit too, across both files, and so do copies of a long text in both.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ConfigDict, ValidationError
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from odyssim.errors import DataError
from odyssim.human_likeness.compare import LikenessResult, Position, TextSample, compare_unpaired
from odyssim.human_likeness.discriminate import FEWEST_UNITS, FOLDS, Auc, Discrimination, tell_apart
from odyssim.human_likeness.stats import MIN_UNITS, Ints, numbering
from odyssim.human_likeness.tokens import tokenize
from odyssim.progress import Progress, Silent
from odyssim.types import Record

LINES: Final = 5000
"""Lines of a file that are compared unless told otherwise, drawn at random."""

_FORM: Final = 'each line is {"text": "..."}, optionally with "context", "speaker" and "group"'
_LONG: Final = 8
"""Words from which a text that stands in both files is taken for a copy, not for a coincidence."""


class Line(Record):
    """One turn of a file. Fields with other names are allowed and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    text: str
    context: str | None = None
    speaker: str | None = None
    group: str | None = None


class SideOfFiles(Record):
    """One file: how many lines it has, how many are blank, how many were compared, and in how many units."""

    file: str
    lines: int
    blank: int
    compared: int
    units: int


class FilesResult(Record):
    """A model's file against people's: `auc`, the one number, with the panel of measures beside it.

    `auc` and `discrimination` are none if a side has fewer than ten units; `notes` say what limits the numbers.
    """

    schema_version: int = 1
    auc: Auc | None
    human: SideOfFiles
    model: SideOfFiles
    shared_contexts: int
    notes: tuple[str, ...]
    discrimination: Discrimination | None
    likeness: LikenessResult


def compare_files(
    model: Path, human: Path, *, lines: int = LINES, seed: int = 0, draws: int = 1000, progress: Progress = Silent()
) -> FilesResult:
    """Compare the turns of two files, at most `lines` of each, drawn by seed.

    Raises `DataError` with file and line for what cannot be read, and for a file without a text.
    """
    people, machine = read_lines(human), read_lines(model)
    spoken = _drawn(people, lines, seed), _drawn(machine, lines, seed)
    units, notes = independent_units(*spoken)
    with progress.work("measuring turns", total=1) as work:
        likeness = compare_unpaired(
            _samples(spoken[0], units[0]), _samples(spoken[1], units[1]), seed=seed, draws=draws
        )
        work.advance()
    texts = [line.text for line in spoken[0]], [line.text for line in spoken[1]]
    discrimination = tell_apart(*texts, units, seed=seed, progress=progress)
    if discrimination is None:
        counts = " and ".join(str(len(np.unique(unit))) for unit in units)
        notes.append(f"no AUC: {counts} independent units of people and model, but at least {FEWEST_UNITS} are needed")
    return FilesResult(
        auc=discrimination and discrimination.auc,
        human=_side(human, people, spoken[0], units[0]),
        model=_side(model, machine, spoken[1], units[1]),
        shared_contexts=len(set.intersection(*({line.context for line in side if line.context} for side in spoken))),
        notes=tuple(notes),
        discrimination=discrimination,
        likeness=likeness,
    )


def read_lines(path: Path) -> list[Line]:
    """All lines of a JSONL file, those of blank text included.

    Raises `DataError` with the line for what is no such object, and if no line has a text.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"cannot be read: {reason}", path=path, hint=_FORM) from error
    lines = [
        _line(row, path, number) for number, row in enumerate(content.split("\n"), start=1) if row.strip()
    ]  # fmt: skip
    if not any(line.text.strip() for line in lines):
        raise DataError("has no line with a text", path=path, hint=_FORM)
    return lines


def _line(row: str, path: Path, number: int) -> Line:
    try:
        return Line.model_validate(json.loads(row))
    except json.JSONDecodeError as error:
        raise DataError(f"not valid JSON: {error.msg}", path=path, line=number, hint=_FORM) from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "the line"
        raise DataError(f"{field}: {problem['msg']}", path=path, line=number, hint=_FORM) from error


def _drawn(lines: Sequence[Line], most: int, seed: int) -> list[Line]:
    """Lines with a text, whole groups (or speakers) at random up to `most` lines, in the order of the file."""
    spoken = [line for line in lines if line.text.strip()]
    home = [line.group or line.speaker or f"line {number}" for number, line in enumerate(spoken)]
    names = sorted(set(home))
    random.Random(seed).shuffle(names)
    rank = {name: number for number, name in enumerate(names)}
    chosen = sorted(range(len(spoken)), key=lambda number: rank[home[number]])[:most]
    return [spoken[number] for number in sorted(chosen)]


def independent_units(human: Sequence[Line], model: Sequence[Line]) -> tuple[tuple[Ints, Ints], list[str]]:
    """The unit of each line on both sides, numbered from 0, and what had to be assumed."""
    notes: list[str] = []
    own = [*_own_units(human, "human", notes), *_own_units(model, "model", notes)]
    both = [*human, *model]
    texts = [None if len(tokenize(line.text)) < _LONG else f"text {line.text}" for line in both]
    shared = set(texts[: len(human)]) & set(texts[len(human) :])
    copies = [text if text in shared else None for text in texts]
    contexts = [f"context {line.context}" if line.context else None for line in both]
    unit = _joined(own, copies, contexts)
    if any(contexts) and np.bincount(unit).max() > len(both) / FOLDS:
        notes.append("contexts were not kept apart: with them, more than a fifth of all lines hang together")
        unit = _joined(own, copies)
    unit = np.unique(unit, return_inverse=True)[1]
    return (unit[: len(human)], unit[len(human) :]), notes


def _own_units(lines: Sequence[Line], side: str, notes: list[str]) -> list[str]:
    """Group, else speaker, else the line itself. Fewer than six names tell roles or conditions, not people apart."""
    for field in ("group", "speaker"):
        names = [getattr(line, field) for line in lines]
        known = set(names) - {None}
        if len(known) >= MIN_UNITS:
            return [f"{side} line {n}" if name is None else f"{field} {name}" for n, name in enumerate(names)]
        if known and len(lines) > len(known):
            count = f"{len(known)} {field}{'s' if len(known) > 1 else ''}"
            notes.append(f"the {side} file names {count}, too few to resample: not taken for independent units")
    return [f"{side} line {n}" for n in range(len(lines))]


def _joined(*labels: Sequence[str | None]) -> Ints:
    """A number per line (n); lines that share a label, directly or through others, have the same."""
    size = len(labels[0])
    known = [(row, label) for column in labels for row, label in enumerate(column) if label is not None]
    number = numbering(label for _, label in known)
    rows = np.array([row for row, _ in known])
    columns = np.array([size + number[label] for _, label in known])
    nodes = size + len(number)
    graph = coo_array((np.ones(len(known)), (rows, columns)), shape=(nodes, nodes))
    joined: Ints = connected_components(graph, directed=False)[1][:size].astype(np.int64)
    return joined


def _samples(lines: Sequence[Line], units: Ints) -> list[TextSample]:
    """Positions are those of a speaker's turns in a group; a line without group is a first turn."""
    talks = [None if line.group is None else (line.group, line.speaker) for line in lines]
    left, begun = Counter(talks), set[tuple[str, str | None]]()
    samples = []
    for number, (line, talk, unit) in enumerate(zip(lines, talks, units, strict=True)):
        position: Position = "first"
        left[talk] -= 1
        if talk is not None:
            position = "first" if talk not in begun else "middle" if left[talk] else "last"
            begun.add(talk)
        person = line.speaker if talk is None else f"{line.group}\x1f{line.speaker or ''}"
        samples.append(
            TextSample(pair=str(number), text=line.text, cluster=str(unit), person=person, position=position)
        )
    return samples


def _side(path: Path, lines: Sequence[Line], spoken: Sequence[Line], units: Ints) -> SideOfFiles:
    return SideOfFiles(
        file=path.name,
        lines=len(lines),
        blank=sum(not line.text.strip() for line in lines),
        compared=len(spoken),
        units=len(np.unique(units)),
    )
