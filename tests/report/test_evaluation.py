"""The report of an evaluation: every task, transcripts with the verdict beside them, failures that stay failures."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from odyssim.errors import ContextOverflow, DataError
from odyssim.models.base import Role
from odyssim.models.scripted import Line, Scripted
from odyssim.report import shown
from odyssim.report.episodes import chosen_episodes, show_episode
from odyssim.report.write import write_report
from odyssim.soul.company import Company
from odyssim.soul.evaluate import EvalConfig, evaluate, read_episodes
from odyssim.soul.result import EvalResult
from odyssim.soul.taxonomy import ALL, chosen_tasks
from odyssim.types import Cost, Message, Sampling
from tests.report.conftest import SCRIPT
from tests.report.scripted_company import judge, player
from tests.report.test_report import Page

OVERFLOW = ContextOverflow("The prompt of <this> scene is too long.", hint="shorten the profile")
JUDGES = ("scripted/judge", "scripted/second judge")


def failing(messages: Sequence[Message], sampling: Sampling) -> Line:
    """A partner that breaks in one seat of Sotopia, and says something that must stay text in the other tasks."""
    told = messages[0].content
    if "action_type" not in told:
        return f"sure. {SCRIPT}"
    return OVERFLOW if "You are Milo Hart" in told else player("scripted/partner")._answer(messages, sampling)


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All tasks on their fixtures, in every seat somebody scripted; read it, do not write to it."""
    out = tmp_path_factory.mktemp("evaluations") / "mine"
    company = Company(
        judges=tuple(map(judge, JUDGES)),
        partner=Scripted(failing, name="scripted/partner"),
        narrator=player("scripted/narrator"),
        director=player("scripted/director"),
    )
    evaluate(player(), EvalConfig(tasks=(ALL,), split="fixture", limit=2), out=out, company=company)
    return out


