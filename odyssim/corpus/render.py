"""Render: an interaction becomes training documents for each person worth imitating.

The chosen speaker is the `assistant` whom the model learns to be; everybody else is the `user`. A two-person example,
seen from Ana (loss on the marked parts):

    <|im_start|>system
    You are Ana, talking with Ben.
    The situation: A flat with one bathroom.
    What you want, which only you know: the first shower.<|im_end|>
    <|im_start|>user
    morning!<|im_end|>
    <|im_start|>assistant
    dibs on the bathroom<|im_end|>
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

import numpy as np

from odyssim.corpus.chatml import ChatML, EncodedTurns, Role
from odyssim.corpus.documents import Documents, spans
from odyssim.types import Interaction, Message, SocialContext, Source

_BATCH_CHARACTERS: Final = 1 << 17
_BATCH_TOKENS: Final = 1 << 20


def render(interactions: Iterable[Interaction], chatml: ChatML, *, max_tokens: int) -> Iterator[Documents]:
    """Stream the documents of `interactions` in batches of bounded size.

    There is one document per imitated speaker, in the order of the interactions and of their speakers, and it holds the
    whole conversation: `odyssim.corpus.windows` cuts it where it is too long for a row of `max_tokens` or fewer. Its
    opening is the system message. The loss is on the content and the end token of the speaker's turns with
    `train=True`. Left out are turns after the last of these, since nothing learns from them, and turns so far before
    the next of these (`max_tokens` or more) that no row can show both.

    Every distinct turn of a batch is tokenised once, whoever hears it, and while the next batch is being read.
    """
    with ThreadPoolExecutor(max_workers=1) as tokenizer:
        batches = ((batch, tokenizer.submit(chatml.turns, batch.turns)) for batch in _batches(interactions))
        for now, _ahead in pairwise(chain(batches, [None])):
            assert now is not None
            batch, turns = now
            yield from batch.documents(turns.result(), max_tokens)


def cluster_of(source: Source) -> int:
    """The 64-bit number of an interaction, from dataset, split and original id: by it, tokens are traced to it."""
    text = "\x1f".join((source.dataset, source.split, source.original_id))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def messages_before(interaction: Interaction, index: int) -> list[Message]:
    """The prompt under which the speaker of turn `index` (0-based) said it, exactly as it is trained."""
    speaker = interaction.turns[index].speaker
    system = _system(interaction, speaker)
    said: list[tuple[Role, str]] = [
        ("assistant", turn.text) if turn.speaker == speaker else heard
        for turn, heard in zip(interaction.turns[:index], _heard(interaction), strict=False)
    ]
    return [Message(role=role, content=content) for role, content in (*system, *said)]


def system_message(context: SocialContext, speaker: str, others: Sequence[str]) -> str:
    """What `speaker` knows before the first turn: the scene, the relationship, and of all people only the own side.

    A simulator must describe its scene with this very function, so that the model meets the words it was trained on.
    """
    company = f", talking with {_enumerate(others)}" if others else ""
    facts = [
        ("The situation", context.scenario),
        ("Between you", context.relationship),
        ("About you", context.profiles.get(speaker, "")),
        ("What you want, which only you know", context.goals.get(speaker, "")),
    ]
    lines = [f"You are {speaker}{company}.", *(f"{label}: {fact}" for label, fact in facts if fact)]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _View:
    """An interaction as one speaker lives it. `turns` are numbers of a batch's turns, the first `opening` (none or
    one) the system message; `trained` says which are learnt, and the last is."""

    cluster: int
    opening: int
    turns: list[int]
    trained: list[bool]


class _Batch:
    """Some interactions, and the distinct turns that are spoken or heard in them."""

    def __init__(self) -> None:
        self.characters = 0
        self._views: list[_View] = []
        self._numbers: dict[tuple[Role, str], int] = {}

    @property
    def turns(self) -> list[tuple[Role, str]]:
        return list(self._numbers)

    def add(self, interaction: Interaction) -> None:
        """Add a view for each imitated speaker."""
        own: dict[str, list[int]] = {speaker: [] for speaker in interaction.imitated_speakers}
        last = max((place for place, turn in enumerate(interaction.turns) if turn.train), default=-1)
        heard: list[int] = []
        said: list[int] = []
        for place, (turn, as_heard) in enumerate(zip(interaction.turns[: last + 1], _heard(interaction), strict=False)):
            if turn.speaker in own:
                own[turn.speaker].append(place)
                said.append(self._number(("assistant", turn.text)))
                heard.append(self._number(as_heard) if len(own) > 1 else _NOBODY)
            else:
                said.append(_NOBODY)
                heard.append(self._number(as_heard))
        cluster = cluster_of(interaction.source)
        for speaker, places in own.items():
            turns = heard.copy()
            trained = [False] * len(turns)
            for place in places:
                turns[place] = said[place]
                trained[place] = interaction.turns[place].train
            stop = len(trained) - trained[::-1].index(True)
            system = [self._number(message) for message in _system(interaction, speaker)]
            silent = [False] * len(system)
            self._views.append(_View(cluster, len(system), system + turns[:stop], silent + trained[:stop]))

    def documents(self, encoded: EncodedTurns, max_tokens: int) -> Iterator[Documents]:
        """The documents of all views; `encoded` are this batch's `turns`."""
        lengths = np.diff(encoded.starts).tolist()
        ready: list[_View] = []
        waiting = 0
        for view in self._views:
            tokens = sum(lengths[turn] for turn in view.turns)
            ready.append(view if tokens <= max_tokens else _pruned(view, lengths, max_tokens))
            waiting += tokens
            if waiting > _BATCH_TOKENS:
                yield _assembled(ready, encoded)
                ready, waiting = [], 0
        if ready:
            yield _assembled(ready, encoded)

    def _number(self, turn: tuple[Role, str]) -> int:
        self.characters += len(turn[1])
        return self._numbers.setdefault(turn, len(self._numbers))


