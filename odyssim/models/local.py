"""A transformers checkpoint as a `ChatModel`, on CPU or CUDA.

Requests that wait at the same time share a batch, yet each is drawn from its own seed: every row adds Gumbel noise
from its own generator to its own scores and takes the maximum, which is an exact draw from the softmax of the scores
(Maddison et al. 2014, "A* Sampling", section 2). What else is in the batch can change a reply through rounding only:
the shape of a batch moves the last bits of the scores, which matters where two candidates are that close (very rare
in float32, not in bfloat16). The same seed draws differently on CPU and on CUDA, whose generators differ.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from odyssim.errors import (
    BadRequest,
    ConfigError,
    ContextOverflow,
    DataError,
    MissingDependency,
    ModelCallError,
    UsageError,
)
from odyssim.types import Cost, Message, Reply, Sampling, StopReason, Usage

try:
    import torch
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    from safetensors import SafetensorError
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        GenerationConfig,
        LogitsProcessor,
        LogitsProcessorList,
        PreTrainedTokenizerBase,
        StoppingCriteria,
        StoppingCriteriaList,
    )
except ImportError as missing:
    raise MissingDependency(missing.name or "transformers", "train", purpose="A local model") from missing

SHORTEST_ANSWER = 10
"""Tokens of room for an answer below which the prompt counts as too long, instead of the answer being shortened."""

SETTLE_YIELDS = 8
"""Turns of the event loop that the first request of a wave waits for the others to arrive."""

IDENTITY_FILES = ("model*.safetensors", "config.json", "tokenizer*", "chat_template*")
"""What a model's name vouches for: the weights, and how text becomes tokens."""


