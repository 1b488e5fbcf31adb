"""The report of a run: complete, self-contained, escaped, the same bytes each time, honest about what is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.report import plots, shown
from odyssim.report.examples import read_examples
from odyssim.report.records import Nll, NllBySource, Validation, read_run
from odyssim.report.verdict import verdict
from odyssim.report.write import write_report
from odyssim.soul.result import EvalResult
from tests.report.conftest import SCRIPT, TIMEOUT

SECTIONS = ("stages", "learning", "scores", "likeness", "transcripts", "cost", "repeat")
VOID = {"meta", "link", "br", "img", "hr", "input"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class Page(HTMLParser):
    """The elements of a page in order; a tag that is closed in the wrong place is an error."""

    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []

    @classmethod
    def read(cls, path: Path) -> Page:
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        assert page._open == []
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), inside=tuple(one.tag for one in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def with_class(self, name: str) -> list[Element]:
        return [one for one in self.elements if name in (one.attributes.get("class") or "").split()]

    def section(self, name: str) -> str:
        (section,) = (one for one in self.all("section") if one.attributes["id"] == name)
        return section.text


@pytest.fixture(scope="session")
def report(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(run_folder, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="session")
def page(report: Path) -> Page:
    return Page.read(report)


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    """A run folder of one's own, to take things out of."""
    return shutil.copytree(run_folder, tmp_path / "village-run")


# --- the whole page ---------------------------------------------------------------------------------------------


def test_every_section_and_plot_is_there(page: Page) -> None:
    assert [section.attributes["id"] for section in page.all("section")] == list(SECTIONS)
    assert [heading.text for heading in page.all("h1")] == ["village-run"]
    labels = [plot.attributes["aria-label"] or "" for plot in page.with_class("plot")]
    assert len(labels) == 7
    assert [label for label in labels if "Hi-ToM" in label]
    assert "not run" not in page.section("learning") + page.section("scores") + page.section("likeness")


