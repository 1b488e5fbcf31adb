"""ConvoKit corpora: both layouts, threads, casts and scenes, and corpora too large or too mixed up to hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.sources import convokit, grouping
from odyssim.corpus.sources.base import ReadReport, SourceCard
from odyssim.corpus.sources.convokit import ConvoKit
from odyssim.corpus.sources.convokit_cards import READERS
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.grouping import gathered, in_one_piece
from odyssim.corpus.sources.threads import in_order
from odyssim.errors import DataError
from odyssim.types import Axis, Interaction
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import write

OWN = ConvoKit(
    SourceCard(
        id="club", title="Our club", axes=(Axis.CONV,), licence="unknown", citation="", url="", human="Everybody."
    )
)


def published(name: str) -> ConvoKit:
    return next(reader for reader in READERS if reader.card.id == f"convokit_{name}")


def utterance(id: str, speaker: str, text: str | None, reply_to: str | None = None, **fields: Any) -> dict[str, Any]:
    root = fields.pop("conversation", "u1")
    timestamp, meta = fields.pop("timestamp", None), fields.pop("meta", {})
    return {
        "id": id,
        "speaker": speaker,
        "conversation_id": root,
        "reply_to": reply_to,
        "timestamp": timestamp,
        "text": text,
        "meta": meta,
        "vectors": [],
        **fields,
    }


def wrapped(meta: dict[str, Any]) -> dict[str, Any]:
    return {"meta": meta, "vectors": []}


# --- what is read -----------------------------------------------------------------------------------------------


@pytest.fixture
def talk_page(tmp_path: Path) -> Path:
    """A thread as in Conversations Gone Awry, below the folder that ConvoKit's own zip has inside."""
    header, attack = {"is_section_header": True}, {"is_section_header": False, "comment_has_personal_attack": True}
    utterances = [
        utterance("u1", "Rye_Fan", "== Dates in the lead ==", meta=header, timestamp=1.0),
        utterance("u2", "Rye_Fan", "Should they go? ", "u1", timestamp=2.0),
        utterance("u4", "Crumb", "No, and you know nothing of bread", "u3", timestamp="4", meta=attack),
        utterance("u3", "10.0.0.1", "[deleted]", "u2", timestamp=3.0),
    ]
    told = {"page_title": "Talk:Rye", "split": "val", "conversation_has_personal_attack": True, "pair_id": "x"}
    return write(
        tmp_path / "cga",
        {
            "cga/utterances.jsonl": utterances,
            "cga/conversations.json": {"u1": wrapped(told)},
            "cga/speakers.json": {"Rye_Fan": wrapped({}), "Crumb": wrapped({})},
            "cga/index.json": {"version": 1},
            "cga/corpus.json": {},
        },
    )


def test_a_thread_becomes_a_line_without_what_was_deleted_or_is_a_heading(talk_page: Path) -> None:
    [interaction], report = read(published("conversations-gone-awry-corpus"), talk_page)
    assert said(interaction) == [("Editor 1", "Should they go?"), ("Editor 2", "No, and you know nothing of bread")]
    assert all(turn.human and turn.train for turn in interaction.turns)
    assert (interaction.source.original_id, interaction.source.split) == ("u1", "validation")
    assert interaction.source.place == "cga/utterances.jsonl, line 1"
    assert report.records == {"cga/utterances.jsonl": 4, "cga/conversations.json": 1}


def test_a_scene_is_made_of_what_was_known_before_and_never_of_outcomes(talk_page: Path) -> None:
    [interaction], _ = read(published("conversations-gone-awry-corpus"), talk_page)
    assert interaction.context is not None
    assert interaction.context.scenario == (
        "A discussion among editors of Wikipedia. The page: Talk:Rye. The section: Dates in the lead."
    )
    assert interaction.context.author == "rendered"
    assert interaction.tags == ("safety:personal_attack",)


def test_a_zip_reads_like_the_folder(talk_page: Path) -> None:
    assert_an_archive_reads_alike(published("conversations-gone-awry-corpus"), talk_page)


def test_the_old_layout_reads_like_the_new_one(talk_page: Path, tmp_path: Path) -> None:
    new = talk_page / "cga"
    lines = [json.loads(line) for line in (new / "utterances.jsonl").read_text().splitlines()]
    names = {"speaker": "user", "conversation_id": "root", "reply_to": "reply-to"}
    old = write(
        tmp_path / "old",
        {
            "cga/utterances.json": [{names.get(key, key): value for key, value in line.items()} for line in lines],
            "cga/conversations.json": {"u1": json.loads((new / "conversations.json").read_text())["u1"]["meta"]},
            "cga/users.json": {"Rye_Fan": {}},
        },
    )
    reader = published("conversations-gone-awry-corpus")
    [of_old], [of_new] = read(reader, old)[0], read(reader, talk_page)[0]
    assert (of_old.turns, of_old.context, of_old.tags) == (of_new.turns, of_new.context, of_new.tags)


