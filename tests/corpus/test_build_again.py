"""Building into a folder that holds a corpus already: only what is new is read, and nothing comes out differently."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from odyssim.corpus.build.config import SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.decontaminate.items import ItemReport, evaluation_items
from odyssim.corpus.store import read_rejects
from odyssim.corpus.summary import CorpusSummary
from odyssim.types import Json
from tests.corpus.bench import small_talk, write_benchmarks
from tests.corpus.builds import STORY, VILLAGE, build, config, done, own_file, saying
from tests.corpus.sources.fixtures import write_jsonl, write_text

LMSYS = SourceChoice(name="lmsys")
ALL_STEPS: Json = {"clean": {}, "dedup": {}, "decontaminate": "remove"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, SourceChoice]:
    """Three sources: each has conversations of its own, shares one word by word and one almost with the other two."""
    rng = random.Random(0)
    choices = {}
    for name in "abc":
        almost = [*STORY]
        almost[20] = name
        rows = [
            *(saying([small_talk(rng, 40), "no way"], f"own {number}") for number in range(5)),
            saying(["said in all of them, word by word, and answered likewise", "indeed it was"], "same"),
            saying([" ".join(almost), "no way"], "similar"),
        ]
        choices[name] = own_file(tmp_path / f"{name}.jsonl", rows)
    return choices


def chat(name: str) -> Json:
    talk = [{"role": "user", "content": "you up?"}, {"role": "assistant", "content": "Always."}]
    return {"conversation_id": name, "conversation": talk}


def state(folder: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 and time of the last change of every file below `folder`."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kept(out: Path, source: str = "") -> dict[str, tuple[str, int]]:
    """What reading `source` (default: every source) left behind in the corpus folder."""
    parts = state(out / ".build/parts")
    return {path: seen for path, seen in parts.items() if path.startswith(source)}


def stored(out: Path) -> dict[str, str]:
    """The corpus files and rejects by path, without what is only kept for the next build."""
    content = {path: digest for path, (digest, _) in state(out).items() if path.endswith(".parquet")}
    return {path: digest for path, digest in content.items() if not path.startswith(".build")}


def untimed(summary: CorpusSummary | None) -> CorpusSummary:
    return done(summary).model_copy(update={"seconds": {}, "work_seconds": {}})


def assert_like_a_fresh_one(out: Path, summary: CorpusSummary, fresh: Path, *sources: SourceChoice) -> None:
    """`out` holds the very bytes, and says the very same, as a corpus that was built at once."""
    assert untimed(summary) == untimed(build(fresh, *sources, **ALL_STEPS))
    assert stored(out) == stored(fresh)


@pytest.mark.parametrize("order", [("abc", "ab"), ("ab", "abc"), ("bc", "abc"), ("ac", "abc", "b"), ("c", "cba")])
def test_what_was_read_before_is_not_read_again_and_the_corpus_is_as_if_built_at_once(
    tmp_path: Path, files: dict[str, SourceChoice], order: Sequence[str]
) -> None:
    out = tmp_path / "out"
    before = ""
    for number, names in enumerate(order):
        sources = [files[name] for name in names]
        old = {name: kept(out, name) for name in names if name in before}
        summary = build(out, *sources, **ALL_STEPS)
        assert all(seen and kept(out, name) == seen for name, seen in old.items())
        assert {path.name[0] for path in (out / ".build/parts").iterdir()} == set(names)
        assert_like_a_fresh_one(out, summary, tmp_path / f"fresh{number}", *sources)
        before = names


def test_copies_are_found_among_what_was_read_before_and_what_is_new(
    tmp_path: Path, files: dict[str, SourceChoice]
) -> None:
    out = tmp_path / "out"
    build(out, files["b"], **ALL_STEPS)
    summary = build(out, files["a"], files["b"], **ALL_STEPS)
    assert [source.rejects for source in summary.sources] == [{}, {"copy: of a": 1, "near copy: of a": 1}]
    refused = {one.source.original_id: why for one, why, _ in read_rejects(out / "rejects/b-00000.parquet")}
    assert refused == {"same": "copy", "similar": "near copy"}


def test_a_source_that_was_missing_is_all_that_is_read_when_it_arrives(
    tmp_path: Path, files: dict[str, SourceChoice]
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    (data / "corpus").mkdir(parents=True)
    assert build(out, files["a"], LMSYS, files["b"], data=data).failures.keys() == {"lmsys"}
    before = kept(out)
    write_jsonl(data / "corpus/lmsys/chats.jsonl", [chat("1")])
    summary = build(out, files["a"], LMSYS, files["b"], data=data)
    assert not summary.failures
    assert {file.source for file in summary.files} == {"a", "lmsys", "b"}
    assert {path: seen for path, seen in kept(out).items() if not path.startswith("lmsys")} == before


def test_a_table_that_was_broken_is_all_that_is_read_when_it_is_whole(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    first, second = (data / f"corpus/lmsys/train-{number}.jsonl" for number in range(2))
    write_jsonl(first, [chat("1")])
    write_text(second, "{\n")
    summary = build(out, LMSYS, data=data)
    [failure] = summary.failures["lmsys"]
    assert "train-1.jsonl, line 1" in failure.message
    assert summary.interactions == 1
    before = kept(out, "lmsys-00000")
    write_jsonl(second, [chat("2")])
    summary = build(out, LMSYS, data=data)
    assert (summary.interactions, summary.failures) == (2, {})
    assert kept(out, "lmsys-00000") == before


def test_another_seed_rule_or_file_is_read_anew(tmp_path: Path, files: dict[str, SourceChoice]) -> None:
    out, a, b = tmp_path / "out", files["a"], files["b"]
    build(out, a, b, **ALL_STEPS)
    for change in ({"seed": 1}, {"clean": None}, {"dedup": None}, {"decontaminate": "off"}):
        before = set(kept(out))
        build(out, a, b, **{**ALL_STEPS, **change})
        assert before.isdisjoint(kept(out))
    before = set(kept(out, "a"))
    own_file(Path(a.name), [saying(["something else altogether", "so it is"], "new")])
    build(out, a, b, **{**ALL_STEPS, "decontaminate": "off"})
    assert before.isdisjoint(kept(out, "a"))
    assert len(kept(out, "b")) == len(kept(out, "a"))


def test_a_benchmark_that_arrives_is_compared_with_every_source(tmp_path: Path, files: dict[str, SourceChoice]) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    write_benchmarks(tmp_path / "elsewhere")
    item = next(one for one in evaluation_items(tmp_path / "elsewhere", ItemReport()) if one.task == "coser")
    planted = own_file(tmp_path / "planted.jsonl", [saying([text, "hm"], "taken") for text in item.forms[0]])
    data.mkdir()
    assert build(out, files["a"], planted, data=data, **ALL_STEPS).sources[1].overlap == {}
    before = set(kept(out))
    (tmp_path / "elsewhere/bench").rename(data / "bench")
    summary = build(out, files["a"], planted, data=data, **ALL_STEPS)
    assert "coser" in summary.sources[1].overlap
    assert before.isdisjoint(kept(out))


def test_a_finished_corpus_is_left_alone(tmp_path: Path, files: dict[str, SourceChoice]) -> None:
    out = tmp_path / "out"
    build(out, files["a"], **ALL_STEPS)
    before = state(out)
    build(out, files["a"], **ALL_STEPS)
    assert state(out) == before
    next(out.glob("a/*.parquet")).unlink()
    build(out, files["a"], **ALL_STEPS)
    assert state(out).keys() == before.keys()
    assert kept(out) == {path.removeprefix(".build/parts/"): seen for path, seen in before.items() if "parts" in path}


def test_nothing_is_kept_where_nobody_wants_it(tmp_path: Path) -> None:
    done(build_corpus(config(VILLAGE), None, tmp_path, keep_parts=False))
    assert not (tmp_path / ".build").exists()
