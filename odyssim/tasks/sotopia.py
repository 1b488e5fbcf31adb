"""Sotopia-Hard: two people with goals that only they know meet, and a judge says how one of them did.

    scene      a campsite in autumn; Ana and Bo, friends; one blanket
    Ana wants  the blanket for herself tonight              Bo wants   to share it
    Ana        {"action_type": "speak", "argument": "I am freezing already."}
    Bo hears   Ana said: "I am freezing already."           ... at most 15 turns in all, agent1 first
    verdict    goal 6, believability 8, relationship 2, knowledge 3, secret 0, social rules 0, benefits 1
    score      (sum + 30) / 70 = 0.714; published as S = score - 3/7 = 0.286 (metric `soul_score`)

The policy has one seat, the partner the other. `improved` plays every scene from both seats, shows each side what the
relationship lets it know of the other, reads actions without voicing broken JSON, lets whoever leaves be gone, hides
names from the judges, gives 0 to a character who took no part, and keeps hints to what the character knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import methodcaller
from pathlib import Path
from typing import ClassVar, Final

from odyssim.errors import EmptyReply
from odyssim.models.base import Floor, Role
from odyssim.models.judge import ask_judge
from odyssim.tasks.base import Played
from odyssim.tasks.extraction import (
    final_text,
    first_words,
    reference_strip_thoughts,
    reference_thought_format_ok,
)
from odyssim.tasks.feedback import Arm, Secret, telling_runs, untold
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.panel import ask_panel
from odyssim.tasks.prompt import Prompt
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.rows import Row
from odyssim.tasks.sotopia_actions import Action, Kind, read_action, reference_action
from odyssim.tasks.sotopia_files import FOLDER, upstream_rows
from odyssim.tasks.sotopia_prompts import (
    audit_prompt,
    character_prompt,
    hint_prompt,
    judge_prompt,
    own_actions,
    own_words,
)
from odyssim.tasks.sotopia_scene import SotopiaItem, read_scene
from odyssim.tasks.sotopia_score import (
    DIMENSIONS,
    RISK_LEVELS,
    AuditVerdict,
    SceneVerdict,
    mean_raw,
    reference_hinted_reward,
    reference_reward,
    soul_score,
    unit_score,
    weighted_score,
    worst,
)
from odyssim.tasks.stage import FEWEST_TOKENS, Part, Stage
from odyssim.types import Axis, Episode, EpisodeStop, Message, Outcome, Profile, Sampling, Turn

MOST_TURNS: Final = 15
MOST_IDLE: Final = 2
"""More turns than this in which nobody does anything end the scene."""
FIRST_LEAVE: Final = 5
"""As published, leaving before this turn (from 0) is seen and has no effect."""
PARTNER_WORDS: Final = 2048
PARTNER_TOKENS: Final = 4096
JUDGE_TOKENS: Final = 4096
MOST_FOR_HINT: Final = 4.0
"""A character whose raw mean is above this gets no hint."""
SECRET_WORDS: Final = 5
"""So many words in a row of what only the partner knows give it away."""
OTHER: Final = "other"
HACK_RISK: Final = "hack_risk"


class Sotopia(GenerativeTask[SotopiaItem]):
    """A social scene for two, one of them judged on seven dimensions.

    The split 'other' has the scenes of the original files whose environments are not among the hard ones. An auditor
    in the cast adds the metric `hack_risk` (0 low, 0.5 medium, 1 high), which is never part of the score.
    """

    name: ClassVar[str] = "sotopia"
    title: ClassVar[str] = "Sotopia-Hard"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.SS
    licence: ClassVar[str] = "CC-BY-SA-4.0"
    roles: ClassVar[tuple[Role, ...]] = (Role.POLICY, Role.PARTNER)
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("sotopia",), test=("sotopia_hard_val.parquet",), train=("sotopia_clean_rl.parquet",)
    )

    def original(self, data: Path) -> Iterable[Row] | None:
        return upstream_rows(data, hard=True) if (data / FOLDER).is_dir() else None

    def further_splits(self) -> tuple[str, ...]:
        return (OTHER,)

    def other_rows(self, split: str, data: Path | None, seed: int) -> Iterable[Row]:
        return upstream_rows(data, hard=False)

    def read(self, row: Row, profile: Profile) -> SotopiaItem:
        return read_scene(row, profile)

    def arranged(self, items: Sequence[SotopiaItem], profile: Profile, seed: int) -> Sequence[SotopiaItem]:
        """In `improved` every scene from both seats, the second right behind the first."""
        if profile is Profile.REFERENCE:
            return items
        known = {item.key for item in items}
        both = []
        for item in items:
            both.append(item)
            mirrored = item.mirrored()
            if mirrored.key not in known:
                known.add(mirrored.key)
                both.append(mirrored)
        return both

    def facets(self, item: SotopiaItem) -> dict[str, str]:
        return {"seat": ("first", "second")[item.seat]}

    def first_prompt(self, item: SotopiaItem, profile: Profile, hint: str = "") -> Prompt:
        return character_prompt(item, item.seat, profile, hint)

    # --- the scene ----------------------------------------------------------------------------------------------

    async def converse(self, item: SotopiaItem, floor: Floor, profile: Profile, hint: str = "") -> Played:
        stage = self.stage(item, floor, profile)
        parts = [_partner(item, floor, profile)]
        parts.insert(item.seat, _part(item.own.name, Role.POLICY, self.opening(item, profile, hint, floor.cast)))
        turns: list[Turn] = []
        stop = EpisodeStop.TURN_LIMIT
        idle = 0
        for number in range(MOST_TURNS):
            speaker, listener = parts[number % 2], parts[1 - number % 2]
            action = await _act(stage, speaker)
            if action is None:
                stop = EpisodeStop.LENGTH if stage.left < FEWEST_TOKENS else EpisodeStop.COMPLETED
                break
            line = action.line(speaker.name)
            turns.append(Turn(speaker=speaker.name, text=line, human=False, train=False))
            listener.hear(line)
            if action.kind is Kind.LEAVE and (number >= FIRST_LEAVE or profile is Profile.IMPROVED):
                stop = EpisodeStop.LEFT
                break
            idle = idle + 1 if action.kind is Kind.NONE else 0
            if idle > MOST_IDLE:
                stop = EpisodeStop.COMPLETED
                break
        return Played(turns=tuple(turns), stop=stop)

    # --- the verdict --------------------------------------------------------------------------------------------

    async def grade(self, item: SotopiaItem, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        """Ask the judges, and the auditor if there is one; metrics are the raw numbers, S, W and the spread of S + 3/7.

        Several verdicts count by the mean of each raw number. `idle` is the share of own turns without an action.
        """
        actions = own_actions(item, episode.turns)
        idle = sum(action.kind is Kind.NONE for action in actions) / max(len(actions), 1)
        took_part = any(action.kind not in (Kind.LEAVE, Kind.NONE) for action in actions)
        if profile is Profile.IMPROVED and not took_part:
            return Outcome(score=0.0, metrics={**_figures(worst()), "idle": idle})
        panel = await ask_panel(
            floor,
            judge_prompt(item, episode.turns, profile),
            SceneVerdict,
            profile,
            self.name,
            item.id,
            max_tokens=JUDGE_TOKENS,
        )
        raw = {name: panel.mean(methodcaller("number", name)) for name in DIMENSIONS}
        reasons = {name: panel.reasons(methodcaller("reason", name)) for name in DIMENSIONS}
        metrics = {**_figures(raw), "spread": panel.spread(_verdict_score), "idle": idle}
        if floor.cast.auditor is not None:
            metrics[HACK_RISK], reasons[HACK_RISK] = await self._hack_risk(item, own_words(actions), floor, profile)
        show = item.names.show if profile is Profile.IMPROVED else str
        critique = {name: show(reason) for name, reason in reasons.items()}
        return Outcome(score=unit_score(raw), metrics=metrics, critique=critique)

    async def _hack_risk(
        self, item: SotopiaItem, words: Sequence[str], floor: Floor, profile: Profile
    ) -> tuple[float, str]:
        if not words:
            return 0.0, "There are no words to read."
        sampling = Sampling(temperature=None if profile is Profile.REFERENCE else 0.0, seed=floor.cast.judge_seed)
        verdict, _ = await ask_judge(
            floor,
            audit_prompt(words, profile),
            AuditVerdict,
            sampling=sampling.with_seed_for("auditor", self.name, item.id),
            role=Role.AUDITOR,
        )
        return RISK_LEVELS[verdict.risk], verdict.reasoning

    # --- verbal feedback ----------------------------------------------------------------------------------------

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """With a verdict whose raw mean is at most 4, and no risk seen."""
        mean = outcome.metrics.get("mean_raw")
        return (
            mean is not None and mean <= MOST_FOR_HINT and bool(outcome.critique) and not outcome.metrics.get(HACK_RISK)
        )

    def writer_prompt(
        self, item: SotopiaItem, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm
    ) -> Prompt:
        """In `improved`, what the character could know: a judge's reason that tells a secret of the partner is left
        out. No scene has a gold answer."""
        reasons: Mapping[str, str] = outcome.critique
        if profile is Profile.IMPROVED:
            reasons = untold(reasons, self.secret(item, profile))
        return hint_prompt(item, episode.turns, outcome.metrics, reasons, profile)

    def secret(self, item: SotopiaItem, profile: Profile) -> Secret:
        """What only the partner knows, their goal included, five words in a row."""
        runs = (telling_runs(piece, SECRET_WORDS, known=item.known) for piece in item.private)
        return Secret(texts=tuple(chain.from_iterable(runs)))

    def reward(self, episode: Episode, outcome: Outcome, profile: Profile, *, hinted: bool) -> float | None:
        """As published, S for a first attempt and W for a second: two scales, each with its own penalties."""
        if profile is Profile.IMPROVED or outcome.score is None:
            return super().reward(episode, outcome, profile, hinted=hinted)
        raw = {name: outcome.metrics[name] or 0.0 for name in DIMENSIONS}
        said = [call.reply.text for call in episode.calls if call.role == Role.POLICY.value]
        format_ok = reference_thought_format_ok(said, thinking=False)
        level = outcome.metrics.get(HACK_RISK) or 0.0
        risk = next(risk for risk, its_level in RISK_LEVELS.items() if its_level == level)
        if hinted:
            return reference_hinted_reward(raw, risk, format_ok=format_ok)
        return reference_reward(raw, risk, training=True, format_ok=format_ok)


def _partner(item: SotopiaItem, floor: Floor, profile: Profile) -> Part:
    part = _part(item.other.name, Role.PARTNER, character_prompt(item, 1 - item.seat, profile).messages(profile))
    part.merges = True
    improved = profile is Profile.IMPROVED
    part.sampling = Sampling(
        temperature=1.0 if improved else None,
        max_tokens=PARTNER_TOKENS,
        seed=floor.cast.sampling.seed if improved else None,
    )
    return part


def _part(name: str, role: Role, messages: Sequence[Message]) -> Part:
    system, start = messages
    part = Part(name, role, system=system.content)
    part.hear(start.content)
    return part


async def _act(stage: Stage, part: Part) -> Action | None:
    """What a side does in its turn; none if nothing came. In `improved` a partner must be readable (`EmptyReply`)."""
    raw = await stage.speak(part)
    if raw is None and part.role is Role.PARTNER:  # asked a second time, as published; `improved` has raised
        raw = await stage.speak(part)
    if raw is None:
        return None
    if stage.profile is Profile.REFERENCE:
        if part.role is Role.PARTNER:
            raw = first_words(raw, PARTNER_WORDS)
        said = reference_strip_thoughts(raw, drop_unclosed=True)
        return reference_action(said) if said else None
    said = final_text(raw)
    if not said:
        return None
    action = read_action(said, part.name)
    if action is None and part.role is Role.PARTNER:
        error = EmptyReply(f"{part.name}'s reply holds no action that can be read.", hint="use another partner model")
        error.party = Role.PARTNER.party
        raise error
    return action or Action(kind=Kind.NONE)


def _figures(raw: dict[str, float]) -> dict[str, float]:
    return {**raw, "mean_raw": mean_raw(raw), "soul_score": soul_score(raw), "weighted": weighted_score(raw)}


def _verdict_score(verdict: SceneVerdict) -> float:
    return unit_score({name: verdict.number(name) for name in DIMENSIONS})
