"""Our tasks as Inspect tasks: `inspect eval odyssim/hitom --model ... -T data=FOLDER`.

Inspect registers, resumes, logs and displays; the episode itself is `Task.play` speaking through a ChatModel. Run by
`inspect eval`, the policy is Inspect's model; run by `odyssim eval`, it is the ChatModel handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inspect_ai import Task as InspectTask
from inspect_ai import task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ModelOutput, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from odyssim.models.base import Cast
from odyssim.soul.inspect_model import InspectModel, to_inspect
from odyssim.soul.selection import select_items
from odyssim.tasks.base import Item, Task
from odyssim.tasks.registry import get_task, task_names
from odyssim.types import Episode, Outcome, Profile, Sampling

EPISODE, OUTCOME = "odyssim_episode", "odyssim_outcome"
Watch = Callable[[Episode, Outcome], None]


def inspect_task(
    task: Task[Any],
    items: Sequence[Item],
    *,
    profile: Profile,
    seeds: Sequence[int],
    cast: Cast | None = None,
    sampling: Sampling = Sampling(),
    watch: Watch | None = None,
) -> InspectTask:
    """`task` on `items`, once per seed (an Inspect epoch each). Without a `cast`, Inspect's own model is the policy.

    `watch` is called after every scored sample; an error it raises stops the run.
    """
    by_id = {item.id: item for item in items}

    def cast_for(epoch: int) -> Cast:
        members = cast or Cast(policy=InspectModel(get_model()))
        base = members.sampling if cast else sampling
        return replace(members, sampling=base.model_copy(update={"seed": seeds[epoch - 1]}))

    @solver(name="odyssim_play")
    def play() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            episode = await task.play(by_id[str(state.sample_id)], cast_for(state.epoch), profile)
            state.metadata[EPISODE] = episode.model_dump(mode="json")
            if episode.calls:
                said = episode.calls[-1]
                state.messages = [*to_inspect(said.messages), ChatMessageAssistant(content=said.reply.text)]
                state.output = ModelOutput.from_content(said.model, said.reply.text)
            return state

        return solve

    @scorer(metrics=[mean(), stderr(cluster="cluster")], name="odyssim_score")
    def judge() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            item = by_id[str(state.sample_id)]
            episode = Episode.model_validate(state.metadata[EPISODE])
            outcome = await task.score(item, episode, cast_for(state.epoch), profile)
            if watch is not None:
                watch(episode, outcome)
            return to_inspect_score(outcome)

        return score

    return InspectTask(
        dataset=MemoryDataset([_sample(task, item, profile) for item in items], name=task.name),
        solver=play(),
        scorer=judge(),
        epochs=len(seeds),
        name=task.name,
        version=task.version,
        metadata={"profile": profile.value, "seeds": list(seeds), "axis": task.axis.value},
    )


def to_inspect_score(outcome: Outcome) -> Score:
    """An outcome as Inspect's score; without a score it is `unscored`, so no metric of Inspect counts it either."""
    metadata = {OUTCOME: outcome.model_dump(mode="json")}
    if outcome.failure is not None:
        failure = outcome.failure
        return Score.unscored(
            reason=f"{failure.party.value}:{failure.kind}", explanation=failure.message, metadata=metadata
        )
    return Score(value=outcome.score if outcome.score is not None else 0.0, answer=outcome.answer, metadata=metadata)


def _sample(task: Task[Any], item: Item, profile: Profile) -> Sample:
    return Sample(
        id=item.id,
        input=item.model_dump_json(),
        target=task.gold_reply(item, profile),
        metadata={"cluster": item.cluster, "origin": item.origin.value, "facets": task.facets(item)},
    )


def _registered(name: str) -> Callable[..., InspectTask]:
    def make(
        data: str | None = None,
        split: str = "test",
        profile: str = Profile.IMPROVED.value,
        seed: int = 0,
        limit_items: int | None = None,
        max_tokens: int = Sampling().max_tokens,
    ) -> InspectTask:
        ours = get_task(name)
        offered = ours.items(split, data=Path(data) if data else None, profile=Profile(profile))
        items = select_items(offered, limit_items)
        sampling = Sampling(max_tokens=max_tokens)
        return inspect_task(ours, items, profile=Profile(profile), seeds=(seed,), sampling=sampling)

    registered: Callable[..., InspectTask] = task(name=name)(make)
    return registered


# Inspect finds tasks by importing this module: registering each under its name is what makes `odyssim/NAME` work.
REGISTERED = {name: _registered(name) for name in task_names()}
