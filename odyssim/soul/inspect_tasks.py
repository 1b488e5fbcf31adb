"""Our tasks as Inspect tasks: `inspect eval odyssim/hitom --model ... -T data=FOLDER`.

Inspect registers, resumes, logs and displays; the episode itself is `Task.play` speaking through a ChatModel. Run by
`inspect eval`, the policy is Inspect's model; run by `odyssim eval`, it is the ChatModel handed in.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inspect_ai import Task as InspectTask
from inspect_ai import task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ModelOutput,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from odyssim.models.base import Cast, Role
from odyssim.soul.inspect_model import InspectModel, to_inspect
from odyssim.soul.selection import select_items
from odyssim.soul.transcript import Line, transcript
from odyssim.tasks.base import Item, Task
from odyssim.tasks.choice import EXAMINER
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
    places: Semaphore | None = None,
) -> InspectTask:
    """`task` on `items`, once per seed (an Inspect epoch each). Without a `cast`, Inspect's own model is the policy.

    `watch` is called after every scored sample; an error it raises stops the run. `places`, shared by tasks that run
    side by side, is how many episodes may be under way at once.
    """
    by_id = {item.id: item for item in items}

    def cast_for(epoch: int) -> Cast:
        members = cast or Cast(policy=InspectModel(get_model()))
        base = members.sampling if cast else sampling
        return replace(members, sampling=base.model_copy(update={"seed": seeds[epoch - 1]}))

    @solver(name="odyssim_play")
    def play() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            if places is not None:
                await places.acquire()  # until the sample is scored: what is begun is finished first
            episode = await task.play(by_id[str(state.sample_id)], cast_for(state.epoch), profile)
            state.metadata[EPISODE] = episode.model_dump(mode="json")
            state.metadata |= {"stop": episode.stop.value, "cost": episode.cost.model_dump(mode="json")}
            state.messages = shown_messages(episode)
            own = [call for call in episode.calls if call.role == Role.POLICY]
            if own:
                state.output = ModelOutput.from_content(own[-1].model, own[-1].reply.text)
            return state

        return solve

    @scorer(metrics=[mean(), stderr(cluster="cluster")], name="odyssim_score")
    def judge() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            item = by_id[str(state.sample_id)]
            episode = Episode.model_validate(state.metadata[EPISODE])
            outcome = await task.score(item, episode, cast_for(state.epoch), profile)
            if places is not None:
                places.release()
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


def shown_messages(episode: Episode) -> list[ChatMessage]:
    """What the viewer shows: what everybody was told first, then the talk, the policy's words as the assistant's.

    Of a failed episode it is the last exchange that succeeded: there is no talk. Seats and names are in the messages'
    metadata, and before the text where several people speak.
    """
    if episode.failure is not None:
        exchanges = [[*to_inspect(one.messages), ChatMessageAssistant(content=one.reply.text)] for one in episode.calls]
        return exchanges[-1] if exchanges else []
    read = transcript(episode)
    briefings = [
        ChatMessageSystem(
            content="\n\n".join(
                [f"Told to {one.speaker} ({one.seat.value}):", *(each.content for each in one.messages)]
            ),
            metadata={"speaker": one.speaker, "seat": one.seat.value},
        )
        for one in read.briefings
    ]
    return [*briefings, *map(_shown_line, read.lines)]


def _shown_line(line: Line) -> ChatMessage:
    unnamed = line.speaker in (EXAMINER, Role.POLICY.value) or line.text.startswith(line.speaker)
    content = line.text if unnamed else f"{line.speaker}: {line.text}"
    seat = "" if line.seat is None else line.seat.value
    metadata = {"speaker": line.speaker, "seat": seat, "recorded": line.recorded}
    if line.seat is Role.POLICY:
        return ChatMessageAssistant(content=content, model=line.model or None, metadata=metadata)
    return ChatMessageUser(content=content, metadata=metadata)


def to_inspect_score(outcome: Outcome) -> Score:
    """An outcome as Inspect's score, with what the judges said as the explanation.

    Without a score it is `unscored`, so no metric of Inspect counts it either.
    """
    metadata = {OUTCOME: outcome.model_dump(mode="json")}
    if outcome.failure is not None:
        failure = outcome.failure
        return Score.unscored(
            reason=f"{failure.party.value}:{failure.kind}", explanation=failure.message, metadata=metadata
        )
    explanation = "\n\n".join(f"{dimension}: {reason}" for dimension, reason in outcome.critique.items())
    return Score(
        value=outcome.score if outcome.score is not None else 0.0,
        answer=outcome.answer,
        explanation=explanation or None,
        metadata=metadata,
    )


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
