"""Grounding in bulk: datatrove's inference runner asks vLLM or SGLang servers that it starts, or a running endpoint.

    work/journal/00000.jsonl      every reply, one file per task: the same journal that `ground` reads
    work/run-1f0c.../             one run: these files, these settings
        checkpoints/              which conversations a task has finished, so that a restart skips them
        results/                  one line per conversation: written, dropped, or why the call failed
        contexts/                 the executor's logs and completion marks

A task does no more than fill the journal; the rows are then put together by `ground` from the journal alone. So both
ways give the same rows for the same replies, and one may finish what the other began.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from odyssim.corpus.build.config import ExecutorConfig
from odyssim.corpus.build.executor import Step, forget, run_steps
from odyssim.corpus.ground.corpus import GroundFiles
from odyssim.corpus.ground.form import Form, form_of
from odyssim.corpus.ground.ground import GroundReport, GroundSettings, ground, hopeless, needs_writing
from odyssim.corpus.ground.journal import Journal, Journaled
from odyssim.corpus.ground.write import write_context
from odyssim.corpus.store import read_interactions
from odyssim.errors import DataError, EndpointDown, EndpointNonsense, MissingDependency, ModelCallError
from odyssim.models.openai import OpenAIModel
from odyssim.progress import Progress, Silent
from odyssim.storage import writing
from odyssim.types import Cost, Interaction, Json, Message, Reply, Sampling, StopReason, Usage

try:
    import aiofiles  # type: ignore[import,unused-ignore]  # noqa: F401  # the runner's checkpoints import it late
    from datatrove.data import Document
    from datatrove.pipeline.inference.checkpointing import CheckpointManager, RequestCache
    from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
    from datatrove.pipeline.inference.servers import InferenceServer
    from datatrove.pipeline.inference.types import InferenceError, InferenceResult, ServerError
    from datatrove.pipeline.writers.jsonl import JsonlWriter
except ImportError as error:
    raise MissingDependency(str(error.name), "corpus", purpose="Grounding in bulk") from error

_STEP: Final = "contexts"
_STOPS: Final = {"stop": StopReason.END, "length": StopReason.LENGTH}

Generate = Callable[[Json], Awaitable[InferenceResult]]


class BulkSettings(GroundSettings):
    """How contexts are written in bulk.

    `server`: start 'vllm' or 'sglang' with `model` (a hub id or folder), or ask the OpenAI-compatible 'endpoint' at
    `base_url` ($OPENAI_BASE_URL by default, the key from $OPENAI_API_KEY). `context_tokens` is the longest prompt plus
    answer of a started server, `tensor_parallel` and `data_parallel` how many GPUs share or copy its weights,
    `server_options` further options of its command line. `checkpoint_every` conversations make one checkpoint file.
    """

    model: str
    server: Literal["endpoint", "vllm", "sglang"] = "endpoint"
    base_url: str | None = None
    context_tokens: int = Field(default=32_768, ge=1024)
    tensor_parallel: int = Field(default=1, ge=1)
    data_parallel: int = Field(default=1, ge=1)
    server_options: dict[str, str | int | bool] = Field(default_factory=dict)
    checkpoint_every: int = Field(default=1000, ge=1)
    concurrency: int = Field(default=256, ge=1)

    def endpoint(self) -> OpenAIModel | None:
        """The client of a running endpoint; none if a server is to be started."""
        return OpenAIModel(self.model, base_url=self.base_url) if self.server == "endpoint" else None

    @property
    def form(self) -> Form:
        """How the model is asked."""
        return form_of(self.model)

    @property
    def writer_name(self) -> str:
        """What rows say of their writer."""
        endpoint = self.endpoint()
        return endpoint.name if endpoint else f"{self.server}/{self.model}"


def ground_bulk(
    files: Mapping[Path, Path],
    work: Path,
    settings: BulkSettings,
    *,
    tasks: int = 1,
    executor: ExecutorConfig = ExecutorConfig(),
    progress: Progress = Silent(),
) -> dict[Path, GroundReport]:
    """Ground the Parquet files of interactions `files` (from each to where its grounded copy goes).

    The files are spread over `tasks`, each with a server of its own where servers are started. Returns the report of
    each file, or nothing while Slurm jobs are under way: call again when they are done. Conversations whose calls
    failed are asked again by the next call. Raises `DataError` for a file that cannot be read, `ModelCallError` if an
    endpoint or server cannot be used, `StorageError` if writing fails.
    """
    run = work / f"run-{_fingerprint(files, settings)}"
    step = Step(_STEP, (_WriteContexts(tuple(files), work / "journal", run, settings),), tasks)
    with writing(work):
        run.mkdir(parents=True, exist_ok=True)
    if not run_steps([step], run, executor):
        return {}
    # What is not in the journal failed, and failed calls are no reason to stop putting rows together.
    offline = settings.model_copy(update={"patience": None})
    reports = {
        out: asyncio.run(
            ground(
                read_interactions(file),
                _Unanswered(settings.writer_name),
                out,
                work / "journal",
                settings=offline,
                form=settings.form,
                progress=progress,
            )
        )
        for file, out in files.items()
    }
    if not all(report.complete for report in reports.values()):
        forget(step, run)
        shutil.rmtree(run / "checkpoints", ignore_errors=True)
    return reports


def in_bulk(
    settings: BulkSettings,
    *,
    tasks: int = 1,
    executor: ExecutorConfig = ExecutorConfig(),
    progress: Progress = Silent(),
) -> GroundFiles:
    """Grounding a corpus with `ground_bulk`, for `ground_corpus`."""
    return lambda copies, work: ground_bulk(copies, work, settings, tasks=tasks, executor=executor, progress=progress)


@dataclass(frozen=True)
class _WriteContexts:
    """The step: every conversation of the task's files that needs a context is put to the model."""

    files: tuple[Path, ...]
    journal: Path
    run: Path
    settings: BulkSettings

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        settings = self.settings
        with Journal(self.journal, f"{rank:05d}") as journal:
            runner = _Runner(settings, _Rollouts(settings, journal), self.run)
            try:
                runner.run(self._documents(self.files[rank::world_size]), rank, world_size)
            except InferenceError as error:
                raise _typed(error) from error
            except ServerError as error:
                raise EndpointDown(
                    f"The {settings.server} server of task {rank} stopped: {error.error}",
                    hint=f"see the logs below {self.run / _STEP / 'logs'}, then run the same command again",
                ) from error

    def _documents(self, files: Sequence[Path]) -> Iterator[Document]:
        for file in files:
            for number, interaction in enumerate(read_interactions(file)):
                if needs_writing(interaction, self.settings):
                    yield Document(text=interaction.model_dump_json(), id=f"{file}:{number}")


