"""Any model that Inspect can reach as a ChatModel: `inspect/PROVIDER/MODEL`, or the model of a running task."""

from __future__ import annotations

import time
from collections.abc import Sequence

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    get_model,
)

from odyssim.errors import BadRequest, ContentFiltered, ContextOverflow, EndpointNonsense, ModelCallError
from odyssim.types import Cost, Message, Reply, Sampling, StopReason, Usage

_MESSAGE = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
_STOP = {"stop": StopReason.END, "max_tokens": StopReason.LENGTH}


class InspectModel:
    """A ChatModel that speaks through an Inspect provider; retries, limits and keys are the provider's."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return f"inspect/{self._model}"

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        config = GenerateConfig(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            stop_seqs=list(sampling.stop) or None,
            seed=sampling.seed,
        )
        started = time.perf_counter()
        try:
            output = await self._model.generate(to_inspect(messages), config=config)
        except ModelCallError:
            raise
        except Exception as error:  # providers raise types of their own SDKs; the kind is all we can know
            raise BadRequest(f"{self.name}: {type(error).__name__}: {error}") from error
        if output.stop_reason == "model_length":
            raise ContextOverflow(f"{self.name}: the prompt does not fit into the model's context.")
        if output.stop_reason == "content_filter":
            raise ContentFiltered(f"The content filter of {self.name} stopped the answer.")
        if output.empty or output.error:
            raise EndpointNonsense(f"{self.name} returned no completion{f': {output.error}' if output.error else ''}.")
        usage = output.usage
        tokens = Usage(prompt_tokens=usage.input_tokens, completion_tokens=usage.output_tokens) if usage else Usage()
        return Reply(
            text=output.completion,
            stop_reason=_STOP.get(output.stop_reason, StopReason.END),
            usage=tokens,
            cost=Cost(
                calls=1,
                prompt_tokens=tokens.prompt_tokens,
                completion_tokens=tokens.completion_tokens,
                usd=None,
                seconds=time.perf_counter() - started,
            ),
        )

    async def aclose(self) -> None:
        """Inspect owns the connection."""


def to_inspect(messages: Sequence[Message]) -> list[ChatMessage]:
    """Our messages as Inspect's."""
    return [_MESSAGE[message.role](content=message.content) for message in messages]


def load(name: str, *, base_url: str | None = None, timeout_s: float | None = None) -> InspectModel:
    """The model behind `inspect/PROVIDER/MODEL` (entry point `odyssim.models`)."""
    config = GenerateConfig(attempt_timeout=None if timeout_s is None else max(1, round(timeout_s)))
    return InspectModel(get_model(name, base_url=base_url, config=config))
