"""Rows of published tables, and the conversations they hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, AliasPath, ConfigDict, model_validator
from pydantic.fields import FieldInfo

from odyssim.corpus.sources.base import Split
from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.types import SocialContext, Turn


def imitated(speaker: str, text: str | None) -> Turn:
    """What a person said (or a machine in a person's place, in synthetic sources), worth imitating."""
    return Turn(speaker=speaker, text=(text or "").strip(), human=True, train=True)


def heard(speaker: str, text: str | None, *, human: bool = False) -> Turn:
    """What the person heard or read; by default from a machine."""
    return Turn(speaker=speaker, text=(text or "").strip(), human=human, train=False)


@dataclass(frozen=True)
class Conversation:
    """What a row holds. An empty `id` is replaced by the row's place, a missing `split` by that of its file."""

    turns: Sequence[Turn]
    id: str = ""
    context: SocialContext | None = None
    split: Split | None = None
    tags: tuple[str, ...] = ()


class TableRow(UpstreamRecord):
    """A row of a published table. Fields without a default are columns that must be there."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns that must be there, by their first accepted name."""
        return tuple(names[0] for names in cls._required())

    @classmethod
    def read_columns(cls) -> tuple[str, ...]:
        """Every column that is read, if it is there."""
        return tuple(name for field, info in cls.model_fields.items() for name in _accepted(field, info))

    @classmethod
    def _required(cls) -> list[tuple[str, ...]]:
        return [_accepted(field, info) for field, info in cls.model_fields.items() if info.is_required()]

    @model_validator(mode="before")
    @classmethod
    def _has_its_columns(cls, row: Any) -> Any:
        if isinstance(row, dict):
            missing = [" or ".join(names) for names in cls._required() if row.keys().isdisjoint(names)]
            if missing:
                raise ValueError(f"expected the columns {', '.join(missing)}; found {', '.join(map(str, row))}")
        return row


class HubRow(TableRow, ABC):
    """A row that holds conversations."""

    @abstractmethod
    def conversations(self) -> Iterable[Conversation]:
        """What people said in this row."""


def _accepted(field: str, info: FieldInfo) -> tuple[str, ...]:
    """The names under which a row may hold a field."""
    alias = info.validation_alias or field
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return tuple(str(choice.path[0]) if isinstance(choice, AliasPath) else choice for choice in choices)
