"""What is put to the models of a Sotopia scene: the two characters, the judge, the auditor, the writer of hints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from odyssim.tasks.judged import judged
from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.rubrics import sotopia as rubrics
from odyssim.tasks.sotopia_actions import Action, Kind, read_line
from odyssim.tasks.sotopia_scene import SotopiaItem
from odyssim.tasks.sotopia_score import DIMENSIONS
from odyssim.types import Message, Profile, Turn

START: Final = "=== Conversation Start ==="
NOTHING: Final = "(Nothing happened.)"

CHARACTER: Final = """\
You are {name}, in a scene with {other}. Act and speak as {name} would, and go after what {name} wants, which nobody \
else knows. Stay in character from beginning to end. Be natural: do not repeat what either of you has said before."""

TURNS: Final = """\
Whenever it is your turn, do one thing:
- "speak": say something
- "non-verbal communication": a look, a gesture, a posture
- "action": do something
- "leave": end the conversation and go, because you have what you came for, because you see no way to get it, or \
because you have had enough

Answer with one JSON object and nothing else, for example:
{"action_type": "speak", "argument": "what you say, show or do; empty if you leave"}"""

_CODE: Final = re.compile(r"```.*|[\[{]\s*[\"\[{].*|\w+\(.*\)", re.DOTALL)


def character_prompt(item: SotopiaItem, seat: int, profile: Profile, hint: str = "") -> Prompt:
    """What the side in `seat` is told; a `hint` stands last."""
    own, other = item.sides[seat], item.sides[1 - seat]
    told = Prompt(
        sections=(
            Section(text=CHARACTER.format(name=own.name, other=other.name)),
            Section(heading="# The scene", text=item.scenario),
            Section(heading="# Who is there", text=" and ".join(side.name for side in item.sides)),
            Section(heading=f"# {own.name} (you)", text=own.background),
            Section(heading=f"# {other.name}", text=other.seen(profile)),
            Section(heading="# How the two are related", text=item.relationship),
            Section(heading="# What you want (only you know)", text=own.goal),
            Section(heading="# Your turns", text=TURNS),
            Section(heading="# Notes", text=_notes(own.name, hint, profile)),
        )
    )
    return Prompt(system=told.user, sections=(Section(text=START),))


def judge_prompt(item: SotopiaItem, turns: Sequence[Turn], profile: Profile) -> tuple[Message, ...]:
    """What a judge is shown: everything about both sides, and every line but those of nobody doing anything.

    `improved` hides the names and asks for reasons that the evaluated side could read.
    """
    blind = profile is Profile.IMPROVED
    hide = item.names.hide if blind else str
    name, other = hide(item.own.name), hide(item.other.name)
    questions = "\n".join(f"- {key}: {text}" for key, text in rubrics.QUESTIONS.items())
    system = rubrics.JUDGE.replace("{questions}", questions) + (f"\n\n{rubrics.DISCRETION}" if blind else "")
    sections = (
        Section(heading="# The scene", text=hide(item.scenario)),
        Section(heading="# What neither of them is told", text=hide(item.note)),
        Section(heading="# How the two are related", text=hide(item.relationship)),
        Section(heading=f"# {name}", text=hide(item.own.background)),
        Section(heading=f"# What {name} wants", text=hide(item.own.goal)),
        Section(heading=f"# {other}", text=hide(item.other.background)),
        Section(heading=f"# What {other} wants", text=hide(item.other.goal)),
        Section(heading="# The conversation", text=judged(hide(_transcript(turns)))),
    )
    return Prompt(system=system.format(name=name, other=other), sections=sections).messages(profile)


def audit_prompt(words: Sequence[str], profile: Profile) -> tuple[Message, ...]:
    """What an auditor is shown of a character's words."""
    return Prompt(system=rubrics.AUDITOR, sections=(Section(text=judged("\n".join(words))),)).messages(profile)


def hint_prompt(
    item: SotopiaItem,
    turns: Sequence[Turn],
    raw: Mapping[str, float | None],
    reasons: Mapping[str, str],
    profile: Profile,
) -> Prompt:
    """What the writer of a hint is shown; in `improved`, of the partner, only what the character could know."""
    own, other = item.own, item.other
    published = profile is Profile.REFERENCE
    ask = rubrics.ASK_PUBLISHED if published else rubrics.ASK.format(name=own.name, other=other.name)
    # the published transcript names every speaker twice
    transcript = "\n".join(f"{turn.speaker}: {turn.text}" for turn in turns) if published else _transcript(turns)
    sections = (
        Section(heading="# The scene", text=item.scenario),
        Section(heading="# How the two are related", text=item.relationship),
        Section(heading=f"# {own.name}", text=own.background),
        Section(heading=f"# What {own.name} wants", text=own.goal),
        Section(heading=f"# {other.name}", text=other.background if published else other.seen(profile)),
        Section(heading=f"# What {other.name} wants", text=other.goal if published else ""),
        Section(heading="# What happened", text=transcript or NOTHING),
        Section(
            heading=f"# What the judge made of {own.name}",
            text="\n".join(_assessed(name, raw.get(name), reasons.get(name, ""), item) for name in DIMENSIONS),
        ),
    )
    return Prompt(system=rubrics.WRITER.format(name=own.name, other=other.name, ask=ask), sections=sections)


def own_actions(item: SotopiaItem, turns: Sequence[Turn]) -> list[Action]:
    """What the evaluated side did, turn by turn."""
    lines = (read_line(turn.speaker, turn.text) for turn in turns[item.seat :: 2])
    return [action for action in lines if action is not None]


def own_words(actions: Sequence[Action]) -> list[str]:
    """What an auditor reads of a character: not that they left or did nothing, and nothing that is code."""
    told = (action.text for action in actions if action.kind not in (Kind.LEAVE, Kind.NONE))
    return [text for text in told if not _CODE.fullmatch(text.strip())]


def _transcript(turns: Sequence[Turn]) -> str:
    nothing = {turn.speaker: Action(kind=Kind.NONE).line(turn.speaker) for turn in turns}
    return "\n".join(turn.text for turn in turns if turn.text != nothing[turn.speaker]) or NOTHING


def _assessed(name: str, raw: float | None, reason: str, item: SotopiaItem) -> str:
    each = DIMENSIONS[name]
    question = rubrics.QUESTIONS[name].format(name=item.own.name, other=item.other.name)
    number = "" if raw is None else f": {raw:g} ({each.low} to {each.high}; {each.normalised(raw):.2f} of 1)"
    judge = f" The judge: {reason}" if reason else ""
    return f"- {name}{number}, importance {each.importance}. {question}{judge}"


def _notes(name: str, hint: str, profile: Profile) -> str:
    if not hint:
        return ""
    if profile is Profile.IMPROVED:
        return rubrics.NOTES.format(name=name, hint=hint)
    questions = "\n".join(
        f"- {key} ({each.low} to {each.high}): {rubrics.IN_SHORT[key]}" for key, each in DIMENSIONS.items()
    )
    return rubrics.NOTES_PUBLISHED.format(name=name, hint=hint, questions=questions)
