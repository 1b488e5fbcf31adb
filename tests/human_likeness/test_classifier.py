"""The classifier of turns: what it sees, that it learns, that it is the same after a round trip through a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.human_likeness.calibration import auc
from odyssim.human_likeness.classifier import BITS, STYLE, Features, TurnClassifier, strongest

PEOPLE = ["nah cant do thurs", "lol ok", "wait which one??", "im on the bus rn", "dunno, ask Dee", "its fine i guess"]
MODELS = [
    "Certainly! I would be happy to help you with that.",
    "Thank you for your message. Please let me know if you have questions.",
    "I understand your concern, and I appreciate your patience.",
    "Great question! There are several important factors to consider.",
    "Absolutely, I will look into this matter for you.",
    "I hope this message finds you well.",
]
TEXTS, HUMAN = PEOPLE + MODELS, np.array([True] * len(PEOPLE) + [False] * len(MODELS))


@pytest.fixture(scope="module")
def features() -> Features:
    return Features.of(TEXTS)


@pytest.fixture(scope="module")
def classifier(features: Features) -> TurnClassifier:
    return TurnClassifier.fit(features, HUMAN, l2=1e-2)


def test_features_are_bounded_and_see_case_ends_and_order(features: Features) -> None:
    assert features.grams.shape == (len(TEXTS), 1 << BITS)
    assert np.sqrt(features.grams.multiply(features.grams).sum(axis=1)) == pytest.approx(1.0)
    assert features.style.shape == (len(TEXTS), len(STYLE))
    for text, other in (("ok", "Ok"), ("ok", "ok."), ("no way", "way no"), ("a b", "b a")):
        assert abs(Features.of([text]).grams - Features.of([other]).grams).sum() > 0


def test_traces_of_machinery_do_not_count() -> None:
    plain, traced = Features.of(["see you at six"]), Features.of(["User: <think>hm</think>see you at six"])
    assert abs(plain.grams - traced.grams).sum() == 0


def test_it_learns_and_generalises(classifier: TurnClassifier, features: Features) -> None:
    assert auc(classifier.probability(features), HUMAN) == 1.0
    unseen = classifier.probability(Features.of(["cant lol", "I would be happy to assist you with your concern."]))
    assert unseen[0] > 0.6 > 0.4 > unseen[1]


def test_it_can_be_pleased_by_form_alone(classifier: TurnClassifier) -> None:
    stilted = "Certainly! I would be happy to help you with that."
    before, after = classifier.probability(Features.of([stilted, f"{stilted} lol idk im nah dunno rn"]))
    assert after > before


def test_a_stronger_penalty_means_smaller_weights(features: Features) -> None:
    lengths = [np.linalg.norm(TurnClassifier.fit(features, HUMAN, l2=l2).grams) for l2 in (1.0, 1e-1, 1e-2)]
    assert lengths == sorted(lengths)


def test_the_fit_is_the_minimum_wherever_it_starts(classifier: TurnClassifier, features: Features) -> None:
    elsewhere = TurnClassifier.fit(features, HUMAN, l2=1e-3)
    again = TurnClassifier.fit(features, HUMAN, l2=1e-2, start=elsewhere)
    assert again.probability(features) == pytest.approx(classifier.probability(features), abs=1e-3)
    assert np.array_equal(TurnClassifier.fit(features, HUMAN, l2=1e-2).grams, classifier.grams)


def test_one_side_is_not_enough(features: Features) -> None:
    with pytest.raises(ValueError, match="both sides"):
        TurnClassifier.fit(features, np.ones(len(TEXTS), dtype=bool), l2=1e-2)


@settings(max_examples=60, deadline=None)
@given(text=st.text() | st.text(alphabet="\ud800a\n#*`<>|"))
def test_any_text_has_a_probability(classifier: TurnClassifier, text: str) -> None:
    assert 0.0 <= classifier.probability(Features.of([text]))[0] <= 1.0


def test_round_trip(classifier: TurnClassifier, features: Features, tmp_path: Path) -> None:
    classifier.save(tmp_path / "weights.npz")
    loaded = TurnClassifier.load(tmp_path / "weights.npz")
    assert loaded.probability(features) == pytest.approx(classifier.probability(features), abs=1e-5)
    assert strongest(loaded, 3) == [(name, pytest.approx(weight)) for name, weight in strongest(classifier, 3)]
    assert len(strongest(loaded, 99)) == len(STYLE)


def test_what_is_no_weights_file_is_refused(classifier: TurnClassifier, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    with pytest.raises(DataError, match="No such file"):
        TurnClassifier.load(path)
    classifier.save(path)
    whole = path.read_bytes()
    for broken in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"weights\.npz: not the weights"):
            TurnClassifier.load(path)
    np.savez(path, measures=np.array([None]), bias=0.0)  # pickled: must not be read
    with pytest.raises(DataError, match="not the weights"):
        TurnClassifier.load(path)
    names = np.array(["length"])
    np.savez(path, measures=names, bias=0.0, **{name: np.zeros(1) for name in ("grams", "style", "centre", "scale")})
    with pytest.raises(DataError, match="other features"):
        TurnClassifier.load(path)
