"""Building a corpus: reproducible files, honest summaries, and no half-built corpus taken for a whole one."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.corpus.build.config import CorpusConfig, ExecutorConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.build.read import sample
from odyssim.corpus.store import read_rejects
from odyssim.corpus.summary import read_corpus, read_summary
from odyssim.errors import DataError, UnknownName, UsageError
from odyssim.types import Axis, Interaction
from tests.corpus.builds import STORY, VILLAGE, build, config, hashes, own_file, saying, villages


@pytest.fixture(scope="module")
def villagers() -> list[Interaction]:
    return villages(200, 3)


def test_what_goes_in_comes_out_split_by_split(tmp_path: Path, villagers: list[Interaction]) -> None:
    build(tmp_path, seed=3)
    for split in ("train", "validation"):
        expected = [one for one in villagers if one.source.split == split]
        assert list(read_corpus(tmp_path, split)) == expected
        assert expected


def test_the_summary_counts_what_is_stored(tmp_path: Path, villagers: list[Interaction]) -> None:
    summary = build(tmp_path, seed=3)
    assert summary.interactions == 200
    assert {tally.axis for tally in summary.tallies} == set(Axis)
    assert sum(tally.turns for tally in summary.tallies) == sum(len(one.turns) for one in villagers)
    trained = [turn for one in villagers for turn in one.turns if turn.train]
    assert sum(tally.imitated_turns for tally in summary.tallies) == len(trained)
    [entry] = summary.sources
    assert (entry.figures.licences, entry.card.synthetic) == ({"Apache-2.0": 200}, True)
    assert entry.figures.contexts == {"native": 200}
    assert sum(entry.figures.lengths.values()) == 200
    for file in summary.files:
        assert hashlib.sha256((tmp_path / file.path).read_bytes()).hexdigest() == file.sha256
    assert read_summary(tmp_path) == summary
    assert [path.name for path in (tmp_path / ".build").iterdir()] == ["parts"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two, three = (hashes(build(tmp_path / str(i), seed=seed)) for i, seed in enumerate((1, 1, 2)))
    assert one == two != three


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 250), st.integers(1, 250), st.integers(), st.randoms(use_true_random=False))
def test_samples_are_nested_whatever_the_reading_order(one: int, other: int, seed: int, rng: random.Random) -> None:
    everything = villages(100, 0)
    small, large = (sample(everything, limit, seed) for limit in sorted((one, other)))
    assert len(small) == min(one, other, 100)
    assert small <= large
    order = rng.sample(range(100), 100)
    shuffled = sample([everything[place] for place in order], len(small), seed)
    assert {order[place] for place in shuffled} == small


def test_a_limit_draws_from_an_own_file(tmp_path: Path, villagers: list[Interaction]) -> None:
    choice = own_file(tmp_path / "mine.jsonl", villagers).model_copy(update={"limit": 40})
    summary = build(tmp_path / "out", choice, VILLAGE)
    assert summary.interactions == 240
    assert summary.sources[0].records == {"mine.jsonl": 200}
    assert {file.source for file in summary.files} == {"mine", "village"}


@pytest.mark.data
def test_published_sources_and_the_village_make_one_corpus(tmp_path: Path, data_root: Path) -> None:
    choices = [SourceChoice(name="casino"), SourceChoice(name="taskmaster", limit=100), VILLAGE]
    summary = build(tmp_path, *choices, data=data_root)
    assert summary.interactions == 930 + 100 + 200
    assert sum(1 for split in ("train", "validation") for _ in read_corpus(tmp_path, split)) == 1230


# --- copies -----------------------------------------------------------------------------------------------------


def test_copies_are_left_out_with_the_reason(tmp_path: Path) -> None:
    changed = [*STORY]
    changed[20] = "tall"
    other = "we never talk about money at home"
    rows = [
        saying([" ".join(STORY), "no way"], "first"),
        saying([" ".join(STORY).upper() + "!", "No way."], "same words"),
        saying([" ".join(changed), "no way"], "one word differs"),
        saying([other, "why not"], "something else"),
        saying([other, "why so"], "short and not equal"),
    ]
    for dedup, kept in (("near", 3), ("exact", 4)):
        out = tmp_path / dedup
        mine = own_file(tmp_path / "mine.jsonl", rows)
        summary = build(out, mine, dedup={"near": dedup == "near"})
        assert summary.interactions == kept
        left_out = {one.source.original_id: why for one, why, _ in read_rejects(out / "rejects/mine-00000.parquet")}
        assert left_out["same words"] == "copy"
        assert left_out.get("one word differs") == ("near copy" if dedup == "near" else None)
        assert sum(summary.sources[0].rejects.values()) == len(left_out)


def test_copies_are_found_across_sources_and_the_first_stays(tmp_path: Path) -> None:
    rows = [saying([" ".join(STORY[i:]), "and then?"], str(i)) for i in range(0, 12, 3)]
    first, second = own_file(tmp_path / "first.jsonl", rows[:2]), own_file(tmp_path / "second.jsonl", rows)
    summary = build(tmp_path / "out", first, second, dedup={"near": False})
    assert summary.sources[0].rejects == {}
    assert summary.sources[1].rejects == {"copy: of first": 2}


# --- cleaning and overlap ---------------------------------------------------------------------------------------


def test_personal_data_is_replaced_and_what_is_refused_is_kept_apart(tmp_path: Path) -> None:
    rows = [
        saying(["write to jo.miller@example.org please", "will do"], "mail"),
        saying(["\ufffd\ufffd\ufffd\ufffd\ufffd x", "what"], "lost"),
    ]
    summary = build(tmp_path / "out", own_file(tmp_path / "mine.jsonl", rows), clean={})
    [kept] = read_corpus(tmp_path / "out", "train")
    assert "example.org" not in kept.turns[0].text
    assert summary.sources[0].pii == {"email": 1}
    [(refused, reason, detail)] = read_rejects(tmp_path / "out/rejects/mine-00000.parquet")
    assert (refused.source.original_id, reason) == ("lost", "quality")
    assert summary.sources[0].rejects == {f"quality: {detail}": 1}


@pytest.mark.data
@pytest.mark.parametrize("policy", ["remove", "tag"])
def test_planted_evaluation_items_are_found(tmp_path: Path, data_root: Path, policy: str) -> None:
    item = json.loads((data_root / "bench/hitom/Hi-ToM_data.json").read_text())["data"][7]
    rows = [saying(["look at this riddle: " + item["story"], "hm"], "planted"), saying(["nice day", "yes"], "clean")]
    summary = build(tmp_path / "out", own_file(tmp_path / "mine.jsonl", rows), data=data_root, decontaminate=policy)
    assert summary.sources[0].overlap.get("hitom") == 1
    kept = {one.source.original_id: one.tags for one in read_corpus(tmp_path / "out", "train")}
    assert set(kept) == ({"clean"} if policy == "remove" else {"clean", "planted"})
    assert policy == "remove" or "overlap:hitom" in kept["planted"]


# --- where it runs ----------------------------------------------------------------------------------------------


def test_processes_give_the_same_bytes_as_one_after_the_other(tmp_path: Path, villagers: list[Interaction]) -> None:
    plan = config(own_file(tmp_path / "mine.jsonl", villagers), VILLAGE, seed=1, dedup={})
    one, three = (
        hashes(build_corpus(plan, None, tmp_path / str(workers), executor=ExecutorConfig(workers=workers)))
        for workers in (1, 3)
    )
    assert one == three


def test_ray_gives_the_same_bytes_as_this_process_also_where_it_goes_on(
    tmp_path: Path, villagers: list[Interaction]
) -> None:
    pytest.importorskip("ray", reason="SKIPPED FOR LACK OF RAY: pip install 'odyssim[ray]'")
    read, new = (own_file(tmp_path / f"{name}.jsonl", villagers) for name in ("read", "new"))
    build(tmp_path / "ray", read, seed=1, dedup={})
    [report] = tmp_path.glob("ray/.build/parts/read-*/report.json")
    before = report.stat().st_mtime_ns
    plan = config(new, read, VILLAGE, seed=1, dedup={})
    ray = build_corpus(plan, None, tmp_path / "ray", executor=ExecutorConfig(kind="ray", workers=2))
    assert hashes(ray) == hashes(build_corpus(plan, None, tmp_path / "here"))
    assert report.stat().st_mtime_ns == before


SBATCH = """#!{python}
# Runs every task of the job's array at once; a cluster does so in its own time.
import os, pathlib, re, subprocess, sys
script = pathlib.Path(sys.argv[-1]).read_text()
first, last = re.search(r"--array=(\\d+)-(\\d+)", script).groups()
for task in range(int(first), int(last) + 1):
    place = {{"SLURM_ARRAY_TASK_ID": str(task), "SLURM_JOB_ID": "1", "SLURM_NODEID": "0", "SLURM_NODELIST": "here"}}
    subprocess.run(["bash", sys.argv[-1]], check=True, env=os.environ | place)
