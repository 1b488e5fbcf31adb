"""What the tests of corpus builds share: short ways to say a build, and conversations to build from."""

from __future__ import annotations

from pathlib import Path

from odyssim.corpus.build.config import CorpusConfig, SourceChoice
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.village import Village
from odyssim.corpus.summary import CorpusSummary
from odyssim.types import Interaction

VILLAGE = SourceChoice(name="village", limit=200)
PLAIN = {"clean": None, "dedup": None, "decontaminate": "off"}
STORY = (
    "so yesterday i took the bus to the harbour because the tram was on strike again and right at the stop there "
    "stood my old teacher with a parrot on his arm and the parrot looked at me and said the name of my sister"
).split()


def config(*sources: SourceChoice, seed: int = 0, **steps: object) -> CorpusConfig:
    """Sources as they are, unless `steps` says otherwise."""
    return CorpusConfig.model_validate({"sources": sources or (VILLAGE,), "seed": seed, **PLAIN, **steps})


def build(out: Path, *sources: SourceChoice, seed: int = 0, data: Path | None = None, **steps: object) -> CorpusSummary:
    return done(build_corpus(config(*sources, seed=seed, **steps), data, out))


def done(summary: CorpusSummary | None) -> CorpusSummary:
    assert summary is not None
    return summary


def hashes(summary: CorpusSummary | None) -> list[str]:
    return [file.sha256 for file in done(summary).files]


def villages(n: int, seed: int) -> list[Interaction]:
    return list(Village(n, seed).read(RawFiles(Path()), ReadReport()))


def own_file(path: Path, interactions: list[Interaction]) -> SourceChoice:
    path.write_text("".join(one.model_dump_json() + "\n" for one in interactions), encoding="utf-8")
    return SourceChoice(name=str(path))


def saying(texts: list[str], name: str) -> Interaction:
    """A conversation of one's own in which two people take turns at saying `texts`."""
    turns = [{"speaker": "AB"[i % 2], "text": text, "human": True, "train": True} for i, text in enumerate(texts)]
    source = {"dataset": "mine", "licence": "CC0-1.0", "split": "train", "original_id": name}
    return Interaction.model_validate({"turns": turns, "context": None, "source": source, "axis": "CONV"})
