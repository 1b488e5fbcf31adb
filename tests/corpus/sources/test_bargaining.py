"""Readers of games in which people bargain and plan: Deal or No Deal, DialOp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.deal_or_no_deal import DealOrNoDeal
from odyssim.corpus.sources.dialop import DialOp
from odyssim.errors import DataError
from odyssim.types import Interaction
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write
from tests.corpus.sources.published_counts import assert_reads_whole

FOLDER = "src/data/negotiate"
HATS = (
    "1 0 4 2 1 2 YOU: all the hats for me , ok ? <eos> THEM: deal <eos> "
    "YOU: <selection> item0=0 item1=4 item2=0 <eos> reward=8 agree 1 4 4 1 1 2",
    "1 4 4 1 1 2 THEM: all the hats for me , ok ? <eos> YOU: deal <eos> "
    "THEM: <selection> item0=1 item1=0 item2=1 <eos> reward=6 agree 1 0 4 2 1 2",
)
ONE_SIDED = (
    "2 1 2 2 2 2 YOU: a book and a ball . <eos> THEM: <selection> item0=1 item1=0 item2=1 <eos> "
    "reward=3 disagree 2 0 2 5 2 0"
)
REFUSED = "3 1 1 1 1 6 THEM: no <eos> YOU: <selection> no agreement <eos> reward=no agreement disagree 3 2 1 1 1 3"
HELD_OUT = (
    "<input> 1 0 4 2 1 2 </input> <dialogue> YOU: all the hats for me , ok ? <eos> THEM: deal <eos> YOU: <selection> "
    "</dialogue> <output> item0=0 item1=4 item2=0 item0=1 item1=0 item2=1 </output> "
    "<partner_input> 1 4 4 1 1 2 </partner_input>"
)


def deals(*lines: str, held_out: str = HELD_OUT) -> Layout:
    return {f"{FOLDER}/data.txt": "\n".join(lines) + "\n", f"{FOLDER}/val.txt": held_out + "\n"}


DEALS = deals(*HATS, ONE_SIDED, REFUSED)


def test_both_sides_of_a_talk_are_one_interaction_that_ends_in_an_act(tmp_path: Path) -> None:
    (hats, *_), report = read(DealOrNoDeal(), write(tmp_path, DEALS))
    assert said(hats) == [
        ("Person 1", "all the hats for me, ok?"),
        ("Person 2", "deal"),
        ("Person 1", "[enters the deal: I get 4 hats; you get 1 book, 1 ball]"),
    ]
    assert hats.imitated_speakers == ("Person 1", "Person 2")
    assert {reason: skip.count for reason, skip in report.skips.items()} == {
        f"stands in {FOLDER}/data.txt as well": 1,
        "the other side of the same dialogue": 1,
    }
    assert report.records == {f"{FOLDER}/val.txt": 1, f"{FOLDER}/data.txt": 4}


def test_what_a_side_entered_is_told_only_where_its_own_line_is_at_hand(tmp_path: Path) -> None:
    (_, one_sided, refused), _ = read(DealOrNoDeal(), write(tmp_path, DEALS))
    assert said(one_sided)[-1] == ("Person 2", "[ends the talk]")
    assert said(refused) == [("Person 1", "no"), ("Person 2", "[ends the talk without a deal]")]


def test_the_validation_file_only_says_which_talks_are_held_out(tmp_path: Path) -> None:
    interactions, _ = read(DealOrNoDeal(), write(tmp_path, DEALS))
    assert [interaction.source.split for interaction in interactions] == ["validation", "train", "train"]
    assert [interaction.source.original_id for interaction in interactions] == ["data-1", "data-3", "data-4"]


def test_each_person_knows_the_pile_and_the_own_points_only(tmp_path: Path) -> None:
    (hats, *_), _ = read(DealOrNoDeal(), write(tmp_path, DEALS))
    assert hats.context is not None
    assert "of books: 1, of hats: 4, of balls: 1" in hats.context.scenario
    assert hats.context.goals == {
        "Person 1": "Points for you, each: book: 0; hat: 2; ball: 2.",
        "Person 2": "Points for you, each: book: 4; hat: 1; ball: 2.",
    }


def test_a_line_of_another_layout_is_a_data_error_with_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path, deals(HATS[0], HATS[1].partition("reward")[0]))
    with pytest.raises(DataError, match="no dialogue of the published layout") as caught:
        read(DealOrNoDeal(), folder)
    assert (caught.value.path, caught.value.line) == (folder / FOLDER / "data.txt", 2)


NUMBERS = st.lists(st.integers(0, 9), min_size=3, max_size=3)
TEXTS = st.lists(st.sampled_from(["hi", "the hats ?", "no deal", "ok , deal"]), min_size=1, max_size=5)


@given(counts=NUMBERS, mine=NUMBERS, theirs=NUMBERS, texts=TEXTS)
def test_the_order_of_the_two_sides_makes_no_difference(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], mine: list[int], theirs: list[int], texts: list[str]
) -> None:
    def view(names: tuple[str, str], own: list[int], other: list[int]) -> str:
        talk = " <eos> ".join(f"{names[index % 2]}: {text}" for index, text in enumerate(texts))
        dealt = [
            " ".join(f"{count} {value}" for count, value in zip(counts, side, strict=True)) for side in (own, other)
        ]
        return (
            f"{dealt[0]} {talk} <eos> {names[len(texts) % 2]}: <selection> no agreement <eos> reward=0 agree {dealt[1]}"
        )

    lines = [view(("YOU", "THEM"), mine, theirs), view(("THEM", "YOU"), theirs, mine)]

    def seen(*ordered: str) -> Interaction:
        [interaction], _ = read(DealOrNoDeal(), write(tmp_path_factory.mktemp("deals"), deals(*ordered)))
        return interaction

    assert seen(*lines) == seen(*reversed(lines))


def message(player: int, text: str, room: int | None = None) -> dict[str, Any]:
    where = {} if room is None else {"vroom": room}
    return {"type": "message", "player": player, "message": {"data": text, "type": "utterance"}, **where}


def answer(player: int, accept: bool, *, logged: int | None = None, room: int | None = None) -> dict[str, Any]:
    where = {} if room is None else {"vroom": room}
    response = {"accept": accept, "from_player": player}
    return {"type": "proposal_response", "player": player if logged is None else logged, "response": response, **where}


def flight(carrier: str, hour: int) -> dict[str, Any]:
    return {
        "carrier": carrier,
        "price": 50,
        "start": f"2023-05-31T{hour:02}:05",
        "end": f"2023-05-31T{hour + 2:02}:05",
        "duration": "2 hr 0 min",
    }


def traveller(carrier: str, hour: int) -> dict[str, Any]:
    meetings = [
        {"start": "2023-06-01T09:00", "end": "2023-06-01T10:30", "importance": 7, "title": ""},
        {"start": "2023-06-02T14:00", "end": "2023-06-02T15:00", "importance": 2, "title": ""},
    ]
    return {
        "role": "human",
        "calendar": meetings,
        "shared_calendar": meetings[:1],
        "flights": [flight(carrier, hour)],
        "price_pref": 12,
        "arrival_time_pref": 3,
        "worker_id": None,
    }


DIALOP: Layout = {
    "data/itinerary.jsonl": [
        {
            "action_log": [
                message(0, "hi! / any cafe?"),
                message(1, "sure"),
                {
                    "type": "proposal",
                    "player": 0,
                    "proposal": [
                        {"type": "event", "name": "Red Cup", "etype": "cafe"},
                        {"type": "travel", "name": "Estimated Travel", "data": "0.4"},
                        None,
                    ],
                    "scores": {"total": 12},
                },
                answer(0, True, logged=1),
            ],
            "events": [
                {"type": "event", "name": "Red Cup", "etype": "cafe", "est_price": 5, "features": {"wifi": True}},
                {
                    "type": "event",
                    "name": "Pit",
                    "etype": "bar",
                    "est_price": 9,
                    "features": {"music": False, "stars": 4},
                },
            ],
            "preferences": [["go to a cafe", 5, "Kind", {}], ["no loud music", 9, "Feature", {}]],
            "result": {"score": 12, "norm": 0.9},
        }
    ],
    "data/mediation.jsonl": [
        {
            "action_log": [
                message(2, "hello A", 0),
                message(2, "hello B", 1),
                message(1, "in the morning please", 1),
                {
                    "type": "proposal",
                    "vroom": None,
                    "proposals": [{"proposal_data": flight("Delta", 8)}, {"proposal_data": flight("United", 13)}],
                },
                answer(0, True, room=0),
                answer(1, False, room=1),
            ],
            "player_data": [traveller("Delta", 8), traveller("United", 13)],
            "result": {"score": -1},
        }
    ],
    "data/optimization.jsonl": [
        {
            "action_log": [
                message(1, "Ann on GLUE?"),
                {
                    "type": "proposal",
                    "player": 0,
                    "proposal": "Proposal:<br/>&emsp; - BLEU: Bo Li<br/>&emsp; - GLUE: Ann Ox",
                },
                answer(1, True),
            ],
            "table": [[7, 76], [14, 10]],
            "result": {"score": 86},
        }
    ],
}


def dialop(tmp_path: Path) -> list[Interaction]:
    return read(DialOp(), write(tmp_path, DIALOP))[0]


def test_only_the_agent_proposes_and_the_traveller_answers_whomever_the_log_names(tmp_path: Path) -> None:
    itinerary, *_ = dialop(tmp_path)
    assert said(itinerary) == [
        ("traveller", "hi!\nany cafe?"),
        ("agent", "sure"),
        ("agent", "[proposes: Red Cup]"),
        ("traveller", "[accepts the proposal]"),
    ]
    assert all(turn.human and turn.train for turn in itinerary.turns)
    assert itinerary.source.original_id == "itinerary-1"


def test_the_agent_knows_the_town_and_the_traveller_the_wishes(tmp_path: Path) -> None:
    itinerary, *_ = dialop(tmp_path)
    assert itinerary.context is not None
    assert set(itinerary.context.profiles) == {"agent"}
    assert itinerary.context.profiles["agent"].endswith(": Red Cup (cafe, $5, wifi); Pit (bar, $9, stars 4).")
    assert itinerary.context.goals == {"traveller": "Wishes: go to a cafe; no loud music."}
    assert "score" not in itinerary.model_dump_json()


def test_each_private_room_is_a_conversation_of_its_own(tmp_path: Path) -> None:
    _, first, second, _ = dialop(tmp_path)
    assert said(first) == [
        ("agent", "hello A"),
        ("agent", "[proposes the $50 Delta flight on Wednesday at 08:05 AM]"),
        ("traveller", "[accepts the proposal]"),
    ]
    assert said(second)[1:] == [
        ("traveller", "in the morning please"),
        ("agent", "[proposes the $50 United flight on Wednesday at 01:05 PM]"),
        ("traveller", "[rejects the proposal]"),
    ]
    assert (first.source.original_id, second.source.original_id) == ("mediation-1-room-0", "mediation-1-room-1")
    assert first.source.split == second.source.split


def test_the_agent_sees_the_flights_and_a_part_of_the_calendar(tmp_path: Path) -> None:
    _, first, _, _ = dialop(tmp_path)
    assert first.context is not None
    profiles = first.context.profiles
    assert profiles["agent"].startswith("Flights for this traveller: Delta $50, Wed May 31 08:05-10:05. ")
    assert "Fri Jun 2 14:00-15:00 (2)" in profiles["traveller"]
    assert "Fri Jun 2" not in profiles["agent"]


def test_matching_names_papers_and_reviewers_but_not_the_matches(tmp_path: Path) -> None:
    *_, matching = dialop(tmp_path)
    assert said(matching)[1] == ("Person 1", "[proposes: BLEU to Bo Li, GLUE to Ann Ox]")
    assert matching.context is not None
    assert matching.context.scenario.endswith("The papers: BLEU; GLUE. The reviewers: Ann Ox; Bo Li.")


def test_an_unknown_player_is_a_data_error_with_its_record(tmp_path: Path) -> None:
    layout = {**DIALOP, "data/optimization.jsonl": [{"action_log": [message(2, "me too")]}]}
    with pytest.raises(DataError, match=r"line 1: .*unknown player 2") as caught:
        read(DialOp(), write(tmp_path, layout))
    assert caught.value.path == tmp_path / "data/optimization.jsonl"


LAYOUTS: list[tuple[SourceReader, Layout]] = [(DealOrNoDeal(), DEALS), (DialOp(), DIALOP)]


@pytest.mark.parametrize(("reader", "layout"), LAYOUTS, ids=[reader.card.id for reader, _ in LAYOUTS])
def test_a_folder_and_its_archive_give_the_same(reader: SourceReader, layout: Layout, tmp_path: Path) -> None:
    assert_an_archive_reads_alike(reader, write(tmp_path / reader.card.id, layout))


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in LAYOUTS], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
