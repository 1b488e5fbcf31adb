"""The vectors at hand pass, and the runner can tell a pass from a difference and from a gap."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.parity.__main__ import main
from tests.parity.runner import run_file, same, vector_files


@pytest.fixture(scope="module")
def vectors() -> Path:
    """The folder of vector files: $ODYSSIM_PARITY, or `shared/parity` beside the checkout."""
    given = os.environ.get("ODYSSIM_PARITY")
    folder = Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "parity"
    if not folder.is_dir():
        pytest.skip(f"SKIPPED FOR LACK OF VECTORS: no folder {folder} (set ODYSSIM_PARITY)")
    return folder


@pytest.mark.data
def test_every_covered_vector_passes(vectors: Path) -> None:
    results = {path.stem: run_file(path) for path in vector_files(vectors, [])}
    assert {name: result.differences for name, result in results.items() if not result.clean} == {}
    assert sum(results["choice_common"].total.values()) > 0
    assert not results["hitom"].not_covered


@pytest.fixture
def hitom_vectors(tmp_path: Path) -> Path:
    given = {"choices": "A. red_box, B. blue_box", "correct_answer": "red_box", "response": "<answer>A</answer>"}
    cases = [
        {"id": "a", "fn": "end-to-end reward of one question", "input": given, "expected": {"reward": 1.0}},
        {
            "id": "b",
            "fn": "end-to-end reward of one question",
            "class": "core",
            "input": given,
            "expected": {"reward": 0},
        },
        {"id": "c", "fn": "something else", "class": "core", "input": {}, "expected": {}},
    ]
    (tmp_path / "hitom.json").write_text(json.dumps({"cases": cases}))
    (tmp_path / "later_task.json").write_text(json.dumps({"other": []}))
    return tmp_path


def test_a_difference_fails_and_a_gap_is_no_pass(hitom_vectors: Path) -> None:
    result = run_file(hitom_vectors / "hitom.json")
    assert result.table() == {"all": [1, 1], "core": [0, 1]}
    assert not result.clean
    assert "b (" in result.differences[0]
    assert result.not_covered == {"something else": 1}


def test_command_line(hitom_vectors: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["parity", str(hitom_vectors), "--json"])
    assert main() == 1
    assert json.loads(capsys.readouterr().out) == {"hitom": {"all": [1, 1], "core": [0, 1]}, "later_task": {}}
    monkeypatch.setattr("sys.argv", ["parity", str(hitom_vectors), "later_task"])
    assert main() == 0
    assert "not covered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "expected", "equal"),
    [
        (1, 1.0, True),
        (1.0, 1 + 1e-6, False),
        (True, 1, False),
        (None, 0, False),
        ((1, 2), [1, 2], True),
        ("a", "b", False),
    ],
)
def test_comparison_is_exact_but_for_rounding(found: object, expected: object, equal: bool) -> None:
    assert same(found, expected) is equal
