"""The quality report: floor, ceiling and places between them, planted leaks, diversity, matchers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.ground.diversity import diversity
from odyssim.corpus.ground.matchers import EmbeddingMatcher, JudgeMatcher, Matcher, TfidfMatcher
from odyssim.corpus.ground.quality import NATIVE, QualityReport, WriterQuality, context_quality
from odyssim.corpus.ground.quality_table import quality_table
from odyssim.corpus.ground.specificity import Rate, place
from odyssim.corpus.sources.base import ReadReport
from odyssim.errors import DataError, EndpointDown
from odyssim.models.scripted import Line, Scripted
from odyssim.types import Axis, Interaction, Message, Sampling, SocialContext, Source, Turn

THINGS = """apple boat candle drum engine fiddle goose hammer island jacket kettle ladder mirror needle orchard piano
quilt rabbit saddle tent umbrella violin wagon yacht zebra anchor basket camera dragon eagle falcon garden harbour
igloo jungle kitten lemon magnet nest oyster pepper quarry river spider tunnel valley window yarn acorn
bridge""".split()
PER_SOURCE = 60


def subject(number: int, of: int = 3) -> list[str]:
    return random.Random(number).sample(THINGS, of)


def interaction(source: str, number: int) -> Interaction:
    """A conversation about three things, whose own context names two of them in other words."""
    first, second, third = subject(number)
    said = (
        ("Ana", f"honestly the {first} has been broken since Monday and nobody cares about it at all"),
        ("Ben", f"well you lent me the {second} so I owe you one, shall I have a look at it tonight"),
        ("Ana", f"only if the {third} does not need you more urgently"),
    )
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=True) for speaker, text in said),
        context=SocialContext(
            scenario="Two neighbours write to each other.",
            profiles={"Ana": f"Your {first} gives you trouble.", "Ben": f"There is a {second} that is not yours."},
            goals={"Ana": "Find help.", "Ben": "Be a good neighbour."},
            author="native",
        ),
        source=Source(dataset=source, licence="CC0-1.0", split="train", original_id=str(number)),
        axis=Axis.CONV,
    )


NATIVES = [interaction(source, number) for source in ("letters", "calls") for number in range(PER_SOURCE)]


def rewritten(write: Callable[[Interaction], SocialContext]) -> list[Interaction]:
    return [each.model_copy(update={"context": write(each)}) for each in NATIVES]


def generic(each: Interaction) -> SocialContext:
    return SocialContext(scenario="Two people talk.", author="back_generated", model="m")


def quoting(each: Interaction) -> SocialContext:
    return SocialContext(scenario=" ".join(turn.text for turn in each.turns), author="back_generated", model="m")


def another(each: Interaction) -> SocialContext:
    context = interaction(each.source.dataset, int(each.source.original_id) + 1000).context
    assert context is not None
    return context


def own(each: Interaction) -> SocialContext:
    assert each.context is not None
    return each.context


@cache
def report() -> QualityReport:
    writers = {
        "generic": rewritten(generic),
        "quoting": rewritten(quoting),
        "another": rewritten(another),
        "own": rewritten(own),
        "half": rewritten(own)[: PER_SOURCE // 2],
    }
    return asyncio.run(context_quality(NATIVES, writers, seed=1))


def of_writer(name: str) -> WriterQuality:
    (found,) = (writer for writer in report().writers if writer.writer == name)
    return found


# --- the scale --------------------------------------------------------------------------------------------------


def test_ceiling_and_floor_are_apart_and_the_floor_is_chance() -> None:
    assert report().trustworthy
    for scale in report().calibration:
        assert scale.holds
        assert scale.floor.low < 0.1 < scale.floor.high
        assert scale.ceiling.value > 0.8


def test_every_planted_leak_is_found() -> None:
    assert len(report().planted) >= 3
    assert all(kind.found == kind.planted > 0 for kind in report().planted)


def test_writers_stand_where_they_belong() -> None:
    places = {writer.writer: writer.specificity[0].place for writer in report().writers}
    assert {name for name, where in places.items() if where is None} == set()
    at = {name: where.value for name, where in places.items() if where}
    assert at[NATIVE] == at["own"] == 1.0
    assert abs(at["another"]) < 0.15
    assert abs(at["generic"]) < 0.15
    assert at["quoting"] >= 0.9


def test_a_writer_that_quotes_is_not_rewarded_once_the_quotes_are_gone() -> None:
    quoted = of_writer("quoting")
    as_written, nothing_shared = quoted.specificity
    assert as_written.rate is not None
    assert nothing_shared.rate is not None
    assert as_written.rate.value > 0.9
    assert nothing_shared.rate.high < 0.2
    assert quoted.leaking is not None
    assert (quoted.leaking.value, quoted.leaking.trials) == (1.0, 4 * PER_SOURCE)
    assert quoted.faults == dict.fromkeys(("leak", "verbatim", "outcome"), 2 * PER_SOURCE)
    assert of_writer("own").faults == {}


def test_rows_a_writer_has_not_written_are_counted_and_the_rest_is_judged() -> None:
    half = of_writer("half")
    assert (half.contexts, half.conversations) == (PER_SOURCE // 2, 2 * PER_SOURCE)
    assert half.specificity[0].rate is not None
    assert half.specificity[0].rate.trials == PER_SOURCE // 2
    assert set(half.specificity[0].by_source) == {"letters"}


def test_the_same_seed_gives_the_same_report_and_the_order_of_reading_does_not_matter() -> None:
    again = asyncio.run(context_quality(NATIVES[::-1], {}, seed=1, limit=40))
    assert again == asyncio.run(context_quality(NATIVES, {}, seed=1, limit=40))
    assert again != asyncio.run(context_quality(NATIVES, {}, seed=2, limit=40))
    assert again.conversations == {"calls": 40, "letters": 40}


def test_too_few_conversations_are_refused() -> None:
    with pytest.raises(DataError, match="more than 10"):
        asyncio.run(context_quality(NATIVES[:10], {}, seed=1))


def test_the_report_is_json_and_a_table() -> None:
    assert QualityReport.model_validate_json(report().model_dump_json()) == report()
    table = quality_table(report())
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert sum(row.startswith("| quoting |") for row in rows) == 2
    assert "disjoint" in table
    assert "NOT" not in table


def test_contexts_that_tell_nothing_give_no_scale() -> None:
    blank = [each.model_copy(update={"context": SocialContext(scenario="A chat.")}) for each in NATIVES]
    found = asyncio.run(context_quality(blank, {"own": rewritten(own)}, seed=1))
    assert not found.trustworthy
    assert [view.place for writer in found.writers for view in writer.specificity] == [None] * 4
    assert "NOT disjoint" in quality_table(found)


@pytest.mark.data
def test_the_datasets_own_contexts_stand_clearly_above_the_floor(data_root: Path) -> None:
    readers = [SOURCES["casino"], SOURCES["empathetic_dialogues"]]
    native = [each for reader in readers for each in islice(reader.read(reader.files(data_root), ReadReport()), 900)]
    found = asyncio.run(context_quality(native, {}, seed=0, limit=100))
    assert found.trustworthy
    assert found.writers[0].faults.get("leak", 0) == 0


# --- its parts --------------------------------------------------------------------------------------------------


def test_the_interval_of_a_rate_is_wilsons() -> None:
    found = Rate.of([1.0] * 8 + [0.0] * 2)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert Rate.of([]) is None


@given(st.lists(st.sampled_from([0.0, 0.1, 1.0]), min_size=1, max_size=50))
def test_the_interval_holds_the_rate_and_stays_in_range(successes: list[float]) -> None:
    found = Rate.of(successes)
    assert found is not None
    assert 0.0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1.0


def test_a_place_is_between_floor_and_ceiling_and_its_interval_holds_it() -> None:
    uids = [str(number) for number in range(200)]
    floor = dict.fromkeys(uids, 0.0)
    ceiling = dict.fromkeys(uids, 1.0)
    writer = {uid: float(int(uid) % 4 == 0) for uid in uids}
    where = place(writer, floor, ceiling, seed=0)
    assert where is not None
    assert where.value == 0.25
    assert where.low < 0.25 < where.high
    assert place(writer, floor, floor, seed=0) is None
    assert place({}, floor, ceiling, seed=0) is None


def picks(matcher: Matcher, conversation: str, contexts: Sequence[str]) -> int:
    scores = asyncio.run(matcher.scores(conversation, contexts, 0))
    return int(np.argmax(scores))


def test_tfidf_prefers_the_rare_shared_word_and_reads_chinese() -> None:
    matcher = TfidfMatcher(["the boat and the sea", "the boat", "the goose"])
    assert picks(matcher, "a boat, a goose", ["my boat", "my goose", "my hat"]) == 1
    assert picks(matcher, "我想订酒店", ["去机场的车", "酒店的房间"]) == 1
    assert asyncio.run(matcher.scores("", ["my boat"], 0)) == [0.0]


def test_any_embedding_can_be_the_matcher() -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.floating]:
        return np.array([[text.count("a"), text.count("b")] for text in texts], dtype=float)

    assert picks(EmbeddingMatcher("letters", embed), "bbba", ["aaa", "bb", ""]) == 1


def test_a_judge_can_be_the_matcher_and_its_failures_are_no_picks() -> None:
    def answer(messages: Sequence[Message], sampling: Sampling) -> Line:
        prompt = messages[-1].content
        things = {thing for thing in THINGS if f" {thing} " in prompt.split("</conversation>")[0]}
        scenes = prompt.split("</conversation>")[1].split("Scene ")[1:]
        best = max(scenes, key=lambda scene: sum(f" {thing} " in scene for thing in things))
        return f'{{"number": {best.split(":")[0]}}}'

    judged = asyncio.run(context_quality(NATIVES[:30], {}, seed=0, matcher=JudgeMatcher(Scripted(answer))))
    assert judged.calibration[0].holds
    assert judged.matcher == "judge scripted"
    down = JudgeMatcher(Scripted(lambda messages, sampling: EndpointDown("gone")))
    with pytest.raises(DataError):
        asyncio.run(context_quality(NATIVES[:30], {}, seed=0, matcher=down))


def test_diversity_tells_one_text_many_times_from_many_texts() -> None:
    same = diversity(["two people talk about the weather in town"] * 50)
    different = diversity([" ".join(subject(number, 12)) for number in range(50)])
    assert same is not None
    assert different is not None
    assert (same.shared, different.shared) == (1.0, 0.0)
    assert same.compression < 0.1 < different.compression
    assert all(one < other for one, other in zip(same.distinct[1:], different.distinct[1:], strict=True))
    assert diversity(["alone"]) is None
