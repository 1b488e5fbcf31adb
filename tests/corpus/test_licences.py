"""What licences allow, and the gate of a release."""

from __future__ import annotations

import pytest

from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.licences import UNKNOWN, Terms, check_release, terms
from odyssim.errors import UsageError


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", Terms(redistribution=True)),
        ("CC-BY-4.0", Terms(redistribution=True)),
        ("CC-BY-SA-4.0", Terms(redistribution=True, share_alike=True)),
        ("CC-BY-NC-4.0", Terms(redistribution=True, non_commercial=True)),
        ("CC-BY-NC-SA-4.0", Terms(redistribution=True, share_alike=True, non_commercial=True)),
        ("CC-BY-ND-4.0", Terms(redistribution=False)),
        ("LicenseRef-LMSYS-Chat-1M", Terms(redistribution=False)),
        (UNKNOWN, Terms(redistribution=False)),
        ("", Terms(redistribution=False)),
    ],
)
def test_terms(licence: str, expected: Terms) -> None:
    assert terms(licence) == expected


def test_only_an_exact_identifier_allows_anything() -> None:
    free = {reader.card.licence for reader in SOURCES.values() if terms(reader.card.licence).redistribution}
    assert free
    for licence in free:
        assert not any(terms(other).redistribution for other in (licence.lower(), f"{licence} ", f"{licence} OR MIT"))


def test_a_conditional_licence_says_its_conditions_in_its_name() -> None:
    for licence in {reader.card.licence for reader in SOURCES.values() if reader.card.licence.startswith("CC-BY")}:
        assert terms(licence).share_alike == ("-SA-" in licence)
        assert terms(licence).non_commercial == ("-NC-" in licence)


def test_a_release_refuses_by_name_what_is_not_known_to_be_free() -> None:
    cards = [SOURCES[name].card for name in ("casino", "lmsys", "cornell_movie")]
    with pytest.raises(UsageError) as caught:
        check_release(cards, allow=("cornell_movie",))
    assert "lmsys (LicenseRef-LMSYS-Chat-1M)" in caught.value.message
    assert "casino" not in caught.value.message
    assert "cornell_movie" not in caught.value.message
    assert "--allow lmsys" in caught.value.hint
    check_release(cards, allow=("cornell_movie", "lmsys"))
    check_release(cards[:1], allow=())
