"""What everybody in a CoSER scene is told before it begins: characters, environment, director."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from odyssim.errors import DataError
from odyssim.tasks.coser_scene import CoSERItem
from odyssim.tasks.coser_text import END_CHAT, ENVIRONMENT
from odyssim.tasks.extraction import first_words
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.rubrics.coser import IN_SHORT, NOTES
from odyssim.types import Call, Profile

START: Final = "=== The scene begins ==="
_HINTED_FIELD_WORDS: Final = 1000

_LEAD: Final = 'You are {name}, a character of the book "{book}".'
_PLAY: Final = "Speak and act as this person would in the scene below: with their knowledge, temper and way of talking."
_TURN: Final = "Write the next turn of {name}, and of nobody else: short, at most 60 words, in English."
_WITH_THOUGHTS: Final = """\
What {name} thinks stands in [square brackets]; nobody else can hear it. What {name} does stands in (round brackets); \
everybody can see it. All other words are said aloud.
For example: [She must not find out.] (puts the lid back) There was nothing in it."""
_WITHOUT_THOUGHTS: Final = """\
What {name} does stands in (round brackets); everybody can see it. All other words are said aloud. Write no thoughts.
For example: (puts the lid back) There was nothing in it."""

_NARRATOR: Final = """\
You are the surroundings of a scene from the book "{book}": things, weather, animals, bystanders. When it is your \
turn, tell in one to three vivid sentences what follows from what was just done, or how the crowd takes it. Never \
speak, act or decide for {major}, and do not bring the scene to its end."""

_DIRECTOR: Final = """\
You direct a scene from the book "{book}". After every turn you say who comes next. Names you may give: {names}. \
{environment} stands for the surroundings: call it when something done needs its consequence. Whoever has just spoken \
cannot come next. If anybody could, write random. If the scene has come to its end, write {end}.

Reason in a sentence or two. Then close with one line of this form:
Next Speaker: NAME"""


def character_prompt(item: CoSERItem, name: str, profile: Profile, hint: str = "") -> Prompt:
    """What the policy is told as `name`. With a `hint`, `reference` cuts every field to 1000 words."""
    shortened = bool(hint) and profile is Profile.REFERENCE

    def field(heading: str, text: str) -> Section:
        shown = first_words(text, _HINTED_FIELD_WORDS) if shortened else text
        return Section(heading=heading, text=shown or "", cut=Cut.END)

    others = {other: text for other, text in item.profiles.items() if other != name}
    form = _WITHOUT_THOUGHTS if item.wo_thought else _WITH_THOUGHTS
    return Prompt(
        sections=(
            Section(text=f"{_lead(item, name)} {_PLAY}"),
            field(f"## {name}", item.profiles.get(name, "")),
            field("## The story around the scene", item.plot),
            field("## The scene", item.scenario),
            field("## The others", profiles_shown(others)),
            field("## What moves you", item.motivations.get(name, "")),
            Section(heading="## Form", text=f"{_TURN}\n{form}".format(name=name)),
            Section(heading="## Notes on an earlier try", text=_notes(hint, name)),
        )
    )


def narrator_prompt(item: CoSERItem) -> Prompt:
    """What the environment is told."""
    major = ", ".join(item.major) or ", ".join(item.characters)
    return Prompt(sections=(Section(text=_NARRATOR.format(book=item.book, major=major)), *_setting(item)))


def director_prompt(item: CoSERItem) -> Prompt:
    """What the predictor of the next speaker is told."""
    text = _DIRECTOR.format(book=item.book, names=", ".join(item.names), environment=ENVIRONMENT, end=END_CHAT)
    return Prompt(sections=(Section(text=text), *_setting(item)))


def character_of(item: CoSERItem, call: Call) -> str:
    """Whom the policy played in a call, for sequences that are kept apart or paired by character.

    `DataError` if the call is not one of a character of `item`.
    """
    told = call.messages[0].content if call.messages else ""
    for name in item.characters:
        if _lead(item, name) in told:
            return name
    raise DataError(f"a call of the {call.role} belongs to no character of {item.id}")


def profiles_shown(profiles: Mapping[str, str]) -> str:
    """Names and profiles, a blank line between."""
    return "\n\n".join(f"{name}: {text}" for name, text in profiles.items())


def _lead(item: CoSERItem, name: str) -> str:
    return _LEAD.format(name=name, book=item.book)


def _notes(hint: str, name: str) -> str:
    return f"{IN_SHORT}\n\n{NOTES.format(hint=hint, name=name)}" if hint else ""


def _setting(item: CoSERItem) -> tuple[Section, ...]:
    return (
        Section(heading="## The story around the scene", text=item.plot),
        Section(heading="## The scene", text=item.scenario),
        Section(heading="## Who is there", text=profiles_shown(item.profiles)),
    )
