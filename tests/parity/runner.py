"""Running vector files: each case's `fn` is looked up in `tests/parity/files/FILE.py` and compared with `expected`.

A file without such a module, or a case whose `fn` that module does not list, is not covered: counted, never passed.
A file of another shape has a module with a function `cases`, which brings its content into this one. A case may state
a `tolerance` of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

TOLERANCE = 1e-9
SHOWN_DIFFERENCES = 5
NO_CLASS = "all"

Check = Callable[[Any], Any]


@dataclass
class FileResult:
    """Passed and total by class, over the covered cases; the first differences; how many cases are not covered."""

    name: str
    passed: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    not_covered: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        return self.passed == self.total

    def table(self) -> dict[str, list[int]]:
        return {name: [self.passed[name], self.total[name]] for name in sorted(self.total)}


def vector_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """The vector files of `folder`, or those called `names` (with or without .json). Raises for an unknown name."""
    if not names:
        return sorted(folder.glob("*.json"))
    paths = [folder / (name if name.endswith(".json") else f"{name}.json") for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"no such vector file in {folder}: {', '.join(missing)}")
    return paths


def run_file(path: Path) -> FileResult:
    """Every case of one vector file."""
    result = FileResult(path.stem)
    adapter = _adapter(path.stem)
    if adapter is None:
        return result
    content = json.loads(path.read_text(encoding="utf-8"))
    for case in adapter.cases(content) if hasattr(adapter, "cases") else content["cases"]:
        check: Check | None = adapter.COVERED.get(case["fn"])
        if check is None:
            result.not_covered[case["fn"]] += 1
            continue
        kind = case.get("class", NO_CLASS)
        result.total[kind] += 1
        try:
            found = check(case["input"])
        except Exception as error:  # a crash is a difference like any other: report it and go on
            found = f"{type(error).__name__}: {error}"
        if same(found, case["expected"], case.get("tolerance", TOLERANCE)):
            result.passed[kind] += 1
        elif len(result.differences) < SHOWN_DIFFERENCES:
            result.differences.append(
                f"{case.get('id', 'a case')} ({case['fn']}, {kind}): expected {case['expected']!r}, found {found!r}"
            )
    return result


def same(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Numbers within the tolerance, everything else exactly; lists and objects element by element."""
    if isinstance(expected, bool) or isinstance(found, bool) or expected is None:
        return found is expected
    if isinstance(expected, (int, float)):
        return isinstance(found, (int, float)) and math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(expected, dict):
        return isinstance(found, dict) and found.keys() == expected.keys() and all(
            same(found[key], expected[key], tolerance) for key in expected
        )  # fmt: skip
    if isinstance(expected, list):
        return (
            isinstance(found, (list, tuple))
            and len(found) == len(expected)
            and all(same(*pair, tolerance) for pair in zip(found, expected, strict=True))
        )
    return bool(found == expected)


def _adapter(name: str) -> ModuleType | None:
    module = f"{__package__}.files.{name}"
    return None if importlib.util.find_spec(module) is None else importlib.import_module(module)
