"""What each hub set's rows become.

The rows are invented, in the published layouts as far as these are known. From memory alone are those of MMToM-QA,
Social IQa, Moral Stories, HumanLLM, SocSci210's chats, DailyDialog's `dialog` lists and the `soc_` sets except
Sotopia-pi; their readers take more than one shape.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from odyssim.corpus.sources.convokit import ConvoKit
from odyssim.corpus.sources.elsewhere import READERS as ELSEWHERE
from odyssim.errors import DataError
from odyssim.types import Interaction
from tests.corpus.sources.fixtures import assert_an_archive_reads_alike, read, said
from tests.corpus.sources.layouts import Layout, write

READERS = {reader.card.id: reader for reader in ELSEWHERE if not isinstance(reader, ConvoKit)}

CHAT = [{"role": "user", "content": "hey"}, {"role": "assistant", "content": "Hello!"}]
WRITTEN = {"messages": [{"role": "system", "content": "A tavern."}, *CHAT]}
POST = [{"role": "p1", "content": "Was I wrong?"}, {"role": "u9", "content": "Hm."}, {"role": "p1", "content": "Well?"}]
HUMANUAL = {"prompt": POST, "completion": "No.", "persona": "Blunt.", "user_id": "u9", "post_id": "p1", "turn_id": 1}
STORY = "1 Ann entered the porch.\n2 The hat is in the box."
RIDDLE = {"premise": "Ann sees that Ben's forehead is muddy.", "hypothesis": "Ben sees it.", "label": "not_entailment"}


def message(id: str, parent: str | None, text: str, **fields: Any) -> dict[str, Any]:
    role = "prompter" if parent is None or parent.startswith("a") else "assistant"
    base = {"message_id": id, "parent_id": parent, "message_tree_id": "t1", "role": role, "text": text, "lang": "en"}
    return {**base, "rank": None, "deleted": False, "synthetic": False, **fields}


TREE = [
    message("a2", "p2", "second best", rank=1),
    message("p2", "a1", "and then?"),
    message("a1", "p1", "First this.", rank=0),
    message("p1", None, "how do I start"),
    message("a9", "p1", "worse", rank=1),
    message("a3", "p2", "best of all", rank=0, deleted=True),
]

PEOPLE = [
    {
        "user_id": "user1",
        "age": "25-34 years old",
        "gender": "Female",
        "location": {"reside_country": "Ghana", "birth_country": "Ghana"},
        "self_description": "I fix boats. I like quiet answers.",
        "system_string": None,
        "stated_prefs": {"values": 20, "factuality": 95, "safety": 40, "fluency": 60},
        "study_id": "secret",
    }
]
TALK = [
    {"turn": 0, "role": "user", "content": "I like quiet answers. Got any?"},
    {"turn": 0, "role": "model", "content": "LOUD", "if_chosen": False},
    {"turn": 0, "role": "model", "content": "Yes.", "if_chosen": True},
    {"turn": 1, "role": "user", "content": "good"},
]

ANN, BEN, WORLD = "Ann Lee", "Ben Ode", "Environment"
EPISODE = {
    "episode_id": "e1",
    "experiment_tag": "sft_round_1_x",
    "scenario": "Two neighbours and one ladder.",
    "agents_background": {ANN: "Ann paints walls.", BEN: "Ben owns the ladder."},
    "social_goals": {ANN: "Borrow it. Keep it for a week.", BEN: "Have it back by noon."},
    "raw_messages": [
        [[WORLD, ANN, "Turn #0"], [ANN, WORLD, 'said: "May I?"'], [BEN, WORLD, "did nothing"]],
        [[ANN, WORLD, "did nothing"], [BEN, WORLD, "[action] hands it over"]],
        [[ANN, WORLD, "left the conversation"], [BEN, WORLD, 'said: "Bye"']],
    ],
}

FANTOM = {
    "set_id": "s1",
    "short_context": "Ann: I bought a boat.",
    "factQA": {"question": "What did Ann buy?", "correct_answer": "A boat.", "wrong_answer": "Nothing."},
    "beliefQAs": [{"question": "What does Ben think?", "correct_answer": "That Ann walks.", "wrong_answer": "?"}],
    "answerabilityQA_list": {"question": "Who knows?", "correct_answer": ["Ann", "Cleo"]},
    "answerabilityQAs_binary": [{"question": "Does Ben know?", "correct_answer": "no"}],
    "infoAccessibilityQA_list": {"question": "Who heard it?", "correct_answer": ["Ann"]},
    "infoAccessibilityQAs_binary": [],
}

FILM = {
    "movie_lines.txt": (
        "L7 +++$+++ u0 +++$+++ m0 +++$+++ ANN +++$+++ They do not!\n"
        "L6 +++$+++ u2 +++$+++ m0 +++$+++ BEN +++$+++ They do to a caf\xe9.\n"
        "L5 +++$+++ u2 +++$+++ m0 +++$+++ BEN +++$+++ \n"
    ).encode("iso-8859-1"),
    "movie_conversations.txt": "u0 +++$+++ u2 +++$+++ m0 +++$+++ ['L6', 'L7', 'L5']\n",
    "movie_titles_metadata.txt": "m0 +++$+++ the long night +++$+++ 1999 +++$+++ 6.9 +++$+++ 62 +++$+++ ['drama']\n",
}

Said = list[tuple[str, str]]


def riddle(asked: str, told: str) -> Said:
    return [("examiner", asked), ("respondent", told)]


SESSION = {"text": "Pick one.\nPress <<F>>.\n3 points.\nPress <<J>>.", "experiment": "e", "participant": 7}
ANSWER = {"prompt": "How likely, 1-7?", "response": 5, "demographic": {"age": 34, "gender": None}, "reasoning": "no"}
CHOICE = {"context": "Ann helped Ben.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c"}
MORAL = {
    "norm": "Give back.",
    "situation": "Ann has a book.",
    "intention": "She wants it.",
    "moral_action": "She returns it.",
    "immoral_action": "She keeps it.",
}
HITOM = {"story": STORY, "question": "Where is it?", "choices": "A. box, B. bag", "answer": "box"}
PROMPT = {"prompt": "\n\nHuman: a\n\nb\n\nAssistant: c\n\nHuman: d\n\nAssistant: ", "source": ["sharegpt"]}
CHATS_ONLY = (
    *("tom_from_coser", "tom_sotopia", "soc_haico", "soc_persona_conflicts", "soc_cornell", "soc_sotopia_tom_silver"),
    "step35_flash_sft",
)

SETS: dict[str, tuple[Layout, Said]] = {
    "wildchat": (
        {"x.jsonl": [{"conversation_hash": "c", "conversation": CHAT}]},
        [("user", "hey"), ("assistant", "Hello!")],
    ),
    "wildchat_v1": (
        {"x.jsonl": [{"conversation_id": "c", "conversation": CHAT, "toxic": False}]},
        [("user", "hey"), ("assistant", "Hello!")],
    ),
    "lmsys": (
        {"x.jsonl": [{"conversation_id": "c", "conversation": CHAT, "redacted": True}]},
        [("user", "hey"), ("assistant", "Hello!")],
    ),
    "alignx": (
        {"x.json": [{"prompt": "how?", "chosen": "So.", "rejected": "No.", "Demographic Information": "A nurse."}]},
        [("user", "how?"), ("assistant", "So.")],
    ),
    "nectar": (
        {"x.jsonl": [PROMPT]},
        [("user", "a\n\nb"), ("assistant", "c"), ("user", "d")],
    ),
    "prism": (
        {
            "survey.jsonl": PEOPLE,
            "conversations.jsonl": [
                {
                    "conversation_id": "c1",
                    "user_id": "user1",
                    "conversation_type": "unguided",
                    "conversation_history": TALK,
                }
            ],
            "utterances.jsonl": [{"utterance_id": "ut1"}],
        },
        [("user", "I like quiet answers. Got any?"), ("assistant", "Yes."), ("user", "good")],
    ),
    "oasst1": (
        {"data/train-0.jsonl": TREE},
        [
            ("prompter", "how do I start"),
            ("assistant", "First this."),
            ("prompter", "and then?"),
            ("assistant", "second best"),
        ],
    ),
    "oasst2": ({"data/train-0.jsonl": TREE[3:4]}, [("prompter", "how do I start")]),
    "studychat": (
        {
            "data.jsonl": [
                {"chatId": "s1", "interactionCount": 1, "prompt": "why", "response": "Because.", "topic": "a2"},
                {"chatId": "s2", "interactionCount": 0, "prompt": None, "response": "Hi!", "topic": "a1"},
                {"chatId": "s1", "interactionCount": 0, "prompt": "fix this", "response": "Done.", "topic": "a2"},
            ],
            "v1/grades.json": [{"userId": "x"}],
        },
        [("student", "fix this"), ("assistant", "Done."), ("student", "why"), ("assistant", "Because.")],
    ),
    "education_dialogue": (
        {
            "conversations_train1.json": [
                {
                    "background_info": {
                        "topic": "tides",
                        "student_prefrences": "Likes drawings.",
                        "student_reactions": "Gets it at last.",
                    },
                    "conversation": [{"role": "Teacher", "text": "Ready?"}, {"role": "Student", "text": "Go on."}],
                }
            ]
        },
        [("teacher", "Ready?"), ("student", "Go on.")],
    ),
    "dailydialog": (
        {
            "data/dialogues.json": [
                {
                    "dialogue_id": "d0",
                    "data_split": "test",
                    "domains": ["ordinary_life"],
                    "turns": [{"speaker": "user", "utterance": "Busy?"}, {"speaker": "system", "utterance": "Always."}],
                }
            ],
            "data/ontology.json": {"domains": {}},
        },
        [("Person 1", "Busy?"), ("Person 2", "Always.")],
    ),
    "cornell_movie": (FILM, [("Ben", "They do to a café."), ("Ann", "They do not!")]),
    **{
        f"humanual_{kind}": (
            {"train.jsonl": [HUMANUAL]},
            [("other", "Was I wrong?"), ("person", "Hm."), ("other", "Well?"), ("person", "No.")],
        )
        for kind in ("book", "chat", "email", "news", "opinion", "politics")
    },
    "psych101": (
        {"x.jsonl": [SESSION]},
        [
            ("experiment", "Pick one.\nPress"),
            ("participant", "F"),
            ("experiment", "3 points.\nPress"),
            ("participant", "J"),
        ],
    ),
    "socsci210": (
        {"data/train-0.jsonl": [ANSWER]},
        [("survey", "How likely, 1-7?"), ("participant", "5")],
    ),
    "human_llm": (
        {"x.jsonl": [{"instruction": "Write as u1.", "output": "meh"}]},
        [("partner", "Write as u1."), ("person", "meh")],
    ),
    "tom_fantom": ({"x.json": [FANTOM]}, riddle("Ann: I bought a boat.\n\nWhat did Ann buy?", "A boat.")),
    "tom_hitom": (
        {"Hi-ToM_data.json": {"data": [HITOM]}},
        riddle(f"{STORY}\n\nWhere is it?\n\nA. box, B. bag", "box"),
    ),
    "tom_paratomi": (
        {"x.jsonl": [{"story": STORY, "question": "Where is it?", "correct_answer": "box", "cands": ["box", "bag"]}]},
        riddle(f"{STORY}\n\nWhere is it? (box or bag)", "box"),
    ),
    "tom_mmtom": (
        {"questions.json": '{"question": "Which? (a) x (b) y", "answer": "b"}\n'},
        riddle("Which? (a) x (b) y", "b"),
    ),
    "tom_socialiqa": (
        {"x.jsonl": [{**CHOICE, "label": "2"}]},
        riddle("Ann helped Ben. Why?\nA. a\nB. b\nC. c", "B. b"),
    ),
    "tom_mindgames": ({"x.jsonl": [RIDDLE]}, riddle(f"{RIDDLE['premise']}\n\nDoes it follow? Ben sees it.", "No.")),
    "tom_tominli": (
        {"x.jsonl": [{**RIDDLE, "label": "entailment"}]},
        riddle(f"{RIDDLE['premise']}\n\nDoes it follow? Ben sees it.", "Yes."),
    ),
    "tom_moralstories": (
        {"x.jsonl": [MORAL]},
        riddle(
            "Ann has a book. She wants it.\n\nThink of this: Give back. What is the right thing to do?",
            "She returns it.",
        ),
    ),
    "tom_grimulkan": (
        {"x.json": [{"instruction": "Who knows?", "input": "", "output": "Ann."}]},
        [("partner", "Who knows?"), ("person", "Ann.")],
    ),
    "tom_characterllm": (
        {"prompted/x.jsonl": [{"prompt": "Act as Ann.", "output": "Ann (speaking): hi"}]},
        [("partner", "Act as Ann."), ("person", "Ann (speaking): hi")],
    ),
    "soc_sotopia_pi_bc": (
        {"sotopia_pi_episodes.jsonl": [EPISODE, {**EPISODE, "episode_id": "e2", "experiment_tag": "gpt-4_test"}]},
        [("Ann Lee", "May I?"), ("Ben Ode", "[action] hands it over"), ("Ann Lee", "[leaves]"), ("Ben Ode", "Bye")],
    ),
    "rm_r1_sft": ({"x.jsonl": [WRITTEN]}, [("partner", "hey"), ("person", "Hello!")]),
    **{name: ({"x.jsonl": [WRITTEN]}, [("partner", "hey"), ("person", "Hello!")]) for name in CHATS_ONLY},
}


def first(name: str, folder: Path) -> Interaction:
    interactions, _ = read(READERS[name], write(folder, SETS[name][0]))
    return interactions[0]


def test_every_set_has_an_example() -> None:
    assert set(SETS) == set(READERS)


@pytest.mark.parametrize("name", SETS)
def test_a_row_becomes_what_was_said(name: str, tmp_path: Path) -> None:
    interaction = first(name, tmp_path / "files")
    assert said(interaction) == SETS[name][1]
    assert interaction.source.dataset == name
    if READERS[name].card.imitated:
        assert set(interaction.imitated_speakers) == set(READERS[name].card.imitated)
    assert all(turn.human or not turn.train for turn in interaction.turns)
    assert_an_archive_reads_alike(READERS[name], tmp_path / "files")


@pytest.mark.parametrize(
    ("name", "speaker", "scenario", "profile", "goal"),
    [
        ("alignx", "user", "", "A nurse.", ""),
        (
            "prism",
            "user",
            "",
            "Age: 25-34 years old. Gender: Female. Country: Ghana. I fix boats. "
            "Matters to you in an assistant: factuality, fluency, safety.",
            "Talk with the assistant about anything you like.",
        ),
        (
            "studychat",
            "student",
            "A university course on artificial intelligence. The student works on assignment 2 and may ask "
            "an assistant.",
            "",
            "",
        ),
        ("education_dialogue", "student", "A lesson on: tides.", "Likes drawings.", ""),
        ("dailydialog", "Person 1", "Two people talk. The topic: ordinary life.", "", ""),
        ("cornell_movie", "Ann", "A scene of the film The Long Night (1999).", "", ""),
        ("humanual_opinion", "person", "", "Blunt.", ""),
        ("socsci210", "participant", "An online survey.", "age: 34.", ""),
        ("soc_haico", "person", "A tavern.", "", ""),
        (
            "soc_sotopia_pi_bc",
            "Ann Lee",
            "Two neighbours and one ladder.",
            "Ann paints walls.",
            "Borrow it. Keep it for a week.",
        ),
    ],
)
def test_a_context_is_what_the_person_knew_and_did_not_say(
    name: str, speaker: str, scenario: str, profile: str, goal: str, tmp_path: Path
) -> None:
    context = first(name, tmp_path).context
    assert context is not None
    own = (context.scenario, context.profiles.get(speaker, ""), context.goals.get(speaker, ""))
    assert own == (scenario, profile, goal)


def test_who_is_a_machine_is_not_imitated(tmp_path: Path) -> None:
    evolved = {"prompt": "\n\nHuman: Write a plan.\n\nAssistant: ", "source": ["evol_instruct"]}
    interactions, report = read(READERS["nectar"], write(tmp_path / "nectar", {"x.jsonl": [evolved]}))
    assert interactions == []
    assert list(report.skips) == ["no human turn worth imitating"]
    synthetic = write(tmp_path / "oasst", {"x.jsonl": [message("p1", None, "hi", synthetic=True)]})
    assert read(READERS["oasst1"], synthetic)[0] == []


def test_volunteers_who_answer_are_people_but_not_imitated(tmp_path: Path) -> None:
    turns = first("oasst1", tmp_path).turns
    assert [(turn.human, turn.train) for turn in turns] == [(True, True), (True, False)] * 2


def test_a_tree_without_a_root_is_a_counted_skip(tmp_path: Path) -> None:
    rows = [message("p1", None, "hi", deleted=True), message("a1", "p1", "Hello!")]
    interactions, report = read(READERS["oasst2"], write(tmp_path, {"x.jsonl": rows}))
    assert interactions == []
    assert report.skips["no root that was not deleted"].first == "x.jsonl, line 1"


def test_every_question_of_fantom_is_asked_once(tmp_path: Path) -> None:
    interactions, _ = read(READERS["tom_fantom"], write(tmp_path, {"x.json": [FANTOM]}))
    assert [one.turns[1].text for one in interactions] == ["A boat.", "Ann, Cleo", "Ann", "That Ann walks.", "no"]
    assert [one.source.original_id for one in interactions] == [f"s1-{number}" for number in range(1, 6)]


def test_published_splits_are_kept_where_rows_or_files_tell_them(tmp_path: Path) -> None:
    assert first("dailydialog", tmp_path / "daily").source.split == "validation"
    files = {f"{split}.jsonl": [HUMANUAL] for split in ("train", "val", "seen_test", "unseen_test")}
    interactions, _ = read(READERS["humanual_book"], write(tmp_path / "humanual", files))
    splits = {one.source.place.partition(".")[0]: one.source.split for one in interactions}
    assert splits.pop("train") == "train"
    assert set(splits.values()) == {"validation"}


def test_only_marked_spans_of_an_experiment_are_the_participant_s(tmp_path: Path) -> None:
    row = {"text": "<<A>><<B>> then << open", "experiment": "e", "participant": "1"}
    interactions, _ = read(READERS["psych101"], write(tmp_path, {"x.jsonl": [row]}))
    assert said(interactions[0]) == [("participant", "A"), ("participant", "B"), ("experiment", "then << open")]
    assert interactions[0].source.original_id == "e:1"


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("dailydialog", {"dialog": ["Busy?", "Always."]}, [("Person 1", "Busy?"), ("Person 2", "Always.")]),
        (
            "socsci210",
            {"conversations": [{"from": "human", "value": "How?"}, {"from": "gpt", "value": "5"}]},
            [("survey", "How?"), ("participant", "5")],
        ),
        ("humanual_news", {"prompt": "A video.", "completion": "first"}, [("other", "A video."), ("person", "first")]),
        (
            "humanual_chat",
            {"prompt": [*CHAT, {"role": "user", "content": "so?"}, CHAT[1]], "completion": "bye"},
            [("person", "hey"), ("assistant", "Hello!"), ("person", "so?"), ("assistant", "Hello!"), ("person", "bye")],
        ),
        (
            "human_llm",
            {
                "conversations": [
                    {"from": "system", "value": "s"},
                    {"from": "user", "value": "a"},
                    {"from": "assistant", "value": "b"},
                ]
            },
            [("partner", "a"), ("person", "b")],
        ),
        ("human_llm", {"question": "a", "system": "s", "answer": 3}, [("partner", "a"), ("person", "3")]),
    ],
)
def test_other_shapes_of_a_row_are_known(name: str, row: dict[str, Any], expected: Said, tmp_path: Path) -> None:
    interactions, _ = read(READERS[name], write(tmp_path, {"x.jsonl": [row]}))
    assert said(interactions[0]) == expected


@pytest.mark.parametrize(
    ("name", "layout", "says"),
    [
        ("prism", {"conversations.jsonl": [{}]}, r"nothing here is called '\*\*/survey.jsonl'"),
        ("oasst1", {"x.jsonl": [message("p1", None, "hi", role="robot")]}, "role: Input should be 'prompter'"),
        (
            "human_llm",
            {"x.jsonl": [{"user": "u1", "text": "hi"}]},
            "expected a chat, or an instruction and its answer; found user, text",
        ),
        ("cornell_movie", {**FILM, "movie_lines.txt": "L7 +++$+++ u0 +++$+++ m0\n"}, "line 1: 3 fields, not 5"),
        ("cornell_movie", {"movie_lines.txt": ""}, "movie_titles_metadata.txt"),
        ("tom_hitom", {"x.json": {"rows": []}}, "no JSON list at data"),
        ("soc_sotopia_pi_bc", {"x.jsonl": [{"episode_id": "e1"}]}, "expected the columns scenario, agents_background"),
    ],
)
def test_what_is_not_the_set_is_a_data_error(name: str, layout: Layout, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        read(READERS[name], write(tmp_path, layout))


def test_a_film_s_missing_line_is_a_counted_skip(tmp_path: Path) -> None:
    talk = FILM["movie_conversations.txt"]
    assert isinstance(talk, str)
    films = {**FILM, "movie_conversations.txt": talk + talk.replace("L7", "L8")}
    interactions, report = read(READERS["cornell_movie"], write(tmp_path, films))
    assert len(interactions) == 1
    assert report.skips["a line of the conversation is missing"].first == "movie_conversations.txt, line 2: L8"
