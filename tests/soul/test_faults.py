"""Episodes of every generative task at an endpoint that fails in every way: typed, counted, never words or scores."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from aiohttp import web

from odyssim.errors import Party
from odyssim.models.openai import OpenAIModel
from odyssim.soul.company import Company
from odyssim.soul.evaluate import EvalConfig, evaluate, read_episodes
from odyssim.soul.result import EvalResult, ScoredSample
from odyssim.soul.taxonomy import INDEX_TASKS
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.registry import get_task
from odyssim.types import Call, Json, Profile
from tests.models.server import serving
from tests.soul.faulty_server import (
    FORGED,
    MARKER,
    SAID_ERROR,
    TRANSPORT,
    Fault,
    FaultyServer,
    Injected,
    faults_of,
)
from tests.soul.seats import SEATS

TASKS = tuple(name for names in INDEX_TASKS.values() for name in names if isinstance(get_task(name), GenerativeTask))
TRANSPORT_KINDS = {
    Fault.RATE_LIMIT: "endpoint_overloaded",
    Fault.SERVER_ERROR: "endpoint_overloaded",
    Fault.HANG: "endpoint_timeout",
    Fault.NO_JSON: "endpoint_nonsense",
}
PARTIES = {
    "policy": Party.POLICY,
    "partner": Party.PARTNER,
    "narrator": Party.PARTNER,
    "director": Party.PARTNER,
    "judge": Party.JUDGE,
}
SILENT_PARTNER = "empty_reply"


def failure_due(met: Injected, profile: Profile) -> tuple[Party, str] | None:
    """The row of the failure table in which a fault belongs; none if the episode goes on, whatever it is then worth."""
    if met.fault in TRANSPORT:
        return (PARTIES[met.seat], TRANSPORT_KINDS[met.fault]) if met.lasting else None
    if met.seat == "judge":
        return (Party.JUDGE, "unparsable_verdict") if met.lasting else None
    unreadable = met.acts and met.fault in (Fault.CUT, Fault.BROKEN_ACTION)
    if met.seat != "policy" and profile is Profile.IMPROVED and (met.fault is Fault.EMPTY or unreadable):
        return Party.PARTNER, SILENT_PARTNER
    return None


class Run:
    """An evaluation against a faulty server: what it was made to meet, and what came of it."""

    def __init__(self, server: FaultyServer, result: EvalResult, samples: list[ScoredSample]) -> None:
        self.server = server
        self.result = result
        self.samples = samples

    @property
    def met(self) -> Iterable[Injected]:
        return self.server.injected.values()

    @property
    def table(self) -> Counter[tuple[Party, str]]:
        counts: Counter[tuple[Party, str]] = Counter()
        for row in self.result.tasks:
            counts.update({(count.party, count.kind): count.n for count in row.failures})
        return counts


def run_against(every: dict[str, int], config: EvalConfig, out: Path) -> Run:
    faulty = FaultyServer(every)
    with serving(faulty.answer) as server:
        result = evaluate_at(server.base_url, config, out)
    return Run(faulty, result, read_episodes(out / "episodes.jsonl"))


def evaluate_at(base_url: str, config: EvalConfig, out: Path) -> EvalResult:
    """Every seat is taken by a model of the same server, with two retries."""
    at = {seat: OpenAIModel(seat, base_url=base_url, timeout_s=1.5, max_retries=2) for seat in SEATS}
    company = Company(judges=(at["judge"],), partner=at["partner"], narrator=at["narrator"], director=at["director"])
    return evaluate(at["policy"], config, out=out, company=company)


def calls_of(sample: ScoredSample) -> tuple[Call, ...]:
    return sample.episode.calls + sample.outcome.calls


def assert_failures_are_typed_counted_and_unsaid(run: Run, profile: Profile) -> None:
    due = Counter(failure for met in run.met if (failure := failure_due(met, profile)) is not None)
    assert run.table == due
    assert sum(row.n_excluded for row in run.result.tasks) == due.total()
    assert sum(row.n_scored for row in run.result.tasks) == len(run.samples) - due.total()
    for sample in run.samples:
        assert (sample.outcome.score is None) == (sample.outcome.failure is not None)
        said = [turn.text for turn in sample.episode.turns]
        said += sample.outcome.critique.values()
        said += [message.content for call in calls_of(sample) for message in call.messages]
        said += [call.reply.text for call in calls_of(sample)]
        assert not any(MARKER in text for text in said)
        if sample.outcome.failure is not None:
            assert not any(sample.outcome.failure.message in text for text in said)
            assert sample.outcome.metrics == {}


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A few episodes of every task in `improved`, every fault at least once in the seats that are asked often."""
    every = {"policy": 9, "partner": 6, "narrator": 2, "director": 3, "judge": 4}
    config = EvalConfig(tasks=TASKS, split="fixture", limit=5, concurrency=64)
    return run_against(every, config, tmp_path_factory.mktemp("sixty"))


