"""A judge without a language model: a classifier of people's and models' turns that answers as a `ChatModel`.

    discriminator/runs/judges/local     a folder that `odyssim judge train` wrote: card.json, weights.npz

It reads one thing of a judge's question, the text between the lines <judged> and </judged>, and knows nothing of the
scene or the rubric: every number it gives is its probability that a person typed that text, put on the asked range.
It is for demos, tests and the study of reward hacking, and it can be hacked: whoever writes like its training data
looks human to it, whatever they say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from odyssim.errors import BadRequest, DataError
from odyssim.human_likeness.calibration import ReliabilityBin
from odyssim.human_likeness.classifier import Features, TurnClassifier
from odyssim.types import Cost, Json, Message, Record, Reply, Sampling

CARD: Final = "card.json"
WEIGHTS: Final = "weights.npz"

# Whole lines: inside a judged text such lines are defused, and a rubric may name the markers in a sentence.
_JUDGED: Final = re.compile(r"^<judged>\n(.*?)\n?</judged>$", re.DOTALL | re.MULTILINE)
_HINT: Final = "use a language model as the judge of this task"


class HeldOut(Record):
    """How a discriminator does on dialogues that it was not trained on, half of them roughly people's.

    `auc` with its 95 % bootstrap interval over dialogues, `ece` the expected calibration error, `log_loss` in nats.
    """

    turns: int
    dialogues: int
    auc: float
    auc_interval: tuple[float, float] | None
    log_loss: float
    ece: float
    reliability: tuple[ReliabilityBin, ...]


class DiscriminatorCard(Record):
    """What a discriminator is, what it was trained on, and how far it can be trusted.

    `human` and `model_turns` name the files; `turns` counts both sides together; `l2` is the penalty that did best on
    turns set aside for that choice; `style` are the measures of style that count most, positive where more is human.
    """

    schema_version: int = 1
    odyssim_version: str
    about: str = (
        "A logistic regression on character n-grams and measures of style that tells people's turns from a model's. "
        "It does not understand what it reads. For demos, tests and the study of reward hacking; not a measure of "
        "human-likeness to report."
    )
    human: str
    model_turns: str
    turns: int
    dialogues: int
    seed: int
    l2: float
    held_out: HeldOut
    style: tuple[tuple[str, float], ...]


class Discriminator:
    """A trained folder as a judge. Deterministic; sampling and seeds change nothing, and it costs nothing.

    Raises `DataError` for a folder that holds no discriminator.
    """

    def __init__(self, folder: Path) -> None:
        self.card = _card(folder)
        self._classifier = TurnClassifier.load(folder / WEIGHTS)
        content = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        self._name = f"discriminator/{folder.resolve().name}@{content[:8]}"

    @property
    def name(self) -> str:
        """`discriminator/FOLDER@HASH`, the hash being that of the weights."""
        return self._name

    def probability(self, text: str) -> float:
        """How probable it is that a person wrote `text`, in 0..1."""
        return float(self._classifier.probability(Features.of([text]))[0])

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """The verdict that the schema at the end of the last message asks for.

        Every number becomes the probability on its range, a yes means at least one half, every text says what this is,
        and lists are as short as they may be. A choice with as many values as there are marked texts takes the place
        of the most human one; otherwise several texts count as one. Raises `BadRequest` for a message without markers
        or schema, or a field that a probability cannot fill, such as a choice of words.
        """
        asked = messages[-1].content if messages else ""
        texts = _JUDGED.findall(asked)
        if not texts:
            raise BadRequest(f"{self.name} finds no lines <judged> and </judged> in the last message.", hint=_HINT)
        schema = _schema(asked)
        if schema is None:
            raise BadRequest(f"{self.name} finds no JSON schema in the last line of the message.", hint=_HINT)
        probability = self.probability("\n".join(texts))
        verdict = _Verdict(self, schema.get("$defs", {}), texts, probability).value(schema, "the verdict")
        return Reply(text=json.dumps(verdict, ensure_ascii=False), cost=Cost(calls=1))

    async def aclose(self) -> None:
        """Nothing to release."""


class _Verdict:
    """Fills one JSON schema."""

    def __init__(self, judge: Discriminator, definitions: Json, texts: Sequence[str], probability: float) -> None:
        self._judge = judge
        self._definitions = definitions
        self._texts = texts
        self._probability = probability

    def value(self, schema: Json, place: str) -> object:
        if "$ref" in schema:
            return self.value(self._definitions[schema["$ref"].rpartition("/")[2]], place)
        match schema:
            case {"type": "object", "properties": properties}:
                required = schema.get("required", ())
                return {name: self.value(field, f"'{name}'") for name, field in properties.items() if name in required}
            case {"enum": choices} if len(choices) == len(self._texts) > 1:
                return choices[int(np.argmax([self._judge.probability(text) for text in self._texts]))]
            case {"type": "string"} if "enum" not in schema and "const" not in schema:
                return self._reason
            case {"type": "number", "minimum": low, "maximum": high}:
                return low + self._probability * (high - low)
            case {"type": "integer", "minimum": low, "maximum": high}:
                return round(low + self._probability * (high - low))
            case {"type": "boolean"}:
                return self._probability >= 0.5
            case {"type": "array", "items": entry}:
                return [self.value(entry, place)] * schema.get("minItems", 0)
        raise BadRequest(
            f"{self._judge.name} is a classifier and cannot fill {place}: it is no text, yes or no, or number of a "
            "stated range.",
            hint=_HINT,
        )

    @property
    def _reason(self) -> str:
        trust = self._judge.card.held_out.auc
        return (
            f"No reading took place: a classifier of characters and style (held-out AUC {trust:.2f}) gives a "
            f"probability of {self._probability:.2f} that a person typed this."
        )


def _schema(asked: str) -> Json | None:
    """The schema that `with_instructions` appended: one line of JSON at the end."""
    try:
        schema = json.loads(asked.rpartition("\n")[2])
    except json.JSONDecodeError:
        return None
    return schema if isinstance(schema, dict) and "properties" in schema else None


def _card(folder: Path) -> DiscriminatorCard:
    hint = "name a folder that odyssim judge train wrote"
    try:
        return DiscriminatorCard.model_validate_json((folder / CARD).read_bytes())
    except OSError as error:
        raise DataError(f"no discriminator here: {error.strerror}", path=folder / CARD, hint=hint) from error
    except ValidationError as error:
        raise DataError("not the card of a discriminator", path=folder / CARD, hint=hint) from error
