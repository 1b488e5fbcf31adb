"""What cleaning replaces and rejects, and from which size on."""

from __future__ import annotations

from typing import Final

from pydantic import Field, field_validator

from odyssim.settings import Settings


class PiiRules(Settings):
    """Personal data to look for.

    `regions` are ISO 3166-1 codes of the countries whose national phone formats are known; numbers with a country code
    are found wherever they are from. `names` are replaced as whole words, as written here or in capitals.
    """

    regions: tuple[str, ...] = ("US", "GB", "IN", "AU", "DE", "FR", "ES", "NL", "CN")
    names: tuple[str, ...] = ()

    @field_validator("regions")
    @classmethod
    def _have_phones(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        from phonenumbers import SUPPORTED_REGIONS

        unknown = [region for region in regions if region not in SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"'{unknown[0]}' is no region with phone numbers (ISO 3166-1 codes in capitals: US, GB)")
        return regions


class CleanRules(Settings):
    """Thresholds of the quality rules, and what counts as personal data.

    `max_repeats`: how often one human speaker may say the same thing, if it is at least `repeat_chars` letters, digits
    or emoji long (the answers of a questionnaire are shorter). `max_lost_share`: of all characters, those that decoding
    lost (U+FFFD). `min_text_share`: letters, digits and emoji among what is not white space, where people wrote at
    least `text_share_from` such characters. `max_turn_chars`: the longest turn.
    """

    max_repeats: int = Field(default=10, ge=1)
    repeat_chars: int = Field(default=40, ge=1)
    max_lost_share: float = Field(default=0.02, ge=0.0, le=1.0)
    min_text_share: float = Field(default=0.4, ge=0.0, le=1.0)
    text_share_from: int = Field(default=50, ge=1)
    max_turn_chars: int = Field(default=100_000, ge=1)
    pii: PiiRules = PiiRules()


USUAL: Final = CleanRules()
