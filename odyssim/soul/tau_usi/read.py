"""Reading dialogues for τ-USI: the published forms, and trajectories of τ-bench and tau2-bench.

    {"retail_0": {"conversation": [...], "reward": 1.0}, "retail_0_ann2": ...}      records by id: people, surveys
    {"results": [{"instance_id": "retail_0", "conversation": [...]}]}, or the list   records of a simulator
    [{"task_id": 0, "trial": 0, "reward": 1.0, "traj": [...]}]                       τ-bench
    {"info": ..., "tasks": [...], "simulations": [...]}                              tau2-bench

Nothing is repaired or skipped silently: a dropped task would change what the index is a mean of.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from odyssim.corpus.own.tau2 import tau2_runs
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import (
    UpstreamRecord,
    first_problem,
    json_entries,
    json_keys,
    json_object,
    json_records,
)
from odyssim.errors import DataError
from odyssim.soul.tau_usi.dialogue import Dialogue, Dialogues, Said, outcomes
from odyssim.soul.tau_usi.difficulty import Difficulty
from odyssim.soul.tau_usi.score import Simulator

FORMS: Final = "the forms of files are shown in docs/tau-usi.md"
GATED: Final = (
    "people's dialogues are not shipped: ask for them at https://huggingface.co/datasets/cmu-lti/tau-usi, or bring "
    "your own in the same form (docs/tau-usi.md)"
)
_SPEAKERS: Final = frozenset({"user", "assistant"})
_STOP: Final = "###STOP###"
_POLICY: Final = re.compile(r"\b(airline|retail) agent policy\b", re.IGNORECASE)
_SHARE: Final = TypeAdapter(dict[str, float])


class _Result(Dialogue):
    instance_id: str | None = None
    domain: str | None = None
    task_index: int | str | None = None

    @property
    def id(self) -> str:
        return self.instance_id or f"{self.domain}_{self.task_index}"


class _Info(UpstreamRecord):
    error: str | None = None


class _Trajectory(UpstreamRecord):
    task_id: int | str
    trial: int = 0
    reward: float | None = None
    info: _Info = _Info()
    traj: tuple[Said, ...]


class _Environment(UpstreamRecord):
    domain_name: str


class _Tau2Info(UpstreamRecord):
    environment_info: _Environment


class _Reward(UpstreamRecord):
    reward: float | None = None


class _Tau2Run(UpstreamRecord):
    id: str
    task_id: str
    trial: int | None = None
    reward_info: _Reward | None = None


class _Tau2Results(UpstreamRecord):
    info: _Tau2Info
    simulations: tuple[_Tau2Run, ...]


def read_dialogues(path: Path, *, hint: str = FORMS) -> Dialogues:
    """Dialogues or surveys by id, from either published form. Raises `DataError` for anything else."""
    file = _file(path, hint)
    if file.opening() == b"[":
        return _results(file, at="")
    if "results" in json_keys(file):
        return _results(file, at="results")
    report = ReadReport()
    return _by_id(file, ((name, record) for _, name, record in json_entries(file, Dialogue, report)), report)


def read_simulator(path: Path, surveys: Path | None = None) -> Simulator:
    """A simulator's dialogues from a file of any of the four forms, named after it, with its file of surveys.

    Runs without a reward, because something broke, are left out and said in the notes. Raises `DataError` for other
    files, and for two dialogues of one task and run.
    """
    file, filled_in = _file(path, FORMS), None if surveys is None else read_dialogues(surveys)
    if file.opening() == b"[" and "traj" in json_keys(file, at="item"):
        return _by_trial(path, _tau_bench(file), filled_in)
    if file.opening() == b"{" and "simulations" in json_keys(file):
        return _by_trial(path, _tau2(file), filled_in)
    return Simulator.of(path.stem, read_dialogues(path), filled_in)


def read_difficulty(path: Path) -> Difficulty:
    """A difficulty map: mean success by task in 0..1, alone or as `difficulty` beside its `source`."""
    try:
        content = json.loads(path.read_bytes())
        values = content.get("difficulty", content) if isinstance(content, dict) else content
        success = _SHARE.validate_python(values)
    except (OSError, ValueError) as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise DataError(f"not a difficulty map: {problem}", path=path, hint='give {"retail_0": 0.4, ...}') from error
    return Difficulty.of(str(path), success)


def _file(path: Path, hint: str) -> RawFile:
    files = RawFiles(path, hint=hint).all
    if len(files) != 1 or files[0].opening() not in (b"[", b"{"):
        raise DataError("not one file of JSON", path=path, hint=hint)
    return files[0]


def _results(file: RawFile, *, at: str) -> Dialogues:
    report = ReadReport()
    records = (record for _, record in json_records(file, _Result, report, at=at))
    return _by_id(
        file, ((record.id, record.model_copy(update={"keep": bool(record.keep)})) for record in records), report
    )


def _by_id(file: RawFile, records: Iterable[tuple[str, Dialogue]], report: ReadReport) -> Dialogues:
    found: dict[str, Dialogue] = {}
    for name, record in records:
        if name in found:
            raise DataError(f"two records are called '{name}'", path=file.path, hint="each needs an id of its own")
        found[name] = record
    _all_read(file, report)
    return found


def _all_read(file: RawFile, report: ReadReport) -> None:
    for skip in report.skips.values():
        raise DataError(f"{skip.count} records do not fit; {skip.first}", path=file.path, hint=FORMS)


Played = tuple[int, str, Dialogue | None]
"""Trial, id, and the dialogue, or none where the run broke."""


def _by_trial(path: Path, played: Iterator[Played], surveys: Dialogues | None) -> Simulator:
    runs: dict[int, dict[str, Dialogue]] = defaultdict(dict)
    broken = 0
    for trial, name, dialogue in played:
        if name in runs[trial]:
            raise DataError(f"two dialogues of trial {trial} have the task '{name}'", path=path, hint=FORMS)
        if dialogue is None:
            broken += 1
        else:
            runs[trial][name] = dialogue
    in_order = tuple(runs[trial] for trial in sorted(runs))
    notes = (f"{broken} runs broke off without a reward and are left out",) if broken else ()
    return Simulator(path.stem, in_order, tuple(outcomes(run.items()) for run in in_order), surveys, notes)


def _tau_bench(file: RawFile) -> Iterator[Played]:
    report = ReadReport()
    for place, run in json_records(file, _Trajectory, report):
        broken = run.info.error is not None or run.reward is None
        name = f"?_{run.task_id}" if broken else f"{_domain(file, place, run)}_{run.task_id}"
        yield run.trial, name, None if broken else Dialogue(conversation=_spoken(run.traj), reward=run.reward)
    _all_read(file, report)


def _domain(file: RawFile, place: str, run: _Trajectory) -> str:
    """The domain, which a τ-bench trajectory names only in the heading of the agent's policy."""
    for said in run.traj:
        if said.role == "system" and (found := _POLICY.search(said.text)):
            return found[1].lower()
    raise DataError(
        f"{place}: nothing says whether the task is of airline or retail",
        path=file.path,
        hint=f'give records with an "instance_id" such as "retail_{run.task_id}" instead ({FORMS})',
    )


def _spoken(messages: Iterable[Said]) -> tuple[Said, ...]:
    """What the two speakers say: no tool calls, no marker by which a simulated user ends a run."""
    texts = ((said.role, said.text.replace(_STOP, "").strip()) for said in messages if said.role in _SPEAKERS)
    return tuple(Said(role=role, content=text) for role, text in texts if text)


def _tau2(file: RawFile) -> Iterator[Played]:
    report = ReadReport()
    results = json_object(file, _Tau2Results, ReadReport())
    spoken = {talk.id: talk.lines for talk in tau2_runs(file, report)}
    _all_read(file, report)
    domain = results.info.environment_info.domain_name
    for run in results.simulations:
        reward = None if run.reward_info is None else run.reward_info.reward
        said = tuple(Said(role=role, content=text) for role, text in spoken[run.id])
        dialogue = None if reward is None else Dialogue(conversation=said, reward=reward)
        yield run.trial or 0, f"{domain}_{run.task_id}", dialogue
