"""`odyssim corpus` as a person uses it: every command on a small corpus, and `--json` for machines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from odyssim.cli.console import out_console
from odyssim.cli.main import main
from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.ground.quality import QualityReport
from odyssim.corpus.summary import CorpusSummary, read_all, read_summary
from odyssim.types import Interaction, Json
from tests.corpus.sources.fixtures import write_jsonl
from tests.models.server import Behaviour, completion, serving


@dataclass
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def odyssim(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs `odyssim corpus ...` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ODYSSIM_DATA", raising=False)
    monkeypatch.setattr(out_console, "width", 200)

    def command(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(("corpus", *arguments))
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Said(ended.value.code if isinstance(ended.value.code, int) else 0, printed.out, printed.err)

    return command


def talk(name: str, *texts: str, licence: str = "CC0-1.0", context: Json | None = None) -> Json:
    turns = [{"speaker": "AB"[n % 2], "text": text, "human": True, "train": True} for n, text in enumerate(texts)]
    source = {"dataset": "mine", "licence": licence, "split": "train", "original_id": name}
    return {"turns": turns, "context": context, "source": source, "axis": "CONV"}


@pytest.fixture
def mine(tmp_path: Path) -> str:
    write_jsonl(tmp_path / "mine.jsonl", [talk(str(n), f"are you number {n}", "what if") for n in range(8)])
    return str(tmp_path / "mine.jsonl")


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished corpus; read it, do not write to it."""
    out = tmp_path_factory.mktemp("built") / "village"
    build_corpus(CorpusConfig.model_validate({"sources": [{"name": "village", "limit": 120}]}), None, out)
    return out


# --- what there is ------------------------------------------------------------------------------------------------


def test_list(odyssim: Command, tmp_path: Path) -> None:
    (tmp_path / "data/corpus/casino").mkdir(parents=True)
    rows = odyssim("list", "--json", "--data", "data").json
    assert {row["id"] for row in rows} == set(SOURCES)
    assert all({"id", "in_paper", "axis", "licence", "at_hand"} <= row.keys() for row in rows)
    assert sum(row["in_paper"] for row in rows) == 62
    assert {row["id"] for row in rows if row["at_hand"]} == {"casino", "village"}
    [casino] = [row for row in rows if row["id"] == "casino"]
    assert (casino["axis"], casino["licence"]) == (["SS"], "CC-BY-4.0")
    assert "convokit_casino-corpus" in casino["aliases"]

    few = odyssim("list", "--json", "--data", "data", "--at-hand", "--axis", "SS").json
    assert {row["id"] for row in few} == {"casino", "village"}
    table = odyssim("list", "--data", "data").out
    assert "CaSiNo: campsite negotiations" in table
    assert f"{len(SOURCES)} sources, 62 of the published 62, 2 at hand." in table


def test_show(odyssim: Command) -> None:
    card = odyssim("show", "convokit_casino-corpus", "--json").json
    assert card == SOURCES["casino"].card.model_dump(mode="json")
    shown = odyssim("show", "casino").out
    assert "Both campers are people" in shown
    unknown = odyssim("show", "casno")
    assert unknown.code == 2
    assert "Did you mean 'casino'" in unknown.err


# --- a log of one's own -------------------------------------------------------------------------------------------


def test_add_says_what_it_understood_and_makes_a_source(odyssim: Command, tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "you up?"}, {"role": "assistant", "content": "Always."}]}
    write_jsonl(tmp_path / "chats.jsonl", [chat, chat])
    said = odyssim("add", "chats.jsonl", "--licence", "CC-BY-4.0")
    assert said.code == 0
    assert "openai (lines): 2 interactions of 2 conversations; imitated: user" in said.out
    assert "odyssim corpus build --source chats.interactions.jsonl" in said.out
    built = odyssim("build", "--source", "chats.interactions.jsonl", "--dedup", "off", "--out", "corpus")
    assert built.code == 0
    [first, _] = read_all(tmp_path / "corpus")
    assert [(turn.speaker, turn.train) for turn in first.turns] == [("user", True), ("assistant", False)]
    assert first.source.licence == "CC-BY-4.0"


