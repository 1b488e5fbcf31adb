"""Turns of one side, people's or models', out of whatever holds them.

a corpus folder      the turns of its train split
a JSONL file of      interactions; places of `odyssim likeness` (turns.jsonl), where both sides spoke at the same
                     places; or {"text": "...", "dialogue": "..."}, the dialogue being optional
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import first_problem, text_lines
from odyssim.corpus.summary import read_corpus
from odyssim.errors import DataError
from odyssim.soul.next_turn import SpokenPlace
from odyssim.types import Interaction, Record

_FORMS: Final = 'each line is an interaction, a place of odyssim likeness, or {"text": "..."}'


class LabelledTurn(Record):
    """A turn, who spoke it, and the dialogue it belongs to."""

    text: str
    human: bool
    dialogue: str


class _PlainTurn(Record):
    text: str
    dialogue: str = ""


def read_turns(path: Path, *, human: bool) -> Iterator[LabelledTurn]:
    """Stream the turns of people (`human`) or of models in `path`; blank ones are left out.

    People's turns are those worth imitating. A JSONL file of plain texts is taken to be all of the side asked for.
    Raises `DataError` with file and line for what cannot be read.
    """
    for text, dialogue in _corpus(path, human) if path.is_dir() else _lines(path, human):
        if text.strip():
            yield LabelledTurn(text=text, human=human, dialogue=dialogue)


def _corpus(folder: Path, human: bool) -> Iterator[tuple[str, str]]:
    for interaction in read_corpus(folder, "train"):
        yield from _of_interaction(interaction, human)


def _lines(path: Path, human: bool) -> Iterator[tuple[str, str]]:
    [file] = RawFiles(path, hint="name a corpus folder or a JSONL file").all
    for number, line in text_lines(file):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            read = _reader(record)
            if read is None:
                raise DataError("holds no turns", path=path, line=number, hint=_FORMS)
            for text, dialogue in read(line, human):
                yield text, dialogue or f"line {number}"
        except json.JSONDecodeError as error:
            raise DataError(f"not valid JSON: {error.msg}", path=path, line=number, hint=_FORMS) from error
        except ValidationError as error:
            raise DataError(first_problem(error), path=path, line=number, hint=_FORMS) from error


_Reader = Callable[[str, bool], Iterator[tuple[str, str]]]


def _reader(record: object) -> _Reader | None:
    """How a line is read, by the key that tells."""
    readers: dict[str, _Reader] = {
        "turns": lambda line, human: _of_interaction(Interaction.model_validate_json(line), human),
        "place": lambda line, human: _of_place(SpokenPlace.model_validate_json(line), human),
        "text": lambda line, human: _of_plain(_PlainTurn.model_validate_json(line)),
    }
    known = (readers[key] for key in readers if isinstance(record, dict) and key in record)
    return next(known, None)


def _of_interaction(interaction: Interaction, human: bool) -> Iterator[tuple[str, str]]:
    source = interaction.source
    for turn in interaction.turns:
        if turn.train if human else not turn.human:
            yield turn.text, f"{source.dataset}/{source.split}/{source.original_id}"


def _of_place(spoken: SpokenPlace, human: bool) -> Iterator[tuple[str, str]]:
    if spoken.model is not None:  # where the model failed, the person's turn is left out as well
        yield spoken.place.human if human else spoken.model, spoken.place.dialogue


def _of_plain(turn: _PlainTurn) -> Iterator[tuple[str, str]]:
    yield turn.text, turn.dialogue
