"""The nouns. Read this file first; everything else in OdysSim produces or consumes these records.

    Interaction       one recorded piece of human behaviour: turns, social context, where it came from
    Message, Reply    what is said to a model and what it says back
    Episode           one play of a task: who said what, why it stopped, what failed, what it cost
    Outcome           what a scorer made of an episode: a score in 0..1, or none and a failure
    TrainingSequence  token ids with a loss mask, ready for a trainer

All records are frozen pydantic models: unknown fields are errors, and `model_dump_json` is the file format.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from odyssim.errors import OdysSimError, Party


class Record(BaseModel):
    """Base of all records: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Axis(StrEnum):
    """The five axes of the SOUL-Index."""

    CONV = "CONV"
    SS = "SS"
    COG = "COG"
    ROLE = "ROLE"
    EVAL = "EVAL"


class Profile(StrEnum):
    """How a task is presented and scored.

    REFERENCE reproduces the published data flow, extraction and scoring, defects included; IMPROVED repairs them.
    """

    REFERENCE = "reference"
    IMPROVED = "improved"


class Origin(StrEnum):
    """Where a task item comes from. Fixtures prove code and never enter a score."""

    PUBLISHED = "published"
    GENERATED = "generated"
    FIXTURE = "fixture"


# --- recorded behaviour -----------------------------------------------------------------------------------------


class Turn(Record):
    """One utterance. `human`: from the human side, written by a person or, in sources whose card says `synthetic`, in
    a person's place. `train`: it is worth imitating (implies `human`)."""

    speaker: str
    text: str
    human: bool
    train: bool

    @model_validator(mode="after")
    def _only_people_are_imitated(self) -> Self:
        if self.train and not self.human:
            raise ValueError(f"turn of '{self.speaker}' has train=True but human=False")
        return self


class SocialContext(Record):
    """Who is talking and why: what a person in the scene knows before the first turn.

    `profiles` and `goals` are keyed by speaker, and each is known to that speaker only. `author` says who wrote the
    context: the dataset itself, us from its metadata, or a model (then `model` and `prompt_version` are set).
    """

    scenario: str = ""
    profiles: dict[str, str] = Field(default_factory=dict)
    relationship: str = ""
    goals: dict[str, str] = Field(default_factory=dict)
    author: Literal["native", "rendered", "back_generated"] = "rendered"
    model: str | None = None
    prompt_version: str | None = None


class Source(Record):
    """Where an interaction comes from.

    `licence` is an SPDX identifier or 'unknown'; `place` the file and record below the dataset's folder.
    """

    dataset: str
    licence: str
    split: str
    original_id: str
    place: str = ""


class Interaction(Record):
    """One recorded piece of human behaviour.

    `language` is an ISO 639-1 code, empty while unknown. `tags` are short notes of the form `kind:what`, for example
    `safety:toxic` (said by the dataset), `pii:email` (replaced here), `overlap:hitom` (shares text with a benchmark).
    """

    turns: tuple[Turn, ...]
    context: SocialContext | None
    source: Source
    axis: Axis
    language: str = ""
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_turns(self) -> Self:
        if not self.turns:
            raise ValueError("an interaction needs at least one turn")
        return self

    @property
    def imitated_speakers(self) -> tuple[str, ...]:
        """Speakers with at least one trained turn, in order of appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns if turn.train))


# --- talking to models ------------------------------------------------------------------------------------------


class Message(Record):
    """One message of a prompt. 'assistant' is whoever the model speaks for: for a simulator, the human."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(Record):
    """How a reply is drawn. `None` leaves the choice to the engine."""

    temperature: float | None = Field(default=1.0, ge=0.0)
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    max_tokens: int = Field(default=1024, ge=1)
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def with_seed_for(self, *keys: object) -> Sampling:
        """The same settings with a seed of its own for `keys` (item id, turn number); unseeded stays unseeded."""
        return self if self.seed is None else self.model_copy(update={"seed": derive_seed(self.seed, *keys)})


