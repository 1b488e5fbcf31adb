"""Settings: one pydantic model per stage, where an unknown key or a wrong value is an error that names the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from odyssim.errors import ConfigError


class Settings(BaseModel):
    """Base of all settings: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SettingsT = TypeVar("SettingsT", bound=Settings)


def checked(kind: type[SettingsT], values: Mapping[str, Any], *, place: str, hint: str) -> SettingsT:
    """`values` as settings of this kind; `ConfigError` lists every problem as `key: what is wrong (given: value)`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(_problem(problem) for problem in error.errors())
        raise ConfigError(f"{place}: {problems}", hint=hint) from error


def _problem(problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    said = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"]
    given = "" if problem["type"] == "missing" else f" (given: {problem['input']!r})"
    return f"{key}: {said}{given}"
