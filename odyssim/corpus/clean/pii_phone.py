"""Phone numbers: formats of the world from the phonenumbers library, and what people make of them in a chat.

Digits alone say little. A number without a country code and without grouping counts as a phone only where words around
it say so ("text me on ..."), and no number does where they say something else ("order number ...").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from odyssim.errors import MissingDependency

try:
    from phonenumbers import Leniency, PhoneNumberMatcher, country_code_for_region
except ImportError as error:
    raise MissingDependency("phonenumbers", "corpus", purpose="Finding phone numbers") from error

_RUN: Final = re.compile(
    r"(?<![\w.,/#$*^=-])(?<!\d:)(?:\+ ?)?\(?\d(?:[ .()/-]{0,3}\d){6,}+(?![\w%]|[.,:/-]\d| ?[*^=])", re.ASCII
)
_MOST_DIGITS: Final = 13
# Characters; a longer run of digits is a table, and to look for phones in it would take long.
_LONGEST_RUN: Final = 40
# North American numbers by their shape alone: invented ones, which no library calls valid, are personal data here too.
_START, _END = r"(?<![\w.,/#$(+-])", r"(?![\w%-]|[.,:/]\d)"
_NANP: Final = re.compile(
    rf"{_START}(?:\+?1[ .-]?)?"
    r"(?:\(\d{3}\)[ .-]{0,2}\d{3}[ .-]?\d{4}|[2-9]\d\d([.-])\d{3}\1\d{4}|555([ .-])\d{3}\2\d{4})"
    rf"(?:,? (?:ext\.?|extension|x) ?\d{{1,5}})?{_END}",
    re.ASCII,
)
_LOCAL: Final = re.compile(rf"{_START}(?<![\d)] )[2-9]\d\d[ .-]\d{{4}}{_END}", re.ASCII)
_FICTIONAL: Final = re.compile(r"555[ .-]01\d\d")

_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:1[5-9]|20)\d\d"
_DATE_OR_DECIMAL: Final = re.compile(
    rf"{_DAY}[ ./-]{_MONTH}[ ./-]{_YEAR}|{_MONTH}[ ./-]{_DAY}[ ./-]{_YEAR}"
    rf"|{_YEAR}[ ./-]?{_MONTH}[ ./-]?{_DAY}(?:[ -]\d+)?|(?:{_YEAR}[ /-]*)+|\(?\d+\.\d+"
)
_AMOUNT: Final = re.compile(
    r"\s?(?:[$€£¥₹元块]|(?:dollars?|bucks|usd|euros?|eur|pounds|gbp|rupees|people|points)\b)", re.I
)

_OTHER_NUMBERS: Final = (
    "order|ticket|tracking|confirmation|booking|reservation|invoice|account|acct|case|claim|policy|receipt|reference|ref"
    "|serial|transaction|student|employee|badge|passport|licen[cs]e|vin|isbn|issn|ean|upc|barcode|sku|part|item|model"
    "|product|catalog(?:ue)?|lot|docket|patent|flight|pin|otp|code|id|zip|member(?:ship)?|tax|ein|vat|card|user|social"
    "|ssn|iban"
)
_PHONE_WORDS: Final = (
    r"tel|ph|cell(?:phone|ular)?|mobil|mob|handy|whats ?app|fax|call(?:ed|ing)?|text(?:ed|ing)?|sms"
    r"|ring|dial|reach|contact|viber|mpesa|t[eé]l[eé]phone|tel[eé]f\w*|celular|m[oó]vil|appelle\w*|ruf\w*|numaram"
    r"|nomor saya|zadzwoń|dzwoń|телефон\w*|тел|номер|звони\w*"
)
_MY_NUMBER: Final = (
    r"(?:my|his|her|their|our|ur|your|mon|mein|meine|mi|mijn|mój|best|new|right|wrong) (?:\w+'s )?"
    r"(?:number|num|no|n[uú]mm?[eé]r[oa]?)"
)
_CUE: Final = re.compile(
    rf"(?P<other>(?:(?<![@.])\b(?:{_OTHER_NUMBERS})s?\b(?![.@]\w)|订单|学号|编号)(?:\W{{1,3}}(?:id|number|num|no|nr|code)\b)*)"
    rf"|(?P<phone>(?<!\[)(?:phone|mobile)s?\b|\b(?:{_PHONE_WORDS}|{_MY_NUMBER})\b|电话|手机|手機|座机|電話|携帯)",
    re.I,
)
_SAID_AFTER: Final = re.compile(
    r"[\s,()]*(?:is|ist|es|-)?\s*(?:my|his|her|the|our|mein\w*)\s+(?:(?:home|work|new)\s)?"
    r"(?:cell|phone|mobile|number|handy)",
    re.I,
)
_SENTENCE_END: Final = re.compile(r"[?!\n]|\.\s")
_NEAR: Final = 32
_IN_QUESTION: Final = 80
_ANSWER: Final = re.compile(r"(?:\W*(?:yes|yeah|sure|ok|okay|hi|uh|um|no|its|it's|it is|that's|the|my|is)\b)*\W*", re.I)
_NORTH_AMERICA: Final = 1


def find_phones(text: str, regions: tuple[str, ...], asked: str = "") -> Iterator[tuple[int, int]]:
    """Where phone numbers stand; those without a country code in the formats of `regions` (ISO 3166-1).

    `asked` is what was said just before: a text that begins with a number may answer it.
    """
    if _in_north_america(regions):
        for match in _NANP.finditer(text):
            if _said(text, match, asked) is not False:
                yield match.span()
        for match in _LOCAL.finditer(text):
            if _FICTIONAL.fullmatch(match[0]) or _said(text, match, asked):
                yield match.span()
    for match in _RUN.finditer(text):
        said = _said(text, match, asked)
        other = _DATE_OR_DECIMAL.fullmatch(match[0]) or _AMOUNT.match(text, match.end())
        if said is not False and not other and len(match[0]) <= _LONGEST_RUN:
            yield from _in_run(match, regions, said=said is True)


def _in_run(run: re.Match[str], regions: tuple[str, ...], *, said: bool) -> Iterator[tuple[int, int]]:
    """The numbers in a run of digits: by the library, or, where a phone is spoken of, the run as it is."""
    international = run[0].startswith("+")
    leniency = Leniency.POSSIBLE if international else Leniency.VALID if said else Leniency.STRICT_GROUPING
    for region in (None,) if international else regions:
        found = [
            (run.start() + match.start, run.start() + match.end)
            for match in PhoneNumberMatcher(run[0], region, leniency)
            if said or international or not match.raw_string.isdigit()
        ]
        if found:
            yield from found
            return
    if said and sum(map(str.isdigit, run[0])) <= _MOST_DIGITS:
        open_bracket = run[0].startswith("(") and ")" not in run[0]
        yield run.start() + open_bracket, run.end()


def _said(text: str, match: re.Match[str], asked: str) -> bool | None:
    """Whether the words around a number speak of a phone: yes, no (of something else), or none (of nothing)."""
    cues = list(_CUE.finditer(text, max(0, match.start() - _NEAR), match.start()))
    if cues and cues[-1]["phone"]:
        return True
    # "What is on the account? 555-0199" asks one thing and answers another.
    if cues and not _SENTENCE_END.search(text, cues[-1].end(), match.start()):
        return False
    if _SAID_AFTER.match(text, match.end()):
        return True
    if not _ANSWER.fullmatch(text, 0, match.start()):
        return None
    cues = list(_CUE.finditer(asked, max(0, len(asked) - _IN_QUESTION)))
    return True if cues and cues[-1]["phone"] else None


@cache
def _in_north_america(regions: tuple[str, ...]) -> bool:
    return any(country_code_for_region(region) == _NORTH_AMERICA for region in regions)