def _batches(interactions: Iterable[Interaction]) -> Iterator[_Batch]:
    batch = _Batch()
    for interaction in interactions:
        batch.add(interaction)
        if batch.characters > _BATCH_CHARACTERS:
            yield batch
            batch = _Batch()
    yield batch


def _pruned(view: _View, lengths: Sequence[int], max_tokens: int) -> _View:
    """`view` without turns that are `max_tokens` or more before the end of the next turn to learn."""
    kept: list[int] = []
    ahead = 0
    for place in range(len(view.turns) - 1, view.opening - 1, -1):
        if view.trained[place]:
            ahead = 0
        if ahead < max_tokens:
            kept.append(place)
        ahead += lengths[view.turns[place]]
    places = [*range(view.opening), *reversed(kept)]
    return _View(
        view.cluster,
        view.opening,
        [view.turns[place] for place in places],
        [view.trained[place] for place in places],
    )


def _assembled(views: Sequence[_View], encoded: EncodedTurns) -> Documents:
    turns = np.fromiter(chain.from_iterable(view.turns for view in views), dtype=np.int64)
    trained = np.fromiter(chain.from_iterable(view.trained for view in views), dtype=np.bool_)
    lengths = np.diff(encoded.starts)[turns]
    places = spans(encoded.starts[turns], lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    first_turns = np.cumsum([0, *(len(view.turns) for view in views)])
    starts, behind_openings = offsets[first_turns], offsets[first_turns[:-1] + [view.opening for view in views]]
    return Documents(
        ids=encoded.ids[places],
        loss=encoded.spoken[places] & np.repeat(trained, lengths),
        starts=starts,
        openings=behind_openings - starts[:-1],
        clusters=np.array([view.cluster for view in views], dtype=np.uint64),
    )


_NOBODY: Final = -1
"""Instead of the number of a turn that this side never needs."""


def _system(interaction: Interaction, speaker: str) -> list[tuple[Role, str]]:
    """The system message of `speaker`, if there is a context."""
    if interaction.context is None:
        return []
    speakers = dict.fromkeys(turn.speaker for turn in interaction.turns)
    others = [name for name in speakers if name != speaker]
    return [("system", system_message(interaction.context, speaker, others))]


def _heard(interaction: Interaction) -> list[tuple[Role, str]]:
    """Every turn as the others hear it: told apart by name only where there are several others."""
    named = len({turn.speaker for turn in interaction.turns}) > 2
    return [("user", f"{turn.speaker}: {turn.text}" if named else turn.text) for turn in interaction.turns]


def _enumerate(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