def test_there_are_twelve_generative_tasks() -> None:
    assert len(TASKS) == 12


def test_unrecovered_faults_are_failures_of_their_party_and_recovered_ones_are_none(sixty: Run) -> None:
    assert len(sixty.samples) == 60
    assert {met.fault for met in sixty.met} == set(Fault)
    assert {PARTIES[met.seat] for met in sixty.met if failure_due(met, Profile.IMPROVED)} == {
        Party.POLICY,
        Party.PARTNER,
        Party.JUDGE,
    }
    assert_failures_are_typed_counted_and_unsaid(sixty, Profile.IMPROVED)


def test_nobody_can_speak_for_the_other_side(sixty: Run) -> None:
    forged = [(turn, sample) for sample in sixty.samples for turn in sample.episode.turns if FORGED in turn.text]
    assert forged
    for turn, sample in forged:
        own = {call.reply.text for call in sample.episode.calls if call.role == "policy"}
        assert not any(turn.text in text for text in own)
        for call in sample.outcome.calls:
            shown = "\n".join(message.content for message in call.messages).split("\n")
            assert not any(line.startswith(("USER: f", "Student: f", "- User: f")) for line in shown)


def test_words_that_read_like_an_error_stay_the_words_of_who_said_them(sixty: Run) -> None:
    seats = {met.seat for met in sixty.met if met.fault is Fault.ERROR_TEXT}
    said = {call.role for sample in sixty.samples for call in sample.episode.calls if SAID_ERROR in call.reply.text}
    assert said == seats - {"judge"}


def test_episodes_of_all_tasks_share_one_limit(tmp_path: Path) -> None:
    sound = FaultyServer(dict.fromkeys(SEATS, 0))

    async def slowly(request: web.Request, asked: Json) -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return await sound.answer(request, asked)

    config = EvalConfig(tasks=("humanual-book", "humanual-email"), split="fixture", limit=4, concurrency=6)
    with serving(slowly) as server:
        result = evaluate_at(server.base_url, config, tmp_path)
    assert [row.n_scored for row in result.tasks] == [4, 4]
    assert 4 < server.open_at_most <= 6


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("profile", list(Profile))
def test_five_hundred_episodes(profile: Profile, seed: int, tmp_path: Path) -> None:
    """Four runs of about 130: every fixture in both profiles under two seeds, every fault of every seat."""
    every = {"policy": 12, "partner": 6, "narrator": 3, "director": 3, "judge": 6}
    config = EvalConfig(tasks=TASKS, split="fixture", profile=profile, seeds=(seed,), concurrency=64)
    run = run_against(every, config, tmp_path)
    assert len(run.samples) >= 125
    assert_failures_are_typed_counted_and_unsaid(run, profile)
    for seat in ("policy", "partner", "judge"):
        met = {(one.fault, one.lasting) for one in run.met if one.seat == seat}
        assert met == set(faults_of(seat))
