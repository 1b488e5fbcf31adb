"""Published scores to print beside ours: other people's judges, prompts and samples, so never ranked against ours."""

from __future__ import annotations

from odyssim.types import Record


class PublishedScore(Record):
    """One printed number: `score` in 0..1 on the authors' own items."""

    model: str
    score: float
    source: str


_MIMESIS = "MIMESIS (arXiv 2610.09484), mean of 3 seeds"
_DITTO = "Ditto (arXiv 2605.20506), 100 items"

PUBLISHED: dict[str, tuple[PublishedScore, ...]] = {
    "hitom": (
        PublishedScore(model="Qwen3-8B", score=0.657, source=_MIMESIS),
        PublishedScore(model="OSim-8B", score=0.747, source=_MIMESIS),
        PublishedScore(model="GPT-5.5", score=0.847, source=_MIMESIS),
        PublishedScore(model="Ditto-8B", score=0.780, source=_DITTO),
    ),
    "paratomi": (
        PublishedScore(model="Qwen3-8B", score=0.783, source=_MIMESIS),
        PublishedScore(model="OSim-8B", score=0.837, source=_MIMESIS),
        PublishedScore(model="GPT-5.5", score=0.983, source=_MIMESIS),
        PublishedScore(model="Ditto-8B", score=0.930, source=_DITTO),
    ),
}