def test_an_own_corpus_needs_nothing_but_its_utterances(tmp_path: Path) -> None:
    write(tmp_path, {"utterances.jsonl": [utterance("u1", "ana", "hey"), utterance("u2", "ben", "you up?", "u1")]})
    [interaction], _ = read(OWN, tmp_path)
    assert said(interaction) == [("Person 1", "hey"), ("Person 2", "you up?")]
    assert interaction.context is None
    assert interaction.source.dataset == "club"


def test_empty_metadata_and_nulls_are_fine(tmp_path: Path) -> None:
    silent = [
        utterance("u2", "ana", None, conversation="u2"),
        utterance("u3", "ben", "[removed]", "u2", conversation="u2"),
    ]
    alone = {"id": "u1", "speaker": "ana", "text": "hm", "meta": None}
    write(tmp_path, {"utterances.jsonl": [alone, *silent], "conversations.json": "{}", "speakers.json": "{\n}"})
    [interaction], report = read(published("wiki-corpus"), tmp_path)
    assert said(interaction) == [("Editor", "hm")]
    [skip] = report.skips.values()
    assert (skip.reason, skip.count, skip.first) == ("no human turn worth imitating", 1, "utterances.jsonl, line 2")


def test_a_pool_reads_every_corpus_below_it_and_keeps_their_ids_apart(tmp_path: Path) -> None:
    for name in ("chess", "choir"):
        write(tmp_path, {f"{name}/utterances.jsonl": [utterance("u1", "ana", f"who plays {name}?")]})
    interactions, _ = read(published("small-pool"), tmp_path)
    assert [one.source.original_id for one in interactions] == ["chess/u1", "choir/u1"]


# --- casts and scenes of the published corpora --------------------------------------------------------------------


def scene_of(
    name: str,
    folder: Path,
    utterances: list[dict[str, Any]],
    meta: dict[str, Any],
    speakers: dict[str, Any] | None = None,
) -> Interaction:
    layout = {"utterances.jsonl": utterances, "conversations.json": {"u1": meta}, "speakers.json": speakers or {}}
    [interaction], _ = read(published(name), write(folder, layout))
    return interaction


def test_players_and_reporters_know_how_the_match_ended(tmp_path: Path) -> None:
    talk = [utterance("u1", "REPORTER", "Happy?"), utterance("u2", "Ana Ruiz", "Very much.", "u1")]
    meta = {"result": 1, "tournament": "Sandport Open", "stage": "The Final", "player_ranking": 3}
    interaction = scene_of("tennis-corpus", tmp_path, talk, meta)
    assert [turn.speaker for turn in interaction.turns] == ["Reporter", "Player"]
    assert interaction.context is not None
    assert interaction.context.scenario == (
        "A press conference after a match. The tournament: Sandport Open. The round: The Final. "
        "The player has just won."
    )


def test_hosts_and_guests_are_called_by_their_roles(tmp_path: Path) -> None:
    talk = [utterance("u1", "9", "Welcome."), utterance("u2", "4", "Hi.", "u1"), utterance("u3", "5", "Hello.", "u2")]
    speakers = {"9": {"type": "host", "name": "Ana"}, "4": {"type": "guest"}, "5": {"type": "guest"}}
    interaction = scene_of("npr-2p-corpus", tmp_path, talk, {"program": "Day by Day", "title": "Rye"}, speakers)
    assert [turn.speaker for turn in interaction.turns] == ["Host", "Guest 1", "Guest 2"]
    assert "Ana" not in interaction.model_dump_json()


def test_people_on_air_are_one_speaker_by_full_and_by_last_name(tmp_path: Path) -> None:
    ids = ["ANA DE RUIZ, HOST", "BEN COLE (voice-over)", "RUIZ", "BEN COLE, NURSE", "UNIDENTIFIED MALE"]
    talk = [utterance(f"u{n}", id, f"line {n}", f"u{n - 1}" if n > 1 else None) for n, id in enumerate(ids, start=1)]
    meta = {"program": "Tonight", "broadcaster": "CNN", "title": "Night shifts", "summary": "They agree."}
    interaction = scene_of("mediasum-corpus", tmp_path, talk, meta)
    assert [turn.speaker for turn in interaction.turns] == [
        *("Ana De Ruiz", "Ben Cole") * 2,
        "Unidentified Male",
    ]
    assert interaction.context is not None
    assert "agree" not in interaction.context.scenario