class _Runner(InferenceRunner):  # type: ignore[misc]  # datatrove is not typed
    """The library's runner with our client for running endpoints, and without its second copy of every reply."""

    def __init__(self, settings: BulkSettings, rollouts: _Rollouts, run: Path) -> None:
        config = InferenceConfig(
            server_type=settings.server,
            model_name_or_path=settings.model,
            model_max_context=settings.context_tokens,
            tp=settings.tensor_parallel,
            dp=settings.data_parallel,
            model_kwargs=dict(settings.server_options),
            max_concurrent_generations=settings.concurrency,
        )
        lines = JsonlWriter(str(run / "results"), "${rank}_${chunk_index}.jsonl", compression=None, adapter=_line)
        super().__init__(rollouts, config, lines)
        self._endpoint = settings.endpoint()
        self.request_cache = RequestCache(None)
        self.checkpoint_manager = CheckpointManager(
            str(run / "checkpoints"), settings.checkpoint_every, request_cache=self.request_cache
        )

    def _init_server(self, rank: int) -> InferenceServer:
        return _Endpoint(self._endpoint, self.config, rank) if self._endpoint else super()._init_server(rank)


class _Endpoint(InferenceServer):  # type: ignore[misc]
    """A server that runs already, reached through our client, which retries, waits and names failures.

    The library's own class probes an address that most endpoints do not have and takes HTTP 429 and 500 for the end.
    """

    def __init__(self, model: OpenAIModel, config: InferenceConfig, rank: int) -> None:
        super().__init__(config, rank)
        self._model = model

    async def start_server(self) -> None:
        """Nothing to start."""

    async def monitor_health(self) -> None:
        await asyncio.Future()

    async def _wait_until_ready(self, max_attempts: int = 0, delay_sec: float = 0.0) -> None:
        """The first question will tell."""

    async def _make_request(self, payload: Json) -> Json:
        sampling = Sampling(**{key: payload.get(key) for key in ("temperature", "max_tokens", "seed")})
        try:
            reply = await self._model.say([Message(**message) for message in payload["messages"]], sampling)
        except ModelCallError as error:
            raise InferenceError(None, error) from error
        finish = next(reason for reason, stop in _STOPS.items() if stop is reply.stop_reason)
        return {
            "choices": [{"message": {"content": reply.text}, "finish_reason": finish}],
            "usage": reply.usage.model_dump() | {"cost": reply.cost},
        }


