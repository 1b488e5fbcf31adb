"""What a writer answers: a context, a refusal, or something that is neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError

from odyssim.models.judge import last_json_object
from odyssim.types import Record, Reply, SocialContext, StopReason

_Text = Annotated[str, StringConstraints(strip_whitespace=True)]


class Person(Record):
    """One participant: what this person alone knows and wants before the first turn."""

    speaker: str
    profile: _Text = Field(max_length=800)
    goal: _Text = Field(min_length=1, max_length=800)


class WrittenContext(Record):
    """A context as a model writes it. The lengths, in characters, keep it a scene and not a retelling."""

    scenario: _Text = Field(min_length=1, max_length=1200)
    relationship: _Text = Field(max_length=400)
    people: tuple[Person, ...] = Field(min_length=1)

    def as_context(self, prompt_version: str) -> SocialContext:
        return SocialContext(
            scenario=self.scenario,
            relationship=self.relationship,
            profiles={person.speaker: person.profile for person in self.people if person.profile},
            goals={person.speaker: person.goal for person in self.people},
            author="back_generated",
            prompt_version=prompt_version,
        )


class Refusal(Record):
    """The model would not write a context for this conversation."""

    declined: str


class Malformed(Record):
    """An answer that cannot be used; `complaint` tells the model why, without repeating what it wrote."""

    complaint: str


# How models open a refusal in prose, after which no JSON follows.
_APOLOGIES: Final = (
    "i'm sorry",
    "i am sorry",
    "sorry,",
    "i can't",
    "i cannot",
    "i'm not able",
    "i am not able",
    "i'm unable",
    "i am unable",
    "i won't",
    "i will not",
    "as an ai",
    "unfortunately",
)


def read_answer(reply: Reply, speakers: Sequence[str]) -> WrittenContext | Refusal | Malformed:
    """What `reply` holds: the last JSON object of its text, which must describe exactly `speakers`."""
    found = last_json_object(reply.text)
    if found is None:
        said = reply.text.rpartition("</think>")[2].strip().casefold().replace("’", "'")
        if said.startswith(_APOLOGIES):
            return Refusal(declined=said.splitlines()[0])
        cut = " It was cut off at the length limit." if reply.stop_reason is StopReason.LENGTH else ""
        return Malformed(complaint=f"It did not end in one complete JSON object.{cut}")
    if found.get("declined"):
        return Refusal(declined=str(found["declined"]))
    try:
        written = WrittenContext.model_validate(found)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, problem["loc"])) or "the object"
        return Malformed(complaint=f"{place}: {problem['msg']}.")
    if Counter(person.speaker for person in written.people) != Counter(speakers):
        return Malformed(complaint=f'"people" must hold each of these once, spelled so: {", ".join(speakers)}.')
    return written
