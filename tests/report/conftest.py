"""A small but complete run folder: real records from the real functions, with scripted models as trained ones."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from odyssim import __version__
from odyssim.corpus.build.config import CorpusConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.summary import CorpusSummary, read_corpus
from odyssim.errors import EndpointTimeout
from odyssim.models.base import Cast, ChatModel
from odyssim.models.scripted import BUILT_IN, Scripted
from odyssim.soul.next_turn import LikenessConfig, likeness
from odyssim.soul.published import PUBLISHED
from odyssim.soul.result import EvalResult, ScoredSample, TaskResult, summarise
from odyssim.tasks.registry import get_task
from odyssim.types import Axis, Cost, Interaction, Json, Message, Profile, Sampling, Source, Turn

SCRIPT = "<script>alert('turn')</script>"
"""Said by a person, a model and in an answer: it must stay text wherever it is shown."""

TIMEOUT = EndpointTimeout("The model <slow> did not answer.", hint="raise the time-out")
"""The one failure of the run: of the trained model, at one place."""

TASKS = ("hitom", "paratomi")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a village; read it, do not write to it."""
    return build_run(tmp_path_factory.mktemp("runs") / "village-run")


@pytest.fixture
def chromium(tmp_path: Path) -> list[str]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("SKIPPED FOR LACK OF A BROWSER: no chromium on PATH (apt-get install chromium)")
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    return [program, "--headless", "--no-sandbox", *quiet.split(), "--disable-sync", "--hide-scrollbars", profile]


def build_run(out: Path, *, villagers: int = 240, turns: int = 60, items: int = 20, steps: int = 120) -> Path:
    own = out.parent / "own.jsonl"
    own.write_text(_own_dialogue().model_dump_json() + "\n", encoding="utf-8")
    sources = (SourceChoice(name="village", limit=villagers), SourceChoice(name=str(own)))
    corpus = build_corpus(CorpusConfig(sources=sources, dedup=None), None, out / "corpus")
    assert corpus is not None
    _midtrain(out / "midtrain", corpus, steps)
    people = [turn.text for one in read_corpus(out / "corpus", "train") for turn in one.turns if turn.train]
    speakers: dict[str, Callable[[], ChatModel]] = {
        "untrained": lambda: Scripted(_assistant, name="local/initial"),
        "trained": lambda: Scripted([SCRIPT, TIMEOUT, *people], name="local/best"),
    }
    config = LikenessConfig(turns=turns, draws=100, axes=tuple(Axis))
    for name, speaker in speakers.items():
        likeness(speaker(), out / "corpus", config, out=out / "likeness" / name)
    _evaluate("silent", items, out / "eval" / "untrained")
    _evaluate("random-option", items, out / "eval" / "trained")
    _frame(out, corpus)
    return out


def _own_dialogue() -> Interaction:
    said = [("Ana", SCRIPT, True), ("Ben", "nobody says hello & goodbye like that", False), ("Ana", "sorry :)", True)]
    return Interaction(
        turns=tuple(Turn(speaker=speaker, text=text, human=True, train=train) for speaker, text, train in said),
        context=None,
        source=Source(dataset="mine", licence="CC0-1.0", split="train", original_id="1"),
        axis=Axis.CONV,
    )


_PHRASES = cycle(
    (
        "Certainly! I understand that you have a lot on your mind today, and I would be happy to help.",
        "That is a great question. **First**, let us look at the situation; then, we can decide together.",
        "I truly appreciate your message. Is there anything else I can do for you?",
    )
)


def _assistant(messages: Sequence[Message], sampling: Sampling) -> str:
    return next(_PHRASES)