with open("{log}", "a") as log:
    log.write("job\\n")
print("Submitted batch job 1")
"""
SRUN = '#!/bin/sh\nshift 3  # -l -n 1\nexec "$@"\n'


def test_slurm_gets_one_job_per_step_each_after_the_one_before(
    tmp_path: Path, villagers: list[Interaction], monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    sbatch = SBATCH.format(python=sys.executable, log=tmp_path / "jobs")
    for name, script in {"sbatch": sbatch, "srun": SRUN, "scontrol": "#!/bin/sh\necho here\n"}.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    mine = own_file(tmp_path / "mine.jsonl", villagers)
    build(tmp_path / "slurm", mine, seed=1, dedup={"near": False})  # what is read already is no task of any job
    plan = config(mine, VILLAGE, seed=1, dedup={"near": False})
    cluster = ExecutorConfig(kind="slurm", workers=2, slurm={"partition": "cpu", "time": "1:00:00"})
    assert build_corpus(plan, None, tmp_path / "slurm", executor=cluster) is None
    assert hashes(read_summary(tmp_path / "slurm")) == hashes(build_corpus(plan, None, tmp_path / "here"))
    assert len((tmp_path / "jobs").read_text().splitlines()) == 2 * 4  # a job per step, and one for its statistics
    with pytest.raises(UsageError, match="partition, time"):
        build_corpus(plan, None, tmp_path / "no", executor=ExecutorConfig(kind="slurm"))


# --- what goes wrong --------------------------------------------------------------------------------------------


def broken_file(path: Path, interactions: list[Interaction]) -> SourceChoice:
    choice = own_file(path, interactions)
    with path.open("a") as file:
        file.write("{\n")
    return choice


def test_a_source_that_breaks_is_left_out_and_the_rest_goes_on(tmp_path: Path, villagers: list[Interaction]) -> None:
    mine = [saying([f"{' '.join(STORY[i:])} {i}", "hm"], str(i)) for i in range(8)]
    broken = broken_file(tmp_path / "broken.jsonl", mine)
    whole = own_file(tmp_path / "whole.jsonl", mine[:1])
    summary = build(tmp_path / "out", broken, whole, VILLAGE, dedup={})
    [failure] = summary.failures["broken"]
    assert "line 9" in failure.message
    assert summary.sources[1].figures.tallies[0].interactions == 1  # a row that failed makes no copy of another
    assert not (tmp_path / "out" / "broken").exists()


def test_the_next_build_reads_only_what_failed(tmp_path: Path, villagers: list[Interaction]) -> None:
    broken = broken_file(tmp_path / "mine.jsonl", villagers[:20])
    out = tmp_path / "out"
    build(out, broken, VILLAGE)
    [read] = out.glob(".build/parts/village-*/report.json")
    before = read.stat().st_mtime_ns
    assert build(out, broken, VILLAGE).failures
    assert read.stat().st_mtime_ns == before
    own_file(tmp_path / "mine.jsonl", villagers[:20])
    assert not build(out, broken, VILLAGE).failures


def test_when_nothing_can_be_read_there_is_no_corpus(tmp_path: Path, villagers: list[Interaction]) -> None:
    broken = broken_file(tmp_path / "broken.jsonl", villagers[:20])
    with pytest.raises(DataError, match="line 21"):
        build(tmp_path / "out", broken)
    with pytest.raises(DataError, match="no complete corpus") as caught:
        list(read_corpus(tmp_path / "out", "train"))
    assert "odyssim corpus build" in caught.value.hint


KILLED_BUILD = """
import os, signal
from pathlib import Path
from odyssim.corpus.build import executor
from odyssim.corpus.build.config import CorpusConfig, ExecutorConfig
from odyssim.corpus.build.corpus import build_corpus

