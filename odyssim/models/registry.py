"""From a name to a model.

    openai-api/gpt-5-mini     an OpenAI-compatible endpoint
    local/PATH, or a folder   a transformers checkpoint on this machine
    scripted/echo             a double that needs no model

Packages add schemes through the entry-point group `odyssim.models`: a callable that takes the rest of the name and, as
keywords, those of `base_url` and `device` that were given, and returns a `ChatModel`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from odyssim.errors import OdysSimError, UnknownName, UsageError
from odyssim.models.base import ChatModel

PLUGINS = "odyssim.models"

_EXAMPLES = "examples: openai-api/gpt-5-mini, local/runs/my-model, scripted/echo"


def load_model(
    name: str, *, base_url: str | None = None, device: str | None = None, cache: Path | None = None
) -> ChatModel:
    """The model called `name` (SCHEME/REST, or an existing folder), behind a disk cache if `cache` is a folder.

    `base_url` is the address of an endpoint, `device` a torch device ('cpu', 'cuda:0'); an option that the scheme has
    no use for is an error. Raises `UnknownName`, `UsageError`, `MissingDependency`, and what the scheme raises.
    """
    options = {key: value for key, value in {"base_url": base_url, "device": device}.items() if value is not None}
    model = _load(name, options)
    if cache is None:
        return model
    from odyssim.models.cache import CachedModel

    return CachedModel(model, cache)


def _load(name: str, options: dict[str, str]) -> ChatModel:
    scheme, _, rest = name.partition("/")
    if scheme in _SCHEMES and rest:
        return _SCHEMES[scheme](rest, options)
    plugins = {plugin.name: plugin for plugin in entry_points(group=PLUGINS)}
    if scheme in plugins and rest:
        return _from_plugin(plugins[scheme], rest, options)
    if os.path.isdir(name):  # unlike Path.is_dir, no for an empty name and for one that no file can have
        return _local(name, options)
    raise UnknownName("model", name, [f"{known}/…" for known in (*_SCHEMES, *plugins)], hint=_EXAMPLES)


def _endpoint(model: str, options: dict[str, str]) -> ChatModel:
    from odyssim.models.openai import OpenAIModel

    _refuse_all_but("base_url", options, f"openai-api/{model}")
    return OpenAIModel(model, base_url=options.get("base_url"))


def _local(path: str, options: dict[str, str]) -> ChatModel:
    from odyssim.models.local import LocalModel

    _refuse_all_but("device", options, f"local/{path}")
    return LocalModel(path, device=options.get("device"))


def _scripted(name: str, options: dict[str, str]) -> ChatModel:
    from odyssim.models.scripted import load_scripted

    _refuse_all_but(None, options, f"scripted/{name}")
    return load_scripted(name)


_SCHEMES: dict[str, Callable[[str, dict[str, str]], ChatModel]] = {
    "openai-api": _endpoint,
    "local": _local,
    "scripted": _scripted,
}


def _from_plugin(plugin: EntryPoint, rest: str, options: dict[str, str]) -> ChatModel:
    try:
        load = plugin.load()
    except OdysSimError:
        raise
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The model scheme '{plugin.name}' is registered as {plugin.value}, which cannot be loaded: {error}.",
            hint="reinstall or remove the package that registers it",
        ) from error
    model = load(rest, **options)
    if not isinstance(model, ChatModel):
        raise UsageError(f"{plugin.value}, registered as '{plugin.name}', returned no ChatModel for '{rest}'.")
    return model


def _refuse_all_but(accepted: str | None, options: dict[str, str], name: str) -> None:
    for option in options.keys() - {accepted}:
        raise UsageError(f"The model '{name}' has no use for {option}={options[option]!r}.", hint=f"drop {option}")
