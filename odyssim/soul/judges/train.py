"""Training the judge that is a classifier: people's turns against a model's, apart by dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from itertools import compress
from pathlib import Path
from typing import Final

import numpy as np

from odyssim import __version__
from odyssim.errors import DataError
from odyssim.human_likeness.calibration import (
    auc,
    auc_interval,
    expected_calibration_error,
    log_loss,
    reliability,
)
from odyssim.human_likeness.classifier import Features, TurnClassifier, strongest
from odyssim.human_likeness.stats import Bools
from odyssim.models.discriminator import CARD, WEIGHTS, DiscriminatorCard, HeldOut
from odyssim.progress import Progress, Silent, Work
from odyssim.soul.judges.turns import LabelledTurn, read_turns
from odyssim.storage import new_folder, write_text
from odyssim.types import derive_seed

PENALTIES: Final = (1e-2, 1e-3, 1e-4, 1e-5)
"""Tried from the strongest, each from where the last one ended; the best on the turns set aside for it is kept."""
FEWEST_TURNS: Final = 50
"""Per side; with fewer, the parts hold too little to choose or to measure."""

_ENDS: Final = (70, 85)
_SHOWN: Final = 10


def train_discriminator(
    human: Path,
    model_turns: Path,
    out: Path,
    *,
    turns: int = 10_000,
    seed: int = 0,
    progress: Progress = Silent(),
) -> DiscriminatorCard:
    """Write the judge `discriminator/OUT` and return its card.

    At most `turns` of each side are used, as many of one as of the other; which ones, and the parts, depend on `seed`.
    Whole dialogues go to one of three parts: 70 % to learn from, 15 % to choose the penalty, 15 % to measure. The same
    files and seed give the same weights, to the last bits only on the same machine with as many threads. Raises
    `DataError` for too few turns or dialogues, `UsageError` if `out` exists, `StorageError` if it cannot be written.
    """
    with new_folder(out) as folder:
        chosen = _both_sides(human, model_turns, turns, seed, progress)
        with progress.work("measuring turns", total=len(chosen)) as work:
            material = _Material(chosen, Features.of(_counted(chosen, work)))
        fit, choice, test = _parts(material, seed, model_turns)
        classifier, l2 = _learn(fit, choice, progress)
        card = DiscriminatorCard(
            odyssim_version=__version__,
            human=human.name,
            model_turns=model_turns.name,
            turns=len(chosen),
            dialogues=len({turn.dialogue for turn in chosen}),
            seed=seed,
            l2=l2,
            held_out=_measured(classifier, test, seed),
            style=tuple(strongest(classifier, _SHOWN)),
        )
        classifier.save(folder / WEIGHTS)
        write_text(folder / CARD, card.model_dump_json(indent=2) + "\n")
    return card


@dataclass(frozen=True)
class _Material:
    """Turns and their features, row by row."""

    turns: Sequence[LabelledTurn]
    features: Features

    @cached_property
    def human(self) -> Bools:
        return np.array([turn.human for turn in self.turns])

    def take(self, rows: Bools) -> _Material:
        return _Material(list(compress(self.turns, rows)), self.features.take(rows))


def _both_sides(human: Path, model_turns: Path, most: int, seed: int, progress: Progress) -> list[LabelledTurn]:
    """As many turns of people as of models."""
    with progress.work("reading turns", total=2) as work:
        people = _drawn(human, True, most, seed)
        work.advance()
        machine = _drawn(model_turns, False, most, seed)
        work.advance()
    fewest = min(len(people), len(machine))
    return people[:fewest] + machine[:fewest]


def _drawn(path: Path, human: bool, most: int, seed: int) -> list[LabelledTurn]:
    """Turns of one side at random; which ones depends on the seed and on what they say. Holds only those in memory."""

    def lot(turn: LabelledTurn) -> tuple[int, str, str]:
        return derive_seed(seed, turn.dialogue, turn.text), turn.dialogue, turn.text

    turns = nsmallest(most, read_turns(path, human=human), key=lot)
    if len(turns) < FEWEST_TURNS:
        whose = "people" if human else "models"
        raise DataError(f"{len(turns)} turns of {whose}, but at least {FEWEST_TURNS} are needed", path=path)
    return turns


def _counted(turns: Sequence[LabelledTurn], work: Work) -> Iterator[str]:
    for turn in turns:
        yield turn.text
        work.advance()


def _parts(material: _Material, seed: int, path: Path) -> list[_Material]:
    """What to learn from, what to choose the penalty by, and what to measure on: whole dialogues each."""
    percentile = np.array([derive_seed(seed, "part", turn.dialogue) % 100 for turn in material.turns])
    number = np.digitize(percentile, _ENDS)
    parts = [material.take(number == which) for which in range(3)]
    if any(part.human.all() or not part.human.any() for part in parts):
        raise DataError(
            "too few dialogues to learn from some and to measure on others",
            path=path,
            hint='give more turns, and name the dialogue of each: {"text": "...", "dialogue": "..."}',
        )
    return parts


def _learn(fit: _Material, choice: _Material, progress: Progress) -> tuple[TurnClassifier, float]:
    """The classifier whose penalty does best on `choice`, and that penalty."""
    classifier, tried = None, []
    with progress.work("learning", total=len(PENALTIES)) as work:
        for l2 in PENALTIES:
            classifier = TurnClassifier.fit(fit.features, fit.human, l2=l2, start=classifier)
            loss = log_loss(classifier.probability(choice.features), choice.human)
            tried.append((loss, classifier, l2))
            work.advance(log_loss=loss)
    _, best, l2 = min(tried, key=lambda one: one[0])
    return best, l2


def _measured(classifier: TurnClassifier, test: _Material, seed: int) -> HeldOut:
    probability = classifier.probability(test.features)
    dialogues = [turn.dialogue for turn in test.turns]
    bins = reliability(probability, test.human)
    return HeldOut(
        turns=len(test.turns),
        dialogues=len(set(dialogues)),
        auc=auc(probability, test.human),
        auc_interval=auc_interval(probability, test.human, dialogues, seed=seed),
        log_loss=log_loss(probability, test.human),
        ece=expected_calibration_error(bins),
        reliability=bins,
    )