class StopReason(StrEnum):
    """Why a reply ended."""

    END = "end"
    LENGTH = "length"


class Usage(Record):
    """Tokens of one call."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Cost(Record):
    """What calls cost. `usd` is none as soon as one call had no known price. `seconds` adds up over calls."""

    calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        known = self.usd is not None and other.usd is not None
        return Cost(
            calls=self.calls + other.calls,
            cached_calls=self.cached_calls + other.cached_calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            usd=(self.usd or 0.0) + (other.usd or 0.0) if known else None,
            seconds=self.seconds + other.seconds,
        )


class Reply(Record):
    """What a model said. `token_ids` and `logprobs` (natural log, one per id) are as sampled, if the engine tells."""

    text: str
    stop_reason: StopReason = StopReason.END
    usage: Usage = Usage()
    cost: Cost = Cost()
    token_ids: tuple[int, ...] | None = None
    logprobs: tuple[float, ...] | None = None


# --- episodes and outcomes --------------------------------------------------------------------------------------


class Failure(Record):
    """One failure: who failed, its kind (stable name), and what to do. The text is for people, never for models."""

    party: Party
    kind: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: OdysSimError, party: Party) -> Failure:
        return cls(party=party, kind=error.kind, message=error.message, hint=error.hint)


class Call(Record):
    """One call of an episode, by the role of the model that was asked."""

    role: str
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    reply: Reply


class EpisodeStop(StrEnum):
    """Why an episode ended."""

    COMPLETED = "completed"
    LEFT = "left"
    TURN_LIMIT = "turn_limit"
    LENGTH = "length"
    FAILED = "failed"


class Episode(Record):
    """One play of a task item. `turns` is the dialogue as heard; `calls` every call that produced it."""

    task: str
    item_id: str
    profile: Profile
    turns: tuple[Turn, ...]
    calls: tuple[Call, ...]
    stop: EpisodeStop
    failure: Failure | None = None
    cost: Cost = Cost()

    @model_validator(mode="after")
    def _failure_and_stop_agree(self) -> Self:
        if (self.failure is not None) != (self.stop is EpisodeStop.FAILED):
            raise ValueError("an episode has a failure exactly when it stopped as FAILED")
        return self


class Outcome(Record):
    """What scoring made of an episode. A failure and a score exclude each other.

    `metrics` are numbers besides the score (none = not measurable here); `critique` is what a judge said, by
    dimension; `answer` is what was extracted, for people who read tables; `calls` is every call of scoring.
    """

    score: float | None = Field(default=None, ge=0.0, le=1.0)
    metrics: dict[str, float | None] = Field(default_factory=dict)
    critique: dict[str, str] = Field(default_factory=dict)
    answer: str | None = None
    calls: tuple[Call, ...] = ()
    failure: Failure | None = None
    cost: Cost = Cost()

    @model_validator(mode="after")
    def _no_score_for_a_failure(self) -> Self:
        if (self.score is None) == (self.failure is None):
            raise ValueError("an outcome has either a score or a failure")
        return self


class TrainingSequence(Record):
    """Token ids with a loss mask (1 = trained), and the keys that place the sequence in its group."""

    token_ids: tuple[int, ...]
    loss_mask: tuple[int, ...]
    logprobs: tuple[float, ...] | None = None
    reward: float | None = None
    prompt_uid: str | None = None
    rollout_uid: str | None = None
    role: str | None = None

    @model_validator(mode="after")
    def _aligned(self) -> Self:
        if len(self.token_ids) != len(self.loss_mask):
            raise ValueError(f"{len(self.token_ids)} token ids but {len(self.loss_mask)} mask values")
        return self


Json = dict[str, Any]


def derive_seed(seed: int, *keys: object) -> int:
    """A 31-bit seed that depends on `seed` and all `keys`, the same on every platform and run."""
    text = "\x1f".join(str(key) for key in (seed, *keys))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") & 0x7FFFFFFF
