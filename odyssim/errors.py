"""The failure model: what can go wrong, who failed, and the command that helps.

Every failure OdysSim can name is an `OdysSimError`. It carries one sentence that says what happened and where, and
a `hint` with the command or setting that helps. Failures of a model call become a `odyssim.types.Failure` on the
episode, exactly once; they are never dialogue text and never a number in a mean.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from odyssim.types import Cost


class Party(StrEnum):
    """Who failed. Failures are counted per party in every table."""

    POLICY = "policy"
    PARTNER = "partner"
    JUDGE = "judge"
    DATA = "data"


class OdysSimError(Exception):
    """Base of every failure that OdysSim names.

    `kind` is a stable short name used in counts and JSON; `hint` says what the user can do about it.
    """

    kind: str = "error"
    exit_code: int = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


# --- the user's side: names, settings, files, machine -----------------------------------------------------------


class UsageError(OdysSimError, ValueError):
    """The command or recipe asks for something that does not exist or does not fit together."""

    kind = "usage"
    exit_code = 2


class ConfigError(UsageError):
    """A recipe or option is wrong: unknown key, wrong type, out of range."""

    kind = "config"


class UnknownName(UsageError):
    """A task, model scheme, corpus or recipe name that nobody registered."""

    kind = "unknown_name"

    def __init__(self, what: str, name: str, known: list[str], *, hint: str = "") -> None:
        close = _closest(name, known)
        guess = f" Did you mean '{close}'?" if close else ""
        listing = ", ".join(sorted(known)) or "none"
        super().__init__(f"Unknown {what} '{name}'.{guess} Known: {listing}.", hint=hint)


class DataError(OdysSimError, ValueError):
    """A file is missing, empty or malformed. `path` and `line` (1-based) say where."""

    kind = "data"

    def __init__(
        self, message: str, *, path: Path | str | None = None, line: int | None = None, hint: str = ""
    ) -> None:
        place = "" if path is None else f"{path}" + (f", line {line}" if line else "")
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.path = None if path is None else Path(path)
        self.line = line


class PromptTooLong(DataError):
    """A prompt does not fit into the budget, even without the parts that may be cut."""

    kind = "prompt_too_long"


class StorageError(OdysSimError, OSError):
    """Writing failed: disk full, no permission. What was written before stays valid."""

    kind = "storage"


class MissingDependency(OdysSimError, ImportError):
    """An optional package is not installed; the hint is the pip command that installs it."""

    kind = "missing_dependency"

    def __init__(self, package: str, extra: str, *, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package '{package}'.", hint=f"pip install 'odyssim[{extra}]'")


# --- a model's side: one call went wrong ------------------------------------------------------------------------


class ModelCallError(OdysSimError):
    """A call to a model failed. Raised by `ChatModel.say`.

    `party` is set by the seat that made the call; `cost` is what the failed call cost all the same, if known.
    """

    kind = "model_call"
    party: Party | None = None

    def __init__(self, message: str, *, hint: str = "", cost: Cost | None = None) -> None:
        super().__init__(message, hint=hint)
        self.cost = cost


class EndpointDown(ModelCallError):
    """Nothing answers at the address."""

    kind = "endpoint_down"


class EndpointRefused(ModelCallError):
    """The endpoint refuses the key or the permission (HTTP 401, 403)."""

    kind = "endpoint_refused"


class EndpointTimeout(ModelCallError, TimeoutError):
    """The endpoint did not answer within the time-out."""

    kind = "endpoint_timeout"


class EndpointOverloaded(ModelCallError):
    """Rate limit or server error that outlasted the retries (HTTP 429, 5xx)."""

    kind = "endpoint_overloaded"


class EndpointNonsense(ModelCallError):
    """The endpoint answered something that is not a chat completion."""

    kind = "endpoint_nonsense"


class BadRequest(ModelCallError):
    """The endpoint understood and declined the request (HTTP 400, 404, 422): unknown model, unsupported option."""

    kind = "bad_request"


class ContextOverflow(ModelCallError):
    """Prompt plus answer budget do not fit into the model's context."""

    kind = "context_overflow"


class ContentFiltered(ModelCallError):
    """The provider's filter stopped or removed the answer: what is left are not the model's words."""

    kind = "content_filtered"


class EmptyReply(ModelCallError):
    """A reply without any text, where the conversation cannot go on without one."""

    kind = "empty_reply"


class TruncatedThought(ModelCallError):
    """The length limit fell inside the model's reasoning: there is no answer to grade."""

    kind = "truncated_thought"


class UnparsableVerdict(ModelCallError):
    """A judge did not return a verdict of the asked shape within the stated retries."""

    kind = "unparsable_verdict"


def _closest(name: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    matches = get_close_matches(name, known, n=1)
    return matches[0] if matches else None
