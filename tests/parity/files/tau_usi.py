"""tau_usi: the lexicons, the features of a dialogue, the helpers, and whole tables with everything that leads to them.

The file has sets and units, each with its own shape: `cases` brings them into the runner's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from odyssim.soul.tau_usi.dialogue import Dialogue, Dialogues, Said, outcomes_by_run, task_of
from odyssim.soul.tau_usi.difficulty import (
    Difficulty,
    bin_of,
    calibration_error,
    pooled_difficulty,
    success_gaps,
)
from odyssim.soul.tau_usi.features import Side, dialogue_features
from odyssim.soul.tau_usi.proxy import proxy_reward
from odyssim.soul.tau_usi.result import BatchRow, Cell, UsiRow
from odyssim.soul.tau_usi.score import Simulator, tau_usi
from odyssim.soul.tau_usi.survey import agreement, numpy_draw

HUMAN_SURVEYS = "human-eval-100"
SIDES = {"human": Side.HUMAN, "llm": Side.SIMULATOR}
GIVEN = {
    "utterances": ("text",),
    "conversations": ("source", "conversation"),
    "ece": ("simulator", "human", "difficulty"),
    "bins": ("value",),
    "task_keys": ("id",),
    "survey_agreement": ("human", "simulator"),
    "proxy_reward": (
        *("mode", "features", "human_targets", "ema_after_add", "model_reward", "human_reward"),
        *("model_survey", "human_survey"),
    ),
}


def cases(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One case per set and per unit; what a unit states besides its input is what is compared."""
    for one in content["sets"]:
        given = one["input"] | {"human": content["human_baselines"][one["input"]["human_ref"]]}
        yield {"id": one["name"], "fn": "sets", "class": "sets", "input": given, "expected": one["expected"]}
    for fn, units in content["unit"].items():
        for number, unit in enumerate(units):
            given = {key: unit[key] for key in GIVEN[fn]}
            expected = {key: value for key, value in unit.items() if key not in given}
            if fn == "utterances" and unit["features"]:
                given["stated"] = list(unit["features"])
            yield {"id": f"{fn} {number}", "fn": fn, "class": fn, "input": given, "expected": expected}


def _records(content: dict[str, Any]) -> Dialogues:
    return {name: Dialogue.model_validate(record) for name, record in content.items()}


# --- whole tables -----------------------------------------------------------------------------------------------


def _table(given: dict[str, Any]) -> dict[str, Any]:
    surveys = {name: _records(content) for name, content in given.get("surveys", {}).items()}
    simulators = [
        Simulator.of(name, _records(content), surveys.get(name)) for name, content in given["simulators"].items()
    ]
    difficulty = _difficulty(given, simulators)
    result = tau_usi(
        simulators,
        _records(given["human"]),
        human_surveys=surveys.get(HUMAN_SURVEYS),
        difficulty=difficulty,
        draws=0,
    )
    return {
        "difficulty_used": difficulty.success,
        "rows": [_row(result.human, "Human (inter-ann.)"), *(_row(row, row.name) for row in result.simulators)],
        "detail": {
            row.name: {"n_runs": row.n_runs, "per_batch": [_batch(batch) for batch in row.batches]}
            for row in result.simulators
        },
    }


def _difficulty(given: dict[str, Any], simulators: list[Simulator]) -> Difficulty:
    if given.get("difficulty") is not None:
        return Difficulty.of("given", given["difficulty"])
    runs = [run for simulator in simulators for run in simulator.outcomes]
    references = given.get("difficulty_reference_runs")
    if references:
        files = references.values() if isinstance(references, dict) else references
        runs = [run for content in files for run in outcomes_by_run(_records(content))]
    return pooled_difficulty("pooled", runs)


def _row(row: UsiRow, name: str) -> dict[str, Any]:
    return {
        "name": name,
        **{dimension: _pair(cell) for dimension, cell in row.dimensions.items()},
        "eval_agree": row.eval_agree and _pair(row.eval_agree),
        "ece": _pair(row.ece),
        "usi": _pair(row.usi),
    }


def _pair(cell: Cell) -> list[float | None]:
    return [cell.mean, cell.sd]


def _batch(batch: BatchRow) -> dict[str, Any]:
    return {
        "n_overlap": batch.n_overlap,
        "human_row": _published_row(batch.human),
        "simulator_row": _published_row(batch.other),
        "dims": batch.dimensions,
        "ece_per_run": batch.ece_by_run,
    }


def _published_row(row: dict[str, float | None]) -> dict[str, float | None]:
    """Under the published names, rates times 100."""
    published: dict[str, float | None] = {}
    for name, value in row.items():
        if name.endswith("_rate") or name in ("info_frontload", "success"):
            published[f"{name.removesuffix('_rate')}_pct"] = None if value is None else 100 * value
        else:
            published[{"n_turns": "turns", "user_words_per_turn": "user_wds_per_turn"}.get(name, name)] = value
    return published


# --- units ------------------------------------------------------------------------------------------------------


def _utterance(given: dict[str, Any]) -> dict[str, Any]:
    features = dialogue_features([Said(role="user", content=given["text"])], Side.SIMULATOR)
    return {"features": features and {name: features[name] for name in given.get("stated", features)}}


def _conversation(given: dict[str, Any]) -> dict[str, Any]:
    said = [Said.model_validate(message) for message in given["conversation"]]
    return {"features": dialogue_features(said, SIDES[given["source"]])}


def _ece(given: dict[str, Any]) -> dict[str, Any]:
    bins = Difficulty.of("given", given["difficulty"]).bins
    tasks = {task: number for number, task in enumerate(sorted(given["human"]))}
    gaps = success_gaps(given["simulator"], given["human"], bins, tasks)
    (error,) = calibration_error(gaps, np.ones((1, len(tasks))))
    return {"ece": None if np.isnan(error) else float(error)}


def _agreement(given: dict[str, Any]) -> dict[str, Any]:
    human, simulator = (Dialogue.model_validate(given[side]).survey or {} for side in ("human", "simulator"))
    return {"agreement_fresh_rng_seed_42": agreement(human, simulator, numpy_draw())}


def _proxy(given: dict[str, Any]) -> dict[str, Any]:
    surveys = [Dialogue(survey=given[f"{side}_survey"]).survey or {} for side in ("model", "human")]
    terms = proxy_reward(
        given["features"],
        given["ema_after_add"],
        given["human_targets"],
        mode=given["mode"],
        rewards=(given["model_reward"], given["human_reward"]),
        surveys=(surveys[0], surveys[1]),
    )
    return {"out": terms}


COVERED = {
    "sets": _table,
    "utterances": _utterance,
    "conversations": _conversation,
    "ece": _ece,
    "bins": lambda given: {"bin": bin_of(given["value"])},
    "task_keys": lambda given: {"task_key": task_of(given["id"])},
    "survey_agreement": _agreement,
    "proxy_reward": _proxy,
}
