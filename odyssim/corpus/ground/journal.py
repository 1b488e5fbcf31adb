"""Every reply of a writer, kept as it comes, so that no question is asked or paid for twice.

    journal/replies.jsonl     {"key": "9f2c...", "reply": {...}, "filtered": ""}

The key is a hash of the model's name, the whole prompt (with it the conversation and the prompt version) and the
sampling with its seed. Several processes may share a journal folder, each appending to a file of its own. A line that
an interruption cut off is no entry.
"""

from __future__ import annotations

import asyncio
import hashlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary

import numpy as np
from pydantic import ValidationError

from odyssim.errors import ContentFiltered, ModelCallError
from odyssim.models.base import ChatModel
from odyssim.storage import writing
from odyssim.types import Cost, Message, Record, Reply, Sampling

_KEY: Final = slice(8, 40)
_START: Final = b'{"key":"'
_FRESH_AT_MOST: Final = 1 << 16


class Entry(Record):
    """One answer: the reply, or what the provider's filter said instead."""

    key: str
    reply: Reply | None = None
    filtered: str = ""


class Journal:
    """The entries below `folder`; new ones go to `folder/NAME.jsonl`. Use it as a context manager.

    Memory: 18 bytes per entry. Raises `StorageError` if the disk refuses.
    """

    def __init__(self, folder: Path, name: str = "replies") -> None:
        self._folder = folder
        self._own = folder / f"{name}.jsonl"
        self._index = _Index()

    def __enter__(self) -> Self:
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            paths = [self._own, *sorted(path for path in self._folder.glob("*.jsonl") if path != self._own)]
            self._own.touch()
            self._files = [path.open("r+b" if path == self._own else "rb") for path in paths]
            for number, file in enumerate(self._files):
                end = 0
                for line in file:
                    if line.startswith(_START) and line.endswith(b"\n"):
                        self._index.add(line[_KEY], number, end)
                    end += len(line) if line.endswith(b"\n") else 0
                if number == 0:
                    file.truncate(end)
                    file.seek(end)
                    self._end = end
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()

    def find(self, key: str) -> Entry | None:
        place = self._index.find(key.encode())
        if place is None:
            return None
        number, offset = place
        file = self._files[number]
        file.seek(offset)
        try:
            entry = Entry.model_validate_json(file.readline())
        except ValidationError:
            return None
        return entry if entry.key == key else None

    def add(self, entry: Entry) -> None:
        line = entry.model_dump_json(exclude_defaults=True).encode() + b"\n"
        with writing(self._folder):
            own = self._files[0]
            own.seek(self._end)
            own.write(line)
            own.flush()
        self._index.add(entry.key.encode(), 0, self._end)
        self._end += len(line)


class Journaled:
    """A `ChatModel` that answers from a journal what `model` was asked before.

    `spent` is what the calls of this run cost, `worth` what all answers cost when they were given, now or earlier.
    """

    def __init__(self, model: ChatModel, journal: Journal) -> None:
        self._model = model
        self._journal = journal
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.spent = Cost()
        self.worth = Cost()

    @property
    def name(self) -> str:
        return self._model.name

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        key = _key(self.name, messages, sampling)
        async with self._asking.setdefault(key, asyncio.Lock()):
            entry = self._journal.find(key)
            if entry is None:
                entry = await self._ask(key, messages, sampling)
                self.spent += entry.reply.cost if entry.reply else Cost()
            else:
                self.spent += Cost(calls=1, cached_calls=1)
        if entry.reply is None:
            raise ContentFiltered(entry.filtered)
        self.worth += entry.reply.cost
        return entry.reply

    async def aclose(self) -> None:
        await self._model.aclose()

    async def _ask(self, key: str, messages: Sequence[Message], sampling: Sampling) -> Entry:
        try:
            entry = Entry(key=key, reply=await self._model.say(messages, sampling))
        except ContentFiltered as error:
            self.spent += error.cost or Cost(calls=1)
            entry = Entry(key=key, filtered=error.message)
        except ModelCallError as error:
            self.spent += error.cost or Cost(calls=1)
            raise
        self._journal.add(entry)
        return entry


class _Index:
    """Where each key stands: sorted arrays for what is settled, a dictionary for the newest."""

    def __init__(self) -> None:
        self._keys = np.empty(0, dtype=np.uint64)
        self._files = np.empty(0, dtype=np.uint16)
        self._offsets = np.empty(0, dtype=np.uint64)
        self._fresh: dict[int, tuple[int, int]] = {}

    def add(self, key: bytes, file: int, offset: int) -> None:
        self._fresh[_number(key)] = file, offset
        if len(self._fresh) >= _FRESH_AT_MOST:
            self._merge()

    def find(self, key: bytes) -> tuple[int, int] | None:
        number = _number(key)
        if number in self._fresh:
            return self._fresh[number]
        at = int(np.searchsorted(self._keys, np.uint64(number)))
        if at < len(self._keys) and int(self._keys[at]) == number:
            return int(self._files[at]), int(self._offsets[at])
        return None

    def _merge(self) -> None:
        places = self._fresh.values()
        keys = np.concatenate([np.array(array("Q", self._fresh), dtype=np.uint64), self._keys])
        files = np.concatenate([np.array([file for file, _ in places], dtype=np.uint16), self._files])
        offsets = np.concatenate([np.array([offset for _, offset in places], dtype=np.uint64), self._offsets])
        order = np.argsort(keys, kind="stable")
        self._keys, self._files, self._offsets = keys[order], files[order], offsets[order]
        self._fresh.clear()


def _number(key: bytes) -> int:
    return int(key[:16], 16)


def _key(model: str, messages: Sequence[Message], sampling: Sampling) -> str:
    question = _Question(model=model, messages=tuple(messages), sampling=sampling)
    return hashlib.blake2b(question.model_dump_json().encode(), digest_size=16).hexdigest()


class _Question(Record):
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
