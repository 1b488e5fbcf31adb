"""What a report shows of the data itself: dialogues that were trained on, next turns beside people's, episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from odyssim.corpus.summary import CorpusSummary, read_corpus
from odyssim.report.episodes import ShownEpisode, chosen_episodes
from odyssim.report.records import VARIANTS, RunRecords, Variant, latest, read_lines
from odyssim.soul.next_turn import Place, SpokenPlace
from odyssim.types import Interaction

SHOWN: Final = 6
ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class NextTurn:
    """A place of a held-out dialogue and what each variant said there."""

    place: Place
    said: dict[Variant, str]


@dataclass(frozen=True)
class Examples:
    """Six dialogues, six next turns, up to three episodes per task, all turn lengths in characters by speaker."""

    dialogues: tuple[Interaction, ...]
    next_turns: tuple[NextTurn, ...]
    episodes: dict[str, list[ShownEpisode]]
    lengths: dict[str, list[int]]


def read_examples(run: RunRecords) -> Examples:
    """Examples from the large files of a run. Raises `DataError` if one of them is broken."""
    spoken = {name: _spoken(run.folder, name) for name in VARIANTS if name in run.likeness}
    return Examples(
        dialogues=_dialogues(run.folder / "corpus", run.corpus) if run.corpus else (),
        next_turns=_next_turns(spoken),
        episodes=_episodes(run),
        lengths=_lengths(spoken),
    )


def _dialogues(corpus: Path, summary: CorpusSummary) -> tuple[Interaction, ...]:
    """Training dialogues: the first of each axis, then of each further source, then whatever comes first."""
    kinds = {(tally.axis, tally.source) for tally in summary.tallies if tally.split == "train"}
    first: dict[tuple[str, str], Interaction] = {}
    early: list[Interaction] = []
    for one in read_corpus(corpus, "train"):
        kind = (one.axis, one.source.dataset)
        if kind not in first:
            first[kind] = one
        elif len(early) < SHOWN:
            early.append(one)
        if len(first) == len(kinds) and len(early) == SHOWN:
            break
    per_axis = _first_of_each(first.values(), lambda one: one.axis)
    ranked = (*sorted(per_axis, key=lambda one: one.axis), *first.values(), *early)
    return tuple(_first_of_each(ranked, lambda one: one.source))[:SHOWN]


def _spoken(folder: Path, variant: Variant) -> dict[str, SpokenPlace]:
    places = read_lines(folder / "likeness" / variant / "turns.jsonl", SpokenPlace)
    return {one.place.pair: one for one in places if one.model is not None}


def _next_turns(spoken: dict[Variant, dict[str, SpokenPlace]]) -> tuple[NextTurn, ...]:
    """Places where every variant spoke, the first of each source in turn, one place per dialogue."""
    if not spoken:
        return ()
    every = [turns.keys() for turns in spoken.values()]
    shared = [one.place for pair, one in next(iter(spoken.values())).items() if all(pair in keys for keys in every)]
    chosen = _in_turn(_first_of_each(shared, lambda place: place.dialogue))[:SHOWN]
    return tuple(
        NextTurn(place, {name: turns[place.pair].model or "" for name, turns in spoken.items()}) for place in chosen
    )


def _first_of_each(items: Iterable[ItemT], kind: Callable[[ItemT], object]) -> list[ItemT]:
    first: dict[object, ItemT] = {}
    for item in items:
        first.setdefault(kind(item), item)
    return list(first.values())


def _in_turn(places: Iterable[Place]) -> list[Place]:
    """The first place of every source, then the second of every source, and so on."""
    seen: dict[str, int] = {}
    ranked = []
    for place in places:
        seen[place.source] = rank = seen.get(place.source, 0) + 1
        ranked.append((rank, place))
    return [place for _, place in sorted(ranked, key=lambda entry: entry[0])]


def _episodes(run: RunRecords) -> dict[str, list[ShownEpisode]]:
    """Episodes of the most trained variant that was evaluated."""
    if not run.evals:
        return {}
    variant, _ = latest(run.evals)
    return chosen_episodes(run.folder / "eval" / variant / "episodes.jsonl")


def _lengths(spoken: dict[Variant, dict[str, SpokenPlace]]) -> dict[str, list[int]]:
    if not spoken:
        return {}
    people = {one.place.pair: one.place.human for turns in spoken.values() for one in turns.values()}
    lengths = {"human": [len(text) for text in people.values()]}
    for name, turns in spoken.items():
        lengths[name] = [len(one.model or "") for one in turns.values()]
    return lengths
