"""Numbers that identify somebody and can be checked: payment cards, IBANs, US social security numbers, IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

_CARD: Final = re.compile(
    r"(?<![\w.-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{13,19})(?![\w-]|[.,]\d)",
    re.ASCII,
)
# Prefixes and lengths of the networks (ISO/IEC 7812 ranges as the issuers publish them): Visa, Mastercard, American
# Express, Diners Club, JCB, Discover, UnionPay, Maestro.
_NETWORK: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11}|35\d{14}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}|(?:50|5[6-8]|6[37])\d{11,17}"
)
_NO_CARD: Final = re.compile(
    r"\b(?:isbn|ean|upc|barcode|order|tracking|transaction|serial|invoice)\W+(?:\w+\W+){0,2}$", re.I
)

_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?![A-Za-z0-9])",
    re.I | re.ASCII,
)

_SSN: Final = re.compile(r"(?<![\w.-])(?!000|666)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])", re.ASCII)
_SSN_SAID: Final = re.compile(
    r"\b(?:ssn?|itin|social(?: security)?)\b[^\d\n]{0,20}"
    r"(?P<ssn>(?!000|666)\d{3}[ -]?(?!00)\d\d[ -]?(?!0000)\d{4})(?!\d)",
    re.I,
)

_IPV4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)", re.ASCII)
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.I | re.ASCII)
_SHORTEST_IPV6: Final = 8
_VERSION_BEFORE: Final = re.compile(
    r"(?:\bver(?:sion)?|\bv|firmware|build|release|driver|patch|(?:update|upgrade)[ds]?(?: from| to)?|section|sec"
    r"|chapter|clause|figure|fig|table|article|paragraph|item|§)\W{0,3}$",
    re.I,
)
_IP_BEFORE: Final = re.compile(r"\b(?:ip|address|server|host|dns|gateway|router|ping)\b\W*(?:\w+\W+)?$", re.I)
_BEFORE: Final = 24


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Payment cards of the large networks, 13 to 19 digits with a valid check digit (Luhn)."""
    for match in _CARD.finditer(text):
        digits = match[0].replace(" ", "").replace("-", "")
        if _NETWORK.fullmatch(digits) and _luhn(digits) and not _NO_CARD.search(_before(text, match)):
            yield match.span()


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Bank accounts by ISO 13616, whose remainder modulo 97 is 1."""
    for match in _IBAN.finditer(text):
        # Spaces end a group but not the match: a word that follows may look like one more group.
        groups = match[0].split(" ")
        while groups:
            candidate = " ".join(groups)
            if _mod_97(candidate.replace(" ", "")) == 1:
                yield match.start(), match.start() + len(candidate)
                break
            groups.pop()


def find_ssns(text: str) -> Iterator[tuple[int, int]]:
    """US social security and taxpayer numbers: grouped 3-2-4, or nine digits that are said to be one."""
    for match in _SSN.finditer(text):
        yield match.span()
    for match in _SSN_SAID.finditer(text):
        yield match.span("ssn")


def find_ips(text: str) -> Iterator[tuple[int, int]]:
    """IPv4 and IPv6 addresses of a machine; neither version and section numbers nor 'this machine'."""
    if text.count(".") >= 3:
        for match in _IPV4.finditer(text):
            before = _before(text, match)
            # 4.2.1.3 is a place in a book unless somebody calls it an address.
            like_section = len(match[0]) == len("4.2.1.3") and not _IP_BEFORE.search(before)
            if _is_machine(match[0]) and not like_section and not _VERSION_BEFORE.search(before):
                yield match.span()
    if text.count(":") >= 2:
        for match in _IPV6.finditer(text):
            if len(match[0]) >= _SHORTEST_IPV6 and _is_machine(match[0]):
                yield match.span()


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _BEFORE) : match.start()]


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _mod_97(iban: str) -> int:
    """Remainder of ISO 13616: country and check digits moved to the end, letters read as 10 to 35."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def _is_machine(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)
