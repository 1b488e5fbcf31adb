"""A stage of a run: does its work in a folder of its own, once. What is done is recognised by a key and skipped.

The key is a hash of the stage's settings, of the keys of the stages it builds on, and of the package version. The
manifest is written last and atomically, so a killed stage has none and starts again where its own resume allows.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from odyssim import __version__
from odyssim.storage import write_text, writing
from odyssim.types import Json, Record

MANIFEST = "manifest.json"
STARTED_WITH = "key"


class Manifest(Record):
    """What a finished stage wrote: size in bytes and sha256 per file, relative to the stage's folder.

    `builds_on` holds the keys of the stages whose results it read.
    """

    stage: str
    key: str
    settings: Json
    builds_on: dict[str, str]
    files: dict[str, tuple[int, str]]
    wall_s: float


@dataclass(frozen=True)
class Stage:
    """One step: `work(folder)` does it. `builds_on` names earlier stages whose results it reads."""

    name: str
    settings: Json
    builds_on: tuple[str, ...]
    work: Callable[[Path], None]


def run_stages(stages: Sequence[Stage], root: Path, say: Callable[[str], None]) -> dict[str, Manifest]:
    """Run what is not done yet, in order, and return all manifests. Raises `StorageError` when writing fails."""
    keys = stage_keys(stages)
    done: dict[str, Manifest] = {}
    for stage in stages:
        folder = root / stage.name
        manifest = finished(folder, keys[stage.name])
        if manifest is None:
            manifest = _run(stage, folder, keys[stage.name], {name: keys[name] for name in stage.builds_on})
            say(f"{stage.name}: done in {manifest.wall_s:.0f} s")
        else:
            say(f"{stage.name}: already done")
        done[stage.name] = manifest
    return done


def stage_keys(stages: Sequence[Stage]) -> dict[str, str]:
    """The key of every stage; `stages` are in an order in which each builds on earlier ones only."""
    keys: dict[str, str] = {}
    for stage in stages:
        content = [__version__, stage.name, stage.settings, {name: keys[name] for name in stage.builds_on}]
        keys[stage.name] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return keys


def finished(folder: Path, key: str) -> Manifest | None:
    """The manifest of a stage that was finished with this very key and whose files are still there, else none."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    if manifest.key != key:
        return None
    sizes = {name: size for name, (size, _) in manifest.files.items()}
    present = all((folder / name).is_file() and (folder / name).stat().st_size == sizes[name] for name in sizes)
    return manifest if present else None


def _run(stage: Stage, folder: Path, key: str, builds_on: dict[str, str]) -> Manifest:
    started_with = folder / STARTED_WITH
    with writing(folder):
        if folder.exists() and (not started_with.is_file() or started_with.read_text() != key):
            shutil.rmtree(folder)  # left by other settings: resuming from it would mix two runs
        folder.mkdir(parents=True, exist_ok=True)
        started_with.write_text(key)
        begun = time.perf_counter()
        stage.work(folder)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != started_with)
        manifest = Manifest(
            stage=stage.name,
            key=key,
            settings=stage.settings,
            builds_on=builds_on,
            files={str(path.relative_to(folder)): (path.stat().st_size, _sha256(path)) for path in files},
            wall_s=time.perf_counter() - begun,
        )
        write_text(folder / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
