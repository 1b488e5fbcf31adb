"""Where somebody lives: what looks like a street address, in the forms of English and a few other languages.

An address runs from the house number to the end of the street name, with the flat, and with town, state and postal code
if all of them follow. A town alone is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NUMBER: Final = r"(?P<number>[1-9](?<![\w.,:$€£#/-].)\d{0,4}(?:-\d{1,4})?)[A-Za-z]?,? "
_SIDE: Final = r"(?:(?:[NSEW]|[NS][EW]|North|South|East|West)\.? )"
_WORD: Final = r"(?:[A-Z][\w'’.-]*|\d{1,3}(?:st|nd|rd|th)|of|de|la)"
_TYPE: Final = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Way|Terrace|Ter|Circle|Cir|Highway"
    "|Hwy|Parkway|Pkwy|Square|Sq|Trail|Trl|Close|Crescent|Gardens|Mews|Row|Alley|Broadway"
)
_UNIT: Final = (
    r"(?i:,? (?:(?:apt|apartment|unit|suite|ste|flat|rm|floor)\.? #?[\w-]*\d[\w-]*|(?:apt|unit|flat)\.? [a-z]\b"
    r"|# ?\d+\w?))?"
)
_TOWN: Final = (
    r"(?:, [A-Z][A-Za-z.'’ ]{2,25}, [A-Z]{2} \d{5}(?:-\d{4})?"
    r"|, [A-Z][A-Za-z.'’ ]{2,25},? [A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2})?"
)
_END: Final = r"(?![\w-])"

_WRITTEN: Final = re.compile(
    rf"{_NUMBER}{_SIDE}?(?P<name>{_WORD} (?:{_WORD} ){{0,3}})(?:{_TYPE})\b(?:\.(?=,))?(?: [NSEW]{{1,2}}\b)?"
    rf"{_UNIT}{_TOWN}{_END}"
)
_TYPED: Final = re.compile(
    rf"{_NUMBER}(?P<side>{_SIDE})?(?P<name>(?:[a-z0-9'’.]+ ){{1,2}})(?P<type>{_TYPE})\b{_UNIT}{_END}", re.I
)
_LIKELY: Final = frozenset("street st avenue ave road rd boulevard blvd lane ln".split())
_LARGE: Final = len("100")
_AT_START: Final = len("no ")
_PLACE_BEFORE: Final = re.compile(
    r"(?:\b(?:live[sd]?|living|address|deliver(?:ed)?|ship(?:ped)?|send|sent|located|moved|house|home|meet"
    r"|pick\b.{0,10}\bup|come|drop|at)\b[^\d\n]{0,15}|\bit'?s )$",
    re.I,
)
_BEFORE: Final = 30
# Words that stand between a number and "drive", "way" or "street" in ordinary talk.
_TALK: Final = frozenset(
    "minute minutes min mins hour hours hr hrs day days week weeks month months year years mile miles km kilometers "
    "kilometres meter meters metres feet foot block blocks street streets lane lanes way ways star people person "
    "percent more other different second seconds times time the a an of on in at to for from and or by with is are was "
    "down up per each that this it i you we they he she my your our their his her not no so best long short big small "
    "car bus wheel dollar dollars bucks am pm tax".split()
)
_BOX: Final = re.compile(rf"\b(?i:P\.? ?O\.? ?|post office )(?i:box) \d+{_TOWN}{_END}")
_NAME: Final = r"[A-ZÀ-Ý][\wÀ-ÿ'’-]+(?: [A-ZÀ-Ý][\wÀ-ÿ'’-]+)*"
# Forms of other languages, each behind letters without which it cannot match: looking for those is fast.
_ELSEWHERE: Final = (
    (("box",), _BOX),
    (
        ("stra", "str.", "weg", "gasse", "platz", "allee", "ufer"),
        re.compile(
            r"(?<!\w)(?:(?:Am|An der|Auf der|Im|Zum|Zur) )?[A-ZÄÖÜ][a-zäöüß]+(?:-[A-ZÄÖÜ][a-zäöüß]+)*"
            r"(?:straße|strasse|str\.|weg|gasse|platz|allee|ufer) ?\d{1,4} ?[a-z]?(?![\w.])"
        ),
    ),
    (
        ("rue ", "avenue ", "boulevard ", "place ", "chemin ", "allée ", "impasse "),
        re.compile(
            r"(?<![\w.,])\d{1,4}(?: (?:bis|ter))?,? (?i:rue|avenue|boulevard|place|chemin|allée|impasse) "
            rf"(?:(?:de la|de l['’]|de|du|des|d['’]) ?)?{_NAME}"
        ),
    ),
    (
        ("calle ", "avenida ", "avda. ", "carrer ", "paseo ", "plaza ", "rua ", "via ", "viale ", "piazza ", "corso "),
        re.compile(
            r"(?<!\w)(?i:calle|avenida|avda\.|carrer|paseo|plaza|rua|via|viale|piazza|corso) "
            rf"(?:(?:de la|de los|de las|del|de|della|di|da) )?{_NAME},? \d{{1,4}}(?!\w|[.,]\d)"
        ),
    ),
    (("号",), re.compile(r"(?:(?![在是到去往为址住])[一-鿿]){2,16}(?:路|街|大道|巷|胡同|弄)\d{1,5}号")),
)


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Street addresses and post office boxes."""
    for match in _WRITTEN.finditer(text):
        if not _talk(match):
            yield match.span()
    for match in _TYPED.finditer(text):
        if not _talk(match) and _placed(text, match):
            yield match.span()
    lowered = text.lower()
    for signs, pattern in _ELSEWHERE:
        if any(sign in lowered for sign in signs):
            yield from (match.span() for match in pattern.finditer(text))


def _talk(match: re.Match[str]) -> bool:
    return any(word.strip(".,") in _TALK for word in match["name"].lower().split())


def _placed(text: str, match: re.Match[str]) -> bool:
    """Typed without capitals, an address needs one more sign.

    That is a compass point or a verb of place, or, before a word that means nothing but a street, a large number or a
    start of the text.
    """
    if match["type"].lower() in _LIKELY and (len(match["number"]) >= _LARGE or match.start() <= _AT_START):
        return True
    before = text[max(0, match.start() - _BEFORE) : match.start()]
    return match["side"] is not None or _PLACE_BEFORE.search(before) is not None
