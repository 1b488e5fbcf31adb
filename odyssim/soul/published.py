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
_MODELS = ("Qwen3-8B", "OSim-8B", "GPT-5.5")


def _scores(*mimesis: float, ditto: float | None = None) -> tuple[PublishedScore, ...]:
    """Percent, by model in the order of `_MODELS`, and of Ditto's own model where it is given."""
    rows = [
        PublishedScore(model=model, score=p / 100, source=_MIMESIS) for model, p in zip(_MODELS, mimesis, strict=True)
    ]
    if ditto is not None:
        rows.append(PublishedScore(model="Ditto-8B", score=ditto / 100, source=_DITTO))
    return tuple(rows)


PUBLISHED: dict[str, tuple[PublishedScore, ...]] = {
    "fantom": _scores(81.3, 82.0, 93.0, ditto=95),
    "hitom": _scores(65.7, 74.7, 84.7, ditto=78),
    "paratomi": _scores(78.3, 83.7, 98.3, ditto=93),
    "social_r1": _scores(50.3, 57.7, 68.3),
    "lifechoices": _scores(68.3, 79.3, 90.0, ditto=80),
    "twinvoice": _scores(42.0, 69.0, 75.3, ditto=61),
    "behavior_chain": _scores(36.3, 94.7, 94.3),
    "mistakes": _scores(57.7, 60.7, 70.3, ditto=56),
    "alignx": _scores(67.9, 73.2, 71.3),  # means of the five splits
    "humanllm": _scores(35.0, 40.5, 45.0),
    "socsci210": _scores(74.5, 74.7, 77.0),
}
"""By task, on the items of the published evaluation files."""
