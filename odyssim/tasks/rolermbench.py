"""RoleRMBench: which reply is better role-play? The policy as judge over pairs of replies of one character.

    question 1   the character, the talk so far, Response 1 (preferred by people) and Response 2
                                                                       "... Decision: Response 1"
    question 2   the same with the responses exchanged                 "... Decision: Response 2"
    score        1: the preferred reply won both times; 0: it lost both times; 0.5: all else, also without a decision
    reference    rates each reply alone as well ("... Rating: 7"); its headline is the better of the two settings,
                 chosen on the test data. `improved` judges pairs only: the setting is fixed in advance.

Seven subsets of role-play quality (narrative, scene_transition, ...). The rows come from an envelope file:
`--data FILE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from odyssim.tasks.choice import ChoiceItem, Mark
from odyssim.tasks.extraction import final_text
from odyssim.tasks.judging import JudgingTask, spelt
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rolermbench_score import SUBSETS, Judged, aggregate
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Json, Outcome, Profile

PAIRWISE: Final = 2
TRIES: Final = 3

COMPARE = """\
You judge role-play. Below stand the description of a character, the talk so far, and two responses with which the \
character could go on. Decide which response is the better next turn: true to who the character is and to what has \
happened, responsive to what was just said, within what the description asks for, and worth reading.

The order of the responses means nothing, and neither does their length. Give your reasons first. Then close with \
one line of this form:
Decision: Response 1
or
Decision: Response 2"""

# The published prompt names two scales.
RATE = """\
You judge role-play. Below stand the description of a character, the talk so far, and a response with which the \
character goes on. Rate from 1 to 10 how good a next turn it is: true to who the character is and to what has \
happened, responsive to what was just said, within what the description asks for, and worth reading.

