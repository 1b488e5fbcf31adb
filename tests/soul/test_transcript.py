"""An episode to read: seats found by words, thoughts and deeds apart, prompts once, recorded lines marked."""

from __future__ import annotations

import json

from odyssim.errors import Party
from odyssim.models.base import Role
from odyssim.soul.transcript import Line, transcript
from odyssim.types import Call, Episode, EpisodeStop, Failure, Message, Profile, Reply, Sampling, Turn


def call(role: str, said: str, *told: str) -> Call:
    roles = ("system", "user", "user")
    messages = tuple(Message(role=role, content=text) for role, text in zip(roles, told, strict=False))
    return Call(role=role, model=f"model of {role}", messages=messages, sampling=Sampling(), reply=Reply(text=said))


def episode(task: str, turns: list[tuple[str, str]], calls: list[Call]) -> Episode:
    return Episode(
        task=task,
        item_id="1",
        profile=Profile.IMPROVED,
        turns=tuple(Turn(speaker=who, text=text, human=False, train=False) for who, text in turns),
        calls=tuple(calls),
        stop=EpisodeStop.COMPLETED,
    )


def parts(line: Line) -> list[tuple[str, bool]]:
    return [(piece.text, piece.aside) for piece in line.pieces]


def test_a_scene_has_names_seats_deeds_and_words() -> None:
    said = json.dumps({"action_type": "speak", "argument": 'Caf\u00e9 "Oslo"?'})
    done = json.dumps({"action_type": "action", "argument": "puts the kettle on"})
    talk = [
        ("Ana", 'Ana said: "Caf\u00e9 "Oslo"?"'),
        ("Bo", "Bo [action] puts the kettle on"),
        ("Ana", "Ana left the conversation"),
    ]
    calls = [
        call("policy", said, "You are Ana."),
        call("partner", done, "You are Bo."),
        call("policy", "{}", "You are Ana."),
    ]
    read = transcript(episode("sotopia", talk, calls))
    assert [(line.speaker, line.seat) for line in read.lines] == [
        ("Ana", Role.POLICY),
        ("Bo", Role.PARTNER),
        ("Ana", Role.POLICY),
    ]
    assert [parts(line) for line in read.lines] == [
        [('Caf\u00e9 "Oslo"?', False)],
        [("[action] puts the kettle on", True)],
        [("left the conversation", True)],
    ]
    assert [(one.speaker, one.seat, one.messages[0].content) for one in read.briefings] == [
        ("Ana", Role.POLICY, "You are Ana."),
        ("Bo", Role.PARTNER, "You are Bo."),
    ]


def test_lines_from_the_data_are_told_from_what_was_said() -> None:
    talk = [("Ann", "It is late."), ("Ann", "[He lies.] (sits down) I shall wait.")]
    calls = [call("director", "Next Speaker: Ann"), call("policy", "[He lies.] (sits down) I shall wait.")]
    recorded, said = transcript(episode("coser", talk, calls)).lines
    assert (recorded.recorded, said.recorded) == (True, False)
    assert recorded.seat is said.seat is Role.POLICY
    assert (recorded.model, said.model) == ("", "model of policy")
    assert parts(said) == [("[He lies.]", True), ("(sits down)", True), ("I shall wait.", False)]


def test_a_question_is_nobodys_and_stands_once() -> None:
    reply = "<think>A (or B)?</think>(a) it is"
    asked = call("policy", reply, "Be brief.", "Which? (a) one (b) two")
    read = transcript(episode("fantom", [("examiner", "Which? (a) one (b) two"), ("policy", reply)], [asked]))
    question, answer = read.lines
    assert (question.seat, question.recorded, answer.seat) == (None, False, Role.POLICY)
    assert parts(answer) == [("A (or B)?", True), ("(a) it is", False)]
    assert [message.content for message in read.briefings[0].messages] == ["Be brief."]


def test_a_failed_episode_has_no_lines() -> None:
    failed = episode("coser", [], [call("policy", "Good morning.", "You are Ann.")]).model_copy(
        update={
            "stop": EpisodeStop.FAILED,
            "failure": Failure(party=Party.PARTNER, kind="endpoint_down", message="No."),
        }
    )
    read = transcript(failed)
    assert read.lines == ()
    assert [one.speaker for one in read.briefings] == ["policy"]
