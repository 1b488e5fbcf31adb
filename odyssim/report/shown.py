"""How results are put: numbers rounded to what matters, with a true minus sign, and a dash where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from odyssim.soul.interval import Interval
    from odyssim.soul.result import TaskResult
    from odyssim.types import Cost

NONE: Final = "–"
_THIN: Final = "\u202f"


def number(value: float | None, *, sign: bool = False) -> str:
    """Three significant digits or so: 1 234, 12.3, 1.23, 0.012; with `sign`, a plus before what is positive."""
    if value is None:
        return NONE
    size = abs(value)
    digits = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 0.1 else 3
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    return text.replace("-", "−").replace(",", _THIN)


def percent(share: float | None) -> str:
    """A share in 0..1 in per cent: '8 %', '8.3 %'."""
    return NONE if share is None else f"{100 * share:.1f}".removesuffix(".0") + f"{_THIN}%"


def percent_interval(interval: Interval | None) -> str:
    """' [4.1, 14]', to follow a percentage; empty if there is none."""
    if interval is None:
        return ""
    low, high = (f"{100 * end:.1f}".removesuffix(".0") for end in (interval.low, interval.high))
    return f" [{low}, {high}]"


def gap_interval(interval: tuple[float, float] | None) -> str:
    """' [+0.1, +0.3]', to follow a gap; empty if there is none."""
    return "" if interval is None else f" [{number(interval[0], sign=True)}, {number(interval[1], sign=True)}]"


def duration(seconds: float | None) -> str:
    """'3.1 s', '4 min 10 s', '2 h 5 min'."""
    if seconds is None:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f}{_THIN}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{_THIN}min {rest}{_THIN}s"
    return f"{minutes // 60}{_THIN}h {minutes % 60}{_THIN}min"


def size(count: int) -> str:
    """A number of bytes: '3.4 MB'."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{number(amount)}{_THIN}{unit}"


def dollars(usd: float | None) -> str:
    """A price; none is known as soon as one call had no price."""
    return "unknown price" if usd is None else f"{usd:.2f}{_THIN}USD"


def clipped(text: str, limit: int) -> str:
    """The first `limit` characters of a text, and a mark if that is not all."""
    return text if len(text) <= limit else text[:limit].rstrip() + " […]"


def shortened(text: str, limit: int) -> str:
    """The beginning and the end of a text of more than `limit` characters, and a mark between them."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half].rstrip()}\n[…]\n{text[-half:].lstrip()}"


def spent(cost: Cost) -> str:
    """What calls cost, in one line."""
    tokens = f"{number(cost.prompt_tokens)} + {number(cost.completion_tokens)} tokens"
    cached = f" ({number(cost.cached_calls)} cached)" if cost.cached_calls else ""
    calls = f"{number(cost.calls)} call{'' if cost.calls == 1 else 's'}{cached}"
    return f"{calls}, {tokens}, {dollars(cost.usd)}, {duration(cost.seconds)}"


def against_chance(result: TaskResult) -> str:
    """Whether the 95 % interval of a score lies above or below what guessing gives, or holds it.

    A model that never answers in the asked form did not guess badly, it did not take part: that is said instead.
    """
    if result.metrics.get("answered") == 0.0:
        return "no answer in the asked form"
    if result.interval is None or result.chance is None:
        return "not compared with guessing"
    if result.interval.low > result.chance:
        return "better than guessing"
    if result.interval.high < result.chance:
        return "worse than guessing"
    return "cannot be told from guessing"
