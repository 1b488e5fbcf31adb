"""The arrows between rooms: who may import whom, and where heavy libraries may be imported.

Imports inside functions count as much as those at the top of a file; those under `if TYPE_CHECKING` never run and do
not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "odyssim"

# Lowest first; rooms of one layer do not know each other.
LAYERS = (
    ("errors",),
    ("types", "progress"),
    ("storage", "environment", "settings"),
    ("human_likeness", "hacking"),
    ("models",),
    ("tasks",),
    ("corpus",),
    ("simulator",),
    ("training",),
    ("soul",),
    ("report",),
    ("recipe",),
    ("cli",),
)
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

_TRAINING = ("training/", "models/local/")
HOME_OF_HEAVY = {
    "torch": _TRAINING,
    "transformers": _TRAINING,
    "trl": _TRAINING,
    "peft": _TRAINING,
    "accelerate": _TRAINING,
    "vllm": _TRAINING,
    "inspect_ai": ("soul/",),
    "datatrove": ("corpus/build/", "corpus/ground/bulk.py"),
    "ray": ("corpus/build/executor.py",),
    "datasets": ("corpus/sources/hub.py",),
}


@dataclass(frozen=True)
class Import:
    """One import as written: `path` below the package, `target` as an absolute dotted name."""

    path: str
    line: int
    target: str

    @property
    def room(self) -> str:
        """The file's room: its first folder, or its own name at the top of the package."""
        return self.path.split("/")[0].removesuffix(".py")

    def __str__(self) -> str:
        return f"odyssim/{self.path}:{self.line} imports {self.target}"


def imports_of(package: Path) -> Iterator[Import]:
    """Every import below `package` that can run."""
    for file in sorted(package.rglob("*.py")):
        path = file.relative_to(package).as_posix()
        here = ("odyssim", *Path(path).parent.parts)
        for node in _running_nodes(ast.parse(file.read_text(encoding="utf-8"), filename=path)):
            for target in _targets(node, here):
                yield Import(path, getattr(node, "lineno", 0), target)


def _running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and all below it, except the bodies of `if TYPE_CHECKING`."""
    yield node
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        children = node.orelse
    for child in children:
        yield from _running_nodes(child)


def _targets(node: ast.AST, here: tuple[str, ...]) -> list[str]:
    """The absolute names that `node` imports; `here` is the package it stands in."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            base = (*here[: len(here) - level + 1], *([module] if module else [])) if level else (module or "",)
            return [".".join((*base, alias.name)) for alias in names]
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if _imports_by_name(func):
            return [name]
        case _:
            return []


def _imports_by_name(function: ast.expr) -> bool:
    return ast.unparse(function) in ("import_module", "importlib.import_module", "__import__")


def upward(imports: Iterable[Import]) -> list[str]:
    """Imports that go up or sideways, and rooms that have no place in `LAYERS`."""
    complaints = []
    for found in imports:
        package, *rest = found.target.split(".")
        room = rest[0] if rest else package
        # `odyssim.__version__` and the like belong to the package itself, which imports nothing.
        if package != "odyssim" or room.startswith("__") or room == found.room:
            continue
        homeless = [name for name in (found.room, room) if name not in RANK]
        if homeless:
            complaints.append(f"{found}: '{homeless[0]}' has no place in LAYERS")
        elif RANK[room] >= RANK[found.room]:
            complaints.append(f"{found}: '{room}' is not below '{found.room}'")
    return complaints


def misplaced(imports: Iterable[Import]) -> list[str]:
    """Heavy libraries imported outside their home."""
    return [
        f"{found}: allowed only in {', '.join(homes)}"
        for found in imports
        if (homes := HOME_OF_HEAVY.get(found.target.split(".")[0])) and not found.path.startswith(homes)
    ]


def test_rooms_import_only_rooms_below() -> None:
    assert upward(imports_of(PACKAGE)) == []


def test_heavy_libraries_stay_at_home() -> None:
    assert misplaced(imports_of(PACKAGE)) == []


def test_the_walk_sees_the_package() -> None:
    targets = {found.target for found in imports_of(PACKAGE) if found.path == "models/base.py"}
    assert {"odyssim.errors.UsageError", "odyssim.types.Message", "dataclasses.field"} <= targets


# --- the checker itself, on a small package ---------------------------------------------------------------------


def complaints(folder: Path, path: str, code: str) -> list[str]:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code, encoding="utf-8")
    return upward(imports_of(folder)) + misplaced(imports_of(folder))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("models/base.py", "from odyssim.tasks.base import Task"),
        ("models/base.py", "from odyssim import tasks"),
        ("models/base.py", "import odyssim.tasks.base as tasks"),
        ("models/base.py", "from ..tasks import base"),
        ("models/deep/base.py", "from ...tasks.base import Task"),
        ("models/base.py", "def late():\n    from odyssim.tasks.base import Task"),
        ("models/base.py", "from importlib import import_module\nimport_module('odyssim.tasks.base')"),
        ("errors.py", "from odyssim.types import Record"),
        ("hacking/audit.py", "from odyssim.human_likeness import words"),
        ("__init__.py", "from odyssim.types import Record"),
        ("types.py", "if TYPE_CHECKING:\n    pass\nelse:\n    from odyssim.models import base"),
        ("soul/index.py", "import odyssim"),
        ("attic/old.py", "from odyssim.types import Record"),
        ("cli/main.py", "from odyssim.attic import old"),
        ("models/openai.py", "import torch"),
        ("models/local_cache.py", "def late():\n    from transformers import AutoModel"),
        ("cli/doctor.py", "__import__('vllm')"),
        ("tasks/base.py", "from inspect_ai.model import get_model"),
        ("corpus/store.py", "import datatrove.pipeline"),
    ],
)
def test_a_violation_is_caught(tmp_path: Path, path: str, code: str) -> None:
    (complaint,) = complaints(tmp_path, path, code)
    assert complaint.startswith(f"odyssim/{path}:")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("tasks/base.py", "from odyssim.models.base import Cast"),
        ("tasks/base.py", "from . import records\nfrom ..errors import DataError"),
        ("types.py", "from odyssim.errors import Party"),
        ("errors.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from odyssim.types import Cost"),
        ("report/page.py", "from odyssim import __version__"),
        ("training/midtrain.py", "import torch\nfrom trl import SFTTrainer"),
        ("models/local/batch.py", "def late():\n    import transformers"),
        ("soul/set.py", "from inspect_ai import eval_set"),
        ("corpus/build/executor.py", "from datatrove.executor import LocalPipelineExecutor"),
        ("tasks/torchlight.py", "import torchlight"),
    ],
)
def test_an_allowed_import_passes(tmp_path: Path, path: str, code: str) -> None:
    assert complaints(tmp_path, path, code) == []
