"""Replies kept on disk: the same question to the same model with the same sampling is asked and paid for once."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakValueDictionary

from pydantic import ValidationError

from odyssim.errors import StorageError
from odyssim.models.base import ChatModel
from odyssim.types import Cost, Message, Record, Reply, Sampling


class _Request(Record):
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling

    @property
    def key(self) -> str:
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=20).hexdigest()


class _Entry(Record):
    request: _Request
    reply: Reply


class CachedModel:
    """A `ChatModel` that answers from `folder` what `model` was asked before.

    The key is the model's name, the messages and the sampling with its seed. Unseeded sampling at a temperature above
    zero is cached as well, so judges and partners can be replayed; for independent draws, give seeds. A hit costs
    nothing: its `cost` has one call, which is a cached one. A damaged entry is asked for again and rewritten;
    failures are not kept. Identical requests at the same time share one call.

    Raises `StorageError` if an entry cannot be read or written.
    """

    def __init__(self, model: ChatModel, folder: Path) -> None:
        self._model = model
        self._folder = folder
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def name(self) -> str:
        return self._model.name

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        request = _Request(model=self.name, messages=tuple(messages), sampling=sampling)
        path = self._folder / request.key[:2] / f"{request.key}.json"
        async with self._asking.setdefault(request.key, asyncio.Lock()):
            reply = _read(path, request)
            if reply is None:
                reply = await self._model.say(messages, sampling)
                _write(path, _Entry(request=request, reply=reply))
                return reply
        return reply.model_copy(update={"cost": Cost(calls=1, cached_calls=1)})

    async def aclose(self) -> None:
        await self._model.aclose()


def _read(path: Path, request: _Request) -> Reply | None:
    """The reply kept at `path`; none if there is none, or none that can be understood as an answer to `request`."""
    try:
        entry = _Entry.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    except OSError as error:
        raise _storage_error("read", path, error) from error
    return entry.reply if entry.request == request else None


def _write(path: Path, entry: _Entry) -> None:
    """Write beside `path`, then rename: a reader, or a crash, never meets half an entry."""
    draft: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".draft", delete=False) as file:
            draft = Path(file.name)
            file.write(entry.model_dump_json().encode())
        os.replace(draft, path)
    except OSError as error:
        if draft is not None:
            draft.unlink(missing_ok=True)
        raise _storage_error("write", path, error) from error


def _storage_error(verb: str, path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"Cannot {verb} the reply cache at {path}: {error.strerror or error}.",
        hint="free some space, or choose another cache folder",
    )
