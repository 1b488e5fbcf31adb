"""MirrorBench: replay the user's side of a real talk with an assistant, from a summary of what the user wanted (CONV).

    task       The user wants to move cheaply within the city, and is casual and brief.
    real       user "whats the cheapest way to move house"   assistant "..."   user "i have no car tho"
    policy     "how do i move on a small budget"
    partner    answers, close to what the real assistant said
    policy     "no car unfortunately"
    judge      likeness 0.8; the person is A; with the talks exchanged, A again: cannot tell
    score      0.875 = (0.5 x 0.8 + 0.3 x 1) / 0.8; the person wrote too few words to compare word use (weight 0.2)

A policy that cannot be told from the person earns the whole pairwise part. Both orders of the pair are asked, so the
place cancels; `order_flips` reports it. `reference` has the likeness alone, clipped to 0..1, and lets the partner write
an opening of the assistant; `improved` takes the real one.
Source: Hathidara et al. 2026 (arXiv 2601.08118); SAP/mirrorbench, Apache-2.0, 795 talks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from odyssim.models.base import Floor, Role
from odyssim.tasks.base import Played
from odyssim.tasks.feedback import Arm, Secret, telling_runs, untold
from odyssim.tasks.generative import GenerativeTask
from odyssim.tasks.judged import judged
from odyssim.tasks.mirrorbench_score import MEASURES, Lexical, aggregate, reference_reward, weighted
from odyssim.tasks.mirrorbench_talk import (
    ASSISTANT,
    FOLDER,
    MOST_TURNS,
    USER,
    MirrorBenchItem,
    assistant_part,
    assistant_words,
    played_talk,
    read_item,
    real_talk,
    upstream_rows,
    user_words,
    written_style,
)
from odyssim.tasks.pairwise import ask_both_orders
from odyssim.tasks.panel import ask_panel
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.rows import Row
from odyssim.tasks.rubrics import mirrorbench as rubric
from odyssim.tasks.stage import FEWEST_TOKENS, Part, Stage
from odyssim.types import (
    Axis,
    Episode,
    EpisodeStop,
    Json,
    Message,
    Outcome,
    Profile,
    Turn,
)

HINT_BELOW: Final = 0.4
SECRET_WORDS: Final = 6
"""So many words of the person in a row give the person's turn away."""

SYSTEM: Final = """\
Play the user of an AI assistant, the way a real person would. You write the user's turns and nothing else: no name or \
role in front, no comment, no answer in the assistant's place.

Write as real users do: as long, in such a tone, and as specific as people are in a talk like this."""
REQUEST: Final = "Write the user's next message."
NO_TASK: Final = "(Nothing else is known about this talk.)"

WRITER: Final = """\
Somebody plays the user of an AI assistant and is compared with the person who was that user. Below is how a judge \
rated them. Tell them in one sentence what to change first: tone, naturalness, length, or how specific they are."""
WRITER_NEVER: Final = """\
Say nothing of what the person wrote, and nothing that the player could not know: speak of manner, not of matter."""


