"""From a name to a model.

    openai-api/gpt-5-mini     an OpenAI-compatible endpoint
    local/PATH, or a folder   a transformers checkpoint on this machine
    scripted/echo             a double that needs no model
    discriminator/FOLDER      a judge that is a classifier, made by `odyssim judge train`

Packages add schemes through the entry-point group `odyssim.models`: a callable that takes the rest of the name and, as
keywords, those of `base_url`, `timeout_s` and `device` that were given, and returns a `ChatModel`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Set
from importlib.metadata import EntryPoint, entry_points
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from odyssim.errors import OdysSimError, UnknownName, UsageError
from odyssim.models.base import ChatModel

PLUGINS = "odyssim.models"

Options = dict[str, Any]

_EXAMPLES = "examples: openai-api/gpt-5-mini, local/runs/my-model, scripted/echo"


def load_model(
    name: str,
    *,
    base_url: str | None = None,
    timeout_s: float | None = None,
    device: str | None = None,
    cache: Path | None = None,
) -> ChatModel:
    """The model called `name` (SCHEME/REST, or an existing folder), behind a disk cache if `cache` is a folder.

    `base_url` is the address of an endpoint, `timeout_s` how many seconds of silence it may take, `device` a torch
    device ('cpu', 'cuda:0'); an option that the scheme has no use for is an error. Raises `UnknownName`, `UsageError`,
    `MissingDependency`, and what the scheme raises.
    """
    given: Options = {"base_url": base_url, "timeout_s": timeout_s, "device": device}
    options = {key: value for key, value in given.items() if value is not None}
    model = _load(name, options)
    if cache is None:
        return model
    from odyssim.models.cache import CachedModel

    return CachedModel(model, cache)


def _load(name: str, options: Options) -> ChatModel:
    scheme, _, rest = name.partition("/")
    if scheme in _SCHEMES and rest:
        return _SCHEMES[scheme](rest, options)
    plugins = {plugin.name: plugin for plugin in entry_points(group=PLUGINS)}
    if scheme in plugins and rest:
        return _from_plugin(plugins[scheme], rest, options)
    if os.path.isdir(name):  # unlike Path.is_dir, no for an empty name and for one that no file can have
        return _local(name, options)
    raise UnknownName("model", name, [f"{known}/…" for known in (*_SCHEMES, *plugins)], hint=_EXAMPLES)


def _endpoint(model: str, options: Options) -> ChatModel:
    from odyssim.models.openai import OpenAIModel

    _refuse_all_but({"base_url", "timeout_s"}, options, f"openai-api/{model}")
    return OpenAIModel(model, **options)


def _local(path: str, options: Options) -> ChatModel:
    from odyssim.models.local import LocalModel

    _refuse_all_but({"device"}, options, f"local/{path}")
    return LocalModel(path, **options)


def _scripted(name: str, options: Options) -> ChatModel:
    from odyssim.models.scripted import load_scripted

    _refuse_all_but(set(), options, f"scripted/{name}")
    return load_scripted(name)


def _discriminator(folder: str, options: Options) -> ChatModel:
    from odyssim.models.discriminator import Discriminator

    _refuse_all_but(set(), options, f"discriminator/{folder}")
    return Discriminator(Path(folder))


_SCHEMES: dict[str, Callable[[str, Options], ChatModel]] = {
    "openai-api": _endpoint,
    "local": _local,
    "scripted": _scripted,
    "discriminator": _discriminator,
}


def _from_plugin(plugin: EntryPoint, rest: str, options: Options) -> ChatModel:
    try:
        load = plugin.load()
    except OdysSimError:
        raise
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The model scheme '{plugin.name}' is registered as {plugin.value}, which cannot be loaded: {error}.",
            hint="reinstall or remove the package that registers it",
        ) from error
    parameters = signature(load).parameters
    if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        _refuse_all_but(parameters.keys(), options, f"{plugin.name}/{rest}")
    model = load(rest, **options)
    if not isinstance(model, ChatModel):
        raise UsageError(f"{plugin.value}, registered as '{plugin.name}', returned no ChatModel for '{rest}'.")
    return model


def _refuse_all_but(accepted: Set[str], options: Options, name: str) -> None:
    for option in options.keys() - accepted:
        raise UsageError(f"The model '{name}' has no use for {option}={options[option]!r}.", hint=f"drop {option}")
