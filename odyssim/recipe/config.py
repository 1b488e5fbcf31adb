"""A recipe: the whole pipeline as one typed file. An unknown key is an error that names the file and the key."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, model_validator

from odyssim.corpus.build.config import CorpusSteps, SourceChoice
from odyssim.corpus.mix import EVERYTHING_ONCE, MixConfig
from odyssim.errors import ConfigError, DataError, UnknownName
from odyssim.settings import Settings, checked
from odyssim.soul.evaluate import EvalConfig
from odyssim.soul.next_turn import LikenessConfig
from odyssim.training.config import MidtrainConfig, ModelShape


class TokenizerConfig(Settings):
    """A tokenizer trained on the corpus."""

    vocab_size: int = Field(default=4096, ge=300)


class PackConfig(Settings):
    """Rows of `seq_len` tokens, in which a longer conversation becomes several windows; `mix` says how much of each
    source an epoch of training data draws."""

    seq_len: int = Field(default=512, ge=64)
    mix: MixConfig = EVERYTHING_ONCE


class Recipe(Settings):
    """Every stage's settings. `model` is a shape (random weights, and then `tokenizer` says how to train one) or the
    folder or hub id of a base model, which brings its own tokenizer.

    `eval`, `likeness`: none is not measured. `measure_untrained`: evaluate the model before training too, so that the
    report can show what training changed.
    """

    name: str
    about: str = ""
    seed: int = 0
    sources: tuple[SourceChoice, ...] = Field(min_length=1)
    corpus: CorpusSteps = CorpusSteps()
    tokenizer: TokenizerConfig | None = None
    pack: PackConfig = PackConfig()
    model: ModelShape | str
    midtrain: MidtrainConfig
    eval: EvalConfig | None = None
    likeness: LikenessConfig | None = None
    measure_untrained: bool = True

    @model_validator(mode="after")
    def _one_tokenizer(self) -> Self:
        if isinstance(self.model, str) == (self.tokenizer is not None):
            raise ValueError("a model shape needs a tokenizer section; a base model brings its own and takes none")
        return self


def packaged_recipes() -> dict[str, Path]:
    """Recipes that come with OdysSim, by name: inside the installed package, or at the root of a checkout."""
    package = Path(str(files("odyssim")))
    folder = next((f for f in (package / "recipes", package.parent / "recipes") if f.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}


def load_recipe(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file, or the packaged one of that name, with `a.b=value` overrides applied.

    Raises `UnknownName` if there is neither, `ConfigError` for an unknown key or a wrong value.
    """
    path = Path(name)
    if not path.is_file():
        known = packaged_recipes()
        if path.stem not in known or path.suffix not in ("", ".yaml"):
            raise UnknownName("recipe", str(name), list(known), hint="odyssim run --help")
        path = known[path.stem]
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DataError(
            f"not valid YAML: {getattr(error, 'problem', error)}", path=path, line=mark.line + 1 if mark else None
        ) from error
    if not isinstance(content, dict):
        raise DataError("a recipe is a mapping of sections", path=path, line=1)
    for override in overrides:
        apply_override(content, override)
    return checked(Recipe, content, place=str(path), hint="docs/recipes.md lists every key")


def apply_override(content: dict[str, Any], override: str) -> None:
    """Set what `a.b=value` says (value as YAML) in nested sections. Raises `ConfigError` for another form."""
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"'{override}' is not of the form key.sub=value.", hint="odyssim run NAME --set seed=1")
    *parents, last = key.split(".")
    node = content
    for parent in parents:
        node = node.setdefault(parent, {})
        if not isinstance(node, dict):
            raise ConfigError(f"'{key}': '{parent}' is not a section.")
    node[last] = yaml.safe_load(value)