def test_members_of_parliament_go_by_their_public_names(tmp_path: Path) -> None:
    talk = [utterance("u1", "person/1", "When?"), utterance("u2", "person/2", "Soon.", "u1")]
    interaction = scene_of("parliament-corpus", tmp_path, talk, {}, {"person/1": wrapped({"name": "Ada McBride"})})
    assert [turn.speaker for turn in interaction.turns] == ["Ada McBride", "Member"]


def test_notes_in_a_script_are_no_lines(tmp_path: Path) -> None:
    talk = [utterance("u1", "TRANSCRIPT_NOTE", "[A door.]"), utterance("u2", "Monica Geller", "Hi.", "u1")]
    interaction = scene_of("friends-corpus", tmp_path, talk, {"season": "s01", "episode": "e02", "scene": "c03"})
    assert said(interaction) == [("Monica Geller", "Hi.")]
    assert interaction.context is not None
    assert "s01e02" in interaction.context.scenario


def test_a_title_that_is_said_again_is_left_out_and_success_never_told(tmp_path: Path) -> None:
    title = "CMV: rye is the best bread there is"
    talk = [utterance("u1", "op", f"{title} by far"), utterance("u2", "b", "no", "u1", meta={"success": 1})]
    meta = {"op-title": title, "op-text-body": "by far", "train": 0, "pair_ids": ["p"]}
    interaction = scene_of("winning-args-corpus", tmp_path, talk, meta)
    assert interaction.context is None
    assert interaction.source.split == "validation"


# --- one line out of a tree ---------------------------------------------------------------------------------------


class Node(NamedTuple):
    id: str
    reply_to: str | None
    time: float | None = None


def order(*nodes: Node) -> str:
    return "".join(node.id for node in in_order(nodes))


@pytest.mark.parametrize(
    ("nodes", "line"),
    [
        ([Node("a", None, 1), Node("b", "a", 3), Node("c", "a", 2)], "acb"),
        ([Node("b", "a", 1), Node("a", None, 9)], "ab"),
        ([Node("a", None), Node("b", "a"), Node("c", "a"), Node("d", "b")], "abcd"),
        ([Node("a", None, 1), Node("b", "gone", 0), Node("c", "a", 2)], "abc"),
        ([Node("a", None, 1), Node("b", "c", 3), Node("c", "b", 2), Node("d", "a", 9)], "adcb"),
        ([Node("a", "b"), Node("b", "a")], "ab"),
        ([Node("a", "a", 1), Node("b", "a", 0)], "ab"),
        ([Node("a", None, 1), Node("b", "a", 5), Node("c", "b"), Node("d", "a", 6)], "abcd"),
        ([], ""),
    ],
    ids=["by time", "root first", "file order", "missing parent", "ring", "ring only", "self", "no time", "nothing"],
)
def test_a_thread_is_told_root_first_and_answers_after_what_they_answer(nodes: list[Node], line: str) -> None:
    assert order(*nodes) == line


@given(st.data())
def test_every_order_of_a_tree_keeps_parents_before_children(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    times = st.none() | st.integers(0, 5).map(float)
    tree = [Node("0", None, data.draw(times))]
    tree += [Node(str(n), str(data.draw(st.integers(0, n - 1))), data.draw(times)) for n in range(1, size)]
    line = in_order(data.draw(st.permutations(tree)))
    place = {node.id: index for index, node in enumerate(line)}
    assert sorted(line) == sorted(tree)
    assert all(place[node.reply_to] < place[node.id] for node in tree if node.reply_to is not None)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdefg") | st.none()), max_size=12))
def test_no_tangle_loses_or_repeats_an_utterance(links: list[tuple[str, str | None]]) -> None:
    nodes = [Node(*link) for link in links]
    assert sorted(in_order(nodes), key=str) == sorted(nodes, key=str)


# --- what does not lie together, and what is large -----------------------------------------------------------------


def test_conversations_that_are_mixed_up_are_brought_together(tmp_path: Path) -> None:
    mixed = [
        utterance(f"{part}{c}", part, f"{part} says {c}", conversation=f"c{c}") for part in "ab" for c in range(40)
    ]
    layout = {
        "utterances.jsonl": mixed,
        "conversations.json": {f"c{c}": {"page_title": f"Page {c}"} for c in range(50)},
    }
    interactions, report = read(published("wiki-corpus"), write(tmp_path, layout))
    assert sorted(one.source.original_id for one in interactions) == sorted(f"c{c}" for c in range(40))
    for one in interactions:
        number = one.source.original_id[1:]
        assert [turn.text for turn in one.turns] == [f"a says {number}", f"b says {number}"]
        assert one.context is not None
        assert f"Page {number}." in one.context.scenario
    assert report.records == {"utterances.jsonl": 80, "conversations.json": 50}


def test_large_metadata_take_the_same_way_to_the_same_result(talk_page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = published("conversations-gone-awry-corpus")
    held = read(reader, talk_page)
    monkeypatch.setattr(convokit, "_SIDE_BYTES", 0)
    assert read(reader, talk_page) == held


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers())), st.integers(1, 4))
def test_gathering_keeps_every_record_in_order_whatever_the_buckets(
    records: list[tuple[str, int]], buckets: int
) -> None:
    groups = list(gathered(iter(records), size=(buckets - 1) * grouping.BUCKET_BYTES))
    assert dict(groups) == {key: [value for other, value in records if other == key] for key, _ in records}
    assert len(groups) == len({key for key, _ in records})


