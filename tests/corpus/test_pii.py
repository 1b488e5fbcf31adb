"""Personal data: found in what people write, told apart from the numbers they also write, replaced consistently.

`pii_labelled.jsonl` is the labelled set. Every value in it is invented. Each line has the text and, in their order, the
kind and value of what is personal; a line without any is there to be left alone.
"""

from __future__ import annotations

import csv
import json
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from odyssim.corpus.clean.pii import PiiKind, Span, find_pii, scrub
from odyssim.corpus.clean.rules import PiiRules

LABELLED = Path(__file__).with_name("pii_labelled.jsonl")
LINES = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
TEXTS = [line["text"] for line in LINES]


def expected(text: str, pii: list[tuple[str, str]]) -> list[Span]:
    spans, end = [], 0
    for kind, value in pii:
        start = text.index(value, end)
        end = start + len(value)
        spans.append(Span(PiiKind(kind), start, end))
    return spans


def agreement() -> dict[str, Counter[PiiKind]]:
    """Spans by kind that are `right` (kind and both ends), `missed`, and `extra`."""
    counts: dict[str, Counter[PiiKind]] = {"right": Counter(), "missed": Counter(), "extra": Counter()}
    for line in LINES:
        labelled, found = set(expected(line["text"], line["pii"])), set(find_pii(line["text"]))
        counts["right"].update(span.kind for span in labelled & found)
        counts["missed"].update(span.kind for span in labelled - found)
        counts["extra"].update(span.kind for span in found - labelled)
    return counts


@pytest.fixture(scope="module", name="agreement")
def _agreement() -> dict[str, Counter[PiiKind]]:
    return agreement()


def test_the_labelled_set_is_large_and_has_every_kind() -> None:
    kinds = Counter(kind for line in LINES for kind, _ in line["pii"])
    assert kinds.total() >= 300
    assert sum(bool(line["pii"]) for line in LINES) >= 250
    assert sum(not line["pii"] for line in LINES) >= 300
    assert set(kinds) == set(PiiKind) - {PiiKind.NAME}
    assert min(kinds.values()) >= 10
    assert len(set(TEXTS)) == len(TEXTS)


def test_precision_and_recall_on_the_labelled_set(agreement: dict[str, Counter[PiiKind]]) -> None:
    right, missed, extra = (agreement[name].total() for name in ("right", "missed", "extra"))
    assert right / (right + extra) >= 0.98
    assert right / (right + missed) >= 0.98


@pytest.mark.parametrize("kind", [kind for kind in PiiKind if kind is not PiiKind.NAME])
def test_precision_and_recall_of_each_kind(agreement: dict[str, Counter[PiiKind]], kind: PiiKind) -> None:
    right, missed, extra = (agreement[name][kind] for name in ("right", "missed", "extra"))
    assert right / (right + extra) >= 0.95
    assert right / (right + missed) >= 0.95


# --- what replaces it -------------------------------------------------------------------------------------------


def test_a_value_becomes_words_that_say_what_it_was() -> None:
    (text,), counts = scrub(["text me, 202-555-0147, or mail jo@example.org"])
    assert text == "text me, [phone number], or mail [email]"
    assert counts == {PiiKind.PHONE: 1, PiiKind.EMAIL: 1}


def test_one_value_needs_no_number_however_it_is_written() -> None:
    texts, counts = scrub(["I'm jo@example.org", "JO@example.org?", "call +44 7700 900456", "or 07700 900456"])
    assert texts == ["I'm [email]", "[email]?", "call [phone number]", "or [phone number]"]
    assert counts == {PiiKind.EMAIL: 2, PiiKind.PHONE: 2}


def test_two_values_of_a_kind_are_numbered_throughout_the_conversation() -> None:
    texts, _ = scrub(["@kofi_b or @mara_l?", "@mara_l, her ip is 192.0.2.7"])
    assert texts == ["[user name 1] or [user name 2]?", "[user name 2], her ip is [IP address]"]


