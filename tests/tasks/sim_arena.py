"""What the tests of both SimulatorArena tasks share: rows, voices, and a judge that gives fixed verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from odyssim.models.base import Cast
from odyssim.models.scripted import Line, Scripted
from odyssim.tasks.sim_arena import SimArena
from odyssim.types import Episode, Message, Outcome, Profile, Sampling
from tests.parity.rows import row_of

BYE = "terminate conversation"
REPLIES = [f"helper {number}" for number in range(9)]
TALK = [{"role": "user", "content": "need help"}, {"role": "assistant", "content": "Gladly."}]
TARGETS: dict[str, Any] = {
    "target_writing_style_features": [
        {"Feature Name": "Capitals", "Feature Question": "Which?", "Feature Question Answer": "none"}
    ],
    "target_interaction_style_features": [
        {"Feature Name": "Length", "Feature Question": "How long?", "Feature Question Answer": "a few words"},
        {"Feature Name": "Praise", "Feature Question": "How often?", "Feature Question Answer": "never"},
    ],
}
NOTE: dict[str, Any] = {
    "document_type": "email",
    "intent": "thank the neighbour who fed the cat",
    "pre_writing_materials_text": "- Cat's name?: Oslo",
    "human_user_queries": ["need help", "shorter, and no kisses at the end"],
    "human_public_conversation": TALK,
    "user_profile_text": "- writes in fragments",
    "target_document_preferences": "- short",
    **TARGETS,
}
LESSON: dict[str, Any] = {
    "problem": "A rope of 12 m is cut into pieces of 75 cm. How many pieces are there?",
    "human_user_queries": ["need help", "is it 16 because 75 goes 16 times"],
    "human_public_conversation": TALK,
    "user_profile_text": "- Division: struggling",
    **TARGETS,
}


class FixedJudge(Scripted):
    """Gives the same verdict to every question of a kind: `style`, `matches`, `rating`; notes what it was asked."""

    def __init__(self, style: Any = 3, matches: Sequence[bool] = (True, True, False), rating: Any = 4) -> None:
        super().__init__(self._verdict, name="fixed")
        self.style, self.matches, self.rating = style, matches, rating
        self.asked: list[tuple[Sequence[Message], Sampling]] = []

    def _verdict(self, messages: Sequence[Message], sampling: Sampling) -> str:
        self.asked.append((messages, sampling))
        question = messages[1].content
        if '"similarity_score"' in question:
            return json.dumps({"key_differences": ["longer"], "similarity_score": self.style})
        if '"results"' in question:
            names = [line[2:].partition(":")[0] for line in question.split("# Messages")[0].splitlines()[1:] if line]
            results = [
                {"feature_name": name, "analysis": "seen", "classification": "Match" if match else "No Match"}
                for name, match in zip(names, self.matches, strict=False)
            ]
            return json.dumps({"results": results})
        return json.dumps({"analysis": "as expected", "rating": self.rating})


def read(task: SimArena[Any], profile: Profile = Profile.IMPROVED, **changes: Any) -> Any:
    fields = (NOTE if task.name == "sim_arena_doc" else LESSON) | changes
    return task.read(row_of(task.published.keys[0], fields), profile)


def play(
    task: SimArena[Any],
    profile: Profile,
    policy: Sequence[Line] | Scripted,
    partner: Sequence[Line] | Scripted = REPLIES,
    item: Any = None,
    **cast: Any,
) -> Episode:
    person, helper = (one if isinstance(one, Scripted) else Scripted(one) for one in (policy, partner))
    seats = Cast(policy=person, partner=helper, **cast)
    return asyncio.run(task.play(item or read(task, profile), seats, profile))


def score(task: SimArena[Any], episode: Episode, *judges: Scripted, item: Any = None, samples: int = 1) -> Outcome:
    cast = Cast(judges=judges, judge_samples=samples)
    return asyncio.run(task.score(item or read(task, episode.profile), episode, cast, episode.profile))
