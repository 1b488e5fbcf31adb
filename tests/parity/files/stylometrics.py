"""stylometrics: surface counts, lexical diversity, divergence, log-odds, self-BLEU, and statistics of lengths.

The file has no cases: it is a list of texts with their values, and values of groups of texts. A figure of a group is
a case only where all texts of the group are in the file. Left out is what the panel does not have: textstat's counts
of sentences and words, word frequencies, log-odds with a flat prior, sacreBLEU, and tests that SciPy gives as they
are.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from odyssim.human_likeness.diversity import distinct, self_bleu
from odyssim.human_likeness.lexical import hdd, mattr, mtld, yules_k
from odyssim.human_likeness.stats import cliffs_delta, percentile_interval
from odyssim.human_likeness.surface import SURFACE, Utterance
from odyssim.human_likeness.tokens import normalise, tokenize
from odyssim.human_likeness.words import jensen_shannon, log_odds

TOLERANCE = 1e-6
FLOAT32 = 1e-4
"""ConvoKit, which the log-odds come from, counts in single precision."""

MEASURES = {measure.name: measure for measure in SURFACE}
GROUPS = ("humanlike", "assistantlike")


def lexical(tokens: list[str]) -> dict[str, float | None]:
    """The lexical values of a text; none where it is shorter than the window, the sample, or the file's limit."""
    size = len(tokens)
    return {
        "n_tokens": size,
        "n_types": len(set(tokens)),
        "ttr": distinct(tokens, 1),
        "yules_k": yules_k(tokens),
        "mattr_w25": mattr(tokens, 25) if size >= 25 else None,
        "mattr_w50": mattr(tokens, 50) if size >= 50 else None,
        "hdd_42": hdd(tokens) if size >= 42 else None,
        "mtld_072": mtld(tokens) if size >= 10 else None,
    } | {f"distinct_{n}": distinct(tokens, n) if size >= n else None for n in (1, 2, 3)}


def surface(text: str) -> dict[str, float]:
    turn = Utterance(normalise(text))
    names = [name for name in MEASURES if name.startswith("markdown_")]
    return {name: MEASURES[name].count(turn) for name in (*names, "emoji", "characters", "tokens")}


def divergence(sides: list[list[list[str]]]) -> dict[str, float]:
    counts = [Counter(token for text in side for token in text) for side in sides]
    words = sorted(counts[0] | counts[1])
    bits = jensen_shannon(*(np.array([one[word] for word in words]) for one in counts))
    return {"vocab_size": len(words), "divergence_base2": bits, "distance_base2": bits**0.5}


def informative(sides: list[list[list[str]]]) -> dict[str, float]:
    first, second = (Counter(token for text in side for token in text) for side in sides)
    return log_odds(first, second, strength=50)


def bleu(texts: list[list[str]]) -> dict[str, float]:
    return {f"nltk_bleu{n}_method1": self_bleu(texts, n) for n in (4, 2)}


def lengths(sides: list[list[float]]) -> dict[str, Any]:
    human, assistant = (np.array([side]).T for side in sides)
    delta = float(cliffs_delta(human, assistant)[0])
    drawn = np.random.default_rng(42).integers(0, len(human), size=(2000, len(human)))
    interval = percentile_interval(human[drawn, 0].mean(axis=1))
    return {
        "cliffs_delta_human_minus_assistant": delta,
        "auc_from_u": (1 + delta) / 2,
        "plain_percentile_bootstrap": list(interval or ()),
    }


def cases(content: dict[str, Any]) -> list[dict[str, Any]]:
    found = [case for text in content["texts"] for case in _of_text(text)]
    sizes = content["length_statistics"]
    groups = {name: [one["tokens"] for one in content["texts"] if one["group"] == name] for name in GROUPS}
    whole = {name for name in GROUPS if [len(one) for one in groups[name]] == sizes[f"{name}_lengths"]}
    if "humanlike" in whole:
        people = groups["humanlike"]
        pooled = content["pooled_group_lexical"]["humanlike"]
        pooled = {key: value for key, value in pooled.items() if key != "taaled_cross_check"}
        expected = {key: value for key, value in content["self_bleu"]["humanlike"].items() if "nltk" in key}
        found.append(_case("lexical", [token for text in people for token in text], pooled))
        found.append(_case("self-BLEU", people, expected))
        found.append(_divergence(content, "humanlike_first10_vs_last10", [people[:10], people[-10:]]))
    if len(whole) == len(GROUPS):
        sides = [groups[name] for name in GROUPS]
        found.append(_divergence(content, "humanlike_vs_assistantlike", sides))
        found.append(_case("log-odds", sides, content["log_odds"]["informative"]) | {"tolerance": FLOAT32})
    expected = {key: sizes[key] for key in ("cliffs_delta_human_minus_assistant", "auc_from_u")}
    expected["plain_percentile_bootstrap"] = sizes["plain_percentile_bootstrap_mean_humanlike"]["ci"]
    found.append(_case("lengths", [sizes[f"{name}_lengths"] for name in GROUPS], expected))
    return found


def _of_text(text: dict[str, Any]) -> list[dict[str, Any]]:
    counts = {f"markdown_{name}": count for name, count in text["markdown"].items()}
    counts |= {
        "emoji": text["emoji_count"],
        "characters": text["textstat"]["char_count"],
        "tokens": text["lexical"]["n_tokens"],
    }
    return [
        _case("tokens", text["text"], text["tokens"]),
        _case("surface", text["text"], counts),
        _case("lexical", text["tokens"], text["lexical"]),
    ]


def _divergence(content: dict[str, Any], name: str, sides: list[list[list[str]]]) -> dict[str, Any]:
    expected = {key: value for key, value in content["jensen_shannon"][name].items() if "nats" not in key}
    return _case("divergence", sides, expected)


def _case(fn: str, given: Any, expected: Any) -> dict[str, Any]:
    return {"fn": fn, "class": fn, "input": given, "expected": expected, "tolerance": TOLERANCE}


COVERED = {
    "tokens": tokenize,
    "surface": surface,
    "lexical": lexical,
    "divergence": divergence,
    "log-odds": informative,
    "self-BLEU": bleu,
    "lengths": lengths,
}