def test_add_asks_when_it_cannot_know_who_the_person_is(odyssim: Command, tmp_path: Path) -> None:
    (tmp_path / "talk.csv").write_text("speaker,text\nAna,you up?\nBen,barely\n")
    asked = odyssim("add", "talk.csv")
    assert asked.code == 2
    assert "'Ana' (1 times, as in: you up?)" in asked.err
    assert "--human NAME, or --human both" in asked.err
    assert not (tmp_path / "talk.interactions.jsonl").exists()
    added = odyssim("add", "talk.csv", "--human", "Ana", "--json").json
    assert (added["imitated"], added["why"]) == (["Ana"], "as you said")
    assert odyssim("add", "talk.csv", "--human", "Cy").code == 2


# --- building -----------------------------------------------------------------------------------------------------


def test_build_with_limits(odyssim: Command, mine: str, tmp_path: Path) -> None:
    said = odyssim("build", "--source", f"{mine}:3", "--source", "village:40", "--out", "corpus", "--json")
    assert said.code == 0
    summary = CorpusSummary.model_validate_json(said.out)
    assert summary == read_summary(tmp_path / "corpus")
    assert {source.card.id: source.figures.lengths for source in summary.sources}["mine"] == {2: 3}
    assert summary.interactions <= 43
    assert "Corpus: corpus" in said.err
    assert summary.config["seed"] == 0


def test_build_again_goes_on_or_stays(odyssim: Command, mine: str, tmp_path: Path) -> None:
    arguments = ("build", "--source", mine, "--out", "corpus")
    assert odyssim(*arguments).code == 0
    built = (tmp_path / "corpus/mine/train-00000.parquet").stat().st_mtime_ns
    table = odyssim(*arguments).out
    assert (tmp_path / "corpus/mine/train-00000.parquet").stat().st_mtime_ns == built
    assert "8 interactions" in table
    assert odyssim(*arguments, "--dedup", "off", "--no-clean", "--decontaminate", "off").code == 0
    assert read_summary(tmp_path / "corpus").config["clean"] is None