def test_runs_of_keys_are_told_from_scattered_ones() -> None:
    assert in_one_piece([])
    assert in_one_piece(["a", "a", "b"])
    assert not in_one_piece(["a", "b", "a"])


LARGE = """
import json, resource, sys
from pathlib import Path
from odyssim.corpus.sources import grouping
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.convokit_cards import READERS
from odyssim.corpus.sources.files import RawFiles

def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

folder, threads, depth = Path(sys.argv[1]), 20_000, 10
with (folder / "utterances.jsonl").open("w") as file:
    for n in range(depth):
        for thread in range(threads):
            line = {"id": f"{n}-{thread}", "speaker": f"s{n % 3}", "conversation_id": f"0-{thread}", "timestamp": n,
                    "reply_to": f"{n - 1}-{thread}" if n else None, "text": f"{n} and nothing else to say about it"}
            file.write(json.dumps(line) + "\\n")
(folder / "conversations.json").write_text(json.dumps({f"0-{n}": {"page_title": f"Page {n}"} for n in range(threads)}))
grouping.BUCKET_BYTES = 1 << 20
reader = next(reader for reader in READERS if reader.card.id == "convokit_wikiconv-2018")
before = megabytes()
whole = sum(len(one.turns) == depth for one in reader.read(RawFiles(folder), ReadReport()))
print(whole, megabytes() - before)
"""


def test_memory_does_not_grow_with_a_corpus_whose_conversations_are_scattered(tmp_path: Path) -> None:
    """200,000 utterances, which would take about 200 MB as records, go through buckets of 1 MiB."""
    done = subprocess.run([sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True, check=True)
    whole, grown = map(int, done.stdout.split())
    assert whole == 20_000
    assert grown < 40


# --- bad input ------------------------------------------------------------------------------------------------------


def truncated(folder: Path) -> None:
    path = folder / "cga/conversations.json"
    path.write_text(path.read_text()[:-20])


def without_speakers(folder: Path) -> None:
    write(folder, {"cga/utterances.jsonl": [{"id": "u1", "text": "hi"}] * 3})


def of_no_encoding(folder: Path) -> None:
    (folder / "cga/utterances.jsonl").write_bytes(b'{"id": "u1"\n\xff')


def without_utterances(folder: Path) -> None:
    (folder / "cga/utterances.jsonl").unlink()


@pytest.mark.parametrize(
    ("damage", "file", "says"),
    [
        (truncated, "cga/conversations.json", "broken JSON"),
        (without_speakers, "cga/utterances.jsonl", "3 of 3 records are malformed; line 1: speaker: Field required"),
        (of_no_encoding, "cga/utterances.jsonl", "not UTF-8"),
        (without_utterances, "", "there is no utterances.jsonl or utterances.json here"),
    ],
)
def test_a_damaged_corpus_is_a_data_error_with_its_file(
    talk_page: Path, damage: Callable[[Path], None], file: str, says: str
) -> None:
    damage(talk_page)
    with pytest.raises(DataError, match=says) as caught:
        list(published("conversations-gone-awry-corpus").read(RawFiles(talk_page), ReadReport()))
    assert caught.value.path == talk_page / file


def test_a_corpus_that_is_not_there_names_its_page_and_its_place(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        published("friends-corpus").files(tmp_path)
    assert "https://convokit.cornell.edu/documentation/friends.html" in caught.value.hint
    assert "corpus/convokit_friends-corpus" in caught.value.hint
