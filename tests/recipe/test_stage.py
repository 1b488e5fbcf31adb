"""Stages: what is done is skipped, what depends on something new is done again, nothing is half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from odyssim.errors import ConfigError, DataError, UnknownName
from odyssim.recipe.config import Recipe, load_recipe, packaged_recipes
from odyssim.recipe.plan import matrix_rate, parameters, plan
from odyssim.recipe.run import run
from odyssim.recipe.stage import MANIFEST, Manifest, Stage, run_stages, stage_keys
from tests.models.tiny import build_tiny_checkpoint


class Workshop:
    """Two stages that count how often they work; `second` copies what `first` wrote."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.worked: list[str] = []
        self.fail = False

    def stages(self, first: int = 1, second: int = 1) -> list[Stage]:
        return [
            Stage("first", {"value": first}, (), lambda folder: self._work("first", folder, str(first))),
            Stage("second", {"value": second}, ("first",), lambda folder: self._work("second", folder, self._read())),
        ]

    def run(self, **settings: int) -> list[str]:
        self.worked = []
        run_stages(self.stages(**settings), self.root, say=lambda line: None)
        return self.worked

    def _read(self) -> str:
        return (self.root / "first" / "result").read_text()

    def _work(self, name: str, folder: Path, content: str) -> None:
        self.worked.append(name)
        (folder / "started").write_text("")
        if self.fail:
            raise DataError("broken")
        (folder / "result").write_text(content)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_what_is_done_is_skipped(workshop: Workshop) -> None:
    assert workshop.run() == ["first", "second"]
    assert workshop.run() == []
    manifest = Manifest.model_validate_json((workshop.root / "second" / MANIFEST).read_text())
    assert manifest.files["result"][0] == 1
    assert manifest.builds_on == {"first": stage_keys(workshop.stages())["first"]}


def test_other_settings_redo_the_stage_and_what_builds_on_it(workshop: Workshop) -> None:
    workshop.run()
    assert workshop.run(second=2) == ["second"]
    assert workshop.run(first=2, second=2) == ["first", "second"]
    assert (workshop.root / "second" / "result").read_text() == "2"


def test_a_missing_file_redoes_the_stage(workshop: Workshop) -> None:
    workshop.run()
    (workshop.root / "first" / "result").unlink()
    assert workshop.run() == ["first"]


def test_a_failed_stage_has_no_manifest_and_keeps_its_work_for_the_same_settings_only(workshop: Workshop) -> None:
    workshop.fail = True
    with pytest.raises(DataError):
        workshop.run()
    assert not (workshop.root / "first" / MANIFEST).exists()
    (workshop.root / "first" / "partial").write_text("")
    workshop.fail = False
    assert workshop.run() == ["first", "second"]
    assert (workshop.root / "first" / "partial").exists()
    assert workshop.run(first=3) == ["first", "second"]
    assert not (workshop.root / "first" / "partial").exists()


def test_packaged_recipes_load_and_are_planned(tmp_path: Path) -> None:
    assert {"quickstart", "osim-nano-cpu"} <= set(packaged_recipes())
    recipe = load_recipe("quickstart", ["midtrain.steps=7", "eval.sampling.max_tokens=9"])
    assert recipe.midtrain.steps == 7
    assert recipe.eval.sampling.max_tokens == 9
    stages = plan(recipe, tmp_path)
    assert [stage.status for stage in stages] == ["to do"] * 7
    assert all(stage.seconds is not None and stage.seconds > 0 for stage in stages)
    assert 3e6 < (parameters(load_recipe("osim-nano-cpu")) or 0) < 6e6
    assert matrix_rate() > 1e8


def test_recipe_errors(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'quickstart'"):
        load_recipe("quickstar")
    with pytest.raises(ConfigError, match=r"model\.ModelShape\.hiden: unknown key|hiden: unknown key"):
        load_recipe("quickstart", ["model.hiden=3"])
    with pytest.raises(ConfigError, match="not a section"):
        load_recipe("quickstart", ["name.sub=3"])
    path = tmp_path / "list.yaml"
    path.write_text("- a\n")
    with pytest.raises(DataError, match="mapping"):
        load_recipe(path)


def test_a_base_model_brings_its_tokenizer(tmp_path: Path) -> None:
    base = build_tiny_checkpoint(tmp_path / "base")
    recipe = Recipe.model_validate(
        {
            "name": "on-a-base",
            "sources": [{"name": "village", "limit": 120}],
            "pack": {"seq_len": 256},
            "model": str(base),
            "midtrain": {"steps": 2, "rows_per_step": 1, "micro_rows": 1, "device": "cpu"},
            "eval": {"split": "village"},
            "likeness": {},
        }
    )
    result = run(recipe, out=tmp_path / "run", until="midtrain")
    assert list(result.stages) == ["corpus", "tokenizer", "packed", "midtrain"]
    assert (tmp_path / "run/tokenizer/files/tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    counts = json.loads((tmp_path / "run/packed/train.json").read_text())
    assert counts["sequences"] > 0
    assert counts["dropped_sequences"] > 0  # long stories do not fit into 256 bytes
    with pytest.raises(ValueError, match="brings its own"):
        Recipe.model_validate(recipe.model_dump() | {"tokenizer": {"vocab_size": 400}})
