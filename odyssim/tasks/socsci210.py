"""SocSci210: what did this respondent of a social-science experiment answer? (EVAL).

    prompt     You are 34, live in a small town, ... You read that the council plans a toll for cars. How much do you
               support the plan, from 1 (not at all) to 7 (fully)? Only return an integer, nothing else.
    policy     Somebody who drives to work every day will mind the toll. <answer>2</answer>
    score      0.83: the respondent said 3, and one step of six is 1/6. Yes/no and numbered options: 1 or 0

Source: Kolluri et al. 2025 (arXiv 2509.05830); data socratesft/SocSci210, no licence on its card. A guess in the
middle of the scale earns about 0.7, so read the figures of `diagnostics` beside the score.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final, get_args

from odyssim.tasks.choice import ChoiceTask, Mark
from odyssim.tasks.extraction import final_text, reference_strip_thoughts, reference_tag_text, tag_text
from odyssim.tasks.feedback import Secret
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest, text_of
from odyssim.tasks.rows import Row, as_list
from odyssim.tasks.survey import Kind, Scale, SurveyItem, survey_figures
from odyssim.types import Axis, Outcome, Profile

SYSTEM: Final = (
    "You are shown a respondent of a survey and what they were asked. Predict how this person answered. In one or two "
    "sentences, consider what their background and their political and social views make likely. Then write the "
    "answer alone, a whole number or yes or no as asked, between <answer> and </answer>."
)
_ONLY_RETURN: Final = re.compile(r"\bOnly return\b")
_NOTHING_ELSE: Final = re.compile(r",\s*nothing else(?!\w)\.?")
# Python refuses to read integers of more than 4,300 digits.
_INTEGER: Final = re.compile(r"-?\d{1,4000}")
_WHOLE_NUMBER: Final = re.compile(r"([+-]?\d{1,4000})(?:\.0+)?")
_DECORATION: Final = " \t\r\n*()[]\"'"
_YES_NO: Final = {"yes": 1, "no": 0}
_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in get_args(Kind)}


class SocSciItem(SurveyItem):
    """One answer of one respondent. `part` is what the score averages equally: the study, in `improved`."""

    prompt_text: str
    part: str = ""


class SocSci210(ChoiceTask[SocSciItem]):
    """Individual answers in social-science experiments."""

    name: ClassVar[str] = "socsci210"
    title: ClassVar[str] = "SocSci210"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.EVAL
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("socsci210",), test=("socsci210_val.parquet",), train=("socsci210_rl_2k.parquet",)
    )

    def read(self, row: Row, profile: Profile) -> SocSciItem:
        prompt = row.text("prompt_text") or _first_message(row.info.get("conversations")) or row.need("prompt_text")
        named = row.text("response_type").strip().lower() or "ordinal"
        study, kind = row.text("study_id"), _KINDS.get(named, "ordinal")
        scale = Scale(
            kind,
            low=_number(row, "r_min", 0.0, profile),
            high=_number(row, "r_max", 1.0 if kind == "binary" else 7.0, profile),
        )
        item = SocSciItem(
            **row.identity(study or digest(prompt)),
            prompt_text=prompt,
            scale=scale,
            response=_number(row, "response", None, profile),
            study=study,
            condition=row.text("condition_id"),
            outcome=row.text("outcome_id"),
            part=study if profile is Profile.IMPROVED else "",
        )
        if profile is Profile.IMPROVED:
            if named not in _KINDS:
                row.fail(f"'response_type' is '{named}', none of {', '.join(_KINDS)}")
            if scale.span <= 0:
                row.fail(f"the scale from {scale.low:g} to {scale.high:g} has no width")
            if not (item.response.is_integer() and scale.holds(item.response)):
                row.fail(f"the response {item.response:g} is no point of the scale {scale.low:g} to {scale.high:g}")
        return item

    def prompt(self, item: SocSciItem, profile: Profile) -> Prompt:
        # Who answers stands at the head of the text, the question and its scale at the end.
        return Prompt(system=SYSTEM, sections=(Section(text=inviting(item.prompt_text), cut=Cut.MIDDLE),))

    def mark(self, item: SocSciItem, text: str | None, profile: Profile) -> Mark:
        value = _reference_value(item, text) if profile is Profile.REFERENCE else _value(item, text)
        if value is None:
            return Mark(score=0.0, answer=None, metrics={"out_of_range": 0.0})
        outside = not item.scale.holds(value)
        score = 0.0 if outside and profile is Profile.IMPROVED else item.closeness(value)
        return Mark(score=score, answer=str(value), metrics={"out_of_range": float(outside)})

    def gold_reply(self, item: SocSciItem, profile: Profile) -> str:
        return f"<answer>{int(item.response)}</answer>"

    def secret(self, item: SocSciItem, profile: Profile) -> Secret:
        return Secret(texts=(f"{item.response:g}",))

    def chance(self, item: SocSciItem) -> float | None:
        return item.chance()

    def stratum(self, item: SocSciItem) -> str:
        return item.part

    def facets(self, item: SocSciItem) -> dict[str, str]:
        return {"type": item.scale.kind}

    def diagnostics(self, scored: Sequence[tuple[SocSciItem, Outcome]]) -> dict[str, float]:
        """Means by type of response, and what `survey_figures` computes."""
        return super().diagnostics(scored) | survey_figures(scored)


def inviting(prompt_text: str) -> str:
    """The survey's text, asking for thought and an answer where it asked for the bare answer."""
    return _NOTHING_ELSE.sub(".", _ONLY_RETURN.sub("Think step by step, then answer with", prompt_text))


def _reference_value(item: SocSciItem, text: str | None) -> int | None:
    inside = reference_tag_text(reference_strip_thoughts(text) or "")
    if item.scale.kind == "binary" and inside.lower() in _YES_NO:
        return _YES_NO[inside.lower()]
    return int(inside) if _INTEGER.fullmatch(inside) else None


def _value(item: SocSciItem, text: str | None) -> int | None:
    """The number in the last answer tag; `5.0`, `+5` and `**5**` count as 5, `5/7` and words do not count."""
    inside = (tag_text(final_text(text or "") or "") or "").strip(_DECORATION).rstrip(".").lower()
    if item.scale.kind == "binary" and inside in _YES_NO:
        return _YES_NO[inside]
    number = _WHOLE_NUMBER.fullmatch(inside)
    return int(number[1]) if number else None


def _number(row: Row, key: str, default: float | None, profile: Profile) -> float:
    """A finite number, also in digits. As published, the default is for an absent field only; null is an error."""
    stated = key in row.info if profile is Profile.REFERENCE else bool(row.text(key))
    if not stated and default is not None:
        return default
    value = row.info.get(key)
    try:
        number = float(value) if value is not None else math.nan
    except (TypeError, ValueError):
        number = math.nan
    return number if math.isfinite(number) else row.fail(f"'{key}' is {value!r}, not a number")


def _first_message(conversations: Any) -> str:
    """The text of the first message of the first conversation, where a row has no prompt of its own."""
    found = as_list(conversations)
    while found and isinstance(found[0], list):
        found = found[0]
    if not found or not isinstance(found[0], dict):
        return ""
    return text_of(found[0], "content") or text_of(found[0], "value")
