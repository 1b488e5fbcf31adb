"""Back-generation: asking, checking, asking again, dropping, failing, resuming, and what enters a row."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from odyssim.corpus.ground.estimate import estimate
from odyssim.corpus.ground.ground import GroundReport, GroundSettings, ground
from odyssim.corpus.ground.journal import Entry, Journal
from odyssim.corpus.ground.prompt import MAX_PEOPLE, PROMPT_VERSION, context_prompt, described
from odyssim.corpus.ground.schema import Malformed, Refusal, WrittenContext, read_answer
from odyssim.corpus.render import messages_before
from odyssim.corpus.store import read_interactions
from odyssim.errors import ContentFiltered, DataError, EndpointDown, EndpointRefused
from odyssim.models.prices import Price
from odyssim.models.scripted import Line, Scripted
from odyssim.types import (
    Axis,
    Cost,
    Interaction,
    Message,
    Reply,
    Sampling,
    SocialContext,
    Source,
    StopReason,
    Turn,
)

NATIVE = SocialContext(scenario="A kitchen.", goals={"Ana": "Eat."}, author="native")
LEAKING = NATIVE.model_copy(update={"goals": {"Ana": "you hid the sugar again, in chat 1"}})


def talk(number: int, context: SocialContext | None = None) -> Interaction:
    turns = (("Ana", f"you hid the sugar again, in chat {number}"), ("Ben", "behind the flour jar, as you well know"))
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=True) for speaker, text in turns),
        context=context,
        source=Source(dataset="tests", licence="CC0-1.0", split="train", original_id=str(number)),
        axis=Axis.CONV,
    )


def answer(
    scenario: str = "Two people share a kitchen.", ana: str = "Bake something.", ben: str = "Be left alone."
) -> str:
    people = [
        {"speaker": "Ana", "profile": "", "goal": ana},
        {"speaker": "Ben", "profile": "You tidy up.", "goal": ben},
    ]
    return json.dumps({"scenario": scenario, "relationship": "Flatmates.", "people": people})


GOOD = answer()
LEAK = answer(ana="Complain: you hid the sugar again")
REFUSED = '{"declined": "I would rather not."}'


class Answers:
    """A writer that says for each conversation, by its number, the next of its lines; it remembers what was asked."""

    def __init__(self, **lines: Sequence[Line]) -> None:
        self.lines = {number: list(said) for number, said in lines.items()}
        self.asked: list[tuple[str, Sampling, str]] = []

    def __call__(self, messages: Sequence[Message], sampling: Sampling) -> Line:
        prompt = messages[-1].content
        number = prompt.split("in chat ")[1].split()[0]
        self.asked.append((number, sampling, prompt))
        said = self.lines.get(f"c{number}", [GOOD])
        return said.pop(0) if len(said) > 1 else said[0]


def run(
    interactions: Iterable[Interaction], answers: Answers, folder: Path, **settings: object
) -> tuple[GroundReport, list[Interaction]]:
    report = asyncio.run(
        ground(
            interactions,
            Scripted(answers, name="scripted/writer"),
            folder / "grounded.parquet",
            folder / "journal",
            settings=GroundSettings.model_validate({"concurrency": 4, **settings}),
        )
    )
    return report, list(read_interactions(folder / "grounded.parquet"))


# --- one conversation -------------------------------------------------------------------------------------------


def test_a_missing_context_is_written_and_says_who_wrote_it(tmp_path: Path) -> None:
    report, (row,) = run([talk(1)], Answers(), tmp_path)
    assert row.context == SocialContext(
        scenario="Two people share a kitchen.",
        relationship="Flatmates.",
        profiles={"Ben": "You tidy up."},
        goals={"Ana": "Bake something.", "Ben": "Be left alone."},
        author="back_generated",
        model="scripted/writer",
        prompt_version=PROMPT_VERSION,
    )
    assert row.model_copy(update={"context": None}) == talk(1)
    assert (report.written, report.kept, report.dropped, report.complete) == (1, {}, {}, True)


def test_each_speaker_reads_only_the_own_goal(tmp_path: Path) -> None:
    _, (row,) = run([talk(1)], Answers(), tmp_path)
    ana, ben = messages_before(row, 0)[0].content, messages_before(row, 1)[0].content
    assert "Bake something." in ana
    assert "Be left alone." not in ana
    assert "You tidy up." not in ana
    assert "Be left alone." in ben
    assert "You tidy up." in ben
    assert "Bake something." not in ben


def test_a_context_that_came_along_is_kept_unless_it_leaks_or_all_are_rewritten(tmp_path: Path) -> None:
    answers = Answers()
    report, rows = run([talk(1, NATIVE), talk(1, LEAKING)], answers, tmp_path)
    assert [row.context.author for row in rows if row.context] == ["native", "back_generated"]
    assert (report.kept, report.written, report.leaking) == ({"native": 1}, 1, 1)
    report, rows = run([talk(2, NATIVE)], answers, tmp_path, rewrite="all")
    assert [row.context.author for row in rows if row.context] == ["back_generated"]
    assert (report.kept, report.written, report.leaking) == ({}, 1, 0)


@pytest.mark.parametrize(
    ("first", "fault", "told"),
    [
        ("{nonsense", "malformed", "complete JSON object"),
        (answer().replace("Ben", "Bob"), "malformed", "spelled so: Ana, Ben"),
        (answer(scenario=""), "malformed", "scenario"),
        (LEAK, "leak", "Rule 1"),
        (answer(scenario="In the end they hug."), "outcome", "Rule 3"),
    ],
)
def test_a_bad_answer_is_asked_for_again_with_the_broken_rule(
    tmp_path: Path, first: str, fault: str, told: str
) -> None:
    answers = Answers(c7=[first, GOOD])
    report, (row,) = run([talk(7)], answers, tmp_path)
    assert row.context is not None
    assert report.rejected[fault] == 1
    (_, before, prompt), (_, after, again) = answers.asked
    assert before.seed != after.seed
    assert told not in prompt
    assert told in again.split("</transcript>")[1]


def test_a_conversation_whose_contexts_keep_leaking_is_dropped_and_counted(tmp_path: Path) -> None:
    answers = Answers(c7=[LEAK])
    report, rows = run([talk(1), talk(7), talk(2)], answers, tmp_path, attempts=3)
    assert [row.source.original_id for row in rows] == ["1", "2"]
    assert (report.written, report.dropped, report.failed) == (2, {"leak": 1}, {})
    assert report.rejected == {"leak": 3}
    assert len({sampling.seed for number, sampling, _ in answers.asked if number == "7"}) == 3


@pytest.mark.parametrize("refusal", [REFUSED, "I’m sorry, but I can't help with that.", ContentFiltered("filtered")])
def test_a_refusal_is_counted_as_one(tmp_path: Path, refusal: Line) -> None:
    report, rows = run([talk(1)], Answers(c1=[refusal]), tmp_path)
    assert rows == []
    assert (report.dropped, report.rejected, report.failed) == ({"refused": 1}, {"refused": 3}, {})


# --- the answer -------------------------------------------------------------------------------------------------


def test_reasoning_before_the_answer_is_ignored() -> None:
    written = read_answer(Reply(text=f"<think>{{not this}}</think>Here it is:\n```json\n{GOOD}\n```"), ["Ana", "Ben"])
    assert isinstance(written, WrittenContext)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "complete JSON object"),
        (GOOD[:-20], "complete JSON object"),
        ('{"scenario": "A place."}', "relationship: Field required"),
        (GOOD.replace('"relationship"', '"ending": "well", "relationship"'), "ending: Extra inputs"),
        (answer(scenario="x" * 2000), "at most 1200 characters"),
        (answer(ana=""), "at least 1 character"),
    ],
)
def test_what_is_no_context_is_malformed_and_says_why(text: str, complaint: str) -> None:
    found = read_answer(Reply(text=text), ["Ana", "Ben"])
    assert isinstance(found, Malformed)
    assert complaint in found.complaint


def test_an_answer_that_was_cut_off_says_so() -> None:
    found = read_answer(Reply(text=GOOD[:-20], stop_reason=StopReason.LENGTH), ["Ana", "Ben"])
    assert isinstance(found, Malformed)
    assert "length limit" in found.complaint


def test_speakers_must_match_exactly() -> None:
    for speakers in (["Ana"], ["Ana", "Ben", "Cy"], ["Ana", "ben"], ["Ana", "Ben", "Ben"]):
        assert isinstance(read_answer(Reply(text=GOOD), speakers), Malformed)
    assert isinstance(read_answer(Reply(text=GOOD), ["Ben", "Ana"]), WrittenContext)
    assert isinstance(read_answer(Reply(text=REFUSED), ["Ana"]), Refusal)


# --- the prompt -------------------------------------------------------------------------------------------------


def long_talk(*speakers: str, turns: int, text: str = "word " * 20) -> Interaction:
    said = tuple(
        Turn(speaker=speakers[n % len(speakers)], text=f"{n} {text}", human=True, train=True) for n in range(turns)
    )
    return talk(1).model_copy(update={"turns": said})


def test_a_long_conversation_is_shown_by_its_beginning_and_its_end() -> None:
    prompt = context_prompt(long_talk("Ana", "Ben", turns=400), max_chars=4000)[-1].content
    lines = prompt.splitlines()[1:-1]
    (gap,) = [number for number, line in enumerate(lines) if line.startswith("[... ")]
    shown = [int(line.split()[1]) for line in lines[:gap] + lines[gap + 1 :]]
    assert shown == [*range(gap), *range(400 - (len(lines) - gap - 1), 400)]
    assert lines[gap] == f"[... {400 - len(shown)} turns are left out here ...]"
    assert 3000 < sum(map(len, lines)) < 4500
    assert 1.5 < gap / (len(lines) - gap - 1) < 2.5


def test_a_short_conversation_is_shown_whole_and_a_huge_turn_is_cut_inside() -> None:
    whole = context_prompt(talk(1), max_chars=4000)[-1].content
    assert all(turn.text in whole for turn in talk(1).turns)
    huge = context_prompt(long_talk("Ana", turns=1, text="a" * 10**6), max_chars=4000)[-1].content
    assert "[...]" in huge
    assert len(huge) < 2000


def test_a_turn_cannot_pass_for_another() -> None:
    sly = talk(1).model_copy(update={"turns": (Turn(speaker="Ana", text="hi\nBen: I agree", human=True, train=True),)})
    assert "Ana: hi Ben: I agree" in context_prompt(sly, max_chars=4000)[-1].content


def test_only_those_are_described_who_are_heard_and_no_crowd() -> None:
    names = [f"P{n}" for n in range(40)]
    crowd = long_talk(*names, turns=40)
    assert len(described(crowd, 10**6)) == MAX_PEOPLE
    assert set(described(crowd, 1200)) < set(names)
    system = context_prompt(crowd, max_chars=10**6)[0].content
    assert all(f'"speaker": "{name}"' in system for name in described(crowd, 10**6))


# --- failure, interruption, resume ------------------------------------------------------------------------------


def test_a_failed_call_is_no_dropped_row_and_is_asked_for_again(tmp_path: Path) -> None:
    down = Answers(c2=[EndpointDown("nothing answers", hint="start it")])
    report, rows = run([talk(n) for n in range(4)], down, tmp_path)
    assert [row.source.original_id for row in rows] == ["0", "1", "3"]
    assert (report.failed, report.dropped, report.complete) == ({"endpoint_down": 1}, {}, False)
    assert [(failure.kind, failure.hint) for failure in report.failures] == [("endpoint_down", "start it")]

    up = Answers()
    report, rows = run([talk(n) for n in range(4)], up, tmp_path)
    assert [row.source.original_id for row in rows] == ["0", "1", "2", "3"]
    assert [number for number, _, _ in up.asked] == ["2"]
    assert (report.complete, report.written, report.cost.cached_calls, report.cost.calls) == (True, 4, 3, 4)


def test_a_failure_between_attempts_does_not_repeat_the_first_attempt(tmp_path: Path) -> None:
    run([talk(7)], Answers(c7=[LEAK, EndpointDown("gone")]), tmp_path)
    again = Answers(c7=[GOOD])
    report, rows = run([talk(7)], again, tmp_path)
    assert len(again.asked) == len(rows) == 1
    assert "Rule 1" in again.asked[0][2]
    assert report.rejected == {"leak": 1}


def test_an_interrupted_run_asks_nothing_twice(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Interaction]:
        for number in range(30):
            yield talk(number)
        raise KeyboardInterrupt

    first = Answers(c5=[LEAK, GOOD])
    with pytest.raises(KeyboardInterrupt):
        run(interrupted(), first, tmp_path)
    assert not (tmp_path / "grounded.parquet").exists()
    second = Answers(c5=[EndpointDown("must not be asked")])
    report, rows = run([talk(number) for number in range(30)], second, tmp_path)
    assert [row.source.original_id for row in rows] == [str(number) for number in range(30)]
    asked = {number for number, _, _ in first.asked}
    assert asked
    assert not asked & {number for number, _, _ in second.asked}
    assert report.cost.cached_calls == len(first.asked)
    assert report.worth.calls == len(first.asked) + len(second.asked)


def test_equal_conversations_are_asked_for_once(tmp_path: Path) -> None:
    answers = Answers()
    report, rows = run([talk(1), talk(2), talk(1)], answers, tmp_path)
    assert len(rows) == 3
    assert sorted(number for number, _, _ in answers.asked) == ["1", "2"]
    assert (report.cost.calls, report.cost.cached_calls) == (3, 1)


def test_another_seed_asks_anew(tmp_path: Path) -> None:
    run([talk(1)], Answers(), tmp_path)
    answers = Answers()
    run([talk(1)], answers, tmp_path, seed=1)
    assert len(answers.asked) == 1


def test_a_dead_endpoint_is_given_up_and_keeps_what_was_there(tmp_path: Path) -> None:
    run([talk(1)], Answers(), tmp_path)
    dead = Answers(**{f"c{number}": [EndpointDown("gone")] for number in range(2, 500)})
    with pytest.raises(EndpointDown):
        run([talk(number) for number in range(2, 500)], dead, tmp_path, patience=10)
    assert len(dead.asked) < 100
    assert len(list(read_interactions(tmp_path / "grounded.parquet"))) == 1
    with pytest.raises(EndpointRefused):
        run([talk(2)], Answers(c2=[EndpointRefused("bad key")]), tmp_path)


class Slow:
    """A writer whose calls overlap, the first ones longest."""

    name = "scripted/slow"

    def __init__(self) -> None:
        self.open = self.open_at_most = self.said = 0

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        self.open += 1
        self.open_at_most = max(self.open_at_most, self.open)
        await asyncio.sleep(0.02 if self.said < 3 else 0.001)
        self.said += 1
        self.open -= 1
        return Reply(text=GOOD, cost=Cost(calls=1, usd=0.01))

    async def aclose(self) -> None:
        """Nothing to release."""


def test_calls_overlap_within_the_limit_and_the_order_of_the_input_is_kept(tmp_path: Path) -> None:
    slow, taken = Slow(), 0
    lead: list[int] = []

    def watched() -> Iterator[Interaction]:
        nonlocal taken
        for number in range(200):
            taken += 1
            lead.append(taken - slow.said)
            yield talk(number)

    out = tmp_path / "grounded.parquet"
    settings = GroundSettings(concurrency=5)
    report = asyncio.run(ground(watched(), slow, out, tmp_path / "journal", settings=settings))
    assert [row.source.original_id for row in read_interactions(out)] == [str(number) for number in range(200)]
    assert slow.open_at_most == 5
    assert max(lead) <= 4 * 5 + 1
    assert report.cost.usd == pytest.approx(2.0)


# --- the journal ------------------------------------------------------------------------------------------------


def key(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


def test_the_journal_survives_a_cut_off_line_and_damage(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for number in range(3):
            journal.add(Entry(key=key(number), reply=Reply(text=f"reply {number}")))
    path = tmp_path / "replies.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"reply 1", b'reply"1') + lines[2][:-9])
    with Journal(tmp_path) as journal:
        assert journal.find(key(0)) == Entry(key=key(0), reply=Reply(text="reply 0"))
        assert journal.find(key(1)) is None
        assert journal.find(key(2)) is None
        journal.add(Entry(key=key(2), filtered="no"))
        assert journal.find(key(2)) == Entry(key=key(2), filtered="no")
    with Journal(tmp_path) as journal:
        assert journal.find(key(2)) == Entry(key=key(2), filtered="no")


def test_journals_of_several_writers_are_read_together(tmp_path: Path) -> None:
    for name in ("00000", "00001"):
        with Journal(tmp_path, name) as journal:
            journal.add(Entry(key=key(int(name)), reply=Reply(text=name)))
    with Journal(tmp_path) as journal:
        assert [journal.find(key(number)) for number in range(2)] == [
            Entry(key=key(number), reply=Reply(text=f"0000{number}")) for number in range(2)
        ]


def test_a_large_journal_is_found_again_from_its_arrays(tmp_path: Path) -> None:
    count = 70_000  # more than are held in a dictionary
    with (tmp_path / "other.jsonl").open("w") as file:
        file.writelines(f'{{"key":"{key(number)}","filtered":"{number}"}}\n' for number in range(count))
    with Journal(tmp_path) as journal:
        for number in (0, 1, count // 2, count - 1):
            assert journal.find(key(number)) == Entry(key=key(number), filtered=str(number))
        assert journal.find(key(count)) is None


# --- the price --------------------------------------------------------------------------------------------------


def test_the_estimate_counts_what_needs_writing_and_uses_a_pilot(tmp_path: Path) -> None:
    sample = [talk(1), talk(2, NATIVE)]
    price = Price(prompt=1.0, completion=10.0)
    guess = estimate(sample, 1000, "openai-api/m", price=price)
    assert (guess.conversations, guess.basis) == (500, "assumed")
    assert guess.usd == pytest.approx((guess.prompt_tokens + 10 * guess.completion_tokens) / 1e6)
    asked = sum(len(message.content) for message in context_prompt(talk(1), max_chars=16_000))
    assert guess.prompt_tokens == pytest.approx(guess.calls * asked / 4, rel=0.01)

    reply = Reply(text=GOOD, cost=Cost(calls=1, prompt_tokens=900, completion_tokens=300, usd=0.1, seconds=2.0))
    leaky = reply.model_copy(update={"text": LEAK})
    pilot, _ = run([talk(1), talk(7)], Answers(c1=[reply], c7=[leaky, reply]), tmp_path)
    better = estimate(sample, 1000, "openai-api/m", price=price, pilot=pilot, settings=GroundSettings(concurrency=10))
    assert (better.basis, better.calls, better.completion_tokens) == ("pilot", 750, 750 * 300)
    assert better.seconds == pytest.approx(750 * 2.0 / 10)


def test_the_listed_price_is_used_and_an_unlisted_model_has_none() -> None:
    assert estimate([talk(1)], 10, "openai-api/gpt-5-mini").usd is not None
    assert estimate([talk(1)], 10, "openai-api/gpt-5-mini@localhost:8000").usd is None
    assert estimate([talk(1, NATIVE)], 10, "openai-api/gpt-5-mini").usd == 0.0
    with pytest.raises(DataError):
        estimate([], 10, "openai-api/gpt-5-mini")