def _evaluate(policy: str, items: int, out: Path) -> None:
    """What `evaluate` writes, without the seconds that importing its engine takes."""
    model = Scripted(BUILT_IN[policy], name=f"scripted/{policy}")
    samples: dict[str, list[ScoredSample]] = {name: _samples(name, model, items) for name in TASKS}
    results = []
    for name in TASKS:
        task = get_task(name)
        results.append(
            TaskResult(
                task=name,
                title=task.title,
                version=task.version,
                axis=task.axis.value,
                licence=task.licence,
                split="village",
                breakdown={},
                published=PUBLISHED[name],
                **summarise(samples[name]),
            )
        )
    out.mkdir(parents=True)
    rows = [sample.model_dump_json() for name in TASKS for sample in samples[name]]
    (out / "episodes.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    EvalResult(
        odyssim_version=__version__,
        model=model.name,
        judges=(),
        profile=Profile.IMPROVED,
        sampling=Sampling(),
        seeds=(0,),
        limit=items,
        concurrency=8,
        tasks=tuple(results),
        cost=sum((result.cost for result in results), Cost()),
        wall_s=3.5,
        environment={},
    ).save(out / "eval.json")


def _samples(name: str, model: ChatModel, items: int) -> list[ScoredSample]:
    task = get_task(name)
    cast = Cast(policy=model)
    samples = []
    for item in task.items("village")[:items]:
        episode = asyncio.run(task.play(item, cast))
        samples.append(
            ScoredSample(
                item_id=item.id,
                cluster=item.cluster,
                seed=0,
                origin=item.origin,
                chance=task.chance(item),
                facets=task.facets(item),
                episode=episode,
                outcome=asyncio.run(task.score(item, episode, cast)),
            )
        )
    return samples


def _midtrain(out: Path, corpus: CorpusSummary, steps: int) -> None:
    """The files of a training run, with losses on a smooth curve."""
    sources = [one.card.id for one in corpus.sources]

    def nll(step: int, shift: float = 0.0) -> Json:
        value = 3.2 + 5.1 * math.exp(-step / (steps / 6)) + shift
        figure = {"nll": value, "low": value - 0.05, "high": value + 0.05, "tokens": 4321}
        by_source = {name: figure | {"nll": value + 0.2 * i} for i, name in enumerate(sources)}
        return {"overall": figure, "by_source": by_source}

    def training(step: int) -> Json:
        loss = nll(step)["overall"]["nll"] + 0.2 * math.sin(7.0 * step)
        rate = 1e-3 * min(step / 10, 0.5 + 0.5 * math.cos(math.pi * step / steps))
        return {"step": step, "tokens": step * 2000, "seconds": step * 0.2, "loss": loss, "learning_rate": rate}

    result = {
        "config": {"steps": steps, "peak_lr": 1e-3},
        "model": {"hidden": 64, "layers": 2},
        "parameters": 1_234_567,
        "steps": steps,
        "tokens": steps * 2000,
        "seconds": steps * 0.2,
        "tokens_per_second": 10_000.0,
        "best_step": steps,
        "untrained": nll(0),
        "unigram": nll(0, -2.1),
        "best": nll(steps),
        "last": nll(steps),
    }
    out.mkdir(parents=True)
    (out / "midtrain.json").write_text(json.dumps(result), encoding="utf-8")
    _write_lines(out / "metrics.jsonl", [training(step) for step in range(1, steps + 1)])
    every = range(0, steps + 1, steps // 8)
    _write_lines(out / "validation.jsonl", [{"step": step, "nll": nll(step)} for step in every])


def _write_lines(path: Path, rows: Sequence[Json]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _frame(out: Path, corpus: CorpusSummary) -> None:
    """What the runner writes around the stages: recipe, environment and a manifest per finished stage."""
    recipe = {
        "name": "village-run",
        "about": "A village small enough for a test.",
        "seed": 0,
        "sources": [{"name": one.card.id, "limit": None} for one in corpus.sources],
        "midtrain": {"steps": 120, "rows_per_step": 16, "peak_lr": 1e-3},
    }
    (out / "recipe.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    environment = {"python": "3.11", "platform": "Linux x86_64", "cores": 2, "packages": {"numpy": "2.0"}}
    (out / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    before: list[str] = []
    for number, stage in enumerate(("corpus", "tokenizer", "packed", "midtrain", "eval", "likeness"), start=1):
        manifest = {
            "stage": stage,
            "key": f"key-{stage}",
            "settings": {},
            "builds_on": before,
            "files": {"data.bin": (1000 * number, "0" * 64)},
            "wall_s": 1.5 * number,
        }
        (out / stage).mkdir(exist_ok=True)
        (out / stage / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        before = [stage]