def test_the_page_can_be_read_without_seeing_it(page: Page) -> None:
    levels = [int(one.tag[1]) for one in page.elements if one.tag in ("h1", "h2", "h3", "h4")]
    assert all(deeper <= level + 1 for level, deeper in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table")) > 8
    assert all(one.attributes.get("scope") for one in page.all("th"))
    assert all(plot.attributes["role"] == "img" and plot.attributes["aria-label"] for plot in page.with_class("plot"))
    assert page.all("html")[0].attributes["lang"] == "en"


def test_ids_are_unique_and_references_resolve(page: Page) -> None:
    ids = Counter(one.attributes["id"] for one in page.elements if "id" in one.attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    targets = [one.attributes.get("href") or one.attributes.get("xlink:href") for one in page.elements]
    assert {target[1:] for target in targets if target} <= ids.keys()


def test_nothing_outside_is_referred_to(report: Path, page: Page) -> None:
    assert page.all("script") == page.all("link") == page.all("img") == page.all("iframe") == []
    for element in page.elements:
        for name, value in element.attributes.items():
            assert "//" not in (value or ""), (element.tag, name)
    (style,) = (one for one in page.all("style"))
    assert "http" not in style.text
    assert "@import" not in style.text
    assert str(report.parent) not in report.read_text(encoding="utf-8")


def test_text_from_data_stays_text(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert SCRIPT not in html
    assert html.count(escape(SCRIPT).replace("&#x27;", "&#39;")) >= 2  # a person said it, and a model
    assert "hello &amp; goodbye" in html
    assert "&lt;slow&gt;" in html


def test_names_in_plots_stay_text() -> None:
    figure = Nll(nll=1.0, low=None, high=None, tokens=1)
    nll = NllBySource(overall=figure, by_source={"<b>$x$": figure})
    svg = plots.validation_by_source([Validation(step=1, nll=nll)])
    assert "&lt;b&gt;$x$" in svg
    assert "<b>" not in svg


def test_the_same_folder_gives_the_same_bytes(run_folder: Path, report: Path, tmp_path: Path) -> None:
    again = write_report(run_folder, tmp_path / "again.html")
    assert again.read_bytes() == report.read_bytes()


def test_the_file_is_small(report: Path) -> None:
    assert report.stat().st_size < 3_000_000


def test_the_default_place_is_in_the_run_folder(copy: Path) -> None:
    assert write_report(copy) == copy / "report" / "report.html"


# --- what it says -----------------------------------------------------------------------------------------------


def test_the_verdict_states_the_numbers(run_folder: Path, page: Page) -> None:
    run = read_run(run_folder)
    sentences = verdict(run)
    assert [one.text for one in page.all("li") if one.text in sentences] == sentences
    loss, hitom, paratomi, form, words = sentences
    assert "3.21" in loss
    assert "untrained 8.30" in loss
    assert hitom.startswith(f"Hi-ToM {shown.percent(run.tasks['hitom']['trained'].score)} [")
    assert "chance" in paratomi
    likeness = run.likeness["trained"].likeness
    assert form.startswith(f"In form, the text is {shown.number(likeness.excess)} further")
    assert words.startswith(f"In word choice, it is {shown.number(likeness.words['word'].divergence.excess)} bits")


def test_synthetic_sources_and_items_are_marked(page: Page) -> None:
    notices = [one.text for one in page.with_class("notice")]
    assert any("Synthetic data. village:" in text for text in notices)
    assert any("not ranked" in text for text in notices)
    assert "synthetic items: not comparable" in page.section("scores")


def test_trained_turns_are_highlighted_and_context_is_not(page: Page) -> None:
    turns = page.with_class("turn")
    highlighted = [one.text for one in turns if "human" in (one.attributes["class"] or "").split()]
    assert any(text.startswith("Ana · trained") for text in highlighted)
    assert not any("hello & goodbye" in text for text in highlighted)
    assert any("hello & goodbye" in one.text for one in turns)


def test_dialogues_cover_axes_and_sources(run_folder: Path) -> None:
    examples = read_examples(read_run(run_folder))
    assert len(examples.dialogues) == len(examples.next_turns) == 6
    assert {one.axis for one in examples.dialogues} == {"CONV", "SS", "COG", "ROLE", "EVAL"}
    assert {one.source.dataset for one in examples.dialogues} == {"village", "mine"}
    assert len({one.place.dialogue for one in examples.next_turns}) == 6
    assert all(one.said.keys() == {"untrained", "trained"} for one in examples.next_turns)
    assert examples.lengths.keys() == {"human", "untrained", "trained"}


def test_failures_are_counted_with_what_helps(page: Page) -> None:
    cost = page.section("cost")
    assert "endpoint_timeout" in cost
    assert TIMEOUT.hint in cost
    failed = [one.text for one in page.all("tr") if one.text.strip().startswith("Next turns, trained")]
    assert failed[0].split()[-1] == "1"
    assert [one.text.split()[-1] for one in page.all("tr") if one.text.startswith("Hi-ToM, trained")] == ["0"]


# --- what is missing or broken ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "section", "kept"),
    [
        ("corpus", "stages", "scores"),
        ("midtrain", "learning", "likeness"),
        ("eval", "scores", "learning"),
        ("likeness", "likeness", "scores"),
    ],
)
def test_a_stage_that_was_not_run_is_said_to_be_missing(copy: Path, stage: str, section: str, kept: str) -> None:
    shutil.rmtree(copy / stage)
    page = Page.read(write_report(copy))
    assert "not run" in page.section(section)
    assert "not run" not in page.section(kept)


def test_a_run_that_has_only_begun_has_a_report(copy: Path) -> None:
    for path in copy.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    page = Page.read(write_report(copy))
    assert "Nothing has been measured" in page.all("ul")[0].text
    assert page.with_class("plot") == []


def test_a_run_without_the_untrained_model(copy: Path) -> None:
    for stage in ("eval", "likeness"):
        shutil.rmtree(copy / stage / "untrained")
    page = Page.read(write_report(copy))
    assert "8.30" in page.section("learning")
    assert "untrained" not in page.section("scores")
    assert [tile.text for tile in page.with_class("beside")][-1] == ""


def test_training_that_was_killed_shows_how_far_it_came(copy: Path) -> None:
    (copy / "midtrain" / "midtrain.json").unlink()
    (copy / "midtrain" / "manifest.json").unlink()
    metrics = copy / "midtrain" / "metrics.jsonl"
    lines = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(lines[:30]) + lines[30][:10])
    page = Page.read(write_report(copy))
    assert "30 steps so far" in page.section("learning")
    assert "not finished" in page.section("stages")


def test_a_score_that_is_none_is_not_a_number(copy: Path) -> None:
    path = copy / "eval" / "trained" / "eval.json"
    result = EvalResult.model_validate_json(path.read_text())
    unscored = {"score": None, "interval": None, "n_scored": 0, "note": "no sample could be scored"}
    tasks = tuple(task.model_copy(update=unscored) for task in result.tasks)
    result.model_copy(update={"tasks": tasks}).save(path)
    assert "Hi-ToM: no score (no sample could be scored)." in verdict(read_run(copy))
    page = Page.read(write_report(copy))
    assert [tile.text for tile in page.with_class("value")][1:3] == [shown.NONE, shown.NONE]


def test_a_broken_file_is_an_error_with_its_place(copy: Path) -> None:
    turns = copy / "likeness" / "trained" / "turns.jsonl"
    lines = turns.read_text(encoding="utf-8").split("\n")
    turns.write_text("\n".join([lines[0], "{", *lines[2:]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"turns\.jsonl, line 2: not a SpokenPlace"):
        write_report(copy)


def test_a_folder_that_is_no_run_is_an_error_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run folder") as error:
        write_report(tmp_path)
    assert "odyssim run" in error.value.hint


# --- numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (3.0, "3"), (1234567, "1 234 567"), (12.34, "12.3"), (-0.5, "−0.50"), (0.0123, "0.012")],
)
def test_numbers_are_rounded_to_what_matters(value: float | None, text: str) -> None:
    assert shown.number(value).replace("\u202f", " ") == text


@given(st.floats(min_value=-1e6, max_value=1e6))
def test_a_shown_number_is_the_number(value: float) -> None:
    text = shown.number(value, sign=True).replace("\u202f", "").replace("−", "-")
    assert float(text) == pytest.approx(value, rel=0.051, abs=0.0005)
    assert text[0] in "+-"


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.14, "3.1 s"), (59.96, "60.0 s"), (250, "4 min 10 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert shown.duration(seconds).replace("\u202f", " ") == text


def test_an_unknown_price_is_not_nothing() -> None:
    assert shown.dollars(None) == "unknown price"
    assert shown.dollars(0.0).replace("\u202f", " ") == "0.00 USD"


# --- in a browser -----------------------------------------------------------------------------------------------


def test_a_browser_shows_it(report: Path, chromium: list[str], tmp_path: Path) -> None:
    picture = tmp_path / "report.png"
    command = [*chromium, "--window-size=1100,3000", f"--screenshot={picture}", report.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[:2] == (3000, 1100)
    bands = np.array_split(pixels[..., :3], 6)
    assert all(len(np.unique(band.reshape(-1, 3), axis=0)) > 20 for band in bands)


def test_a_phone_does_not_scroll_sideways(report: Path, chromium: list[str], tmp_path: Path) -> None:
    """In a frame, since a window cannot be as narrow as a phone."""
    measure = "document.title = contentDocument.documentElement.scrollWidth"
    frame = f'<iframe width="360" height="700" src="{report.as_uri()}" onload="{measure}"></iframe>'
    page = tmp_path / "frame.html"
    page.write_text(f"<title></title>{frame}", encoding="utf-8")
    command = [*chromium, "--allow-file-access-from-files", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "<title>360</title>" in done.stdout
