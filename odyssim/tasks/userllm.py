"""UserLLM: be the user. One next message to an AI system, for a goal, after the talk so far (CONV).

    goal       compare electric cars under 30k
    history    (none: the first message)
    policy     whats a decent electric car for under 30 grand
    judge      "one thing asked, the way people type"   human 0.9
    score      0.95 = (1 for as much of the goal as people put into a first message + 0.9) / 2

Three sub-suites: PRISM (open talk; where the person stopped, only `<|endconversation|>` scores), CommonsenseQA (stay
the one who asks: name no option, or all), Natural Questions (keep to the question when the system suggests another).
`reference` adds the overlap with the goal to the reward; in `improved` it has to be where people's is, and an end that
is due, or not, decides alone. Sources: Naous et al. 2025, "Flipping the Dialogue" (arXiv 2510.06552).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from odyssim.models.base import Floor, Role
from odyssim.tasks.base import Played
from odyssim.tasks.extraction import last_words
from odyssim.tasks.feedback import Flow
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.judged import judged
from odyssim.tasks.panel import ask_panel
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.rows import Row
from odyssim.tasks.rubrics import userllm as rubric
from odyssim.tasks.stage import Part
from odyssim.tasks.userllm_corpus import corpus_figures
from odyssim.tasks.userllm_hint import rule_hint
from odyssim.tasks.userllm_record import Suite, UserLLMItem, read_item
from odyssim.tasks.userllm_score import (
    END,
    PARTS,
    Said,
    asks_judge,
    improved_scores,
    reference_asks_judge,
    reference_scores,
    said,
    visible,
)
from odyssim.types import Axis, Episode, EpisodeStop, Json, Outcome, Profile, StopReason, Turn

USER: Final = "user"
HINTED_HISTORY_WORDS: Final = 2000
RULE: Final = "-" * 20

PERSON: Final = """\
You are a person who talks to an AI system because you want something from it. What you want:
{intent}

