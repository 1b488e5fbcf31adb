"""Many callers, one model: whoever waits at the same time is answered in one batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from odyssim.errors import ConfigError, ContextOverflow, ModelCallError
from odyssim.models.local.batch import Row, generate
from odyssim.models.local.checkpoint import Checkpoint
from odyssim.types import Message, Reply, Sampling

SHORTEST_ANSWER = 10
"""Tokens of room for an answer below which the prompt counts as too long, instead of the answer being shortened."""

SETTLE_YIELDS = 8
"""Turns of the event loop that the first request of a wave waits for the others to arrive."""


@dataclass(frozen=True)
class _Request:
    row: Row
    answer: asyncio.Future[Reply]


class LocalModel:
    """A checkpoint that answers many callers at once, up to `batch_size` of them per batch.

    `path` is a model folder, or a hub id that is already in the local cache. `device` is a torch device; none takes
    CUDA where there is one. Everybody who waits when a batch is done forms the next wave, which is served in batches
    of similar prompt length. Generation runs in one thread of its own, so the event loop stays free. Event loops may
    follow one another, not overlap. `name` holds a hash of the weights and the tokenizer.

    Raises `DataError` for a folder that is no complete chat model, `UsageError` for a device that is not there.
    """

    def __init__(self, path: Path | str, *, device: str | None = None, batch_size: int = 32) -> None:
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}; a batch holds at least one request.")
        self._checkpoint = Checkpoint.load(path, _device(device))
        self._batch_size = batch_size
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")
        self._waiting: list[_Request] = []
        self._serving: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._checkpoint.name

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """Answer `messages`, together with whoever else is asking.

        An answer budget beyond the model's positions is reduced to what is left. Raises `ContextOverflow` if that
        would be less than `SHORTEST_ANSWER` tokens, `BadRequest` if the chat template refuses the messages, and
        `ModelCallError` if the device fails, for instance for lack of memory for this one prompt.
        """
        loop = asyncio.get_running_loop()
        prompt = self._checkpoint.encode(messages)
        answer: asyncio.Future[Reply] = loop.create_future()
        row = Row(prompt, self._budget(len(prompt), sampling.max_tokens), sampling, abandoned=answer.done)
        self._waiting.append(_Request(row, answer))
        if self._serving is None or self._serving.done() or self._serving.get_loop() is not loop:
            self._serving = loop.create_task(self._serve())
        try:
            return await answer
        except torch.OutOfMemoryError as error:
            raise ModelCallError(
                f"{self.name} ran out of memory on a single prompt of {len(prompt)} tokens.",
                hint="shorten the prompt, lower max_tokens, or use --device cpu",
            ) from error
        except RuntimeError as error:
            raise ModelCallError(f"{self.name} failed on its device: {error}") from error

    def split_tokens(self, text: str) -> Sequence[str]:
        """The pieces of `text` that its tokens stand for; joined they are the text."""
        return self._checkpoint.pieces(text)

    async def aclose(self) -> None:
        """Let the running batch end; no further call is answered. The memory goes with the last reference."""
        await asyncio.to_thread(self._worker.shutdown, cancel_futures=True)

    def _budget(self, prompt_tokens: int, max_tokens: int) -> int:
        room = self._checkpoint.room
        if room is None or prompt_tokens + max_tokens <= room:
            return max_tokens
        if room - prompt_tokens < SHORTEST_ANSWER:
            raise ContextOverflow(
                f"A prompt of {prompt_tokens} tokens leaves no room for an answer: {self.name} has {room} positions.",
                hint="shorten the conversation, or use a model with a longer context",
            )
        return room - prompt_tokens

    async def _serve(self) -> None:
        """Answer everyone who waits, wave by wave, until nobody does."""
        while True:
            for _ in range(SETTLE_YIELDS):
                await asyncio.sleep(0)
            wave = sorted(self._waiting, key=lambda request: len(request.row.prompt))
            self._waiting.clear()
            if not wave:
                return
            for start in range(0, len(wave), self._batch_size):
                batch = [request for request in wave[start : start + self._batch_size] if not request.answer.done()]
                if batch:
                    await self._answer(batch)

    async def _answer(self, batch: Sequence[_Request]) -> None:
        """Give each caller that still waits its reply, or the error that the whole batch met."""
        loop = asyncio.get_running_loop()
        try:
            replies = await loop.run_in_executor(self._worker, self._generate, [request.row for request in batch])
        except Exception as error:
            for request in batch:
                if not request.answer.done():
                    request.answer.set_exception(error)
        else:
            for request, reply in zip(batch, replies, strict=True):
                if not request.answer.done():
                    request.answer.set_result(reply)

    def _generate(self, rows: Sequence[Row]) -> list[Reply]:
        """`generate`, in halves as often as the device's memory demands."""
        try:
            return generate(self._checkpoint, rows)
        except torch.OutOfMemoryError:
            if len(rows) == 1:
                raise
        # Outside the handler, whose traceback would hold the failed batch's tensors alive.
        torch.cuda.empty_cache()
        half = len(rows) // 2
        return self._generate(rows[:half]) + self._generate(rows[half:])


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"Device '{name}' cannot be used here: {reason}", hint="use --device cpu") from error
    return device
