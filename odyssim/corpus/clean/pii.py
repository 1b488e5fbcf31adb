"""Personal data in a conversation, found and replaced by words that say what stood there.

    "text me, 202-555-0147"  becomes  "text me, [phone number]"

The same value gets the same words throughout a conversation; only where two values of a kind occur are they numbered:
`[phone number 1]`, `[phone number 2]`. Values are compared and replaced, never stored or logged. What a dataset has
masked itself ([EMAIL], NAME_1) stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from odyssim.corpus.clean.pii_address import find_addresses
from odyssim.corpus.clean.pii_numbers import find_cards, find_ibans, find_ips, find_ssns
from odyssim.corpus.clean.pii_online import find_emails, find_handles, find_profiles
from odyssim.corpus.clean.pii_phone import find_phones
from odyssim.corpus.clean.rules import USUAL, PiiRules


class PiiKind(StrEnum):
    """Kinds of personal data. Where two could claim a piece of text, the one listed first gets it."""

    PROFILE = "profile"
    EMAIL = "email"
    IP = "ip"
    IBAN = "iban"
    CARD = "card"
    SSN = "ssn"
    PHONE = "phone"
    ADDRESS = "address"
    HANDLE = "handle"
    NAME = "name"


WORDS: Final[dict[PiiKind, str]] = {
    PiiKind.PROFILE: "profile link",
    PiiKind.EMAIL: "email",
    PiiKind.IBAN: "bank account",
    PiiKind.CARD: "card number",
    PiiKind.SSN: "social security number",
    PiiKind.IP: "IP address",
    PiiKind.PHONE: "phone number",
    PiiKind.ADDRESS: "street address",
    PiiKind.HANDLE: "user name",
    PiiKind.NAME: "name",
}

# Gates for speed: most of what people say has no sign of personal data, unless it spells out an e-mail address.
_SIGN: Final = re.compile(r"[\d@/_(\[]")
_LONG_NUMBER: Final = re.compile(r"\d(?:[ .()/-]{0,3}\d){6}")
_NATIONAL_DIGITS: Final = 9


class Span(NamedTuple):
    """A piece of personal data: characters `start` up to, not including, `end`."""

    kind: PiiKind
    start: int
    end: int


class Scrubbed(NamedTuple):
    """The texts without personal data, and how many pieces of each kind were replaced."""

    texts: list[str]
    counts: Counter[PiiKind]


def find_pii(text: str, rules: PiiRules = USUAL.pii, *, asked: str = "") -> list[Span]:
    """The personal data in `text`, in order and without overlaps.

    `asked` is what was said just before: a number alone may answer it.
    """
    spans: list[Span] = []
    for kind, places in _places(text, rules, asked):
        for start, end in places:
            if all(end <= taken.start or taken.end <= start for taken in spans):
                spans.append(Span(kind, start, end))
    return sorted(spans, key=lambda span: span.start)


def scrub(texts: Sequence[str], rules: PiiRules = USUAL.pii) -> Scrubbed:
    """All texts of one conversation, in the order in which they were said, without personal data."""
    found = [find_pii(text, rules, asked=asked) for asked, text in pairwise(("", *texts))]
    values: dict[PiiKind, dict[str, int]] = {}
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            known = values.setdefault(span.kind, {})
            known.setdefault(_value(text, span), len(known) + 1)
    return Scrubbed(
        texts=[_replaced(text, spans, values) for text, spans in zip(texts, found, strict=True)],
        counts=Counter(span.kind for spans in found for span in spans),
    )


def _places(text: str, rules: PiiRules, asked: str) -> Iterator[tuple[PiiKind, Iterable[tuple[int, int]]]]:
    """Where each kind occurs, in the order of precedence."""
    if _SIGN.search(text):
        yield PiiKind.PROFILE, find_profiles(text)
        yield PiiKind.EMAIL, find_emails(text)
        yield PiiKind.IP, find_ips(text)
        if _LONG_NUMBER.search(text):
            yield PiiKind.IBAN, find_ibans(text)
            yield PiiKind.CARD, find_cards(text)
            yield PiiKind.SSN, find_ssns(text)
            yield PiiKind.PHONE, find_phones(text, rules.regions, asked)
        yield PiiKind.ADDRESS, find_addresses(text)
        yield PiiKind.HANDLE, find_handles(text)
    elif " at " in text:
        yield PiiKind.EMAIL, find_emails(text)
    if rules.names:
        yield PiiKind.NAME, (match.span() for match in _names(rules.names).finditer(text))


def _replaced(text: str, spans: list[Span], values: dict[PiiKind, dict[str, int]]) -> str:
    for span in reversed(spans):
        known = values[span.kind]
        number = f" {known[_value(text, span)]}" if len(known) > 1 else ""
        text = f"{text[: span.start]}[{WORDS[span.kind]}{number}]{text[span.end :]}"
    return text


def _value(text: str, span: Span) -> str:
    """What is the same however it is written: capitals, spaces and marks do not count, nor does +44 instead of 0."""
    value = "".join(filter(str.isalnum, text[span.start : span.end])).casefold()
    return value[-_NATIONAL_DIGITS:] if span.kind is PiiKind.PHONE else value


@cache
def _names(names: tuple[str, ...]) -> re.Pattern[str]:
    """The names as written and in capitals, longest first so that "Ana Maria" is not cut at "Ana"."""
    forms = sorted({form for name in names for form in (name, name.upper())}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)")