def test_build_exits_with_1_if_something_is_missing(odyssim: Command, mine: str, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text("{\n")
    said = odyssim("build", "--source", mine, "--source", "broken.jsonl", "--out", "corpus")
    assert said.code == 1
    assert "incomplete: broken: broken.jsonl, line 1: Invalid JSON" in said.err
    assert "what helps: " in said.err
    assert "8 interactions" in said.out
    (tmp_path / "broken.jsonl").write_text(json.dumps(talk("x", "so it was repaired", "it was")) + "\n")
    repaired = odyssim("build", "--source", mine, "--source", "broken.jsonl", "--out", "corpus")
    assert (repaired.code, "incomplete" in repaired.err) == (0, False)


def test_build_for_release(odyssim: Command, mine: str) -> None:
    refused = odyssim("build", "--source", mine, "--source", "village:20", "--release", "--out", "corpus")
    assert refused.code == 2
    assert "mine (unknown)" in refused.err
    assert "--allow mine" in refused.err
    assert odyssim("build", "--source", mine, "--release", "--allow", "mine", "--out", "corpus").code == 0


# --- looking at it ------------------------------------------------------------------------------------------------


def test_stats(odyssim: Command, village: Path) -> None:
    summary = read_summary(village)
    assert CorpusSummary.model_validate_json(odyssim("stats", str(village), "--json").out) == summary
    table = odyssim("stats", str(village)).out
    assert f"{summary.interactions:,} interactions" in table
    assert "Contexts: native" in table
    assert odyssim("stats", "nowhere").code == 1


def test_overlap(odyssim: Command, village: Path) -> None:
    summary = read_summary(village)
    assert odyssim("overlap", str(village), "--json").json == {"village": summary.sources[0].overlap}
    assert "No conversation shares text" in odyssim("overlap", str(village)).out


def test_view(odyssim: Command, village: Path) -> None:
    [first, *_] = read_all(village)
    shown = odyssim("view", str(village), "--id", first.source.original_id).out
    assert first.turns[0].text.split("\n")[0][:40] in shown
    assert f"village, {first.source.original_id}" in shown
    assert first.context is not None
    assert first.context.scenario in shown
    assert odyssim("view", str(village), "--id", "nobody").code == 1


def test_card(odyssim: Command, village: Path, tmp_path: Path) -> None:
    said = odyssim("card", str(village), "--out", "cards/mine", "--name", "The village", "--examples", "2")
    assert said.out.split() == ["cards/mine.md", "cards/mine.html"]
    markdown = (tmp_path / "cards/mine.md").read_text(encoding="utf-8")
    assert markdown.startswith("# Corpus card: The village\n")
    assert markdown.count("\n### ") == 2
    page = (tmp_path / "cards/mine.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<link" not in page
    assert "<script" not in page
    assert not list(village.glob("card.*"))


def test_plan(odyssim: Command, tmp_path: Path, village: Path) -> None:
    rng = random.Random(0)
    words = [f"w{number}" for number in range(3000)]
    write_jsonl(
        tmp_path / "long.jsonl",
        [talk(str(n), " ".join(rng.choices(words, k=700)), " ".join(rng.choices(words, k=700))) for n in range(80)],
    )
    assert odyssim("build", "--source", "long.jsonl", "--no-clean", "--decontaminate", "off", "--out", "big").code == 0
    prices = ("--node-price", "2.5", "--context-price", "0.001")
    planned = odyssim("plan", "big", "--nodes", "4", "--workers", "16", *prices, "--json").json
    assert (planned["interactions"], planned["tokens"]) == (21_400_000, 10_000_000_000)
    assert (planned["nodes"], planned["workers"]) == (4, 64)
    assert planned["contexts_usd"] == pytest.approx(21_400)
    assert planned["node_usd"] == pytest.approx(4 * 2.5 * sum(planned["hours"].values()))
    assert planned["hours"].keys() == read_summary(tmp_path / "big").seconds.keys()
    table = odyssim("plan", "big").out
    assert "21,400,000 interactions, 10,000,000,000 tokens" in table
    assert "give --node-price" in table
    assert odyssim("plan", str(village)).code == 2


# --- contexts -----------------------------------------------------------------------------------------------------


def writes(failing: set[str]) -> Behaviour:
    """An endpoint that writes a context for whoever is asked about, unless the conversation is one of `failing`."""
    people = [{"speaker": speaker, "profile": "", "goal": f"Be {speaker} at ease."} for speaker in "AB"]
    answer = {"scenario": "Two strangers queue.", "relationship": "They have not met.", "people": people}

    async def behave(request: web.Request, asked: Json) -> web.StreamResponse:
        if any(f"number {name}" in asked["messages"][-1]["content"] for name in failing):
            return web.json_response({"error": {"message": "No such model."}}, status=404)
        return web.json_response(completion(json.dumps(answer)))

    return behave


def test_ground(odyssim: Command, mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    failing = {"3"}
    assert odyssim("build", "--source", mine, "--out", "corpus").code == 0
    with serving(writes(failing)) as server:
        command = ("ground", "corpus", "--writer", "openai-api/gpt-5-mini", "--base-url", server.base_url)
        expected = odyssim(*command, "--dry-run", "--json").json
        assert (expected["conversations"], expected["basis"]) == (8, "assumed")
        assert "About 8 contexts to write" in odyssim(*command, "--dry-run").err
        assert server.bodies == []
        assert not (tmp_path / "corpus-grounded").exists()

        said = odyssim(*command)
        assert said.code == 1
        assert "incomplete: mine: " in said.err
        assert "7 contexts written" in said.out
        asked = len(server.bodies)
        failing.clear()
        again = odyssim(*command, "--json")
        assert again.code == 0
        assert len(server.bodies) == asked + 1
    summary = CorpusSummary.model_validate_json(again.out)
    assert summary == read_summary(tmp_path / "corpus-grounded")
    assert summary.interactions == 8
    grounded: list[Interaction] = list(read_all(tmp_path / "corpus-grounded"))
    assert {one.context.author for one in grounded if one.context} == {"back_generated"}
    assert all(one.context for one in grounded)


def test_contexts(odyssim: Command, village: Path) -> None:
    said = odyssim("contexts", str(village), "--limit", "60", "--written", str(village), "--json")
    report = QualityReport.model_validate_json(said.out)
    assert report.conversations == {"village": 60}
    assert [writer.writer for writer in report.writers] == ["the dataset", "keywords", "village"]
    assert all(kind.found == kind.planted for kind in report.planted)
    assert said.code == (0 if report.trustworthy else 1)
    assert "| the dataset | 60 of 60 |" in odyssim("contexts", str(village), "--limit", "60").out
