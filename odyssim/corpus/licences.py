"""What a licence lets a builder of a corpus do. Our reading of the texts, not legal advice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from odyssim.corpus.sources.base import SourceCard
from odyssim.errors import UsageError
from odyssim.types import Record

UNKNOWN: Final = "unknown"

_PERMISSIVE: Final = ("Apache-2.0", "MIT", "CC0-1.0", "ODC-By-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0")
_ATTRIBUTION: Final = ("CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0")
_SHARE_ALIKE: Final = (
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CDLA-Sharing-1.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ODbL-1.0",
)
_NON_COMMERCIAL: Final = ("CC-BY-NC-3.0", "CC-BY-NC-4.0")
_BOTH: Final = ("CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0")


class Terms(Record):
    """May the text be passed on, must derived data keep the licence, is commercial use excluded?"""

    redistribution: bool
    share_alike: bool = False
    non_commercial: bool = False


def terms(licence: str) -> Terms:
    """The terms of an SPDX identifier. What is not known to allow passing on, such as `unknown` or a
    `LicenseRef-...`, does not."""
    if licence in _BOTH:
        return Terms(redistribution=True, share_alike=True, non_commercial=True)
    if licence in _NON_COMMERCIAL:
        return Terms(redistribution=True, non_commercial=True)
    if licence in _SHARE_ALIKE:
        return Terms(redistribution=True, share_alike=True)
    return Terms(redistribution=licence in _PERMISSIVE or licence in _ATTRIBUTION)


def check_release(cards: Iterable[SourceCard], allow: Iterable[str]) -> None:
    """Raise `UsageError` if a corpus of `cards` may not be passed on; sources named in `allow` are let through."""
    allowed = set(allow)
    refused = [card for card in cards if card.id not in allowed and not terms(card.licence).redistribution]
    if refused:
        listed = ", ".join(f"{card.id} ({card.licence})" for card in refused)
        raise UsageError(
            f"A release may not contain: {listed}.",
            hint="leave these sources out, or, if you hold the rights, name them: "
            + " ".join(f"--allow {card.id}" for card in refused),
        )
