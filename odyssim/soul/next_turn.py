"""Human-likeness of a model: its next turns at places of held-out dialogues, against what people said there.

For each sampled place the model gets what the person knew and had heard, in the very words it is trained with, and
speaks the next turn. Places where the call failed are left out on both sides and counted.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from odyssim.corpus.render import messages_before
from odyssim.corpus.summary import read_corpus
from odyssim.errors import DataError, ModelCallError
from odyssim.human_likeness.compare import LikenessResult, Position, TextSample, compare
from odyssim.models.base import ChatModel, Role
from odyssim.models.registry import load_model
from odyssim.progress import Progress, Silent
from odyssim.settings import Settings
from odyssim.soul.result import FailureCount, count_failures
from odyssim.storage import write_text, writing
from odyssim.tasks.base import failure_of
from odyssim.types import Axis, Cost, Failure, Interaction, Message, Record, Sampling

WAVE = 64
"""Places spoken at once and saved together: what a killed run loses at most."""


class LikenessConfig(Settings):
    """`turns` places at most, `per_dialogue` of them from one dialogue, from dialogues of the given axes."""

    turns: int = Field(default=200, ge=1)
    per_dialogue: int = Field(default=2, ge=1)
    axes: tuple[Axis, ...] = (Axis.CONV, Axis.SS)
    seed: int = 0
    draws: int = Field(default=1000, ge=100)
    sampling: Sampling = Sampling(max_tokens=96)


class Place(Record):
    """One place of a held-out dialogue: what was known and heard before, and what the person then said."""

    pair: str
    dialogue: str
    source: str
    position: Position
    messages: tuple[Message, ...]
    human: str


class SpokenPlace(Record):
    """A place and the model's turn there, or the failure: the line format of `turns.jsonl`."""

    place: Place
    model: str | None
    failure: Failure | None
    cost: Cost


class NextTurnResult(Record):
    """The result file `likeness.json`: which model, how sampled, what failed, and the comparison."""

    model: str
    sampling: Sampling
    n_places: int
    n_excluded: int
    failures: tuple[FailureCount, ...]
    cost: Cost
    likeness: LikenessResult


def likeness(
    model: ChatModel | str,
    corpus: Path,
    config: LikenessConfig = LikenessConfig(),
    *,
    out: Path,
    split: str = "validation",
    base_url: str | None = None,
    progress: Progress = Silent(),
) -> NextTurnResult:
    """Let `model` speak at places of the corpus below `corpus`, compare with people, write `likeness.json` to `out`.

    Turns are kept in `turns.jsonl` as they are spoken; a second run speaks only what is missing. Raises `DataError`
    if the split has no usable dialogue or every call failed.
    """
    speaker = load_model(model, base_url=base_url) if isinstance(model, str) else model
    places = choose_places(list(read_corpus(corpus, split)), config)
    if not places:
        axes = ", ".join(config.axes)
        raise DataError(f"no {split} dialogue of axis {axes} has a turn to imitate after somebody spoke", path=corpus)
    spoken = asyncio.run(_speak(speaker, places, config, out / "turns.jsonl", progress))
    if isinstance(model, str):
        asyncio.run(speaker.aclose())
    usable = [one for one in spoken if one.model is not None]
    if not usable:
        failure = spoken[0].failure
        raise DataError(f"no turn could be generated: {failure.message if failure else 'unknown'}", path=out)
    result = NextTurnResult(
        model=speaker.name,
        sampling=config.sampling,
        n_places=len(spoken),
        n_excluded=len(spoken) - len(usable),
        failures=count_failures(one.failure for one in spoken if one.failure is not None),
        cost=sum((one.cost for one in spoken), Cost()),
        likeness=compare(
            [_sample(one.place, one.place.human) for one in usable],
            [_sample(one.place, one.model or "") for one in usable],
            seed=config.seed,
            draws=config.draws,
        ),
    )
    write_text(out / "likeness.json", result.model_dump_json(indent=2) + "\n")
    return result


def choose_places(interactions: Sequence[Interaction], config: LikenessConfig) -> list[Place]:
    """Up to `config.turns` places, drawn by seed: dialogues in random order, then places within each."""
    rng = random.Random(config.seed)
    dialogues = [one for one in interactions if one.axis in config.axes]
    rng.shuffle(dialogues)
    places: list[Place] = []
    for dialogue in dialogues:
        indices = [index for index, turn in enumerate(dialogue.turns) if turn.train]
        for index in sorted(rng.sample(indices, min(config.per_dialogue, len(indices)))):
            places.append(_place(dialogue, index))
        if len(places) >= config.turns:
            break
    return places[: config.turns]


def _place(dialogue: Interaction, index: int) -> Place:
    source = dialogue.source
    name = f"{source.dataset}/{source.split}/{source.original_id}"
    turn = dialogue.turns[index]
    last = max(i for i, other in enumerate(dialogue.turns) if other.speaker == turn.speaker)
    first = min(i for i, other in enumerate(dialogue.turns) if other.speaker == turn.speaker)
    position: Position = "first" if index == first else "last" if index == last else "middle"
    return Place(
        pair=f"{name}#{index}",
        dialogue=name,
        source=source.dataset,
        position=position,
        messages=tuple(messages_before(dialogue, index)),
        human=turn.text,
    )


async def _speak(
    model: ChatModel, places: Sequence[Place], config: LikenessConfig, path: Path, progress: Progress
) -> list[SpokenPlace]:
    """Every place spoken once, in order; those already in `path` are taken from there."""
    done = _read_spoken(path)
    todo = [place for place in places if place.pair not in done]
    with progress.work(f"next turns of {model.name}", len(places), len(places) - len(todo)) as work:
        for start in range(0, len(todo), WAVE):
            wave = await asyncio.gather(*(_say(model, place, config) for place in todo[start : start + WAVE]))
            with writing(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8") as lines:
                    lines.writelines(one.model_dump_json() + "\n" for one in wave)
            done |= {one.place.pair: one for one in wave}
            work.advance(len(wave))
    return [done[place.pair] for place in places]


async def _say(model: ChatModel, place: Place, config: LikenessConfig) -> SpokenPlace:
    sampling = config.sampling.model_copy(update={"seed": config.seed}).with_seed_for(place.pair)
    try:
        reply = await model.say(place.messages, sampling)
    except ModelCallError as error:
        error.party = Role.POLICY.party
        return SpokenPlace(place=place, model=None, failure=failure_of(error), cost=error.cost or Cost(calls=1))
    return SpokenPlace(place=place, model=reply.text, failure=None, cost=reply.cost)


def _read_spoken(path: Path) -> dict[str, SpokenPlace]:
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]  # a killed run may have left half a line
    if whole != text:
        write_text(path, whole)
    return {one.place.pair: one for one in map(SpokenPlace.model_validate_json, whole.split("\n")[:-1])}


def _sample(place: Place, text: str) -> TextSample:
    return TextSample(pair=place.pair, text=text, cluster=place.dialogue, position=place.position)