Give your reasons first. Then close with one line of this form, a whole number from 0 to 9:
Rating: 5"""

_REFERENCE_DECISION: Final = re.compile(r"Decision:.*?Response ([12])(?!\w)", re.IGNORECASE | re.DOTALL)
_REFERENCE_RATING: Final = re.compile(r"(?<!\w)(10|[0-9])(?!\w)")
_DECISION_LABEL: Final = re.compile(r"\bdecision\b[\s*_]*:", re.IGNORECASE)
_DECISION: Final = re.compile(r"\bresponse[\s*_\[(#]*([12])(?!\w)", re.IGNORECASE)


class RoleRMItem(ChoiceItem):
    """Two replies of a character. `context` are the published messages; the first one describes the character."""

    context: tuple[Json, ...]
    preferred: str
    dispreferred: str
    subset: str

    @property
    def character(self) -> str:
        """The description of the character."""
        return _content(self.context[0]) if self.context else ""

    @property
    def history(self) -> tuple[Json, ...]:
        """The talk so far: all messages after the first."""
        return self.context[1:]


class RoleRMBench(JudgingTask[RoleRMItem]):
    """The better of two replies of a character."""

    name: ClassVar[str] = "rolermbench"
    title: ClassVar[str] = "RoleRMBench"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.EVAL
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(keys=("rolermbench",))

    def read(self, row: Row, profile: Profile) -> RoleRMItem:
        context = row.objects("context_messages")
        item = RoleRMItem(
            **row.identity(digest("\n".join(map(_content, context)) or str(row.index))),
            context=context,
            preferred=row.need("preferred_response"),
            dispreferred=row.need("dispreferred_response"),
            subset=row.text("subset"),
        )
        if item.subset not in SUBSETS:
            row.fail(f"unknown subset '{item.subset}'")
        if profile is Profile.IMPROVED:
            if not item.character.strip():
                row.fail("'context_messages' does not begin with a description of the character")
            if item.preferred.strip() == item.dispreferred.strip():
                row.fail("the two responses are the same")
        return item

    def questions(self, item: RoleRMItem, profile: Profile) -> list[Prompt]:
        pairs = ((item.preferred, item.dispreferred), (item.dispreferred, item.preferred))
        compared = [
            Prompt(
                system=COMPARE, sections=(*_scene(item, profile), *_responses("Response 1", "Response 2", texts=pair))
            )
            for pair in pairs
        ]
        if profile is Profile.IMPROVED:
            return compared
        rated = [
            Prompt(system=RATE, sections=(*_scene(item, profile), *_responses("Response", texts=(text,))))
            for text in (item.preferred, item.dispreferred)
        ]
        return [*compared, *rated]

    def tries(self, number: int) -> int:
        return TRIES if number < PAIRWISE else 1

    def verdict(self, item: RoleRMItem, number: int, text: str, profile: Profile) -> str | None:
        if number >= PAIRWISE:
            return reference_rating(text)
        return reference_decision(text) if profile is Profile.REFERENCE else read_decision(text)

    def weigh(self, item: RoleRMItem, verdicts: Sequence[str | None], profile: Profile) -> Mark:
        forward, reverse, *ratings = verdicts
        score = pairwise_reward(forward, reverse)
        metrics = {"tied": float(score == 0.5), "pairwise_parse_failure": float(None in (forward, reverse))}
        if ratings:
            metrics["pairwise_reward"] = score
            metrics["rating_reward"] = rating_reward(*ratings)
            metrics["rating_parse_failure"] = float(None in ratings)
        return Mark(score=score, answer=spelt(verdicts), metrics=metrics)

    def gold_replies(self, item: RoleRMItem, profile: Profile) -> list[str]:
        compared = ["Decision: Response 1", "Decision: Response 2"]
        return compared if profile is Profile.IMPROVED else [*compared, "Rating: 9", "Rating: 1"]

    def chance(self, item: RoleRMItem) -> float | None:
        return 0.5

    def facets(self, item: RoleRMItem) -> dict[str, str]:
        return {"subset": item.subset}

    def diagnostics(self, scored: Sequence[tuple[RoleRMItem, Outcome]]) -> dict[str, float]:
        """The published figures where both settings were judged (`reference`), else means by subset."""
        judged = [
            Judged(
                subset=item.subset,
                pairwise=outcome.metrics["pairwise_reward"],
                rating=outcome.metrics["rating_reward"],
                pairwise_parse_failure=bool(outcome.metrics["pairwise_parse_failure"]),
                rating_parse_failure=bool(outcome.metrics["rating_parse_failure"]),
            )
            for item, outcome in scored
            if "rating_reward" in outcome.metrics
        ]
        return aggregate(judged) if judged else super().diagnostics(scored)


def _scene(item: RoleRMItem, profile: Profile) -> Iterable[Section]:
    if profile is Profile.REFERENCE:
        talk = str(list(item.history))
    else:
        talk = "\n\n".join(f"{_speaker(message)}: {_content(message)}" for message in item.history)
    yield Section(heading="# The character", text=item.character)
    yield Section(heading="# The talk so far", text=talk, cut=Cut.START)


def _responses(*headings: str, texts: Sequence[str]) -> Iterable[Section]:
    for heading, text in zip(headings, texts, strict=True):
        yield Section(heading=f"# {heading}", text=text)


def _speaker(message: Json) -> str:
    return "Character" if message.get("role") == "assistant" else "Partner"


def _content(message: Json) -> str:
    return str(message.get("content") or "")


# --- verdicts ---------------------------------------------------------------------------------------------------


def reference_decision(text: str) -> str | None:
    """'1' or '2': the first response named after the first 'Decision:'."""
    found = _REFERENCE_DECISION.search(text)
    return found.group(1) if found else None


def reference_rating(text: str) -> str | None:
    """The last whole number 0-10 that stands alone: '8/10' gives 10, 'score 7 (scale 0-9)' gives 9."""
    found = _REFERENCE_RATING.findall(text)
    return found[-1] if found else None


def read_decision(text: str) -> str | None:
    """'1' or '2': the first response named after the last 'Decision:' of the final text."""
    final = final_text(text) or ""
    labels = list(_DECISION_LABEL.finditer(final))
    found = _DECISION.search(final, labels[-1].end()) if labels else None
    return found.group(1) if found else None


def pairwise_reward(forward: str | None, reverse: str | None) -> float:
    """1 if the preferred response won in both orders ('1' forward, '2' reverse), 0 if it lost in both, else 0.5."""
    return {("1", "2"): 1.0, ("2", "1"): 0.0}.get((forward or "", reverse or ""), 0.5)


def rating_reward(preferred: str | None, dispreferred: str | None) -> float:
    """1 if the preferred response is rated higher, 0 if lower, 0.5 for a tie or a missing rating."""
    if preferred is None or dispreferred is None or int(preferred) == int(dispreferred):
        return 0.5
    return float(int(preferred) > int(dispreferred))