def test_a_bare_number_is_what_it_was_asked_for() -> None:
    assert scrub(["and your phone number?", "9195550147"]).texts[1] == "[phone number]"
    assert scrub(["and your order number?", "9195550147"]).texts[1] == "9195550147"
    assert scrub(["ok", "9195550147"]).texts[1] == "9195550147"
    assert scrub(["call me", "it sold for 12000000"]).texts[1] == "it sold for 12000000"


def test_masks_of_the_publisher_stay() -> None:
    masked = ["[EMAIL] or [PHONE], NAME_1", "hi @NAME_2, <PHONE_NUMBER>", "[email] [phone number 2]"]
    assert scrub(masked).texts == masked


def test_names_are_replaced_on_request_as_whole_words_and_with_their_capital() -> None:
    rules = PiiRules(names=("Mark", "Ana Maria", "Ana"))
    (text,), counts = scrub(["MARK, mark this: Ana Maria's Anaconda met Ana, Mark."], rules)
    assert text == "[name 1], mark this: [name 2]'s Anaconda met [name 3], [name 1]."
    assert counts == {PiiKind.NAME: 4}
    assert find_pii("Mark and Ana") == []


def test_phone_formats_are_those_of_the_regions() -> None:
    text = "office: 020 7946 0018"
    assert find_pii(text, PiiRules(regions=("GB",)))
    assert not find_pii(text, PiiRules(regions=("US",)))
    assert not find_pii("it is (202) 555-0143", PiiRules(regions=("GB",)))


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValidationError, match="'UK' is no region with phone numbers"):
        PiiRules(regions=("UK",))


PIECES = st.one_of(st.sampled_from(TEXTS), st.text(max_size=20), st.sampled_from([" ", "\n", "@", "+1 ", "(", ". "]))


@given(st.lists(PIECES, max_size=6).map("".join))
def test_spans_are_ordered_disjoint_and_inside(text: str) -> None:
    spans = find_pii(text)
    borders = [border for span in spans for border in (span.start, span.end)]
    assert borders == sorted(borders)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@given(st.lists(st.sampled_from(TEXTS), max_size=5))
def test_scrubbing_leaves_the_rest_alone_and_nothing_to_scrub(texts: list[str]) -> None:
    once = scrub(texts)
    assert once.counts.total() == sum(
        len(find_pii(text, asked=asked)) for asked, text in zip(["", *texts], texts, strict=False)
    )
    for text, scrubbed in zip(texts, once.texts, strict=True):
        assert scrubbed == text or "[" in scrubbed
    assert scrub(once.texts).texts == once.texts


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "12345678 ", "a.", "@", "a@", "1:", "DE89 ", "12 Oak ", "a dot ", "call 202 ", "1.2.3.4 ", "路"],
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    started = time.process_time()
    find_pii(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 2.0


# --- real people ------------------------------------------------------------------------------------------------


def human_turns(corpus: Path) -> Iterator[str]:
    """Turns of four sets in which both sides are people."""
    for path in sorted((corpus / "casino/data/split").glob("*.json")):
        for dialogue in json.loads(path.read_text(encoding="utf-8")):
            yield from (line["text"] for line in dialogue["chat_logs"])
    for line in (corpus / "dialogsum/DialogSum_Data/dialogsum.dev.jsonl").read_text(encoding="utf-8").splitlines():
        yield from json.loads(line)["dialogue"].split("\n")
    with (corpus / "persuasionforgood/data/FullData/full_dialog.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["Unit"] for row in csv.DictReader(file))
    with zipfile.ZipFile(corpus / "switchboard.zip") as archive:
        for name in archive.namelist():
            if name.endswith("0.txt"):
                yield from (line.split("|")[1] for line in archive.read(name).decode().splitlines())


@pytest.mark.data
def test_what_people_say_is_left_alone(data_root: Path) -> None:
    turns = list(human_turns(data_root / "corpus"))
    assert len(turns) >= 40_000
    assert sum(bool(find_pii(turn)) for turn in turns) / len(turns) <= 0.001