class MirrorBench(GenerativeTask[MirrorBenchItem]):
    """The user's side of a real talk."""

    name: ClassVar[str] = "mirrorbench"
    title: ClassVar[str] = "MirrorBench"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.CONV
    licence: ClassVar[str] = "Apache-2.0"
    roles: ClassVar[tuple[Role, ...]] = (Role.POLICY, Role.PARTNER)
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("mirrorbench",), test=("mirrorbench_val.parquet",), train=("mirrorbench_rl_train.parquet",)
    )

    def read(self, row: Row, profile: Profile) -> MirrorBenchItem:
        return read_item(row, profile)

    def original(self, data: Path) -> Iterable[Row] | None:
        return upstream_rows(data) if (data / FOLDER).is_dir() else None

    # --- play ---------------------------------------------------------------------------------------------------

    def first_prompt(self, item: MirrorBenchItem, profile: Profile, hint: str = "") -> Prompt:
        """What the policy reads first: its part, the task, and the request for a message."""
        system = [SYSTEM, item.description or NO_TASK]
        if hint:
            system.append(f"What to watch this time:\n{hint}")
        if hint and profile is Profile.REFERENCE:
            system.append(f"How the real user writes:\n{written_style(item)}")
        seeded = profile is Profile.IMPROVED and item.assistant_opens
        opening = Section(text=f"AI: {item.turns[0].content}" if seeded else "", cut=Cut.END)
        return Prompt(system="\n\n".join(system), sections=(opening, Section(text=REQUEST)))

    async def converse(self, item: MirrorBenchItem, floor: Floor, profile: Profile, hint: str = "") -> Played:
        """As published, a hinted attempt (`reference`) is blind: the user never reads the assistant's replies."""
        stage = self.stage(item, floor, profile)
        shown = self.opening(item, profile, hint, floor.cast)
        user = Part(USER, Role.POLICY, system=shown[0].content, talk=list(shown[1:]))
        assistant = assistant_part(item, profile, hint, seed=floor.cast.sampling.seed)
        blind = bool(hint) and profile is Profile.REFERENCE
        turns: list[Turn] = []
        walk = list(item.replayed)
        if profile is Profile.IMPROVED and item.assistant_opens:
            assistant.say(walk[0].content)
            turns.append(_turn(ASSISTANT, walk.pop(0).content))
        for real in walk:
            if real.role == ASSISTANT:
                reply = assistant_words(await stage.speak(assistant), profile)
                turns += [_turn(ASSISTANT, reply)] if reply else []
                user.hear(REQUEST if blind else f"AI: {reply}\n\n{REQUEST}")
                continue
            raw = await stage.speak(user)
            if raw is None:
                return Played(turns=tuple(turns), stop=_silence(stage))
            text, goes_on = user_words(raw, profile)
            if text or profile is Profile.REFERENCE:
                turns.append(_turn(USER, text))
            if not goes_on:
                return Played(turns=tuple(turns), stop=EpisodeStop.LEFT)
            assistant.hear(text)
        cut = len(item.turns) > MOST_TURNS
        return Played(turns=tuple(turns), stop=EpisodeStop.TURN_LIMIT if cut else EpisodeStop.COMPLETED)

    # --- score --------------------------------------------------------------------------------------------------

    async def grade(self, item: MirrorBenchItem, episode: Episode, floor: Floor, profile: Profile) -> Outcome:
        """Metrics: `gteval` (the likeness); in `improved` `pairwise` (how often the player is taken for the person, 0.5
        if they cannot be told apart), `order_flips` (share of choices that went with the place) and `lexical`; the
        lexical measures of both users with their gaps.

        As published, `reference` compares with all words of the person, `improved` with those of the replayed turns.
        """
        own = [turn.text for turn in episode.turns if turn.speaker == USER]
        reference = profile is Profile.REFERENCE
        real = item.turns if reference else item.replayed
        proxy, human = Lexical.of(own), Lexical.of(turn.content for turn in real if turn.role == USER)
        metrics: dict[str, float | None] = {}
        for name in MEASURES:
            metrics |= {name: proxy.value(name), f"human_{name}": human.value(name)}
            metrics[f"{name}_gap"] = proxy.gap(human, name)
        if not reference and not any(text.strip() for text in own):
            return Outcome(score=0.0, metrics=metrics)
        shape: type[rubric.ReferenceLikeness | rubric.Likeness]
        shape = rubric.ReferenceLikeness if reference else rubric.Likeness
        asked = _talks(rubric.LIKENESS, {"The person": real_talk(item), "The player": played_talk(episode)}, profile)
        panel = await ask_panel(floor, asked, shape, profile, self.name, item.id)
        metrics["gteval"] = panel.mean(lambda verdict: reference_reward(verdict.score))
        metrics["gteval_spread"] = panel.spread(lambda verdict: verdict.score)
        critique = {"gteval": panel.reasons(lambda verdict: verdict.reasoning)}
        if reference:
            return Outcome(score=metrics["gteval"], metrics=metrics, critique=critique)
        taken = await ask_both_orders(
            floor,
            lambda first, second: _talks(rubric.PERSON, {"A": first, "B": second}, profile),
            played_talk(episode),
            real_talk(item),
            profile,
            *(self.name, item.id),
        )
        critique["pairwise"] = "\n".join(
            [f"the player is A: {choice.reason}" for choice in taken.given]
            + [f"the player is B: {choice.reason}" for choice in taken.swapped]
        )
        metrics |= {"pairwise": taken.share, "order_flips": taken.flipped, "lexical": proxy.closeness(human)}
        parts = {"gteval": metrics["gteval"], "pairwise": min(1.0, 2 * taken.share), "lexical": metrics["lexical"]}
        return Outcome(score=weighted(parts), metrics=metrics, critique=critique)

    def diagnostics(self, scored: Sequence[tuple[MirrorBenchItem, Outcome]]) -> dict[str, float]:
        """Means by subset, and the published figures without `avg`, which mixes scales."""
        figures = aggregate(_measured(outcome) for _, outcome in scored)
        return super().diagnostics(scored) | {name: value for name, value in figures.items() if name != "avg"}

    def facets(self, item: MirrorBenchItem) -> dict[str, str]:
        return {"subset": item.dataset} if item.dataset else {}

    def gold_reply(self, item: MirrorBenchItem, profile: Profile) -> str:
        """The person's first message; a talk has no single right answer."""
        return next((turn.content for turn in item.replayed if turn.role == USER), "")

    # --- feedback -----------------------------------------------------------------------------------------------

    def earns_hint(self, outcome: Outcome, profile: Profile) -> bool:
        """Below a score of 0.4 and with a verdict."""
        return outcome.score is not None and outcome.score < HINT_BELOW and "gteval" in outcome.critique

    def writer_prompt(
        self, item: MirrorBenchItem, episode: Episode, outcome: Outcome, profile: Profile, arm: Arm
    ) -> Prompt:
        """As published the writer sees nothing but the verdict. In `improved` it sees what the player knew and wrote,
        and the judge's reason only if that does not quote the person."""
        published = profile is Profile.REFERENCE
        reasons = outcome.critique if published else untold(outcome.critique, self.secret(item, profile))
        grade = f"Score: {outcome.metrics['gteval']:.2f} of 1"
        found = "\n".join(filter(None, (reasons.get("gteval"), grade)))
        verdict = Section(heading="# The verdict", text=found)
        if published:
            return Prompt(system=WRITER, sections=(verdict,))
        own = "\n".join(turn.text for turn in episode.turns if turn.speaker == USER)
        sections = (
            Section(heading="# What they were told", text=item.description),
            Section(heading="# What they wrote", text=judged(own)),
            Section(
                heading="# What the person wrote, for your eyes only",
                text=self.gold(item, profile) if arm is Arm.CRITIQUE_AND_GOLD else "",
            ),
            verdict,
        )
        return Prompt(system=f"{WRITER}\n\n{WRITER_NEVER}", sections=sections)

    def gold(self, item: MirrorBenchItem, profile: Profile) -> str:
        return written_style(item)

    def secret(self, item: MirrorBenchItem, profile: Profile) -> Secret:
        """The person's own words, six in a row, but for those of the task."""
        said = (turn.content for turn in item.turns if turn.role == USER and len(turn.content.split()) >= SECRET_WORDS)
        return Secret(texts=tuple(run for text in said for run in telling_runs(text, SECRET_WORDS, item.description)))


def _silence(stage: Stage) -> EpisodeStop:
    return EpisodeStop.LENGTH if stage.left < FEWEST_TOKENS else EpisodeStop.LEFT


def _turn(speaker: str, text: str) -> Turn:
    return Turn(speaker=speaker, text=text, human=False, train=False)


def _talks(brief: str, talks: Mapping[str, str], profile: Profile) -> tuple[Message, ...]:
    sections = tuple(Section(heading=f"# {name}", text=judged(talk)) for name, talk in talks.items())
    return Prompt(system=brief, sections=sections).messages(profile)


def _measured(outcome: Outcome) -> Json:
    found = outcome.metrics
    return {
        "scores": {name: found.get(name) for name in ("gteval", "pairwise")},
        "proxy_lexical": {name: found.get(name) for name in MEASURES},
        "human_lexical": {name: found.get(f"human_{name}") for name in MEASURES},
    }