# --- a checkpoint -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model folder. `ends` are the token ids that end a reply, `room` the positions of prompt and answer."""

    name: str
    model: Any  # a transformers causal LM; its `generate` has no usable static type
    tokenizer: PreTrainedTokenizerBase
    ends: tuple[int, ...]
    room: int | None

    @classmethod
    def load(cls, path: Path | str, device: torch.device) -> Checkpoint:
        """Load in the stored precision on an accelerator and in float32 on a CPU, where half precision is slow.

        Raises `DataError` for a folder that is no complete chat model, `UsageError` for one that does not fit.
        """
        folder = model_folder(path)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                output_loading_info=True,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32 if device.type == "cpu" else "auto",
            )
            model, report = loaded
            model.to(device).eval()
        except torch.OutOfMemoryError as error:
            raise UsageError(
                f"{folder} does not fit into the memory of {device}.", hint="use a smaller model, or --device cpu"
            ) from error
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise DataError(
                f"not a loadable model: {error}", path=folder, hint="download or save the checkpoint again"
            ) from error
        if absent := sorted(report["missing_keys"]):
            raise DataError(
                f"the weights lack {len(absent)} tensors of the architecture, first '{absent[0]}'",
                path=folder,
                hint="download or save the checkpoint again",
            )
        if tokenizer.chat_template is None:
            raise DataError(
                "the tokenizer has no chat template", path=folder, hint="add a chat_template.jinja, or use a chat model"
            )
        ends = _end_ids(model.generation_config.eos_token_id, tokenizer.eos_token_id)
        if not ends:
            raise DataError(
                "neither generation_config.json nor the tokenizer names an end token",
                path=folder,
                hint="set eos_token in tokenizer_config.json",
            )
        # The checkpoint's own top_k, penalties and the like would silently bend every draw.
        pad = ends[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        model.generation_config = GenerationConfig(pad_token_id=pad, do_sample=False)  # type: ignore[no-untyped-call]
        name = f"local/{_label(path)}@{fingerprint(folder)}"
        room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        return cls(name=name, model=model, tokenizer=tokenizer, ends=ends, room=room)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The prompt up to where the assistant speaks. Raises `BadRequest` if the template refuses the messages."""
        try:
            ids: list[int] = self.tokenizer.apply_chat_template(  # type: ignore[assignment]  # by return_dict=False
                [message.model_dump() for message in messages], add_generation_prompt=True, return_dict=False
            )
        except TemplateError as error:
            raise BadRequest(f"The chat template of {self.name} refuses these messages: {error}") from error
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids` without special tokens, its spaces untouched."""
        text: str = self.tokenizer.decode(  # type: ignore[assignment]  # one list of ids gives one text
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def model_folder(path: Path | str) -> Path:
    """The folder of `path`: itself, or that of a hub id in the local cache. Nothing is ever downloaded."""
    folder = Path(path)
    if not folder.is_dir():
        try:
            folder = Path(snapshot_download(str(path), local_files_only=True))
        except (HFValidationError, LocalEntryNotFoundError) as error:
            raise DataError(
                f"no such folder, and no model of this name in the local hub cache: '{path}'",
                hint=f"check the path; a model of the hub is fetched first with: hf download {path}",
            ) from error
    if not (folder / "config.json").is_file():
        adapter = (folder / "adapter_config.json").is_file()
        raise DataError(
            "not a model folder: it has no config.json",
            path=folder,
            hint="this is a LoRA adapter: merge it into its base model first"
            if adapter
            else "name the folder that save_pretrained wrote",
        )
    return folder


def fingerprint(folder: Path) -> str:
    """8 hex digits of the SHA-256 over all of `IDENTITY_FILES`: equal for equal content, wherever it lies.

    The weights are read in full, because a step of training changes neither their names nor their sizes.
    """
    files = sorted(file for pattern in IDENTITY_FILES for file in folder.glob(pattern) if file.is_file())
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_sha256, files)
        lines = [f"{file.name} {digest}" for file, digest in zip(files, digests, strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _label(path: Path | str) -> str:
    return Path(path).resolve().name if Path(path).is_dir() else str(path)


def _end_ids(*declared: int | list[int] | None) -> tuple[int, ...]:
    lists = [ids if isinstance(ids, list) else [] if ids is None else [ids] for ids in declared]
    return tuple(dict.fromkeys(token for ids in lists for token in ids))


# --- one batch --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A prompt to continue by at most `budget` tokens. `abandoned` tells, at any time, that nobody waits any more."""

    prompt: Sequence[int]
    budget: int
    sampling: Sampling
    abandoned: Callable[[], bool]


class SeededSampler(LogitsProcessor):
    """Turns scores into perturbed scores whose maximum is the row's draw; temperature 0 keeps the plain maximum.

    Temperature none means 1, top_p none means all tokens. `logprobs` grows by one tensor [rows] per step: the natural
    log of the chosen token's probability under the model's own distribution, that is at temperature 1 and without
    top_p, whatever the row was sampled with.
    """

    def __init__(self, samplings: Sequence[Sampling], device: torch.device) -> None:
        self.logprobs: list[torch.Tensor] = []
        temperatures = [1.0 if sampling.temperature is None else sampling.temperature for sampling in samplings]
        self._drawn = [row for row, temperature in enumerate(temperatures) if temperature > 0]
        self._dice = [_dice(samplings[row].seed, device) for row in self._drawn]
        self._temperature = torch.tensor([[t or 1.0] for t in temperatures], dtype=torch.float64, device=device)
        self._narrowed = [row for row in self._drawn if samplings[row].top_p not in (None, 1.0)]
        self._top_p = self._temperature.new_tensor([[samplings[row].top_p] for row in self._narrowed])

    def __call__(self, input_ids: torch.LongTensor, scores: torch.Tensor) -> torch.Tensor:
        # In float64: float32 uniforms have 2^24 values, too coarse for the tail of a vocabulary of 150k tokens.
        perturbed = scores.double() / self._temperature
        if self._narrowed:
            perturbed[self._narrowed] = nucleus(perturbed[self._narrowed], self._top_p)
        if self._drawn:
            uniform = perturbed.new_empty(len(self._drawn), perturbed.shape[1])
            for row, dice in zip(uniform, self._dice, strict=True):
                row.uniform_(generator=dice)
            perturbed[self._drawn] -= uniform.log_().neg_().log_()
        chosen = perturbed.argmax(dim=-1, keepdim=True)
        self.logprobs.append((scores.gather(1, chosen) - scores.logsumexp(dim=-1, keepdim=True)).squeeze(1))
        return perturbed


def nucleus(scores: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """`scores` [rows, vocab] with -inf outside the smallest set of tokens of probability >= `top_p` [rows, 1].

    Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1.
    """
    ascending, order = scores.sort(dim=-1)
    tail = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - top_p
    tail[:, -1] = False
    return scores.masked_fill(torch.zeros_like(tail).scatter(1, order, tail), float("-inf"))


def _dice(seed: int | None, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed((secrets.randbits(63) if seed is None else seed) % 2**63)


class RowEnds(StoppingCriteria):
    """Where each row ends: at an end token, its budget, one of its stop strings, or when nobody waits for it.

    `lengths` [rows] counts the tokens of each row so far, the one that ended it included. The prompts end at `width`.
    """

    def __init__(self, checkpoint: Checkpoint, rows: Sequence[Row], width: int) -> None:
        device = checkpoint.model.device
        self.lengths = torch.zeros(len(rows), dtype=torch.long, device=device)
        self._finished = torch.zeros(len(rows), dtype=torch.bool, device=device)
        self._budgets = torch.tensor([row.budget for row in rows], device=device)
        self._ends = torch.tensor(checkpoint.ends, device=device)
        self._decode = checkpoint.decode
        self._rows = rows
        self._width = width
        # A token spells at least one byte, so no more than these can belong to a stop string that ends in the last.
        self._reach = max((len(stop.encode()) for row in rows for stop in row.sampling.stop), default=0)

    def __call__(
        self, input_ids: torch.LongTensor, scores: tuple[torch.Tensor] | None, **kwargs: object
    ) -> torch.Tensor:
        self.lengths += ~self._finished
        tails = input_ids[:, max(self._width, input_ids.shape[1] - self._reach) :].tolist()
        cut = [row.abandoned() or self._stopped(row, tail) for row, tail in zip(self._rows, tails, strict=True)]
        self._finished |= torch.tensor(cut, device=self._finished.device)
        self._finished |= torch.isin(input_ids[:, -1], self._ends) | (self.lengths >= self._budgets)
        return self._finished

    def _stopped(self, row: Row, tail: list[int]) -> bool:
        if not row.sampling.stop:
            return False
        text = self._decode(tail)
        return any(stop in text for stop in row.sampling.stop)


def generate(checkpoint: Checkpoint, rows: Sequence[Row]) -> list[Reply]:
    """Continue all `rows` in one batch; the replies come in their order. Raises what torch raises.

    `cost.seconds` of a reply is its share of the batch: wall time / rows.
    """
    started = time.perf_counter()
    model = checkpoint.model
    width = max(len(row.prompt) for row in rows)
    pad = model.generation_config.pad_token_id
    padding = [width - len(row.prompt) for row in rows]
    prompts = [[pad] * n + list(row.prompt) for n, row in zip(padding, rows, strict=True)]
    mask = [[0] * n + [1] * (width - n) for n in padding]
    sampler = SeededSampler([row.sampling for row in rows], model.device)
    row_ends = RowEnds(checkpoint, rows, width)
    output = model.generate(
        input_ids=torch.tensor(prompts, device=model.device),
        attention_mask=torch.tensor(mask, device=model.device),
        max_new_tokens=max(row.budget for row in rows),
        logits_processor=LogitsProcessorList([sampler]),
        stopping_criteria=StoppingCriteriaList([row_ends]),
    )
    sampled = output[:, width:].tolist()
    logprobs = torch.stack(sampler.logprobs, dim=1).tolist()
    lengths = row_ends.lengths.tolist()
    seconds = (time.perf_counter() - started) / len(rows)
    return [
        _reply(checkpoint, row, ids[:length], logs[:length], seconds)
        for row, ids, logs, length in zip(rows, sampled, logprobs, lengths, strict=True)
    ]


def _reply(checkpoint: Checkpoint, row: Row, ids: list[int], logprobs: list[float], seconds: float) -> Reply:
    """The reply of one row. A stop string is cut from the text, and from the ids as far as tokens allow.

    After such a cut the ids are the shortest prefix that spells the kept text; its last token may spell the beginning
    of the stop string too. `usage` counts every token sampled.
    """
    usage = Usage(prompt_tokens=len(row.prompt), completion_tokens=len(ids))
    text = checkpoint.decode(ids)
    ended = ids[-1] in checkpoint.ends
    if found := [text.index(stop) for stop in row.sampling.stop if stop in text]:
        ended = True
        text = text[: min(found)]
        while ids and checkpoint.decode(ids[:-1]).startswith(text):
            ids = ids[:-1]
    return Reply(
        text=text,
        stop_reason=StopReason.END if ended else StopReason.LENGTH,
        usage=usage,
        cost=Cost(calls=1, **usage.model_dump(), usd=0.0, seconds=seconds),
        token_ids=tuple(ids),
        logprobs=tuple(logprobs[: len(ids)]),
    )


# --- many callers -----------------------------------------------------------------------------------------------


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