@dataclass
class _Rollouts:
    """What the runner does with one conversation."""

    settings: BulkSettings
    journal: Journal
    failed_in_a_row: int = field(default=0, init=False)

    async def __call__(self, document: Document, generate: Generate) -> str:
        """What came of the conversation in `document`, whose text is then no longer needed."""
        interaction = Interaction.model_validate_json(document.text)
        writer = Journaled(_Served(self.settings.writer_name, generate), self.journal)
        try:
            written = await write_context(interaction, writer, self.settings, self.settings.form)
        except ModelCallError as error:
            self.failed_in_a_row += 1
            if hopeless(error, self.failed_in_a_row, self.settings):
                raise
            result = error.kind
        else:
            self.failed_in_a_row = 0
            result = "written" if written.context else "dropped"
        document.text = ""
        return result


class _Served:
    """A `ChatModel` that speaks through the runner's callback."""

    def __init__(self, name: str, generate: Generate) -> None:
        self._generate = generate
        self.name = name

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        payload = sampling.model_dump(include={"temperature", "max_tokens", "seed"}, exclude_none=True)
        payload["messages"] = [message.model_dump() for message in messages]
        started = time.perf_counter()
        try:
            result = await self._generate(payload)
        except InferenceError as error:
            raise _typed(error) from error
        if result.finish_reason not in _STOPS:
            raise EndpointNonsense(f"{self.name} stopped for the unknown reason '{result.finish_reason}'.")
        usage = Usage(**{key: result.usage.get(key, 0) for key in ("prompt_tokens", "completion_tokens")})
        seconds = time.perf_counter() - started
        cost: Cost = result.usage.get("cost") or Cost(calls=1, usd=None, seconds=seconds, **usage.model_dump())
        return Reply(text=result.text, stop_reason=_STOPS[result.finish_reason], usage=usage, cost=cost)

    async def aclose(self) -> None:
        """The runner owns the server."""


class _Unanswered:
    """Stands in for the writer when only the journal speaks."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        raise ModelCallError("The bulk run got no answer for this conversation.", hint="run the same command again")

    async def aclose(self) -> None:
        """Nothing to release."""


def _fingerprint(files: Iterable[Path], settings: BulkSettings) -> str:
    """What makes a run another one: its settings, the prompt, and the files as they are now."""
    seen: list[tuple[str, int, int]] = []
    for file in files:
        try:
            found = file.stat()
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", path=file) from error
        seen.append((str(file), found.st_size, found.st_mtime_ns))
    return hashlib.blake2b(f"{seen}{settings!r}{settings.form.version}".encode(), digest_size=6).hexdigest()


def _typed(error: InferenceError) -> ModelCallError:
    """The failure behind the runner's error, whose own text would show the whole conversation."""
    if isinstance(error.error, ModelCallError):
        return error.error
    return EndpointNonsense(f"The server answered a request with an error: {str(error.error)[:200]}")


def _line(writer: Any, document: Document) -> Json:
    (result,) = document.metadata["rollout_results"]
    return {"id": document.id, "result": result}
