"""How a writer is asked for a context and how its answer is read.

There are two forms: the card, instructions and a JSON object for general models, and the lines of a small model that
was trained to write them. A checkpoint of the latter kind says so in a file beside its weights:

    runs/context-writer/midtrain/best/context_writer.json     {"form": "lines-1"}
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from pydantic import ValidationError

from odyssim.corpus.ground.lines import LINES_VERSION, cast_of, read_lines, shown_lines
from odyssim.corpus.ground.prompt import PROMPT_VERSION, context_prompt, described
from odyssim.corpus.ground.schema import Malformed, Refusal, WrittenContext, read_answer
from odyssim.errors import DataError
from odyssim.storage import write_text
from odyssim.types import Interaction, Message, Record, Reply, Sampling, SocialContext, StopReason

MARKER: Final = "context_writer.json"


class Form(Protocol):
    """`version` goes into every row. `max_chars` is how much of the conversation may be shown, in characters."""

    @property
    def version(self) -> str: ...

    def ask(self, interaction: Interaction, max_chars: int, complaints: Sequence[str] = ()) -> list[Message]:
        """Ask for a context, again if there are `complaints` about an earlier answer."""
        ...

    def read(self, reply: Reply, interaction: Interaction, max_chars: int) -> SocialContext | Refusal | Malformed:
        """What the reply holds; a context does not name its model yet."""
        ...

    def sampling(self, wanted: Sampling) -> Sampling:
        """`wanted`, as far as it suits the writer."""
        ...


class _Card:
    """Instructions, and a JSON object that describes everybody: for models that follow instructions."""

    version = PROMPT_VERSION

    def ask(self, interaction: Interaction, max_chars: int, complaints: Sequence[str] = ()) -> list[Message]:
        return context_prompt(interaction, max_chars=max_chars, complaints=complaints)

    def read(self, reply: Reply, interaction: Interaction, max_chars: int) -> SocialContext | Refusal | Malformed:
        answer = read_answer(reply, described(interaction, max_chars))
        return answer.as_context(self.version) if isinstance(answer, WrittenContext) else answer

    def sampling(self, wanted: Sampling) -> Sampling:
        return wanted


class _Lines:
    """The transcript alone, and labelled lines: for models trained on the source `context_writing`.

    What is shown is fixed by the training, and complaints mean nothing to such a model. It is sampled coolly. A small
    model knows the kinds of scenes that it was trained on and no others: where it gives the opening of its answer less
    than `_SURE` of the probability, it does not know the kind of this one, and that counts as a refusal. An engine that
    tells no probabilities is taken at its word.
    """

    version = LINES_VERSION
    _MAX_TEMPERATURE = 0.5
    _MAX_TOKENS = 400
    _OPENING_TOKENS = 8
    _SURE = 0.8

    def ask(self, interaction: Interaction, max_chars: int, complaints: Sequence[str] = ()) -> list[Message]:
        return [Message(role="user", content=shown_lines(interaction))]

    def read(self, reply: Reply, interaction: Interaction, max_chars: int) -> SocialContext | Refusal | Malformed:
        if reply.stop_reason is StopReason.LENGTH:
            return Malformed(complaint="It was cut off at the length limit.")
        if reply.logprobs and math.exp(sum(reply.logprobs[: self._OPENING_TOKENS])) < self._SURE:
            return Refusal(declined="unsure of the scene")
        return read_lines(reply.text, cast_of(interaction))

    def sampling(self, wanted: Sampling) -> Sampling:
        hot = wanted.temperature is None or wanted.temperature > self._MAX_TEMPERATURE
        return wanted.model_copy(
            update={
                "temperature": self._MAX_TEMPERATURE if hot else wanted.temperature,
                "max_tokens": min(wanted.max_tokens, self._MAX_TOKENS),
            }
        )


CARD: Final[Form] = _Card()
LINES: Final[Form] = _Lines()
_OF_CHECKPOINTS: Final = {form.version: form for form in (LINES,)}


class _Marker(Record):
    form: str


def form_of(model: str) -> Form:
    """The form for the model of this name (SCHEME/REST, or a folder): the checkpoint's own, or the card.

    Raises `DataError` for a checkpoint that was trained for a form that is not known here.
    """
    path = Path(model.removeprefix("local/")) / MARKER
    if not path.is_file():
        return CARD
    try:
        return _OF_CHECKPOINTS[_Marker.model_validate_json(path.read_bytes()).form]
    except (ValidationError, KeyError) as error:
        known = ", ".join(_OF_CHECKPOINTS)
        raise DataError(
            f"the checkpoint's form of contexts is none of {known}",
            path=path,
            hint="train a writer with this version: odyssim run context-writer",
        ) from error


def mark_writer(checkpoint: Path) -> None:
    """Say of a checkpoint that it was trained on the source `context_writing`."""
    write_text(checkpoint / MARKER, _Marker(form=LINES.version).model_dump_json() + "\n")
