"""The records τ-USI is computed from, and how people's dialogues part into batches and a simulator's into runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import Field, JsonValue

from odyssim.corpus.sources.records import UpstreamRecord
from odyssim.errors import DataError

ONE_RUN: Final = 170
"""A published simulator file of more records holds several runs."""
_TASK: Final = re.compile(r"(?:airline|retail)_\d+")
_BATCHES: Final = ("", "_ann2", "_ann3")
_RUNS: Final = ("1", "2", "3")


class Said(UpstreamRecord):
    """One message. The user is the customer, the assistant the agent."""

    role: str
    content: str | None = None

    @property
    def text(self) -> str:
        return self.content or ""


class Answer(UpstreamRecord):
    """One answer of the survey; anything but the wording of an option is no answer."""

    answer: JsonValue = None


class Dialogue(UpstreamRecord):
    """One dialogue with the agent, of a person or a simulator; a file of surveys gives nothing but `survey`.

    The agent succeeded where `reward` is above 0. `keep` is read twice, differently, as the published scorer does.
    """

    conversation: tuple[Said, ...] = ()
    reward: float | None = Field(default=None, allow_inf_nan=False)
    keep: JsonValue = True
    survey: dict[str, Answer] | None = None

    @property
    def kept(self) -> bool:
        """Whether features, surveys and people's rewards use it."""
        return bool(self.keep)

    @property
    def success(self) -> int:
        return int((self.reward or 0.0) > 0)


Dialogues = Mapping[str, Dialogue]
"""By id."""
Outcomes = Mapping[str, int]
"""Whether the agent succeeded, 0 or 1, by task."""


def task_of(dialogue_id: str) -> str:
    """'retail_12' of 'retail_12_ann2'; an id of another domain is a task by itself."""
    found = _TASK.match(dialogue_id)
    return found[0] if found else dialogue_id


def in_batches(dialogues: Dialogues) -> tuple[Dialogues, ...]:
    """People's dialogues, or surveys, by annotator: three batches with ids free of the annotator's suffix."""
    batches: tuple[dict[str, Dialogue], ...] = ({}, {}, {})
    for dialogue_id, dialogue in dialogues.items():
        number = next((place for place, end in enumerate(_BATCHES) if end and dialogue_id.endswith(end)), 0)
        batches[number][dialogue_id.removesuffix(_BATCHES[number])] = dialogue
    return batches


def in_runs(dialogues: Dialogues) -> tuple[Dialogues, ...]:
    """A simulator's dialogues by run, as the published scorer parts them for its features.

    Up to `ONE_RUN` dialogues are one run with ids as they are. Beyond, the ending _1, _2 or _3 names the run and is
    taken off; ids without it are a run of their own.
    """
    if len(dialogues) <= ONE_RUN:
        return (dialogues,)
    runs: dict[str, dict[str, Dialogue]] = {}
    for dialogue_id, dialogue in dialogues.items():
        start, _, end = dialogue_id.rpartition("_")
        run, name = (end, start) if end in _RUNS else ("0", dialogue_id)
        runs.setdefault(run, {})[name] = dialogue
    return tuple(runs[run] for run in sorted(runs))


def outcomes_by_run(dialogues: Dialogues) -> tuple[Outcomes, ...]:
    """A simulator's rewards by run, the number in the third place of its ids (DOMAIN_TASK_RUN), or else 1.

    Only a `keep` of literally false leaves a dialogue out. Raises `DataError` for two dialogues of one task and run.
    """
    runs: dict[int, list[tuple[str, Dialogue]]] = {}
    for dialogue_id, dialogue in dialogues.items():
        places = dialogue_id.split("_")
        run = int(places[2]) if len(places) > 2 and places[2].isdecimal() else 1
        if dialogue.keep is not False:
            runs.setdefault(run, []).append((dialogue_id, dialogue))
    return tuple(outcomes(runs[run]) for run in sorted(runs))


def outcomes(dialogues: Iterable[tuple[str, Dialogue]]) -> Outcomes:
    """Success by task. Raises `DataError` for two dialogues of one task."""
    found: dict[str, int] = {}
    for dialogue_id, dialogue in dialogues:
        task = task_of(dialogue_id)
        if task in found:
            raise DataError(
                f"two dialogues of one run have the task '{task}', the second is '{dialogue_id}'",
                hint="tell repeated runs of a task apart by the end of the id: retail_12_1, retail_12_2",
            )
        found[task] = dialogue.success
    return found


def human_outcomes(batch: Dialogues) -> Outcomes:
    """Success by task in one batch of people's dialogues that are kept."""
    return outcomes((dialogue_id, dialogue) for dialogue_id, dialogue in batch.items() if dialogue.kept)
