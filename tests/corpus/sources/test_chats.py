"""Readers of people who talk for its own sake: DialogSum, Topical-Chat, ESConv, Synthetic-Persona-Chat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.dialogsum import DialogSum
from odyssim.corpus.sources.esconv import EsConv
from odyssim.corpus.sources.synthetic_persona_chat import SyntheticPersonaChat
from odyssim.corpus.sources.topical_chat import TopicalChat
from odyssim.errors import DataError
from tests.corpus.sources.fixtures import (
    assert_an_archive_reads_alike,
    read,
    said,
    write_csv,
    write_json,
    write_jsonl,
    write_text,
)
from tests.corpus.sources.published_counts import assert_reads_whole

LATE: dict[str, Any] = {
    "fname": "dev_0",
    "topic": "late again",
    "summary": "#Person1# is fired.",
    "dialogue": "#Person1#: Sorry, I ' m late , I'Ve paid $ 12 .\n#Person2#: The students ' bus ?. . .\n#Person3#: Hi",
}


def dialogsum(root: Path) -> None:
    said_so = LATE | {"fname": "dev_1", "topic": "being late for work", "dialogue": "#Person1#: Being late for work?"}
    write_jsonl(root / "DialogSum_Data/dialogsum.dev.jsonl", [LATE, said_so, LATE | {"fname": "dev_2", "dialogue": ""}])


def test_dialogsum_undoes_the_tokens_and_keeps_the_topic_unless_it_is_said(tmp_path: Path) -> None:
    dialogsum(tmp_path)
    (topical, told), report = read(DialogSum(), tmp_path)
    assert said(topical) == [
        ("Person 1", "Sorry, I'm late, I've paid $12."),
        ("Person 2", "The students ' bus ?. . ."),
        ("Person 3", "Hi"),
    ]
    assert topical.imitated_speakers == ("Person 1", "Person 2", "Person 3")
    assert topical.context is not None
    assert topical.context.scenario == "What it is about: late again."
    assert told.context is None
    assert (topical.source.split, topical.source.original_id) == ("validation", "dev_0")
    assert "fired" not in topical.model_dump_json()
    assert report.skips["no human turn worth imitating"].count == 1


OWLS: dict[str, Any] = {
    "article_url": "https://www.example.com/news/2018/03/04/owls-return-to-the-old-mill/8f1c2d34-11aa_story.html",
    "config": "A",
    "content": [
        {"agent": "agent_1", "message": "do you like owls? ", "sentiment": "Neutral"},
        {"agent": "agent_2", "message": "i do", "sentiment": "Happy"},
        {"agent": "agent_2", "message": "they can turn their heads", "sentiment": "Happy"},
    ],
}


def topical_chat(root: Path) -> None:
    section = {"shortened_wiki_lead_section": 1, "fun_facts": []}
    sections = {"FS1": section | {"entity": "Owl"}, "FS2": section | {"entity": "Mill"}}
    reading_set = {"config": "A", "agent_1": sections, "agent_2": {"FS1": section | {"entity": "Bird"}}}
    write_json(root / "reading_sets/pre-build/valid_freq.json", {"t_1": reading_set})
    write_json(root / "conversations/valid_freq.json", {"t_1": OWLS})
    unread = OWLS | {"config": "C"}
    write_json(root / "conversations/train.json", {"t_2": unread, "t_3": OWLS | {"article_url": "https://x.org/a-b/"}})


def test_each_knows_what_the_own_reading_set_is_about(tmp_path: Path) -> None:
    topical_chat(tmp_path)
    (unread, untitled, read_up), report = read(TopicalChat(), tmp_path)
    assert [speaker for speaker, _ in said(read_up)] == ["Person 1", "Person 2", "Person 2"]
    assert all(turn.human and turn.train for turn in read_up.turns)
    assert read_up.context is not None
    assert read_up.context.scenario.endswith('Both have seen a newspaper article: "owls return to the old mill".')
    assert read_up.context.profiles == {
        "Person 1": "You have read about: Owl, Mill.",
        "Person 2": "You have read about: Bird.",
    }
    assert unread.context is None
    assert untitled.context is None
    assert (unread.source.split, read_up.source.split) == ("train", "validation")
    assert sum(report.records.values()) == 4


TROUBLE: dict[str, Any] = {
    "experience_type": "Current Experience",
    "emotion_type": "anxiety",
    "problem_type": "job crisis",
    "situation": "My shop may close. I am scared to tell my wife about it",
    "survey_score": {"seeker": {"initial_emotion_intensity": "4", "final_emotion_intensity": "1"}, "supporter": {}},
    "dialog": [
        {"speaker": "speaker", "annotation": {}, "content": "i am scared to tell my wife about it\n"},
        {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": "Tell her what is going on?"},
    ],
}
COPIED = "0 0 I am scared to tell my wife about it  EOS 1.0 1 1 [Questions] Tell her what is going on?"
WINDOWS = (
    "1.0 0 0 hi  EOS 1.0 1 1 [Questions] Hello?\n"
    "0.0 0 0 hi EOS 0.0 1 1 [Questions] Hello? EOS 0.0 0 2 [sob] work EOS 1.0 1 3 [Other] I see\n"
    "0.0 0 5 yes EOS 1.0 1 6 Bye\n"
    f"1.0 {COPIED}\n"
    "1.0 1 0 [Other] Good evening EOS 1.0 0 1 hello EOS 1.0 1 2 [Other] So?\n"
)


def esconv(root: Path) -> None:
    write_json(root / "FailedESConv.json", [TROUBLE])
    write_text(root / "codes/dataset/devWithStrategy_short.tsv", WINDOWS)


def test_esconv_gives_the_seeker_the_trouble_and_never_how_it_ended(tmp_path: Path) -> None:
    esconv(tmp_path)
    failed, *_ = read(EsConv(), tmp_path)[0]
    assert said(failed) == [
        ("seeker", "i am scared to tell my wife about it"),
        ("supporter", "Tell her what is going on?"),
    ]
    assert failed.context is not None
    assert failed.context.profiles == {
        "seeker": "Your trouble: job crisis (current experience). What you feel: anxiety. "
        "How strongly, from 1 to 5: 4. My shop may close."
    }
    assert (failed.source.original_id, failed.source.place) == ("failed-1", "FailedESConv.json, record 1")


def test_windows_become_conversations_and_copies_are_skipped(tmp_path: Path) -> None:
    esconv(tmp_path)
    (_, first, second), report = read(EsConv(), tmp_path)
    assert said(first) == [
        ("seeker", "hi"),
        ("supporter", "Hello?"),
        ("seeker", "work"),
        ("supporter", "I see"),
        ("seeker", "yes"),
        ("supporter", "Bye"),
    ]
    assert said(second)[0] == ("supporter", "Good evening")
    assert [first.source.original_id, second.source.original_id] == ["dev-1", "dev-3"]
    assert (first.context, first.source.split) == (None, "validation")
    [skip] = report.skips.values()
    assert skip.first == "codes/dataset/devWithStrategy_short.tsv, line 4"
    assert report.records == {"FailedESConv.json": 1, "codes/dataset/devWithStrategy_short.tsv": 5}


def test_a_window_of_another_shape_is_a_data_error_with_its_line(tmp_path: Path) -> None:
    esconv(tmp_path)
    path = tmp_path / "codes/dataset/devWithStrategy_short.tsv"
    write_text(path, f"{WINDOWS}1.0 9 0 who is this\n")
    with pytest.raises(DataError, match="weight role number text") as caught:
        read(EsConv(), tmp_path)
    assert (caught.value.path, caught.value.line) == (path, 6)


def synthetic_persona_chat(root: Path) -> None:
    write_csv(
        root / "data/Synthetic-Persona-Chat_valid.csv",
        [
            ["user 1 personas", "user 2 personas", "Best Generated Conversation"],
            [
                "I bake.\nI live with two old dogs.",
                "I sail.",
                "* * *\n*User 1:* Hi!\nUser 2: A poem:\n\nThe sea\n[They laugh.]\nUser 1: I live with two old dogs.",
            ],
            ["", "", "User 1: Hey."],
        ],
    )


def test_persona_lines_make_profiles_and_lines_without_a_name_belong_to_the_turn_before(tmp_path: Path) -> None:
    synthetic_persona_chat(tmp_path)
    (first, second), report = read(SyntheticPersonaChat(), tmp_path)
    assert said(first) == [
        ("Person 1", "Hi!"),
        ("Person 2", "A poem:\n\nThe sea"),
        ("Person 1", "I live with two old dogs."),
    ]
    assert first.context is not None
    assert first.context.profiles == {"Person 1": "I bake.", "Person 2": "I sail."}
    assert second.context is None
    assert (first.source.original_id, first.source.split, first.language) == ("valid-1", "validation", "")
    assert SyntheticPersonaChat.card.synthetic
    assert report.records == {"data/Synthetic-Persona-Chat_valid.csv": 2}


BUILT: list[tuple[SourceReader, Callable[[Path], None]]] = [
    (DialogSum(), dialogsum),
    (TopicalChat(), topical_chat),
    (EsConv(), esconv),
    (SyntheticPersonaChat(), synthetic_persona_chat),
]


@pytest.mark.parametrize(("reader", "build"), BUILT)
def test_a_folder_and_an_archive_read_alike(
    reader: SourceReader, build: Callable[[Path], None], tmp_path: Path
) -> None:
    build(tmp_path / "folder")
    assert_an_archive_reads_alike(reader, tmp_path / "folder")


def test_a_missing_file_is_a_data_error_that_names_it(tmp_path: Path) -> None:
    esconv(tmp_path)
    (tmp_path / "FailedESConv.json").unlink()
    with pytest.raises(DataError, match=r"FailedESConv\.json"):
        read(EsConv(), tmp_path)


@pytest.mark.data
@pytest.mark.parametrize("reader", [reader for reader, _ in BUILT], ids=lambda reader: reader.card.id)
def test_the_published_files_are_read_whole(reader: SourceReader, data_root: Path) -> None:
    assert_reads_whole(reader, data_root)