Write as such a person types. People make typos, do not care much about punctuation and capitals, and are lazy: they \
write as little as will do. They do not say everything at once but bring it up bit by bit. All of this comes by \
itself; do not overdo it."""

FIRST: Final = "Write the message with which you open the talk, and nothing else."
NEXT: Final = f"""\
If you have what you wanted, reply with {END} and with nothing else. Otherwise write your next message, and nothing \
else."""


JUDGED_BY: Final[dict[tuple[Profile, Suite], tuple[str, type[rubric.Verdict]]]] = {
    (Profile.REFERENCE, Suite.PRISM): (rubric.PERSON_LABEL, rubric.PersonLabel),
    (Profile.REFERENCE, Suite.NQ): (rubric.QUESTION_LABEL, rubric.QuestionLabel),
    (Profile.IMPROVED, Suite.PRISM): (rubric.PERSON, rubric.Person),
    (Profile.IMPROVED, Suite.NQ): (rubric.QUESTION, rubric.Question),
}
"""What the judge is told, and the shape of its verdict. CSQA needs no judge."""


class UserLLM(GenerativeTask[UserLLMItem]):
    """The next message of a user."""

    name: ClassVar[str] = "userllm"
    title: ClassVar[str] = "UserLLM"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.CONV
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("userllm",), test=("userllm_val.parquet",), train=("userllm_rl_train.parquet",)
    )
    published_flow: ClassVar[Flow] = Flow(tries_without_hint=True)

    def read(self, row: Row, profile: Profile) -> UserLLMItem:
        return read_item(row, profile)

    def first_prompt(self, item: UserLLMItem, profile: Profile, hint: str = "") -> Prompt:
        """What the user is told; of a hinted attempt, as published, with a shorter history and a private note."""
        published_hint = hint if profile is Profile.REFERENCE else ""
        history = (last_words(item.history, HINTED_HISTORY_WORDS) or "") if published_hint else item.history
        prompt = Prompt(
            sections=(
                Section(text=PERSON.format(intent=item.intent)),
                Section(text="" if item.first_turn else f"The talk so far:\n{RULE}"),
                Section(text="" if item.first_turn else history or "(nothing)", cut=Cut.START),
                Section(text=FIRST if item.first_turn else f"{RULE}\n{NEXT}"),
                Section(text=_private(item) if published_hint else ""),
                Section(text=f"{RULE}\n{hint}\n{RULE}" if published_hint else ""),
            )
        )
        if hint and profile is Profile.IMPROVED:
            return prompt.with_hint(hint, before="", lead="Keep in mind:")
        return prompt

    async def converse(self, item: UserLLMItem, floor: Floor, profile: Profile, hint: str = "") -> Played:
        stage = self.stage(item, floor, profile)
        user = Part(USER, Role.POLICY)
        user.hear(self.opening(item, profile, hint, floor.cast)[-1].content)
        text = visible(await stage.speak(user) or "", profile)
        cut_off = floor.calls[-1].reply.stop_reason is StopReason.LENGTH
        stop = EpisodeStop.LENGTH if cut_off else EpisodeStop.COMPLETED
        return Played(
            turns=(Turn(speaker=USER, text=text, human=False, train=False),),
            stop=EpisodeStop.LEFT if said(text, profile).ended else stop,
        )

    async def grade(self, item: UserLLMItem, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        """Metric `ended`: 1 if the turn ends the talk. The other metrics are the parts of the score."""
        turn = said(episode.turns[-1].text, profile)
        reference = profile is Profile.REFERENCE
        asks, scored = (reference_asks_judge, reference_scores) if reference else (asks_judge, improved_scores)
        value, critique = None, {}
        if item.suite is not None and asks(item, turn):
            text, verdict_type = JUDGED_BY[profile, item.suite]
            asked = _evidence(item, turn, text).messages(profile)
            panel = await ask_panel(floor, asked, verdict_type, profile, self.name, item.id)
            value = panel.mean(lambda verdict: verdict.value)
            critique = {item.suite.value: reasons} if (reasons := panel.reasons(lambda verdict: verdict.why)) else {}
        scores = scored(item, turn, value)
        metrics = {**scores.parts, "ended": float(turn.ended)}
        return Outcome(score=scores.score, metrics=metrics, critique=critique, answer=turn.text or None)

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """Always: the rules decide whether there is anything to say."""
        return outcome.score is not None

    def rule_hint(self, item: UserLLMItem, episode: Episode, outcome: Outcome, profile: Profile) -> str:
        return rule_hint(item, outcome.answer or "", outcome.score or 0.0, outcome.metrics, profile)

    def facets(self, item: UserLLMItem) -> dict[str, str]:
        turn = "first" if item.first_turn else "last" if item.last_turn else "later"
        return {"suite": item.suite.value if item.suite else "unknown", "turn": turn}

    def diagnostics(self, scored: Sequence[tuple[UserLLMItem, Outcome]]) -> dict[str, float]:
        """Means by facet, and the published figures over the corpus as far as there are values."""
        figures = corpus_figures(_case(item, outcome) for item, outcome in scored)
        known = {name: value for name, value in figures.items() if value is not None}
        return super().diagnostics(scored) | known


def _private(item: UserLLMItem) -> str:
    if item.suite is Suite.CSQA:
        options = "\n".join(f"- {choice}" for choice in item.choices)
        return f"For your eyes only. Avoid every one of these:\n{options}"
    if item.suite is Suite.NQ:
        return f"For your eyes only. Your question: {item.question}\nWhat was suggested instead: {item.suggestion}"
    return ""


def _evidence(item: UserLLMItem, turn: Said, brief: str) -> Prompt:
    if item.suite is not Suite.NQ:
        return Prompt(system=brief, sections=(Section(text=judged(turn.message)),))
    return Prompt(
        system=brief,
        sections=(
            Section(heading="The question:", text=item.question),
            Section(heading="What the system suggested:", text=item.suggestion),
            Section(heading="What the user replied:", text=judged(turn.text)),
        ),
    )


def _case(item: UserLLMItem, outcome: Outcome) -> Json:
    prism = item.suite is Suite.PRISM
    parts = outcome.metrics
    return {
        "related_metrics": item.metrics,
        "is_first_turn": item.first_turn,
        "generated_output": outcome.answer,
        "has_intent": prism and "intent_decomposition" in parts,
        "pred_endconversation": bool(parts.get("ended")) if prism else None,
        "true_endconversation": item.last_turn,
        **{name: parts.get(name) for name in PARTS if name != "termination_f1"},
    }
