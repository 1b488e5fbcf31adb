"""Which step of belief a wrong answer to a Hi-ToM question missed: one sentence of feedback that needs no model.

    question   Where does Mia think Noah thinks the plum is?
    answered   blue_crate, where Noah himself thinks it is
    missed     The blue_crate is where Noah thinks the plum is, but Mia had left at sentence 4 and missed that.

The sentence names people, rooms, sentence numbers and the answered place, never the right place or any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from odyssim.tasks.worlds.hitom_solver import (
    Chain,
    Evidence,
    Found,
    Left,
    ParsedStory,
    Placed,
    Told,
    believed_place,
    convinces,
    settling_evidence,
)


def missed_step(story: ParsedStory, thing: str, chain: Chain, answered_place: str | None) -> str:
    """What whoever answered `answered_place` overlooked; for no answer, the first event that decides the question.

    The answered place is recognised as the first of these: where the thing really is, where the inner or the outer
    people of the chain think it is, where somebody said it is, where it once was. Raises `ValueError` for the right
    answer, which missed nothing, and `DataError` for a question that the story leaves open.
    """
    decisive = believed_place(story, thing, chain).evidence
    if answered_place is None:
        hint = _first_step(story, thing, chain, decisive)
        return f"{hint[0].upper()}{hint[1:]}."
    if answered_place == decisive.place:
        raise ValueError(f"'{answered_place}' is the right answer: no step was missed")
    for label, event in _meanings(story, thing, chain):
        if event.place == answered_place:
            return f"The {answered_place} is {label}, but {_objection(story, thing, chain, event, decisive)}."
    return f"Nothing in the story puts the {thing} in the {answered_place}, not even for a while."


def _meanings(story: ParsedStory, thing: str, chain: Chain) -> list[tuple[str, Evidence]]:
    """What a place may stand for, the likeliest confusion first, and the evidence behind each."""
    latest_first = story.evidence(thing)[::-1]
    ends = [chain[start:] for start in range(len(chain) - 1, 0, -1)]
    beginnings = [chain[:stop] for stop in range(1, len(chain))]
    beliefs = [(others, settling_evidence(story, thing, others)) for others in ((), *ends, *beginnings)]
    return [
        *((_belief(thing, others), evidence) for others, evidence in beliefs if evidence is not None),
        *((f"where {e.teller} said that the {thing} is", e) for e in latest_first if isinstance(e, Told)),
        *((f"where the {thing} was at sentence {e.number}", e) for e in latest_first if isinstance(e, Placed)),
    ]


def _belief(thing: str, chain: Chain) -> str:
    return f"where {' thinks '.join(chain)} thinks the {thing} is" if chain else f"where the {thing} really is"


def _objection(story: ParsedStory, thing: str, chain: Chain, evidence: Evidence, decisive: Evidence) -> str:
    """Why the belief asked for does not follow `evidence`."""
    if not chain:
        return _first_step(story, thing, chain, decisive)
    if convinces(evidence, chain):
        return _overtaken(chain, decisive)
    if isinstance(evidence, Told):
        return _unconvincing(chain, evidence)
    left = _exit_before(story, chain, evidence)
    if left is None:
        return "they did not all see that"
    return f"{left.person} had left at sentence {left.number} and missed that"


def _overtaken(chain: Chain, decisive: Evidence) -> str:
    if isinstance(decisive, Told):
        return _trust(chain, decisive)
    return f"{_listed(chain)} saw it elsewhere at sentence {decisive.number}"


def _first_step(story: ParsedStory, thing: str, chain: Chain, decisive: Evidence) -> str:
    """The event that decides the question, without its place."""
    if not chain:
        return f"the question asks where the {thing} was put last, whoever saw it"
    if isinstance(decisive, Told):
        return _trust(chain, decisive)
    for later in story.evidence(thing):
        if isinstance(later, Placed) and later.number > decisive.number:
            left = _exit_before(story, chain, later)
            if left is not None:
                return f"{left.person} left the {left.room} at sentence {left.number} and missed what came after"
    return f"the last that {_listed(chain)} saw of the {thing} was at sentence {decisive.number}"


def _exit_before(story: ParsedStory, chain: Chain, seen: Found | Placed) -> Left | None:
    """The last exit of those in `chain` who were away when the thing was seen; none if they never left a room."""
    away = frozenset(chain) - seen.witnesses
    exits = [event for event in story.events if isinstance(event, Left) and event.person in away]
    return next((event for event in reversed(exits) if event.number < seen.number), None)


def _trust(chain: Chain, told: Told) -> str:
    said = f"what {told.teller} said at sentence {told.number}"
    if chain[0] == told.teller:
        return f"{told.teller} counts on {chain[1]} to believe {said}"
    return f"{chain[0]} trusts {said}, since {told.teller} left later"


def _unconvincing(chain: Chain, told: Told) -> str:
    said = f"what {told.teller} said at sentence {told.number}"
    deaf = next((person for person in chain if person not in told.listeners | {told.teller}), None)
    if deaf is not None:
        return f"{deaf} did not hear {said}"
    if chain == (told.teller,):
        return f"saying so at sentence {told.number} did not change what {told.teller} believes"
    if chain[1:] in ((), (told.teller,)):
        return f"{chain[0]} did not leave before {told.teller} and has no reason to trust {said}"
    return f"{said} does not show {chain[0]} what {' thinks '.join(chain[1:])} thinks"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
