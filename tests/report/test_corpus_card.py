"""The card of a corpus: complete, self-contained, the same bytes each time; what stands in data is never markup."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.figures import LENGTHS
from odyssim.corpus.summary import CorpusSummary, read_summary
from odyssim.errors import DataError
from odyssim.report.corpus_card import write_corpus_card
from odyssim.types import Json
from tests.corpus.sources.fixtures import write_jsonl
from tests.report.test_report import Page

SCRIPT = "<script>alert(1)</script>"
SAID = f"{SCRIPT} | a `b` ```c``` *d* [e](https://example.org) &amp; $f$"
FILE = "odd|`name`*<img src=x>.jsonl"
"""Name, and with it title and id, of a source of one's own."""


def talk(name: str, *texts: str, licence: str = "CC0-1.0", context: Json | None = None) -> Json:
    turns = [{"speaker": "AB"[n % 2], "text": text, "human": True, "train": n % 2 == 0} for n, text in enumerate(texts)]
    source = {"dataset": "od|d`s", "licence": licence, "split": "train", "original_id": name, "place": "a|b <i>"}
    return {"turns": turns, "context": context, "source": source, "axis": "CONV"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The village, a file of one's own full of markup, and one that is broken."""
    folder = tmp_path_factory.mktemp("card")
    odd = [
        talk("x|`1`", SAID, "```\nno\n```\n# not a heading"),
        talk("x|`1` again", SAID, "```\nno\n```\n# not a heading"),
        talk("two", "a| b", "c", context={"scenario": f"A room. {SCRIPT}", "author": "native"}),
        talk("long", *(f"turn {n}" for n in range(30))),
        talk("kept to oneself", "nobody may pass this on", "right", licence="unknown"),
    ]
    write_jsonl(folder / FILE, odd)
    (folder / "broken.jsonl").write_text(f"{SCRIPT}|`\n")
    sources = [{"name": "village", "limit": 60}, {"name": str(folder / FILE)}, {"name": str(folder / "broken.jsonl")}]
    build_corpus(CorpusConfig.model_validate({"sources": sources}), None, folder / "corpus")
    return folder / "corpus"


@pytest.fixture(scope="module")
def card(corpus: Path) -> tuple[str, Page, Path]:
    """The Markdown, the page as its elements, and the page's path."""
    markdown, page = write_corpus_card(corpus, corpus / "card", name=f"mine {SCRIPT}", examples=100)
    return markdown.read_text(encoding="utf-8"), Page.read(page), page


@pytest.fixture
def summary(corpus: Path) -> CorpusSummary:
    return read_summary(corpus)


def rows(page: Page, heading: str) -> list[list[str]]:
    """The cells of the table that follows a heading, row by row."""
    place = next(n for n, one in enumerate(page.elements) if one.tag == "h2" and one.text == heading)
    table = next(n for n in range(place, len(page.elements)) if page.elements[n].tag == "table")
    found: list[list[str]] = []
    for element in page.elements[table + 1 :]:
        if "table" not in element.inside:
            break
        if element.tag == "tr":
            found.append([])
        elif element.tag in ("td", "th"):
            found[-1].append(element.text)
    return found


def test_the_counts_are_those_of_the_summary(card: tuple[str, Page, Path], summary: CorpusSummary) -> None:
    markdown, page, _ = card
    assert f"{summary.interactions:,} interactions" in markdown
    assert f"{sum(tally.words for tally in summary.tallies):,} words" in markdown
    for heading in ("By axis", "By language", "By length", "Social contexts"):
        assert sum(int(row[1]) for row in rows(page, heading)[1:]) == summary.interactions, heading
    header, *sources = rows(page, "Sources")
    assert [row[header.index("Interactions")] for row in sources] == ["60", "4", "0"]
    assert [row[header.index("May be passed on")] for row in sources][:2] == ["yes", "yes; no"]
    assert [row[1:] for row in rows(page, "Left out")[1:]] == [[reason, str(n)] for _, reason, n in summary.left_out]


def test_classes_of_length_are_in_order_and_do_not_overlap(card: tuple[str, Page, Path]) -> None:
    classes = [row[0] for row in rows(card[1], "By length")[1:]]
    named = ["1", "2", "3 to 5", "6 to 10", "11 to 20", "21 to 50", "51 to 100", "101 to 1,000", "1,001 or more"]
    assert classes == [name for name in named if name in classes]
    assert {"2", "21 to 50"} <= set(classes)
    assert len(named) == len(LENGTHS)


def test_what_is_missing_is_said_first(card: tuple[str, Page, Path], summary: CorpusSummary) -> None:
    [item] = [one.text for one in card[1].all("li")]
    assert item == f"broken: {summary.failures['broken'][0].message}"


def test_markup_in_data_stays_text(card: tuple[str, Page, Path]) -> None:
    _, page, path = card
    allowed = {"a", "code", "div", "h1", "h2", "h3", "li", "main", "p", "pre", "strong", "table", "tbody", "td", "th"}
    inside = {one.tag for one in page.elements if "main" in one.inside}
    assert inside <= allowed | {"thead", "tr", "ul"}
    assert "<script" not in path.read_text(encoding="utf-8")
    assert [one.text for one in page.all("h1")] == [f"Corpus card: mine {SCRIPT}"]
    id_ = FILE.removesuffix(".jsonl")
    header, _, odd, _ = rows(page, "Sources")
    assert (odd[0], odd[-1]) == (id_, f"Own interactions ({FILE})")
    assert len(odd) == len(header)
    assert [id_, f"copy: of {id_}", "1"] in rows(page, "Left out")
    examples = [one.text for one in page.all("pre")]
    assert any(f"A: {SAID}\n" in text for text in examples)
    assert any("B: ```\nno\n```\n# not a heading" in text for text in examples)
    assert [one.text for one in page.all("h3") if "`1`" in one.text] == ["od|d`s: x|`1`"]


def test_the_markdown_holds_no_live_markup_either(card: tuple[str, Page, Path]) -> None:
    """Read by a viewer that lets HTML through, as many do."""
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(card[0])
    flat = [token for block in tokens for token in (block, *(block.children or ()))]
    assert flat
    assert not [token.content for token in flat if token.type.startswith("html")]
    assert not [token for token in flat if token.type == "image"]


def test_only_what_may_be_passed_on_is_shown(card: tuple[str, Page, Path]) -> None:
    markdown, page, _ = card
    assert "nobody may pass this on" not in markdown
    village = [one for one in page.all("h3") if one.text.startswith("village: ")]
    assert len(page.all("h3")) == 3 + len(village)


def test_nothing_outside_is_loaded(card: tuple[str, Page, Path]) -> None:
    _, page, path = card
    for tag in ("script", "link", "img", "iframe", "object"):
        assert page.all(tag) == []
    [style] = page.all("style")
    assert "http" not in style.text
    assert "@import" not in style.text
    assert str(path.parent) not in "".join(one.text for one in page.all("table"))


def test_the_same_corpus_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    once, again = (write_corpus_card(corpus, tmp_path / name / "card", seed=3) for name in ("a", "b"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]
    other = write_corpus_card(corpus, tmp_path / "c" / "card", seed=4)
    assert other[0].read_bytes() != once[0].read_bytes()


def test_without_a_corpus_there_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no complete corpus"):
        write_corpus_card(tmp_path, tmp_path / "card")
    assert list(tmp_path.iterdir()) == []


def test_a_phone_does_not_scroll_sideways(card: tuple[str, Page, Path], chromium: list[str], tmp_path: Path) -> None:
    """In a frame, since a window cannot be as narrow as a phone; wide tables scroll by themselves."""
    measure = "document.title = contentDocument.documentElement.scrollWidth"
    frame = f'<iframe width="400" height="700" src="{card[2].as_uri()}" onload="{measure}"></iframe>'
    page = tmp_path / "frame.html"
    page.write_text(f"<title></title>{frame}", encoding="utf-8")
    command = [*chromium, "--allow-file-access-from-files", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "<title>400</title>" in done.stdout