@pytest.fixture(scope="session")
def report(evaluated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(evaluated, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="session")
def page(report: Path) -> Page:
    return Page.read(report)


def row(page: Page, title: str) -> list[str]:
    """The cells of a task's row in the table of scores."""
    start = next(place for place, one in enumerate(page.elements) if one.tag == "th" and one.text.startswith(title))
    cells = []
    for element in page.elements[start + 1 :]:
        if element.tag == "tr":
            break
        if element.tag == "td":
            cells.append(element.text.strip())
    return cells


def test_every_task_has_a_row_and_transcripts(evaluated: Path, page: Page) -> None:
    result = EvalResult.read(evaluated / "eval.json")
    assert [task.task for task in result.tasks] == list(chosen_tasks([ALL]))
    summaries = [one.text for one in page.all("summary")]
    for task in result.tasks:
        assert row(page, task.title)[3] == str(task.n_scored)
        assert any(text.startswith(f"{task.title}: ") for text in summaries)
    heads = [one.text for one in page.all("th")]
    assert {"Task", "Score", "Chance", "People", "Scored", "Excluded", "Dropped"} <= set(heads)
    assert "0 of 23 tasks have a score." in [one.text for one in page.all("li")]


def test_the_page_is_whole_and_refers_to_nothing_outside(report: Path, page: Page) -> None:
    assert page.all("script") == page.all("link") == page.all("img") == []
    assert all("//" not in (value or "") for one in page.elements for value in one.attributes.values())
    assert [one.attributes["id"] for one in page.all("section")] == ["scores", "transcripts", "cost", "repeat"]
    assert SCRIPT not in report.read_text(encoding="utf-8")
    assert SCRIPT in page.section("transcripts")
    assert report.stat().st_size < 3_000_000


def test_a_verdict_stands_beside_its_scene(evaluated: Path) -> None:
    (scene, *_) = chosen_episodes(evaluated / "episodes.jsonl")["coser"]
    assert [verdict.judge for verdict in scene.verdicts] == list(JUDGES)
    assert "storyline consistency reason" in dict(scene.verdicts[0].fields)
    first = scene.reasons[0]
    assert first.dimension == "Storyline Consistency"
    assert first.number == scene.sample.outcome.metrics["storyline_consistency"]
    assert [name for name, _ in first.said] == list(JUDGES)
    assert "storyline_consistency" not in scene.metrics
    assert {line.seat for line in scene.transcript.lines} <= {Role.POLICY, Role.NARRATOR}


def test_thoughts_and_deeds_are_dimmed(page: Page) -> None:
    asides = [one.text for one in page.with_class("aside")]
    assert "[They suspect nothing.]" in asides
    assert "(looks away)" in asides
    assert "The first one will do." in asides
    said = {one.text for one in page.with_class("said")}
    assert "[They suspect nothing.] (looks away) thanks, that helps a lot :)" in said


def test_the_options_of_a_choice_stand_in_the_order_shown(evaluated: Path) -> None:
    (episode, *_) = chosen_episodes(evaluated / "episodes.jsonl")["hitom"]
    asked = episode.transcript.lines[0].text
    assert asked.endswith("Options: " + ", ".join(f"{one.letter}. {one.text}" for one in episode.options))
    assert [one.letter for one in episode.options if one.chosen] == [episode.sample.outcome.answer]
    assert episode.mark in ("right", "wrong")


def test_a_failure_is_no_dialogue_and_no_score(evaluated: Path, page: Page) -> None:
    samples = [one for one in read_episodes(evaluated / "episodes.jsonl") if one.outcome.failure is not None]
    assert {one.episode.task for one in samples} == {"sotopia"}
    assert show_episode(samples[0]).mark == "partner failed"
    assert show_episode(samples[0]).transcript.lines == ()
    (box,) = page.with_class("failure")
    assert box.text.startswith("The partner failed: context overflow. The prompt of <this> scene is too long.")
    assert OVERFLOW.hint in box.text
    assert all(OVERFLOW.message not in one.text for one in page.with_class("turn"))
    assert row(page, "Sotopia-Hard")[4] == str(len(samples))
    assert OVERFLOW.message in page.section("cost")


def test_the_best_the_worst_and_a_failure_are_shown(evaluated: Path, tmp_path: Path) -> None:
    sample = next(one for one in read_episodes(evaluated / "episodes.jsonl") if one.episode.task == "coser")
    failed = next(one for one in read_episodes(evaluated / "episodes.jsonl") if one.outcome.failure is not None)
    failed = failed.model_copy(update={"episode": failed.episode.model_copy(update={"task": "coser"})})
    scored = [
        sample.model_copy(update={"item_id": str(place), "outcome": sample.outcome.model_copy(update={"score": score})})
        for place, score in enumerate((0.5, 0.2, 0.9, 0.9, 0.2))
    ]
    path = tmp_path / "episodes.jsonl"
    path.write_text("".join(one.model_dump_json() + "\n" for one in [*scored, failed]), encoding="utf-8")
    chosen = chosen_episodes(path)["coser"]
    assert [one.sample.item_id for one in chosen] == ["2", "1", failed.item_id]
    path.write_text(scored[0].model_dump_json() + "\n", encoding="utf-8")
    assert [one.sample.item_id for one in chosen_episodes(path)["coser"]] == ["0"]


def test_what_was_left_out_is_named_with_what_helps(evaluated: Path, tmp_path: Path) -> None:
    result = EvalResult.read(evaluated / "eval.json")
    changed = {"left_out": {"coser": "add --narrator MODEL"}, "warnings": ("The judge was not checked.",)}
    result.model_copy(update=changed).save(tmp_path / "eval.json")
    page = Page.read(write_report(tmp_path))
    assert row(page, "coser") == ["Left out add --narrator MODEL"]
    assert "0 of 24 tasks have a score." in [one.text for one in page.all("li")]
    assert "The judge was not checked." in [one.text for one in page.with_class("notice")]


def test_scores_are_drawn_and_a_few_are_told_one_by_one(tmp_path: Path) -> None:
    config = EvalConfig(split="village", limit=20)
    hitom, paratomi = evaluate("scripted/random-option", config, out=tmp_path).tasks
    page = Page.read(write_report(tmp_path))
    (plot,) = page.with_class("plot")
    assert hitom.title in plot.text
    assert paratomi.title in plot.text
    sentences = [one.text for one in page.all("li")]
    assert any(text.startswith(f"{hitom.title} ") and "chance" in text for text in sentences)


def test_a_broken_episode_is_an_error_with_its_place(evaluated: Path, tmp_path: Path) -> None:
    (tmp_path / "eval.json").write_bytes((evaluated / "eval.json").read_bytes())
    (tmp_path / "episodes.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"episodes\.jsonl, line 1: not a ScoredSample"):
        write_report(tmp_path)


def test_a_long_text_keeps_both_ends() -> None:
    assert shown.shortened("short", 10) == "short"
    assert shown.shortened("a" * 50 + "b" * 50, 10) == "aaaaa\n[…]\nbbbbb"


def test_what_was_spent_is_one_line() -> None:
    cost = Cost(calls=2, cached_calls=1, prompt_tokens=1200, completion_tokens=30, usd=None, seconds=3.14)
    text = shown.spent(cost).replace("\u202f", " ")
    assert text == "2 calls (1 cached), 1 200 + 30 tokens, unknown price, 3.1 s"


def test_a_phone_does_not_scroll_sideways(report: Path, chromium: list[str], tmp_path: Path) -> None:
    """With every transcript open, in a frame, since a window cannot be as narrow as a phone."""
    opened = tmp_path / "open.html"
    opened.write_text(report.read_text(encoding="utf-8").replace("<details", "<details open"), encoding="utf-8")
    measure = "document.title = contentDocument.documentElement.scrollWidth"
    frame = f'<iframe width="360" height="700" src="{opened.as_uri()}" onload="{measure}"></iframe>'
    outer = tmp_path / "frame.html"
    outer.write_text(f"<title></title>{frame}", encoding="utf-8")
    command = [*chromium, "--allow-file-access-from-files", "--dump-dom", outer.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "<title>360</title>" in done.stdout