class Doomed(executor.Workers):
    def _run_quietly(self, rank):
        if rank == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._run_quietly(rank)

if __name__ == "__main__":
    executor.Workers = Doomed
    plan = CorpusConfig.model_validate_json(Path("{plan}").read_text())
    build_corpus(plan, None, Path("{out}"), executor=ExecutorConfig(workers=2))
"""


def test_a_killed_worker_is_noticed_and_the_next_build_goes_on(tmp_path: Path, villagers: list[Interaction]) -> None:
    mine = [own_file(tmp_path / f"mine{i}.jsonl", villagers[i * 50 :]) for i in range(3)]
    plan, out = config(*mine, dedup={}), tmp_path / "out"
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    script = tmp_path / "killed.py"
    script.write_text(KILLED_BUILD.format(plan=tmp_path / "plan.json", out=out))
    process = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert "WorkerDied" in process.stderr
    assert not (out / "corpus.json").exists()
    assert hashes(build_corpus(plan, None, out)) == hashes(build_corpus(plan, None, tmp_path / "whole"))


def test_a_smaller_rebuild_leaves_nothing_stale(tmp_path: Path) -> None:
    build(tmp_path, seed=3)
    build(tmp_path, SourceChoice(name="village", limit=1), seed=3)
    assert len(list(tmp_path.glob("village/*.parquet"))) == 1


def test_a_folder_with_other_things_in_it_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    build(tmp_path, seed=3)
    build(tmp_path, seed=4)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_choices_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        CorpusConfig(sources=())
    with pytest.raises(UsageError, match="chosen 2 times"):
        build(tmp_path, VILLAGE, VILLAGE)
    with pytest.raises(UsageError, match="no data folder"):
        build(tmp_path, SourceChoice(name="casino"))
    with pytest.raises(UnknownName):
        list(read_corpus(tmp_path, "test"))


def test_a_release_refuses_what_may_not_be_passed_on(tmp_path: Path, villagers: list[Interaction]) -> None:
    mine = own_file(tmp_path / "mine.jsonl", villagers)  # an own file says nothing of its licence
    with pytest.raises(UsageError, match=r"mine \(unknown\)") as caught:
        build(tmp_path / "out", mine, VILLAGE, release=True)
    assert "--allow mine" in caught.value.hint
    assert build(tmp_path / "out", mine, VILLAGE, release=True, allow=("mine",)).interactions == 400


class Watcher:
    """Counts what it is told, by title."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done: Counter[str] = Counter()

    @contextmanager
    def work(self, title: str, total: int, done: int = 0) -> Iterator[Watcher]:
        self.title, self.totals[title] = title, total
        yield self

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.done[self.title] += amount


def test_a_build_reports_its_progress(tmp_path: Path) -> None:
    watcher = Watcher()
    build_corpus(config(), None, tmp_path, progress=watcher)
    assert watcher.totals == watcher.done == {"corpus": 200, "finish": 1, "summary": 1}
